//! Tags, which come as a text, as an array or not at all.
//!
//! The table of payment orders prints `userTags` and `systemTags` as one text, requests carry an array (source document,
//! section Payment Orders; ePP facts §4, traps 14 and 23).

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, SeqAccess, Visitor},
};

use super::scalar::Attribute;

/// The tags of an order, as they came: opaque texts in Latin or Cyrillic.
///
/// The tag of a payment is announced as `p-…` and printed as `п-…` with the Cyrillic letter, so a prefix says nothing: compare
/// whole tags with the ones the service gave.
///
/// ```
/// use epp_client::model::Tags;
///
/// let tags: Tags = serde_json::from_str("\"п-798nj неизвршен\"")?;
/// assert!(tags.contains("п-798nj"));
/// assert!(!tags.contains("p-798nj"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Tags {
    /// One text, which may hold several tags; how they are parted is not documented.
    Text(String),
    /// One text per tag.
    List(Vec<String>),
}

impl Tags {
    /// Whether `tag` is among the tags, letter by letter.
    ///
    /// In a single text a tag is the whole text, or a part between commas, semicolons or blanks.
    pub fn contains(&self, tag: &str) -> bool {
        match self {
            Self::List(tags) => tags.iter().any(|one| one == tag),
            Self::Text(text) => {
                let parting = |c: char| c == ',' || c == ';';
                text.trim() == tag
                    || text.split(parting).any(|part| part.trim() == tag)
                    || text.split(|c: char| parting(c) || c.is_whitespace()).any(|part| part == tag)
            }
        }
    }

    /// The tags; a single text counts as one, since its parting is not documented.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let (text, list) = match self {
            Self::Text(text) => (Some(text), [].as_slice()),
            Self::List(list) => (None, list.as_slice()),
        };
        text.into_iter().chain(list).map(String::as_str).filter(|tag| !tag.is_empty())
    }

    /// Whether there is no tag.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl<T: Into<String>> FromIterator<T> for Tags {
    fn from_iter<I: IntoIterator<Item = T>>(tags: I) -> Self {
        Self::List(tags.into_iter().map(Into::into).collect())
    }
}

impl Attribute for Tags {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(TagsVisitor)
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::read(deserializer)?.unwrap_or_else(|| Self::List(Vec::new())))
    }
}

struct TagsVisitor;

impl<'de> Visitor<'de> for TagsVisitor {
    type Value = Option<Tags>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, an array of texts or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Tags::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut tags: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(tag) = tags.next_element::<Option<String>>()? {
            list.extend(tag);
        }
        Ok(Some(Tags::List(list)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(json: &str) -> Tags {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn trap_14_tags_are_a_text_or_an_array_or_null() {
        assert_eq!(tags("\"tag1\""), Tags::Text("tag1".into()));
        assert_eq!(tags("[\"test\", null, \"testni-nalog1\"]").iter().count(), 2);
        assert!(tags("null").is_empty());
        assert!(tags("\"\"").is_empty());
        assert!(tags("[]").is_empty());
        assert!(serde_json::from_str::<Tags>("{}").is_err());
        for json in ["\"tag1\"", "[\"test\",\"testni-nalog1\"]"] {
            assert_eq!(serde_json::to_string(&tags(json)).unwrap(), json);
        }
    }

    #[test]
    fn trap_23_cyrillic_tags_are_opaque() {
        let system = tags("\"п-798nj неизвршен\"");
        assert!(system.contains("п-798nj неизвршен"));
        assert!(system.contains("неизвршен"));
        assert!(!system.contains("p-798nj"), "the Latin letter is another letter");
        assert!(!system.contains("п-798"), "a part of a tag is no tag");
        assert_eq!(system.iter().collect::<Vec<_>>(), ["п-798nj неизвршен"]);
    }

    #[test]
    fn a_tag_with_a_blank_is_found_in_a_list_and_between_commas() {
        assert!(tags("[\"za mart\"]").contains("za mart"));
        assert!(!tags("[\"za mart\"]").contains("mart"));
        assert!(tags("\"za mart, hitno\"").contains("za mart"));
    }
}
