//! OpenSSL reads the certificate requests and test certificates that this crate makes.

use std::{fs, process::Command};

use ksef_crypto::{
    certificate::{Certificate, name::AttributeType},
    csr::CertificateRequest,
    keys::PrivateKey,
    test_certificates::{TestAuthority, TestCertificate},
};

use crate::oracle;

fn pem(certificate: &Certificate) -> String {
    let body = certificate.to_base64();
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

fn keys() -> [PrivateKey; 2] {
    [PrivateKey::generate_rsa_2048().unwrap(), PrivateKey::generate_p256().unwrap()]
}

#[test]
fn openssl_verifies_requests_and_reads_their_subject() {
    if !oracle::is_installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("request.pem");
    let subject = [
        (AttributeType::GIVEN_NAME, "Pierwsza"),
        (AttributeType::GIVEN_NAME, "Druga"),
        (AttributeType::SURNAME, "Żółta"),
        (AttributeType::SERIAL_NUMBER, "PNOPL-01020300001"),
        (AttributeType::ORGANIZATION_IDENTIFIER, "VATPL-1111111111"),
        (AttributeType::UNIQUE_IDENTIFIER, "00FF"),
        (AttributeType::COMMON_NAME, "Pierwsza Druga Żółta"),
        (AttributeType::COUNTRY_NAME, "PL"),
    ];
    for key in keys() {
        let request = CertificateRequest::new(subject, &key).unwrap();
        fs::write(&file, request.to_pem()).unwrap();
        let mut command = Command::new("openssl");
        command.args([
            "req",
            "-verify",
            "-noout",
            "-subject",
            "-nameopt",
            "oid,utf8,sep_comma_plus",
        ]);
        let printed = oracle::output(command.arg("-in").arg(&file));
        let expected = "subject=2.5.4.42=Pierwsza,2.5.4.42=Druga,2.5.4.4=Żółta,\
            2.5.4.5=PNOPL-01020300001,2.5.4.97=VATPL-1111111111,2.5.4.45=00FF,\
            2.5.4.3=Pierwsza Druga Żółta,2.5.4.6=PL";
        assert!(printed.contains(expected), "{printed}");
    }
}

#[test]
fn openssl_verifies_the_chains_of_test_certificates() {
    if !oracle::is_installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let [rsa, p256] = keys();
    let root = TestAuthority::root("Root", rsa).unwrap();
    let middle = root.subordinate("Middle", p256).unwrap();
    for key in keys() {
        let leaf = TestCertificate::seal("1111111111").issued_by(&middle, key).unwrap();
        fs::write(file("root.pem"), pem(root.certificate())).unwrap();
        fs::write(file("middle.pem"), pem(middle.certificate())).unwrap();
        fs::write(file("leaf.pem"), pem(leaf.certificate())).unwrap();
        let mut command = Command::new("openssl");
        command.args(["verify", "-x509_strict", "-CAfile"]).arg(file("root.pem"));
        command.arg("-untrusted").arg(file("middle.pem")).arg(file("leaf.pem"));
        let printed = oracle::output(&mut command);
        assert!(printed.contains("leaf.pem: OK"), "{printed}");
    }
}
