//! Names inside a package, and of its parts.
//!
//! A name in an archive becomes a path on somebody's disk.
//! What we pack therefore has plain file names only, and what we open may have folders but no way
//! out of the folder it is opened in.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameFlaw {
    /// The name, or a folder in it, is empty.
    #[error("it is empty or has an empty folder name")]
    Empty,
    /// The name is longer than the limit.
    #[error("it is too long")]
    TooLong,
    /// The name has folders where none are allowed, or starts at the root of a disk.
    #[error("it is not a plain name below its folder")]
    NotBelow,
    /// The name contains `..` or `.` as a folder.
    #[error("it leads out of its folder")]
    LeadsOut,
    /// The name contains a control character, a backslash, a colon, or bytes that are not UTF-8.
    #[error("it has a character that is not allowed")]
    Character,
    /// Another entry has the same name.
    #[error("another entry has it too")]
    Twice,
}

/// Checks the name of an entry to pack: a plain file name.
pub(crate) fn check_flat(name: &str, max_bytes: usize) -> Result<(), NameFlaw> {
    if name.contains('/') {
        return Err(NameFlaw::NotBelow);
    }
    check_relative(name, max_bytes)
}

/// Checks the name of an entry to open: a relative path that stays below its folder.
///
/// Backslashes and colons are separators, drives or streams on Windows and harmless elsewhere;
/// they are refused everywhere, so that a package opens alike on all systems.
pub(crate) fn check_relative(name: &str, max_bytes: usize) -> Result<(), NameFlaw> {
    if name.len() > max_bytes {
        return Err(NameFlaw::TooLong);
    }
    if name.starts_with('/') {
        return Err(NameFlaw::NotBelow);
    }
    if name.chars().any(|c| c.is_control() || matches!(c, '\\' | ':')) {
        return Err(NameFlaw::Character);
    }
    for component in name.split('/') {
        match component {
            "" => return Err(NameFlaw::Empty),
            "." | ".." => return Err(NameFlaw::LeadsOut),
            _ => {}
        }
    }
    Ok(())
}

/// The names seen so far, as 8 bytes each, so that a million of them fit into 20 MB.
///
/// Two names out of 10,000 share their 8 bytes once in 300 billion packages; one of them would be
/// refused without need then, and another name helps.
#[derive(Debug, Default)]
pub(crate) struct SeenNames(HashSet<u64>);

impl SeenNames {
    /// Remembers the name; refuses it when it was there already.
    pub(crate) fn insert(&mut self, name: &str) -> Result<(), NameFlaw> {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        if self.0.insert(hasher.finish()) { Ok(()) } else { Err(NameFlaw::Twice) }
    }
}

/// The file name of a package, from which the names of its parts are made.
///
/// KSeF 1.x wants both in its batch request: 5 to 100 characters out of `a-z A-Z 0-9 _ . -`
/// (KSeF 1.x facts §6). KSeF 2.0 numbers the parts only.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PackageName(String);

/// The text is not the file name of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a package's name has 5 to 92 characters out of letters, digits, '_', '.' and '-'")]
pub struct PackageNameError;

impl PackageName {
    /// Takes a name of 5 to 92 characters, which leaves 8 for the suffix of a part.
    ///
    /// ```
    /// use ksef_crypto::package::PackageName;
    ///
    /// let name = PackageName::new("invoices-2026-11.zip")?;
    /// assert_eq!(name.part(7), "invoices-2026-11.zip.007.aes");
    /// # Ok::<(), ksef_crypto::package::PackageNameError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PackageNameError`] for another length or another character.
    pub fn new(name: &str) -> Result<Self, PackageNameError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        if (5..=92).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name.to_owned()))
        } else {
            Err(PackageNameError)
        }
    }

    /// The name of the archive.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of an encrypted part; parts are counted from 1.
    pub fn part(&self, ordinal: u32) -> String {
        format!("{}.{ordinal:03}.aes", self.0)
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let cases = [
            ("/etc/passwd", NameFlaw::NotBelow),
            ("../up.xml", NameFlaw::LeadsOut),
            ("a/../../up.xml", NameFlaw::LeadsOut),
            ("a/./b.xml", NameFlaw::LeadsOut),
            ("C:/a.xml", NameFlaw::Character),
            ("a.xml:stream", NameFlaw::Character),
            ("..\\up.xml", NameFlaw::Character),
            ("a\0b.xml", NameFlaw::Character),
            ("a\nb.xml", NameFlaw::Character),
            ("", NameFlaw::Empty),
            ("a//b.xml", NameFlaw::Empty),
            ("a/", NameFlaw::Empty),
        ];
        for (name, flaw) in cases {
            assert_eq!(check_relative(name, 128), Err(flaw), "{name:?}");
        }
    }

    #[test]
    fn plain_names_are_taken_up_to_their_limit() {
        assert_eq!(check_flat("zażółć gęślą jaźń.xml", 128), Ok(()));
        assert_eq!(check_flat(&"x".repeat(128), 128), Ok(()));
        assert_eq!(check_flat(&"x".repeat(129), 128), Err(NameFlaw::TooLong));
        assert_eq!(check_flat("a/b.xml", 128), Err(NameFlaw::NotBelow));
        assert_eq!(check_relative("a/b.xml", 128), Ok(()));
    }

    #[test]
    fn a_name_is_seen_once() {
        let mut seen = SeenNames::default();
        assert_eq!(seen.insert("a.xml"), Ok(()));
        assert_eq!(seen.insert("b.xml"), Ok(()));
        assert_eq!(seen.insert("a.xml"), Err(NameFlaw::Twice));
    }

    #[test]
    fn names_of_parts_keep_to_the_pattern_of_the_first_generation() {
        assert_eq!(PackageName::new("a.zi"), Err(PackageNameError));
        assert_eq!(PackageName::new("a b.zip"), Err(PackageNameError));
        assert_eq!(PackageName::new(&"x".repeat(93)), Err(PackageNameError));
        let longest = PackageName::new(&"x".repeat(92)).unwrap();
        assert_eq!(longest.part(100).len(), 100);
    }
}
