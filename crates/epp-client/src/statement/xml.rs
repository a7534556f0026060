//! The XML statement as a stream: one item at a time, in memory that does not grow with the file.

use std::{borrow::Cow, fmt, io, io::BufRead};

use quick_xml::{
    Error as XmlError, Reader,
    events::{BytesRef, Event},
};

use super::{
    Header, Item, Notes, Reading, Statement, StatementError, StatementErrorKind, Summary,
    error::LimitReached,
    fields::{FieldReader, Record, store},
    mended::{Mended, Source},
};

const ROOT: &str = "Dokument";

/// An XML statement that is read item by item.
///
/// It is an iterator over the items; the first error ends it.
/// In memory are one item and the text of one element; a single element of any length is not refused, so read files of
/// strangers through an [`Archive`](super::Archive) with its limits.
/// Header and sums stand in front of the items, so they are known right after [`new`](Self::new); should a file have them
/// behind, they are known when the iterator has ended.
///
/// ```
/// use epp_client::statement::{Audit, Reading, XmlStatement};
///
/// let xml = "<Dokument><Zbirni><RacunIzvoda>840000000010284941</RacunIzvoda></Zbirni>
///   <Stavka><IzvorInformacije>2</IzvorInformacije><Iznos>5.00</Iznos></Stavka></Dokument>";
/// let mut statement = XmlStatement::new(xml.as_bytes(), Reading::Strict)?;
/// let mut audit = Audit::new(statement.summary().map(|summary| summary.account.as_str()));
/// for item in statement.by_ref() {
///     audit.add(&item?);
/// }
/// let findings = audit.finish(statement.header(), statement.summary());
/// assert!(!findings.is_empty());
/// # Ok::<(), epp_client::statement::StatementError>(())
/// ```
pub struct XmlStatement<R> {
    reader: Reader<Source<R>>,
    /// The bytes of one event.
    buffer: Vec<u8>,
    /// The text of one element.
    text: String,
    fields: FieldReader,
    header: Option<Header>,
    summary: Option<Summary>,
    /// An item that was met while looking for the sums.
    first: Option<Item>,
    count: u64,
    is_over: bool,
}

/// What stands below the root.
enum Section {
    Header,
    Summary,
    Item,
    Unknown,
    End,
}

impl<R: BufRead> XmlStatement<R> {
    /// Begins to read: up to the first item.
    pub fn new(xml: R, reading: Reading) -> Result<Self, StatementError> {
        let source = match reading {
            Reading::Strict => Source::Plain(xml),
            Reading::Lenient => Source::Mended(Mended::new(xml)),
        };
        let mut statement = Self {
            reader: Reader::from_reader(source),
            buffer: Vec::new(),
            text: String::new(),
            fields: FieldReader::new(reading),
            header: None,
            summary: None,
            first: None,
            count: 0,
            is_over: false,
        };
        statement.reader.config_mut().expand_empty_elements = true;
        statement.open_root()?;
        statement.first = statement.advance()?;
        Ok(statement)
    }

    /// Who made the statement, when it has been read.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// The sums, when they have been read.
    pub fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }

    /// What had to be mended so far.
    pub fn notes(&self) -> Notes {
        self.fields.notes
    }

    /// How many bytes the reader holds of its own.
    #[cfg(test)]
    pub(super) fn buffers(&self) -> usize {
        self.buffer.capacity() + self.text.capacity()
    }

    /// The whole statement, with the items that were collected from it.
    pub(super) fn into_statement(self, items: Vec<Item>) -> Statement {
        Statement { header: self.header, summary: self.summary, items, notes: self.fields.notes }
    }

    /// Reads on to the next item; `None` at the end of the file.
    fn advance(&mut self) -> Result<Option<Item>, StatementError> {
        loop {
            match self.section()? {
                Section::Item => {
                    let index = self.count;
                    self.count += 1;
                    return self.record(|| format!("Stavka[{index}]")).map(Some);
                }
                Section::Header => {
                    let header = self.record(|| "Zaglavlje".to_owned())?;
                    once(&mut self.header, header, "Zaglavlje")?;
                }
                Section::Summary => {
                    let summary = self.record(|| "Zbirni".to_owned())?;
                    once(&mut self.summary, summary, "Zbirni")?;
                }
                Section::Unknown => self.skip()?,
                Section::End => {
                    self.close()?;
                    return Ok(None);
                }
            }
        }
    }

    fn open_root(&mut self) -> Result<(), StatementError> {
        loop {
            let is_lenient = self.fields.is_lenient();
            match next(&mut self.reader, &mut self.buffer)? {
                Event::Start(start) if is_lenient || start.local_name().as_ref() == ROOT => {
                    return Ok(());
                }
                Event::Start(_) => return Err(StatementError::shape("", "has another root")),
                Event::Eof => return Err(truncated()),
                Event::DocType(_) => return Err(StatementError::shape("", "has a document type")),
                _ => {}
            }
        }
    }

    /// The next section below the root.
    fn section(&mut self) -> Result<Section, StatementError> {
        loop {
            let stray = match next(&mut self.reader, &mut self.buffer)? {
                Event::Start(start) => {
                    return Ok(match start.local_name().as_ref() {
                        "Stavka" => Section::Item,
                        "Zbirni" => Section::Summary,
                        "Zaglavlje" => Section::Header,
                        _ => Section::Unknown,
                    });
                }
                Event::End(_) => return Ok(Section::End),
                Event::Eof => return Err(truncated()),
                event => !text_of(&event)?.trim().is_empty(),
            };
            self.bear(stray, "has text between its sections")?;
        }
    }

    /// The fields of a section, up to its end; `place` names it in an error.
    fn record<T: Record>(&mut self, place: impl Fn() -> String) -> Result<T, StatementError> {
        let mut record = T::default();
        let mut is_inside = false;
        loop {
            let stray = match next(&mut self.reader, &mut self.buffer)? {
                Event::Start(start) if is_inside => {
                    let name = start.local_name();
                    let error = StatementError::shape("", "stands inside another element");
                    return Err(error.at(&place(), name.as_ref()));
                }
                Event::Start(_) => {
                    self.text.clear();
                    is_inside = true;
                    false
                }
                Event::End(end) if is_inside => {
                    let name = end.local_name();
                    store(&mut record, name.as_ref(), &self.text, &mut self.fields)
                        .map_err(|error| error.at(&place(), name.as_ref()))?;
                    is_inside = false;
                    false
                }
                Event::End(_) => return Ok(record),
                Event::Eof => return Err(truncated()),
                event => {
                    let text = text_of(&event).map_err(|error| error.at(&place(), ""))?;
                    if is_inside {
                        self.text.push_str(&text);
                    }
                    !is_inside && !text.trim().is_empty()
                }
            };
            self.bear(stray, "has text between its elements")?;
        }
    }

    /// Passes over a section that nobody knows.
    fn skip(&mut self) -> Result<(), StatementError> {
        if !self.fields.is_lenient() {
            return Err(StatementError::shape("", "has a section that is not known"));
        }
        self.fields.notes.skipped += 1;
        let mut depth = 0_u32;
        loop {
            match next(&mut self.reader, &mut self.buffer)? {
                Event::Start(_) => depth += 1,
                Event::End(_) if depth == 0 => return Ok(()),
                Event::End(_) => depth -= 1,
                Event::Eof => return Err(truncated()),
                _ => {}
            }
        }
    }

    /// Reads what may follow the root: nothing of importance.
    fn close(&mut self) -> Result<(), StatementError> {
        self.is_over = true;
        loop {
            let stray = match next(&mut self.reader, &mut self.buffer)? {
                Event::Eof => return Ok(()),
                Event::Start(_) | Event::End(_) => true,
                event => !text_of(&event)?.trim().is_empty(),
            };
            self.bear(stray, "goes on after its end")?;
        }
    }

    /// Counts something stray, or refuses it.
    fn bear(&mut self, stray: bool, reason: &'static str) -> Result<(), StatementError> {
        if stray && !self.fields.is_lenient() {
            return Err(StatementError::shape("", reason));
        }
        self.fields.notes.skipped += u64::from(stray);
        Ok(())
    }
}

impl<R: BufRead> Iterator for XmlStatement<R> {
    type Item = Result<Item, StatementError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        if self.is_over {
            return None;
        }
        let next = self.advance();
        self.is_over |= next.is_err();
        next.transpose()
    }
}

impl<R> fmt::Debug for XmlStatement<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XmlStatement")
            .field("items_read", &self.count)
            .field("notes", &self.fields.notes)
            .finish_non_exhaustive()
    }
}

/// Takes a section that may stand once.
fn once<T>(place: &mut Option<T>, section: T, name: &'static str) -> Result<(), StatementError> {
    if place.replace(section).is_some() {
        return Err(StatementError::shape(name, "stands twice"));
    }
    Ok(())
}

/// The next event, in a buffer that is used again and again.
fn next<'b, R: BufRead>(
    reader: &mut Reader<R>,
    buffer: &'b mut Vec<u8>,
) -> Result<Event<'b>, StatementError> {
    buffer.clear();
    match reader.read_event_into(buffer) {
        Ok(event) => Ok(event),
        Err(XmlError::Io(error)) => Err(StatementError::io("", unshared(&error))),
        Err(error) => Err(not_well_formed().caused_by(error)),
    }
}

/// The input error that the XML reader shares; what it carries is kept when it is ours to know.
fn unshared(error: &io::Error) -> io::Error {
    match error.get_ref() {
        Some(inner) if inner.is::<LimitReached>() => io::Error::new(error.kind(), LimitReached),
        _ => io::Error::new(error.kind(), error.to_string()),
    }
}

/// What an event adds to a text; nothing for comments and instructions.
fn text_of<'e>(event: &'e Event<'_>) -> Result<Cow<'e, str>, StatementError> {
    match event {
        Event::Text(text) => Ok(lines(text)),
        Event::CData(text) => Ok(lines(text)),
        Event::GeneralRef(reference) => referred(reference).map(|c| Cow::Owned(c.into())),
        Event::DocType(_) => Err(StatementError::shape("", "has a document type")),
        _ => Ok(Cow::Borrowed("")),
    }
}

/// The text with line ends as XML prescribes them.
fn lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The character that a reference stands for; statements have no entities of their own.
fn referred(reference: &BytesRef<'_>) -> Result<char, StatementError> {
    let named = match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    };
    named.ok_or_else(not_well_formed)
}

fn not_well_formed() -> StatementError {
    StatementError::new(StatementErrorKind::Syntax, "", "is no well-formed XML")
}

fn truncated() -> StatementError {
    StatementError::new(StatementErrorKind::Syntax, "", "ends before its last element")
}
