//! The documents against the authority's schemas, and what is signed and encrypted in them.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use chrono::{TimeZone, Utc};
use common_core::secret::{ExposeSecret, SecretString};
use ksef_crypto::{
    keys::PrivateKey,
    package::{Entry, MemoryParts, PackLimits, PackageName, Packer, PartSummary, Summary},
    seal::{ReceiverKey, RsaPadding},
    test_certificates::TestCertificate,
    xades::{Options, Packaging, Policy, Trust, sign, verify},
};
use tempfile::TempDir;

use super::*;
use crate::v1::{Context, FormCode};

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2024, 4, 1, 10, 0, 0).unwrap()
}

fn key() -> SessionKey {
    SessionKey::from_parts([7; 32], [9; 16])
}

fn receiver() -> ReceiverKey {
    ReceiverKey::new(&PrivateKey::generate_rsa_2048().unwrap()).unwrap()
}

fn encryption(receiver: &ReceiverKey) -> Encryption {
    let authority = AuthorityKey::from(receiver.public_key().clone());
    Encryption::declare(&authority, &key(), now()).unwrap()
}

fn opening(context: Context, form: FormCode) -> OpeningRequest {
    let challenge = "20240401-CR-0123456789-ABCDEF0123-45".parse().unwrap();
    OpeningRequest::new(challenge, context, form)
}

fn company() -> Context {
    Context::nip("1111111111").unwrap()
}

fn branch() -> Context {
    Context::internal_id("1111111111-12346").unwrap()
}

fn package() -> Summary {
    let mut parts = MemoryParts::new();
    let entries = [Entry::bytes("1.xml", b"<Faktura/>".as_slice())];
    Packer::new(&key(), PackLimits::v1()).pack(entries, &mut parts).unwrap()
}

fn batch(package: Summary) -> BatchRequest {
    let name = PackageName::new("invoices.zip").unwrap();
    BatchRequest::new(company(), FormCode::FA_2, encryption(&receiver()), name, package)
}

/// Validates a document by xmllint against a schema of the reference folder; skips loudly where
/// either is missing.
fn assert_valid(document: &[u8], schema: &str) {
    let Some(schemas) = schemas() else { return skip("the schemas are not beside the repository") };
    let Ok(mut xmllint) = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schemas.path().join(schema))
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    else {
        return skip("xmllint is not installed");
    };
    xmllint.stdin.take().unwrap().write_all(document).unwrap();
    let output = xmllint.wait_with_output().unwrap();
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{says}\n{}", String::from_utf8_lossy(document));
}

/// The authority's schemas in a folder of their own, with the one pattern mended that xmllint
/// cannot read: that of addresses, which no document here has.
fn schemas() -> Option<TempDir> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/ksef-v1/xsd/gateway");
    let copies = tempfile::tempdir().unwrap();
    for file in fs::read_dir(folder).ok()? {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap().replace(r":\/{2}", ":/{2}");
        fs::write(copies.path().join(path.file_name().unwrap()), text).unwrap();
    }
    Some(copies)
}

#[expect(clippy::disallowed_methods, reason = "CI sets a variable to forbid skipping")]
fn skip(reason: &str) {
    assert!(std::env::var_os("FISKUS_REQUIRE_ORACLES").is_none(), "{reason}");
    eprintln!("SKIPPED: {reason}, the document is not validated");
}

/// The text of the first element of that local name.
fn value<'a>(document: &'a str, element: &str) -> &'a str {
    let start = document.find(&format!(":{element}>")).unwrap() + element.len() + 2;
    &document[start..start + document[start..].find('<').unwrap()]
}

#[test]
fn every_kind_of_opening_is_valid_under_the_schema() {
    let token = "A".repeat(344);
    let custom = FormCode::new("PEF <3>", "2-1", "http://example.test/?a=1&b=2", "PEF").unwrap();
    for context in [company(), branch()] {
        for form in [FormCode::FA_1, FormCode::FA_2, custom.clone()] {
            let plain = opening(context.clone(), form);
            let sealed = plain.clone().encryption(encryption(&receiver()));
            for request in [plain, sealed] {
                assert_valid(&request.with_token(&token).unwrap(), "authRequest.xsd");
                for by in [Identification::SerialNumber, Identification::Fingerprint] {
                    assert_valid(&request.to_be_signed(by).unwrap(), "authRequest.xsd");
                }
            }
        }
    }
}

#[test]
fn a_signed_opening_is_valid_under_the_schema_except_for_the_signature_it_adds() {
    let signer =
        TestCertificate::seal("1111111111").self_signed(PrivateKey::generate_p256().unwrap());
    let signer = signer.unwrap();
    assert_eq!(Identification::of(signer.certificate()), Identification::SerialNumber);
    let unsigned = opening(company(), FormCode::FA_2).to_be_signed(Identification::SerialNumber);
    let unsigned = unsigned.unwrap();
    for packaging in [Packaging::Enveloped, Packaging::Enveloping] {
        let document = sign(&unsigned, &signer, &Options::v1(now()).packaging(packaging)).unwrap();
        let policy = Policy::new(Trust::AnyCertificate);
        let verified = verify(&document, &policy).unwrap();
        let content = String::from_utf8(verified.content().to_vec()).unwrap();
        assert_eq!(value(&content, "Type"), "SerialNumber");
        assert_eq!(value(&content, "Challenge"), "20240401-CR-0123456789-ABCDEF0123-45");
    }
}

#[test]
fn a_certificate_without_a_number_is_identified_by_its_fingerprint() {
    let key = || PrivateKey::generate_p256().unwrap();
    let of = |certificate: TestCertificate| {
        Identification::of(certificate.self_signed(key()).unwrap().certificate())
    };
    assert_eq!(of(TestCertificate::person("PNOPL-44051401359")), Identification::SerialNumber);
    assert_eq!(of(TestCertificate::person("TINPL-1111111111")), Identification::SerialNumber);
    assert_eq!(of(TestCertificate::person_without_identifier()), Identification::Fingerprint);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let encryption = encryption(&receiver());
    let request = || {
        let request = opening(branch(), FormCode::FA_1).encryption(encryption.clone());
        request.to_be_signed(Identification::Fingerprint).unwrap()
    };
    assert_eq!(request(), request());
    let text = String::from_utf8(request()).unwrap();
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?><a:InitSessionSigned"));
}

#[test]
fn the_declared_key_opens_what_the_session_encrypts() {
    let receiver = receiver();
    let request = opening(company(), FormCode::FA_2).encryption(encryption(&receiver));
    let text = String::from_utf8(request.with_token(&"A".repeat(344)).unwrap()).unwrap();
    // The first value is the key's, the second the vector's.
    let from = text.find("EncryptionKey>").unwrap();
    let wrapped = STANDARD.decode(value(&text[from..], "Value")).unwrap();
    let from = text.find("EncryptionInitializationVector>").unwrap();
    let vector = STANDARD.decode(value(&text[from..], "Value")).unwrap();
    assert_eq!(vector, key().iv());
    let opened = receiver.open_session_key(RsaPadding::Pkcs1V15, &wrapped, *key().iv()).unwrap();
    assert_eq!(opened.expose_key(), key().expose_key());
}

#[test]
fn an_encrypted_token_holds_the_exact_milliseconds_of_the_challenge() {
    let receiver = receiver();
    let authority = AuthorityKey::from(receiver.public_key().clone());
    let token = SecretString::from("A".repeat(64));
    let moment: DateTime<Utc> = "2021-10-01T12:13:14.999Z".parse().unwrap();
    let encrypted = authority
        .encrypt_token(&token, moment.timestamp_millis(), RsaPadding::Pkcs1V15, now())
        .unwrap();
    assert_eq!(encrypted.len(), 344);
    let plain = receiver.open(RsaPadding::Pkcs1V15, &STANDARD.decode(encrypted).unwrap()).unwrap();
    let expected = format!("{}|1633090394999", "A".repeat(64));
    assert_eq!(plain.expose_secret(), expected.as_bytes());
}

#[test]
fn a_batch_is_valid_under_the_schema_up_to_a_hundred_parts() {
    assert_valid(&batch(package()).to_be_signed().unwrap(), "initRequest.xsd");
    let mut many = package();
    let part = many.parts[0];
    many.parts = (1..=100).map(|ordinal| PartSummary { ordinal, ..part }).collect();
    assert_valid(&batch(many.clone()).to_be_signed().unwrap(), "initRequest.xsd");
    many.parts.push(PartSummary { ordinal: 101, ..part });
    assert_eq!(batch(many).to_be_signed().unwrap_err().field(), "PackagePartsList");
}

#[test]
fn a_batch_declares_the_plain_archive_and_the_encrypted_parts() {
    let package = package();
    let text = String::from_utf8(batch(package.clone()).to_be_signed().unwrap()).unwrap();
    let archive = &text[text.find("PackageFileHash>").unwrap()..];
    assert_eq!(value(archive, "Value"), package.archive.sha256_base64());
    assert_eq!(value(archive, "FileSize"), package.archive.size.to_string());
    let part = &text[text.find("PackagePartSignature>").unwrap()..];
    assert_eq!(value(part, "PartFileName"), "invoices.zip.001.aes");
    assert_eq!(value(part, "Value"), package.parts[0].sealed.sha256_base64());
    assert_eq!(value(part, "FileSize"), package.parts[0].sealed.size.to_string());
}

#[test]
fn what_the_schema_forbids_is_refused_before_it_is_signed() {
    let field = |request: Result<Vec<u8>, common_http::BuildError>| request.unwrap_err().field();
    let request = opening(company(), FormCode::FA_2);
    assert_eq!(field(request.with_token("short")), "Token");
    let short = Encryption { wrapped_key: "QUJD".into(), vector: STANDARD.encode([0; 16]) };
    let request = opening(company(), FormCode::FA_2).encryption(short);
    assert_eq!(field(request.to_be_signed(Identification::Fingerprint)), "EncryptionKey");

    let mut wrong = package();
    wrong.parts[0].ordinal = 0;
    assert_eq!(field(batch(wrong).to_be_signed()), "OrdinalNumber");
    let mut wrong = package();
    wrong.parts = vec![wrong.parts[0]; 2];
    assert_eq!(field(batch(wrong).to_be_signed()), "OrdinalNumber");
    let mut wrong = package();
    wrong.parts[0].sealed.size = 52_428_801;
    assert_eq!(field(batch(wrong).to_be_signed()), "FileSize");
    let mut wrong = package();
    wrong.parts.clear();
    assert_eq!(field(batch(wrong).to_be_signed()), "PackagePartsList");
}

#[test]
fn a_form_has_the_lengths_of_the_schema() {
    assert!(
        FormCode::new("x".repeat(32), "x".repeat(16), "x".repeat(256), "x".repeat(256)).is_ok()
    );
    let field = |form: Result<FormCode, common_http::BuildError>| form.unwrap_err().field();
    assert_eq!(field(FormCode::new("x".repeat(33), "1", "n", "v")), "SystemCode");
    assert_eq!(field(FormCode::new("c", "", "n", "v")), "SchemaVersion");
    assert_eq!(field(FormCode::new("c", "1", "x".repeat(257), "v")), "TargetNamespace");
    assert_eq!(field(FormCode::new("c", "1", "n", "")), "Value");
}
