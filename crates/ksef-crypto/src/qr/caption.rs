//! What stands below a symbol, and how it is broken into lines.

use std::fmt;

use crate::number::KsefNumber;

/// What stands below a symbol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Caption {
    /// The number of the invoice.
    Number(KsefNumber),
    /// `OFFLINE`: the invoice has no number yet.
    Offline,
    /// `CERTYFIKAT`: the link is a KOD II.
    Certificate,
}

impl Caption {
    fn as_str(&self) -> &str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::Offline => "OFFLINE",
            Self::Certificate => "CERTYFIKAT",
        }
    }

    /// The text in lines of at most `longest` characters, broken after a hyphen where there is one.
    ///
    /// A number in one line would be much smaller than the symbol and hard to read; specification
    /// 1.9, chapter 17, shows it in two lines as well.
    pub(super) fn lines(&self, longest: usize) -> Vec<&str> {
        let (longest, mut rest) = (longest.max(1), self.as_str());
        let mut lines = Vec::new();
        while rest.len() > longest {
            let end = rest[..longest].rfind('-').map_or(longest, |hyphen| hyphen + 1);
            let (line, after) = rest.split_at(end);
            lines.push(line);
            rest = after;
        }
        lines.push(rest);
        lines
    }
}

impl fmt::Display for Caption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_broken_after_a_hyphen_and_loses_no_character() {
        let number = KsefNumber::parse("4904089735-20220125-48BA3C-65D074-93").unwrap();
        let caption = Caption::Number(number);
        assert_eq!(caption.lines(24), ["4904089735-20220125-", "48BA3C-65D074-93"]);
        assert_eq!(caption.lines(36).len(), 1);
        for longest in 0..40 {
            let lines = caption.lines(longest);
            assert_eq!(lines.concat(), caption.to_string());
            assert!(lines.iter().all(|line| line.len() <= longest.max(1)));
        }
        assert_eq!(Caption::Offline.lines(4), ["OFFL", "INE"]);
    }
}
