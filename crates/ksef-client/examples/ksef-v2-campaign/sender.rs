//! A program that sends invoices in interactive sessions while everything goes wrong around it: it
//! gives sendings up, finds lost ones by their hashes, and goes on from the stored session.

use std::time::Duration;

use futures_util::TryStreamExt;
use ksef_client::v2::{
    Account, ErrorKind, FormCode, Recovery,
    sending::{Closed, Closing, InvoiceState, OnlineSession, OnlineSessionState, SentInvoice},
    sessions::{List, SessionType},
    wire::{
        InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQueryFilters, InvoiceQuerySubjectType,
    },
};
use ksef_crypto::link::InvoiceHash;
use rand::RngExt;
use tokio::time::{sleep, timeout};
use trial::Failure;

use crate::{
    desk::{Desk, TRIES, quick},
    invoices::Invoice,
    judge::{Claim, Entry},
    plan::{SETTLED, patience},
    tally::Row,
    wire::Once,
};

/// How many sessions a caller fills.
const SESSIONS: usize = 2;

/// One caller, its invoices and what it was told about them.
pub(crate) struct Sender {
    pub(crate) desk: Desk,
    pub(crate) entries: Vec<Entry>,
    /// The sessions that were certainly opened, and how many perhaps were besides.
    pub(crate) opened: Vec<String>,
    pub(crate) perhaps_opened: usize,
}

/// What came of one sending.
enum Sending {
    Sent(SentInvoice),
    /// It is in the session, as the list says.
    Found(InvoiceState),
    /// It is certainly not there, for a reason of the moment.
    Again,
    /// This session takes no more.
    Elsewhere,
}

impl Sender {
    pub(crate) fn new(desk: Desk, invoices: Vec<Invoice>) -> Self {
        let entries = invoices.into_iter().map(Entry::new).collect();
        Self { desk, entries, opened: Vec::new(), perhaps_opened: 0 }
    }

    /// Sends everything, in some sessions.
    pub(crate) async fn work(mut self) -> Result<Self, Failure> {
        let account = self.desk.log_in().await?;
        let share = self.entries.len().div_ceil(SESSIONS).max(1);
        for begin in (0..self.entries.len()).step_by(share) {
            let end = self.entries.len().min(begin + share);
            let mut session = self.open(&account).await?;
            for at in begin..end {
                session = self.issue(&account, session, at).await?;
                if self.desk.rng.random_bool(0.1) {
                    session = self.resume(&account, &session)?;
                }
            }
            self.close(session).await?;
        }
        Ok(self)
    }

    /// Opens a session; one whose answer is lost is left to end by itself.
    async fn open(&mut self, account: &Account) -> Result<OnlineSession, Failure> {
        for _ in 0..TRIES {
            let opening = account.online(FormCode::FA_3).open();
            match self.desk.once(Once::Open, opening).await {
                Ok(session) => {
                    self.desk.verdict.tally.count(Row::SessionOpened);
                    self.opened.push(session.reference().to_string());
                    return Ok(session);
                }
                Err(error) => {
                    self.desk.failed("an opening", &error)?;
                    self.desk.verdict.tally.count(Row::OpeningFailed);
                    if error.may_have_happened() {
                        self.perhaps_opened += 1;
                        self.desk.verdict.tally.count(Row::OpeningUnknown);
                    }
                }
            }
        }
        Err("a session could not be opened".into())
    }

    /// The same session as another process would take it up.
    fn resume(
        &mut self,
        account: &Account,
        session: &OnlineSession,
    ) -> Result<OnlineSession, Failure> {
        let state = OnlineSessionState::from_json(&session.export().expose_json())?;
        self.desk.verdict.tally.count(Row::SessionResumed);
        Ok(account.resume_online(state))
    }

    /// Sends one invoice until it is known what became of it; gives the session to go on in.
    async fn issue(
        &mut self,
        account: &Account,
        mut session: OnlineSession,
        at: usize,
    ) -> Result<OnlineSession, Failure> {
        for _ in 0..TRIES {
            let state = match self.send(&session, at).await? {
                Sending::Again => continue,
                Sending::Elsewhere => {
                    self.close(session).await?;
                    session = self.open(account).await?;
                    continue;
                }
                Sending::Sent(sent) => self.wait_for(account, &sent).await?,
                Sending::Found(state) => state,
            };
            let claim = Claim::of(&state);
            claim.count(&mut self.desk.verdict.tally);
            self.entries[at].claims.push(claim);
            // Broken off by the service: the invoice is looked for by its number, as the status
            // says, and sent again where it is not.
            let uncertain = matches!(state, InvoiceState::Uncertain(_));
            if !uncertain || self.is_issued(account, at).await? {
                return Ok(session);
            }
        }
        let number = &self.entries[at].invoice.number;
        Err(format!("{number}: nothing was ever known of it").into())
    }

    /// Sends once; what may have been sent is looked for.
    async fn send(&mut self, session: &OnlineSession, at: usize) -> Result<Sending, Failure> {
        let bytes = self.entries[at].invoice.bytes.clone();
        let patience = patience(&mut self.desk.rng, Duration::from_millis(120));
        let sending = self.desk.once(Once::Send, session.send(bytes));
        let sent = match patience {
            None => Some(sending.await),
            Some(limit) => timeout(limit, sending).await.ok(),
        };
        let entry = &mut self.entries[at];
        match sent {
            Some(Ok(sent)) => {
                entry.taken.push(sent.clone());
                Ok(Sending::Sent(sent))
            }
            Some(Err(error)) if !error.may_have_happened() => {
                self.desk.verdict.tally.count(Row::NotSent);
                if error.kind() == ErrorKind::SessionUnavailable {
                    return Ok(Sending::Elsewhere);
                }
                self.desk.failed("a sending", &error)?;
                Ok(Sending::Again)
            }
            Some(Err(error)) => {
                entry.unknown += 1;
                self.desk.verdict.tally.count(Row::Unknown);
                if error.recovery() != Some(Recovery::SessionInvoices) {
                    self.desk.verdict.untrue(format!("another way out of a sending: {error}"));
                }
                self.desk.failed("a sending", &error)?;
                self.find(session, at).await
            }
            None => {
                entry.unknown += 1;
                self.desk.verdict.tally.count(Row::GivenUp);
                self.find(session, at).await
            }
        }
    }

    /// Looks for an invoice that may have been sent, when it must be there if it ever will.
    async fn find(&mut self, session: &OnlineSession, at: usize) -> Result<Sending, Failure> {
        sleep(SETTLED).await;
        let hash = InvoiceHash::of(&self.entries[at].invoice.bytes);
        for _ in 0..TRIES {
            let row = self.desk.read("a look for an invoice", || session.find(&hash)).await?;
            let is_there = self.is_received(session, &hash.base64());
            if row.is_some() != is_there {
                let number = &self.entries[at].invoice.number;
                let sentence = format!("{number}: in the session {is_there}, found: {row:?}");
                self.desk.verdict.untrue(sentence);
            }
            let Some(row) = row else {
                self.desk.verdict.tally.count(Row::FoundAbsent);
                return Ok(Sending::Again);
            };
            let state = InvoiceState::of(&row);
            if state.is_final() {
                self.desk.verdict.tally.count(Row::FoundLost);
                return Ok(Sending::Found(state));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Err("an invoice was never decided".into())
    }

    fn is_received(&self, session: &OnlineSession, hash: &str) -> bool {
        let session = session.reference().as_str();
        self.desk.ksef.received().iter().any(|one| one.session == session && one.hash == hash)
    }

    async fn wait_for(
        &mut self,
        account: &Account,
        sent: &SentInvoice,
    ) -> Result<InvoiceState, Failure> {
        let schedule = quick();
        self.desk.read("a wait for an invoice", || account.wait_for(sent, &schedule)).await
    }

    /// Whether an invoice is issued, by its number and its bytes.
    async fn is_issued(&mut self, account: &Account, at: usize) -> Result<bool, Failure> {
        sleep(SETTLED).await;
        let invoice = self.entries[at].invoice.clone();
        let from = account.clock().now() - chrono::TimeDelta::days(2);
        let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::PermanentStorage, from);
        let filters = InvoiceQueryFilters::new(range, InvoiceQuerySubjectType::Subject1)
            .invoice_number(invoice.number.clone());
        let rows: Vec<_> = self
            .desk
            .read("a query by a number", || {
                account.metadata(filters.clone()).into_stream().try_collect()
            })
            .await?;
        let hash = invoice.hash();
        let found = rows.iter().any(|row| row.invoice_hash.as_deref() == Some(hash.as_str()));
        let books = self.desk.ksef.invoices();
        if found != books.iter().any(|one| one.hash == hash) {
            self.desk.verdict.untrue(format!("{}: found by number: {found}", invoice.number));
        }
        Ok(found)
    }

    /// Closes the session and waits for its confirmation.
    async fn close(&mut self, session: OnlineSession) -> Result<(), Failure> {
        let mut session = session;
        let mut is_unknown = false;
        let closing = loop {
            let reference = session.reference().to_string();
            let unfinished = match self.desk.once(Once::Close, session.close()).await {
                Ok(closing) => break closing,
                Err(unfinished) => unfinished,
            };
            let error = unfinished.error();
            // Closed already, and the status that would say so could not be had.
            if error.kind() != ErrorKind::SessionState {
                self.desk.failed("a closing", error)?;
            }
            is_unknown |= error.may_have_happened();
            sleep(SETTLED).await;
            if !is_unknown && self.status(&reference) != Some(100) {
                self.desk
                    .verdict
                    .untrue(format!("{reference}: closed, and certainly not: {error}"));
            }
            session = unfinished.into_handle();
        };
        self.desk.verdict.tally.add(Row::ClosingUnknown, u64::from(is_unknown));
        let reference = closing.reference().to_string();
        if self.status(&reference).is_none_or(|status| status < 170) {
            self.desk.verdict.untrue(format!("{reference} was said to be closed"));
        }
        let Some(closed) = wait(&mut self.desk, closing).await? else { return Ok(()) };
        self.desk.verdict.tally.count(Row::SessionClosed);
        confirm(&mut self.desk, &closed).await
    }

    fn status(&self, reference: &str) -> Option<u16> {
        let sessions = self.desk.ksef.sessions();
        sessions.into_iter().find(|one| one.reference == reference).map(|one| one.status)
    }
}

/// The list of sessions knows those that were opened, and no more than may have been.
pub(crate) async fn count_sessions(
    desk: &mut Desk,
    account: &Account,
    kind: SessionType,
    opened: &[String],
    perhaps: usize,
) -> Result<(), Failure> {
    let list = List::new(kind);
    let listed: Vec<_> =
        desk.read("a list of sessions", || account.items(list.clone()).try_collect()).await?;
    let known = |reference: &str| {
        listed.iter().any(|one| one.reference_number.as_deref() == Some(reference))
    };
    for missing in opened.iter().filter(|reference| !known(reference)) {
        desk.verdict.lost(format!("{missing} is open and not listed"));
    }
    let (count, sure) = (listed.len(), opened.len());
    if count > sure + perhaps {
        let sentence = format!("{count} sessions: {sure} were opened, {perhaps} perhaps");
        desk.verdict.duplicated(sentence);
    }
    Ok(())
}

/// Waits for a session of either kind; nothing when the service could not process it, which no
/// session here deserves.
pub(crate) async fn wait(desk: &mut Desk, mut closing: Closing) -> Result<Option<Closed>, Failure> {
    for _ in 0..TRIES {
        match closing.wait(&quick()).await {
            Ok(closed) => return Ok(Some(closed)),
            Err(unfinished) if unfinished.error().kind() == ErrorKind::Failed => {
                let (closing, error) = unfinished.into_parts();
                let reference = closing.reference();
                desk.verdict.lost(format!("{reference} was not processed: {error}"));
                return Ok(None);
            }
            Err(unfinished) => {
                desk.failed("a session that is waited for", unfinished.error())?;
                closing = unfinished.into_handle();
            }
        }
    }
    Err("a session was never processed".into())
}

/// The confirmation names what the session issued, and nothing else.
pub(crate) async fn confirm(desk: &mut Desk, closed: &Closed) -> Result<(), Failure> {
    let pages = desk.read("a confirmation", || closed.confirmations()).await?;
    let session = closed.reference().to_string();
    let mut confirmed = Vec::new();
    for page in pages {
        let upo = page.read_upo()?;
        confirmed.extend(upo.documents.into_iter().map(|one| (one.ksef_number, one.hash)));
    }
    let issued = desk.ksef.invoices();
    let mut issued: Vec<_> = issued
        .into_iter()
        .filter(|one| one.session == session)
        .map(|one| (one.ksef_number, one.hash))
        .collect();
    confirmed.sort();
    issued.sort();
    if confirmed != issued {
        let (said, true_ones) = (confirmed.len(), issued.len());
        desk.verdict.untrue(format!("{session}: {said} are confirmed and {true_ones} are issued"));
    }
    let counted = closed.invoices_issued();
    if counted.is_some_and(|counted| counted != issued.len() as u64) {
        desk.verdict.untrue(format!("{session}: {counted:?} are counted of {}", issued.len()));
    }
    desk.verdict.tally.add(Row::Confirmed, confirmed.len() as u64);
    Ok(())
}

/// Nobody listens there, so nothing can have been sent.
pub(crate) async fn nowhere(desk: &mut Desk, session: &OnlineSession) {
    match desk.once(Once::Send, session.send(&b"<Faktura/>"[..])).await {
        Err(error) if !error.may_have_happened() && error.kind() == ErrorKind::Connect => {
            desk.verdict.tally.count(Row::NoConnection);
        }
        other => desk.verdict.untrue(format!("a sending to nowhere: {other:?}")),
    }
}
