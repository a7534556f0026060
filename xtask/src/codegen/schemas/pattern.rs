//! Patterns of XML Schema (part 2, appendix F) as tables of states, so that the client needs no engine for them.
//!
//! A pattern fits the whole value. Beyond ASCII only digits of any script are told from other characters, which is all that the forms ask for.

use std::collections::{BTreeMap, BTreeSet};

/// All characters as symbols: those of ASCII, then digits beyond ASCII, then everything else.
pub(super) const SYMBOLS: usize = 130;
const FOREIGN_DIGIT: usize = 128;

/// More states than this do not fit the table.
const MOST_STATES: usize = 256;

/// The states of a pattern: 0 is failure, 1 the start.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    /// The class of each symbol.
    pub(super) classes: Vec<usize>,
    /// The number of classes, which is the length of a row of `next`.
    pub(super) width: usize,
    /// A row per state.
    pub(super) next: Vec<usize>,
    pub(super) accepts: Vec<bool>,
}

type Symbols = BTreeSet<usize>;

#[derive(Debug, Clone)]
enum Node {
    One(Symbols),
    All(Vec<Node>),
    Any(Vec<Node>),
    Repeated(Box<Node>),
}

/// The table of patterns of which one has to fit.
pub(super) fn table(patterns: &[String]) -> Result<Table, String> {
    let nodes = patterns.iter().map(|pattern| {
        let mut reader = Reader { text: pattern.chars().collect(), at: 0 };
        let node = reader.alternatives()?;
        match reader.peek() {
            None => Ok(node),
            Some(left) => Err(format!("`{left}` is left over in `{pattern}`")),
        }
    });
    let node = Node::Any(nodes.collect::<Result<_, String>>()?);
    let mut positions = Positions::default();
    let whole = positions.part(&node);
    positions.table(&whole)
}

struct Reader {
    text: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self) -> Option<char> {
        let taken = self.peek();
        self.at += usize::from(taken.is_some());
        taken
    }

    fn takes(&mut self, expected: char) -> bool {
        let is_there = self.peek() == Some(expected);
        self.at += usize::from(is_there);
        is_there
    }

    fn alternatives(&mut self) -> Result<Node, String> {
        let mut all = vec![self.branch()?];
        while self.takes('|') {
            all.push(self.branch()?);
        }
        Ok(Node::Any(all))
    }

    fn branch(&mut self) -> Result<Node, String> {
        let mut pieces = Vec::new();
        while let Some(next) = self.peek() {
            if next == '|' || next == ')' {
                break;
            }
            let atom = self.atom()?;
            pieces.push(self.repeated(atom)?);
        }
        Ok(Node::All(pieces))
    }

    fn atom(&mut self) -> Result<Node, String> {
        let symbols = match self.take() {
            Some('(') => {
                let inner = self.alternatives()?;
                return if self.takes(')') { Ok(inner) } else { Err("`)` is missing".to_owned()) };
            }
            Some('[') => self.class()?,
            Some('.') => without(&[symbol('\n')?, symbol('\r')?]),
            Some('\\') => self.escaped()?,
            Some(other) if !"*+?{}]".contains(other) => [symbol(other)?].into(),
            other => return Err(format!("{other:?} is not expected")),
        };
        Ok(Node::One(symbols))
    }

    fn escaped(&mut self) -> Result<Symbols, String> {
        match self.take() {
            Some('d') => {
                let ascii = ('0'..='9').map(|digit| digit as usize);
                Ok(ascii.chain([FOREIGN_DIGIT]).collect())
            }
            Some('s') => Ok("\t\n\r ".chars().map(|blank| blank as usize).collect()),
            Some(other) if other.is_ascii_punctuation() => Ok([symbol(other)?].into()),
            other => Err(format!("the escape {other:?} is not known")),
        }
    }

    fn class(&mut self) -> Result<Symbols, String> {
        let is_negated = self.takes('^');
        let mut found = Symbols::new();
        loop {
            let from = match self.take().ok_or("`]` is missing")? {
                ']' => break,
                '[' => return Err("subtraction from a class is not known".to_owned()),
                '\\' => {
                    found.extend(self.escaped()?);
                    continue;
                }
                other => symbol(other)?,
            };
            let ends = self.text.get(self.at + 1).copied().filter(|end| *end != ']');
            match ends.filter(|_| self.peek() == Some('-')) {
                Some(end) => {
                    self.at += 2;
                    found.extend(from..=symbol(end)?);
                }
                None => {
                    found.insert(from);
                }
            }
        }
        let listed: Vec<_> = found.iter().copied().collect();
        Ok(if is_negated { without(&listed) } else { found })
    }

    fn repeated(&mut self, node: Node) -> Result<Node, String> {
        let (least, most) = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => return self.counted(&node),
            _ => return Ok(node),
        };
        self.at += 1;
        Ok(times(&node, least, most))
    }

    fn counted(&mut self, node: &Node) -> Result<Node, String> {
        let end = self.text[self.at..].iter().position(|c| *c == '}').ok_or("`}` is missing")?;
        let inner: String = self.text[self.at + 1..self.at + end].iter().collect();
        self.at += end + 1;
        let number =
            |text: &str| text.parse::<usize>().map_err(|cause| format!("{{{inner}}}: {cause}"));
        match inner.split_once(',') {
            None => Ok(times(node, number(&inner)?, Some(number(&inner)?))),
            Some((least, "")) => Ok(times(node, number(least)?, None)),
            Some((least, most)) => Ok(times(node, number(least)?, Some(number(most)?))),
        }
    }
}

fn symbol(character: char) -> Result<usize, String> {
    if character.is_ascii() {
        return Ok(character as usize);
    }
    Err(format!("`{character}` is beyond ASCII, which the tables do not tell apart"))
}

fn without(symbols: &[usize]) -> Symbols {
    (0..SYMBOLS).filter(|symbol| !symbols.contains(symbol)).collect()
}

fn times(node: &Node, least: usize, most: Option<usize>) -> Node {
    let mut all = vec![node.clone(); least];
    match most {
        None => all.push(Node::Repeated(Box::new(node.clone()))),
        Some(most) => {
            let optional = Node::Any(vec![node.clone(), Node::All(Vec::new())]);
            all.extend(vec![optional; most - least]);
        }
    }
    Node::All(all)
}

/// What is known of a part of a pattern: whether it fits nothing, and the positions it begins and ends with.
#[derive(Default)]
struct Part {
    empty: bool,
    first: BTreeSet<usize>,
    last: BTreeSet<usize>,
}

/// The characters of a pattern with those that may follow each.
#[derive(Default)]
struct Positions {
    symbols: Vec<Symbols>,
    next: Vec<BTreeSet<usize>>,
}

impl Positions {
    fn part(&mut self, node: &Node) -> Part {
        match node {
            Node::One(symbols) => {
                self.symbols.push(symbols.clone());
                self.next.push(BTreeSet::new());
                let own = BTreeSet::from([self.symbols.len() - 1]);
                Part { empty: false, first: own.clone(), last: own }
            }
            Node::All(nodes) => {
                let mut whole = Part { empty: true, ..Part::default() };
                for node in nodes {
                    let next = self.part(node);
                    self.link(&whole.last, &next.first);
                    if whole.empty {
                        whole.first.extend(&next.first);
                    }
                    if !next.empty {
                        whole.last.clear();
                    }
                    whole.last.extend(&next.last);
                    whole.empty &= next.empty;
                }
                whole
            }
            Node::Any(nodes) => {
                let mut whole = Part::default();
                for node in nodes {
                    let next = self.part(node);
                    whole.empty |= next.empty;
                    whole.first.extend(next.first);
                    whole.last.extend(next.last);
                }
                whole
            }
            Node::Repeated(node) => {
                let inner = self.part(node);
                self.link(&inner.last, &inner.first);
                Part { empty: true, ..inner }
            }
        }
    }

    fn link(&mut self, from: &BTreeSet<usize>, to: &BTreeSet<usize>) {
        for from in from {
            self.next[*from].extend(to);
        }
    }

    fn table(&self, whole: &Part) -> Result<Table, String> {
        let (classes, width) = self.classes();
        let mut states: BTreeMap<Option<BTreeSet<usize>>, usize> = BTreeMap::new();
        // A state is the set of positions just passed; `None` is the start, before any of them.
        let mut order = vec![Some(BTreeSet::new()), None];
        states.extend(order.iter().cloned().zip(0..));
        let (mut next, mut accepts) = (Vec::new(), Vec::new());
        while let Some(state) = order.get(accepts.len()).cloned() {
            let reached: BTreeSet<usize> = match &state {
                None => whole.first.clone(),
                Some(passed) => passed.iter().flat_map(|one| &self.next[*one]).copied().collect(),
            };
            accepts.push(match &state {
                None => whole.empty,
                Some(passed) => !passed.is_disjoint(&whole.last),
            });
            for class in 0..width {
                let sample = classes.iter().position(|one| *one == class).unwrap_or_default();
                let fits = |one: &&usize| self.symbols[**one].contains(&sample);
                let target = Some(reached.iter().filter(fits).copied().collect::<BTreeSet<_>>());
                let number = *states.entry(target.clone()).or_insert_with(|| {
                    order.push(target);
                    order.len() - 1
                });
                next.push(number);
            }
        }
        if accepts.len() > MOST_STATES {
            return Err(format!("{} states are too many", accepts.len()));
        }
        Ok(Table { classes, width, next, accepts })
    }

    /// Symbols that no position tells apart share a class.
    fn classes(&self) -> (Vec<usize>, usize) {
        let mut known: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
        let mut classes = Vec::new();
        for symbol in 0..SYMBOLS {
            let fits: Vec<bool> = self.symbols.iter().map(|set| set.contains(&symbol)).collect();
            let number = known.len();
            classes.push(*known.entry(fits).or_insert(number));
        }
        (classes, known.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, value: &str) -> bool {
        let table = table(&[pattern.to_owned()]).unwrap();
        let symbol = |c: char| match c {
            _ if c.is_ascii() => c as usize,
            '٣' => FOREIGN_DIGIT,
            _ => FOREIGN_DIGIT + 1,
        };
        let step = |state: usize, c| table.next[state * table.width + table.classes[symbol(c)]];
        table.accepts[value.chars().fold(1, step)]
    }

    #[test]
    fn a_pattern_fits_the_whole_value() {
        for (pattern, good, bad) in [
            (
                r"-?([1-9]\d{0,3}|0)(\.\d{1,2})?",
                vec!["0", "-12.3", "1234.56"],
                vec!["", "01", "12345", "1.234", "1.", "-"],
            ),
            ("(ab|c)+x*", vec!["ab", "cabxx"], vec!["", "abx ", "a", "xab"]),
            (r"[^\s?#]{2,}", vec!["ab", "żółw"], vec!["a", "a b", "a#"]),
            (r"[a-zA-Z0-9-]*\d", vec!["a-1", "٣"], vec!["a_1", ""]),
            (r"(\d|[A-Z]|\+|\*){1,3}", vec!["A+", "9*Z"], vec!["", "AAAA", "a"]),
            ("(.)+@(.)+", vec!["a@b", "@@@"], vec!["@b", "a@", "a\n@b"]),
            ("", vec![""], vec!["a"]),
        ] {
            assert!(good.iter().all(|value| fits(pattern, value)), "{pattern}");
            assert!(!bad.iter().any(|value| fits(pattern, value)), "{pattern}");
        }
    }

    #[test]
    fn one_of_several_patterns_is_enough() {
        let table = table(&["a".to_owned(), "b".to_owned()]).unwrap();
        assert_eq!((table.width, table.accepts), (3, vec![false, false, true, true]));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for pattern in [r"\w", r"\p{L}", "[a-z-[aeiou]]", "ż", "(a", "a)", "a{2", "*"] {
            assert!(table(&[pattern.to_owned()]).is_err(), "{pattern}");
        }
    }
}
