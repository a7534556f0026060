//! The second half of a caller's work: starting and confirming the payment of its orders.

use std::time::Duration;

use epp_client::{
    ErrorKind, Recovery,
    model::{PaymentOrderId, TwoFactorChannel},
    payments::{ConfirmError, Otp, PaymentRecord, Start, StartedPayment, Verdict},
};
use rand::RngExt;
use tokio::time::{sleep, timeout};
use trial::Failure;

use crate::{
    caller::{Caller, READS, ROUNDS, created, patience},
    ledger::{Payment, amount_of},
    tally::Row,
};

/// How long the sandbox's one-time passwords hold.
pub(crate) const COUNTDOWN: Duration = Duration::from_millis(1_200);

/// So often one started payment is confirmed at most, with whatever passwords.
const CONFIRMATIONS: usize = 4;

/// What became of one call to confirm.
enum Confirmed {
    /// It paid.
    Paid,
    /// It did not pay, and the payment can be confirmed still.
    NotPaid(Box<StartedPayment>),
    /// It did not pay, and another payment has to be started.
    Over,
    /// Nobody knows.
    Unknown,
}

impl Caller {
    /// Pays everything that was created, with one payment.
    pub(crate) async fn pay_all(&mut self) -> Result<(), Failure> {
        let ids: Vec<PaymentOrderId> =
            created(&self.books.entries).filter_map(crate::ledger::Entry::id).collect();
        let sum = amount_of(created(&self.books.entries));
        if ids.is_empty() {
            return Ok(());
        }
        for round in 0..ROUNDS {
            let channel = if round < 4 && self.rng.random_bool(0.8) {
                TwoFactorChannel::Authenticator
            } else {
                TwoFactorChannel::Postal
            };
            let start = Start::new(ids.clone()).expecting(sum).channel(channel);
            let Some(payment) = self.start(&start).await else {
                // A broken promise is told, and nothing is waited for that cannot come.
                if !self.verdict.is_clean() {
                    return Ok(());
                }
                continue;
            };
            let record = payment.record().clone();
            let is_paid = if record.total_amount == Some(sum) {
                self.confirm(payment).await?
            } else {
                self.must_not_pay(payment).await?
            };
            self.books.payments.push(Payment { tag: record.tag, is_paid });
            if is_paid {
                return Ok(());
            }
        }
        Err("the orders could not be paid in any round".into())
    }

    /// Starts a payment; after an unknown outcome it waits until that one has lapsed.
    async fn start(&mut self, start: &Start) -> Option<StartedPayment> {
        let starting = self.client.start_payment(start);
        let started = match patience(&mut self.rng) {
            None => Some(starting.await),
            Some(patience) => timeout(patience, starting).await.ok(),
        };
        let error = match started {
            Some(Ok(payment)) => {
                self.verdict.tally.count(Row::Started);
                return Some(payment);
            }
            Some(Err(error)) => Some(error),
            None => {
                self.verdict.tally.count(Row::Cancelled);
                None
            }
        };
        if let Some(error) = &error {
            self.check_recovery(error, Recovery::PaymentLapses);
            let code = error.problem().and_then(|problem| problem.code.as_deref());
            if code == Some("PaymentOrderPaid") {
                self.verdict.untrue("orders were paid and their caller did not know".to_owned());
            }
        }
        if error.is_none_or(|error| error.may_have_happened()) {
            self.verdict.tally.count(Row::StartUnknown);
            sleep(COUNTDOWN).await;
        } else {
            self.verdict.tally.count(Row::NotStarted);
        }
        None
    }

    /// The service tells another sum than that of the orders: the client must see it and send
    /// nothing, whatever password it is given.
    async fn must_not_pay(&mut self, payment: StartedPayment) -> Result<bool, Failure> {
        let record = payment.record().clone();
        let otp = self.password(&record, false)?;
        match payment.confirm(&otp).await {
            Err(error) if error.kind() == ErrorKind::Discrepancy && !error.may_have_happened() => {
                self.verdict.tally.count(Row::Misstated);
                Ok(false)
            }
            other => {
                let tag = &record.tag;
                self.verdict.untrue(format!("{tag} has another sum and was confirmed: {other:?}"));
                Ok(other.is_ok())
            }
        }
    }

    /// Confirms a payment and finds out what became of it; whether it is paid.
    async fn confirm(&mut self, mut payment: StartedPayment) -> Result<bool, Failure> {
        let record = payment.record().clone();
        if !payment.discrepancies().is_empty() {
            let found = payment.discrepancies();
            self.verdict.untrue(format!("a right payment is said to differ: {found:?}"));
        }
        let mut is_wrong = self.rng.random_bool(0.3);
        for _ in 0..CONFIRMATIONS {
            let otp = self.password(&record, is_wrong)?;
            is_wrong = false;
            match self.confirm_once(payment, &otp).await {
                Confirmed::Paid => return Ok(true),
                Confirmed::NotPaid(again) => payment = *again,
                Confirmed::Over => return Ok(false),
                Confirmed::Unknown => return self.find_out(&record).await,
            }
        }
        Ok(false)
    }

    async fn confirm_once(&mut self, payment: StartedPayment, otp: &Otp) -> Confirmed {
        let asked = payment.record().asked.len() as u64;
        let confirming = payment.confirm(otp);
        let confirmed = match patience(&mut self.rng) {
            None => Some(confirming.await),
            Some(patience) => timeout(patience, confirming).await.ok(),
        };
        match confirmed {
            Some(Ok(confirmation)) => {
                self.verdict.tally.count(Row::Paid);
                if confirmation.total_count != Some(asked) {
                    self.verdict.untrue(format!("another count was paid than {asked}"));
                }
                Confirmed::Paid
            }
            Some(Err(error)) => self.refused(error),
            None => {
                self.verdict.tally.count(Row::Cancelled);
                self.verdict.tally.count(Row::ConfirmUnknown);
                Confirmed::Unknown
            }
        }
    }

    fn refused(&mut self, error: ConfirmError) -> Confirmed {
        self.check_recovery(error.error(), Recovery::PaymentState);
        let (kind, unknown) = (error.kind(), error.may_have_happened());
        let payment = match error.into_payment() {
            Ok(payment) if !unknown => payment,
            Err(_) if unknown => {
                self.verdict.tally.count(Row::ConfirmUnknown);
                return Confirmed::Unknown;
            }
            _ => {
                self.verdict.untrue("a payment was given back against what was said".to_owned());
                return Confirmed::Unknown;
            }
        };
        match kind {
            ErrorKind::InvalidToken => {
                self.verdict.tally.count(Row::WrongPassword);
                Confirmed::NotPaid(Box::new(payment))
            }
            // The next password comes in half a minute; another channel is quicker.
            ErrorKind::UsedToken => {
                self.verdict.tally.count(Row::UsedPassword);
                Confirmed::Over
            }
            // The countdown has ended.
            ErrorKind::Invalid | ErrorKind::Refused => {
                self.verdict.tally.count(Row::NotPaid);
                Confirmed::Over
            }
            _ => {
                self.verdict.tally.count(Row::NotPaid);
                Confirmed::NotPaid(Box::new(payment))
            }
        }
    }

    /// Waits until the countdown is over, and asks what became of the payment.
    async fn find_out(&mut self, record: &PaymentRecord) -> Result<bool, Failure> {
        sleep(COUNTDOWN).await;
        for _ in 0..READS {
            match self.client.payment_state(record).await {
                Err(error) => self.read_failed(&error),
                Ok(state) => match state.verdict() {
                    Verdict::Paid => {
                        self.verdict.tally.count(Row::FoundPaid);
                        return Ok(true);
                    }
                    Verdict::NotPaid => {
                        self.verdict.tally.count(Row::FoundUnpaid);
                        return Ok(false);
                    }
                    verdict => return Err(format!("a payment is {verdict:?}").into()),
                },
            }
        }
        Err("the state of a payment was never answered".into())
    }

    /// What the user reads from a message or the authenticator, or a misreading of it.
    fn password(&self, record: &PaymentRecord, is_wrong: bool) -> Result<Otp, Failure> {
        let right = self.epp.one_time_password(&record.tag).ok_or("there is no such payment")?;
        if !is_wrong {
            return Ok(Otp::new(&right.into()));
        }
        let turned = |digit: char| if digit == '9' { '0' } else { '9' };
        Ok(Otp::new(&right.chars().map(turned).collect::<String>().into()))
    }
}
