//! Certificates as the commands carry them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer};

use crate::ident::IdentError;

/// A certificate: base64 of its DER form, without the lines of PEM (source document, sections
/// 2.4.1 and 2.4.2; CRK facts §1.1).
///
/// Two certificates are equal when they are the same bytes, which is what pinning asks.
/// What stands inside is not looked at here.
///
/// ```
/// use ekasy_device::command::Certificate;
///
/// let certificate = Certificate::from_base64("MAMCAQc=")?;
/// assert_eq!(certificate.der(), [0x30, 3, 2, 1, 7]);
/// assert_eq!(certificate.to_base64(), "MAMCAQc=");
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Certificate(Box<[u8]>);

impl Certificate {
    /// A certificate of these bytes.
    pub fn from_der(der: impl Into<Box<[u8]>>) -> Self {
        Self(der.into())
    }

    /// Reads base64 with padding; white space in it is left out.
    pub fn from_base64(text: &str) -> Result<Self, IdentError> {
        let compact: String = text.split_ascii_whitespace().collect();
        let der = STANDARD.decode(compact).ok().filter(|der| !der.is_empty());
        let error = IdentError::new("a certificate", "base64 of the DER form");
        der.map(Self::from_der).ok_or(error)
    }

    /// The DER form.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// The base64 that goes over the wire.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.0)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} bytes)", self.0.len())
    }
}

impl Serialize for Certificate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64())
    }
}
