//! The three operations on single invoices.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, BuildError, Info};
use http::{HeaderValue, Method};
use ksef_crypto::{
    number::{KsefNumber, ReferenceNumber},
    seal::{Encryptor, Measure, SessionKey, sealed_size},
};

use crate::v1::{
    api::ONLINE,
    endpoint::{NumberVariant, OCTETS, RequestExt, bytes, endpoint, sha256},
    wire,
};

/// The largest invoice of a session, in bytes, plain and encrypted (specification 1.9, chapter
/// 13.7).
const LARGEST: u64 = 1024 * 1024;
const LARGEST_ENCRYPTED: u64 = 2 * 1024 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// `PUT online/Invoice/Send`: sends one invoice (chapter 13.7).
///
/// Hash and size are those of the very bytes that are given here; the KSeF hash, the confirmation
/// and the verification link depend on them. The answer names the element, by whose number the
/// [`Status`] is asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Send {
    body: Bytes,
    invoice: Measure,
}

impl Send {
    /// An invoice for a session without encryption: 1 to 1,048,576 bytes of XML.
    pub fn plain(invoice: &[u8]) -> Result<Self, BuildError> {
        Self::measured(invoice, Measure::of(invoice), None)
    }

    /// An invoice for a session that declared that key: 1 to 1,048,576 bytes of XML, which are
    /// encrypted here.
    pub fn encrypted(invoice: &[u8], key: &SessionKey) -> Result<Self, BuildError> {
        Self::measured(invoice, Measure::of(invoice), Some(key))
    }

    /// An invoice that was measured already, encrypted if there is a key.
    pub(in crate::v1) fn measured(
        invoice: &[u8],
        measure: Measure,
        key: Option<&SessionKey>,
    ) -> Result<Self, BuildError> {
        check_size(measure.size, LARGEST)?;
        let Some(key) = key else {
            return Self::new(measure, wire::InvoicePayload::Plain(String::new()), invoice);
        };
        let sealed = encrypted(invoice, key);
        let encrypted = Measure::of(&sealed);
        let hash = wire::EncryptedInvoiceHash::new(
            check_size(encrypted.size, LARGEST_ENCRYPTED)?,
            sha256(&encrypted.sha256_base64()),
        );
        let payload = wire::InvoicePayloadEncrypted::new(String::new(), hash);
        Self::new(measure, wire::InvoicePayload::Encrypted(payload), &sealed)
    }

    /// Size and hash of the plain invoice.
    pub fn invoice(&self) -> &Measure {
        &self.invoice
    }

    /// The request with `content` in the place of the payload's text, which is empty.
    fn new(
        invoice: Measure,
        payload: wire::InvoicePayload,
        content: &[u8],
    ) -> Result<Self, BuildError> {
        let size = check_size(invoice.size, LARGEST)?;
        let hash = wire::InvoiceHash::new(size, sha256(&invoice.sha256_base64()));
        let frame = serde_json::to_string(&wire::SendInvoiceRequest::new(hash, payload))
            .map_err(|error| BuildError::new("body", error.to_string()))?;
        let place = frame.find(EMPTY).map(|start| start + EMPTY.len() - 1);
        let place = place.ok_or_else(|| BuildError::new("body", "has no place for the invoice"))?;
        Ok(Self { body: filled(&frame, place, content).into(), invoice })
    }
}

fn encrypted(invoice: &[u8], key: &SessionKey) -> Vec<u8> {
    let size = usize::try_from(sealed_size(invoice.len() as u64)).unwrap_or(invoice.len());
    let (mut encryptor, mut sealed) = (Encryptor::new(key), Vec::with_capacity(size));
    encryptor.update(invoice, &mut sealed);
    encryptor.finish(&mut sealed);
    sealed
}

/// The end of a text that is empty.
const EMPTY: &str = r#"Body":"""#;

/// JSON with the Base64 of `content` at that place in it.
///
/// The text is written once, where it stays: as a field it would be copied, and searched for what
/// JSON has to escape, of which Base64 has nothing. An invoice may be a megabyte.
fn filled(frame: &str, place: usize, content: &[u8]) -> String {
    let length = base64::encoded_len(content.len(), true).unwrap_or_default();
    let mut body = String::with_capacity(frame.len() + length);
    let (head, tail) = frame.split_at(place);
    body.push_str(head);
    STANDARD.encode_string(content, &mut body);
    body.push_str(tail);
    body
}

fn check_size(bytes: u64, most: u64) -> Result<u32, BuildError> {
    let fits = u32::try_from(bytes).ok().filter(|_| (1..=most).contains(&bytes));
    fits.ok_or_else(|| BuildError::new("fileSize", format!("must be 1 to {most} bytes")))
}

/// Without the invoice.
impl fmt::Debug for Send {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send").field("invoice", &self.invoice).finish_non_exhaustive()
    }
}

endpoint!(Send -> wire::SendInvoiceResponse {
    Info {
        name: "invoices.send",
        method: Method::PUT,
        path: "/online/Invoice/Send",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.7",
    },
    request: |this, request| request.body(JSON, this.body.clone()).finish(),
});

/// `GET online/Invoice/Status/{InvoiceElementReferenceNumber}`: how far an invoice has come, and its
/// KSeF number when it has one (chapter 13.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    element: ReferenceNumber,
    variant: Option<NumberVariant>,
}

impl Status {
    /// The invoice of that element, which sending it named; the session's number will not do.
    pub fn new(element: ReferenceNumber) -> Self {
        Self { element, variant: None }
    }

    /// Sets the form of the KSeF number in the answer.
    #[must_use]
    pub fn number_variant(mut self, variant: NumberVariant) -> Self {
        self.variant = Some(variant);
        self
    }
}

endpoint!(Status -> wire::StatusInvoiceResponse {
    Info {
        name: "invoices.status",
        method: Method::GET,
        path: "/online/Invoice/Status/{InvoiceElementReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.7",
    },
    request: |this, request| {
        let request = request.param("InvoiceElementReferenceNumber", &this.element)?;
        request.number_variant(this.variant).finish()
    },
});

/// `GET online/Invoice/Get/{KSeFReferenceNumber}`: an invoice of the session's context, as it was
/// sent (chapter 13.8).
///
/// Two published clients got plain XML in encrypted sessions, too (KSeF 1.x facts §7);
/// [`Session::fetch`](crate::v1::session::Session::fetch) takes either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch(pub KsefNumber);

endpoint!(Fetch -> Bytes {
    Info {
        name: "invoices.fetch",
        method: Method::GET,
        path: "/online/Invoice/Get/{KSeFReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.8",
    },
    request: |this, request| request.param("KSeFReferenceNumber", &this.0)?.accept(OCTETS).finish(),
    response: bytes,
});
