//! What each generation of KSeF allows in one package, so that a package is refused while it is
//! being made and not after hours of uploading.
//!
//! Specification 1.9, chapters 11.1 and 11.2; KSeF 1.x facts §7 and §12; KSeF 2.0 facts §7 and
//! §13.2.

/// The number of bytes of a block of AES; PKCS#7 always adds between one byte and one block.
const BLOCK: u64 = 16;

/// The largest part, and at which side of the encryption it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartLimit {
    /// Bytes of the part before encryption (2.0).
    Plain(u64),
    /// Bytes of the part after encryption (1.x), which is 1 to 16 bytes longer.
    Sealed(u64),
}

impl PartLimit {
    /// The largest number of archive bytes that may go into one part.
    ///
    /// At least one, so that a limit too small to be met still makes progress; the part is then
    /// larger than the limit, and the receiver refuses it.
    ///
    /// ```
    /// use ksef_crypto::package::PartLimit;
    ///
    /// assert_eq!(PartLimit::Plain(100_000_000).plain_bytes(), 100_000_000);
    /// assert_eq!(PartLimit::Sealed(52_428_800).plain_bytes(), 52_428_799);
    /// ```
    pub fn plain_bytes(self) -> u64 {
        let bytes = match self {
            Self::Plain(bytes) => bytes,
            Self::Sealed(bytes) => (bytes / BLOCK * BLOCK).saturating_sub(1),
        };
        bytes.max(1)
    }
}

/// What may be in one package.
///
/// KSeF 2.0 raises some limits for single taxpayers, so every one of them can be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackLimits {
    /// Entries, that is invoices.
    pub(crate) entries: u64,
    /// Bytes of one entry before compression.
    pub(crate) entry_bytes: u64,
    /// Bytes of an entry's name in UTF-8.
    pub(crate) name_bytes: usize,
    /// Bytes of the whole archive before encryption.
    pub(crate) archive_bytes: u64,
    /// Parts.
    pub(crate) parts: u32,
    /// Bytes of one part.
    pub(crate) part: PartLimit,
}

impl PackLimits {
    /// KSeF 1.x: 100 parts of at most 50 MiB (52,428,800 bytes) each after encryption.
    ///
    /// The number and the size of the invoices are not limited there, and neither is the archive
    /// except through its parts.
    pub fn v1() -> Self {
        Self {
            entries: u64::MAX,
            entry_bytes: u64::MAX,
            name_bytes: 128,
            archive_bytes: u64::MAX,
            parts: 100,
            part: PartLimit::Sealed(52_428_800),
        }
    }

    /// KSeF 2.0: 10,000 invoices of at most 3,000,000 bytes (an invoice without attachments:
    /// 1,000,000), an archive of at most 5,000,000,000 bytes in at most 50 parts of 100,000,000
    /// bytes each before encryption; names of at most 128 bytes, because the session's list of
    /// invoices repeats no more than 128 characters of them.
    pub fn v2() -> Self {
        Self {
            entries: 10_000,
            entry_bytes: 3_000_000,
            name_bytes: 128,
            archive_bytes: 5_000_000_000,
            parts: 50,
            part: PartLimit::Plain(100_000_000),
        }
    }

    /// Allows another number of entries.
    #[must_use]
    pub fn entries(mut self, entries: u64) -> Self {
        self.entries = entries;
        self
    }

    /// Allows entries of another size, in bytes before compression.
    #[must_use]
    pub fn entry_bytes(mut self, bytes: u64) -> Self {
        self.entry_bytes = bytes;
        self
    }

    /// Allows an archive of another size, in bytes before encryption.
    #[must_use]
    pub fn archive_bytes(mut self, bytes: u64) -> Self {
        self.archive_bytes = bytes;
        self
    }

    /// Allows another number of parts.
    #[must_use]
    pub fn parts(mut self, parts: u32) -> Self {
        self.parts = parts;
        self
    }

    /// Cuts into parts of another size.
    #[must_use]
    pub fn part(mut self, limit: PartLimit) -> Self {
        self.part = limit;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_measured_after_encryption_leaves_room_for_the_padding() {
        for limit in 16..200 {
            let plain = PartLimit::Sealed(limit).plain_bytes();
            let sealed = |plain: u64| (plain / 16 + 1) * 16;
            assert!(sealed(plain) <= limit, "{plain} bytes do not fit into {limit}");
            assert!(sealed(plain + 1) > limit, "{limit} would take more than {plain}");
        }
    }

    #[test]
    fn a_limit_below_one_block_still_makes_progress() {
        assert_eq!(PartLimit::Sealed(15).plain_bytes(), 1);
        assert_eq!(PartLimit::Plain(0).plain_bytes(), 1);
    }
}
