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

/// The published schema is that of the first generation: another namespace, the longer form of
/// numbers, and no signature (reference folder of KSeF 1.x, `xsd/upo`).
fn of_first_generation(receipt: &str, numbers: &[String]) -> String {
    let (head, _) = receipt.split_once("<ds:Signature").unwrap();
    let mut text = format!("{head}</Potwierdzenie>").replace("/KSeF/v3", "/KSeF/v1");
    for number in numbers {
        let longer = format!("{}-{}", &number[..26], &number[26..]);
        text = text.replace(number, &longer);
    }
    text
}

/// What xmllint says against the schema; `None` without the program or the schema.
fn flaws(document: &str) -> Option<String> {
    let schema = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/reference/ksef-v1/xsd/upo/UPO_KSeF_v1.xsd"
    );
    if !Path::new(schema).exists() {
        skip("the schema of receipts is not beside the repository");
        return None;
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, document.as_bytes()).unwrap();
    let mut command = Command::new("xmllint");
    command.args(["--noout", "--nonet", "--schema", schema]).arg(file.path());
    match command.output() {
        Ok(output) if output.status.success() => Some(String::new()),
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skip("xmllint is not installed");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn receipts_of_every_kind_fit_the_published_schema() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let (session, number) = super::common::closed(ksef).await;
    let single = format!("/common/Upo/ondemand/{}/{number}", session.reference);
    let single = get(ksef, &single, &[]).await.ok(200);
    let mut receipts = vec![sign::der(single["upo"].as_str().unwrap())];
    ksef.set_receipt_size(4);
    let batch = super::batch::package(&super::batch::files(6), 1).send(ksef).await;
    for reference in [session.reference, batch] {
        let pages = status(ksef, &reference).await["upoPageList"].clone();
        for page in pages.as_array().unwrap() {
            let url = page["upoUrl"].as_str().unwrap();
            let path = url.strip_prefix(ksef.base_url()).unwrap();
            let accept = [("accept", "application/vnd.v3+octet-stream")];
            receipts.push(get(ksef, path, &accept).await.body.to_vec());
        }
    }
    assert_eq!(receipts.len(), 4, "one on demand, one of a session, two pages of a batch");
    let numbers: Vec<String> = ksef.invoices().into_iter().map(|it| it.ksef_number).collect();
    for receipt in receipts {
        let text = of_first_generation(&String::from_utf8(receipt).unwrap(), &numbers);
        let Some(said) = flaws(&text) else { return };
        assert_eq!(said, "");
        let worse =
            text.replace("<NumerFaktury>", "<Numer>").replace("</NumerFaktury>", "</Numer>");
        assert_ne!(flaws(&worse), Some(String::new()), "xmllint takes everything");
    }
}
