//! The queue of invoices that were issued offline: what was printed, until when they have to be sent,
//! and the outages that move it (KSeF 2.0 facts §15 and §16).

use chrono::{DateTime, Utc};
use common_core::store::{Change, Expect, Position, Swap, Version};
use ksef_crypto::link::InvoiceHash;

use super::{Draft, Fate, Issue, Outbox, draft::Waiting};
use crate::{
    check::{Profile, check},
    v2::{
        Environment, FormCode,
        durable::DurableError,
        latarnia::News,
        offline::{Codes, Deadline, Due, Issuer, Outage, Outages},
    },
};

/// So many invoices are read from the store at a time.
const SLICE: usize = 32;

/// An invoice that was issued offline: it is in the outbox, and this is what to print on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OfflineInvoice {
    /// KOD I and KOD II.
    pub codes: Codes,
    /// What is known of it; more than [`Fate::Waiting`] when it was put in before.
    pub fate: Fate,
}

/// An invoice that waits, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dated {
    /// The hash of its bytes.
    pub hash: InvoiceHash,
    /// How it was issued.
    pub issue: Issue,
    /// Until when it has to be sent, and by which rule.
    pub deadline: Deadline,
}

/// The invoices issued offline whose fate is not known yet, the nearest deadline first.
///
/// Some of them may have been sent in time: KSeF counts the moment of sending, and tells it with the
/// fate ([`Issued::invoicing_date`](super::Issued)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timetable {
    dated: Vec<Dated>,
}

impl Timetable {
    /// All of them: by the moment at which each is missed, then those whose outage has not ended,
    /// then those without a duty.
    pub fn all(&self) -> &[Dated] {
        &self.dated
    }

    /// Those whose deadline was missed by that moment.
    pub fn overdue(&self, now: DateTime<Utc>) -> &[Dated] {
        let missed = |dated: &Dated| dated.deadline.is_missed(now);
        &self.dated[..self.dated.partition_point(missed)]
    }
}

impl Outbox {
    /// Issues an invoice offline: it is put in, and the codes to print on it are made and kept. Both
    /// are durable when this returns.
    ///
    /// The draft says how and on which day it was [issued](Draft::offline); otherwise this is
    /// [`DurableError::NotOffline`]. That day and the issuer's seller have to be those of the invoice,
    /// or its codes would lead nowhere ([`DurableError::CodesDiffer`]). Called again with the same bytes, by another process or years
    /// later, it gives the codes that were printed, which are not made a second time. An invoice
    /// that is issued in a failure of everything needs no codes, and is simply [put in](Self::put).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use common_core::{clock::SystemClock, ident::Nip, store::Store};
    /// # use common_store::MemoryStore;
    /// use ksef_client::v2::{
    ///     FormCode,
    ///     offline::{Issuer, Mode},
    ///     outbox::{Draft, Outbox},
    /// };
    /// use ksef_crypto::{link::Environment, qr::Correction};
    ///
    /// # use ksef_crypto::{certificate::Certificate, keys::{LocalSigner, PrivateKey}};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
    /// # let read = |name: &str| {
    /// #     std::fs::read_to_string(format!("../../fixtures/ksef/vectors/links/p256.{name}.pem"))
    /// # };
    /// # let certificate = Certificate::from_pem(&read("crt")?)?;
    /// # let signer = LocalSigner::new(PrivateKey::from_pem(&read("key")?)?, certificate)?;
    /// let issuer = Issuer::new(Environment::Test, Nip::parse("9990000103")?, signer);
    /// let outbox = Outbox::new(store, "nip-9990000103")?;
    ///
    /// let draft = Draft::new(&b"<Faktura/>"[..], FormCode::FA_3)
    ///     .offline(Mode::Offline24, "2026-02-06".parse()?);
    /// let codes = outbox.issue(&draft, &issuer).await?.codes;
    /// let [kod_i, kod_ii] = codes.symbols(Correction::Medium)?;
    /// assert!(kod_i.svg().contains("OFFLINE") && kod_ii.svg().contains("CERTYFIKAT"));
    ///
    /// // A Friday; there is time until the end of Monday.
    /// let waiting = outbox.timetable().await?;
    /// assert_eq!(waiting.all()[0].deadline.moment(), Some("2026-02-09T23:00:00Z".parse()?));
    /// assert_eq!(waiting.overdue("2026-02-09T22:00:00Z".parse()?), []);
    ///
    /// // Whenever they are needed again:
    /// assert_eq!(outbox.codes(&draft.hash()).await?, Some(codes));
    /// # Ok(()) }
    /// ```
    pub async fn issue(
        &self,
        draft: &Draft,
        issuer: &Issuer,
    ) -> Result<OfflineInvoice, DurableError> {
        let issue = draft.issue().ok_or(DurableError::NotOffline)?;
        let hash = draft.hash();
        let codes = if let Some(codes) = self.codes(&hash).await? {
            codes
        } else {
            self.check(draft)?;
            check_codes(draft, issue, issuer)?;
            let made = issuer.codes(issue.day, hash).map_err(DurableError::Signature)?;
            self.keep_codes(&hash, made).await?
        };
        let fate = self.put(draft).await?;
        Ok(OfflineInvoice { codes, fate })
    }

    /// The codes that were made for an invoice; `None` when it was not [issued](Self::issue) offline
    /// here, or was forgotten.
    pub async fn codes(&self, hash: &InvoiceHash) -> Result<Option<Codes>, DurableError> {
        let record = self.store.get(&self.names.codes(hash)).await?;
        record.map(|record| read_codes(&record.value)).transpose()
    }

    /// Keeps codes, or gives those that somebody else was quicker to keep.
    async fn keep_codes(&self, hash: &InvoiceHash, made: Codes) -> Result<Codes, DurableError> {
        // Texts cannot fail to be written.
        let value = serde_json::to_vec(&made).unwrap_or_default();
        let change = Change::Put { value, expires_at: None };
        match self.store.swap(&self.names.codes(hash), Expect::Absent, change, None).await? {
            Swap::Conflict(Some(record)) => read_codes(&record.value),
            _ => Ok(made),
        }
    }

    /// What waits to be sent by when, with all outages that are known. Call it again whenever an
    /// outage is announced or ends: deadlines move by it.
    pub async fn timetable(&self) -> Result<Timetable, DurableError> {
        let outages = self.outages().await?;
        let mut dated: Vec<Dated> = Vec::new();
        let mut after = Position::START;
        loop {
            let slice = self.waiting(after, SLICE).await?;
            let Some(last) = slice.last() else { break };
            after = last.position;
            for Waiting { position, hash, issue, .. } in slice {
                let Some(issue) = issue else { continue };
                // One that was put in otherwise since stands elsewhere.
                let known = self.known(&hash).await?.and_then(|(known, _)| known.place());
                if known.is_none_or(|place| place == position) {
                    dated.push(Dated { hash, issue, deadline: issue.deadline(&outages) });
                }
            }
        }
        dated.sort_by_key(|dated| (order(&dated.deadline), dated.hash));
        dated.dedup_by_key(|dated| dated.hash);
        Ok(Timetable { dated })
    }

    /// The outages that are known: what Latarnia told to carriers, also when it is silent now or has
    /// forgotten them, and what was entered.
    pub async fn outages(&self) -> Result<Vec<Outage>, DurableError> {
        Ok(self.known_outages().await?.0.all())
    }

    /// Enters an outage that Latarnia does not tell, as one that was announced elsewhere; in place of
    /// one of the same kind and beginning, so that its end can be entered later.
    pub async fn enter_outage(&self, outage: &Outage) -> Result<(), DurableError> {
        self.change_outages(|outages| outages.enter(outage.clone())).await
    }

    /// Takes back an outage that was entered, or that Latarnia told by mistake.
    pub async fn strike_out_outage(&self, outage: &Outage) -> Result<(), DurableError> {
        self.change_outages(|outages| outages.strike_out(outage)).await
    }

    /// Keeps what Latarnia tells ([`Outages::hear`]). Carriers that heed it do so by themselves.
    pub async fn hear(&self, news: &News) -> Result<(), DurableError> {
        self.change_outages(|outages| _ = outages.hear(news)).await
    }

    async fn change_outages(&self, change: impl Fn(&mut Outages)) -> Result<(), DurableError> {
        loop {
            let (known, version) = self.known_outages().await?;
            let mut changed = known.clone();
            change(&mut changed);
            if changed == known {
                return Ok(());
            }
            // Texts and dates cannot fail to be written.
            let value = serde_json::to_vec(&changed).unwrap_or_default();
            let change = Change::Put { value, expires_at: None };
            let expect = version.map_or(Expect::Absent, Expect::Version);
            let swap = self.store.swap(self.names.outages(), expect, change, None).await?;
            if matches!(swap, Swap::Done(_)) {
                return Ok(());
            }
        }
    }

    async fn known_outages(&self) -> Result<(Outages, Option<Version>), DurableError> {
        let Some(record) = self.store.get(self.names.outages()).await? else {
            return Ok((Outages::default(), None));
        };
        let known = serde_json::from_slice(&record.value);
        let known = known.map_err(|_| DurableError::Corrupt("the outages"))?;
        Ok((known, Some(record.version)))
    }
}

/// Holds what the codes would say against the invoice (KSeF 2.0 facts §15.2), as far as that can be
/// read; what the codes of `FA_RR` name is not documented.
fn check_codes(draft: &Draft, issue: Issue, issuer: &Issuer) -> Result<(), DurableError> {
    let report = check(draft.bytes(), &Profile::at(&Environment::Test));
    if report.schema() == Some(&FormCode::FA_RR) {
        return Ok(());
    }
    if report.seller().is_some_and(|seller| seller != issuer.seller().as_str()) {
        return Err(DurableError::CodesDiffer("seller"));
    }
    if report.issued_on().is_some_and(|day| day != issue.day) {
        return Err(DurableError::CodesDiffer("day of issue"));
    }
    Ok(())
}

fn read_codes(value: &[u8]) -> Result<Codes, DurableError> {
    serde_json::from_slice(value).map_err(|_| DurableError::Corrupt("the codes of an invoice"))
}

/// The nearest first; those without a day behind those with one.
fn order(deadline: &Deadline) -> (u8, Option<DateTime<Utc>>) {
    let class = match deadline.due {
        Due::On(_) => 0,
        Due::AfterOutage => 1,
        Due::NoDuty => 2,
    };
    (class, deadline.moment())
}
