//! The name of a batch, by which its orders are found again.

use std::{fmt, str::FromStr};

/// A user tag that no other batch has: 8 to 50 letters, digits, `-` and `_`.
///
/// The service recognises no repeated request and answers no ids, so the tag is the only thing by
/// which the orders of one attempt can be told from those of another (ePP facts §3). The length is
/// an assumption of ours; the service publishes none.
///
/// # Examples
///
/// ```
/// use epp_client::batch::BatchTag;
///
/// let tag: BatchTag = "plate-2026-02-run7".parse()?;
/// assert_eq!(tag.as_str(), "plate-2026-02-run7");
/// let random = BatchTag::from_random(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
/// assert_eq!(random.as_str(), "fsk-0123456789abcdef0123456789abcdef");
/// # Ok::<(), epp_client::batch::TagError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchTag(String);

/// A text is no tag of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a batch tag has 8 to 50 letters, digits, hyphens and underscores")]
#[non_exhaustive]
pub struct TagError;

impl BatchTag {
    /// The tag of 128 random bits, which the caller draws.
    pub fn from_random(random: u128) -> Self {
        Self(format!("fsk-{random:032x}"))
    }

    /// The tag's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BatchTag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, TagError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (8..=50).contains(&text.len()) && text.bytes().all(plain);
        if fits { Ok(Self(text.to_owned())) } else { Err(TagError) }
    }
}

impl fmt::Display for BatchTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_plain_word_of_some_length() {
        for good in ["run-2026", "a_b-c_d-e", &"x".repeat(50)] {
            assert_eq!(good.parse::<BatchTag>().unwrap().to_string(), good);
        }
        for bad in ["", "short", "two words", "comma,separated", "плата-2026", &"x".repeat(51)]
        {
            assert_eq!(bad.parse::<BatchTag>(), Err(TagError), "{bad}");
        }
        let random = BatchTag::from_random(7);
        assert_eq!(random.as_str().parse(), Ok(random));
    }
}
