//! Taxpayers with roles, and people.

use chrono::{DateTime, Utc};
use common_core::{
    effect::Effect,
    ident::{Nip, Pesel},
};
use common_http::{Auth, Info};
use http::Method;

use super::{ANONYMOUS, DESCRIPTION};
use crate::v2::{
    endpoint::{check_length, endpoint, nothing},
    wire,
};

/// `POST /testdata/subject`: creates an enforcement authority, a VAT group, or a unit of local
/// government.
///
/// 30001 says that it exists already.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a request does nothing until it is sent"]
pub struct CreateSubject {
    nip: Nip,
    kind: wire::SubjectType,
    description: String,
    subunits: Vec<(Nip, String)>,
    created: Option<DateTime<Utc>>,
}

impl CreateSubject {
    /// One without subunits; the description has 5 to 256 characters.
    pub fn new(nip: Nip, kind: wire::SubjectType, description: impl Into<String>) -> Self {
        Self { nip, kind, description: description.into(), subunits: Vec::new(), created: None }
    }

    /// Adds a subunit, with a description of 5 to 256 characters.
    pub fn subunit(mut self, nip: Nip, description: impl Into<String>) -> Self {
        self.subunits.push((nip, description.into()));
        self
    }

    /// Sets when it was created. When the same one is created again, it must be later than before.
    pub fn created(mut self, time: DateTime<Utc>) -> Self {
        self.created = Some(time);
        self
    }
}

endpoint!(CreateSubject -> () {
    Info {
        name: "test_data.create_subject",
        method: Method::POST,
        path: "/testdata/subject",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        check_length("description", &this.description, DESCRIPTION)?;
        let nip = this.nip.as_str();
        let mut body = wire::SubjectCreateRequest::new(&*this.description, nip, this.kind);
        body.created_date = this.created;
        for (nip, description) in &this.subunits {
            check_length("subunits.description", description, DESCRIPTION)?;
            body.subunits.push(wire::Subunit::new(&**description, nip.as_str()));
        }
        request.json(&body)?.finish()
    },
    response: nothing,
});

/// `POST /testdata/subject/remove`: removes a taxpayer with its subunits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveSubject(pub Nip);

endpoint!(RemoveSubject -> () {
    Info {
        name: "test_data.remove_subject",
        method: Method::POST,
        path: "/testdata/subject/remove",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        request.json(&wire::SubjectRemoveRequest::new(this.0.as_str()))?.finish()
    },
    response: nothing,
});

/// `POST /testdata/person`: creates a person whose PESEL belongs to a NIP, its owner.
///
/// 30001 says that it exists already.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a request does nothing until it is sent"]
pub struct CreatePerson {
    nip: Nip,
    pesel: Pesel,
    description: String,
    is_bailiff: bool,
    is_deceased: bool,
    created: Option<DateTime<Utc>>,
}

impl CreatePerson {
    /// A living person who is no bailiff; the description has 5 to 256 characters.
    pub fn new(nip: Nip, pesel: Pesel, description: impl Into<String>) -> Self {
        let description = description.into();
        Self { nip, pesel, description, is_bailiff: false, is_deceased: false, created: None }
    }

    /// Makes the person a bailiff.
    pub fn bailiff(mut self) -> Self {
        self.is_bailiff = true;
        self
    }

    /// Makes the person a deceased one, whose logins end in status 470.
    pub fn deceased(mut self) -> Self {
        self.is_deceased = true;
        self
    }

    /// Sets when the person was created. When the same one is created again, it must be later than
    /// before.
    pub fn created(mut self, time: DateTime<Utc>) -> Self {
        self.created = Some(time);
        self
    }
}

endpoint!(CreatePerson -> () {
    Info {
        name: "test_data.create_person",
        method: Method::POST,
        path: "/testdata/person",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        check_length("description", &this.description, DESCRIPTION)?;
        let (nip, pesel) = (this.nip.as_str(), this.pesel.as_str());
        let mut body =
            wire::PersonCreateRequest::new(&*this.description, this.is_bailiff, nip, pesel);
        body.is_deceased = Some(this.is_deceased);
        body.created_date = this.created;
        request.json(&body)?.finish()
    },
    response: nothing,
});

/// `POST /testdata/person/remove`: removes a person by the NIP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovePerson(pub Nip);

endpoint!(RemovePerson -> () {
    Info {
        name: "test_data.remove_person",
        method: Method::POST,
        path: "/testdata/person/remove",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ANONYMOUS,
        section: "KSeF 2.0 facts §12.5",
    },
    request: |this, request| {
        request.json(&wire::PersonRemoveRequest::new(this.0.as_str()))?.finish()
    },
    response: nothing,
});
