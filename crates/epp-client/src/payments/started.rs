//! A started payment: what may be done with it, and what is known when confirming it fails.

use std::fmt;

use common_http::Endpoint;

use super::{Confirm, Confirmation, Discrepancy, Otp, PaymentRecord, Start};
use crate::{
    client::Client,
    error::{Error, ErrorKind},
};

impl Client {
    /// Starts a payment: locks its orders for other users and starts the countdown of the
    /// password.
    ///
    /// Never sent again after a lost answer. Nothing is paid without a password, so a start whose
    /// outcome is unknown lapses by itself; its orders may be locked until then.
    ///
    /// # Examples
    ///
    /// ```
    /// use epp_client::{Client, ErrorKind, model::PaymentOrderId, payments::{Otp, Start}};
    ///
    /// # async fn pay(client: Client, password: common_core::secret::SecretString, sum: common_core::money::Amount)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let start = Start::new([PaymentOrderId(319_877)]).expecting(sum);
    /// let payment = client.start_payment(&start).await?;
    /// let record = payment.record().clone();
    /// match payment.confirm(&Otp::new(&password)).await {
    ///     Ok(paid) => println!("{:?}", paid.payment_tag_name),
    ///     Err(error) if error.kind() == ErrorKind::InvalidToken => {
    ///         // Nothing was paid; `error.into_payment()` takes another password.
    ///     }
    ///     Err(error) if error.may_have_happened() => {
    ///         let state = client.payment_state(&record).await?;
    ///         println!("{:?}", state.verdict());
    ///     }
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn start_payment(&self, start: &Start) -> Result<StartedPayment, Error> {
        let sent_at = self.clock().now();
        let started = self.send(start).await?;
        let record = PaymentRecord::new(start, sent_at, &started);
        Ok(StartedPayment { is_resumed: false, ..self.resume_payment(record) })
    }

    /// Takes up a payment that was started in another run.
    ///
    /// That run may have confirmed it before it ended, so call
    /// [`payment_state`](Self::payment_state) first, and confirm only what is not paid. Until a
    /// confirmation succeeds nobody knows: every failure of
    /// [`confirm`](StartedPayment::confirm) says that it may have happened.
    pub fn resume_payment(&self, record: PaymentRecord) -> StartedPayment {
        let discrepancies = record.discrepancies();
        let (client, refused) = (self.clone(), Vec::new());
        StartedPayment { client, record, discrepancies, refused, is_resumed: true }
    }
}

/// A payment that waits for its one-time password.
///
/// Store its [`record`](Self::record) before confirming it, should the program end meanwhile.
#[must_use = "a started payment is not paid until it is confirmed"]
pub struct StartedPayment {
    client: Client,
    record: PaymentRecord,
    discrepancies: Vec<Discrepancy>,
    /// The passwords that the service has refused.
    refused: Vec<Otp>,
    /// Whether it comes from a record, and may have been confirmed before.
    is_resumed: bool,
}

impl StartedPayment {
    /// The payment as plain data.
    pub fn record(&self) -> &PaymentRecord {
        &self.record
    }

    /// In what the payment differs from what was to be paid. While there is something,
    /// [`confirm`](Self::confirm) sends nothing.
    pub fn discrepancies(&self) -> &[Discrepancy] {
        &self.discrepancies
    }

    /// Takes the responsibility for the discrepancies: the payment can be confirmed in spite of
    /// them.
    pub fn accept_discrepancies(mut self) -> Self {
        self.discrepancies.clear();
        self
    }

    /// Pays.
    ///
    /// Sent once: never again after a lost answer, and never again with a password that was
    /// refused. The error gives the payment back when nothing was paid, and its record when nobody
    /// knows; of a payment that was [taken up](Client::resume_payment) no failure is a proof that
    /// nothing was paid. A future that is dropped may have paid: look with
    /// [`Client::payment_state`].
    pub async fn confirm(mut self, otp: &Otp) -> Result<Confirmation, ConfirmError> {
        let name = Confirm::INFO.name;
        if let Some(first) = self.discrepancies.first() {
            let cause = first.to_string();
            return Err(self.failed(Error::local(ErrorKind::Discrepancy, name, cause)));
        }
        if self.record.confirm_until.is_some_and(|until| self.client.clock().now() > until) {
            let cause = "the deadline of the one-time password has passed";
            return Err(self.failed(Error::local(ErrorKind::Lapsed, name, cause)));
        }
        if self.refused.iter().any(|refused| refused.is_same(otp)) {
            let cause = "this password was refused before and was not sent again";
            return Err(self.failed(Error::local(ErrorKind::UsedToken, name, cause)));
        }
        let error = match self.client.send(&Confirm::new(&self.record.tag, otp.clone())).await {
            Ok(confirmation) if confirmation.is_of(&self.record.tag) => return Ok(confirmation),
            Ok(_) => Error::lost(&Confirm::INFO, "the answer names another payment"),
            Err(error) => error,
        };
        if matches!(error.kind(), ErrorKind::InvalidToken | ErrorKind::UsedToken) {
            self.refused.push(otp.clone());
        }
        Err(self.failed(error))
    }

    /// The payment goes back to the caller when nothing was paid. A wrong password gives back a
    /// resumed one, too: one attempt pays at most once, so another password does no harm.
    fn failed(self, error: Error) -> ConfirmError {
        let is_open = !error.may_have_happened()
            && (!self.is_resumed || error.kind() == ErrorKind::InvalidToken);
        let error = if self.is_resumed { error.or_happened_before() } else { error };
        let payment = if is_open { Ok(self) } else { Err(Box::new(self.record)) };
        ConfirmError(Box::new(Failed { error, payment }))
    }
}

impl fmt::Debug for StartedPayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartedPayment")
            .field("tag", &self.record.tag)
            .field("orders", &self.record.orders.len())
            .field("total_amount", &self.record.total_amount)
            .field("discrepancies", &self.discrepancies)
            .finish_non_exhaustive()
    }
}

/// Why a payment was not confirmed, and the payment if it can be confirmed still.
pub struct ConfirmError(Box<Failed>);

struct Failed {
    error: Error,
    payment: Result<StartedPayment, Box<PaymentRecord>>,
}

impl ConfirmError {
    /// Why.
    pub fn kind(&self) -> ErrorKind {
        self.0.error.kind()
    }

    /// Whether it may have been paid all the same, by this confirmation or, if the payment was
    /// [taken up](Client::resume_payment), by one before; `false` is a promise.
    pub fn may_have_happened(&self) -> bool {
        self.0.error.may_have_happened()
    }

    /// The error of the call.
    pub fn error(&self) -> &Error {
        &self.0.error
    }

    /// The payment, to be confirmed with another password, when nothing was paid or the password
    /// of a payment that was taken up is not right; else its record, with which
    /// [`Client::payment_state`] finds out.
    pub fn into_payment(self) -> Result<StartedPayment, Box<PaymentRecord>> {
        self.0.payment
    }
}

impl fmt::Debug for ConfirmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfirmError").field("error", &self.0.error).finish_non_exhaustive()
    }
}

impl fmt::Display for ConfirmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.error.fmt(f)
    }
}

impl std::error::Error for ConfirmError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.error.source()
    }
}

#[cfg(test)]
mod tests;
