//! The keys that clients encrypt to, and the certificates that show them (KSeF 2.0 facts §5).
//!
//! The keys are made once per process, because making RSA keys is slow and nothing depends on their
//! value. Their certificates are made for each list, with the dates that it tells.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData as _, RsaKeySize,
    date_time_ymd,
};
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::{Oaep, RsaPrivateKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;

use super::KsefV2;
use super::problem::{Problem, moment};
use crate::front::Mood;
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
    pair: KeyPair,
    private: RsaPrivateKey,
    id: String,
}

impl Key {
    #[expect(clippy::expect_used, reason = "one library reads the key that the other just made")]
    fn new(usage: Usage) -> Self {
        let pair = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048)
            .expect("randomness for an RSA key");
        let private = RsaPrivateKey::from_pkcs8_der(&pair.serialize_der()).expect("a PKCS#8 key");
        let id = base64(&sha256(&pair.subject_public_key_info()));
        Self { usage, pair, private, id }
    }

    /// A certificate with that validity.
    #[expect(clippy::expect_used, reason = "one library signs with the key that it made itself")]
    fn certificate(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<u8> {
        let since =
            |moment: DateTime<Utc>| (moment - DateTime::UNIX_EPOCH).to_std().unwrap_or_default();
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(1970, 1, 1) + since(from);
        params.not_after = date_time_ymd(1970, 1, 1) + since(to);
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "PL");
        name.push(DnType::OrganizationName, "Piaskownica Krajowego Systemu e-Faktur");
        name.push(DnType::CommonName, "Klucz piaskownicy");
        params.distinguished_name = name;
        params.self_signed(&self.pair).expect("a certificate").der().to_vec()
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

/// `GET /security/public-key-certificates`; in no order when hostile.
pub(super) fn list(ksef: &KsefV2) -> Reply {
    let rotation = ksef.with_store(|store| store.settings.rotation);
    let midnight = ksef.now().date_naive().and_time(NaiveTime::MIN).and_utc();
    let mut list: Vec<_> = in_force(rotation)
        .map(|(key, age)| {
            let from = midnight - TimeDelta::days(age);
            let to = from + TimeDelta::days(730);
            let certificate = key.certificate(from, to);
            json!({
                "certificate": base64(&certificate),
                "certificateId": base64(&sha256(&certificate)),
                "publicKeyId": key.id,
                "validFrom": moment(from),
                "validTo": moment(to),
                "usage": [key.usage.as_str()],
            })
        })
        .collect();
    if ksef.context().mood == Mood::Hostile {
        ksef.context().chance.shuffle(&mut list);
    }
    ksef.json(200, json!(list))
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
