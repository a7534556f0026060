//! The short lists around the documents: accounts, numbering sequences, catalogue, tags.
//!
//! Little of them is confirmed (KROS facts §1), so each names what was seen and keeps the rest in `extra`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::dates::Timestamp;
use super::ids::AccountId;

answer! {
    /// An account or cash register that payments belong to.
    pub struct PaymentAccount {
        required {
            /// The id that payments name.
            id: AccountId,
        }
        optional {
            /// The name the company gave it.
            name: String,
            /// IBAN, for a bank account.
            iban: String,
            /// Currency of the account.
            currency: String,
        }
    }
}

answer! {
    /// A sequence that numbers documents, such as `OF`.
    ///
    /// Only the resource is confirmed; the properties are what its name suggests, and the rest is in `extra`.
    pub struct NumberingSequence {
        optional {
            /// The name of the sequence.
            name: String,
        }
    }
}

answer! {
    /// An article of the catalogue.
    ///
    /// The two properties are the list's own filters; stock, prices and the rest are in `extra`.
    pub struct CatalogItem {
        optional {
            /// The article's code, at most 25 characters.
            item_code: String,
            /// The article's name, at most 255 characters.
            name: String,
            /// When the catalogue item last changed, for the filter of the same name.
            catalog_item_changed_timestamp: Timestamp,
        }
    }
}

/// A tag of a document: its bare name, as invoices are sent with, or a record, as expenses are answered with.
///
/// ```
/// use kros_client::model::Tag;
///
/// assert_eq!(Tag::from("eshop").name(), Some("eshop"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Tag {
    /// The name alone.
    Name(String),
    /// A record with a name and whatever else the service keeps about it.
    Record(TagRecord),
}

impl Tag {
    /// The tag's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Record(record) => record.name.as_deref(),
        }
    }
}

impl From<&str> for Tag {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for Tag {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

answer! {
    /// A tag as a record.
    pub struct TagRecord {
        optional {
            /// The tag's name.
            name: String,
        }
    }
}

// Written by hand because an untagged enum buffers its input, and buffered numbers lose their type when serde_json keeps
// their digits.
impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TagVisitor;

        impl<'de> Visitor<'de> for TagVisitor {
            type Value = Tag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a tag's name or record")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Tag, E> {
                Ok(Tag::from(name))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Tag, A::Error> {
                TagRecord::deserialize(MapAccessDeserializer::new(map)).map(Tag::Record)
            }
        }

        deserializer.deserialize_any(TagVisitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tag_is_written_in_the_form_it_was_read_in() {
        let tags = json!(["eshop", {"name": "Materiál", "id": 7, "weight": 1.50}]);
        let read: Vec<Tag> = serde_json::from_value(tags.clone()).expect("tags");
        assert_eq!(read.iter().map(Tag::name).collect::<Vec<_>>(), [Some("eshop"), Some("Materiál")]);
        assert_eq!(serde_json::to_value(&read).expect("tags"), tags);
    }

    #[test]
    fn a_number_is_no_tag() {
        assert!(serde_json::from_str::<Tag>("7").is_err());
    }

    #[test]
    fn an_account_without_an_id_is_refused_and_unknown_properties_are_kept() {
        let text = r#"{"id":3,"name":"Pokladňa","iban":null,"balance":12.30}"#;
        let account: PaymentAccount = serde_json::from_str(text).expect("an account");
        assert_eq!(account.id, AccountId(3));
        assert_eq!(account.iban, None);
        assert_eq!(account.extra["balance"].to_string(), "12.30");
        assert!(serde_json::from_str::<PaymentAccount>(r#"{"name":"Pokladňa"}"#).is_err());
    }
}
