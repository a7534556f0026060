//! Every byte of signed documents, changed one after the other.

use ksef_crypto::{
    keys::LocalSigner,
    xades::{CertificateReference, Form, Options, Packaging, sign, verify},
};

use crate::xades_support::{authority, policy, read, signer, valid_time};

/// Short, with a comment that is no part of what is signed.
const DOCUMENT: &str = "<?xml version=\"1.0\"?>\n<w:Z xmlns:w='urn:z' a=\"1\"><!-- no -->\
                        <Kwota waluta='PLN'>100,50</Kwota><?pi x?> &lt;&#13;</w:Z>\n";

/// What within a signed document must not bear any change.
const SIGNED: [(&str, &str); 3] = [
    ("<ds:SignedInfo", "</ds:SignedInfo>"),
    ("<xades:SignedProperties", "</xades:SignedProperties>"),
    ("<Kwota", "</Kwota>"),
];

/// Changes each byte in turn: the change is refused, or it touches nothing that was signed.
fn each_change_is_refused(signed: &[u8]) {
    let anchors = authority();
    let policy = policy(&anchors);
    let original = verify(signed, &policy).unwrap();
    let text = String::from_utf8(signed.to_vec()).unwrap();
    let spans: Vec<_> = SIGNED
        .iter()
        .filter_map(|(start, end)| Some(text.find(start)?..text.find(end)? + end.len()))
        .collect();
    assert!(spans.len() >= 2);
    let mut unsigned = 0;
    for place in 0..signed.len() {
        let mut changed = signed.to_vec();
        changed[place] ^= [1, 2, 4, 8, 16, 32][place % 6];
        let Ok(verified) = verify(&changed, &policy) else { continue };
        assert_eq!(verified.content(), original.content(), "byte {place}");
        assert_eq!(verified.certificate(), original.certificate(), "byte {place}");
        assert_eq!(verified.signing_time(), original.signing_time(), "byte {place}");
        assert!(!spans.iter().any(|span| span.contains(&place)), "byte {place}");
        unsigned += 1;
    }
    assert!(unsigned < 60, "{unsigned} of {} bytes do not matter", signed.len());
}

fn signed(signer: &LocalSigner, packaging: Packaging, form: Form) -> Vec<u8> {
    let options = Options::v2(valid_time()).packaging(packaging).form(form);
    let options = options.certificate_reference(CertificateReference::V2);
    sign(DOCUMENT.as_bytes(), signer, &options).unwrap()
}

#[test]
fn a_changed_byte_of_an_enveloped_signature_is_refused() {
    each_change_is_refused(&signed(&signer("ec"), Packaging::Enveloped, Form::Exclusive));
}

#[test]
fn a_changed_byte_of_an_enveloping_signature_is_refused() {
    each_change_is_refused(&signed(&signer("ec"), Packaging::Enveloping, Form::Inclusive));
}

#[test]
fn a_changed_byte_of_an_encoded_document_is_refused() {
    each_change_is_refused(&signed(&signer("ec"), Packaging::EnvelopingBase64, Form::Inclusive));
}

#[test]
fn a_changed_byte_of_an_rsa_signature_is_refused() {
    each_change_is_refused(&signed(&signer("rsa"), Packaging::Enveloped, Form::Inclusive));
}

#[test]
fn a_changed_byte_of_another_programs_signature_is_refused() {
    each_change_is_refused(&read("rsa-xpath.xml"));
}
