//! A program that uses the client while everything goes wrong around it, and does after each
//! failure what the documentation advises: creating orders.

use std::time::Duration;

use epp_client::{
    Client, Error, ErrorKind, Recovery,
    batch::{BatchTag, Lookup},
    model::NewPaymentOrder,
};
use rand::{RngExt, rngs::StdRng};
use sandbox::epp::Epp;
use tokio::time::{sleep, timeout};
use trial::Failure;

use crate::{
    judge::Verdict,
    ledger::{Books, Claim, Entry},
    plan::LONGEST_DELAY,
    tally::Row,
};

/// A read that fails is made again; the script of faults ends, so this is never used up.
pub(crate) const READS: usize = 80;

/// As often is a creation or a payment begun anew at most.
pub(crate) const ROUNDS: usize = 40;

/// After so long everything that a request may have set going has come to its end.
pub(crate) const SETTLED: Duration = Duration::from_millis(LONGEST_DELAY + 300);

/// One caller.
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) epp: Epp,
    pub(crate) rng: StdRng,
    pub(crate) verdict: Verdict,
    pub(crate) books: Books,
}

impl Caller {
    /// Creates its orders and pays them.
    pub(crate) async fn work(mut self) -> Result<(Books, Verdict), Failure> {
        self.create_all().await?;
        self.pay_all().await?;
        Ok((self.books, self.verdict))
    }

    /// Tries to create its orders at an address where nobody listens; nothing may be unknown.
    pub(crate) async fn shout(mut self) -> (Books, Verdict) {
        let tag = self.tag();
        let orders: Vec<_> = self.books.entries.iter().map(|one| one.order.clone()).collect();
        let batch = self.client.create_and_locate(&orders, &tag).await;
        for (entry, outcome) in self.books.entries.iter_mut().zip(batch.outcomes()) {
            let claim = Claim::of(outcome);
            if claim == Claim::NotSent {
                self.verdict.tally.count(Row::NotCreated);
            } else {
                let id = &entry.external_id;
                self.verdict.untrue(format!("{id} cannot be {claim:?}: nobody listened"));
            }
        }
        // They are nobody's orders, so that nobody waits for them in the end.
        (Books::default(), self.verdict)
    }

    async fn create_all(&mut self) -> Result<(), Failure> {
        for _ in 0..ROUNDS {
            let due: Vec<usize> = (0..self.books.entries.len())
                .filter(|at| self.books.entries[*at].is_due())
                .collect();
            if due.is_empty() {
                return Ok(());
            }
            self.create(&due).await?;
        }
        Err("the orders could not be created in any round".into())
    }

    /// Creates orders under a tag of their own, and looks again for what stayed unknown.
    async fn create(&mut self, due: &[usize]) -> Result<(), Failure> {
        let tag = self.tag();
        let orders: Vec<NewPaymentOrder> =
            due.iter().map(|at| self.books.entries[*at].order.clone()).collect();
        let creating = self.client.create_and_locate(&orders, &tag);
        let batch = match patience(&mut self.rng) {
            None => Some(creating.await),
            Some(patience) => timeout(patience, creating).await.ok(),
        };
        let mut claims = vec![Claim::Unknown; due.len()];
        match &batch {
            None => self.verdict.tally.count(Row::Cancelled),
            Some(batch) => {
                claims = batch.outcomes().iter().map(Claim::of).collect();
                if !batch.strangers().is_empty() {
                    self.verdict.untrue(format!("{tag} has orders that nobody sent"));
                }
            }
        }
        self.count(&claims);
        if claims.iter().any(|claim| matches!(claim, Claim::Unknown | Claim::Unlisted)) {
            sleep(SETTLED).await;
            let lookup = self.look_up(&orders, &tag).await?;
            self.resolve(&mut claims, &lookup);
        }
        for (at, claim) in due.iter().zip(claims) {
            self.books.entries[*at].claims.push((tag.clone(), claim));
        }
        Ok(())
    }

    async fn look_up(
        &mut self,
        orders: &[NewPaymentOrder],
        tag: &BatchTag,
    ) -> Result<Lookup, Failure> {
        for _ in 0..READS {
            match self.client.locate(orders, tag).await {
                Ok(lookup) => return Ok(lookup),
                Err(error) => self.read_failed(&error),
            }
        }
        Err("a lookup never succeeded".into())
    }

    fn resolve(&mut self, claims: &mut [Claim], lookup: &Lookup) {
        for (claim, found) in claims.iter_mut().zip(&lookup.found) {
            let id = found.as_ref().and_then(epp_client::model::PaymentOrder::known_id);
            match (*claim, id) {
                (Claim::Unknown, Some(id)) => {
                    self.verdict.tally.count(Row::Found);
                    *claim = Claim::Created(id);
                }
                (Claim::Unlisted, Some(id)) => *claim = Claim::Created(id),
                (Claim::Unknown, None) => {
                    self.verdict.tally.count(Row::Absent);
                    *claim = Claim::Absent;
                }
                (claim, Some(id)) if !matches!(claim, Claim::Created(_)) => {
                    self.verdict.untrue(format!("order {id} is {claim:?} and is listed"));
                }
                _ => {}
            }
        }
    }

    fn count(&mut self, claims: &[Claim]) {
        for claim in claims {
            self.verdict.tally.count(match claim {
                Claim::Created(_) | Claim::Unlisted => Row::Created,
                Claim::Refused => Row::Refused,
                Claim::NotSent => Row::NotCreated,
                Claim::Absent | Claim::Unknown => Row::Unknown,
            });
        }
    }

    /// A read changes nothing, whatever went wrong with it.
    pub(crate) fn read_failed(&mut self, error: &Error) {
        if error.may_have_happened() {
            self.verdict.untrue(format!("a read is said to have changed something: {error}"));
        }
    }

    /// What may have happened names the query that finds out, and nothing else does.
    pub(crate) fn check_recovery(&mut self, error: &Error, right: Recovery) {
        let expected = error.may_have_happened().then_some(right);
        if error.recovery() != expected {
            self.verdict.untrue(format!("the wrong way out is named: {error}"));
        }
        if error.kind() == ErrorKind::LoginRefused {
            self.verdict.untrue(format!("a good login was refused: {error}"));
        }
    }

    fn tag(&mut self) -> BatchTag {
        BatchTag::from_random(self.rng.random())
    }
}

/// How long the caller waits for a call; usually as long as it takes.
pub(crate) fn patience(rng: &mut StdRng) -> Option<Duration> {
    let impatient = rng.random_bool(0.12);
    let patience = Duration::from_micros(rng.random_range(0..60_000));
    impatient.then_some(patience)
}

/// The orders that were created, and what they sum up to.
pub(crate) fn created(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|entry| entry.id().is_some())
}
