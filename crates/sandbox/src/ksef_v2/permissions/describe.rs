//! What requests tell of the subjects of grants, and how queries show it (KSeF 2.0 facts §11).

use serde_json::{Map, Value, json};

use super::Details;
use crate::ksef_v2::people::IdentityKind;
use crate::ksef_v2::problem::Problem;

impl Details {
    /// The details of a person or, by its fingerprint, of an entity; the variant that
    /// `subjectDetailsType` names has to be there and to fit the kind of identifier.
    pub(super) fn of_person(body: &Value, kind: IdentityKind) -> Result<Self, Problem> {
        let details = &body["subjectDetails"];
        let name = details["subjectDetailsType"].as_str().unwrap_or_default();
        let (member, by_fingerprint) = match name {
            "PersonByFingerprintWithIdentifier" => ("personByFpWithId", true),
            "PersonByFingerprintWithoutIdentifier" => ("personByFpNoId", true),
            "EntityByFingerprint" => ("entityByFp", true),
            _ => ("personById", false),
        };
        let given = details[member].as_object();
        let fits = by_fingerprint == (kind == IdentityKind::Fingerprint);
        let (Some(given), true) = (given, fits) else {
            return Err(Problem::misfits(vec![format!(
                "Pole 'subjectDetails.{member}' jest wymagane."
            )]));
        };
        let mut shown = Map::new();
        shown.insert("subjectDetailsType".to_owned(), json!(name));
        for (key, value) in given.iter().filter(|(_, value)| !value.is_null()) {
            let key = if key == "identifier" { "personIdentifier" } else { key };
            shown.insert(key.to_owned(), value.clone());
        }
        let shown = Value::Object(shown);
        Ok(if member == "entityByFp" {
            Self { entity: shown, ..Self::default() }
        } else {
            Self { person: shown, ..Self::default() }
        })
    }

    /// The details of an entity that its NIP names.
    pub(super) fn of_entity(body: &Value) -> Self {
        Self { entity: entity(body), ..Self::default() }
    }

    /// The same with the name of a unit.
    pub(super) fn named(mut self, name: &Value) -> Self {
        self.name = name.clone();
        self
    }

    /// The same with an entity of the European Union.
    pub(super) fn of_union(mut self, body: &Value) -> Self {
        self.name = body["euEntityName"].clone();
        self.eu_entity = body["euEntityDetails"].clone();
        self
    }

    /// Adds what is known to an answer.
    pub(super) fn show(&self, names: &[(&str, Part)], answer: &mut Value) {
        for (name, part) in names {
            let value = match part {
                Part::Person => &self.person,
                Part::Entity => &self.entity,
                Part::Name => &self.name,
                Part::EuEntity => &self.eu_entity,
            };
            if !value.is_null() {
                answer[*name] = value.clone();
            }
        }
    }
}

/// A part of the details.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Person,
    Entity,
    Name,
    EuEntity,
}

/// The details of an entity as queries show them.
pub(super) fn entity(body: &Value) -> Value {
    let name = &body["subjectDetails"]["fullName"];
    json!({"subjectDetailsType": "EntityByIdentifier", "fullName": name})
}
