//! Sealing and opening a package, against the same operations called straight on the libraries.
//!
//! The reference compresses with flate2, signs and encrypts the key with aws-lc-rs, encrypts with
//! aes-gcm and writes base64url, with a ready header and nothing else: no certificates are read or
//! checked, no rule of a profile is asked, and the signature is not verified after signing.
//! What it seals is opened by this crate and the other way round, so both do the same work.

use std::fs;
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, Utc};
use ekasy_device::jose::{
    Certificate, Compression, CryptoProfile, Entropy, OpenLimits, RecipientKey, SoftwareKey, Trust,
};
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde_json::json;

use super::{Failure, medians, row};

/// Bytes of the structure that is sealed.
const PACKAGE: usize = 256_000;

/// What a figure may cost, as a multiple of its reference.
const GOAL: f64 = 1.3;

const RANDOM: [u8; Entropy::LENGTH] = [0x5A; Entropy::LENGTH];

/// Measures and prints the figures.
pub(super) fn run(samples: usize) -> Result<(), Failure> {
    let now: DateTime<Utc> = "2026-03-02T10:00:00Z".parse()?;
    let plain = package();
    let parties = Parties::read()?;
    let bare = Bare::read(&parties)?;
    let trust = Trust::issued_by([parties.root.clone()]);
    let limits = OpenLimits::default();
    for (name, compression) in [("", Compression::JweZip), (", uncompressed", Compression::None)] {
        let mut profile = CryptoProfile::default();
        profile.writing.data_compression = compression;
        let zip = compression == Compression::JweZip;
        let seal = || {
            let entropy = Entropy::from_random(RANDOM);
            profile.seal_data(&plain, &parties.recipient, &parties.register, entropy)
        };
        let open = |text: &str| profile.open(text, &parties.repository, &trust, now, &limits);
        let sealed = seal()?.into_string();
        assert!(bare.open(&sealed, zip)? == plain, "both must do the same work");
        assert!(open(&bare.seal(&plain, zip)?)?.payload() == plain, "both must do the same work");

        let ours = || seal().map(|sealed| drop(black_box(sealed))).map_err(Failure::from);
        let theirs = || bare.seal(&plain, zip).map(|sealed| drop(black_box(sealed)));
        let figure = format!("seal a package of 256 kB{name}");
        row(&figure, "the bare libraries", medians(samples, ours, theirs)?, GOAL);
        let ours = || open(&sealed).map(|opened| drop(black_box(opened))).map_err(Failure::from);
        let theirs = || bare.open(&sealed, zip).map(|plain| drop(black_box(plain)));
        let figure = format!("open a package of 256 kB{name}");
        row(&figure, "the bare libraries", medians(samples, ours, theirs)?, GOAL);
    }
    Ok(())
}

/// Receipts whose numbers differ, as many as fit.
fn package() -> Vec<u8> {
    let mut text = String::from(r#"{"JPK":{"naglowek":{"wersja":"JPK_KASA_v2-0"},"content":["#);
    let mut number = 1_u64;
    while text.len() < PACKAGE - 400 {
        let gross = number.wrapping_mul(6_364_136_223_846_793_005) >> 48;
        let (tax, second) = (gross * 23 / 123, number % 60);
        let receipt = json!({ "paragon": {
            "JPKID": number,
            "nrDok": number,
            "pozycja": [{ "towar": {
                "nazwa": format!("Towar {}", gross % 997),
                "ilosc": "1",
                "cena": gross,
                "brutto": gross,
                "idStPTU": "A",
                "oper": false,
            } }],
            "podsum": { "sumaBrutto": gross, "sumaPod": tax, "waluta": "PLN" },
            "zakSprzed": format!("2026-03-02T10:00:{second:02}.000Z"),
        } });
        text.push_str(&receipt.to_string());
        text.push(',');
        number += 1;
    }
    text.pop();
    text.push_str("]}}");
    text.into_bytes()
}

fn vector(name: &str) -> Result<String, Failure> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(fs::read_to_string(path.join("../../fixtures/crk/vectors/jose").join(name))?)
}

/// The register and the repository of the vectors.
struct Parties {
    register: SoftwareKey,
    repository: SoftwareKey,
    recipient: RecipientKey,
    root: Certificate,
}

impl Parties {
    fn read() -> Result<Self, Failure> {
        let key = |name: &str| -> Result<SoftwareKey, Failure> {
            let chain = Certificate::chain_from_pem(&vector(&format!("{name}.crt.pem"))?)?;
            Ok(SoftwareKey::from_pem(&vector(&format!("{name}.key.pem"))?, chain)?)
        };
        let recipient = Certificate::from_pem(&vector("repository.crt.pem")?)?;
        Ok(Self {
            register: key("register")?,
            repository: key("repository")?,
            recipient: RecipientKey::from_certificate(&recipient)?,
            root: Certificate::from_pem(&vector("root.crt.pem")?)?,
        })
    }
}

/// The same keys in the types of the library, and ready headers.
struct Bare {
    signing: KeyPair,
    verifying: Vec<u8>,
    encrypting: OaepPublicEncryptingKey,
    decrypting: OaepPrivateDecryptingKey,
    signature_header: String,
}

impl Bare {
    fn read(parties: &Parties) -> Result<Self, Failure> {
        let der = |name: &str| -> Result<Vec<u8>, Failure> {
            let text = vector(name)?;
            let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
            Ok(STANDARD.decode(body)?)
        };
        let public = parties.recipient.certificate().spki_der();
        let register = Certificate::chain_from_pem(&vector("register.crt.pem")?)?;
        let chain: Vec<String> = register.iter().map(Certificate::to_base64).collect();
        let header = format!(r#"{{"alg":"RS256","x5c":["{}"]}}"#, chain.join("\",\""));
        let decrypting = PrivateDecryptingKey::from_pkcs8(&der("repository.key.pem")?)?;
        Ok(Self {
            signing: KeyPair::from_pkcs8(&der("register.key.pem")?)?,
            verifying: register[0].spki_der().to_vec(),
            encrypting: OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(public)?)?,
            decrypting: OaepPrivateDecryptingKey::new(decrypting)?,
            signature_header: BASE64.encode(header),
        })
    }

    fn seal(&self, plain: &[u8], zip: bool) -> Result<String, Failure> {
        let signed = format!("{}.{}", self.signature_header, BASE64.encode(plain));
        let mut signature = vec![0; self.signing.public_modulus_len()];
        let random = SystemRandom::new();
        self.signing.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)?;
        let signed = format!("{signed}.{}", BASE64.encode(signature));
        let (content, zip) = if zip {
            let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(signed.as_bytes())?;
            (encoder.finish()?, r#","zip":"DEF""#)
        } else {
            (signed.into_bytes(), "")
        };
        let header = BASE64.encode(format!(r#"{{"alg":"RSA-OAEP-256","enc":"A256GCM"{zip}}}"#));
        let mut key = vec![0; self.encrypting.key_size_bytes()];
        self.encrypting.encrypt(&OAEP_SHA256_MGF1SHA256, &RANDOM[..32], &mut key, None)?;
        let cipher = Aes256Gcm::new_from_slice(&RANDOM[..32])?;
        let nonce = RANDOM[..12].try_into()?;
        let payload = Payload { msg: &content, aad: header.as_bytes() };
        let sealed = cipher.encrypt(nonce, payload).map_err(|_| "not encrypted")?;
        let (text, tag) = sealed.split_at(sealed.len() - 16);
        let parts = [&key, &RANDOM[..12], text, tag].map(|part| BASE64.encode(part));
        Ok(format!("{header}.{}", parts.join(".")))
    }

    fn open(&self, text: &str, zip: bool) -> Result<Vec<u8>, Failure> {
        let parts: Vec<&str> = text.split('.').collect();
        let [header, key, iv, content, tag] = parts.as_slice() else {
            return Err("five parts".into());
        };
        let mut out = vec![0; self.decrypting.key_size_bytes()];
        let key = BASE64.decode(key)?;
        let key = self.decrypting.decrypt(&OAEP_SHA256_MGF1SHA256, &key, &mut out, None)?;
        let mut sealed = BASE64.decode(content)?;
        sealed.extend(BASE64.decode(tag)?);
        let iv = BASE64.decode(iv)?;
        let payload = Payload { msg: &sealed, aad: header.as_bytes() };
        let cipher = Aes256Gcm::new_from_slice(key)?;
        let content = cipher.decrypt(iv.as_slice().try_into()?, payload);
        let content = content.map_err(|_| "not decrypted")?;
        let signed = if zip {
            let mut signed = String::new();
            DeflateDecoder::new(content.as_slice()).read_to_string(&mut signed)?;
            signed
        } else {
            String::from_utf8(content)?
        };
        let (input, signature) = signed.rsplit_once('.').ok_or("three parts")?;
        let signature = BASE64.decode(signature)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.verifying)
            .verify(input.as_bytes(), &signature)?;
        let (_, payload) = input.split_once('.').ok_or("three parts")?;
        Ok(BASE64.decode(payload)?)
    }
}
