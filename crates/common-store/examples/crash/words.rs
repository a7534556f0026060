//! The lines between child and judge: what a task tries, and what it was answered.

use std::fmt;

use crate::Failure;

/// The journals that all tasks share.
pub(crate) const JOURNALS: u64 = 2;

/// Something that a task does. It has one of these under way at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Appends so many entries to the journal; the first has that number in the task's own count.
    Append {
        journal: u64,
        first: u64,
        count: u64,
    },
    /// Acknowledges these places.
    Acknowledge {
        journal: u64,
        places: Vec<u64>,
    },
    Compact {
        journal: u64,
    },
    /// Puts that number under the task's own key.
    Put {
        number: u64,
    },
    /// Removes the task's own key.
    Remove,
    /// Raises the counter that all tasks share to that number.
    Count {
        number: u64,
    },
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// About to be done.
    Try(Step),
    /// Done, and answered with these numbers: places, or a version.
    Did(Vec<u64>),
    /// Not done, because something else stands there.
    Refused,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Try(step) => write!(f, "try {step}"),
            Self::Did(numbers) => write!(f, "did{}", Spaced(numbers)),
            Self::Refused => f.write_str("refused"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append { journal, first, count } => {
                write!(f, "append {journal} {first} {count}")
            }
            Self::Acknowledge { journal, places } => {
                write!(f, "acknowledge {journal}{}", Spaced(places))
            }
            Self::Compact { journal } => write!(f, "compact {journal}"),
            Self::Put { number } => write!(f, "put {number}"),
            Self::Remove => f.write_str("remove"),
            Self::Count { number } => write!(f, "count {number}"),
        }
    }
}

struct Spaced<'a>(&'a [u64]);

impl fmt::Display for Spaced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|number| write!(f, " {number}"))
    }
}

/// A line with the number of the task in front.
pub(crate) fn read(line: &str) -> Result<(u64, Word), Failure> {
    let mut words = line.split(' ');
    let task = words.next().unwrap_or_default().parse()?;
    let is_try = match words.next() {
        Some("try") => true,
        Some("did") => return Ok((task, Word::Did(numbers(words)?))),
        Some("refused") => return Ok((task, Word::Refused)),
        _ => false,
    };
    let name = words.next().filter(|_| is_try).unwrap_or_default();
    let step = match (name, &numbers(words)?[..]) {
        ("append", &[journal, first, count]) => Step::Append { journal, first, count },
        ("acknowledge", [journal, places @ ..]) => {
            Step::Acknowledge { journal: *journal, places: places.to_vec() }
        }
        ("compact", &[journal]) => Step::Compact { journal },
        ("put", &[number]) => Step::Put { number },
        ("remove", []) => Step::Remove,
        ("count", &[number]) => Step::Count { number },
        _ => return Err(format!("the child said `{line}`").into()),
    };
    Ok((task, Word::Try(step)))
}

fn numbers<'a>(words: impl Iterator<Item = &'a str>) -> Result<Vec<u64>, Failure> {
    Ok(words.map(str::parse).collect::<Result<_, _>>()?)
}

/// Who wrote an entry: a task of a round.
pub(crate) fn writer(round: u64, task: u64) -> u64 {
    round * 100 + task
}

/// The payload of an entry: who wrote it, its number, its batch, and a filling that depends on all.
pub(crate) fn payload(writer: u64, number: u64, first: u64, count: u64) -> Vec<u8> {
    let mut text = format!("{writer} {number} {first} {count} ").into_bytes();
    let length = (writer * 31 + number * 17) % 700;
    text.extend((0..length).map(|index| b'a' + u8::try_from((index + number) % 26).unwrap_or(0)));
    text
}

/// The numbers of a payload: writer, number, first, count; an error when it is none or damaged.
pub(crate) fn parse_payload(bytes: &[u8]) -> Result<[u64; 4], Failure> {
    let text = std::str::from_utf8(bytes)?;
    let parts: Vec<u64> = numbers(text.split(' ').take(4))?;
    let [writer, number, first, count] = parts[..] else { return Err("too short".into()) };
    if payload(writer, number, first, count) == bytes {
        Ok([writer, number, first, count])
    } else {
        Err("the filling is another".into())
    }
}

/// The key of a task; those of all rounds are kept.
pub(crate) fn key(writer: u64) -> String {
    format!("own/{writer}")
}

/// The key of the counter that all tasks of all rounds share.
pub(crate) const COUNTER: &str = "count";
