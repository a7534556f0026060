//! The confirmation of one invoice that is issued (KSeF 2.0 facts §9).

use common_http::Endpoint as _;
use ksef_crypto::{
    link::InvoiceHash,
    upo::{Upo, UpoDocument},
    xades::Policy,
};

use super::Issued;
use crate::v2::{
    Account, Document,
    error::{Error, ErrorKind},
    sessions::UpoByKsefNumber,
};

/// The confirmation of an invoice: signed, and about this invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confirmation {
    /// The document byte for byte, which is what to keep.
    pub document: Document,
    /// What it says.
    pub upo: Upo,
    /// What it says of the invoice.
    pub row: UpoDocument,
}

impl Issued {
    /// Fetches the confirmation (UPO) of this invoice and verifies it: the signature by that policy,
    /// and that it names the KSeF number together with the hash of the bytes that were put in.
    ///
    /// [`ErrorKind::NotFound`] when the session is not known, or has no confirmation of it yet;
    /// [`ErrorKind::Signature`] when the signature does not hold, [`ErrorKind::Corrupt`] when it
    /// confirms something else. See [`Upo::verify`] for whom to trust.
    pub async fn confirmation(
        &self,
        account: &Account,
        invoice: &InvoiceHash,
        policy: &Policy<'_>,
    ) -> Result<Confirmation, Error> {
        let failed =
            |kind, cause: &'static str| Error::local(kind, UpoByKsefNumber::INFO.name, cause);
        let session = self.session.clone();
        let session = session.ok_or_else(|| {
            failed(ErrorKind::NotFound, "the session of the invoice is not known")
        })?;
        let number = self.number.clone();
        let document = account.send(&UpoByKsefNumber::new(session, number)).await?;
        let (upo, _) = document.verify_upo(policy).map_err(|error| {
            Error::local(ErrorKind::Signature, UpoByKsefNumber::INFO.name, error)
        })?;
        let row = upo.document(self.number.as_str()).filter(|row| row.hash == invoice.base64());
        let row = row.cloned().ok_or_else(|| {
            failed(ErrorKind::Corrupt, "the confirmation is about another invoice")
        })?;
        Ok(Confirmation { document, upo, row })
    }
}
