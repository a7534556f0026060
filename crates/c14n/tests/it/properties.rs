//! Laws that hold for any document: the form is a fixed point, says the same as the document, and always comes.

use c14n::{Canonicalizer, Comments};
use proptest::prelude::*;
use roxmltree::{Document, Node, NodeType, ParsingOptions};

use crate::documents::Sample;

const RULES: [fn() -> Canonicalizer; 2] = [Canonicalizer::inclusive, Canonicalizer::exclusive];

fn canonical(rules: &Canonicalizer, xml: &str) -> String {
    let document = Document::parse(xml).unwrap();
    String::from_utf8(rules.document(&document).to_vec()).unwrap()
}

/// What a node says apart from prefixes, the order of attributes and the way things are written.
fn said(node: Node<'_, '_>) -> String {
    let depth = node.ancestors().count();
    let name = |namespace: Option<&str>, local: &str| {
        format!("{{{}}}{local}", namespace.unwrap_or_default())
    };
    let content = match node.node_type() {
        NodeType::Element => {
            let mut attributes: Vec<_> = node
                .attributes()
                .map(|attribute| (name(attribute.namespace(), attribute.name()), attribute.value()))
                .collect();
            attributes.sort();
            format!("{} {attributes:?}", name(node.tag_name().namespace(), node.tag_name().name()))
        }
        NodeType::PI => format!("{:?}", node.pi()),
        _ => format!("{:?}", node.text()),
    };
    format!("{depth} {:?} {content}", node.node_type())
}

/// All that a document says; the parser's stand-in for some XML declarations and empty texts say nothing.
fn infoset(xml: &str) -> Vec<String> {
    let document = Document::parse(xml).unwrap();
    document
        .descendants()
        .filter(|node| node.pi().is_none_or(|instruction| instruction.target != "xml"))
        .filter(|node| !(node.is_text() && node.text() == Some("")))
        .map(said)
        .collect()
}

/// Canonicalises every node of a document in all forms, for the sake of arriving.
fn canonicalise_everything(xml: &str) -> usize {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(xml, options) else { return 0 };
    let mut written = 0;
    for rules in RULES.map(|rules| rules().comments(Comments::Keep).prefixes(["#default", "a"])) {
        for node in document.descendants().take(50) {
            let form = rules.element(node).without(node.last_child().unwrap_or(node).id());
            form.write_to(|bytes| written += bytes.len());
        }
    }
    written
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_canonical_form_is_its_own(seed: u64) {
        let xml = Sample::new(seed).xml;
        for rules in RULES.map(|rules| rules().comments(Comments::Keep)) {
            let once = canonical(&rules, &xml);
            prop_assert_eq!(canonical(&rules, &once), once);
        }
    }

    #[test]
    fn a_canonical_form_says_what_the_document_says(seed: u64) {
        let xml = Sample::new(seed).xml;
        // The parser misreads some lone carriage returns, so it is shown the lines as XML 1.0, section 2.11, has them.
        let lines = xml.replace("\r\n", "\n").replace('\r', "\n");
        for rules in RULES.map(|rules| rules().comments(Comments::Keep)) {
            prop_assert_eq!(infoset(&canonical(&rules, &xml)), infoset(&lines));
        }
    }

    #[test]
    fn an_exclusive_form_stays_when_its_part_is_taken_out(seed: u64, pick: prop::sample::Index) {
        let xml = Sample::new(seed).xml;
        let document = Document::parse(&xml).unwrap();
        let elements: Vec<_> = document.descendants().filter(Node::is_element).collect();
        let rules = Canonicalizer::exclusive().comments(Comments::Keep);
        let part = rules.element(*pick.get(&elements)).to_vec();
        let part = String::from_utf8(part).unwrap();
        prop_assert_eq!(canonical(&rules, &part), part);
    }

    #[test]
    fn damaged_documents_give_a_refusal_or_a_form(
        seed: u64,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), "[<>&;:='\"!\\[\\]/?a\r\n -]{0,3}"), 1..4),
    ) {
        let mut characters: Vec<_> = Sample::new(seed).xml.chars().collect();
        characters.truncate(2000);
        for (place, inserted) in cuts {
            let place = place.index(characters.len() + 1);
            characters.splice(place..(place + 1).min(characters.len()), inserted.chars());
        }
        canonicalise_everything(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn small_documents_of_any_make_give_a_form(
        entity in "(<a:b/>|x|\r|&f;|<a|</a>|:|<!\\[CDATA\\[\r\\]\\]>|<\\?p \r\\?>){0,4}",
        body in "(<:a:?b? ?/?>|<a>|<a xmlns:a='u'>|<a:b c=\"&e;\"/>|</a>|</:a>|&e;|&#13;|\r|&f;|<!--\r-->|t|<a xmlns='' xmlns='u'/>|<b :xmlns='v' :c='d'/>|<a xmlns:a=''/>){0,8}",
    ) {
        let entities = format!("<!ENTITY e \"{}\"><!ENTITY f '&#38;#13;g'>", entity.replace('"', "'"));
        canonicalise_everything(&format!("<!DOCTYPE r [{entities}]><r xmlns:a='urn:a'>{body}</r>"));
        canonicalise_everything(&format!("<r xmlns:a='urn:a'>{body}</r>"));
    }
}

#[test]
fn external_entities_give_a_form_however_they_are_placed() {
    let resolver = |_: Option<&str>, _: &str| Ok(Some("ż<żó:łć xmlns:żó='u' żó:a='1'></żó:łć>"));
    let xml = "<!DOCTYPE r [<!ENTITY e SYSTEM 'x'>]><r>ą&e;ęęęęęęęęęęęęęęęęęęę</r>";
    let options = ParsingOptions {
        allow_dtd: true,
        entity_resolver: Some(&resolver),
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(xml, options).unwrap();
    assert!(!Canonicalizer::inclusive().document(&document).to_vec().is_empty());
}
