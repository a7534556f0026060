//! The unique number of a register.

use super::{
    IdentError,
    text::{is_digits, text_identifier},
};

/// Unique number of a register (numer unikatowy): `AAABBCCDDDDDD`, 13 characters.
///
/// `AAA` is the prefix of the model, `BB` the year in which the number was given out, `CC` the
/// number of the approval, `DDDDDD` a running number (source document, section 2.2.6.1, where the
/// mask is printed with twelve letters; CRK facts §7, 2).
///
/// ```
/// use ekasy_device::ident::UniqueNumber;
///
/// let number = UniqueNumber::parse("WTE2001000009")?;
/// assert_eq!((number.prefix(), number.year(), number.approval()), ("WTE", "20", "01"));
/// assert_eq!(number.serial(), "000009");
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UniqueNumber(Box<str>);

/// The digits behind the prefix.
const DIGITS: usize = 10;

impl UniqueNumber {
    /// Reads 3 capital letters and 10 digits.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        Self::with_letters(text, &[3])
            .ok_or(IdentError::new("a unique number", "3 capital letters and 10 digits"))
    }

    /// Reads a unique number whose prefix may also have 2 letters.
    ///
    /// The ministry's own test kit is named after such a number of 12 characters (CRK facts §7,
    /// 2); nothing says that the repository takes one. A register that was given such a number on
    /// purpose works with it: command identifiers in JSON and
    /// [`CommandId::parse_lenient`](super::CommandId::parse_lenient) accept it, too.
    ///
    /// ```
    /// use ekasy_device::ident::UniqueNumber;
    ///
    /// assert!(UniqueNumber::parse("TT1701003001").is_err());
    /// assert!(!UniqueNumber::parse_lenient("TT1701003001")?.is_standard());
    /// # Ok::<(), ekasy_device::ident::IdentError>(())
    /// ```
    pub fn parse_lenient(text: &str) -> Result<Self, IdentError> {
        Self::with_letters(text, &[3, 2])
            .ok_or(IdentError::new("a unique number", "2 or 3 capital letters and 10 digits"))
    }

    /// Whether it has the 13 characters that the document demands.
    pub fn is_standard(&self) -> bool {
        self.0.len() == 3 + DIGITS
    }

    /// The letters, which stand for the model.
    pub fn prefix(&self) -> &str {
        &self.0[..self.0.len() - DIGITS]
    }

    /// Two digits of the year in which the number was given out.
    pub fn year(&self) -> &str {
        self.digits(0, 2)
    }

    /// Two digits that stand for the approval by the office of measures (GUM).
    pub fn approval(&self) -> &str {
        self.digits(2, 4)
    }

    /// The running number, six digits.
    pub fn serial(&self) -> &str {
        self.digits(4, DIGITS)
    }

    fn digits(&self, from: usize, to: usize) -> &str {
        &self.0[self.0.len() - DIGITS..][from..to]
    }

    fn with_letters(text: &str, letters: &[usize]) -> Option<Self> {
        let prefix = text.len().checked_sub(DIGITS).filter(|count| letters.contains(count))?;
        let (letters, digits) = text.split_at_checked(prefix)?;
        let fits = letters.bytes().all(|byte| byte.is_ascii_uppercase()) && is_digits(digits);
        fits.then(|| Self(text.into()))
    }
}

text_identifier!(UniqueNumber);
