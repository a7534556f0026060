//! Invoices as they were sent.

use bytes::Bytes;
use common_http::Endpoint;
use ksef_crypto::{link::InvoiceHash, number::KsefNumber, seal};

use super::Fetch;
use crate::v1::{
    Client,
    common::VerifyInvoice,
    error::{Error, ErrorKind},
    session::Session,
    wire,
};

/// What the XML of an invoice may begin with: its first tag or a byte order mark.
const XML: [&[u8]; 2] = [b"<", b"\xEF\xBB\xBF<"];

impl Session {
    /// An invoice of the session's context, as it was sent (chapter 13.8). The session must have the
    /// role `invoice_read`, or be the owner's.
    ///
    /// In an encrypted session the answer may come encrypted or, as published clients saw it, plain
    /// (KSeF 1.x facts §7); what is UTF-8 and begins like XML is taken as it
    /// is.
    pub async fn fetch(&self, invoice: &KsefNumber) -> Result<Bytes, Error> {
        let body = self.send(&Fetch(invoice.clone())).await?;
        // Encrypted bytes begin like XML by chance, but are no UTF-8 from end to end.
        let is_plain =
            XML.iter().any(|start| body.starts_with(start)) && std::str::from_utf8(&body).is_ok();
        match self.encryption_key() {
            Some(key) if !is_plain => {
                let opened = seal::open(key, &body);
                opened
                    .map(Bytes::from)
                    .map_err(|error| Error::local(ErrorKind::Encryption, Fetch::INFO.name, error))
            }
            _ => Ok(body),
        }
    }
}

impl Client {
    /// Asks whether an invoice has that KSeF number, by its very bytes; needs no session.
    ///
    /// `None` when the service knows no such invoice.
    pub async fn verify_invoice(
        &self,
        number: &KsefNumber,
        invoice: &[u8],
    ) -> Result<Option<wire::InvoiceVerificationResponse>, Error> {
        let request = VerifyInvoice::new(number.clone(), InvoiceHash::of(invoice));
        match self.send(&request).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
