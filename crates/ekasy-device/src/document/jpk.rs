//! The two structures that documents travel in (CRK facts §2.1).

use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{DocumentError, Entry, Kept, Receipt, Taxpayer, error};
use crate::ident::Moment;

/// `naglowek`: which form a structure has, and when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JpkHeader {
    /// `wersja`: the name of the form, as `JPK_KASA_v2-0`.
    #[serde(rename = "wersja")]
    pub version: String,
    /// `dataJPK`: when it was made, as `2026-03-02T10:00:00.000Z`.
    #[serde(rename = "dataJPK")]
    pub made: String,
}

impl JpkHeader {
    /// The form of the structure for the repository; seen with a daily report.
    pub const JPK: &str = "JPK_KASA_v2-0";
    /// The form of a receipt for the buyer; seen from 2024 on.
    pub const RECEIPT: &str = "JPK_KASA_PARAGON_v2-0";

    /// A header.
    pub fn new(version: impl Into<String>, made: Moment) -> Self {
        Self { version: version.into(), made: made.to_string() }
    }
}

/// What goes to the repository: `{"JPK":{"naglowek":…,"podmiot1":…,"content":[…]}}`.
///
/// `content` may be empty: that is the answer when nothing lies in a requested range (source
/// document, section 2.3.1.4.1.4). Everything keeps its text, unknown members too.
#[derive(Clone, Debug)]
pub struct Jpk {
    header: Kept<JpkHeader>,
    taxpayer: Kept<Taxpayer>,
    content: Vec<Entry>,
    others: Vec<(String, Box<RawValue>)>,
}

impl Jpk {
    /// A structure with documents in their order.
    pub fn new(
        header: Kept<JpkHeader>,
        taxpayer: Kept<Taxpayer>,
        content: impl IntoIterator<Item = Entry>,
    ) -> Self {
        let content = content.into_iter().collect();
        Self { header, taxpayer, content, others: Vec::new() }
    }

    /// Reads a structure.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when it is another one, or a document in it is no object.
    pub fn parse(json: &str) -> Result<Self, DocumentError> {
        error::read(json).map(|Root { jpk }| jpk)
    }

    /// The header.
    pub fn header(&self) -> &Kept<JpkHeader> {
        &self.header
    }

    /// The taxpayer and the register.
    pub fn taxpayer(&self) -> &Kept<Taxpayer> {
        &self.taxpayer
    }

    /// The documents.
    pub fn content(&self) -> &[Entry] {
        &self.content
    }

    /// The JSON text: documents with their own bytes, no white space around them.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when it cannot be written, which no value of this crate causes.
    pub fn to_json(&self) -> Result<String, DocumentError> {
        let written = serde_json::to_string(&Written { jpk: self });
        written.map_err(|cause| DocumentError::from_json("JPK", &cause))
    }
}

#[derive(Deserialize)]
struct Root {
    #[serde(rename = "JPK")]
    jpk: Jpk,
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "JPK")]
    jpk: &'a Jpk,
}

impl Serialize for Jpk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("naglowek", &self.header)?;
        map.serialize_entry("podmiot1", &self.taxpayer)?;
        map.serialize_entry("content", &self.content)?;
        for (name, raw) in &self.others {
            map.serialize_entry(name, raw)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Jpk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(JpkVisitor)
    }
}

struct JpkVisitor;

impl<'de> Visitor<'de> for JpkVisitor {
    type Value = Jpk;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JPK structure")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Jpk, A::Error> {
        let (mut header, mut taxpayer, mut content) = (None, None, None);
        let mut others: Vec<(String, Box<RawValue>)> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            let is_repeated = match name.as_str() {
                "naglowek" => header.replace(members.next_value()?).is_some(),
                "podmiot1" => taxpayer.replace(members.next_value()?).is_some(),
                "content" => content.replace(members.next_value()?).is_some(),
                _ => {
                    let is_repeated = others.iter().any(|(known, _)| *known == name);
                    others.push((name, members.next_value()?));
                    is_repeated
                }
            };
            if is_repeated {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(Jpk {
            header: header.ok_or_else(|| A::Error::missing_field("naglowek"))?,
            taxpayer: taxpayer.ok_or_else(|| A::Error::missing_field("podmiot1"))?,
            content: content.ok_or_else(|| A::Error::missing_field("content"))?,
            others,
        })
    }
}

/// What the buyer gets, signed: `{"dokument":{"naglowek":…,"podmiot1":…,"paragon":…}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceiptDocument {
    /// The header.
    #[serde(rename = "naglowek")]
    pub header: Kept<JpkHeader>,
    /// The taxpayer and the register.
    #[serde(rename = "podmiot1")]
    pub taxpayer: Kept<Taxpayer>,
    /// The receipt.
    #[serde(rename = "paragon")]
    pub receipt: Kept<Receipt>,
}

#[derive(Serialize, Deserialize)]
struct ReceiptRoot<T> {
    #[serde(rename = "dokument")]
    document: T,
}

impl ReceiptDocument {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when it is another one.
    pub fn parse(json: &str) -> Result<Self, DocumentError> {
        error::read(json).map(|ReceiptRoot { document }| document)
    }

    /// The JSON text. Of what was read, members beside the three are gone; sign and keep the
    /// bytes that were read instead.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when it cannot be written, which no value of this crate causes.
    pub fn to_json(&self) -> Result<String, DocumentError> {
        let written = serde_json::to_string(&ReceiptRoot { document: self });
        written.map_err(|cause| DocumentError::from_json("dokument", &cause))
    }
}
