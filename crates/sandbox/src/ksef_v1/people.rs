//! Who may do what where: identifiers, grants, tokens, and how roles are counted (specification
//! 1.9, chapters 5.2 to 5.6).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::roles::{OF_OWNERS, Role};
use crate::ksef::numbers;

/// Kinds of identifiers (KSeF 1.x facts §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum IdKind {
    /// A company by its NIP.
    Onip,
    /// A person by the NIP.
    Nip,
    /// A person by the PESEL.
    Pesel,
    /// A certificate by its SHA-256.
    Fingerprint,
    /// A Peppol provider.
    PeppolId,
    /// A unit by its internal identifier.
    Int,
    /// A token by its number.
    Token,
    /// The system itself.
    System,
}

/// Who has or gives a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: IdKind,
    /// The value.
    #[serde(rename = "identifier")]
    pub value: String,
}

impl Identifier {
    /// An identifier.
    pub fn new(kind: IdKind, value: &str) -> Self {
        Self { kind, value: value.to_owned() }
    }

    /// Whether the value has the form of its kind.
    pub(super) fn fits(&self) -> bool {
        match self.kind {
            IdKind::Onip | IdKind::Nip => numbers::is_nip(&self.value),
            IdKind::Pesel => numbers::is_pesel(&self.value),
            IdKind::Fingerprint => numbers::is_fingerprint(&self.value),
            IdKind::PeppolId => is_peppol(&self.value),
            IdKind::Int => numbers::is_internal(&self.value),
            IdKind::Token => numbers::is_reference(&self.value),
            IdKind::System => true,
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({"type": self.kind, "identifier": self.value})
    }
}

/// `P`, two letters, six digits.
pub(super) fn is_peppol(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 9
        && bytes[0] == b'P'
        && bytes[1..3].iter().all(u8::is_ascii_uppercase)
        && bytes[3..].iter().all(u8::is_ascii_digit)
}

/// Whose affairs a session deals with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Context {
    Nip(String),
    Internal(String),
}

impl Context {
    /// The identifier as a text.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Nip(value) | Self::Internal(value) => value,
        }
    }

    /// The NIP, which an internal identifier begins with.
    pub(super) fn nip(&self) -> &str {
        match self {
            Self::Nip(value) => value,
            Self::Internal(value) => value.split('-').next().unwrap_or_default(),
        }
    }

    pub(super) fn json(&self) -> Value {
        let kind = match self {
            Self::Nip(_) => "onip",
            Self::Internal(_) => "int",
        };
        json!({"type": kind, "identifier": self.key()})
    }

    pub(super) fn identifier(&self) -> Identifier {
        match self {
            Self::Nip(value) => Identifier::new(IdKind::Onip, value),
            Self::Internal(value) => Identifier::new(IdKind::Int, value),
        }
    }
}

/// How a session was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Vector {
    /// A signature or seal with a NIP.
    Nip(String),
    /// A signature with a PESEL.
    Pesel(String),
    /// A signature by its certificate.
    Fingerprint(String),
    /// A token by its number.
    Token(String),
    /// An internal certificate: whose it is, and its roles.
    Certificate { parent: Box<Vector>, roles: BTreeSet<Role> },
}

impl Vector {
    /// Who that is.
    pub(super) fn identifier(&self) -> Identifier {
        match self {
            Self::Nip(value) => Identifier::new(IdKind::Nip, value),
            Self::Pesel(value) => Identifier::new(IdKind::Pesel, value),
            Self::Fingerprint(value) => Identifier::new(IdKind::Fingerprint, value),
            Self::Token(value) => Identifier::new(IdKind::Token, value),
            Self::Certificate { parent, .. } => parent.identifier(),
        }
    }
}

/// In which way a role was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By `Grant`.
    Standard,
    /// By `ContextGrant` of this NIP.
    Context { by: String },
    /// By `AccountingGrant`: for one partner, or for all of them.
    Accounting { partner: Option<String> },
    /// By the system or the office.
    Office,
}

/// One role given to one identifier in one context.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    /// The context where it holds; for `Way::Accounting` the bureau that gave it.
    pub(super) context: String,
    pub(super) to: Identifier,
    pub(super) role: Role,
    pub(super) about: String,
    pub(super) since: DateTime<Utc>,
    pub(super) author: Identifier,
    pub(super) way: Way,
}

/// A token for logging in.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) number: String,
    pub(super) secret: String,
    pub(super) context: Context,
    pub(super) parent: Vector,
    pub(super) roles: BTreeSet<Role>,
    pub(super) about: String,
    pub(super) roles_about: Vec<(Role, String)>,
    pub(super) since: DateTime<Utc>,
    pub(super) used: Option<DateTime<Utc>>,
    pub(super) state: TokenState,
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenState {
    /// Its session is not authenticated yet, or never was.
    Inactive,
    Active,
    Revoked,
}

/// How a role is held, for the answer to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Direct,
    Granted,
    Inherited,
    Accounting,
    Token,
}

/// Everything about credentials.
#[derive(Default)]
pub(super) struct People {
    pub(super) grants: Vec<Grant>,
    pub(super) tokens: Vec<Token>,
    /// NIP and PESEL of one person.
    pub(super) links: Vec<(String, String)>,
    /// Numbers of people who have died.
    pub(super) dead: BTreeSet<String>,
}

impl People {
    /// The roles of a vector in a context, each with the way it is held.
    pub(super) fn roles(&self, vector: &Vector, context: &Context) -> BTreeSet<(Role, Source)> {
        match vector {
            Vector::Token(number) => self.token_roles(number, context),
            Vector::Certificate { parent, roles } => {
                let mut held = self.roles(parent, context);
                widen(&mut held);
                held.retain(|(role, _)| roles.contains(role));
                held
            }
            _ => self.full(vector, context),
        }
    }

    /// Whether a vector has a role in a context, the facade of the owner included.
    pub(super) fn has(&self, vector: &Vector, context: &Context, role: Role) -> bool {
        let mut held = self.roles(vector, context);
        widen(&mut held);
        held.iter().any(|(one, _)| *one == role)
    }

    /// Whether `giver` gave `role` to the company `receiver`.
    pub(super) fn company_has(&self, giver: &str, receiver: &str, role: Role) -> bool {
        self.grants.iter().any(|grant| {
            grant.context == giver
                && grant.role == role
                && matches!(grant.to.kind, IdKind::Onip | IdKind::Nip)
                && grant.to.value == receiver
                && !matches!(grant.way, Way::Accounting { .. })
        })
    }

    /// Whether the person behind a vector, or behind the maker of a token, has died.
    pub(super) fn is_dead(&self, vector: &Vector) -> bool {
        let maker = match vector {
            Vector::Token(number) => {
                let mut tokens = self.tokens.iter();
                tokens.find(|token| token.number == *number).map(|token| &token.parent)
            }
            Vector::Certificate { parent, .. } => Some(&**parent),
            _ => None,
        };
        let keys = self.keys(maker.unwrap_or(vector));
        keys.iter().any(|key| self.dead.contains(&key.value))
    }

    /// All identifiers of the person or company behind a vector.
    fn keys(&self, vector: &Vector) -> Vec<Identifier> {
        let mut keys = vec![vector.identifier()];
        let linked = |value: &str| {
            self.links.iter().find(|(nip, pesel)| nip == value || pesel == value).cloned()
        };
        if let Vector::Nip(value) | Vector::Pesel(value) = vector {
            let link = linked(value);
            let nip = link.as_ref().map(|link| link.0.clone());
            let nip = nip.or_else(|| matches!(vector, Vector::Nip(_)).then(|| value.clone()));
            if let Some(nip) = nip {
                keys.push(Identifier::new(IdKind::Nip, &nip));
                keys.push(Identifier::new(IdKind::Onip, &nip));
            }
            if let Some((_, pesel)) = link {
                keys.push(Identifier::new(IdKind::Pesel, &pesel));
            }
        }
        keys
    }

    fn full(&self, vector: &Vector, context: &Context) -> BTreeSet<(Role, Source)> {
        let keys = self.keys(vector);
        let mut held = self.direct(&keys, context.key());
        if matches!((vector, context), (Vector::Nip(nip), Context::Nip(own)) if nip == own) {
            held.insert((Role::Owner, Source::Direct));
        }
        let here = |grant: &&Grant| grant.context == context.key() && grant.to.kind == IdKind::Onip;
        for grant in self.grants.iter().filter(here) {
            // Whoever works for a company works for those that gave it the same role.
            let mut own = self.direct(&keys, &grant.to.value);
            if matches!(vector, Vector::Nip(nip) if *nip == grant.to.value) {
                own.insert((Role::Owner, Source::Direct));
            }
            widen(&mut own);
            if own.iter().any(|(role, _)| *role == grant.role) {
                held.insert((grant.role, Source::Inherited));
            }
            if self.accounting(&keys, grant, context.key()) {
                held.insert((grant.role, Source::Accounting));
            }
        }
        held
    }

    /// Whether a bureau, which was given a role here, gave it on to one of these for this partner.
    fn accounting(&self, keys: &[Identifier], given: &Grant, partner: &str) -> bool {
        self.grants.iter().any(|grant| match &grant.way {
            Way::Accounting { partner: one } => {
                grant.context == given.to.value
                    && grant.role == given.role
                    && keys.contains(&grant.to)
                    && one.as_deref().is_none_or(|one| one == partner)
            }
            _ => false,
        })
    }

    fn direct(&self, keys: &[Identifier], context: &str) -> BTreeSet<(Role, Source)> {
        let here = self.grants.iter().filter(|grant| {
            grant.context == context
                && !matches!(grant.way, Way::Accounting { .. })
                && keys.contains(&grant.to)
        });
        here.map(|grant| {
            let company = grant.to.kind == IdKind::Onip;
            (grant.role, if company { Source::Granted } else { Source::Direct })
        })
        .collect()
    }

    /// Chapter 5.6: only in its own context, only what its parent still has.
    fn token_roles(&self, number: &str, context: &Context) -> BTreeSet<(Role, Source)> {
        let Some(token) = self.tokens.iter().find(|token| token.number == number) else {
            return BTreeSet::new();
        };
        if token.context != *context || token.state != TokenState::Active {
            return BTreeSet::new();
        }
        let kept = token.roles.iter().filter(|role| self.has(&token.parent, context, **role));
        kept.map(|role| (*role, Source::Token)).collect()
    }
}

/// Adds what the owner has.
fn widen(held: &mut BTreeSet<(Role, Source)>) {
    if held.iter().any(|(role, _)| *role == Role::Owner) {
        held.extend(OF_OWNERS.iter().map(|role| (*role, Source::Direct)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn give(context: &str, to: Identifier, role: Role, way: Way) -> Grant {
        let since = DateTime::UNIX_EPOCH;
        let author = Identifier::new(IdKind::System, "x");
        Grant { context: context.to_owned(), to, role, about: String::new(), since, author, way }
    }

    fn nip(value: &str) -> Context {
        Context::Nip(value.to_owned())
    }

    #[test]
    fn only_the_taxpayer_itself_is_the_owner() {
        let people = People::default();
        let vector = Vector::Nip("1".to_owned());
        assert!(people.has(&vector, &nip("1"), Role::CredentialsManage));
        assert!(people.roles(&vector, &nip("2")).is_empty());
    }

    #[test]
    fn linked_numbers_share_their_roles() {
        let mut people = People { links: vec![("1".into(), "P".into())], ..People::default() };
        let to = Identifier::new(IdKind::Nip, "1");
        people.grants.push(give("2", to, Role::InvoiceRead, Way::Standard));
        assert!(people.has(&Vector::Pesel("P".into()), &nip("2"), Role::InvoiceRead));
        assert!(!people.has(&Vector::Pesel("Q".into()), &nip("2"), Role::InvoiceRead));
    }

    #[test]
    fn a_company_passes_its_roles_on_to_its_people() {
        let mut people = People::default();
        let (company, person) =
            (Identifier::new(IdKind::Onip, "B"), Identifier::new(IdKind::Pesel, "P"));
        people.grants.push(give("A", company, Role::InvoiceWrite, Way::Standard));
        let vector = Vector::Pesel("P".into());
        assert!(!people.has(&vector, &nip("A"), Role::InvoiceWrite));
        people.grants.push(give("B", person, Role::InvoiceWrite, Way::Standard));
        assert!(people.has(&vector, &nip("A"), Role::InvoiceWrite));
    }

    #[test]
    fn an_accountant_works_for_the_partners_that_gave_the_role() {
        let mut people = People::default();
        let person = Identifier::new(IdKind::Pesel, "P");
        let way = Way::Accounting { partner: None };
        people.grants.push(give("bureau", person, Role::InvoiceRead, way));
        let vector = Vector::Pesel("P".into());
        assert!(!people.has(&vector, &nip("A"), Role::InvoiceRead));
        let bureau = Identifier::new(IdKind::Onip, "bureau");
        people.grants.push(give("A", bureau, Role::InvoiceRead, Way::Standard));
        assert!(people.has(&vector, &nip("A"), Role::InvoiceRead));
        assert!(!people.has(&vector, &nip("bureau"), Role::InvoiceRead));
    }
}
