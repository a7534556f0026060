//! The keys that clients encrypt to, and the certificates that show them (KSeF 2.0 facts §5).
//!
//! They are made once per process, because making RSA keys is slow and nothing depends on their
//! value.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData as _, RsaKeySize,
};
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::{Oaep, RsaPrivateKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;

use super::KsefV2;
use super::problem::{Problem, moment};
use crate::ksef::{base64, sha256};
use crate::reply::Reply;

static FIRST: LazyLock<[Key; 2]> = LazyLock::new(|| [Usage::Token, Usage::Symmetric].map(Key::new));
static SECOND: LazyLock<[Key; 2]> =
    LazyLock::new(|| [Usage::Token, Usage::Symmetric].map(Key::new));

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    Token,
    Symmetric,
}

/// Which keys are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rotation {
    /// The first ones.
    #[default]
    None,
    /// The first and the second ones, as before a planned change.
    Planned,
    /// Only the second ones, as after a change; the first are refused with 21470.
    Done,
}

struct Key {
    usage: Usage,
    private: RsaPrivateKey,
    certificate: Vec<u8>,
    id: String,
}

impl Key {
    #[expect(clippy::expect_used, reason = "one library reads the key that the other just made")]
    fn new(usage: Usage) -> Self {
        let pair = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048)
            .expect("randomness for an RSA key");
        let private = RsaPrivateKey::from_pkcs8_der(&pair.serialize_der()).expect("a PKCS#8 key");
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "PL");
        name.push(DnType::OrganizationName, "Piaskownica Krajowego Systemu e-Faktur");
        name.push(DnType::CommonName, "Klucz piaskownicy");
        params.distinguished_name = name;
        let certificate = params.self_signed(&pair).expect("a certificate").der().to_vec();
        let id = base64(&sha256(&pair.subject_public_key_info()));
        Self { usage, private, certificate, id }
    }
}

impl Usage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Token => "KsefTokenEncryption",
            Self::Symmetric => "SymmetricKeyEncryption",
        }
    }
}

fn in_force(rotation: Rotation) -> impl Iterator<Item = (&'static Key, i64)> {
    let first = (rotation != Rotation::Done).then(|| FIRST.iter()).into_iter().flatten();
    let second = (rotation != Rotation::None).then(|| SECOND.iter()).into_iter().flatten();
    first.map(|key| (key, 400)).chain(second.map(|key| (key, 1)))
}

/// `GET /security/public-key-certificates`.
pub(super) fn list(ksef: &KsefV2) -> Reply {
    let rotation = ksef.with_store(|store| store.settings.rotation);
    let today = ksef.now();
    let day = |days: i64| moment(midnight(today) + TimeDelta::days(days));
    let list: Vec<_> = in_force(rotation)
        .map(|(key, age)| {
            json!({
                "certificate": base64(&key.certificate),
                "certificateId": base64(&sha256(&key.certificate)),
                "publicKeyId": key.id,
                "validFrom": day(-age),
                "validTo": day(730 - age),
                "usage": [key.usage.as_str()],
            })
        })
        .collect();
    ksef.json(200, json!(list))
}

fn midnight(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.date_naive().and_time(chrono::NaiveTime::MIN).and_utc()
}

impl KsefV2 {
    /// What was encrypted to a key of that usage; the inner `None` when no key in force opens it,
    /// an error when the key that the request names is unknown or withdrawn.
    pub(super) fn unseal(
        &self,
        usage: Usage,
        sealed: &[u8],
        key_id: Option<&str>,
    ) -> Result<Option<Vec<u8>>, Problem> {
        let rotation = self.with_store(|store| store.settings.rotation);
        let fitting = in_force(rotation).map(|(key, _)| key).filter(|key| key.usage == usage);
        let keys: Vec<&Key> = fitting.filter(|key| key_id.is_none_or(|id| id == key.id)).collect();
        if let Some(id) = key_id.filter(|_| keys.is_empty()) {
            return Err(Problem::detailed(21470, format!("Klucz {id} nie jest obsługiwany.")));
        }
        let open = |key: &&Key| key.private.decrypt(Oaep::<Sha256>::new(), sealed).ok();
        Ok(keys.iter().find_map(open))
    }
}
