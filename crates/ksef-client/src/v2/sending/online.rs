//! An interactive session that is open.

use std::fmt;

use chrono::{DateTime, Utc};
use common_core::poll::PollSchedule;
use common_http::{Endpoint, Polled, poll_until};
use futures_util::{Stream, TryStreamExt};
use ksef_crypto::{
    link::InvoiceHash,
    number::{KsefNumber, ReferenceNumber},
    seal::SessionKey,
};

use super::{Closing, InvoiceState, OnlineSessionState, OutgoingInvoice, SentInvoice};
use crate::v2::{
    Account, Answer, FormCode, Unfinished,
    document::Document,
    error::{Error, ErrorKind},
    online, sessions,
    sessions::SessionType,
    status::Status,
    wire,
};

/// An interactive session that is open (KSeF 2.0 facts §6).
///
/// Invoices may be sent at the same time from many tasks. It lives for twelve hours; dropping the
/// handle does not close it, and what was sent is processed and confirmed all the same.
#[must_use = "a session stays open until it is closed or twelve hours have passed"]
pub struct OnlineSession {
    account: Account,
    reference: ReferenceNumber,
    form: FormCode,
    key: SessionKey,
    valid_until: Option<DateTime<Utc>>,
}

impl OnlineSession {
    pub(super) fn new(
        account: Account,
        reference: ReferenceNumber,
        form: FormCode,
        key: SessionKey,
        valid_until: Option<DateTime<Utc>>,
    ) -> Self {
        Self { account, reference, form, key, valid_until }
    }

    /// Sends an invoice: the very bytes that are given, encrypted, with the sizes and hashes of
    /// both sides.
    ///
    /// The answer is a number (202); whether the invoice is issued,
    /// [`wait_for`](Self::wait_for) tells. When the answer is lost, see
    /// [the module](crate::v2::sending).
    ///
    /// [`ErrorKind::SessionUnavailable`] (21184) asks to open another session at once.
    pub async fn send(&self, invoice: impl Into<OutgoingInvoice>) -> Result<SentInvoice, Error> {
        Ok(self.send_noting(invoice).await?.value)
    }

    /// As [`send`](Self::send), and gives the service's warnings with the answer.
    pub async fn send_noting(
        &self,
        invoice: impl Into<OutgoingInvoice>,
    ) -> Result<Answer<SentInvoice>, Error> {
        let body = invoice.into().sealed(&self.key);
        let hash = body.invoice_hash.clone();
        let send = online::Send::new(self.reference.clone(), body);
        let Answer { value, warnings } = self.account.answer(&send).await?;
        let reference = value.reference_number.parse().map_err(|_| {
            let cause = "the invoice's number is no reference number";
            Error::unreadable(&online::Send::INFO, cause)
        })?;
        let value = SentInvoice { session: self.reference.clone(), reference, hash };
        Ok(Answer { value, warnings })
    }

    /// Looks for an invoice by the hash of its bytes among those that the session holds: to find
    /// out what became of one whose answer was lost. `None` when it is not there.
    ///
    /// A request that is still on its way may arrive after the list was made.
    pub async fn find(
        &self,
        hash: &InvoiceHash,
    ) -> Result<Option<wire::SessionInvoiceStatusResponse>, Error> {
        let wanted = hash.base64();
        let mut invoices = std::pin::pin!(self.invoices());
        while let Some(row) = invoices.try_next().await? {
            if row.invoice_hash.as_deref() == Some(wanted.as_str()) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Asks once what became of an invoice.
    pub async fn state_of(&self, invoice: &SentInvoice) -> Result<InvoiceState, Error> {
        self.account.state_of(invoice).await
    }

    /// Waits until the service has decided about an invoice. A refusal is no error here:
    /// [`InvoiceState`] tells.
    pub async fn wait_for(
        &self,
        invoice: &SentInvoice,
        schedule: &PollSchedule,
    ) -> Result<InvoiceState, Error> {
        self.account.wait_for(invoice, schedule).await
    }

    /// The confirmation of one invoice that is issued; the session need not be closed.
    pub async fn confirmation(&self, number: &KsefNumber) -> Result<Document, Error> {
        let upo = sessions::UpoByKsefNumber::new(self.reference.clone(), number.clone());
        self.account.send(&upo).await
    }

    /// How far the session has come, with counts.
    pub async fn status(&self) -> Result<wire::SessionStatusResponse, Error> {
        self.account.send(&sessions::Status(self.reference.clone())).await
    }

    /// The invoices of the session.
    pub fn invoices(
        &self,
    ) -> impl Stream<Item = Result<wire::SessionInvoiceStatusResponse, Error>> + Send + use<> {
        self.account.items(sessions::Invoices::new(self.reference.clone()))
    }

    /// The invoices of the session that were refused.
    pub fn failed_invoices(
        &self,
    ) -> impl Stream<Item = Result<wire::SessionInvoiceStatusResponse, Error>> + Send + use<> {
        self.account.items(sessions::FailedInvoices::new(self.reference.clone()))
    }

    /// The session's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// The form that all its invoices have.
    pub fn form(&self) -> &FormCode {
        &self.form
    }

    /// Until when it stays open, if the service said.
    pub fn valid_until(&self) -> Option<DateTime<Utc>> {
        self.valid_until
    }

    /// The account that it belongs to.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Everything that another process needs to go on with the session, its key included.
    pub fn export(&self) -> OnlineSessionState {
        OnlineSessionState::new(&self.reference, &self.form, &self.key, self.valid_until)
    }

    /// Closes the session, so that the confirmation of its invoices is made.
    ///
    /// A session that is closed already, by an earlier try for instance, is closing, too: a refusal
    /// because of its state (21180) has its status asked for.
    pub async fn close(self) -> Result<Closing, Unfinished<Self>> {
        match self.account.send(&online::Close(self.reference.clone())).await {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::SessionState && self.is_closed().await => {}
            Err(error) => return Err(Unfinished::new(self, error)),
        }
        Ok(Closing::new(self.account, self.reference, SessionType::Online))
    }

    /// Whether the session is not open any more; a status that cannot be had does not say so.
    async fn is_closed(&self) -> bool {
        self.status().await.is_ok_and(|answer| answer.status.code > 100)
    }
}

impl Account {
    /// Takes up an interactive session that was exported.
    pub fn resume_online(&self, state: OnlineSessionState) -> OnlineSession {
        state.into_session(self.clone())
    }

    /// Asks once what became of an invoice that was sent, in a session that may be closed.
    pub async fn state_of(&self, invoice: &SentInvoice) -> Result<InvoiceState, Error> {
        let SentInvoice { session, reference, .. } = invoice.clone();
        let row = self.send(&sessions::InvoiceStatus::new(session, reference)).await?;
        Ok(InvoiceState::of(&row))
    }

    /// Waits until the service has decided about an invoice that was sent.
    pub async fn wait_for(
        &self,
        invoice: &SentInvoice,
        schedule: &PollSchedule,
    ) -> Result<InvoiceState, Error> {
        let poll = || async {
            let state = self.state_of(invoice).await?;
            let polled =
                if state.is_final() { Polled::Ended(state) } else { Polled::Pending(None) };
            Ok::<_, Error>(polled)
        };
        let ended = poll_until(self.clock(), schedule, poll).await?;
        ended.ok_or_else(|| {
            let cause = "the service has not decided about the invoice yet";
            Error::local(ErrorKind::NotFinished, sessions::InvoiceStatus::INFO.name, cause)
        })
    }
}

impl From<wire::SessionStatusResponse> for Status {
    fn from(answer: wire::SessionStatusResponse) -> Self {
        answer.status.into()
    }
}

impl fmt::Debug for OnlineSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnlineSession")
            .field("reference", &self.reference)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}
