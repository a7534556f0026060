//! Which element may come next, and what is missing when another one comes.

use crate::check::table::State;

/// Where a content stands: its state, and how often the element of that state has come in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) state: usize,
    pub(super) count: u32,
}

/// What has to come before the content may go on; in each step one of the names.
pub(super) type Missing = Vec<Vec<&'static str>>;

/// The place after an element of that name, if it may come next.
pub(super) fn after(states: &'static [State], place: Place, name: &str) -> Option<Place> {
    let state = &states[place.state];
    if place.count > 0 && is_same(state.name, name) {
        let count = place.count + 1;
        return (count <= state.most).then_some(Place { state: place.state, count });
    }
    let mut next = state.next.iter().map(|next| usize::from(*next));
    next.find(|next| is_same(states[*next].name, name)).map(|state| Place { state, count: 1 })
}

/// Whether names are the same. Many of a length stand in a list, as `P_13_1` and `P_13_2`, and
/// their ends tell them apart without a call.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one.as_bytes().last() == other.as_bytes().last()
        && one.as_bytes() == other.as_bytes()
}

/// The nearest state of that name that lies further on, and what is missing before it.
pub(super) fn further(
    states: &'static [State],
    place: Place,
    name: &str,
) -> Option<(Place, Missing)> {
    let named = (place.state + 1..states.len()).filter(|state| states[*state].name == name);
    let reached = named.filter_map(|target| {
        let steps = steps(states, |state| states[state].next.contains(&index(target)));
        steps[place.state].is_some().then_some((target, steps))
    });
    let (target, steps) = reached.min_by_key(|(_, steps)| steps[place.state])?;
    let missing = missing(states, place.state, &steps);
    Some((Place { state: target, count: 1 }, missing))
}

/// What is missing before the content may end.
pub(super) fn before_end(states: &'static [State], place: Place) -> Missing {
    missing(states, place.state, &steps(states, |state| states[state].may_end))
}

/// How many elements are missing at least between each state and the aim, which `is_there` says is
/// reached from it at once. States lead forward only, so one pass from the back tells all.
fn steps(states: &[State], is_there: impl Fn(usize) -> bool) -> Vec<Option<u32>> {
    let mut steps: Vec<Option<u32>> = vec![None; states.len()];
    for state in (0..states.len()).rev() {
        let next = states[state].next.iter().filter_map(|next| steps[usize::from(*next)]);
        steps[state] = if is_there(state) { Some(0) } else { next.min().map(|steps| steps + 1) };
    }
    steps
}

fn missing(states: &'static [State], from: usize, steps: &[Option<u32>]) -> Missing {
    let mut missing = Vec::new();
    let mut state = from;
    while let Some(left) = steps[state].and_then(|left| left.checked_sub(1)) {
        let next = states[state].next.iter().map(|next| usize::from(*next));
        let nearest: Vec<_> = next.filter(|next| steps[*next] == Some(left)).collect();
        missing.push(nearest.iter().map(|next| states[*next].name).collect());
        state = nearest.first().copied().unwrap_or(state);
    }
    missing
}

/// The number of a state as tables write it; they have far fewer than fit.
fn index(state: usize) -> u16 {
    u16::try_from(state).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn state(name: &'static str, most: u32, next: &'static [u16], may_end: bool) -> State {
        State { name, of: 0, most, fixed: None, next, may_end }
    }

    /// a, b?, (c | (d, e)), f{0,2}
    static STATES: [State; 7] = [
        state("", 1, &[1], false),
        state("a", 1, &[2, 3, 4], false),
        state("b", 1, &[3, 4], false),
        state("c", 1, &[6], true),
        state("d", 1, &[5], false),
        state("e", 1, &[6], true),
        state("f", 2, &[], true),
    ];

    fn walk(names: &[&str]) -> Option<Place> {
        names.iter().try_fold(Place::default(), |place, name| after(&STATES, place, name))
    }

    #[test]
    fn elements_come_in_their_order_and_number() {
        assert_eq!(walk(&["a", "c", "f", "f"]), Some(Place { state: 6, count: 2 }));
        assert!(walk(&["a", "b", "d", "e"]).is_some());
        for names in [&["b"][..], &["a", "a"], &["a", "c", "f", "f", "f"], &["a", "d", "f"]] {
            assert_eq!(walk(names), None, "{names:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named_with_its_alternatives() {
        let start = Place::default();
        assert_eq!(further(&STATES, start, "b").unwrap().1, [["a"]]);
        assert_eq!(further(&STATES, start, "f").unwrap().1, [["a"], ["c"]]);
        let after_a = walk(&["a"]).unwrap();
        assert_eq!(before_end(&STATES, after_a), [["c"]]);
        assert_eq!(before_end(&STATES, walk(&["a", "d"]).unwrap()), [["e"]]);
        assert_eq!(before_end(&STATES, walk(&["a", "c"]).unwrap()), Missing::new());
        assert_eq!(further(&STATES, after_a, "a"), None);
        assert_eq!(further(&STATES, after_a, "x"), None);
    }
}
