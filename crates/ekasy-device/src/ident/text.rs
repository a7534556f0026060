//! What identifiers that are texts share, and the two texts that have a length and no form.

use super::IdentError;

/// Gives a type over a text `as_str`, `Display`, `FromStr`, `AsRef`, `Serialize` and
/// `Deserialize`; the type has a `parse` of its own, and perhaps another one for what comes as JSON.
macro_rules! text_identifier {
    ($name:ident) => {
        $crate::ident::text::text_identifier!($name, 0, parse);
    };
    ($name:ident, $field:tt, $read:ident) => {
        impl $name {
            /// The text, as it is written on the wire.
            pub fn as_str(&self) -> &str {
                &self.$field
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.$field)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ident::IdentError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.$field
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.$field)
            }
        }

        $crate::ident::text::read_from_text!($name, $read);
    };
}

/// Reads a type from a JSON string by its `parse` or another function.
macro_rules! read_from_text {
    ($name:ident) => {
        $crate::ident::text::read_from_text!($name, parse);
    };
    ($name:ident, $read:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text =
                    <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::$read(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(super) use {read_from_text, text_identifier};

/// Serial number that the producer gave the register (`cashRegisterSN`, numer fabryczny): 1 to 240
/// characters; for a register in software the unique number (source document, section 2.4.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SerialNumber(Box<str>);

impl SerialNumber {
    /// Reads 1 to 240 characters.
    ///
    /// ```
    /// use ekasy_device::ident::SerialNumber;
    ///
    /// assert!(SerialNumber::parse("KASA-000123").is_ok());
    /// assert!(SerialNumber::parse("").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let error = IdentError::new("a serial number", "1 to 240 characters");
        of_length(text, 240, error).map(Self)
    }
}

text_identifier!(SerialNumber);

/// Identifier of the technician who fiscalises (`monterId`): 1 to 30 characters; always `KW123` for
/// a register in software (source document, section 2.4.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TechnicianId(Box<str>);

impl TechnicianId {
    /// Reads 1 to 30 characters.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let error = IdentError::new("a technician's identifier", "1 to 30 characters");
        of_length(text, 30, error).map(Self)
    }

    /// What a register in software sends, since no technician comes: `KW123`.
    ///
    /// ```
    /// use ekasy_device::ident::TechnicianId;
    ///
    /// assert_eq!(TechnicianId::of_software_register().as_str(), "KW123");
    /// ```
    pub fn of_software_register() -> Self {
        Self("KW123".into())
    }
}

text_identifier!(TechnicianId);

/// The text if it has 1 to `most` characters.
pub(super) fn of_length(
    text: &str,
    most: usize,
    error: IdentError,
) -> Result<Box<str>, IdentError> {
    let fits = (1..=most).contains(&text.chars().count());
    if fits { Ok(text.into()) } else { Err(error) }
}

/// Whether the text consists of ASCII digits, of which there is at least one.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
