//! Records that can be read only with a key: what lies in a file or a database of a fleet is often
//! a token.
//!
//! A sealed value is: one byte for the form (1), four for the number of the key (big-endian),
//! twelve for the nonce, the text encrypted with AES-256-GCM (NIST SP 800-38D), and sixteen bytes
//! of tag. Form, number and the record's key are authenticated with it.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use common_core::{
    secret::{ExposeSecret, SecretBytes},
    store::{
        Change, Expect, Lease, Record, Records, StoreError, StoreErrorKind, StoreResult, Swap,
    },
};

const FORM: u8 = 1;

/// Form and number of the key.
const HEAD: usize = 5;

/// A key that seals records: 256 bits and a number that tells it from the keys before it.
///
/// The key is zeroised when dropped and never printed. One key may seal 2^32 values: nonces are
/// drawn at random, and beyond that two of them may meet (NIST SP 800-38D, section 8.3).
#[derive(Debug)]
pub struct SealKey {
    number: u32,
    key: SecretBytes,
}

/// The bytes given are no key of 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key that seals records has 32 bytes, and this one has {length}")]
pub struct SealKeyError {
    length: usize,
}

impl SealKey {
    /// The key with that number, made of 32 bytes that must be random.
    pub fn new(number: u32, key: SecretBytes) -> Result<Self, SealKeyError> {
        let length = key.expose_secret().len();
        if length == AES_256_GCM.key_len() {
            Ok(Self { number, key })
        } else {
            Err(SealKeyError { length })
        }
    }

    /// The number that values sealed with this key carry.
    pub fn number(&self) -> u32 {
        self.number
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, StoreError> {
        RandomizedNonceKey::new(&AES_256_GCM, self.key.expose_secret())
            .map_err(|_| StoreError::unavailable("the cipher cannot be set up"))
    }

    fn seal(&self, name: &str, mut value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let head = head(self.number);
        // The value is encrypted where it lies, so that no plain copy is left behind.
        let (nonce, tag) = self
            .cipher()?
            .seal_in_place_separate_tag(Aad::from(bound(head, name)), &mut value)
            .map_err(|_| StoreError::unavailable("the value cannot be sealed"))?;
        Ok([&head[..], nonce.as_ref(), &value, tag.as_ref()].concat())
    }

    fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, mut text) = sealed.split_at_checked(NONCE_LEN).map(|(n, t)| (n, t.to_vec()))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let aad = Aad::from(bound(head(self.number), name));
        let length = self.cipher().ok()?.open_in_place(nonce, aad, &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

fn head(number: u32) -> [u8; HEAD] {
    let [a, b, c, d] = number.to_be_bytes();
    [FORM, a, b, c, d]
}

/// What is authenticated beside the value.
fn bound(head: [u8; HEAD], name: &str) -> Vec<u8> {
    [&head[..], name.as_bytes()].concat()
}

/// Records whose values are sealed on the way in and opened on the way out.
///
/// Sealed is the value alone. Keys, versions and ends stand there readable, and whoever can write
/// to the store can put back an older value of the same key; a value moved to another key is
/// refused.
///
/// To change the key, give the new one first and the old ones with [`also_opens`](Self::also_opens);
/// every value that is put from then on carries the new one.
///
/// # Errors
///
/// A value that none of the keys opens, or that was altered, is
/// [`Corrupt`](StoreErrorKind::Corrupt), without a word about why. `swap` meets it only when it
/// has to show the value in a conflict; it can be overwritten with `Expect::Anything` or with its
/// version.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// use common_core::{clock::SystemClock, secret::secret_bytes};
/// use common_store::{Change, Expect, MemoryStore, Records, SealKey, SealedRecords};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new(Arc::new(SystemClock::new()));
/// // Yours comes from where secrets are kept, and is random.
/// let key = SealKey::new(1, secret_bytes(vec![7; 32]))?;
/// let sealed = SealedRecords::new(store.clone(), key);
///
/// let token = Change::Put { value: b"token".to_vec(), expires_at: None };
/// sealed.swap("token/1", Expect::Anything, token, None).await?;
/// assert_eq!(sealed.get("token/1").await?.ok_or("gone")?.value, b"token");
/// assert_ne!(store.get("token/1").await?.ok_or("gone")?.value, b"token");
/// # Ok(()) }
/// ```
pub struct SealedRecords<R> {
    records: R,
    key: SealKey,
    older: Vec<SealKey>,
}

impl<R: Records> SealedRecords<R> {
    /// Seals and opens with this key.
    pub fn new(records: R, key: SealKey) -> Self {
        Self { records, key, older: Vec::new() }
    }

    /// Adds a key that opens what was sealed with it and seals nothing any more.
    #[must_use]
    pub fn also_opens(mut self, key: SealKey) -> Self {
        self.older.push(key);
        self
    }

    fn open(&self, name: &str, mut record: Record) -> Result<Record, StoreError> {
        let opened = record.value.split_at_checked(HEAD).and_then(|(start, sealed)| {
            let mut keys = std::iter::once(&self.key).chain(&self.older);
            keys.find(|key| head(key.number) == start)?.open(name, sealed)
        });
        let cannot = || StoreError::new(StoreErrorKind::Corrupt, "a sealed value cannot be opened");
        record.value = opened.ok_or_else(cannot)?;
        Ok(record)
    }

    fn seal(&self, name: &str, change: Change) -> Result<Change, StoreError> {
        match change {
            Change::Put { value, expires_at } => {
                Ok(Change::Put { value: self.key.seal(name, value)?, expires_at })
            }
            Change::Remove => Ok(Change::Remove),
        }
    }
}

impl<R: Records> Records for SealedRecords<R> {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        Box::pin(async move {
            let record = self.records.get(key).await?;
            record.map(|record| self.open(key, record)).transpose()
        })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap> {
        Box::pin(async move {
            let change = self.seal(key, change)?;
            match self.records.swap(key, expect, change, under).await? {
                Swap::Conflict(Some(record)) => Ok(Swap::Conflict(Some(self.open(key, record)?))),
                other => Ok(other),
            }
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        Box::pin(async move {
            let listed = self.records.list(prefix, after, limit).await?;
            listed
                .into_iter()
                .map(|(key, record)| self.open(&key, record).map(|record| (key, record)))
                .collect()
        })
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        self.records.sweep()
    }
}

impl<R: fmt::Debug> fmt::Debug for SealedRecords<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedRecords")
            .field("records", &self.records)
            .field("key", &self.key.number)
            .finish_non_exhaustive()
    }
}
