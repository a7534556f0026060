//! Attacks that move, copy and hide signed elements, and signatures that say less than they seem.
//!
//! The first kind changes a document without its key.
//! The second is signed by a trusted key, so that nothing but the rules on structure, references
//! and transforms can refuse it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use c14n::Canonicalizer;
use ksef_crypto::{
    keys::{LocalSigner, SignatureAlgorithm, Signer},
    xades::{Form, Options, Packaging, Refusal, Sha1, sign, verify},
};
use roxmltree::Document;

use crate::xades_support::{PACKAGINGS, authority, policy, read, signer, valid_time};

const DOCUMENT: &str = "<w:Z xmlns:w='urn:z'><Kwota>100</Kwota></w:Z>";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

fn signed(packaging: Packaging) -> String {
    let options = Options::v2(valid_time()).packaging(packaging);
    String::from_utf8(sign(DOCUMENT.as_bytes(), &signer("ec"), &options).unwrap()).unwrap()
}

/// A document that xmlsec1 signed by the id of its root.
fn signed_by_id() -> String {
    let text = String::from_utf8(read("ec384-root.xml")).unwrap();
    text[text.find("<w:Zadanie").unwrap()..].to_owned()
}

/// Documents of all kinds, which verify.
fn genuine() -> Vec<String> {
    let body = |text: String| text[text.find("?>\n").map_or(0, |end| end + 3)..].to_owned();
    let mut all: Vec<_> = PACKAGINGS.into_iter().map(|kind| body(signed(kind))).collect();
    all.push(signed_by_id());
    for document in &all {
        verify(document.as_bytes(), &policy(&authority())).unwrap();
    }
    all
}

fn refusal(document: &str) -> Option<Refusal> {
    verify(document.as_bytes(), &policy(&authority())).err()
}

/// Refused, and not because it is no XML: those variants would show nothing.
fn assert_refused(variants: &[String]) {
    for variant in variants {
        match refusal(variant) {
            Some(Refusal::Document(_)) => panic!("not well-formed: {variant}"),
            Some(_) => (),
            None => panic!("accepted: {variant}"),
        }
    }
}

/// The text of an element, by its name with prefix.
fn part<'a>(document: &'a str, name: &str) -> &'a str {
    let end = format!("</{name}>");
    let start = document.find(&format!("<{name}")).unwrap();
    &document[start..document.rfind(&end).unwrap() + end.len()]
}

fn wrapped() -> Vec<String> {
    let mut variants = Vec::new();
    for document in genuine() {
        let signature = part(&document, "ds:Signature").to_owned();
        let without = document.replace(&signature, "<!-- -->");
        let evil = "<w:Z xmlns:w='urn:z'><Kwota>999</Kwota>";
        let ds = format!("xmlns:ds='{DS}'");
        variants.extend([
            format!("<Koperta>{document}</Koperta>"),
            format!("{evil}{document}</w:Z>"),
            format!("{evil}<Stare>{document}</Stare></w:Z>"),
            format!("{evil}<ds:Object {ds}>{document}</ds:Object></w:Z>"),
            format!("{evil}{signature}</w:Z>"),
            format!("<Koperta>{without}{signature}</Koperta>"),
            format!("<Koperta>{signature}{signature}</Koperta>"),
            document.replace(&signature, &format!("<Gdzie>{signature}</Gdzie>")),
        ]);
        // The old document hides where nobody signed, and another takes its place.
        for (place, end) in [("KeyInfo", "</ds:KeyInfo>"), ("Object", "</ds:Object>")] {
            let hidden = format!("<ds:{place}>{without}</ds:{place}>");
            let full = signature.replace(end, &format!("{without}{end}"));
            let beside = signature.replace("</ds:Signature>", &format!("{hidden}</ds:Signature>"));
            variants.push(format!("{evil}{full}</w:Z>"));
            variants.push(format!("{evil}{beside}</w:Z>"));
        }
    }
    variants
}

#[test]
fn a_signed_document_in_another_place_is_refused() {
    let variants = wrapped();
    assert!(variants.len() >= 48);
    assert_refused(&variants);
}

/// A second element with an id of the signature, in a place that is not signed.
fn with_second_id() -> Vec<String> {
    let unsigned = |attribute: &str| {
        format!(
            "<xades:UnsignedProperties><x {attribute}/></xades:UnsignedProperties></xades:QualifyingProperties>"
        )
    };
    let mut variants = Vec::new();
    for document in genuine() {
        let tree = Document::parse(&document).unwrap();
        let ids: Vec<_> = tree.descendants().filter_map(|node| node.attribute("Id")).collect();
        assert!(ids.len() >= 2);
        for id in ids {
            for spelling in ["Id", "ID", "id", "xml:id"] {
                let copy = unsigned(&format!("{spelling}='{id}'"));
                variants.push(document.replace("</xades:QualifyingProperties>", &copy));
                let copy = format!("<ds:X509Data {spelling}='{id}'>");
                variants.push(document.replace("<ds:X509Data>", &copy));
            }
        }
        let harmless = document.replace("</xades:QualifyingProperties>", &unsigned("Id='other'"));
        assert!(refusal(&harmless).is_none(), "unsigned properties are taken: {harmless}");
    }
    variants
}

#[test]
fn an_id_on_two_elements_is_refused() {
    let variants = with_second_id();
    assert!(variants.len() >= 70);
    for variant in variants {
        assert!(matches!(refusal(&variant), Some(Refusal::Id)), "{variant}");
    }
}

#[test]
fn more_in_the_signature_than_belongs_there_is_refused() {
    let mut variants = Vec::new();
    for document in genuine() {
        let before_end = |addition: &str| {
            document.replace("</ds:Signature>", &format!("{addition}</ds:Signature>"))
        };
        let qualifying = part(&document, "xades:QualifyingProperties");
        variants.extend([
            before_end("text"),
            before_end("<!-- comment -->"),
            before_end("<?instruction?>"),
            before_end("<ds:Object><Kwota>999</Kwota></ds:Object>"),
            before_end("<Kwota>999</Kwota>"),
            before_end(&format!("<ds:Object>{qualifying}</ds:Object>")),
            before_end(&format!("<ds:Object><ds:Signature xmlns:ds='{DS}'/></ds:Object>")),
            document.replace("</ds:KeyInfo>", "<Inny/></ds:KeyInfo>"),
            document.replace("</ds:KeyInfo>", "<ds:RetrievalMethod URI='#x'/></ds:KeyInfo>"),
            document.replace(qualifying, &format!("{qualifying}<Kwota/>")),
            document.replace("<ds:SignatureValue>", "<ds:SignatureValue><!-- -->"),
            document.replace("<ds:X509Certificate>", "<ds:X509Certificate><?x?>"),
            document.replace("Target=\"#", "Target=\"#x"),
            document.replace(" Target=", " Other="),
        ]);
    }
    assert_refused(&variants);
}

#[test]
fn entities_and_other_encodings_are_refused_before_anything_is_read() {
    let document = signed(Packaging::Enveloped);
    for variant in [
        document.replacen('<', "<!DOCTYPE w:Z [<!ENTITY e '999'>]><", 1),
        document.replace("<Kwota>100", "<Kwota>&e;"),
        document.replacen('<', "<!DOCTYPE w:Z SYSTEM 'urn:x'><", 1),
        document.replacen('<', "<?xml version='1.0' encoding='UTF-7'?><", 1),
        format!("{document}<w:Z xmlns:w='urn:z'/>"),
    ] {
        assert!(matches!(refusal(&variant), Some(Refusal::Document(_))), "{variant}");
    }
}

#[test]
fn another_certificate_is_refused() {
    let document = signed(Packaging::Enveloped);
    let own = signer("ec").certificate().to_base64();
    let swapped = document.replace(&own, &signer("rsa").certificate().to_base64());
    assert!(matches!(refusal(&swapped), Some(Refusal::OtherCertificate)));
    let none = document.replace(part(&document, "ds:X509Data"), "");
    assert!(matches!(refusal(&none), Some(Refusal::Certificate)));
    let broken = document.replace(&own, &own[4..]);
    assert!(matches!(refusal(&broken), Some(Refusal::Certificate)));
}

/// Signs what stands in `SignedInfo`, whatever it says.
fn signed_again(document: &str, signer: &LocalSigner) -> String {
    let tree = Document::parse(document).unwrap();
    let info = tree.descendants().find(|node| node.has_tag_name((DS, "SignedInfo"))).unwrap();
    let bytes = Canonicalizer::exclusive().element(info).to_vec();
    let value = signer.sign(SignatureAlgorithm::EcdsaP256Sha256, &bytes).unwrap();
    let (start, end) = ("<ds:SignatureValue>", "</ds:SignatureValue>");
    let from = document.find(start).unwrap() + start.len();
    let until = document.find(end).unwrap();
    [&document[..from], &STANDARD.encode(value), &document[until..]].concat()
}

/// Replaces something in a genuine document, signs it again and tells why it is refused.
fn refusal_after(packaging: Packaging, old: &str, new: &str) -> Refusal {
    let document = signed(packaging);
    assert!(document.contains(old), "{old}");
    let changed = signed_again(&document.replacen(old, new, 1), &signer("ec"));
    refusal(&changed).unwrap_or_else(|| panic!("accepted: {old} -> {new}"))
}

#[test]
fn the_helper_of_these_tests_makes_signatures_that_hold() {
    let document = signed_again(&signed(Packaging::Enveloped), &signer("ec"));
    assert!(refusal(&document).is_none());
}

#[test]
fn references_that_lead_elsewhere_are_refused() {
    for uri in [
        "#xpointer(/)",
        "#xpointer(id('Signature'))",
        "#element(/1)",
        "http://localhost/document.xml",
        "file:///document.xml",
        "document.xml",
        "#",
        " ",
        "?",
        ".",
    ] {
        let new = format!("URI=\"{uri}\"");
        let refusal = refusal_after(Packaging::Enveloped, "URI=\"\"", &new);
        assert!(matches!(refusal, Refusal::Reference | Refusal::Id), "{uri}: {refusal:?}");
    }
    for (uri, packaging) in [
        ("#Missing", Packaging::Enveloped),
        ("#Signature", Packaging::Enveloped),
        ("", Packaging::Enveloping),
        ("#Signature", Packaging::EnvelopingBase64),
    ] {
        let old = if packaging == Packaging::Enveloped {
            "URI=\"\""
        } else {
            "URI=\"#Signature-Document\""
        };
        let refusal = refusal_after(packaging, old, &format!("URI=\"{uri}\""));
        assert!(matches!(refusal, Refusal::Reference | Refusal::Id), "{uri}: {refusal:?}");
    }
    for (old, new) in [
        (" URI=\"\"", ""),
        ("Type=\"http://uri.etsi.org/01903#SignedProperties\"", ""),
        ("URI=\"\"", "Type=\"http://uri.etsi.org/01903#SignedProperties\" URI=\"\""),
    ] {
        let refusal = refusal_after(Packaging::Enveloped, old, new);
        let is_named =
            matches!(refusal, Refusal::Reference | Refusal::Coverage(_) | Refusal::Digest(_));
        assert!(is_named, "{new}: {refusal:?}");
    }
}

#[test]
fn signatures_that_do_not_cover_the_document_once_are_refused() {
    let document = signed(Packaging::Enveloped);
    let references: Vec<_> = document
        .match_indices("<ds:Reference")
        .map(|(start, _)| {
            let end = "</ds:Reference>";
            let length = document[start..].find(end).unwrap() + end.len();
            document[start..start + length].to_owned()
        })
        .collect();
    let [content, properties] = references.as_slice() else { panic!() };
    for (old, new) in [
        (content, String::new()),
        (properties, String::new()),
        (content, format!("{content}{content}")),
        (properties, format!("{properties}{properties}")),
    ] {
        let refusal = refusal_after(Packaging::Enveloped, old, &new);
        assert!(matches!(refusal, Refusal::Coverage(_)), "{refusal:?}");
    }
    let many = refusal_after(Packaging::Enveloped, properties, &properties.repeat(16));
    assert!(matches!(many, Refusal::Structure(_)), "{many:?}");
}

const ENVELOPED: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>";
const CANONICAL: &str =
    "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";

#[test]
fn transforms_that_could_drop_content_are_refused() {
    let xpath = |expression: &str| {
        format!(
            "<ds:Transform Algorithm='http://www.w3.org/TR/1999/REC-xpath-19991116'><ds:XPath xmlns:w='urn:z'>{expression}</ds:XPath></ds:Transform>"
        )
    };
    let filter = |kind: &str, expression: &str| {
        let address = "http://www.w3.org/2002/06/xmldsig-filter2";
        format!(
            "<ds:Transform Algorithm='{address}'><f:XPath xmlns:f='{address}' xmlns:w='urn:z' Filter='{kind}'>{expression}</f:XPath></ds:Transform>"
        )
    };
    let plain = |algorithm: &str| format!("<ds:Transform Algorithm='{algorithm}'/>");
    let mut steps = vec![
        String::new(),
        plain("http://www.w3.org/TR/1999/REC-xslt-19991116"),
        plain("http://www.w3.org/2002/07/decrypt#XML"),
        plain("http://www.w3.org/2000/09/xmldsig#base64"),
        plain("http://www.w3.org/2001/10/xml-exc-c14n"),
        plain("http://www.w3.org/2006/12/xml-c14n12"),
        plain(""),
        format!("{CANONICAL}{ENVELOPED}"),
        ENVELOPED.replace("></", "><Inny/></"),
        ENVELOPED.replace("ds:Transform", "ds:Inny"),
    ];
    for expression in [
        "not(ancestor-or-self::Kwota)",
        "not(ancestor-or-self::w:Signature)",
        "true()",
        "",
        "not(ancestor-or-self::ds:Signature) and not(self::Kwota)",
        "not(ancestor-or-self::ds:*)",
        "not(ancestor-or-self::ds:Signature)]",
        "not(ancestor-or-self::Signature)",
        "self::text()",
    ] {
        steps.push(xpath(expression));
    }
    for (kind, expression) in [
        ("subtract", "/descendant::w:Signature"),
        ("subtract", "//Kwota"),
        ("subtract", "/"),
        ("subtract", "/descendant::ds:Signature | //Kwota"),
        ("intersect", "//ds:Signature"),
        ("union", "//ds:Signature"),
        ("", "//ds:Signature"),
        ("subtract", "//*"),
        ("subtract", "here()/ancestor::ds:Object[1]"),
        ("subtract", "//ds:Signature[2]"),
    ] {
        steps.push(filter(kind, expression));
    }
    for step in steps {
        let refusal = refusal_after(Packaging::Enveloped, ENVELOPED, &step);
        let is_named = matches!(refusal, Refusal::Algorithm(_) | Refusal::Structure(_));
        assert!(is_named, "{step}: {refusal:?}");
    }
    for packaging in [Packaging::Enveloping, Packaging::EnvelopingBase64] {
        let refusal =
            refusal_after(packaging, "<ds:Transforms>", &format!("<ds:Transforms>{ENVELOPED}"));
        assert!(matches!(refusal, Refusal::Algorithm(_)), "{refusal:?}");
    }
    let twice = refusal_after(Packaging::Enveloped, CANONICAL, &CANONICAL.repeat(2));
    assert!(matches!(twice, Refusal::Algorithm(_)), "{twice:?}");
}

#[test]
fn methods_that_are_not_taken_are_refused() {
    let ecdsa = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    for method in [
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        "",
    ] {
        let refusal = refusal_after(Packaging::Enveloped, ecdsa, method);
        let is_named =
            matches!(refusal, Refusal::Algorithm(_) | Refusal::Sha1(_) | Refusal::Signature(_));
        assert!(is_named, "{method}: {refusal:?}");
    }
    for digest in
        ["http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmldsig-more#md5", ""]
    {
        let refusal =
            refusal_after(Packaging::Enveloped, "http://www.w3.org/2001/04/xmlenc#sha256", digest);
        assert!(
            matches!(refusal, Refusal::Algorithm(_) | Refusal::Sha1(_)),
            "{digest}: {refusal:?}"
        );
    }
    for (old, new) in [
        ("ecdsa-sha256\">", "ecdsa-sha256\"><ds:HMACOutputLength>0</ds:HMACOutputLength>"),
        (
            "http://www.w3.org/2001/10/xml-exc-c14n#\"",
            "http://www.w3.org/TR/1999/REC-xpath-19991116\"",
        ),
        ("<ds:DigestValue>", "<ds:DigestValue><!-- -->"),
        ("<ds:DigestValue>", "<ds:DigestValue><?x?>"),
        ("<ds:DigestMethod", "<ds:DigestValue/><ds:DigestMethod"),
        ("<ds:Reference", "<ds:Manifest/><ds:Reference"),
        ("<ds:SignatureMethod", "text<ds:SignatureMethod"),
    ] {
        let refusal = refusal_after(Packaging::Enveloped, old, new);
        let is_named =
            matches!(refusal, Refusal::Algorithm(_) | Refusal::Structure(_) | Refusal::Value(_));
        assert!(is_named, "{new}: {refusal:?}");
    }
}

#[test]
fn sha1_content_stays_refused_where_only_the_certificates_digest_may_have_it() {
    let document = String::from_utf8(read("rsa-sha1.xml")).unwrap();
    let anchors = authority();
    let policy = policy(&anchors).sha1(Sha1::CertificateDigest);
    assert!(matches!(verify(document.as_bytes(), &policy), Err(Refusal::Sha1(_))));
}

#[test]
fn a_signature_that_stands_first_in_the_document_covers_the_same() {
    let options = Options::v2(valid_time()).form(Form::Exclusive);
    let text = sign(DOCUMENT.as_bytes(), &signer("ec"), &options).unwrap();
    let text = String::from_utf8(text).unwrap();
    let signature = part(&text, "ds:Signature").to_owned();
    let moved = text.replace(&signature, "").replace("<Kwota>", &format!("{signature}<Kwota>"));
    let anchors = authority();
    let verified = verify(moved.as_bytes(), &policy(&anchors)).unwrap();
    assert_eq!(verified.content(), verify(text.as_bytes(), &policy(&anchors)).unwrap().content());
}
