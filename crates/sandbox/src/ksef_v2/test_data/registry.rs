//! Who is who: roles of subjects, persons with two numbers, blocked contexts, and who may attach
//! files (KSeF 2.0 facts §11 and §12.5).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Warsaw;

use crate::ksef_v2::people::{Identity, IdentityKind};

/// Everything that offices know and the system only repeats.
#[derive(Debug, Default)]
pub(in crate::ksef_v2) struct Registry {
    standings: Vec<Standing>,
    persons: Vec<Person>,
    blocked: BTreeSet<Identity>,
    attachments: BTreeMap<String, Option<DateTime<Utc>>>,
    /// When removed subjects were said to be made; another of the same number must be younger.
    removed: BTreeMap<String, DateTime<Utc>>,
}

/// A role of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ksef_v2) struct Standing {
    pub(in crate::ksef_v2) nip: String,
    pub(in crate::ksef_v2) role: Role,
    /// The unit above it.
    pub(in crate::ksef_v2) parent: Option<String>,
    pub(in crate::ksef_v2) about: String,
    pub(in crate::ksef_v2) since: DateTime<Utc>,
}

/// The roles of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ksef_v2) enum Role {
    CourtBailiff,
    EnforcementAuthority,
    LocalGovernmentUnit,
    LocalGovernmentSubUnit,
    VatGroupUnit,
    VatGroupSubUnit,
}

/// A person, known by two numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ksef_v2) struct Person {
    pub(in crate::ksef_v2) nip: String,
    pub(in crate::ksef_v2) pesel: String,
    pub(in crate::ksef_v2) is_bailiff: bool,
    pub(in crate::ksef_v2) is_deceased: bool,
    pub(in crate::ksef_v2) about: String,
    pub(in crate::ksef_v2) since: DateTime<Utc>,
}

impl Role {
    /// The name as the contract writes it.
    pub(in crate::ksef_v2) fn as_str(self) -> &'static str {
        match self {
            Self::CourtBailiff => "CourtBailiff",
            Self::EnforcementAuthority => "EnforcementAuthority",
            Self::LocalGovernmentUnit => "LocalGovernmentUnit",
            Self::LocalGovernmentSubUnit => "LocalGovernmentSubUnit",
            Self::VatGroupUnit => "VatGroupUnit",
            Self::VatGroupSubUnit => "VatGroupSubUnit",
        }
    }

    /// Whether subjects of this role may have others below them.
    pub(in crate::ksef_v2) fn is_parent(self) -> bool {
        matches!(self, Self::LocalGovernmentUnit | Self::VatGroupUnit)
    }
}

impl Person {
    /// The person by its tax number.
    pub(in crate::ksef_v2) fn nip(&self) -> Identity {
        Identity::nip(&self.nip)
    }

    /// The person by its PESEL.
    pub(in crate::ksef_v2) fn pesel(&self) -> Identity {
        Identity::new(IdentityKind::Pesel, &self.pesel)
    }

    fn is(&self, identity: &Identity) -> bool {
        *identity == self.nip() || *identity == self.pesel()
    }
}

impl Registry {
    /// Whether both name one subject: equal, or the two numbers of one person.
    pub(in crate::ksef_v2) fn is_same(&self, first: &Identity, second: &Identity) -> bool {
        first == second || self.persons.iter().any(|one| one.is(first) && one.is(second))
    }

    /// The other number of a person.
    pub(in crate::ksef_v2) fn linked(&self, identity: &Identity) -> Option<Identity> {
        let person = self.persons.iter().find(|person| person.is(identity))?;
        let (nip, pesel) = (person.nip(), person.pesel());
        Some(if *identity == nip { pesel } else { nip })
    }

    /// The roles of a subject.
    pub(in crate::ksef_v2) fn standings(&self, nip: &str) -> Vec<Standing> {
        let bailiffs = self.persons.iter().filter(|person| person.is_bailiff && person.nip == nip);
        let bailiffs = bailiffs.map(|person| Standing {
            nip: person.nip.clone(),
            role: Role::CourtBailiff,
            parent: None,
            about: person.about.clone(),
            since: person.since,
        });
        self.standings.iter().filter(|one| one.nip == nip).cloned().chain(bailiffs).collect()
    }

    /// The subjects below another one.
    pub(in crate::ksef_v2) fn below(&self, nip: &str) -> impl Iterator<Item = &Standing> {
        self.standings.iter().filter(move |one| one.parent.as_deref() == Some(nip))
    }

    /// Whether a subject may do what bailiffs and enforcement authorities do.
    pub(in crate::ksef_v2) fn enforces(&self, nip: &str) -> bool {
        let roles = [Role::CourtBailiff, Role::EnforcementAuthority];
        self.standings(nip).iter().any(|one| roles.contains(&one.role))
    }

    /// Whether a subject of that number was made.
    pub(in crate::ksef_v2) fn is_subject(&self, nip: &str) -> bool {
        self.standings.iter().any(|one| one.nip == nip && one.parent.is_none())
    }

    /// Whether a removed one of that number was not made before `since`.
    pub(in crate::ksef_v2) fn was_later(&self, nip: &str, since: DateTime<Utc>) -> bool {
        self.removed.get(nip).is_some_and(|before| *before >= since)
    }

    /// Adds roles.
    pub(in crate::ksef_v2) fn add(&mut self, standings: Vec<Standing>) {
        self.standings.extend(standings);
    }

    /// Removes a subject and everything below it.
    pub(in crate::ksef_v2) fn remove_subject(&mut self, nip: &str) {
        for one in self.standings.iter().filter(|one| one.nip == nip && one.parent.is_none()) {
            self.removed.insert(nip.to_owned(), one.since);
        }
        let goes = |one: &Standing| one.nip == nip || one.parent.as_deref() == Some(nip);
        self.standings.retain(|one| !goes(one));
    }

    /// Whether one of the two numbers is taken.
    pub(in crate::ksef_v2) fn knows_person(&self, person: &Person) -> bool {
        self.persons.iter().any(|one| one.nip == person.nip || one.pesel == person.pesel)
    }

    /// Adds a person.
    pub(in crate::ksef_v2) fn add_person(&mut self, person: Person) {
        self.persons.push(person);
    }

    /// Removes the persons of a tax number and tells who they were.
    pub(in crate::ksef_v2) fn remove_person(&mut self, nip: &str) -> Vec<Person> {
        let (gone, left) = self.persons.drain(..).partition(|person| person.nip == nip);
        self.persons = left;
        let gone: Vec<Person> = gone;
        self.removed.extend(gone.iter().map(|person| (person.nip.clone(), person.since)));
        gone
    }

    /// Whether a subject is known to have died.
    pub(in crate::ksef_v2) fn is_deceased(&self, subject: &Identity) -> bool {
        self.persons.iter().any(|person| person.is_deceased && person.is(subject))
    }

    /// Blocks logging in to a context.
    pub(in crate::ksef_v2) fn block(&mut self, context: Identity) {
        self.blocked.insert(context);
    }

    /// Ends the block.
    pub(in crate::ksef_v2) fn unblock(&mut self, context: &Identity) {
        self.blocked.remove(context);
    }

    /// Whether a context is blocked.
    pub(in crate::ksef_v2) fn is_blocked(&self, context: &Identity) -> bool {
        self.blocked.contains(context)
    }

    /// Lets a taxpayer attach files.
    pub(in crate::ksef_v2) fn allow_attachments(&mut self, nip: &str) {
        self.attachments.insert(nip.to_owned(), None);
    }

    /// Ends that at the end of a day, without one at once.
    pub(in crate::ksef_v2) fn forbid_attachments(
        &mut self,
        nip: &str,
        day: Option<NaiveDate>,
        now: DateTime<Utc>,
    ) {
        let midnight = day.and_then(|day| day.succ_opt()?.and_hms_opt(0, 0, 0));
        let end = midnight.and_then(|it| it.and_local_timezone(Warsaw).earliest());
        if let Some(until) = self.attachments.get_mut(nip) {
            *until = Some(end.map_or(now, |end| end.with_timezone(&Utc)));
        }
    }

    /// When a taxpayer's permission to attach files ends or ended.
    pub(in crate::ksef_v2) fn attachments_end(&self, nip: &str) -> Option<DateTime<Utc>> {
        self.attachments.get(nip).copied().flatten()
    }

    /// Whether a taxpayer may attach files now.
    pub(in crate::ksef_v2) fn may_attach(&self, nip: &str, now: DateTime<Utc>) -> bool {
        self.attachments.get(nip).is_some_and(|until| until.is_none_or(|until| now < until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000 + seconds, 0).unwrap()
    }

    fn standing(nip: &str, role: Role, parent: Option<&str>) -> Standing {
        let parent = parent.map(str::to_owned);
        Standing { nip: nip.to_owned(), role, parent, about: String::new(), since: at(0) }
    }

    #[test]
    fn a_subject_goes_with_everything_below_it() {
        let mut registry = Registry::default();
        registry.add(vec![
            standing("9990000149", Role::LocalGovernmentUnit, None),
            standing("9990000155", Role::LocalGovernmentSubUnit, Some("9990000149")),
        ]);
        assert_eq!(registry.below("9990000149").count(), 1);
        assert!(!registry.enforces("9990000149"));
        registry.remove_subject("9990000149");
        assert!(registry.standings("9990000155").is_empty());
        assert!(registry.was_later("9990000149", at(0)), "the next one must be younger");
        assert!(!registry.was_later("9990000149", at(1)));
    }

    #[test]
    fn a_person_has_two_numbers_and_a_bailiff_a_role() {
        let mut registry = Registry::default();
        let person = Person {
            nip: "9990000161".to_owned(),
            pesel: "00810100019".to_owned(),
            is_bailiff: true,
            is_deceased: true,
            about: String::new(),
            since: at(0),
        };
        let (nip, pesel) = (person.nip(), person.pesel());
        assert!(!registry.is_same(&nip, &pesel));
        registry.add_person(person.clone());
        assert!(registry.is_same(&nip, &pesel) && registry.knows_person(&person));
        assert_eq!(registry.linked(&nip), Some(pesel.clone()));
        assert!(registry.enforces("9990000161") && registry.is_deceased(&pesel));
        assert_eq!(registry.remove_person("9990000161"), [person]);
        assert!(!registry.is_same(&nip, &pesel) && !registry.enforces("9990000161"));
    }

    #[test]
    fn attachments_end_with_the_polish_day() {
        let mut registry = Registry::default();
        let now = "2026-02-01T12:00:00Z".parse().unwrap();
        registry.forbid_attachments("9990000103", None, now);
        assert_eq!(registry.attachments_end("9990000103"), None, "there was nothing to end");
        registry.allow_attachments("9990000103");
        assert!(registry.may_attach("9990000103", now));
        registry.forbid_attachments("9990000103", "2026-02-03".parse().ok(), now);
        assert!(registry.may_attach("9990000103", "2026-02-03T22:59:59Z".parse().unwrap()));
        assert!(!registry.may_attach("9990000103", "2026-02-03T23:00:00Z".parse().unwrap()));
    }
}
