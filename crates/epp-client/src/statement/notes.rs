//! How forgiving a reader is, and what it forgave.

/// What happens to a file that is not quite what the format says (ePP facts §2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Reading {
    /// Everything odd is an error.
    ///
    /// A byte order mark and unknown elements are not odd: the first is legal, the second are kept.
    #[default]
    Strict,
    /// What real files are known to have is mended and counted in [`Notes`].
    ///
    /// Control characters are taken out, bytes that are no UTF-8 become U+FFFD, which is kept where it stands, amounts may
    /// have a comma and groups of thousands, an amount or a count that cannot be read is left out and its text kept in
    /// `extra`, sections nobody knows are skipped.
    Lenient,
}

/// What a lenient reader had to mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Notes {
    /// Control characters that were taken out of texts.
    pub control_characters: u64,
    /// Letters that are lost (U+FFFD), whether the file had them so or its bytes were no UTF-8.
    pub lost_letters: u64,
    /// Amounts that were written with a comma or with groups of thousands.
    pub comma_amounts: u64,
    /// Amounts and counts that could not be read and are missing.
    pub unreadable_numbers: u64,
    /// Sections that nobody knows, and texts between elements.
    pub skipped: u64,
}

impl Notes {
    /// Whether nothing had to be mended.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}
