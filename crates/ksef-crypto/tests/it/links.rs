//! zbarimg reads our QR codes, and OpenSSL verifies our signatures.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use chrono::NaiveDate;
use common_core::ident::Nip;
use ksef_crypto::{
    certificate::Certificate,
    keys::{LocalSigner, PrivateKey},
    link::{CertificateLink, Environment, InvoiceHash, InvoiceLink, Link, v1},
    number::{ContextIdentifier, KsefNumber},
    qr::{Caption, Correction, QrCode},
};
use tempfile::TempDir;

use crate::oracle::{is_installed, output};

const INVOICE: &[u8] = b"<Faktura>invented</Faktura>";

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ksef/vectors/links")
}

fn signer(name: &str) -> LocalSigner {
    let read = |end| fs::read_to_string(vectors().join(format!("{name}.{end}.pem"))).unwrap();
    let certificate = Certificate::from_pem(&read("crt")).unwrap();
    LocalSigner::new(PrivateKey::from_pem(&read("key")).unwrap(), certificate).unwrap()
}

fn nip() -> Nip {
    Nip::parse("5265877635").unwrap()
}

fn kod_i(index: u32) -> InvoiceLink {
    let issued = NaiveDate::from_ymd_opt(2026, 1 + index % 12, 1 + index % 28).unwrap();
    let environment = [Environment::Test, Environment::Demo, Environment::Production];
    let hash = InvoiceHash::of(&index.to_be_bytes());
    InvoiceLink::new(environment[index as usize % 3], nip(), issued, hash)
}

fn kod_ii(index: u32, signer: &LocalSigner) -> CertificateLink {
    CertificateLink::sign(&kod_i(index), ContextIdentifier::Nip(nip()), signer).unwrap()
}

fn offline(index: u32, signer: &LocalSigner) -> v1::OfflineLink {
    let serial = v1::InternalCertificateSerial::parse("3CB442C057173CD5592D20F4A127A109FA4C152");
    let invoice = index.to_be_bytes();
    v1::OfflineLink::sign(Environment::Demo, nip(), serial.unwrap(), &invoice, signer).unwrap()
}

/// The links of all kinds, in turn, with what stands below each.
fn links(count: u32) -> Vec<(Link, Caption)> {
    let (rsa, p256) = (signer("rsa"), signer("p256"));
    let link = |index| match index % 10 {
        0 => (Link::Certificate(kod_ii(index, &rsa)), Caption::Certificate),
        1 | 2 => (Link::Certificate(kod_ii(index, &p256)), Caption::Certificate),
        3 => (Link::Offline(offline(index, &rsa)), Caption::Offline),
        4 | 5 => {
            let technical = [0, 0, 0, 0, 0, index.to_be_bytes()[3]];
            let number = KsefNumber::compose(&nip(), kod_i(index).issued(), technical).unwrap();
            let hash = *kod_i(index).hash();
            let link = v1::OnlineLink::new(Environment::Test, number.clone(), hash);
            (Link::Online(link), Caption::Number(number))
        }
        _ => (Link::Invoice(kod_i(index)), Caption::Offline),
    };
    (0..count).map(link).collect()
}

#[test]
fn zbarimg_reads_the_pictures_of_two_hundred_links() {
    if !is_installed("zbarimg") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let levels = [Correction::Low, Correction::Medium, Correction::Quartile, Correction::High];
    let mut command = Command::new("zbarimg");
    command.args(["--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable"]);
    let links = links(200);
    for (index, (link, caption)) in links.iter().enumerate() {
        let code = QrCode::new(link, caption.clone(), levels[index / 10 % 4]).unwrap();
        let path = folder.path().join(format!("{index:03}.png"));
        fs::write(&path, code.png(3 + index % 3).unwrap()).unwrap();
        command.arg(path);
    }
    let printed = output(&mut command);
    let expected: Vec<String> = links.iter().map(|(link, _)| link.to_string()).collect();
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}

/// Lets OpenSSL verify a signature with the public key of a certificate of the vectors.
fn openssl_verifies(name: &str, message: &[u8], signature: &[u8], options: &[&str]) -> bool {
    let folder = TempDir::new().unwrap();
    let at = |file: &str| folder.path().join(file);
    fs::write(at("message"), message).unwrap();
    fs::write(at("signature"), signature).unwrap();
    let certificate = vectors().join(format!("{name}.crt.pem"));
    let mut extract = Command::new("openssl");
    extract.args(["x509", "-pubkey", "-noout", "-in"]).arg(certificate);
    fs::write(at("public.pem"), output(&mut extract)).unwrap();
    let mut verify = Command::new("openssl");
    verify.args(["dgst", "-sha256", "-verify"]).arg(at("public.pem")).args(options);
    verify.arg("-signature").arg(at("signature")).arg(at("message"));
    verify.output().unwrap().status.success()
}

/// `R || S` as DER, the only form that OpenSSL's command reads.
fn der(raw: &[u8]) -> Vec<u8> {
    let mut integers = Vec::new();
    for number in raw.chunks(32) {
        let zeros = number.iter().take_while(|byte| **byte == 0).count().min(31);
        let sign: &[u8] = if number[zeros] & 0x80 == 0 { &[] } else { &[0] };
        let value = [sign, &number[zeros..]].concat();
        integers.extend([0x02, u8::try_from(value.len()).unwrap()]);
        integers.extend(value);
    }
    [&[0x30, u8::try_from(integers.len()).unwrap()], integers.as_slice()].concat()
}

#[test]
fn openssl_verifies_kod_ii_and_nothing_else() {
    if !is_installed("openssl") {
        return;
    }
    let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"];
    for index in 0..8 {
        let link = kod_ii(index, &signer("rsa"));
        let text = link.signed_text();
        assert!(link.to_string().starts_with(&format!("https://{text}/")));
        assert!(openssl_verifies("rsa", text.as_bytes(), link.signature(), &pss));
        assert!(!openssl_verifies("rsa", link.to_string().as_bytes(), link.signature(), &pss));

        let link = kod_ii(index, &signer("p256"));
        let text = link.signed_text();
        assert_eq!(link.signature().len(), 64);
        assert!(openssl_verifies("p256", text.as_bytes(), &der(link.signature()), &[]));
        assert!(!openssl_verifies("p256", b"other", &der(link.signature()), &[]));
    }
}

#[test]
fn openssl_verifies_offline_links_of_ksef_1() {
    if !is_installed("openssl") {
        return;
    }
    let signer = signer("rsa");
    let serial = v1::InternalCertificateSerial::parse("3CB442C057173CD5592D20F4A127A109FA4C152");
    let serial = serial.unwrap();
    let link = v1::OfflineLink::sign(Environment::Production, nip(), serial, INVOICE, &signer);
    let link = link.unwrap();
    assert!(openssl_verifies("rsa", INVOICE, link.signature(), &[]));
    assert!(!openssl_verifies("rsa", b"other", link.signature(), &[]));
}
