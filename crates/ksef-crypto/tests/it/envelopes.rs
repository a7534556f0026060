//! OpenSSL opens what this crate seals, and reads the certificates and requests that it makes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use chrono::{DateTime, Utc};
use common_core::secret::SecretString;
use ksef_crypto::seal::{AuthorityKey, RsaPadding, SessionKey, seal};

use crate::oracle;

const PADDINGS: [(RsaPadding, &[&str]); 2] = [
    (RsaPadding::Pkcs1V15, &["rsa_padding_mode:pkcs1"]),
    (
        RsaPadding::OaepSha256,
        &["rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"],
    ),
];

fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ksef/vectors/seal")
}

fn authority() -> AuthorityKey {
    AuthorityKey::from_pem(&fs::read_to_string(vectors().join("receiver.crt.pem")).unwrap())
        .unwrap()
}

/// 2026-07-01.
fn summer() -> DateTime<Utc> {
    DateTime::from_timestamp(1_782_864_000, 0).unwrap()
}

fn openssl_decrypts(folder: &Path, encrypted: &[u8], options: &[&str]) -> Vec<u8> {
    let (input, out) = (folder.join("encrypted"), folder.join("plain"));
    fs::write(&input, encrypted).unwrap();
    let mut command = Command::new("openssl");
    command.args(["pkeyutl", "-decrypt", "-inkey"]).arg(vectors().join("receiver.key.pem"));
    for option in options {
        command.args(["-pkeyopt", option]);
    }
    oracle::output(command.arg("-in").arg(input).arg("-out").arg(&out));
    fs::read(out).unwrap()
}

#[test]
fn openssl_opens_wrapped_keys_and_tokens() {
    if !oracle::is_installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = SessionKey::from_random(std::array::from_fn(|index| u8::try_from(index).unwrap()));
    let token = SecretString::from("20251010-EC-0000000000-0000000000-00|nip-1111111111|abc");
    for (padding, options) in PADDINGS {
        let wrapped = authority().wrap(&key, padding, summer()).unwrap();
        assert_eq!(openssl_decrypts(folder.path(), &wrapped, options), key.expose_key());

        let sent = authority().encrypt_token(&token, 1_633_090_394_999, padding, summer()).unwrap();
        let encrypted = folder.path().join("encrypted.b64");
        fs::write(&encrypted, sent).unwrap();
        let mut decode = Command::new("openssl");
        let decoded = folder.path().join("decoded");
        decode.args(["base64", "-d", "-A", "-in"]).arg(encrypted).arg("-out").arg(&decoded);
        oracle::output(&mut decode);
        let plain = openssl_decrypts(folder.path(), &fs::read(decoded).unwrap(), options);
        let expected = "20251010-EC-0000000000-0000000000-00|nip-1111111111|abc|1633090394999";
        assert_eq!(String::from_utf8(plain).unwrap(), expected);
    }
}

#[test]
fn openssl_opens_sealed_documents() {
    if !oracle::is_installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = SessionKey::from_random([0x3C; 48]);
    let hex = "3C".repeat(32);
    for size in [0, 1, 15, 16, 17, 8191, 8192, 8193, 300_000] {
        let plain: Vec<u8> = (0..=250).cycle().take(size).collect();
        let (input, out) = (folder.path().join("sealed"), folder.path().join("opened"));
        fs::write(&input, seal(&key, &plain).bytes).unwrap();
        let mut command = Command::new("openssl");
        command.args(["enc", "-d", "-aes-256-cbc", "-K", &hex, "-iv", &hex[..32], "-in"]);
        oracle::output(command.arg(input).arg("-out").arg(&out));
        assert_eq!(fs::read(out).unwrap(), plain, "{size} bytes");
    }
}
