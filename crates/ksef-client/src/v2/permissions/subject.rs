//! Who gets permissions: people and entities, with the details that belong to what they are known by
//! (KSeF 2.0 facts §11).

use std::fmt;

use chrono::NaiveDate;
use common_http::BuildError;

use crate::v2::{
    endpoint::check_length,
    permissions::identifier::{Fingerprint, Identifier, PersonalNumber, code},
    wire,
};

/// An identity document; each field has at most 20 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is, as `passport`.
    pub kind: String,
    /// Its number.
    pub number: String,
    /// The country that issued it, as two letters.
    pub country: String,
}

impl Document {
    fn to_wire(&self) -> Result<wire::IdDocument, BuildError> {
        check_length("idDocument.type", &self.kind, (1, 20))?;
        check_length("idDocument.number", &self.number, (1, 20))?;
        check_length("idDocument.country", &self.country, (2, 2))?;
        Ok(wire::IdDocument::new(&*self.country, &*self.number, &*self.kind))
    }
}

/// A natural person who gets permissions: what the service knows them by, and who that is.
///
/// First names have 2 to 30 characters, last names 2 to 81.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    first_name: String,
    last_name: String,
    identity: Identity,
}

/// What a person is known by; each has details of its own.
#[derive(Clone, PartialEq, Eq)]
enum Identity {
    Number(PersonalNumber),
    CertificateAndNumber(Fingerprint, PersonalNumber),
    CertificateAndDocument(Fingerprint, NaiveDate, Document),
}

impl Person {
    /// Someone who logs in with a certificate that names their PESEL or NIP.
    pub fn new(
        number: impl Into<PersonalNumber>,
        first_name: impl Into<String>,
        last_name: impl Into<String>,
    ) -> Self {
        let identity = Identity::Number(number.into());
        Self { first_name: first_name.into(), last_name: last_name.into(), identity }
    }

    /// Someone with that number who logs in with that certificate, which does not name it.
    pub fn with_certificate(
        fingerprint: Fingerprint,
        number: impl Into<PersonalNumber>,
        first_name: impl Into<String>,
        last_name: impl Into<String>,
    ) -> Self {
        let identity = Identity::CertificateAndNumber(fingerprint, number.into());
        Self { first_name: first_name.into(), last_name: last_name.into(), identity }
    }

    /// Someone without a Polish number who logs in with that certificate.
    pub fn foreign(
        fingerprint: Fingerprint,
        first_name: impl Into<String>,
        last_name: impl Into<String>,
        birth_date: NaiveDate,
        document: Document,
    ) -> Self {
        let identity = Identity::CertificateAndDocument(fingerprint, birth_date, document);
        Self { first_name: first_name.into(), last_name: last_name.into(), identity }
    }

    /// What the service knows them by.
    pub fn identifier(&self) -> Identifier {
        match &self.identity {
            Identity::Number(PersonalNumber::Pesel(pesel)) => pesel.clone().into(),
            Identity::Number(PersonalNumber::Nip(nip)) => nip.clone().into(),
            Identity::CertificateAndNumber(fingerprint, _)
            | Identity::CertificateAndDocument(fingerprint, ..) => fingerprint.clone().into(),
        }
    }

    /// Who they are, in the form that belongs to their identifier.
    pub(crate) fn details(&self) -> Result<wire::PersonPermissionSubjectDetails, BuildError> {
        use wire::PersonPermissionSubjectDetailsType as Kind;

        self.check()?;
        let of = wire::PersonPermissionSubjectDetails::new;
        Ok(match &self.identity {
            Identity::Number(_) => {
                let person = wire::PersonDetails::new(&*self.first_name, &*self.last_name);
                of(Kind::PersonByIdentifier).person_by_id(person)
            }
            Identity::CertificateAndNumber(_, number) => {
                of(Kind::PersonByFingerprintWithIdentifier)
                    .person_by_fp_with_id(self.with_number(number))
            }
            Identity::CertificateAndDocument(_, born, document) => {
                of(Kind::PersonByFingerprintWithoutIdentifier)
                    .person_by_fp_no_id(self.with_document(*born, document)?)
            }
        })
    }

    fn check(&self) -> Result<(), BuildError> {
        check_length("firstName", &self.first_name, (2, 30))?;
        check_length("lastName", &self.last_name, (2, 81))
    }

    fn with_number(
        &self,
        number: &PersonalNumber,
    ) -> wire::PersonByFingerprintWithIdentifierDetails {
        let number = wire::PersonIdentifier::new(
            code::<wire::PersonIdentifierType>(number.kind()),
            number.value(),
        );
        let (first, last) = (&*self.first_name, &*self.last_name);
        wire::PersonByFingerprintWithIdentifierDetails::new(first, number, last)
    }

    fn with_document(
        &self,
        born: NaiveDate,
        document: &Document,
    ) -> Result<wire::PersonByFingerprintWithoutIdentifierDetails, BuildError> {
        let (first, last) = (&*self.first_name, &*self.last_name);
        let document = document.to_wire()?;
        Ok(wire::PersonByFingerprintWithoutIdentifierDetails::new(born, first, document, last))
    }
}

/// Who gets permissions of an entity from another country of the European Union; always known by
/// the fingerprint of a certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct EuSubject(EuIdentity);

#[derive(Clone, PartialEq, Eq)]
enum EuIdentity {
    Person(Fingerprint, Person),
    Entity(Fingerprint, Place),
}

/// Name and address of an entity.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) full_name: String,
    pub(crate) address: String,
}

impl Place {
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        check_length("fullName", &self.full_name, (1, 100))?;
        check_length("address", &self.address, (1, 512))
    }
}

impl EuSubject {
    /// A person with a Polish number who logs in with that certificate.
    pub fn person(
        fingerprint: Fingerprint,
        number: impl Into<PersonalNumber>,
        first_name: impl Into<String>,
        last_name: impl Into<String>,
    ) -> Self {
        let person = Person::with_certificate(fingerprint.clone(), number, first_name, last_name);
        Self(EuIdentity::Person(fingerprint, person))
    }

    /// A person without one.
    pub fn foreign_person(
        fingerprint: Fingerprint,
        first_name: impl Into<String>,
        last_name: impl Into<String>,
        birth_date: NaiveDate,
        document: Document,
    ) -> Self {
        let person =
            Person::foreign(fingerprint.clone(), first_name, last_name, birth_date, document);
        Self(EuIdentity::Person(fingerprint, person))
    }

    /// An entity that logs in with a seal: full name of up to 100 characters, address of up to 512.
    pub fn entity(
        fingerprint: Fingerprint,
        full_name: impl Into<String>,
        address: impl Into<String>,
    ) -> Self {
        let place = Place { full_name: full_name.into(), address: address.into() };
        Self(EuIdentity::Entity(fingerprint, place))
    }

    pub(crate) fn fingerprint(&self) -> &str {
        match &self.0 {
            EuIdentity::Person(fingerprint, _) | EuIdentity::Entity(fingerprint, _) => {
                fingerprint.as_str()
            }
        }
    }

    pub(crate) fn details(&self) -> Result<wire::EuEntityPermissionSubjectDetails, BuildError> {
        use wire::EuEntityPermissionSubjectDetailsType as Kind;

        let person = match &self.0 {
            EuIdentity::Person(_, person) => person.details()?,
            EuIdentity::Entity(_, place) => {
                place.check()?;
                let (address, name) = (&*place.address, &*place.full_name);
                let entity = wire::EntityByFingerprintDetails::new(address, name);
                let details =
                    wire::EuEntityPermissionSubjectDetails::new(Kind::EntityByFingerprint);
                return Ok(details.entity_by_fp(entity));
            }
        };
        // Both forms call the kinds and the fields of a person alike.
        let kind = code::<Kind>(person.subject_details_type.raw());
        let mut details = wire::EuEntityPermissionSubjectDetails::new(kind);
        details.person_by_fp_with_id = person.person_by_fp_with_id;
        details.person_by_fp_no_id = person.person_by_fp_no_id;
        Ok(details)
    }
}

macro_rules! hidden {
    ($($name:ident),+) => {$(
        /// Without personal data.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

hidden!(Document, EuSubject, Person, Place);
