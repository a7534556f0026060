//! Text within elements: what is collected for values, and what may not stand among elements.

use crate::check::{
    FindingKind,
    markup::{self, is_blank},
    rules::Fact,
    table::Value,
    text, value,
    walk::{Inside, Open, Walk, Walked, broken, path},
};

/// The text of a value so far; most values are one piece.
pub(super) enum Collected<'t> {
    Nothing,
    Piece(&'t str),
    Joined(String),
}

impl<'t> Walk<'t, '_, '_> {
    /// The end of a value.
    pub(super) fn value(&mut self, start: usize, of: &'static Value, fixed: Option<&'static str>) {
        let Some(form) = self.facts.form else { return };
        let text = match (&self.collected, fixed) {
            // What is empty has the fixed value.
            (Collected::Nothing, Some(fixed)) => fixed,
            (Collected::Nothing, None) => "",
            (Collected::Piece(piece), _) => piece,
            (Collected::Joined(text), _) => text,
        };
        let offset = self.before + start;
        match value::read(of, form.types, text) {
            Err(says) => self.findings.add(FindingKind::Value, &path(&self.open), offset, says),
            Ok(read) if fixed.is_some_and(|fixed| fixed != read) => {
                let says = format!("the value is not `{}`", fixed.unwrap_or_default());
                self.findings.add(FindingKind::Value, &path(&self.open), offset, says);
            }
            Ok(read) if (3..=4).contains(&self.open.len()) => {
                let mut names = [""; 4];
                for (name, open) in names.iter_mut().zip(&self.open) {
                    *name = open.local;
                }
                let fact = || Fact { value: read.into_owned(), path: path(&self.open), offset };
                self.facts.take(&names[..self.open.len()], fact);
            }
            Ok(_) => {}
        }
    }

    /// White space, which means nothing but in values.
    pub(super) fn blanks(&mut self, piece: &'t str) {
        if matches!(self.open.last(), Some(Open { inside: Inside::Value { .. }, .. })) {
            self.collect(piece);
        }
    }

    pub(super) fn characters(&mut self, start: usize, piece: &'t str) -> Walked {
        let Some(open) = self.open.last() else {
            return broken(start + blanks(piece), "there is text outside the root element");
        };
        match open.inside {
            Inside::Unknown => {}
            Inside::Value { .. } => self.collect(piece),
            Inside::Elements { .. } => self.stray(start + blanks(piece)),
        }
        Ok(())
    }

    pub(super) fn reference(&mut self, start: usize, name: &str) -> Walked {
        let character = markup::reference(name);
        let character = character.or_else(|why| broken(start, why))?;
        text::report(character, self.before + start, self.findings);
        let Some(open) = self.open.last() else {
            return broken(start, "there is text outside the root element");
        };
        match open.inside {
            Inside::Unknown => {}
            Inside::Value { .. } => self.collected.push(character.encode_utf8(&mut [0; 4])),
            Inside::Elements { .. } if is_blank(character) => {}
            Inside::Elements { .. } => self.stray(start),
        }
        Ok(())
    }

    pub(super) fn section(&mut self, start: usize, inner: &'t str) -> Walked {
        let Some(open) = self.open.last() else {
            return broken(start, "there is text outside the root element");
        };
        match open.inside {
            Inside::Unknown => {}
            Inside::Value { .. } => self.collect(inner),
            Inside::Elements { .. } => self.stray(start),
        }
        Ok(())
    }

    fn collect(&mut self, piece: &'t str) {
        match self.collected {
            _ if piece.is_empty() => {}
            _ if piece.as_bytes().contains(&b'\r') => {
                // Every line end is one line feed (XML 1.0, section 2.11).
                self.collected.push(&piece.replace("\r\n", "\n").replace('\r', "\n"));
            }
            Collected::Nothing => self.collected = Collected::Piece(piece),
            _ => self.collected.push(piece),
        }
    }

    /// Text among elements, once for each element.
    fn stray(&mut self, offset: usize) {
        let path = self.path();
        let says = "there is text where only elements may stand";
        self.findings.add(FindingKind::Unexpected, &path, self.before + offset, says);
    }
}

impl Collected<'_> {
    fn push(&mut self, piece: &str) {
        match self {
            Self::Nothing => *self = Self::Joined(piece.to_owned()),
            Self::Piece(first) => *self = Self::Joined([first, piece].concat()),
            Self::Joined(text) => text.push_str(piece),
        }
    }
}

/// The length of the white space at the start of a text.
fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches(is_blank).len()
}
