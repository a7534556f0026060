//! The link of an invoice that has its KSeF number.

use std::fmt;

use super::{decode, encode};
use crate::{
    link::{Environment, InvoiceHash, LinkError, LinkPart},
    number::KsefNumber,
};

/// The online link, which leads to an invoice by its KSeF number (specification 1.9, chapter 16.2).
///
/// `https://{host}/web/verify/{KSeF number}/{SHA-256, Base64}`
///
/// The QR code shows the KSeF number below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OnlineLink {
    environment: Environment,
    number: KsefNumber,
    hash: InvoiceHash,
}

impl OnlineLink {
    /// The link of an invoice; both forms of its number are right.
    pub fn new(environment: Environment, number: KsefNumber, hash: InvoiceHash) -> Self {
        Self { environment, number, hash }
    }

    /// Reads a link.
    ///
    /// ```
    /// use ksef_crypto::link::v1::OnlineLink;
    ///
    /// let link = OnlineLink::parse(
    ///     "https://ksef.mf.gov.pl/web/verify/4904089735-20220125-48BA3C-65D074-93/\
    ///      YwucKLcs88uk6ivN00%2FC%2FNRYAKH2FduOb0v%2FccwpjTI%3D",
    /// )?;
    /// assert_eq!(link.number().as_str(), "4904089735-20220125-48BA3C-65D074-93");
    /// # Ok::<(), ksef_crypto::link::LinkError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let (environment, path) = Environment::split(text, Environment::v1_host)?;
        let ["web", "verify", number, hash] = path[..] else {
            return Err(LinkError::new(LinkPart::Path));
        };
        let number = KsefNumber::parse(number).map_err(|_| LinkError::new(LinkPart::Number))?;
        let hash = read_hash(hash)?;
        Ok(Self { environment, number, hash })
    }

    /// Which KSeF it leads to.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// The number of the invoice.
    pub fn number(&self) -> &KsefNumber {
        &self.number
    }

    /// The SHA-256 of the invoice's file.
    pub fn hash(&self) -> &InvoiceHash {
        &self.hash
    }

    /// Tells whether the link is about this file, byte for byte.
    pub fn matches(&self, invoice: &[u8]) -> bool {
        self.hash == InvoiceHash::of(invoice)
    }
}

impl fmt::Display for OnlineLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { environment, number, hash } = self;
        let (host, hash) = (environment.v1_host(), encode(hash.as_bytes()));
        write!(f, "https://{host}/web/verify/{number}/{hash}")
    }
}

/// The hash in a segment of a link.
pub(super) fn read_hash(segment: &str) -> Result<InvoiceHash, LinkError> {
    decode(segment)
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .map(InvoiceHash::from)
        .ok_or(LinkError::new(LinkPart::Hash))
}
