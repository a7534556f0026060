//! Confirmations and requests of the authority, where its files are at hand.
//!
//! They are not part of the repository: without the folder the tests skip themselves.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ksef_crypto::{
    upo::{Upo, UpoContext, UpoVersion},
    xades::{Options, Packaging, Policy, Refusal, Sha1, Trust, sign, verify},
};

use crate::{
    oracle::skip,
    xades_support::{authority, policy, signer, valid_time},
};

fn reference(path: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference");
    if folder.is_dir() {
        return Some(folder.join(path));
    }
    skip("../shared/reference is not there");
    None
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Takes out the line breaks and the indentation that the published copy was given.
fn on_one_line(indented: &str) -> String {
    let mut text = String::new();
    for line in indented.lines().map(str::trim) {
        // Where an attribute or a name was broken there was a space, around Base64 there was none.
        if line.starts_with("Target=") || line.starts_with("TEST,") {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}

#[test]
fn the_confirmation_that_the_authority_signed_is_verified() {
    let Some(path) = reference("ksef-v1/samples/upo") else { return };
    let path = path.join("upo-v3-20231111-SE-E8DDA726E2-F87F056923-EC.xml");
    let indented = fs::read_to_string(path).unwrap();
    let policy = Policy::new(Trust::AnyCertificate);
    let lenient = policy.sha1(Sha1::CertificateDigest);
    let original = on_one_line(&indented);
    let (upo, verified) = Upo::verify(original.as_bytes(), &lenient).unwrap();
    assert_eq!((&upo.version, upo.documents.len()), (&UpoVersion::V3, 1));
    assert_eq!(upo, Upo::read(indented.as_bytes()).unwrap());
    let seal = verified.certificate().subject().to_string();
    assert!(seal.contains("Krajowa Administracja Skarbowa"), "{seal}");
    assert!(verify(indented.as_bytes(), &lenient).is_err(), "the indented copy was not signed");
    assert!(matches!(verify(original.as_bytes(), &policy), Err(Refusal::Sha1(_))));
    let changed = original.replace("FK2023", "FK2024");
    assert!(matches!(verify(changed.as_bytes(), &lenient), Err(Refusal::Digest(_))));
}

#[test]
fn published_confirmations_are_read() {
    for folder in ["ksef-v1/samples/upo", "ksef-v2/samples/upo"] {
        let Some(folder) = reference(folder) else { return };
        for path in files(&folder) {
            let upo = Upo::read(&fs::read(&path).unwrap()).unwrap();
            assert!(!matches!(upo.version, UpoVersion::Unknown(_)), "{}", path.display());
            assert!(!upo.documents.is_empty() && upo.authentication.is_some());
            assert!(!matches!(upo.context, None | Some(UpoContext::Unknown { .. })));
            let page = upo.page.map(|page| page.last + 1 - page.first);
            let rows = u32::try_from(upo.documents.len()).unwrap();
            assert_eq!(page.unwrap_or(rows), rows, "both ends of a page's range are on the page");
        }
    }
}

#[test]
fn published_requests_are_signed_without_touching_them() {
    let Some(folder) = reference("ksef-v1/samples/requests") else { return };
    let anchors = authority();
    for path in files(&folder) {
        let request = fs::read_to_string(&path).unwrap();
        for packaging in [Packaging::Enveloped, Packaging::EnvelopingBase64] {
            let options = Options::v1(valid_time()).packaging(packaging);
            let signed = sign(request.as_bytes(), &signer("rsa"), &options).unwrap();
            let verified = verify(&signed, &policy(&anchors)).unwrap();
            if packaging == Packaging::EnvelopingBase64 {
                assert_eq!(verified.content(), request.as_bytes());
                continue;
            }
            let (signed, end) = (String::from_utf8(signed).unwrap(), request.rfind("</").unwrap());
            assert!(signed.starts_with(&request[..end]) && signed.ends_with(&request[end..]));
        }
    }
}
