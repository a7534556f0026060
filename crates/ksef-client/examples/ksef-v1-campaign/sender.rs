//! A program that sends invoices in sessions while everything goes wrong around it: it gives runs
//! up, goes on from its log, and opens another session when the first is gone.

use std::time::Duration;

use chrono::{DateTime, Utc};
use common_core::{poll::PollSchedule, secret::SecretString};
use futures_util::{StreamExt, stream};
use ksef_client::v1::{
    Client, Context, Error, ErrorKind, FormCode, Session,
    send_many::{Outcome, SendResult},
    session::SessionState,
};
use rand::{RngExt, rngs::StdRng};
use sandbox::ksef_v1::KsefV1;
use tokio::time::{sleep, timeout};
use trial::Failure;

use crate::{
    invoices::{Invoice, SELLER},
    judge::{Claim, Entry},
    notes::Notes,
    plan::{SETTLED, patience},
    tally::{Row, Tally, Verdict},
};

/// How many runs a caller makes in the time of trouble.
const ROUNDS: u32 = 3;

/// How often anything is tried that changes nothing more when it is done again.
const TRIES: u32 = 30;

/// One caller, its client, its invoices and what it was told about them.
pub(crate) struct Sender {
    pub(crate) client: Client,
    pub(crate) ksef: KsefV1,
    pub(crate) token: SecretString,
    pub(crate) rng: StdRng,
    pub(crate) invoices: Vec<Invoice>,
}

/// What a caller has at its end.
pub(crate) struct Told {
    pub(crate) entries: Vec<Entry>,
    pub(crate) notes: Notes,
    pub(crate) sessions: Vec<SessionState>,
    pub(crate) verdict: Verdict,
}

/// The schedule of everything that is waited for.
pub(crate) fn quick() -> PollSchedule {
    PollSchedule::new(Duration::from_millis(15), Duration::from_millis(150))
        .within(Duration::from_secs(20))
}

impl Sender {
    /// Sends everything, in some runs.
    pub(crate) async fn work(mut self) -> Result<Told, Failure> {
        let invoices = std::mem::take(&mut self.invoices);
        let entries = invoices.into_iter().map(Entry::new).collect();
        let verdict = Verdict::default();
        let mut told = Told { entries, notes: Notes::default(), sessions: Vec::new(), verdict };
        let mut session = None;
        for round in 0..ROUNDS {
            let is_elsewhere = session.is_none();
            let open = if let Some(open) = session.take() {
                open
            } else {
                let open = open(&self.client, &self.token, &mut told.verdict.tally).await?;
                told.sessions.push(open.export());
                open
            };
            if round > 0 {
                told.verdict.tally.count(Row::Resumed);
                if is_elsewhere {
                    told.verdict.tally.count(Row::ResumedElsewhere);
                }
            }
            let limit = patience(&mut self.rng, Duration::from_millis(1500));
            // The first run is often given up: that is what logs are for.
            let limit = limit.or_else(|| {
                let soon = Duration::from_millis(self.rng.random_range(5..800));
                (round == 0 && self.rng.random_bool(0.5)).then_some(soon)
            });
            let is_expired = self.expire(&open, &mut told.verdict.tally);
            told.run(&open, limit, &mut self.rng).await;
            // What was given up may still be at work in the service.
            sleep(SETTLED).await;
            if !is_expired && self.rng.random_bool(0.5) {
                session = Some(open);
            }
        }
        Ok(told)
    }

    /// Lets the session run out, once in a while.
    fn expire(&mut self, session: &Session, tally: &mut Tally) -> bool {
        let is_expired = self.rng.random_bool(0.08);
        if is_expired {
            tally.count(Row::SessionExpired);
            let (ksef, reference) = (self.ksef.clone(), session.reference().to_string());
            let after = Duration::from_millis(self.rng.random_range(0..200));
            tokio::spawn(async move {
                sleep(after).await;
                ksef.expire_session(&reference);
            });
        }
        is_expired
    }
}

impl Told {
    /// One run over all invoices, given up after `limit`.
    pub(crate) async fn run(
        &mut self,
        session: &Session,
        limit: Option<Duration>,
        rng: &mut StdRng,
    ) {
        let outgoing: Vec<_> = self.entries.iter().map(|entry| entry.invoice.outgoing()).collect();
        let run = session
            .send_many()
            .sending(rng.random_range(1..8))
            .waiting(rng.random_range(1..20))
            .schedule(quick())
            .log(self.notes.clone())
            .resume(self.notes.progress());
        let mut results = std::pin::pin!(run.send(stream::iter(outgoing)));
        let (entries, verdict) = (&mut self.entries, &mut self.verdict);
        let clock = session.clock();
        for entry in entries.iter_mut() {
            entry.begin(clock.now());
        }
        let all = async {
            while let Some(result) = results.next().await {
                enter(entries, verdict, &result, clock.now());
            }
        };
        match limit {
            None => all.await,
            Some(limit) => {
                if timeout(limit, all).await.is_err() {
                    verdict.tally.count(Row::Cancelled);
                }
            }
        }
    }
}

/// Takes down what a run says of one invoice.
fn enter(entries: &mut [Entry], verdict: &mut Verdict, result: &SendResult, now: DateTime<Utc>) {
    let index = usize::try_from(result.index).unwrap_or(usize::MAX);
    let Some(entry) = entries.get_mut(index).filter(|entry| entry.invoice.name == result.name)
    else {
        verdict.untrue(format!("a result names an invoice that was not given: {}", result.name));
        return;
    };
    if let Some(error) = error_of(&result.outcome) {
        check_sentence(verdict, &entry.invoice.name, error);
    }
    let claim = Claim::of(&result.outcome);
    claim.count(&mut verdict.tally);
    if !entry.claim(claim, now) {
        let name = &entry.invoice.name;
        verdict.untrue(format!("one run gave two results for {name}"));
    }
}

fn error_of(outcome: &Outcome) -> Option<&Error> {
    match outcome {
        Outcome::Refused(error)
        | Outcome::NotSent(error)
        | Outcome::Pending(_, error)
        | Outcome::Unknown(error, _) => Some(error),
        _ => None,
    }
}

/// The sentence says what the method says.
pub(crate) fn check_sentence(verdict: &mut Verdict, what: &str, error: &Error) {
    let says = error.to_string().contains("it may have taken effect");
    if says != error.may_have_happened() || says != error.recovery().is_some() {
        verdict.untrue(format!("{what}: the sentence is not what the error means: {error}"));
    }
}

/// An open session; an opening whose answer is lost is made again, as the documentation says.
pub(crate) async fn open(
    client: &Client,
    token: &SecretString,
    tally: &mut Tally,
) -> Result<Session, Failure> {
    let mut tries = 0;
    loop {
        match try_open(client, token).await {
            Ok(session) => {
                tally.count(Row::OpenedSession);
                return Ok(session);
            }
            Err(error) if tries < TRIES && may_be_tried_again(&error) => {
                tries += 1;
                tally.count(Row::OpeningFailed);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn try_open(client: &Client, token: &SecretString) -> Result<Session, Error> {
    let key = client.authority_key().await?;
    let context = seller();
    let opening = client.session(context, FormCode::FA_2).encrypted(key.clone());
    let mut authorised = opening.by_token(token, &key).await?;
    for _ in 0..TRIES {
        match authorised.wait(&quick()).await {
            Ok(session) => return Ok(session),
            Err(unfinished) if may_be_tried_again(unfinished.error()) => {
                authorised = unfinished.into_handle();
            }
            Err(unfinished) => return Err(unfinished.into()),
        }
    }
    Ok(authorised.wait(&quick()).await?)
}

/// What goes wrong on the way, and what may have happened without harm.
pub(crate) fn may_be_tried_again(error: &Error) -> bool {
    // A refusal that was cut off does not say why; the next one will.
    let is_cut = error.problem().is_some() && error.code().is_none();
    is_cut
        || error.is_transient()
        || error.may_have_happened()
        || matches!(error.kind(), ErrorKind::NotFinished | ErrorKind::Unreadable)
}

/// The context that everything happens in.
pub(crate) fn seller() -> Context {
    // The number is a constant of this program.
    Context::nip(SELLER).unwrap_or_else(|_| unreachable!("{SELLER} is a NIP"))
}
