//! Invoices on their way out, and what became of them (KSeF 2.0 facts §6 and §8).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use ksef_crypto::{
    link::InvoiceHash,
    number::{KsefNumber, ReferenceNumber},
    seal::{SessionKey, seal},
};
use serde::{Deserialize, Serialize};

use crate::v2::{status::Status, wire};

/// The bytes of an invoice, and how they are to be sent.
///
/// The bytes go out as they are: what is hashed, measured and encrypted is the same slice.
///
/// # Examples
///
/// ```
/// use ksef_client::v2::sending::OutgoingInvoice;
///
/// let invoice = OutgoingInvoice::new(&b"<Faktura/>"[..]).offline();
/// assert_eq!(invoice.bytes().len(), 10);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingInvoice {
    bytes: Bytes,
    offline: bool,
    corrected: Option<InvoiceHash>,
}

impl OutgoingInvoice {
    /// An invoice that is issued by being sent.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), offline: false, corrected: None }
    }

    /// Declares that it was issued in an offline mode (`offlineMode`; KSeF 2.0 facts §16).
    #[must_use]
    pub fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    /// Declares that it is the technical correction of an offline invoice that was refused: the
    /// same content, whose earlier file had that hash. Such an invoice is offline, too.
    #[must_use]
    pub fn correcting(mut self, refused: InvoiceHash) -> Self {
        self.corrected = Some(refused);
        self.offline()
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Their SHA-256, by which the invoice is found again.
    pub fn hash(&self) -> InvoiceHash {
        InvoiceHash::of(&self.bytes)
    }

    /// The body that sends it in a session with that key.
    pub(super) fn sealed(&self, key: &SessionKey) -> wire::SendInvoiceRequest {
        let sealed = seal(key, &self.bytes);
        let mut body = wire::SendInvoiceRequest::new(
            STANDARD.encode(&sealed.bytes),
            sealed.encrypted.sha256_base64(),
            sealed.encrypted.size,
            sealed.plain.sha256_base64(),
            sealed.plain.size,
        );
        body.offline_mode = Some(self.offline);
        body.hash_of_corrected_invoice = self.corrected.map(|hash| hash.base64());
        body
    }
}

impl<T: Into<Bytes>> From<T> for OutgoingInvoice {
    fn from(bytes: T) -> Self {
        Self::new(bytes)
    }
}

/// Without the content.
impl fmt::Debug for OutgoingInvoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingInvoice")
            .field("size", &self.bytes.len())
            .field("offline", &self.offline)
            .field("corrected", &self.corrected.map(|hash| hash.to_string()))
            .finish()
    }
}

/// An invoice that was sent: what is needed to ask for it later, as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SentInvoice {
    /// The session.
    pub session: ReferenceNumber,
    /// The invoice's number in the session, which is no KSeF number.
    pub reference: ReferenceNumber,
    /// SHA-256 of the bytes in Base64, 44 characters.
    pub hash: String,
}

/// What became of an invoice in a session.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InvoiceState {
    /// The service is at it (100, 150, and other codes below 200).
    Pending(Status),
    /// It is issued and has a KSeF number (200).
    Accepted(AcceptedInvoice),
    /// The same invoice was issued before (440).
    Duplicate {
        /// The number of the first one.
        original: Option<KsefNumber>,
        /// The session of the first one.
        session: Option<ReferenceNumber>,
        /// The status.
        status: Status,
    },
    /// The service broke off (500, 550), or ended in a way that this version does not know (another
    /// 2xx, 3xx or 5xx). Whether the invoice was stored is **not** certain: look for it by its number
    /// before sending it again (KSeF 2.0 facts §8).
    Uncertain(Status),
    /// It was refused and is not issued; the status says why.
    Refused(Status),
}

/// An invoice that is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedInvoice {
    /// The KSeF number.
    pub number: KsefNumber,
    /// The number in the session.
    pub reference: Option<ReferenceNumber>,
    /// When it was taken for processing: the moment that tells an offline invoice from others.
    pub invoicing_date: Option<DateTime<Utc>>,
    /// When it got its number.
    pub acquisition_date: Option<DateTime<Utc>>,
    /// When it was stored for good; it can be queried from then on.
    pub permanent_storage_date: Option<DateTime<Utc>>,
}

impl InvoiceState {
    /// Reads a row of a session.
    pub fn of(row: &wire::SessionInvoiceStatusResponse) -> Self {
        let told = &row.status;
        let status = Status::new(told.code, told.description.clone(), told.details.clone());
        let extension = |name: &str| told.extensions.get(name).cloned().flatten();
        let number = row.ksef_number.as_deref().and_then(|number| number.parse().ok());
        match (told.code, number) {
            (200, Some(number)) => Self::Accepted(AcceptedInvoice {
                number,
                reference: row.reference_number.parse().ok(),
                invoicing_date: row.invoicing_date,
                acquisition_date: row.acquisition_date,
                permanent_storage_date: row.permanent_storage_date,
            }),
            // A success without a number cannot be told from one that is on its way.
            (..=200, _) => Self::Pending(status),
            (440, _) => Self::Duplicate {
                original: extension("originalKsefNumber").and_then(|text| text.parse().ok()),
                session: extension("originalSessionReferenceNumber")
                    .and_then(|text| text.parse().ok()),
                status,
            },
            (..400 | 500.., _) => Self::Uncertain(status),
            _ => Self::Refused(status),
        }
    }

    /// Whether nothing will change any more.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Pending(_))
    }
}
