//! What names a program of a register.

use super::{
    IdentError,
    text::{of_length, text_identifier},
};

/// Version of a register's program (`firmwareMetadata`): 1 to 240 characters (source document,
/// section 2.4.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FirmwareVersion(Box<str>);

impl FirmwareVersion {
    /// Reads 1 to 240 characters.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let error = IdentError::new("a program version", "1 to 240 characters");
        of_length(text, 240, error).map(Self)
    }
}

text_identifier!(FirmwareVersion);

/// Checksum of a register's program (`firmwareChecksum`): 40 to 128 hexadecimal digits of a hash
/// out of ISO/IEC 10118-3:2004, most likely SHA-256 (source document, section 2.4.4; CRK facts
/// §1.1).
///
/// Upper and lower case are kept as they came and are no difference.
///
/// ```
/// use ekasy_device::ident::FirmwareChecksum;
///
/// let checksum = FirmwareChecksum::parse(&"0aF1".repeat(16))?;
/// assert_eq!(checksum, FirmwareChecksum::parse(&"0Af1".repeat(16))?);
/// assert!(FirmwareChecksum::parse("0af1").is_err());
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FirmwareChecksum(Box<str>);

impl FirmwareChecksum {
    /// Reads 40 to 128 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let fits = hex && (40..=128).contains(&text.len());
        let error = IdentError::new("a program checksum", "40 to 128 hexadecimal digits");
        if fits { Ok(Self(text.into())) } else { Err(error) }
    }

    /// The checksum of a hash.
    pub fn of_hash(hash: &[u8]) -> Result<Self, IdentError> {
        use std::fmt::Write as _;

        let hex = hash.iter().fold(String::with_capacity(hash.len() * 2), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Self::parse(&hex)
    }
}

impl PartialEq for FirmwareChecksum {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for FirmwareChecksum {}

text_identifier!(FirmwareChecksum);
