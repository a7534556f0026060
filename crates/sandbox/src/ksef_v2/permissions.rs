//! Who may do what: grants, authorizations of entities, and what follows from them in a context
//! (KSeF 2.0 facts §11).

mod describe;
mod give;
mod grant;
mod list;
mod operation;
mod seek;
mod take;

use std::collections::BTreeSet;

pub(super) use give::give;
pub(super) use grant::{Authorization, Grant, Scope, Way};
pub(super) use list::{list, page};
pub(super) use operation::{Operation, status};
pub(super) use take::take;

use super::people::{Identity, IdentityKind, Permission};
use super::store::Ordered;
use super::test_data::Registry;
use crate::ksef::sha256;
use grant::{Details, Target};

/// Everything that was given.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    grants: Vec<Grant>,
    authorizations: Vec<Authorization>,
    operations: Ordered<Operation>,
    /// How many identifiers were given.
    made: u64,
}

/// What the owner of a context may do without being given it.
pub(super) fn owned(
    registry: &Registry,
    context: &Identity,
    subject: &Identity,
) -> BTreeSet<Permission> {
    if context.kind == IdentityKind::PeppolId && subject == context {
        return BTreeSet::from([Permission::PefInvoiceWrite]);
    }
    let ownable = matches!(context.kind, IdentityKind::Nip | IdentityKind::InternalId);
    let owner = context.owner_nip().filter(|_| ownable);
    let Some(nip) = owner.filter(|nip| registry.is_same(&Identity::nip(nip), subject)) else {
        return BTreeSet::new();
    };
    let all = Permission::ALL.into_iter().filter(|one| match one {
        Permission::VatUeManage | Permission::PefInvoiceWrite => false,
        Permission::EnforcementOperations => registry.enforces(nip),
        _ => true,
    });
    all.collect()
}

impl Permissions {
    /// What a subject may do in a context.
    pub(super) fn held(
        &self,
        registry: &Registry,
        context: &Identity,
        subject: &Identity,
    ) -> BTreeSet<Permission> {
        let own = self.grants.iter().filter(|grant| registry.is_same(&grant.to, subject));
        let given = own.filter(|grant| match grant.way {
            Way::Indirect => self.reaches(grant, context),
            _ => grant.context == *context,
        });
        let mut held = owned(registry, context, subject);
        held.extend(given.map(|grant| grant.permission));
        held
    }

    /// Whether an indirect grant works in a context: its target fits, and the one in between was
    /// given the same permission there with the right to pass it on.
    fn reaches(&self, grant: &Grant, context: &Identity) -> bool {
        let meant = match &grant.target {
            Some(Target::One(target)) => target == context,
            Some(Target::All { .. }) | None => true,
        };
        meant && self.may_pass_on(context, &grant.within, Some(grant.permission))
    }

    /// Whether `client` lets `between` pass on a permission, without one any.
    fn may_pass_on(
        &self,
        client: &Identity,
        between: &Identity,
        permission: Option<Permission>,
    ) -> bool {
        self.delegable(between).any(|grant| {
            grant.context == *client && permission.is_none_or(|it| it == grant.permission)
        })
    }

    fn delegable<'a>(&'a self, between: &'a Identity) -> impl Iterator<Item = &'a Grant> {
        let entities = self.grants.iter().filter(|grant| grant.way == Way::Entity);
        entities.filter(move |grant| grant.can_delegate && grant.to == *between)
    }

    /// Whether a grant works: an indirect one needs somebody who lets it be passed on.
    fn is_active(&self, grant: &Grant) -> bool {
        grant.way != Way::Indirect
            || self.delegable(&grant.within).any(|passed| self.reaches(grant, &passed.context))
    }

    /// Stores grants; one that is there already is left as it is.
    pub(super) fn add(&mut self, grants: Vec<Grant>) {
        for mut grant in grants {
            if !self.grants.iter().any(|known| known.repeats(&grant)) {
                grant.id = self.next_id();
                self.grants.push(grant);
            }
        }
    }

    /// Stores an authorization; one that is there already is left as it is.
    pub(super) fn authorize(&mut self, mut authorization: Authorization) {
        if !self.is_authorized(
            &authorization.authorizing,
            &authorization.authorized,
            Some(authorization.scope),
        ) {
            authorization.id = self.next_id();
            self.authorizations.push(authorization);
        }
    }

    /// Whether one entity lets another one issue invoices, in any way when none is named.
    pub(super) fn is_authorized(
        &self,
        authorizing: &Identity,
        authorized: &Identity,
        scope: Option<Scope>,
    ) -> bool {
        self.authorizations.iter().any(|one| {
            one.authorizing == *authorizing
                && one.authorized == *authorized
                && scope.is_none_or(|scope| scope == one.scope)
        })
    }

    /// Takes everything from a subject.
    pub(super) fn forget(&mut self, subject: &Identity) {
        self.grants.retain(|grant| grant.to != *subject);
    }

    /// Takes from a subject what the system gave it in a context.
    pub(super) fn forget_given_by_system(&mut self, context: &Identity, to: &Identity) {
        self.grants
            .retain(|grant| grant.author.is_some() || grant.context != *context || grant.to != *to);
    }

    /// Identifiers depend on nothing but their number, so that one seed makes one world.
    fn next_id(&mut self) -> String {
        self.made += 1;
        let hash = sha256(format!("grant {}", self.made).as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::ksef_v2::test_data::{Person, Role, Standing};

    const ALFA: &str = "9990000103";
    const BUREAU: &str = "9990000178";

    fn person(pesel: &str) -> Identity {
        Identity::new(IdentityKind::Pesel, pesel)
    }

    fn grant(way: Way, context: &str, to: &Identity, permission: Permission) -> Grant {
        Grant::new(way, &Identity::nip(context), to, permission, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn owners_hold_nearly_everything_and_their_linked_number_too() {
        let mut registry = Registry::default();
        let permissions = Permissions::default();
        let (alfa, person_of_alfa) = (Identity::nip(ALFA), person("00810100019"));
        let held = permissions.held(&registry, &alfa, &alfa);
        assert_eq!(held.len(), 7, "{held:?}");
        assert!(!held.contains(&Permission::EnforcementOperations));
        assert!(permissions.held(&registry, &alfa, &person_of_alfa).is_empty());
        registry.add_person(Person {
            nip: ALFA.to_owned(),
            pesel: person_of_alfa.value.clone(),
            is_bailiff: true,
            is_deceased: false,
            about: String::new(),
            since: DateTime::UNIX_EPOCH,
        });
        let held = permissions.held(&registry, &alfa, &person_of_alfa);
        assert!(held.contains(&Permission::EnforcementOperations), "bailiffs enforce");
        assert_eq!(held.len(), 8);
        let unit = Identity::new(IdentityKind::InternalId, "9990000103-12345");
        assert_eq!(permissions.held(&registry, &unit, &alfa).len(), 8);
        let union = Identity::new(IdentityKind::NipVatUe, "9990000103-DE123456789");
        assert!(permissions.held(&registry, &union, &alfa).is_empty());
        let provider = Identity::new(IdentityKind::PeppolId, "PPL000001");
        let held = permissions.held(&registry, &provider, &provider);
        assert_eq!(held, BTreeSet::from([Permission::PefInvoiceWrite]));
    }

    #[test]
    fn enforcement_follows_the_role() {
        let mut registry = Registry::default();
        registry.add(vec![Standing {
            nip: ALFA.to_owned(),
            role: Role::EnforcementAuthority,
            parent: None,
            about: String::new(),
            since: DateTime::UNIX_EPOCH,
        }]);
        let alfa = Identity::nip(ALFA);
        let held = Permissions::default().held(&registry, &alfa, &alfa);
        assert!(held.contains(&Permission::EnforcementOperations));
    }

    #[test]
    fn indirect_grants_work_while_the_client_lets_them_be_passed_on() {
        let registry = Registry::default();
        let mut permissions = Permissions::default();
        let (alfa, bureau, clerk) =
            (Identity::nip(ALFA), Identity::nip(BUREAU), person("00810100019"));
        let mut indirect = grant(Way::Indirect, BUREAU, &clerk, Permission::InvoiceRead);
        indirect.target = Some(Target::One(alfa.clone()));
        permissions.add(vec![indirect]);
        let held = |permissions: &Permissions| permissions.held(&registry, &alfa, &clerk);
        assert!(held(&permissions).is_empty());
        assert!(!permissions.is_active(&permissions.grants[0]));
        permissions.add(vec![grant(Way::Entity, ALFA, &bureau, Permission::InvoiceRead)]);
        assert!(held(&permissions).is_empty(), "without the right to pass on");
        let mut passed = grant(Way::Entity, ALFA, &bureau, Permission::InvoiceRead);
        passed.can_delegate = true;
        permissions.add(vec![passed]);
        assert_eq!(held(&permissions), BTreeSet::from([Permission::InvoiceRead]));
        assert!(permissions.is_active(&permissions.grants[0]));
        let other = Identity::nip("9990000126");
        assert!(permissions.held(&registry, &other, &clerk).is_empty(), "another client");
        assert!(permissions.held(&registry, &bureau, &clerk).is_empty(), "the one in between");
    }

    #[test]
    fn what_is_there_already_is_not_stored_twice() {
        let mut permissions = Permissions::default();
        let clerk = person("00810100019");
        let one = grant(Way::Person, ALFA, &clerk, Permission::InvoiceRead);
        permissions.add(vec![one.clone(), one]);
        assert_eq!(permissions.grants.len(), 1);
        assert_eq!(permissions.grants[0].id.len(), 36);
        permissions.forget_given_by_system(&Identity::nip(ALFA), &clerk);
        assert!(permissions.grants.is_empty());
    }
}
