//! Whether an element may stand where it stands, and what is missing before it.

use crate::check::{
    FindingKind,
    content::{self, Missing, Place},
    rules::Fact,
    table::State,
    walk::{Inside, Walk, Walked, broken, path},
};

/// More elements than this are not missed at once: then the one that came is in a wrong place.
const FEW: usize = 2;

/// As many names of elements are given as an expectation.
const NAMED: usize = 8;

/// What the schema has for an element that begins.
pub(super) struct Expected {
    pub(super) of: u16,
    pub(super) number: u32,
    pub(super) fixed: Option<&'static str>,
}

impl<'t> Walk<'t, '_, '_> {
    /// What the schema has for an element in this place; nothing when it has none, which is said.
    pub(super) fn expected(
        &mut self,
        start: usize,
        prefix: &str,
        local: &'t str,
    ) -> Walked<Option<Expected>> {
        if self.open.is_empty() {
            return self.root(start, prefix, local);
        }
        let Some(form) = self.facts.form else { return Ok(None) };
        let is_own = self.names.form(prefix).is_some_and(|of| std::ptr::eq(of, form));
        let Some(open) = self.open.last_mut() else { return Ok(None) };
        let (states, place, was_misplaced) = match &mut open.inside {
            Inside::Unknown => return Ok(None),
            Inside::Value { .. } => {
                open.inside = Inside::Unknown;
                let says = "no element may stand in a value";
                self.unexpected(start, local, says);
                return Ok(None);
            }
            Inside::Elements { states, place, was_misplaced } => (*states, place, was_misplaced),
        };
        let before = *place;
        if let Some(after) = content::after(states, before, local) {
            (*place, *was_misplaced) = (after, false);
            if !is_own {
                self.unexpected(start, local, "the element is of another namespace");
                return Ok(None);
            }
            let state = &states[after.state];
            let number = if state.most > 1 { after.count } else { 0 };
            return Ok(Some(Expected { of: state.of, number, fixed: state.fixed }));
        }
        if !is_own {
            self.unexpected(start, local, "the element is of another namespace");
            return Ok(None);
        }
        Ok(self.out_of_order(start, states, before, local))
    }

    /// An element comes that may not come next: what is missing before it is said, or that it
    /// should not be here.
    fn out_of_order(
        &mut self,
        start: usize,
        states: &'static [State],
        place: Place,
        local: &str,
    ) -> Option<Expected> {
        let known = states.iter().skip(1).find(|state| state.name == local);
        let Some(known) = known else {
            let says = format!("the schema has no such element here{}", next(states, place));
            self.unexpected(start, local, &says);
            return None;
        };
        let was_misplaced = self.set_misplaced(true);
        if place.count > 0 && states[place.state].name == local {
            let says = match states[place.state].most {
                1 => "the element stands twice".to_owned(),
                most => format!("the element stands more than {most} times"),
            };
            self.unexpected(start, local, &says);
        } else if let Some((after, missing)) = content::further(states, place, local)
            .filter(|(_, missing)| was_misplaced || missing.len() <= FEW)
        {
            self.miss(start, &missing);
            self.set_misplaced(false);
            self.set_place(after);
            let state = &states[after.state];
            let number = u32::from(state.most > 1);
            return Some(Expected { of: state.of, number, fixed: state.fixed });
        } else {
            let says = format!("the element stands in a wrong place{}", next(states, place));
            self.unexpected(start, local, &says);
        }
        Some(Expected { of: known.of, number: 0, fixed: known.fixed })
    }

    fn root(&mut self, start: usize, prefix: &str, local: &str) -> Walked<Option<Expected>> {
        if self.has_root {
            return broken(start, "there is a second root element");
        }
        self.has_root = true;
        let namespace = self.names.namespace(prefix);
        self.facts.root = Fact {
            value: namespace.to_owned(),
            path: format!("/{local}"),
            offset: self.before + start,
        };
        let Some(form) = self.names.form(prefix) else { return Ok(None) };
        self.facts.form = Some(form);
        if local != form.root {
            let says = format!("the root element is not `{}`", form.root);
            self.unexpected(start, local, &says);
            return Ok(None);
        }
        Ok(Some(Expected { of: form.root_type, number: 0, fixed: None }))
    }

    fn unexpected(&mut self, start: usize, local: &str, says: &str) {
        let path = format!("{}/{local}", path(&self.open));
        self.findings.add(FindingKind::Unexpected, &path, self.before + start, says);
    }

    pub(super) fn miss(&mut self, offset: usize, missing: &Missing) {
        let parent = path(&self.open);
        for names in missing {
            let (path, says) = match names[..] {
                [name] => (format!("{parent}/{name}"), "the element is missing".to_owned()),
                _ => (parent.clone(), format!("one of {} is missing", names.join(", "))),
            };
            self.findings.add(FindingKind::MissingElement, &path, self.before + offset, says);
        }
    }

    /// Says whether the last element stands in a wrong place, and tells what was said before.
    fn set_misplaced(&mut self, value: bool) -> bool {
        match self.open.last_mut().map(|open| &mut open.inside) {
            Some(Inside::Elements { was_misplaced, .. }) => std::mem::replace(was_misplaced, value),
            _ => false,
        }
    }

    fn set_place(&mut self, after: Place) {
        if let Some(Inside::Elements { place, .. }) =
            self.open.last_mut().map(|open| &mut open.inside)
        {
            *place = after;
        }
    }
}

/// What may come next, as the end of a sentence.
fn next(states: &[State], place: Place) -> String {
    let state = &states[place.state];
    let again = (place.count > 0 && place.count < state.most).then_some(state.name);
    let next = state.next.iter().map(|next| states[usize::from(*next)].name);
    let names: Vec<_> = again.into_iter().chain(next).collect();
    match names.len() {
        0 => ", where nothing may follow".to_owned(),
        1..=NAMED => format!(", where {} may follow", names.join(", ")),
        _ => format!(", where {}, … may follow", names[..NAMED].join(", ")),
    }
}
