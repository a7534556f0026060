//! Every byte of signed documents, changed one after the other.

use ksef_crypto::{
    keys::LocalSigner,
    xades::{CertificateReference, Form, Options, Packaging, sign, verify},
};

use crate::xades_support::{Pick, authority, policy, read, signer, valid_time};

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

#[test]
fn cut_copied_and_moved_pieces_never_change_what_is_accepted() {
    let signed = signed(&signer("ec"), Packaging::Enveloped, Form::Exclusive);
    let anchors = authority();
    let content = verify(&signed, &policy(&anchors)).unwrap().content().to_vec();
    let (mut pick, mut refused) = (Pick(2463), 0);
    for _ in 0..4000 {
        let (start, length) = (pick.below(signed.len()), 1 + pick.below(60));
        let end = signed.len().min(start + length);
        let target = pick.below(signed.len());
        let mut changed = signed.clone();
        let piece: Vec<u8> = match pick.below(3) {
            0 => changed.drain(start..end).collect(),
            1 => signed[start..end].to_vec(),
            _ => changed.splice(start..end, *b"<x/>").collect(),
        };
        if pick.below(2) == 0 {
            let target = target.min(changed.len());
            changed.splice(target..target, piece);
        }
        match verify(&changed, &policy(&anchors)) {
            Ok(verified) => assert_eq!(verified.content(), content),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 3000, "{refused}");
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
