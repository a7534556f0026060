//! The demands of the forms as data: the tables themselves are generated from
//! `fixtures/ksef/schemas`, this file says how they are read.
//!
//! A type is told by its number. A type of elements is an automaton: state 0 stands before all
//! elements, every other state is an element of the schema, and the name of the next element leads
//! to the next state (XML Schema 1.0 part 1, section 3.8.6: content is deterministic).

mod fa_2;
mod fa_3;
mod fa_rr_1;
mod shared;

/// A form of invoice.
pub(super) struct Form {
    pub(super) namespace: &'static str,
    /// The element that an invoice begins with.
    pub(super) root: &'static str,
    pub(super) root_type: u16,
    pub(super) types: &'static [Type],
    /// The types that an invoice may name itself (`xsi:type`): namespace, name, number.
    pub(super) names: &'static [(&'static str, &'static str, u16)],
}

/// All forms whose demands are known.
pub(super) static FORMS: [&Form; 3] = [&fa_2::FORM, &fa_3::FORM, &fa_rr_1::FORM];

/// What an element holds.
pub(super) struct Type {
    /// The type that this one is derived from.
    pub(super) base: Option<u16>,
    pub(super) attributes: &'static [Attribute],
    pub(super) content: Content,
}

pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) of: u16,
    pub(super) required: bool,
    pub(super) fixed: Option<&'static str>,
}

pub(super) enum Content {
    Value(Value),
    Elements(&'static [State]),
}

/// An element, and what may come after it.
pub(super) struct State {
    pub(super) name: &'static str,
    pub(super) of: u16,
    /// How often it may stand in a row; `u32::MAX` is no limit.
    pub(super) most: u32,
    /// The only value that it may have, and has when it is empty.
    pub(super) fixed: Option<&'static str>,
    pub(super) next: &'static [u16],
    /// Whether nothing has to follow.
    pub(super) may_end: bool,
}

/// What a value has to meet: its kind, and every facet.
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) blanks: Blanks,
    pub(super) facets: &'static [Facet],
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Decimal,
    Integer,
    Date,
    DateTime,
    /// No form asks for a year alone today; the base types can.
    #[expect(dead_code, reason = "the base types know it, no form uses it")]
    Year,
    /// Of the kind of one of these types.
    Union(&'static [u16]),
}

/// What becomes of white space before a value is looked at.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Blanks {
    Kept,
    /// Tabs and line ends become spaces.
    Replaced,
    /// Runs become one space, those at the ends nothing.
    Collapsed,
}

pub(super) enum Facet {
    MinLength(u32),
    MaxLength(u32),
    TotalDigits(u32),
    FractionDigits(u32),
    MinInclusive(&'static str),
    MinExclusive(&'static str),
    MaxInclusive(&'static str),
    #[expect(dead_code, reason = "a facet like the others, which no form uses")]
    MaxExclusive(&'static str),
    Pattern(&'static Pattern),
    /// Sorted.
    Values(&'static [&'static str]),
}

/// A pattern as a table of states over classes of characters; state 0 is failure, 1 the start.
pub(super) struct Pattern {
    /// The pattern as the schema writes it.
    pub(super) text: &'static str,
    /// The class of each character of ASCII, of digits beyond it, and of all other characters.
    pub(super) classes: &'static [u8; 130],
    /// The number of classes: the length of a row of `next`.
    pub(super) width: usize,
    pub(super) next: &'static [u8],
    pub(super) accepts: &'static [bool],
}

impl State {
    const fn fixed(self, value: &'static str) -> Self {
        Self { fixed: Some(value), ..self }
    }
}

const fn elements(
    base: Option<u16>,
    attributes: &'static [Attribute],
    states: &'static [State],
) -> Type {
    Type { base, attributes, content: Content::Elements(states) }
}

const fn value(base: Option<u16>, attributes: &'static [Attribute], value: Value) -> Type {
    Type { base, attributes, content: Content::Value(value) }
}

const fn attribute(
    name: &'static str,
    of: u16,
    required: bool,
    fixed: Option<&'static str>,
) -> Attribute {
    Attribute { name, of, required, fixed }
}

const fn inner(name: &'static str, of: u16, most: u32, next: &'static [u16]) -> State {
    State { name, of, most, fixed: None, next, may_end: false }
}

const fn last(name: &'static str, of: u16, most: u32, next: &'static [u16]) -> State {
    State { name, of, most, fixed: None, next, may_end: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(form: &Form) -> impl Iterator<Item = &'static [State]> {
        form.types.iter().filter_map(|one| match one.content {
            Content::Elements(states) => Some(states),
            Content::Value(_) => None,
        })
    }

    /// What the walk over an invoice relies on.
    #[test]
    fn states_lead_forward_and_by_one_name_each() {
        for states in FORMS.iter().flat_map(|form| states(form)) {
            for (number, state) in states.iter().enumerate() {
                assert!(
                    state.next.iter().all(|next| usize::from(*next) > number),
                    "{}",
                    state.name
                );
                let mut names: Vec<_> =
                    state.next.iter().map(|next| states[usize::from(*next)].name).collect();
                names.sort_unstable();
                assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{}", state.name);
                assert!(state.may_end || !state.next.is_empty(), "{} is a dead end", state.name);
            }
        }
    }

    #[test]
    fn forms_have_their_published_limits() {
        let most = |form: &Form, name: &str| {
            states(form).flatten().find(|state| state.name == name).map(|state| state.most)
        };
        let [fa_2, fa_3, fa_rr] = FORMS;
        assert_eq!(most(fa_2, "FaWiersz"), Some(10_000));
        assert_eq!(most(fa_3, "DaneFaKorygowanej"), Some(50_000));
        assert_eq!(most(fa_rr, "Podmiot3"), Some(100));
    }
}
