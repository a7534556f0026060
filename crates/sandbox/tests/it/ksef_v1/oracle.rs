//! Receipts and requests before another judge: xmlsec1.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use super::client::*;
use super::sign;

/// Whether xmlsec1 takes the signature of a file under a certificate; `None` without the program.
fn verified(file: &Path, certificate: &Path) -> Option<bool> {
    let mut command = Command::new("xmlsec1");
    command.args(["--verify", "--id-attr:Id", "SignedProperties", "--pubkey-cert-pem"]);
    match command.arg(certificate).arg(file).output() {
        Ok(output) => Some(output.status.success()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skip("xmlsec1 is not installed");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "CI sets a variable to forbid skipping")]
fn skip(reason: &str) {
    assert!(std::env::var_os("FISKUS_REQUIRE_ORACLES").is_none(), "{reason}");
    println!("SKIPPED: {reason}");
}

#[tokio::test(start_paused = true)]
async fn xmlsec1_takes_the_receipts_and_the_requests_of_these_tests() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let folder = tempfile::tempdir().unwrap();
    let (session, number) = super::common::closed(ksef).await;
    let path = format!("/common/Upo/ondemand/{}/{number}", session.reference);
    let answer = get(ksef, &path, &[]).await.ok(200);
    let upo = sign::der(answer["upo"].as_str().unwrap());
    let text = String::from_utf8(upo.clone()).unwrap();
    let certificate = text.split("<ds:X509Certificate>").nth(1).unwrap().split('<').next().unwrap();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
    let (file, key) = (folder.path().join("upo.xml"), folder.path().join("upo.pem"));
    std::fs::write(&file, &upo).unwrap();
    std::fs::write(&key, wrapped(&pem)).unwrap();
    let Some(good) = verified(&file, &key) else { return };
    assert!(good, "a receipt");
    std::fs::write(&file, text.replace(&number, &number.replace('9', "8"))).unwrap();
    assert_eq!(verified(&file, &key), Some(false), "a changed receipt");
    for name in ["seal", "seal-ec"] {
        let request = signed_request(ksef, ALFA, name, "SerialNumber", "").await;
        std::fs::write(&file, request).unwrap();
        std::fs::write(&key, ksef.certificate(name).unwrap().certificate_pem).unwrap();
        assert_eq!(verified(&file, &key), Some(true), "{name}");
    }
}

/// PEM with lines of 64 characters.
fn wrapped(pem: &str) -> String {
    let mut lines = Vec::new();
    for line in pem.lines() {
        if line.starts_with("-----") {
            lines.push(line.to_owned());
        } else {
            lines.extend(
                line.as_bytes().chunks(64).map(|it| String::from_utf8(it.to_vec()).unwrap()),
            );
        }
    }
    lines.join("\n") + "\n"
}
