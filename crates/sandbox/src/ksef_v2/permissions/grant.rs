//! What was given to whom: permissions of subjects and authorizations of entities
//! (KSeF 2.0 facts §11).

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::ksef_v2::people::{Identity, Permission};

/// One permission of one subject.
#[derive(Clone, Debug)]
pub(in crate::ksef_v2) struct Grant {
    /// 36 characters, once it is stored.
    pub(super) id: String,
    pub(super) way: Way,
    /// The context in which it was given.
    pub(super) within: Identity,
    /// The context in which it works; of an indirect one, that of the one in between.
    pub(super) context: Identity,
    pub(super) to: Identity,
    pub(super) permission: Permission,
    /// Of an indirect one: for whose context.
    pub(super) target: Option<Target>,
    pub(super) can_delegate: bool,
    /// Who gave it; `None` is the system.
    pub(super) author: Option<Identity>,
    pub(super) about: String,
    pub(super) details: Details,
    pub(super) since: DateTime<Utc>,
}

/// What a request told of the subject, in the members that queries show.
#[derive(Clone, Debug, Default)]
pub(in crate::ksef_v2) struct Details {
    pub(super) person: Value,
    pub(super) entity: Value,
    /// The name of a unit or of an entity of the European Union.
    pub(super) name: Value,
    pub(super) eu_entity: Value,
}

/// How a permission was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ksef_v2) enum Way {
    Person,
    Entity,
    Indirect,
    Subunit,
    EuAdministration,
    EuRepresentative,
}

/// Whose invoices an indirect permission is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ksef_v2) enum Target {
    /// Every partner; the flag of the contract that names them, or nothing at all.
    All {
        named: bool,
    },
    One(Identity),
}

/// What an entity lets another one do.
#[derive(Clone, Debug)]
pub(in crate::ksef_v2) struct Authorization {
    pub(super) id: String,
    pub(super) authorizing: Identity,
    pub(super) authorized: Identity,
    pub(super) scope: Scope,
    pub(super) author: Option<Identity>,
    pub(super) about: String,
    pub(super) details: Value,
    pub(super) since: DateTime<Utc>,
}

/// The kinds of authorizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ksef_v2) enum Scope {
    SelfInvoicing,
    RrInvoicing,
    TaxRepresentative,
    PefInvoicing,
}

impl Scope {
    /// The kind of that name.
    pub(in crate::ksef_v2) fn read(name: &str) -> Option<Self> {
        use Scope::{PefInvoicing, RrInvoicing, SelfInvoicing, TaxRepresentative};
        let all = [SelfInvoicing, RrInvoicing, TaxRepresentative, PefInvoicing];
        all.into_iter().find(|one| one.as_str() == name)
    }

    /// The name as the contract writes it.
    pub(in crate::ksef_v2) fn as_str(self) -> &'static str {
        match self {
            Self::SelfInvoicing => "SelfInvoicing",
            Self::RrInvoicing => "RRInvoicing",
            Self::TaxRepresentative => "TaxRepresentative",
            Self::PefInvoicing => "PefInvoicing",
        }
    }
}

impl Grant {
    /// A grant of the system; it gets its identifier when it is stored.
    pub(in crate::ksef_v2) fn new(
        way: Way,
        context: &Identity,
        to: &Identity,
        permission: Permission,
        since: DateTime<Utc>,
    ) -> Self {
        Self {
            id: String::new(),
            way,
            within: context.clone(),
            context: context.clone(),
            to: to.clone(),
            permission,
            target: None,
            can_delegate: false,
            author: None,
            about: String::new(),
            details: Details::default(),
            since,
        }
    }

    /// The same with a description.
    pub(in crate::ksef_v2) fn described(mut self, about: &str) -> Self {
        about.clone_into(&mut self.about);
        self
    }

    /// The same with the right to pass it on.
    pub(in crate::ksef_v2) fn delegable(mut self) -> Self {
        self.can_delegate = true;
        self
    }

    /// Whether another grant gives the same.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        self.way == other.way
            && self.context == other.context
            && self.to == other.to
            && self.permission == other.permission
            && self.target == other.target
            && self.can_delegate == other.can_delegate
    }
}

impl Authorization {
    /// An authorization of the system; it gets its identifier when it is stored.
    pub(in crate::ksef_v2) fn new(
        authorizing: &Identity,
        authorized: &Identity,
        scope: Scope,
        since: DateTime<Utc>,
    ) -> Self {
        Self {
            id: String::new(),
            authorizing: authorizing.clone(),
            authorized: authorized.clone(),
            scope,
            author: None,
            about: String::new(),
            details: Value::Null,
            since,
        }
    }

    /// The same with a description.
    pub(in crate::ksef_v2) fn described(mut self, about: &str) -> Self {
        about.clone_into(&mut self.about);
        self
    }
}
