//! The JSON statement: the same names as in XML, amounts as numbers, dates as ISO 8601.
//!
//! How the three records are nested is inferred (ePP facts §2.4), so two forms are read: the records at the top, and the
//! records below `Dokument`, as in XML.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Item, Reading, Statement, StatementError, StatementErrorKind,
    fields::{FieldReader, Record, store},
};
use crate::model::scalar::Scalar;

/// The members of an object in their order, those that stand twice included.
struct Members<'de, T>(Vec<(Cow<'de, str>, T)>);

/// A member as it is written; its place is looked into later.
type Raw<'de> = &'de RawValue;

pub(super) fn read(json: &[u8], reading: Reading) -> Result<Statement, StatementError> {
    let mut fields = FieldReader::new(reading);
    let text = text(json, &mut fields)?;
    let mut members = parse::<Members<'_, Raw<'_>>>(&text, "")?;
    if let [(name, inner)] = members.0.as_slice()
        && name == "Dokument"
    {
        members = parse(inner.get(), "Dokument")?;
    }
    let mut statement = Statement::default();
    let mut has_items = false;
    for (name, value) in members.0 {
        let is_twice = match &*name {
            "Zaglavlje" => replace(&mut statement.header, value, &name, &mut fields)?,
            "Zbirni" => replace(&mut statement.summary, value, &name, &mut fields)?,
            "Stavka" => {
                statement.items = items(value, &mut fields)?;
                std::mem::replace(&mut has_items, true)
            }
            _ if fields.is_lenient() => {
                fields.notes.skipped += 1;
                false
            }
            _ => return Err(StatementError::shape("", "has a section that is not known")),
        };
        if is_twice {
            return Err(StatementError::shape(name, "stands twice"));
        }
    }
    statement.notes = fields.notes;
    Ok(statement)
}

/// The file as text, without a byte order mark; lenient reading mends it first, since JSON forbids control characters.
fn text<'t>(json: &'t [u8], fields: &mut FieldReader) -> Result<Cow<'t, str>, StatementError> {
    let json = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json);
    if !fields.is_lenient() {
        return std::str::from_utf8(json).map(Cow::Borrowed).map_err(|e| syntax("").caused_by(e));
    }
    let text = String::from_utf8_lossy(json);
    let is_odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    let odd = text.chars().filter(|c| is_odd(*c)).count();
    if odd == 0 {
        return Ok(text);
    }
    fields.notes.control_characters += odd as u64;
    Ok(Cow::Owned(text.chars().filter(|c| !is_odd(*c)).collect()))
}

/// Reads a record into its place, and tells whether there was one already.
fn replace<T: Record>(
    place: &mut Option<T>,
    value: Raw<'_>,
    name: &str,
    fields: &mut FieldReader,
) -> Result<bool, StatementError> {
    let Some(members) = parse::<Option<Members<'_, Scalar>>>(value.get(), name)? else {
        return Ok(false);
    };
    Ok(place.replace(record(members, fields, || name.to_owned())?).is_some())
}

/// The items: an array, a single item, or nothing.
fn items(value: Raw<'_>, fields: &mut FieldReader) -> Result<Vec<Item>, StatementError> {
    let all: Vec<Members<'_, Scalar>> = if value.get().starts_with('{') {
        vec![parse(value.get(), "Stavka")?]
    } else {
        parse::<Option<_>>(value.get(), "Stavka")?.unwrap_or_default()
    };
    let indexed = all.into_iter().enumerate();
    indexed.map(|(index, item)| record(item, fields, || format!("Stavka[{index}]"))).collect()
}

fn record<T: Record>(
    members: Members<'_, Scalar>,
    fields: &mut FieldReader,
    place: impl Fn() -> String,
) -> Result<T, StatementError> {
    let mut record = T::default();
    for (name, value) in members.0 {
        let text = value.into_text().unwrap_or_default();
        store(&mut record, &name, &text, fields).map_err(|error| error.at(&place(), &name))?;
    }
    Ok(record)
}

fn parse<'de, T: Deserialize<'de>>(text: &'de str, place: &str) -> Result<T, StatementError> {
    serde_json::from_str(text).map_err(|error| {
        let trouble = if error.is_data() {
            StatementError::shape(place, "has another form in JSON")
        } else {
            syntax(place)
        };
        trouble.caused_by(error)
    })
}

fn syntax(place: &str) -> StatementError {
    StatementError::new(StatementErrorKind::Syntax, place, "is no well-formed JSON")
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<'de, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor(PhantomData))
    }
}

struct MembersVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MembersVisitor<T> {
    type Value = Members<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
