//! Links of another implementation are read and verified, ours are read back, and every change is
//! noticed.
//!
//! `fixtures/ksef/vectors/links` was made by OpenSSL and Python.
//! That OpenSSL verifies our signatures is tested in `tests/it/links.rs`.

use std::{fs, path::Path};

use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    certificate::Certificate,
    keys::{LocalSigner, PrivateKey, PublicKey, VerifyError},
    number::{CertificateSerial, ContextIdentifier, KsefNumber},
};

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ksef/vectors/links");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn vectors() -> Value {
    serde_json::from_str(&fixture("links.json")).unwrap()
}

fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(&fixture(&format!("{name}.crt.pem"))).unwrap()
}

fn public_key(name: &str) -> PublicKey {
    certificate(name).public_key().unwrap().clone()
}

fn signer(name: &str) -> LocalSigner {
    let key = PrivateKey::from_pem(&fixture(&format!("{name}.key.pem"))).unwrap();
    LocalSigner::new(key, certificate(name)).unwrap()
}

fn kod_i() -> InvoiceLink {
    InvoiceLink::parse(vectors()["kod_i"][0]["link"].as_str().unwrap()).unwrap()
}

fn seller_context() -> ContextIdentifier {
    ContextIdentifier::parse("Nip", "5265877635").unwrap()
}

fn part(text: &str) -> LinkPart {
    Link::parse(text).unwrap_err().part
}

#[test]
fn kod_i_equals_the_links_of_another_implementation() {
    let file = vectors();
    let invoice = file["invoice"].as_str().unwrap().as_bytes();
    let environments = [Environment::Test, Environment::Demo, Environment::Production];
    for (row, environment) in file["kod_i"].as_array().unwrap().iter().zip(environments) {
        let nip = Nip::parse(row["seller"].as_str().unwrap()).unwrap();
        let issued = row["issued"].as_str().unwrap().parse().unwrap();
        let link = InvoiceLink::new(environment, nip, issued, InvoiceHash::of(invoice));
        assert_eq!(Some(link.to_string().as_str()), row["link"].as_str());
        assert_eq!(InvoiceLink::parse(&link.to_string()), Ok(link));
    }
}

#[test]
fn kod_ii_of_another_implementation_verifies_only_when_signed_by_the_rule() {
    let file = vectors();
    let mut verdicts = [0, 0];
    for row in file["kod_ii"].as_array().unwrap() {
        let text = row["link"].as_str().unwrap();
        let link = CertificateLink::parse(text).unwrap();
        assert_eq!(link.to_string(), text);
        assert_eq!(Some(link.signed_text().as_str()), row["signed_text"].as_str());
        assert_eq!(Some(link.context().to_string().as_str()), row["context"].as_str());
        let name = row["key"].as_str().unwrap();
        let good = row["good"].as_bool().unwrap();
        assert_eq!(link.verify(&public_key(name)).is_ok(), good, "{}", row["form"]);
        let other = if name == "rsa" { "p256" } else { "rsa" };
        assert_eq!(link.verify(&public_key(other)), Err(VerifyError::Mismatch));
        assert_eq!(
            CertificateSerial::of_certificate(&certificate(name)).as_ref(),
            Ok(link.serial())
        );
        verdicts[usize::from(good)] += 1;
    }
    assert_eq!(verdicts, [6, 36]);
}

#[test]
fn links_of_ksef_1_equal_those_of_another_implementation() {
    let file = vectors();
    let invoice = file["invoice"].as_str().unwrap().as_bytes();
    let text = file["v1_online"].as_str().unwrap();
    let number = KsefNumber::parse("4904089735-20220125-48BA3C-65D074-93").unwrap();
    let online = v1::OnlineLink::new(Environment::Test, number, InvoiceHash::of(invoice));
    assert_eq!(online.to_string(), text);
    assert_eq!(v1::OnlineLink::parse(text), Ok(online));

    // PKCS#1 v1.5 is deterministic, so the whole link is the same.
    let text = file["v1_offline"].as_str().unwrap();
    let theirs = v1::OfflineLink::parse(text).unwrap();
    let ours = v1::OfflineLink::sign(
        theirs.environment(),
        theirs.seller().clone(),
        theirs.serial().clone(),
        invoice,
        &signer("rsa"),
    );
    assert_eq!(ours.unwrap().to_string(), text);
    assert_eq!(theirs.verify(invoice, &public_key("rsa")), Ok(()));
    assert_eq!(theirs.verify(b"<Faktura/>", &public_key("rsa")), Err(VerifyError::Mismatch));
    assert_eq!(theirs.verify(invoice, &public_key("p256")), Err(VerifyError::OtherKind));
}

#[test]
fn examples_of_the_specifications_are_read_and_written_back() {
    for text in [
        // KSeF 2.0 facts §15.2.
        "https://qr-test.ksef.mf.gov.pl/invoice/1111111111/01-02-2026/\
         UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE",
        // Specification 1.9, chapters 16.2 and 16.3.
        "https://ksef-test.mf.gov.pl/web/verify/4904089735-20220125-48BA3C-65D074-93/\
         YwucKLcs88uk6ivN00%2FC%2FNRYAKH2FduOb0v%2FccwpjTI%3D",
        "https://ksef.mf.gov.pl/web/offline/4564564567/3b0d8537-256d-4271-8374-f4b12b22d5ad/\
         YwucKLcs88uk6ivN00%2FC%2FNRYAKH2FduOb0v%2FccwpjTI%3D/\
         RBzXfEuA%2F0n1WjAF6ERXE0Bm%2FPO0Xp4A1f9uyZSS9Wlig7LZm3gOC4uQk8CKaM0WOLHIu6R5OixJKgwouAznHg%3D%3D",
    ] {
        assert_eq!(Link::parse(text).unwrap().to_string(), text);
    }
    let online = Link::parse(
        "https://ksef-test.mf.gov.pl/web/verify/4904089735-20220125-48BA3C-65D074-93/\
         YwucKLcs88uk6ivN00%2fC/NRYAKH2FduOb0v%2fccwpjTI=",
    );
    assert_eq!(online.unwrap_err().part, LinkPart::Path, "an unescaped slash is a separator");
    let online = v1::OnlineLink::parse(
        "https://ksef-test.mf.gov.pl/web/verify/4904089735-20220125-48BA3C-65D074-93/\
         YwucKLcs88uk6ivN00%2fC%2fNRYAKH2FduOb0v%2fccwpjTI=",
    )
    .unwrap();
    // Specification 1.9, chapter 16.3, in hexadecimal digits.
    let hash = "630b9c28b72cf3cba4ea2bcdd34fc2fcd45800a1f615db8e6f4bff71cc298d32";
    assert_eq!(online.hash().to_string(), hash);
}

#[test]
fn kod_ii_of_every_kind_of_key_verifies_with_its_certificate_and_no_other() {
    for name in ["rsa", "p256"] {
        let link = CertificateLink::sign(&kod_i(), seller_context(), &signer(name)).unwrap();
        assert_eq!(link.verify(&public_key(name)), Ok(()));
        assert_eq!(link.serial().as_str(), "01F20A5D352AE590");
        assert_eq!(CertificateLink::parse(&link.to_string()), Ok(link.clone()));
        let other = if name == "rsa" { "p256" } else { "rsa" };
        assert!(link.verify(&public_key(other)).is_err());
        assert_eq!(link.signature().len(), if name == "rsa" { 256 } else { 64 });
    }
}

#[test]
fn offline_link_of_ksef_1_is_not_signed_with_an_elliptic_key() {
    let serial = v1::InternalCertificateSerial::parse("3CB442C057173CD5592D20F4A127A109FA4C152");
    let nip = Nip::parse("5265877635").unwrap();
    let (environment, serial) = (Environment::Test, serial.unwrap());
    let refused = v1::OfflineLink::sign(environment, nip, serial, b"", &signer("p256"));
    assert_eq!(refused.unwrap_err().to_string(), "offline links of KSeF 1.x are signed with RSA");
}

#[test]
fn each_changed_character_of_kod_ii_breaks_it() {
    let signed = CertificateLink::sign(&kod_i(), seller_context(), &signer("p256")).unwrap();
    let (text, key) = (signed.to_string(), public_key("p256"));
    for position in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[position] = if changed[position] == b'1' { b'2' } else { b'1' };
        let changed = String::from_utf8(changed).unwrap();
        let verified = CertificateLink::parse(&changed).is_ok_and(|link| link.verify(&key).is_ok());
        assert!(!verified, "{position}");
    }
}

#[test]
fn link_matches_the_exact_bytes_of_its_invoice_only() {
    let file = vectors();
    let invoice = file["invoice"].as_str().unwrap().as_bytes();
    for key in ["v1_online", "v1_offline"] {
        let link = Link::parse(file[key].as_str().unwrap()).unwrap();
        assert!(link.matches(invoice));
    }
    let link = Link::parse(&kod_i().to_string()).unwrap();
    assert!(link.matches(invoice));
    assert!(!link.matches(invoice.trim_ascii_end()));
    assert!(!link.matches(&[b"\xEF\xBB\xBF", invoice].concat()));
}

#[test]
fn wrong_link_is_refused_by_its_wrong_part() {
    let hash = "UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE";
    let host = "https://qr-test.ksef.mf.gov.pl";
    for (text, expected) in [
        (String::new(), LinkPart::Path),
        (
            format!("http://qr-test.ksef.mf.gov.pl/invoice/1111111111/01-02-2026/{hash}"),
            LinkPart::Scheme,
        ),
        (
            format!("https://qr.ksef.mf.gov.pl.test/invoice/1111111111/01-02-2026/{hash}"),
            LinkPart::Host,
        ),
        (
            format!("https://ksef.mf.gov.pl@qr.test/invoice/1111111111/01-02-2026/{hash}"),
            LinkPart::Host,
        ),
        // The hosts of the two generations are not those of each other.
        (format!("https://ksef.mf.gov.pl/invoice/1111111111/01-02-2026/{hash}"), LinkPart::Host),
        (format!("{host}/Invoice/1111111111/01-02-2026/{hash}"), LinkPart::Path),
        (format!("{host}/invoice/1111111111/01-02-2026/{hash}/"), LinkPart::Path),
        (format!("{host}/invoice/111-111-11-11/01-02-2026/{hash}"), LinkPart::Seller),
        (format!("{host}/invoice/1111111111/2026-02-01/{hash}"), LinkPart::Date),
        (format!("{host}/invoice/1111111111/1-2-2026/{hash}"), LinkPart::Date),
        (format!("{host}/invoice/1111111111/30-02-2026/{hash}"), LinkPart::Date),
        (format!("{host}/invoice/1111111111/01-02-2026/{hash}="), LinkPart::Hash),
        // The last character carries two bits that have to be zero.
        (format!("{host}/invoice/1111111111/01-02-2026/{}F", &hash[..42]), LinkPart::Hash),
        (
            format!("{host}/certificate/nip/1111111111/1111111111/01F20A5D352AE590/{hash}/AA"),
            LinkPart::Context,
        ),
        (
            format!("{host}/certificate/Nip/1111111111/1111111111/01f20a5d352ae590/{hash}/AA"),
            LinkPart::Serial,
        ),
        (
            format!("{host}/certificate/Nip/1111111111/1111111111/01F20A5D352AE590/{hash}/"),
            LinkPart::Signature,
        ),
        (
            format!("{host}/certificate/Nip/1111111111/1111111111/01F20A5D352AE590/{hash}"),
            LinkPart::Path,
        ),
        (format!("https://ksef.mf.gov.pl/web/verify/1111111111/{hash}"), LinkPart::Number),
    ] {
        assert_eq!(part(&text), expected, "{text}");
    }
    let error = InvoiceLink::parse("https://qr.example.test/1234563218").unwrap_err().to_string();
    assert!(!error.contains("1234563218"), "{error}");
}

fn environment() -> impl Strategy<Value = Environment> {
    prop::sample::select(vec![Environment::Test, Environment::Demo, Environment::Production])
}

proptest! {
    #[test]
    fn printing_and_parsing_a_link_gives_it_back(
        environment in environment(),
        nip in "[0-9]{10}",
        days in 0_i64..100_000,
        hash in any::<[u8; 32]>(),
        serial in "[0-9A-Za-z-]{1,64}",
    ) {
        let (nip, hash) = (Nip::parse(&nip).unwrap(), InvoiceHash::from(hash));
        let issued = NaiveDate::default() + chrono::TimeDelta::days(days);
        let link = InvoiceLink::new(environment, nip.clone(), issued, hash);
        prop_assert_eq!(Link::parse(&link.to_string()), Ok(Link::Invoice(link)));

        let number = KsefNumber::parse("5265877635-20250826-0100001AF629-AF").unwrap();
        let link = v1::OnlineLink::new(environment, number, hash);
        prop_assert_eq!(Link::parse(&link.to_string()), Ok(Link::Online(link)));

        let serial = v1::InternalCertificateSerial::parse(&serial).unwrap();
        let signature = InvoiceHash::of(hash.as_bytes());
        let text = v1::OnlineLink::parse(&format!(
            "https://ksef.mf.gov.pl/web/verify/5265877635-20250826-0100001AF629-AF/{}",
            signature.base64().replace('/', "%2F")
        )).unwrap().to_string();
        let tail = text.rsplit('/').next().unwrap();
        let host = environment.v1_host();
        let text = format!("https://{host}/web/offline/{nip}/{serial}/{tail}/{tail}");
        prop_assert_eq!(Link::parse(&text).unwrap().to_string(), text);
        prop_assert_eq!(InvoiceHash::from_base64(&hash.base64()), Some(hash));
    }

    #[test]
    fn no_text_makes_parsing_panic(
        wild in ".{0,80}",
        host in prop::sample::select(vec!["qr.ksef.mf.gov.pl", "ksef.mf.gov.pl"]),
        path in "(invoice|certificate|web/verify|web/offline)(/[0-9A-Za-z%=\u{105}-]{0,45}){0,7}",
    ) {
        let _ = Link::parse(&wild);
        let text = format!("https://{host}/{path}");
        if let Ok(link) = Link::parse(&text) {
            prop_assert_eq!(Link::parse(&link.to_string()), Ok(link));
        }
    }
}
