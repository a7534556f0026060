//! Invoices without a session, for those who know what stands on them (specification 1.9, chapter
//! 12.4; KSeF 1.x facts §2.2).

use bytes::Bytes;
use common_core::{effect::Effect, money::Amount};
use common_http::{Auth, BuildError, Info};
use http::Method;
use ksef_crypto::{link::InvoiceHash, number::KsefNumber};

use crate::v1::{
    api::{COMMON, COMMON_INVOICE},
    endpoint::{OCTETS, RequestExt, bytes, check_length, endpoint, sha256},
    wire,
};

const NUMBER: (usize, usize) = (1, 256);

/// `POST common/Invoice/KSeF`: an invoice by its KSeF number and what its parties know (chapter
/// 12.4); twice in 60 minutes, as a published client notes.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchInvoice {
    invoice: KsefNumber,
    due_value: Amount,
    number: String,
    buyer: wire::AnonymousSubjectTo,
}

impl FetchInvoice {
    /// The invoice of that KSeF number, with its total, the number that its seller gave it (1 to
    /// 256 characters), and its buyer.
    pub fn new(
        invoice: KsefNumber,
        due_value: Amount,
        number: impl Into<String>,
        buyer: wire::AnonymousSubjectTo,
    ) -> Self {
        Self { invoice, due_value, number: number.into(), buyer }
    }
}

endpoint!(FetchInvoice -> Bytes {
    Info {
        name: "common.fetch_invoice",
        method: Method::POST,
        path: "/common/Invoice/KSeF",
        effect: Effect::Read,
        auth: Auth::None,
        limit: COMMON_INVOICE,
        section: "specification 1.9, chapter 12.4",
    },
    request: |this, request| {
        check_length("invoiceOryginalNumber", &this.number, NUMBER)?;
        let due = due_value(this.due_value)?;
        let details =
            wire::InvoiceQueryDetails::new(due, this.number.clone(), this.buyer.clone());
        let body = wire::InvoiceRequestKSeF::new(details, this.invoice.as_str());
        request.json(&body)?.accept(OCTETS).finish()
    },
    response: bytes,
});

/// `POST common/download/{KsefReferenceNumber}`: an invoice by its KSeF number, its hash and what
/// its parties know. It is in the OpenAPI only (KSeF 1.x facts §2.2).
#[derive(Clone, Debug, PartialEq)]
pub struct DownloadInvoice {
    invoice: KsefNumber,
    hash: InvoiceHash,
    due_value: Amount,
    number: String,
    buyer: wire::AnonymousSubjectIdentifierTo,
}

impl DownloadInvoice {
    /// The invoice of that KSeF number, with its hash, its total, the number that its seller gave
    /// it (1 to 256 characters), and its buyer's identifier.
    pub fn new(
        invoice: KsefNumber,
        hash: InvoiceHash,
        due_value: Amount,
        number: impl Into<String>,
        buyer: wire::AnonymousSubjectIdentifierTo,
    ) -> Self {
        Self { invoice, hash, due_value, number: number.into(), buyer }
    }
}

endpoint!(DownloadInvoice -> Bytes {
    Info {
        name: "common.download_invoice",
        method: Method::POST,
        path: "/common/download/{KsefReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::None,
        limit: COMMON,
        section: "KSeF 1.x facts §2.2",
    },
    request: |this, request| {
        check_length("invoiceNumber", &this.number, NUMBER)?;
        let body = wire::InvoiceDownloadRequest::new(
            due_value(this.due_value)?,
            sha256(&this.hash.base64()),
            this.number.clone(),
            this.buyer.clone(),
        );
        let request = request.param("KsefReferenceNumber", &this.invoice)?;
        request.json(&body)?.accept(OCTETS).finish()
    },
    response: bytes,
});

/// `POST common/verification/{KsefReferenceNumber}`: whether the invoice of that number has that
/// hash, and what it is. It is in the OpenAPI only (KSeF 1.x facts §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyInvoice {
    invoice: KsefNumber,
    hash: InvoiceHash,
}

impl VerifyInvoice {
    /// That invoice, with the hash of its very bytes.
    pub fn new(invoice: KsefNumber, hash: InvoiceHash) -> Self {
        Self { invoice, hash }
    }
}

endpoint!(VerifyInvoice -> wire::InvoiceVerificationResponse {
    Info {
        name: "common.verify_invoice",
        method: Method::POST,
        path: "/common/verification/{KsefReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::None,
        limit: COMMON,
        section: "KSeF 1.x facts §2.2",
    },
    request: |this, request| {
        let request = request.param("KsefReferenceNumber", &this.invoice)?;
        request.json(&wire::InvoiceVerificationRequest::new(sha256(&this.hash.base64())))?.finish()
    },
});

/// An amount in the form of the contract: up to ten digits, and none or two decimal places.
fn due_value(amount: Amount) -> Result<Amount, BuildError> {
    let refused =
        || BuildError::new("dueValue", "must have up to ten digits and two decimal places");
    let mut decimal = amount.decimal().normalize();
    if decimal.scale() > 2 || decimal.abs().trunc() > rust_decimal::Decimal::from(9_999_999_999_u64)
    {
        return Err(refused());
    }
    if amount.scale() == 0 {
        return Ok(amount);
    }
    decimal.rescale(2);
    Amount::parse(&decimal.to_string()).map_err(|_| refused())
}
