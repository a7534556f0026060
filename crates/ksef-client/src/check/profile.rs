//! What the service holds an invoice against, which differs by environment and by session.

use chrono::NaiveDate;

use crate::{
    check::FindingKind,
    v2::{Environment, FormCode, sessions::SessionType},
};

/// What the service holds an invoice against (KSeF 2.0 facts §1, §7, §13, §17).
///
/// ```
/// use ksef_client::{
///     check::{CheckDigits, Profile},
///     v2::{Environment, FormCode, sessions::SessionType},
/// };
///
/// let profile = Profile::at(&Environment::Test)
///     .form(FormCode::FA_3)
///     .session(SessionType::Batch)
///     .check_digits(CheckDigits::Enforced);
/// ```
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) environment: Environment,
    pub(super) form: Option<FormCode>,
    pub(super) session: Option<SessionType>,
    pub(super) takes_attachments: bool,
    pub(super) check_digits: CheckDigits,
    pub(super) accepted_on: Option<NaiveDate>,
    pub(super) invoice_bytes: usize,
    pub(super) attachment_bytes: usize,
    pub(super) ignored: Vec<FindingKind>,
}

/// Whether tax numbers must have right check digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDigits {
    /// Wrong digits are refused, as in production, and in the test environment on demand
    /// ([`Feature`](crate::v2::Feature)).
    Enforced,
    /// Any digits will do, as in the test environment.
    Ignored,
}

impl Profile {
    /// What an environment demands: its forms, and check digits in production; the published limits
    /// of size.
    pub fn at(environment: &Environment) -> Self {
        let check_digits = match environment {
            Environment::Production => CheckDigits::Enforced,
            _ => CheckDigits::Ignored,
        };
        Self {
            environment: environment.clone(),
            form: None,
            session: None,
            takes_attachments: true,
            check_digits,
            accepted_on: None,
            invoice_bytes: 1_000_000,
            attachment_bytes: 3_000_000,
            ignored: Vec::new(),
        }
    }

    /// The form of the session, which the invoice must have; without it the namespace of the
    /// invoice decides.
    #[must_use]
    pub fn form(mut self, form: FormCode) -> Self {
        self.form = Some(form);
        self
    }

    /// The kind of session: an interactive one takes no attachments, and a batch no PEF. Without it
    /// either would do.
    ///
    /// A technical correction of an offline invoice goes into an interactive session and may have an
    /// attachment: leave the kind out for it.
    #[must_use]
    pub fn session(mut self, kind: SessionType) -> Self {
        self.session = Some(kind);
        self
    }

    /// Attachments are refused, because the seller has not announced them to the tax office
    /// ([`AttachmentStatus`](crate::v2::permissions::AttachmentStatus) tells). Otherwise they are
    /// taken to be announced.
    #[must_use]
    pub fn without_attachments(mut self) -> Self {
        self.takes_attachments = false;
        self
    }

    /// Whether check digits count, otherwise than the environment has it.
    #[must_use]
    pub fn check_digits(mut self, check_digits: CheckDigits) -> Self {
        self.check_digits = check_digits;
        self
    }

    /// The Polish calendar day on which the service would take the invoice; no invoice is issued
    /// later than that. Without it the day of issue is not looked at.
    #[must_use]
    pub fn accepted_on(mut self, day: NaiveDate) -> Self {
        self.accepted_on = Some(day);
        self
    }

    /// The most bytes of an invoice without attachment; 1,000,000 unless a context has its own
    /// limits ([`limits`](crate::v2::limits)).
    #[must_use]
    pub fn invoice_bytes(mut self, most: usize) -> Self {
        self.invoice_bytes = most;
        self
    }

    /// The most bytes of an invoice with an attachment; 3,000,000 unless a context has its own
    /// limits.
    #[must_use]
    pub fn attachment_bytes(mut self, most: usize) -> Self {
        self.attachment_bytes = most;
        self
    }

    /// Leaves out findings of a kind, for rules that an environment does not enforce yet: in
    /// production [`ProcessingInstruction`](FindingKind::ProcessingInstruction) and
    /// [`DiscouragedCharacter`](FindingKind::DiscouragedCharacter) were only warnings for long.
    #[must_use]
    pub fn ignoring(mut self, kind: FindingKind) -> Self {
        self.ignored.push(kind);
        self
    }
}
