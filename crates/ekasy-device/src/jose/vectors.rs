//! The examples of RFC 7520 that only parts of this module can be held against.

use std::fs;
use std::path::PathBuf;

use common_core::secret::ExposeSecret as _;
use serde_json::Value;

use super::content::{self, Encrypted};
use super::{
    Certificate, ContentEncryption, Decryptor as _, JweAlgorithm, OpenLimits, PreSignFormat,
    SoftwareKey, compression, form, jwe,
};

/// The text of a vector file.
fn vector(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path.join("../../fixtures/crk/vectors/jose").join(name)).unwrap()
}

fn samwise() -> SoftwareKey {
    let chain = Certificate::chain_from_pem(&vector("samwise.crt.pem")).unwrap();
    SoftwareKey::from_pem(&vector("samwise.key.pem"), chain).unwrap()
}

fn example(name: &str) -> Value {
    let mut table: Value = serde_json::from_str(&vector("rfc7520.json")).unwrap();
    table[name].take()
}

fn bytes(value: &Value) -> Vec<u8> {
    form::decode(value.as_str().unwrap(), "vector").unwrap()
}

fn part(example: &Value, index: usize) -> Vec<u8> {
    let compact = example["compact"].as_str().unwrap();
    bytes(&compact.split('.').nth(index).unwrap().into())
}

#[test]
fn section_5_2_is_encrypted_byte_for_byte() {
    let example = example("oaep");
    let payload = example["payload"].as_str().unwrap().as_bytes().to_vec();
    let sealed = content::encrypt(
        ContentEncryption::A256Gcm,
        &bytes(&example["cek"]),
        &bytes(&example["iv"]),
        example["protected"].as_str().unwrap().as_bytes(),
        payload,
    )
    .unwrap();
    assert_eq!(sealed.ciphertext, part(&example, 3));
    assert_eq!(sealed.tag, part(&example, 4));
}

#[test]
fn section_5_2_is_decrypted_in_every_serialisation() {
    let example = example("oaep");
    let key = samwise();
    let content_key = key.unwrap_key(JweAlgorithm::RsaOaep, &part(&example, 1), 32).unwrap();
    assert_eq!(content_key.expose_secret(), bytes(&example["cek"]));
    for text in [
        example["compact"].as_str().unwrap().to_owned(),
        example["flattened"].to_string(),
        example["general"].to_string(),
    ] {
        let limits = OpenLimits::default();
        let read = jwe::Jwe::parse(&text, &limits).unwrap();
        let allowed = read.check(&super::Reading::default()).unwrap();
        let content = read.decrypt(&allowed, &key, &limits).unwrap();
        assert_eq!(content.as_slice(), example["payload"].as_str().unwrap().as_bytes());
    }
}

/// The example wraps its key symmetrically, which is not supported; the content layer is.
#[test]
fn section_5_9_is_decrypted_and_inflated() {
    let example = example("zip");
    let encrypted = Encrypted { ciphertext: part(&example, 3), tag: part(&example, 4) };
    let packed = content::decrypt(
        ContentEncryption::A128Gcm,
        &bytes(&example["cek"]),
        &bytes(&example["iv"]),
        example["protected"].as_str().unwrap().as_bytes(),
        encrypted,
    )
    .unwrap();
    let payload = example["payload"].as_str().unwrap().as_bytes();
    assert_eq!(
        compression::decompress(&packed, PreSignFormat::RawDeflate, payload.len()).unwrap(),
        payload
    );
}

#[test]
fn a_wrong_length_of_the_content_key_is_refused_by_oaep_and_hidden_by_pkcs1() {
    let example = example("oaep");
    let key = samwise();
    assert!(key.unwrap_key(JweAlgorithm::RsaOaep, &part(&example, 1), 16).is_err());
    let hidden = key.unwrap_key(JweAlgorithm::Rsa1V5, &part(&example, 1), 32).unwrap();
    let again = key.unwrap_key(JweAlgorithm::Rsa1V5, &part(&example, 1), 32).unwrap();
    assert_eq!(hidden.expose_secret().len(), 32);
    assert_ne!(hidden.expose_secret(), again.expose_secret());
}
