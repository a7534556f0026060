//! Parts of documents as signatures choose them, and what the generated documents leave out.

use c14n::{Canonicalizer, Comments};
use roxmltree::{Document, Node};

const SIGNED: &str = "<Faktura xmlns='urn:f'>\n <P_1>1</P_1>\n <ds:Signature xmlns:ds='urn:ds'><ds:SignedInfo/></ds:Signature>\n</Faktura>";

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn named<'a, 'input>(document: &'a Document<'input>, name: &str) -> Node<'a, 'input> {
    document.descendants().find(|node| node.has_tag_name(name)).unwrap()
}

#[test]
fn an_enveloped_signature_is_left_out_with_all_it_holds() {
    let document = Document::parse(SIGNED).unwrap();
    let signature = named(&document, "Signature");
    let whole = Canonicalizer::exclusive().document(&document);
    assert_eq!(
        text(whole.clone().without(signature.id()).to_vec()),
        "<Faktura xmlns=\"urn:f\">\n <P_1>1</P_1>\n \n</Faktura>"
    );
    assert!(text(whole.to_vec()).contains("SignedInfo"));
}

#[test]
fn parts_may_be_left_out_in_any_order_and_twice() {
    let document = Document::parse("<a><b/><c/>t<d/></a>").unwrap();
    let [b, c, d] = ["b", "c", "d"].map(|name| named(&document, name).id());
    let form = Canonicalizer::inclusive().document(&document);
    let form = form.without(d).without(b).without(d).without(c);
    assert_eq!(text(form.to_vec()), "<a>t</a>");
}

#[test]
fn leaving_out_the_part_itself_leaves_nothing() {
    let document = Document::parse(SIGNED).unwrap();
    let signature = named(&document, "Signature");
    let form = Canonicalizer::exclusive().element(signature).without(signature.id());
    assert_eq!(text(form.to_vec()), "");
}

#[test]
fn comments_keep_their_side_of_a_document_element_that_is_left_out() {
    let document = Document::parse("<?a?><b/><?c?>").unwrap();
    let form = Canonicalizer::inclusive().document(&document);
    let form = form.without(document.root_element().id());
    assert_eq!(text(form.to_vec()), "<?a?>\n\n<?c?>");
}

#[test]
fn a_text_or_comment_stands_for_itself() {
    let document = Document::parse("<a>x &lt; y<!--c--></a>").unwrap();
    let rules = Canonicalizer::inclusive().comments(Comments::Keep);
    let children: Vec<_> = document.root_element().children().collect();
    assert_eq!(text(rules.element(children[0]).to_vec()), "x &lt; y");
    assert_eq!(text(rules.element(children[1]).to_vec()), "<!--c-->");
}

#[test]
fn namespace_names_are_escaped_as_attribute_values_are() {
    let document = Document::parse("<a xmlns='urn:x?a=1&amp;b=&quot;'/>").unwrap();
    let form = Canonicalizer::exclusive().document(&document);
    assert_eq!(text(form.to_vec()), "<a xmlns=\"urn:x?a=1&amp;b=&quot;\"></a>");
}

#[test]
fn a_prefix_list_shows_namespaces_where_they_are_in_scope() {
    let xml = "<a xmlns:p='urn:p' xmlns:q='urn:q' xmlns='urn:d'><p:b xmlns:q='urn:r'/></a>";
    let document = Document::parse(xml).unwrap();
    let part = |rules: &Canonicalizer| text(rules.element(named(&document, "b")).to_vec());
    let exclusive = Canonicalizer::exclusive();
    assert_eq!(part(&exclusive), "<p:b xmlns:p=\"urn:p\"></p:b>");
    let listed = exclusive.prefixes("q #default none".split_ascii_whitespace());
    assert_eq!(part(&listed), "<p:b xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:r\"></p:b>");
}

#[test]
fn no_depth_of_nesting_overflows_the_stack() {
    const DEPTH: usize = 200_000;
    let xml = "<a>".repeat(DEPTH) + &"</a>".repeat(DEPTH);
    let work = move || {
        let document = Document::parse(&xml).unwrap();
        assert_eq!(text(Canonicalizer::inclusive().document(&document).to_vec()), xml);
    };
    let thread = std::thread::Builder::new().stack_size(128 * 1024).spawn(work).unwrap();
    thread.join().unwrap();
}

#[test]
fn many_comments_before_the_document_element_take_no_quadratic_time() {
    let xml = "<!---->".repeat(200_000) + "<a/>";
    let document = Document::parse(&xml).unwrap();
    let rules = Canonicalizer::inclusive().comments(Comments::Keep);
    assert_eq!(rules.document(&document).to_vec().len(), "<!---->\n".len() * 200_000 + 7);
}
