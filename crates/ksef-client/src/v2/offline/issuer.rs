//! The codes that are printed on an invoice before KSeF has it (KSeF 2.0 facts §15.2 and §15.3).

use std::{fmt, sync::Arc};

use chrono::NaiveDate;
use common_core::ident::Nip;
use ksef_crypto::{
    keys::{SignError, Signer},
    link::{CertificateLink, Environment, InvoiceHash, InvoiceLink},
    number::ContextIdentifier,
    qr::{Caption, Correction, QrCode, QrError},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Who issues invoices offline: the seller, in which installation, and by which certificate.
///
/// The certificate is one of KSeF's, of the type Offline; others are refused by whoever scans the
/// code. Clones share the key, which is stored nowhere.
#[derive(Clone)]
pub struct Issuer {
    environment: Environment,
    seller: Nip,
    context: ContextIdentifier,
    signer: Arc<dyn Signer>,
}

/// What is printed on an invoice that was issued offline: two links, as text and as QR symbols.
///
/// The second one is signed, and every signature is another one. So a code that was printed is the
/// one that counts, and not one that is made again; [`Outbox::issue`](crate::v2::outbox::Outbox::issue)
/// keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Codes {
    /// KOD I, which leads to the invoice; `OFFLINE` stands below it until there is a KSeF number.
    pub invoice: InvoiceLink,
    /// KOD II, which says who issued it; `CERTYFIKAT` stands below it.
    pub certificate: CertificateLink,
}

impl Issuer {
    /// The seller of that NIP, who issues in a context of its own.
    pub fn new(environment: Environment, seller: Nip, signer: impl Signer + 'static) -> Self {
        let context = ContextIdentifier::Nip(seller.clone());
        Self { environment, seller, context, signer: Arc::new(signer) }
    }

    /// Issues in another context, one that may issue for the seller.
    #[must_use]
    pub fn in_context(mut self, context: ContextIdentifier) -> Self {
        self.context = context;
        self
    }

    /// The seller.
    pub fn seller(&self) -> &Nip {
        &self.seller
    }

    /// Makes the codes of an invoice with that day of issue (`P_1`) and that hash.
    ///
    /// Fails when the signer does, and when its certificate is none of KSeF 2.0.
    pub fn codes(&self, day: NaiveDate, hash: InvoiceHash) -> Result<Codes, SignError> {
        let invoice = InvoiceLink::new(self.environment, self.seller.clone(), day, hash);
        let certificate = CertificateLink::sign(&invoice, self.context.clone(), &*self.signer)?;
        Ok(Codes { invoice, certificate })
    }
}

impl Codes {
    /// Both as QR symbols with their captions, KOD I first.
    pub fn symbols(&self, correction: Correction) -> Result<[QrCode; 2], QrError> {
        Ok([
            QrCode::new(&self.invoice, Caption::Offline, correction)?,
            QrCode::new(&self.certificate, Caption::Certificate, correction)?,
        ])
    }
}

/// As the two texts.
impl Serialize for Codes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.invoice.to_string(), self.certificate.to_string()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Codes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (invoice, certificate) = <(String, String)>::deserialize(deserializer)?;
        Ok(Self {
            invoice: InvoiceLink::parse(&invoice).map_err(D::Error::custom)?,
            certificate: CertificateLink::parse(&certificate).map_err(D::Error::custom)?,
        })
    }
}

/// Without the key.
impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("environment", &self.environment)
            .field("seller", &self.seller)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
