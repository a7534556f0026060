//! The short lists around the documents: accounts, numbering sequences, catalogue, tags.
//!
//! Little of them is confirmed (KROS facts §1), so each names what was seen and keeps the rest in `extra`.

use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_written_in_the_form_it_was_read_in() {
        let text = r#"["eshop",{"name":"Materiál","id":9007199254740993,"weight":1.50}]"#;
        let read: Vec<Tag> = serde_json::from_str(text).expect("tags");
        let names: Vec<_> = read.iter().map(Tag::name).collect();
        assert_eq!(names, [Some("eshop"), Some("Materiál")]);
        assert_eq!(serde_json::to_string(&read).expect("tags"), text);
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
