//! Attacks that move, copy and hide signed elements, without the key.

use ksef_crypto::xades::{Options, Packaging, Refusal, Sha1, sign, verify};
use roxmltree::Document;

use crate::xades_support::{
    DS, PACKAGINGS, PAYMENT, authority, policy, read, signed_payment, signer, valid_time,
};

/// A document that xmlsec1 signed by the id of its root.
fn signed_by_id() -> String {
    let text = String::from_utf8(read("ec384-root.xml")).unwrap();
    text[text.find("<w:Zadanie").unwrap()..].to_owned()
}

/// Documents of all kinds, which verify.
fn genuine() -> Vec<String> {
    let body = |text: String| text[text.find("?>\n").map_or(0, |end| end + 3)..].to_owned();
    let mut all: Vec<_> = PACKAGINGS.into_iter().map(|kind| body(signed_payment(kind))).collect();
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
        let refusal = refusal(variant);
        assert!(refusal.is_some(), "accepted: {variant}");
        let is_xml = !matches!(refusal, Some(Refusal::Document(_)));
        assert!(is_xml, "not well-formed: {variant}");
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
        let after_key =
            |addition: &str| document.replace("</ds:KeyInfo>", &format!("</ds:KeyInfo>{addition}"));
        let qualifying = part(&document, "xades:QualifyingProperties");
        variants.extend([
            before_end("text"),
            before_end("<!-- comment -->"),
            before_end("<?instruction?>"),
            before_end("<ds:Object><Kwota>999</Kwota></ds:Object>"),
            before_end("<Kwota>999</Kwota>"),
            before_end(&format!("<ds:Object>{qualifying}</ds:Object>")),
            before_end(&format!(
                "<ds:Object>{}</ds:Object>",
                qualifying.replace(" Id=\"", " Id=\"x")
            )),
            after_key(&format!(
                "<ds:Object>{}</ds:Object>",
                qualifying.replace(" Id=\"", " Id=\"x")
            )),
            after_key("<ds:Object><Kwota>999</Kwota></ds:Object>"),
            document.replace("</ds:SignatureValue>", "<!-- --></ds:SignatureValue>"),
            document.replace("</ds:X509Certificate>", "<?x?></ds:X509Certificate>"),
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
    let document = signed_payment(Packaging::Enveloped);
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
    let document = signed_payment(Packaging::Enveloped);
    let own = signer("ec").certificate().to_base64();
    let swapped = document.replace(&own, &signer("rsa").certificate().to_base64());
    assert!(matches!(refusal(&swapped), Some(Refusal::OtherCertificate)));
    let none = document.replace(part(&document, "ds:X509Data"), "");
    assert!(matches!(refusal(&none), Some(Refusal::Certificate)));
    let broken = document.replace(&own, &own[4..]);
    assert!(matches!(refusal(&broken), Some(Refusal::Certificate)));
}

/// The refusals that name the first line of defence, which later ones would hide.
#[test]
fn several_and_misplaced_signatures_are_called_so() {
    let document = signed_payment(Packaging::Enveloped);
    let signature = part(&document, "ds:Signature").to_owned();
    let other = format!("<ds:Signature xmlns:ds='{DS}'/>");
    let unsigned =
        "<xades:UnsignedProperties>{}</xades:UnsignedProperties></xades:QualifyingProperties>";
    for variant in [
        document.replace("</w:Z>", &format!("{other}</w:Z>")),
        document.replace("<Kwota>", &format!("{other}<Kwota>")),
        document.replace("</xades:QualifyingProperties>", &unsigned.replace("{}", &other)),
    ] {
        assert!(matches!(refusal(&variant), Some(Refusal::SeveralSignatures)), "{variant}");
    }
    for variant in [
        format!("<Koperta>{document}</Koperta>"),
        document.replace(&signature, &format!("<Gdzie>{signature}</Gdzie>")),
    ] {
        assert!(matches!(refusal(&variant), Some(Refusal::Misplaced)), "{variant}");
    }
    let none = document.replace(&signature, "");
    assert!(matches!(refusal(&none), Some(Refusal::NoSignature)));
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
    let options = Options::v2(valid_time());
    let text = sign(PAYMENT.as_bytes(), &signer("ec"), &options).unwrap();
    let text = String::from_utf8(text).unwrap();
    let signature = part(&text, "ds:Signature").to_owned();
    let moved = text.replace(&signature, "").replace("<Kwota>", &format!("{signature}<Kwota>"));
    let anchors = authority();
    let verified = verify(moved.as_bytes(), &policy(&anchors)).unwrap();
    assert_eq!(verified.content(), verify(text.as_bytes(), &policy(&anchors)).unwrap().content());
}
