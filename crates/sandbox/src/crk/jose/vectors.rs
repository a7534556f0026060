//! Objects of others: the examples of RFC 7520, and objects that Python's jwcrypto made
//! (`fixtures/crk/vectors/jose`).

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use serde_json::Value;

use super::content::Lock;
use super::{Broken, compression, decode, jwe, jws};
use crate::crk::certificate::Certificate;
use crate::crk::profile::{Compression, Content, KeyWrap, Profile, Signature};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/crk/vectors/jose");

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(FOLDER).join(name)).unwrap()
}

fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

/// The first certificate of a file.
fn certificate(name: &str) -> Certificate {
    let text = text(name);
    let lines = text.lines().skip(1).take_while(|line| !line.starts_with("-----"));
    Certificate::read(&STANDARD.decode(lines.collect::<String>()).unwrap()).unwrap()
}

fn key(name: &str) -> RsaPrivateKey {
    RsaPrivateKey::from_pkcs8_pem(&text(name)).unwrap()
}

fn part(vector: &Value, name: &str) -> String {
    match &vector[name] {
        Value::String(text) => text.clone(),
        object => object.to_string(),
    }
}

fn nested() -> Profile {
    Profile {
        signature: Signature::Ps256,
        key_wrap: KeyWrap::RsaOaep,
        content: Content::A128Gcm,
        compression: Compression::None,
        ..Profile::default()
    }
}

#[test]
fn the_signature_of_section_4_1_is_verified_in_every_form() {
    let vector = &json("rfc7520.json")["rs256"];
    let signers = [certificate("hobbiton.crt.pem"), certificate("bilbo.crt.pem")];
    for form in ["compact", "flattened", "general"] {
        let payload = jws::verify(&part(vector, form), Signature::Rs256, &signers).unwrap();
        assert_eq!(String::from_utf8(payload).unwrap(), part(vector, "payload"), "{form}");
    }
    let compact = part(vector, "compact");
    let foreign = jws::verify(&compact, Signature::Rs256, &signers[..1]);
    assert_eq!(foreign, Err(Broken::Signature));
    let other = jws::verify(&compact, Signature::Ps256, &signers);
    assert_eq!(other, Err(Broken::Header("alg")));
}

#[test]
fn algorithms_outside_the_profile_are_refused() {
    let vectors = json("rfc7520.json");
    let signers = [certificate("bilbo.crt.pem")];
    for name in ["ps384", "hs256"] {
        for algorithm in [Signature::Rs256, Signature::Ps256, Signature::Es256] {
            let found = jws::verify(&part(&vectors[name], "compact"), algorithm, &signers);
            assert_eq!(found, Err(Broken::Header("alg")), "{name}");
        }
    }
    let header = super::encode(r#"{"alg":"none"}"#);
    let found = jws::verify(&format!("{header}.e30."), Signature::Rs256, &signers);
    assert_eq!(found, Err(Broken::Header("alg")));
}

#[test]
fn every_changed_character_of_a_signed_object_is_noticed() {
    let compact = part(&json("rfc7520.json")["rs256"], "compact");
    let signers = [certificate("bilbo.crt.pem")];
    for index in 0..compact.len() {
        let mut bytes = compact.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'Z' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(jws::verify(&changed, Signature::Rs256, &signers).is_err(), "character {index}");
    }
}

#[test]
fn the_content_of_section_5_2_is_decrypted_in_every_form() {
    let vector = &json("rfc7520.json")["oaep"];
    let profile = Profile { content: Content::A256Gcm, ..nested() };
    for form in ["compact", "flattened", "general"] {
        let object = part(vector, form);
        let plain = jwe::decrypt_any(&object, &profile, &key("samwise.key.pem")).unwrap();
        assert_eq!(String::from_utf8(plain).unwrap(), part(vector, "payload"), "{form}");
        let own = certificate("samwise.crt.pem");
        let named = jwe::decrypt(&object, &profile, &own, &key("samwise.key.pem"), 1000);
        assert_eq!(named, Err(Broken::Header("kid")), "the name is none of a certificate");
    }
}

#[test]
fn the_compressed_content_of_section_5_9_is_inflated() {
    let vector = &json("rfc7520.json")["zip"];
    let (content_key, iv) = (part(vector, "cek"), part(vector, "iv"));
    let flattened = &vector["flattened"];
    let lock = Lock {
        algorithm: Content::A128Gcm,
        key: &decode(&content_key).unwrap(),
        iv: &decode(&iv).unwrap(),
        data: flattened["protected"].as_str().unwrap().as_bytes(),
    };
    let bytes = |name: &str| decode(flattened[name].as_str().unwrap()).unwrap();
    let packed = lock.open(&bytes("ciphertext"), &bytes("tag")).unwrap();
    let plain = compression::inflate(&packed, 1000).unwrap();
    assert_eq!(String::from_utf8(plain).unwrap(), part(vector, "payload"));
}

#[test]
fn the_nested_object_of_section_6_is_opened() {
    let vector = &json("rfc7520.json")["nested"];
    let signers = [certificate("hobbiton.crt.pem")];
    for form in ["compact", "flattened", "general"] {
        let object = part(vector, form);
        let signed = jwe::decrypt_any(&object, &nested(), &key("samwise.key.pem")).unwrap();
        let signed = String::from_utf8(signed).unwrap();
        let payload = jws::verify(&signed, Signature::Ps256, &signers).unwrap();
        assert_eq!(String::from_utf8(payload).unwrap(), part(vector, "payload"));
    }
}

fn choice<T: serde::de::DeserializeOwned>(object: &Value, name: &str) -> Option<T> {
    serde_json::from_value(object[name].clone()).ok()
}

#[test]
fn objects_of_another_implementation_are_opened() {
    let objects = json("objects.json");
    let signers = [certificate("register.crt.pem")];
    let mut opened = 0;
    for object in objects.as_array().unwrap() {
        let Some(key_wrap) = choice(object, "algorithm") else {
            assert_eq!(object["algorithm"], "RSA1_5", "the only one that the double does not have");
            continue;
        };
        let compression = match object["compression"].as_str().unwrap() {
            "none" => Compression::None,
            "zip" => Compression::JweZip,
            "raw deflate" => Compression::Deflate,
            "zlib" => Compression::Zlib,
            _ => Compression::Gzip,
        };
        let profile = Profile {
            signature: choice(object, "signature").unwrap(),
            content: choice(object, "encryption").unwrap(),
            key_wrap,
            compression,
            ..Profile::default()
        };
        let own = certificate("repository.crt.pem");
        let key = key("repository.key.pem");
        let signed = jwe::decrypt(&part(object, "text"), &profile, &own, &key, 1 << 20).unwrap();
        let signed = String::from_utf8(signed).unwrap();
        let payload = jws::verify(&signed, profile.signature, &signers).unwrap();
        let payload = compression::unpack(payload, compression, 1 << 20).unwrap();
        assert_eq!(String::from_utf8(payload).unwrap(), part(object, "payload"));
        opened += 1;
    }
    assert_eq!(opened, 15);
}
