//! What subjects, contexts and targets of permissions are known by (KSeF 2.0 facts §11).

use std::{fmt, str::FromStr};

use common_core::{
    ident::{Nip, Pesel},
    open::{Code, Open},
};
use ksef_crypto::number::{InternalId, PeppolId};

/// The known or unknown code of a name on the wire.
pub(crate) fn code<E: Code<Raw = String>>(name: &str) -> Open<E> {
    Open::from_raw(name.to_owned())
}

/// A text that is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not {0}")]
pub struct IdentifierError(&'static str);

/// Fingerprint of a certificate: the SHA-256 of its DER as 64 hexadecimal digits in upper case.
///
/// [`Certificate::fingerprint`](ksef_crypto::certificate::Certificate::fingerprint) computes it.
///
/// ```
/// use ksef_client::v2::permissions::Fingerprint;
///
/// assert!(Fingerprint::parse(&"0A".repeat(32)).is_ok());
/// assert!(Fingerprint::parse(&"0a".repeat(32)).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(Box<str>);

impl Fingerprint {
    /// Reads a fingerprint.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
        if text.len() != 64 || !text.bytes().all(is_digit) {
            return Err(IdentifierError("64 hexadecimal digits in upper case"));
        }
        Ok(Self(text.into()))
    }
}

/// The number of a permission that was granted, 36 characters; the queries give it.
///
/// ```
/// use ksef_client::v2::permissions::PermissionId;
///
/// assert!(PermissionId::parse("00000000-0000-0000-0000-000000000001").is_ok());
/// assert!(PermissionId::parse("1").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionId(Box<str>);

impl PermissionId {
    /// Reads a number.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        if text.chars().count() != 36 {
            return Err(IdentifierError("the 36 characters of a permission's number"));
        }
        Ok(Self(text.into()))
    }
}

macro_rules! text {
    ($($name:ident),+) => {$(
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdentifierError;

            fn from_str(text: &str) -> Result<Self, IdentifierError> {
                Self::parse(text)
            }
        }
    )+};
}

text!(Fingerprint, PermissionId);

/// Declares an enum of identifiers, each of which travels as a kind and a value.
macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident($type:ty)),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$of])* $variant($type),)+
        }

        impl $name {
            /// The contract's name of its kind.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($variant),)+
                }
            }

            /// Its text.
            pub fn value(&self) -> &str {
                match self {
                    $(Self::$variant(value) => value.as_str(),)+
                }
            }
        }

        $(
            impl From<$type> for $name {
                fn from(value: $type) -> Self {
                    Self::$variant(value)
                }
            }
        )+
    )+};
}

identifiers! {
    /// What a subject is known by.
    Identifier {
        /// A tax number.
        Nip(Nip),
        /// A personal number.
        Pesel(Pesel),
        /// A certificate.
        Fingerprint(Fingerprint),
    }

    /// What a person is known by besides a certificate.
    PersonalNumber {
        /// A personal number.
        Pesel(Pesel),
        /// A tax number.
        Nip(Nip),
    }

    /// A taxpayer, or a unit inside one.
    Unit {
        /// A tax number.
        Nip(Nip),
        /// An internal identifier.
        InternalId(InternalId),
    }

    /// A party of an authorisation between entities.
    Entity {
        /// A tax number.
        Nip(Nip),
        /// A Peppol service provider.
        PeppolId(PeppolId),
    }
}

/// Whose invoices an indirect permission is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Every partner that has granted the permission with the right to pass it on.
    AllPartners,
    /// One of them, or one of its units.
    Partner(Unit),
}

impl Target {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::AllPartners => "AllPartners",
            Self::Partner(unit) => unit.kind(),
        }
    }

    pub(crate) fn value(&self) -> Option<String> {
        match self {
            Self::AllPartners => None,
            Self::Partner(unit) => Some(unit.value().to_owned()),
        }
    }
}
