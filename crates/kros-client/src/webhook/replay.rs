//! What keeps a repeated notification from being handled twice.
//!
//! A notification carries no time and no identifier of its own (KROS facts §3), and the service
//! repeats it until it is answered with 2xx (KROS facts §2), so a signature says who sent it and
//! nothing about when or how often.
//! The receiver has to remember what it has seen.

use std::fmt;

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use common_core::store::StoreResult;

use super::RequestId;

/// What one notification is remembered by: its request and the digest of its body.
///
/// The digest covers identifiers, outcome and everything else, so two notifications about one
/// request have different keys and a repetition has the same one.
/// So have, without a request's identifier, news that say the same again, as when an invoice is
/// paid, not paid, and paid again: nothing in them tells them from a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplayKey {
    request_id: Option<RequestId>,
    digest: [u8; 32],
}

impl ReplayKey {
    /// The key of a notification about `request_id` with a body of this SHA-256.
    pub const fn new(request_id: Option<RequestId>, digest: [u8; 32]) -> Self {
        Self { request_id, digest }
    }

    /// The key of a notification about `request_id` with this body.
    pub fn of_body(request_id: Option<RequestId>, body: &[u8]) -> Self {
        Self::new(request_id, digest_of(body))
    }

    /// The request that the notification is about.
    pub const fn request_id(&self) -> Option<RequestId> {
        self.request_id
    }

    /// SHA-256 of the body.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

pub(super) fn digest_of(body: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, body).as_ref());
    bytes
}

/// What the store knows about a notification that has just arrived.
#[derive(Debug)]
#[must_use = "a claim that is never settled blocks the notification until it lapses"]
pub enum Seen {
    /// The caller is to handle it, and to settle the claim afterwards.
    Claimed(Claim),
    /// Another receiver is handling it. Answer with an error, so that the sender repeats it.
    InProgress {
        /// When that receiver's claim lapses.
        until: DateTime<Utc>,
    },
    /// It was handled. Answer 2xx and do nothing.
    Handled {
        /// When it was.
        at: DateTime<Utc>,
    },
}

/// The right to handle one notification, until it is completed, abandoned or lapses.
///
/// Not clonable: a claim is settled once.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a claim that is never settled blocks the notification until it lapses"]
pub struct Claim {
    key: ReplayKey,
    attempt: u32,
    arrival: Arrival,
    until: DateTime<Utc>,
}

impl Claim {
    /// A claim, made by a [`ReplayGuard`] when it has recorded it.
    ///
    /// `attempt` counts the claims of this key from 1. It tells the present claim from an earlier
    /// one that lapsed.
    pub const fn new(key: ReplayKey, attempt: u32, arrival: Arrival, until: DateTime<Utc>) -> Self {
        Self { key, attempt, arrival, until }
    }

    /// What is claimed.
    pub const fn key(&self) -> &ReplayKey {
        &self.key
    }

    /// Which attempt to handle it this is, from 1.
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How the notification relates to what came before.
    pub const fn arrival(&self) -> Arrival {
        self.arrival
    }

    /// When the claim lapses, after which a repetition may be given to another receiver.
    pub const fn until(&self) -> DateTime<Utc> {
        self.until
    }
}

/// How a notification that is to be handled relates to what came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Arrival {
    /// Nothing is remembered about it or its request.
    First,
    /// Another notification about the same request is remembered: this one brings news, or the
    /// same news written differently.
    Follows,
    /// The same notification was claimed before and never completed: the receiver failed, or died
    /// between doing its work and saying so. Look before doing the work again.
    Retried {
        /// How many attempts came before this one.
        attempts: u32,
    },
}

/// Whether a claim was still the present one when it was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a claim that was taken over means that the notification is handled twice"]
pub enum Settled {
    /// It was, and the store remembers the result.
    Recorded,
    /// The claim had lapsed and another receiver took over; what that one does counts.
    TakenOver,
}

/// Remembers notifications, so that each is handled once, or again only knowingly.
///
/// [`begin`](Self::begin) before the work, then [`complete`](Self::complete) or
/// [`abandon`](Self::abandon) after it. The store keeps three states per key:
///
/// | state | left by | a repetition is |
/// |---|---|---|
/// | claimed until a time | `begin` | refused until then, afterwards claimed as `Retried` |
/// | open | `abandon` | claimed as `Retried` |
/// | handled | `complete` | recognised as `Handled` |
///
/// A receiver that dies leaves its claim behind, which lapses: nothing is lost, and the next
/// attempt is told that an earlier one may have done the work.
/// Where the work and the mark can be one database transaction, implement this trait over that
/// database and complete inside it: then nothing is done twice at all.
///
/// [`MemoryReplayGuard`](super::MemoryReplayGuard) is for one process,
/// [`StoredReplayGuard`](super::StoredReplayGuard) for one that restarts and for several.
///
/// A key without a request's identifier may be remembered as handled for about as long as the
/// sender repeats only: news that say the same as before have the same key, and are never handled
/// while it is remembered. The two guards of this crate take an hour. How long the service repeats
/// is not known (KROS facts §2); a repetition that comes later is handled again, which does no harm
/// to who fetches the document before acting.
///
/// A store that fails is no answer: answer the sender with an error, so that it repeats the
/// notification.
///
/// A shared store does `begin` as one atomic step (`INSERT … ON CONFLICT`, compare-and-set) and
/// compares [`Claim::attempt`] in the other two.
pub trait ReplayGuard: Send + Sync {
    /// Claims a notification, or tells why not.
    fn begin<'a>(&'a self, key: &'a ReplayKey, now: DateTime<Utc>) -> StoreResult<'a, Seen>;

    /// Remembers that the work is done.
    fn complete(&self, claim: Claim, now: DateTime<Utc>) -> StoreResult<'_, Settled>;

    /// Gives the notification back, so that the sender's next attempt is handled at once.
    fn abandon(&self, claim: Claim, now: DateTime<Utc>) -> StoreResult<'_, Settled>;
}

impl<G: ReplayGuard + ?Sized> ReplayGuard for std::sync::Arc<G> {
    fn begin<'a>(&'a self, key: &'a ReplayKey, now: DateTime<Utc>) -> StoreResult<'a, Seen> {
        (**self).begin(key, now)
    }

    fn complete(&self, claim: Claim, now: DateTime<Utc>) -> StoreResult<'_, Settled> {
        (**self).complete(claim, now)
    }

    fn abandon(&self, claim: Claim, now: DateTime<Utc>) -> StoreResult<'_, Settled> {
        (**self).abandon(claim, now)
    }
}

impl fmt::Display for ReplayKey {
    /// The request identifier, or `-`, and the first eight bytes of the digest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.request_id {
            Some(id) => write!(f, "{id}/")?,
            None => f.write_str("-/")?,
        }
        self.digest[..8].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
