//! Signatures (RFC 7515).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaEncoding, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde_json::{Map, Value, json};

use super::{Broken, decode, encode, joined, text};
use crate::crk::certificate::{Certificate, PublicKey};
use crate::crk::pki::Repository;
use crate::crk::profile::{Form, Signature};

/// Three parts of a JWS, whatever form they came in.
struct Parts {
    protected: String,
    header: Map<String, Value>,
    payload: String,
    signature: String,
}

/// Signs with the key of the repository; `below` is the authority that issued it.
pub(in crate::crk) fn sign(
    payload: &[u8],
    algorithm: Signature,
    form: Form,
    repository: &Repository,
    below: &[u8],
) -> Result<String, Broken> {
    let leaf = match algorithm {
        Signature::Es256 => repository.elliptic_certificate.as_slice(),
        Signature::Rs256 | Signature::Ps256 => &repository.certificate.der,
    };
    let chain = [STANDARD.encode(leaf), STANDARD.encode(below)];
    let header = json!({"alg": algorithm.name(), "x5c": chain});
    let (protected, payload) = (encode(header.to_string()), encode(payload));
    let input = format!("{protected}.{payload}");
    let signature = encode(signature(input.as_bytes(), algorithm, repository)?);
    Ok(match form {
        Form::Compact => format!("{input}.{signature}"),
        Form::Flattened => {
            json!({"payload": payload, "protected": protected, "signature": signature}).to_string()
        }
        Form::General => {
            let one = json!({"protected": protected, "signature": signature});
            json!({"payload": payload, "signatures": [one]}).to_string()
        }
    })
}

fn signature(
    input: &[u8],
    algorithm: Signature,
    repository: &Repository,
) -> Result<Vec<u8>, Broken> {
    let random = SystemRandom::new();
    let padding: &dyn RsaEncoding = match algorithm {
        Signature::Rs256 => &RSA_PKCS1_SHA256,
        Signature::Ps256 => &RSA_PSS_SHA256,
        Signature::Es256 => {
            let signed = repository.elliptic.sign(&random, input).map_err(|_| Broken::Profile)?;
            return Ok(signed.as_ref().to_vec());
        }
    };
    let key = &repository.key.signing;
    let mut signed = vec![0; key.public().modulus_len()];
    key.sign(padding, &random, input, &mut signed).map_err(|_| Broken::Profile)?;
    Ok(signed)
}

/// The payload, if one of `signers` signed it with the algorithm.
///
/// An `x5c` in the header is believed in nothing, but it must name the certificate that verifies.
pub(in crate::crk) fn verify(
    object: &str,
    algorithm: Signature,
    signers: &[Certificate],
) -> Result<Vec<u8>, Broken> {
    let parts = read(object)?;
    super::expect(&parts.header, "alg", algorithm.name())?;
    let signature = decode(&parts.signature).ok_or(Broken::Form("JWS"))?;
    let input = format!("{}.{}", parts.protected, parts.payload);
    let good = signers.iter().find(|signer| is_signed(&signer.key, algorithm, &input, &signature));
    let signer = good.ok_or(Broken::Signature)?;
    if let Some(chain) = parts.header.get("x5c") {
        let leaf = chain.get(0).and_then(Value::as_str).and_then(|leaf| STANDARD.decode(leaf).ok());
        if leaf.as_deref() != Some(&signer.der) {
            return Err(Broken::Header("x5c"));
        }
    }
    decode(&parts.payload).ok_or(Broken::Form("JWS"))
}

fn is_signed(key: &PublicKey, algorithm: Signature, input: &str, signature: &[u8]) -> bool {
    let (method, key): (&dyn VerificationAlgorithm, &[u8]) = match (algorithm, key) {
        (Signature::Rs256, PublicKey::Rsa(key)) => (&RSA_PKCS1_2048_8192_SHA256, key),
        (Signature::Ps256, PublicKey::Rsa(key)) => (&RSA_PSS_2048_8192_SHA256, key),
        (Signature::Es256, PublicKey::Elliptic(key)) => (&ECDSA_P256_SHA256_FIXED, key),
        _ => return false,
    };
    UnparsedPublicKey::new(method, key).verify(input.as_bytes(), signature).is_ok()
}

fn read(object: &str) -> Result<Parts, Broken> {
    let object = super::unwrapped(object).ok_or(Broken::Form("JWS"))?;
    if object.starts_with('{') {
        return from_json(&object).ok_or(Broken::Form("JWS"))?;
    }
    let parts: Vec<&str> = object.split('.').collect();
    let [protected, payload, signature] = parts[..] else {
        return Err(Broken::Form("JWS"));
    };
    Ok(Parts {
        protected: protected.to_owned(),
        header: joined(protected, &[])?,
        payload: payload.to_owned(),
        signature: signature.to_owned(),
    })
}

/// Flattened, or general with exactly one signature.
fn from_json(object: &str) -> Option<Result<Parts, Broken>> {
    let object: Map<String, Value> = serde_json::from_str(object).ok()?;
    let signed = match object.get("signatures") {
        None => &object,
        Some(Value::Array(signatures)) => match &signatures[..] {
            [Value::Object(one)] if !object.contains_key("signature") => one,
            _ => return None,
        },
        Some(_) => return None,
    };
    let protected = text(signed, "protected")?;
    let beside = signed.get("header").and_then(Value::as_object);
    let header = match joined(protected, &[beside]) {
        Ok(header) => header,
        Err(broken) => return Some(Err(broken)),
    };
    Some(Ok(Parts {
        protected: protected.to_owned(),
        header,
        payload: text(&object, "payload")?.to_owned(),
        signature: text(signed, "signature")?.to_owned(),
    }))
}
