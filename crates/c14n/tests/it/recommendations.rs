//! The examples of the W3C recommendations, as far as they need no DTD.
//!
//! Sources: Canonical XML Version 1.0, sections 3.1 to 3.6; Exclusive XML Canonicalization Version 1.0, section 2.2.
//! What a DTD adds there is left out here on both sides: the document type declaration of 3.1, the attribute default of 3.3, and the `NMTOKENS` attributes of 3.4.
//! Sections 3.5 (entities of a DTD) and 3.7 (a subset that drops an element and keeps its attributes' namespaces) are outside this crate.

use c14n::{Canonicalizer, Comments};
use roxmltree::Document;

fn canonical(rules: &Canonicalizer, xml: &str) -> String {
    let document = Document::parse(xml).unwrap();
    String::from_utf8(rules.document(&document).to_vec()).unwrap()
}

/// Of the first element with this local name.
fn canonical_part(rules: &Canonicalizer, xml: &str, name: &str) -> String {
    let document = Document::parse(xml).unwrap();
    let mut elements = document.descendants().filter(roxmltree::Node::is_element);
    let element = elements.find(|element| element.tag_name().name() == name).unwrap();
    String::from_utf8(rules.element(element).to_vec()).unwrap()
}

#[test]
fn section_3_1_instructions_and_comments_outside_the_document_element() {
    let xml = r#"<?xml version="1.0"?>

<?xml-stylesheet   href="doc.xsl"
   type="text/xsl"   ?>

<doc>Hello, world!<!-- Comment 1 --></doc>

<?pi-without-data     ?>

<!-- Comment 2 -->

<!-- Comment 3 -->
"#;
    let bare = r#"<?xml-stylesheet href="doc.xsl"
   type="text/xsl"   ?>
<doc>Hello, world!</doc>
<?pi-without-data?>"#;
    let commented = r#"<?xml-stylesheet href="doc.xsl"
   type="text/xsl"   ?>
<doc>Hello, world!<!-- Comment 1 --></doc>
<?pi-without-data?>
<!-- Comment 2 -->
<!-- Comment 3 -->"#;
    assert_eq!(canonical(&Canonicalizer::inclusive(), xml), bare);
    let with_comments = Canonicalizer::inclusive().comments(Comments::Keep);
    assert_eq!(canonical(&with_comments, xml), commented);
}

#[test]
fn section_3_2_whitespace_in_content_stays() {
    let xml = "<doc>\n   <clean>   </clean>\n   <dirty>   A   B   </dirty>\n   <mixed>\n      A\n      <clean>   </clean>\n      B\n   </mixed>\n</doc>";
    assert_eq!(canonical(&Canonicalizer::inclusive(), xml), xml);
}

#[test]
fn section_3_3_tags_namespaces_and_attributes_get_one_form() {
    let xml = r#"<doc>
   <e1   />
   <e2   ></e2>
   <e3   name = "elem3"   id="elem3"   />
   <e5 a:attr="out" b:attr="sorted" attr2="all" attr="I'm"
      xmlns:b="http://www.ietf.org"
      xmlns:a="http://www.w3.org"
      xmlns="http://example.org"/>
   <e6 xmlns="" xmlns:a="http://www.w3.org">
      <e7 xmlns="http://www.ietf.org">
         <e8 xmlns="" xmlns:a="http://www.w3.org">
            <e9 xmlns="" xmlns:a="http://www.ietf.org"/>
         </e8>
      </e7>
   </e6>
</doc>"#;
    let expected = r#"<doc>
   <e1></e1>
   <e2></e2>
   <e3 id="elem3" name="elem3"></e3>
   <e5 xmlns="http://example.org" xmlns:a="http://www.w3.org" xmlns:b="http://www.ietf.org" attr="I'm" attr2="all" b:attr="sorted" a:attr="out"></e5>
   <e6 xmlns:a="http://www.w3.org">
      <e7 xmlns="http://www.ietf.org">
         <e8 xmlns="">
            <e9 xmlns:a="http://www.ietf.org"></e9>
         </e8>
      </e7>
   </e6>
</doc>"#;
    assert_eq!(canonical(&Canonicalizer::inclusive(), xml), expected);
}

#[test]
fn section_3_4_characters_and_references_get_one_form() {
    let xml = r#"<doc>
   <text>First line&#x0d;&#10;Second line</text>
   <value>&#x32;</value>
   <compute><![CDATA[value>"0" && value<"10" ?"valid":"error"]]></compute>
   <compute expr='value>"0" &amp;&amp; value&lt;"10" ?"valid":"error"'>valid</compute>
   <norm attr=' &apos;   &#x20;&#13;&#xa;&#9;   &apos; '/>
</doc>"#;
    let expected = r#"<doc>
   <text>First line&#xD;
Second line</text>
   <value>2</value>
   <compute>value&gt;"0" &amp;&amp; value&lt;"10" ?"valid":"error"</compute>
   <compute expr="value>&quot;0&quot; &amp;&amp; value&lt;&quot;10&quot; ?&quot;valid&quot;:&quot;error&quot;">valid</compute>
   <norm attr=" '    &#xD;&#xA;&#x9;   ' "></norm>
</doc>"#;
    assert_eq!(canonical(&Canonicalizer::inclusive(), xml), expected);
}

#[test]
fn section_3_6_the_form_is_utf_8() {
    let document = Document::parse("<doc>&#169;</doc>").unwrap();
    let bytes = Canonicalizer::inclusive().document(&document).to_vec();
    assert_eq!(bytes, b"<doc>\xC2\xA9</doc>");
}

#[test]
fn exclusive_section_2_2_an_envelope_does_not_change_the_exclusive_form() {
    let alone = r#"<n1:elem1 xmlns:n1="http://b.example">
    content
</n1:elem1>"#;
    let enveloped = format!(r#"<n0:pdu xmlns:n0="http://a.example">{alone}</n0:pdu>"#);
    let inclusive = canonical_part(&Canonicalizer::inclusive(), &enveloped, "elem1");
    let exclusive = canonical_part(&Canonicalizer::exclusive(), &enveloped, "elem1");
    assert_eq!(exclusive, alone);
    let with_the_envelope = r#"<n1:elem1 xmlns:n0="http://a.example" xmlns:n1="http://b.example">"#;
    assert!(inclusive.starts_with(with_the_envelope), "{inclusive}");
}

#[test]
fn exclusive_section_2_2_declarations_move_to_where_they_are_used() {
    let first = r#"<n0:local xmlns:n0="foo:bar"
          xmlns:n3="ftp://example.org">
   <n1:elem2 xmlns:n1="http://example.net"
             xml:lang="en">
      <n3:stuff xmlns:n3="ftp://example.org"/>
   </n1:elem2>
</n0:local>"#;
    let second = r#"<n2:pdu xmlns:n1="http://example.com"
        xmlns:n2="http://foo.example"
        xml:lang="fr"
        xml:space="retain">
   <n1:elem2 xmlns:n1="http://example.net"
             xml:lang="en">
      <n3:stuff xmlns:n3="ftp://example.org"/>
   </n1:elem2>
</n2:pdu>"#;
    let expected = r#"<n1:elem2 xmlns:n1="http://example.net" xml:lang="en">
      <n3:stuff xmlns:n3="ftp://example.org"></n3:stuff>
   </n1:elem2>"#;
    for xml in [first, second] {
        assert_eq!(canonical_part(&Canonicalizer::exclusive(), xml, "elem2"), expected);
    }
    let inclusive = canonical_part(&Canonicalizer::inclusive(), second, "elem2");
    let tag = r#"<n1:elem2 xmlns:n1="http://example.net" xmlns:n2="http://foo.example" xml:lang="en" xml:space="retain">"#;
    assert!(inclusive.starts_with(tag), "{inclusive}");
}
