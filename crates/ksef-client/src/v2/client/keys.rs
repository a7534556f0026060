//! The authority's public keys, kept for a day (KSeF 2.0 facts §5).

use std::future::Future;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use common_http::Endpoint;
use ksef_crypto::seal::{AuthorityKey, RsaPadding, SessionKey, Usage};
use tokio::sync::Mutex;

use super::Client;
use crate::v2::{
    error::{Error, ErrorKind},
    security::PublicKeys,
    wire,
};

/// The keys that were fetched last; one caller fetches, the others wait for it.
#[derive(Default)]
pub(super) struct KeyRing(Mutex<Option<Fetched>>);

struct Fetched {
    at: DateTime<Utc>,
    keys: Vec<AuthorityKey>,
}

/// So long a list is kept that has the keys that are needed, and so long one that has not.
const KEPT: TimeDelta = TimeDelta::days(1);
const KEPT_IN_VAIN: TimeDelta = TimeDelta::minutes(1);

impl Client {
    /// The authority's public keys, each with what it may be used for and when; fetched once a day,
    /// and again after one was refused as withdrawn (21470), or when a list held none.
    pub async fn authority_keys(&self) -> Result<Vec<AuthorityKey>, Error> {
        self.keys_kept_for(KEPT).await
    }

    async fn keys_kept_for(&self, most: TimeDelta) -> Result<Vec<AuthorityKey>, Error> {
        let mut fetched = self.0.keys.0.lock().await;
        let now = self.clock().now();
        if let Some(kept) = fetched.as_ref().filter(|kept| kept.is_fresh(most, now)) {
            return Ok(kept.keys.clone());
        }
        let listed = self.send(&PublicKeys).await?;
        let keys: Vec<_> = listed.iter().filter_map(read).collect();
        *fetched = Some(Fetched { at: now, keys: keys.clone() });
        Ok(keys)
    }

    /// The key to use now: of that usage, valid, and the newest.
    ///
    /// When none of those that were fetched can be used, they are fetched again, once a minute at
    /// most: a key may have ended and its successor may have been published since.
    pub async fn authority_key(&self, usage: Usage) -> Result<AuthorityKey, Error> {
        for most in [KEPT, KEPT_IN_VAIN] {
            let keys = self.keys_kept_for(most).await?;
            if let Some(key) = AuthorityKey::select(&keys, usage, self.clock().now()) {
                return Ok(key.clone());
            }
        }
        let cause = "the authority lists no valid key for this";
        Err(Error::local(ErrorKind::Encryption, PublicKeys::INFO.name, cause))
    }

    /// Fetches the keys again before they are used next.
    pub async fn forget_authority_keys(&self) {
        *self.0.keys.0.lock().await = None;
    }

    /// Does something with a current key, and once more with a new one if it was withdrawn.
    pub(crate) async fn with_key<T, F>(
        &self,
        usage: Usage,
        mut call: impl FnMut(AuthorityKey) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let outcome = call(self.authority_key(usage).await?).await;
        if !matches!(&outcome, Err(error) if error.kind() == ErrorKind::KeyWithdrawn) {
            return outcome;
        }
        self.forget_authority_keys().await;
        call(self.authority_key(usage).await?).await
    }

    /// Declares the key of a session to the authority.
    pub(crate) fn declare(
        &self,
        key: &SessionKey,
        authority: &AuthorityKey,
    ) -> Result<wire::EncryptionInfo, Error> {
        let wrapped = authority
            .wrap(key, RsaPadding::OaepSha256, self.clock().now())
            .map_err(|error| Error::local(ErrorKind::Encryption, "session", error))?;
        let info = wire::EncryptionInfo::new(STANDARD.encode(wrapped), STANDARD.encode(key.iv()));
        Ok(info.public_key_id(authority.public_key().id()))
    }
}

impl Fetched {
    /// Keys that are older, or of a clock that was set back, are fetched again.
    fn is_fresh(&self, most: TimeDelta, now: DateTime<Utc>) -> bool {
        let most = if self.keys.is_empty() { KEPT_IN_VAIN } else { most };
        self.at <= now && now - self.at < most
    }
}

/// One that cannot be read is left out: it may be of a kind that is not known here.
fn read(listed: &wire::PublicKeyCertificate) -> Option<AuthorityKey> {
    let usages = listed.usage.iter().filter_map(|usage| match usage.known()? {
        wire::PublicKeyCertificateUsage::KsefTokenEncryption => Some(Usage::KsefTokenEncryption),
        wire::PublicKeyCertificateUsage::SymmetricKeyEncryption => {
            Some(Usage::SymmetricKeyEncryption)
        }
        #[allow(unreachable_patterns, reason = "the enumeration may grow")]
        _ => None,
    });
    let usages: Vec<_> = usages.collect();
    let key = AuthorityKey::from_base64(&listed.certificate).ok()?.limited_to(usages);
    Some(match (listed.valid_from, listed.valid_to) {
        (Some(from), Some(to)) => key.valid(from, to),
        _ => key,
    })
}

/// A key of 32 bytes and a vector of 16, from the cryptographic generator.
pub(crate) fn new_session_key() -> Result<SessionKey, Error> {
    let mut random = [0; 48];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_| Error::local(ErrorKind::Encryption, "session", "there is no randomness"))?;
    Ok(SessionKey::from_random(random))
}
