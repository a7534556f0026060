//! The shared keys of a register in software, and the code on its receipts (source document,
//! section 2.4.9; CRK facts §3).
//!
//! A receipt of such a register carries a code that a service of the ministry checks. The keys come
//! from the repository, three days at a time; they are kept sealed in the [`Journal`], so that a
//! register sells on without a connection as long as it has the day's key. **What is computed with
//! them is not public**: neither the algorithm nor its input, nor the form of the code, nor what
//! stands in the QR code. So this crate computes none. Whoever has the ministry's document
//! implements [`ReceiptVerificationCode`].
//!
//! # Which day
//!
//! A key is found by its day and never by its place in the answer, whose days are not told. That
//! the day of a receipt is that of Polish time is an **assumption** ([`polish_day`]); the calls
//! here take the day from the caller.
//!
//! # When keys are fetched
//!
//! [`KeyRing::renew`] fetches when fewer than two later days are left (CRK facts §3). To be called
//! when a day begins and every few hours. [`KeyRing::for_day`] fetches only when the day has no
//! key, so that a sale does not wait for the network while there is one.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Warsaw;

use crate::{
    Client, Error,
    command::cpd::SharedKeys,
    ident::{SharedKey, UniqueNumber},
    journal::{Document, Journal, JournalError, JournalErrorKind},
};

/// How many later days must have a key for none to be fetched (CRK facts §3).
const ENOUGH: usize = 2;

/// The day of a moment in Polish time: an assumption about whose day a key is for.
///
/// ```
/// use ekasy_device::verification::polish_day;
///
/// let late = "2026-07-01T22:30:00Z".parse()?;
/// assert_eq!(polish_day(late).to_string(), "2026-07-02");
/// # Ok::<(), chrono::ParseError>(())
/// ```
pub fn polish_day(now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&Warsaw).date_naive()
}

/// The shared keys of one register: in its journal, and fetched when they run short.
///
/// Clones share the journal. What if the process dies? The keys that were kept are there at the
/// next start, and those that came meanwhile are fetched once more.
#[derive(Clone, Debug)]
pub struct KeyRing {
    client: Client,
    journal: Journal,
}

impl KeyRing {
    /// The keys of the client's register, kept in that journal, which must be the register's own.
    pub fn new(client: Client, journal: Journal) -> Self {
        Self { client, journal }
    }

    /// Fetches keys (CMD16) when fewer than two days behind today have one, and gives those that
    /// are kept then. A repository that gives fewer days than that is asked at every call.
    ///
    /// # Errors
    ///
    /// [`VerificationError`] when they could not be fetched or kept. The keys that are there stay:
    /// as long as [`for_day`](Self::for_day) finds one, selling goes on.
    pub async fn renew(&self) -> Result<SharedKeys, VerificationError> {
        let today = self.today();
        let is_enough =
            |kept: &SharedKeys| kept.for_day(today).is_some() && kept.days_after(today) >= ENOUGH;
        match self.kept().await?.filter(is_enough) {
            Some(kept) => Ok(kept),
            None => self.fetch(today).await,
        }
    }

    /// The key of a day, out of the journal; fetched when it is not there and the day is yesterday
    /// or later.
    ///
    /// # Errors
    ///
    /// [`VerificationError::NoKey`] when the repository gives none for that day, or another when it
    /// cannot be asked.
    pub async fn for_day(&self, day: NaiveDate) -> Result<SharedKey, VerificationError> {
        let kept = self.kept().await?;
        if let Some(key) = kept.as_ref().and_then(|kept| kept.for_day(day)) {
            return Ok(key.clone());
        }
        let today = self.today();
        if today.pred_opt().is_some_and(|yesterday| day < yesterday) {
            return Err(VerificationError::NoKey(day));
        }
        let fetched = self.fetch(today).await?;
        fetched.for_day(day).cloned().ok_or(VerificationError::NoKey(day))
    }

    /// The code of a receipt under the key of that day.
    ///
    /// # Errors
    ///
    /// As [`for_day`](Self::for_day), and [`VerificationError::Code`] when it cannot be computed.
    pub async fn code_of(
        &self,
        scheme: &dyn ReceiptVerificationCode,
        day: NaiveDate,
        receipt: &Document,
    ) -> Result<String, VerificationError> {
        let key = self.for_day(day).await?;
        let facts = ReceiptFacts { unique_number: self.client.unique_number(), day, receipt };
        scheme.code(&key, &facts).map_err(VerificationError::Code)
    }

    /// What the journal has; `None` when no seal opens it. The repository gives keys again, so a
    /// seal that was lost is no reason not to sell.
    async fn kept(&self) -> Result<Option<SharedKeys>, JournalError> {
        match self.journal.shared_keys().await {
            Err(error) if error.kind() == JournalErrorKind::Corrupt => Ok(None),
            kept => kept.map(Some),
        }
    }

    async fn fetch(&self, today: NaiveDate) -> Result<SharedKeys, VerificationError> {
        let keys = self.client.fetch_shared_keys().await.map_err(VerificationError::Call)?;
        Ok(self.journal.set_shared_keys(&keys, today).await?)
    }

    fn today(&self) -> NaiveDate {
        polish_day(self.client.clock().now())
    }
}

/// Computes the code that stands on a receipt.
///
/// **Assumption**: that the key of the day, the register's number and the receipt itself are all
/// that goes into it. The ministry's document on the service that checks the codes tells the
/// algorithm, and was not at hand; this crate has no implementation, so that none is taken for the
/// right one.
pub trait ReceiptVerificationCode: Send + Sync + fmt::Debug {
    /// The code as it is printed. The same receipt under the same key has the same code.
    ///
    /// # Errors
    ///
    /// [`CodeError`] for a receipt that has none.
    fn code(&self, key: &SharedKey, receipt: &ReceiptFacts<'_>) -> Result<String, CodeError>;
}

/// What is known of a receipt when its code is computed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReceiptFacts<'a> {
    /// The register.
    pub unique_number: &'a UniqueNumber,
    /// The day whose key is used.
    pub day: NaiveDate,
    /// The receipt as it is journalled: number and bytes.
    pub receipt: &'a Document,
}

/// A code cannot be computed. The sentence must hold no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CodeError(String);

impl CodeError {
    /// An error with one sentence in lower case.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// There is no key for a day, or no code for a receipt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerificationError {
    /// The repository could not be asked, or refused.
    #[error("the shared keys cannot be fetched")]
    Call(#[source] Error),
    /// The journal failed.
    #[error("the journal of the shared keys failed")]
    Journal(#[from] JournalError),
    /// There is no key for that day.
    #[error("there is no shared key for {0}")]
    NoKey(NaiveDate),
    /// The code cannot be computed.
    #[error("the code of the receipt cannot be computed")]
    Code(#[source] CodeError),
}
