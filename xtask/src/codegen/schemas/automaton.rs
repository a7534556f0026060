//! The content of a type as states: one per element of the schema, and one before them all.
//!
//! Schemas are deterministic (XML Schema 1.0 part 1, section 3.8.6), so the name of an element alone leads to the next state.

use crate::xsd::{Particle, TypeRef};

/// A state: an element of the content, what may come after it, and whether the content may end there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State<'a> {
    /// Empty for the first state, which stands before all elements.
    pub(super) name: &'a str,
    pub(super) of: Option<&'a TypeRef>,
    /// How often it stands in a row at most; `u32::MAX` is no limit.
    pub(super) most: u32,
    /// The only value that it may have.
    pub(super) fixed: Option<&'a str>,
    pub(super) next: Vec<usize>,
    pub(super) may_end: bool,
}

impl<'a> State<'a> {
    fn new(name: &'a str, of: Option<&'a TypeRef>, most: u32) -> Self {
        Self { name, of, most, fixed: None, next: Vec::new(), may_end: false }
    }
}

/// What is known of a part of the content: whether it may be empty, and the states it begins and ends with.
#[derive(Default)]
struct Part {
    empty: bool,
    first: Vec<usize>,
    last: Vec<usize>,
}

/// The states of contents that follow each other, as those of a type and the type that it extends.
pub(super) fn states<'a>(contents: &[&'a Particle]) -> Result<Vec<State<'a>>, String> {
    let mut states = vec![State::new("", None, 1)];
    let whole = sequence(contents.iter().copied(), &mut states)?;
    states[0].may_end = whole.empty;
    states[0].next = whole.first;
    for last in whole.last {
        states[last].may_end = true;
    }
    for state in &states {
        let repeated = (state.most > 1).then_some(state.name);
        let names = state.next.iter().map(|next| states[*next].name).chain(repeated);
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        if let Some([name, ..]) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("`{name}` after `{}` is ambiguous", state.name));
        }
    }
    Ok(states)
}

fn part<'a>(particle: &'a Particle, states: &mut Vec<State<'a>>) -> Result<Part, String> {
    let is_optional = match particle.least() {
        0 => true,
        1 => false,
        _ => return Err("more than one of something is demanded".to_owned()),
    };
    let mut found = if let Some(name) = &particle.element {
        let state = State::new(name, particle.of.as_ref(), particle.most());
        states.push(State { fixed: particle.fixed.as_deref(), ..state });
        let own = states.len() - 1;
        Part { empty: false, first: vec![own], last: vec![own] }
    } else if particle.most() != 1 {
        return Err("a group repeats".to_owned());
    } else if let Some(inner) = &particle.sequence {
        sequence(inner, states)?
    } else {
        choice(particle.choice.as_deref().unwrap_or_default(), states)?
    };
    found.empty |= is_optional;
    Ok(found)
}

fn sequence<'a>(
    inner: impl IntoIterator<Item = &'a Particle>,
    states: &mut Vec<State<'a>>,
) -> Result<Part, String> {
    let mut whole = Part { empty: true, ..Part::default() };
    for particle in inner {
        let next = part(particle, states)?;
        for last in &whole.last {
            states[*last].next.extend(&next.first);
        }
        if whole.empty {
            whole.first.extend(&next.first);
        }
        if !next.empty {
            whole.last.clear();
        }
        whole.last.extend(&next.last);
        whole.empty &= next.empty;
    }
    Ok(whole)
}

fn choice<'a>(inner: &'a [Particle], states: &mut Vec<State<'a>>) -> Result<Part, String> {
    let mut whole = Part::default();
    for particle in inner {
        let next = part(particle, states)?;
        whole.empty |= next.empty;
        whole.first.extend(next.first);
        whole.last.extend(next.last);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> Result<Vec<String>, String> {
        let particle: Particle = serde_json::from_str(json).unwrap();
        let states = states(&[&particle])?;
        let name = |next: &usize| states[*next].name;
        let line = |state: &State<'_>| {
            let next: Vec<_> = state.next.iter().map(name).collect();
            let end = if state.may_end { "." } else { "" };
            format!("{}{end}>{}", state.name, next.join(","))
        };
        Ok(states.iter().map(line).collect())
    }

    #[test]
    fn what_may_be_left_out_is_passed_over() {
        let states = shown(
            r#"{"sequence":[{"element":"a"},{"element":"b","min":0,"max":5},
                {"min":0,"choice":[{"element":"c"},{"sequence":[{"element":"d"},{"element":"e"}]}]}]}"#,
        );
        assert_eq!(states.unwrap(), [">a", "a.>b,c,d", "b.>c,d", "c.>", "d>e", "e.>"]);
    }

    #[test]
    fn a_content_that_may_be_empty_ends_where_it_begins() {
        let states = shown(r#"{"min":0,"sequence":[{"element":"a","min":0}]}"#);
        assert_eq!(states.unwrap(), [".>a", "a.>"]);
    }

    #[test]
    fn what_the_tables_cannot_say_is_refused() {
        for (json, says) in [
            (
                r#"{"sequence":[{"element":"a","min":0},{"element":"a"}]}"#,
                "`a` after `` is ambiguous",
            ),
            (r#"{"sequence":[{"element":"a"}],"max":2}"#, "a group repeats"),
            (
                r#"{"sequence":[{"element":"a","min":2,"max":2}]}"#,
                "more than one of something is demanded",
            ),
        ] {
            assert_eq!(shown(json).unwrap_err(), says);
        }
    }
}
