//! Our signatures, before our own verification and before xmlsec1.

use std::{fs, process::Command};

use ksef_crypto::{
    keys::{KeyKind, SignError, SignatureAlgorithm, Signer},
    xades::{Coverage, Draft, Options, Packaging, XadesError, sign, verify},
};
use tempfile::TempDir;

use crate::{
    oracle::{is_installed, output},
    xades_support::{
        PACKAGINGS, authority, certificate, document, options, policy, signer, valid_time, vectors,
    },
};

#[test]
fn what_is_signed_verifies_and_keeps_the_bytes_of_the_document() {
    let anchors = authority();
    let signers = [signer("rsa"), signer("ec")];
    for number in 0..240 {
        let document = document(number);
        let key = &signers[number % 7 % 2];
        let signed = sign(document.as_bytes(), key, &options(number)).unwrap();
        let verified = verify(&signed, &policy(&anchors))
            .unwrap_or_else(|refusal| panic!("{number}: {refusal:?} {document}"));
        assert_eq!(verified.packaging(), PACKAGINGS[number / 4 % 3]);
        assert_eq!(verified.certificate(), key.certificate());
        assert_eq!(verified.signing_time(), Some(valid_time().into()));
        match verified.coverage() {
            Coverage::EncodedObject => assert_eq!(verified.content(), document.as_bytes()),
            Coverage::Document => assert_inserted(&document, &String::from_utf8(signed).unwrap()),
            Coverage::Object => {
                let start = document.find("?>\n").filter(|_| document.contains("<?xml "));
                let body = &document[start.map_or(0, |place| place + 2)..];
                let body = body.trim_start_matches('\u{feff}');
                assert!(String::from_utf8(signed).unwrap().contains(body));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Taking the signature out must leave the document, or one with its empty root written out.
fn assert_inserted(document: &str, signed: &str) {
    let (start, end) = (signed.find("<ds:Signature xmlns").unwrap(), "</ds:Signature>");
    let end = signed.rfind(end).unwrap() + end.len();
    let left = [&signed[..start], &signed[end..]].concat();
    if left != document {
        let (tag, rest) = left.split_once("></").unwrap();
        let rest = rest.split_once('>').unwrap().1;
        assert_eq!(format!("{tag}/>{rest}"), document);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_to_sign() {
    let certificate = certificate("ec");
    let draft = || Draft::new(document(3).as_bytes(), &certificate, &options(3)).unwrap();
    assert_eq!(draft().to_be_signed(), draft().to_be_signed());
    assert_eq!(draft().algorithm(), SignatureAlgorithm::EcdsaP256Sha256);
    assert!(draft().to_be_signed().starts_with(b"<ds:SignedInfo xmlns"));
}

#[test]
fn a_signature_made_elsewhere_finishes_the_draft() {
    let (signer, anchors) = (signer("rsa"), authority());
    let draft = Draft::new(b"<a/>", signer.certificate(), &Options::v1(valid_time())).unwrap();
    let signature = signer.sign(draft.algorithm(), draft.to_be_signed()).unwrap();
    let finished = draft.finish(&signature).unwrap();
    assert_eq!(verify(&finished, &policy(&anchors)).unwrap().content(), b"<a></a>");
}

#[test]
fn a_signature_of_another_form_is_not_put_in() {
    let draft = Draft::new(b"<a/>", &certificate("ec"), &options(0)).unwrap();
    let error = draft.finish(&[0x30; 70]).unwrap_err();
    assert!(matches!(error, XadesError::SignatureLength { bytes: 70 }), "{error}");
}

#[test]
fn documents_that_cannot_be_signed_are_refused() {
    let key = signer("ec");
    let attempt = |document: &str, options: &Options| sign(document.as_bytes(), &key, options);
    let plain = Options::v2(valid_time());
    for document in ["", "<a>", "<!DOCTYPE a><a/>", "<?xml version='1.0' encoding='UTF-16'?><a/>"] {
        let error = attempt(document, &plain).unwrap_err();
        assert!(matches!(error, XadesError::Document(_)), "{document}");
    }
    for id in ["", "1", "a b", "-a", "a\"", "ł"] {
        let error = attempt("<a/>", &plain.clone().id(id)).unwrap_err();
        assert!(matches!(error, XadesError::Id), "{id}");
    }
    for attribute in
        ["Id='Signature'", "xml:id='Signature-Document'", "ID='Signature-SignedProperties'"]
    {
        let error = attempt(&format!("<a><b {attribute}/></a>"), &plain).unwrap_err();
        assert!(matches!(error, XadesError::IdTaken), "{attribute}");
    }
    let signed = String::from_utf8(attempt("<a/>", &plain).unwrap()).unwrap();
    let again = attempt(&signed, &plain.id("Second")).unwrap_err();
    assert!(matches!(again, XadesError::AlreadySigned));
}

/// A signer that is out of reach, or that has a certificate nobody can use.
#[derive(Debug)]
struct Broken(Vec<u8>);

impl Signer for Broken {
    fn kind(&self) -> KeyKind {
        KeyKind::P256
    }

    fn certificate_der(&self) -> &[u8] {
        &self.0
    }

    fn sign(&self, _: SignatureAlgorithm, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Err(SignError::new("the card was taken out"))
    }
}

#[test]
fn a_signer_that_fails_is_named_as_the_cause() {
    let attempt = |der: &[u8]| sign(b"<a/>", &Broken(der.to_vec()), &options(0)).unwrap_err();
    let error = attempt(certificate("ec").as_der());
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        (error.to_string().as_str(), cause.as_str()),
        ("the signer did not sign", "the card was taken out")
    );
    assert!(matches!(attempt(b"none"), XadesError::Certificate));
    assert!(matches!(attempt(certificate("ec384").as_der()), XadesError::Key));
}

/// Signs documents with both kinds of keys and all options, and lets xmlsec1 verify all of them.
fn xmlsec1_verifies(count: usize) {
    let folder = TempDir::new().unwrap();
    let signers = [signer("rsa"), signer("ec")];
    let mut command = Command::new("xmlsec1");
    command.args([
        "--verify",
        "--id-attr:Id",
        "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
    ]);
    command.arg("--trusted-pem").arg(vectors().join("ca.pem"));
    command.args(["--enabled-key-data", "x509", "--verification-time", "2030-05-06 07:08:09"]);
    for number in 0..count {
        let signed = sign(document(number).as_bytes(), &signers[number % 7 % 2], &options(number));
        let path = folder.path().join(format!("{number}.xml"));
        fs::write(&path, signed.unwrap()).unwrap();
        command.arg(path);
    }
    // The first signature that does not hold ends the program with an error.
    output(&mut command);
    // Which is shown by the last one.
    let path = folder.path().join(format!("{}.xml", count - 1));
    let changed = fs::read_to_string(&path).unwrap().replacen("2030-05-06T", "2030-05-07T", 1);
    fs::write(&path, changed).unwrap();
    assert!(!command.output().unwrap().status.success(), "xmlsec1 accepts anything");
}

#[test]
fn xmlsec1_accepts_our_signatures() {
    if is_installed("xmlsec1") {
        xmlsec1_verifies(500);
    }
}

/// The content of all elements with a name.
fn contents<'a>(document: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!("<ds:{name}>");
    let parts = document.split(&start).skip(1);
    parts.map(|part| part.split("</").next().unwrap()).collect()
}

/// Takes the values out of our signatures and lets xmlsec1 compute them again.
fn xmlsec1_agrees(count: usize) {
    let folder = TempDir::new().unwrap();
    let (from, to) = (folder.path().join("template.xml"), folder.path().join("signed.xml"));
    let anchors = authority();
    for number in 0..count {
        let name = ["rsa", "ec"][number % 7 % 2];
        let ours = sign(document(number).as_bytes(), &signer(name), &options(number)).unwrap();
        let ours = String::from_utf8(ours).unwrap();
        let mut template = ours.clone();
        for element in ["DigestValue", "SignatureValue"] {
            // The third digest is that of the certificate, which nobody computes from the document.
            for value in contents(&ours, element).into_iter().take(2) {
                let filled = format!("<ds:{element}>{value}<");
                template = template.replace(&filled, &format!("<ds:{element}><"));
            }
        }
        assert_ne!(template, ours);
        fs::write(&from, template).unwrap();
        let mut command = Command::new("xmlsec1");
        command.args([
            "--sign",
            "--id-attr:Id",
            "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
        ]);
        command.arg("--privkey-pem").arg(vectors().join(format!("{name}.key")));
        output(command.arg("--output").arg(&to).arg(&from));
        let theirs = fs::read_to_string(&to).unwrap();
        assert_eq!(contents(&theirs, "DigestValue"), contents(&ours, "DigestValue"), "{number}");
        if name == "rsa" {
            let value = |text| contents(text, "SignatureValue").concat().replace('\n', "");
            assert_eq!(value(&theirs), value(&ours), "{number}");
        }
        assert!(verify(theirs.as_bytes(), &policy(&anchors)).is_ok(), "{number}");
    }
}

#[test]
fn xmlsec1_computes_the_same_digests_and_signatures() {
    if is_installed("xmlsec1") {
        xmlsec1_agrees(if is_full() { 500 } else { 24 });
    }
}

/// Whether the long form of tests was asked for.
#[expect(clippy::disallowed_methods, reason = "the choice belongs to whoever starts the tests")]
fn is_full() -> bool {
    std::env::var_os("FISKUS_FULL").is_some()
}

#[test]
fn options_of_the_first_generation_name_no_canonical_transform() {
    let signed = |options: Options| {
        String::from_utf8(sign(b"<a/>", &signer("ec"), &options).unwrap()).unwrap()
    };
    let transforms = |text: &str| text.matches("<ds:Transform ").count();
    assert_eq!(transforms(&signed(Options::v1(valid_time()))), 1);
    let encoded = Options::v1(valid_time()).packaging(Packaging::EnvelopingBase64);
    assert_eq!(transforms(&signed(encoded)), 1);
    assert_eq!(transforms(&signed(Options::v2(valid_time()))), 3);
}
