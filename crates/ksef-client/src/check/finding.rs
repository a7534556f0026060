//! What a check finds.

use std::fmt;

use chrono::NaiveDate;

use crate::{
    check::{DuplicateKey, Profile, rules::Facts, table::Form},
    v2::FormCode,
};

/// More findings than this help nobody; the report then says that it is not complete.
const MOST: usize = 1000;

/// Something that the service would refuse.
///
/// `Display` is one line with path, place, what is wrong and what to do. No finding repeats a value
/// of the invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    kind: FindingKind,
    path: String,
    offset: usize,
    line: usize,
    column: usize,
    what: String,
}

/// What is wrong, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// More bytes than an invoice may have. Split it, or send what is attached in another way.
    Size,
    /// There is an attachment where none is taken: in an interactive session, or before the seller
    /// has announced attachments. Send it in a batch, or leave it out.
    Attachment,
    /// The bytes begin with a byte order mark. Write the file without it.
    ByteOrderMark,
    /// The bytes are no UTF-8, or the first line names another encoding. Write UTF-8.
    Encoding,
    /// The text is no XML 1.0, or its namespaces are wrong. Write it with a library for XML; what
    /// comes behind such a finding is not looked at.
    NotWellFormed,
    /// There is a document type declaration. Leave it out.
    DocumentType,
    /// There is a processing instruction, as for a style sheet. Leave it out.
    ProcessingInstruction,
    /// There is a character that the W3C discourages: U+007F to U+0084, U+0086 to U+009F, U+FDD0 to
    /// U+FDEF, or one of the last two of a plane. Take it out of the text.
    DiscouragedCharacter,
    /// The invoice has another form than the session, one that the environment or a batch does not
    /// take, or none that is known.
    Form,
    /// An element or text stands where the schema has none. Take it away or move it.
    Unexpected,
    /// An element that the schema demands is missing. Add it.
    MissingElement,
    /// An attribute is missing, or is one that the schema does not have, or has a wrong value.
    Attribute,
    /// A value is none of its type. Write another one.
    Value,
    /// A tax number (NIP) has a wrong check digit.
    CheckDigit,
    /// The day of issue is later than the day of acceptance.
    IssueDate,
    /// An invoice with this seller, kind and number was sent before.
    Duplicate,
}

/// All findings of a check.
#[derive(Clone, Debug)]
pub struct Report {
    findings: Vec<Finding>,
    is_complete: bool,
    form: Option<FormCode>,
    key: Option<DuplicateKey>,
    seller: Option<String>,
    issued_on: Option<NaiveDate>,
}

/// Findings while they are collected.
pub(super) struct Findings<'p> {
    all: Vec<Finding>,
    ignored: &'p [FindingKind],
    is_complete: bool,
}

impl Finding {
    /// What is wrong, roughly.
    pub fn kind(&self) -> FindingKind {
        self.kind
    }

    /// The element as an `XPath` of local names, as `/Faktura/Fa/FaWiersz[2]/P_8B`; an attribute as
    /// `/Faktura/Naglowek/KodFormularza/@kodSystemowy`; `/` for the document as a whole.
    ///
    /// Elements that may stand several times have their number. A missing element is named where
    /// only one would do, otherwise its parent is. Below 1,000 bytes of names, which no form has, the
    /// path ends with `/…`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line, from 1: of the start tag of the element, or of the very place where there is no
    /// element.
    ///
    /// What is missing is missed at the element that stands in its place, or at the start of its
    /// parent where nothing comes after.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, from 1, in characters.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The same place in bytes from the start of the invoice.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong, in a sentence without the place.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        self.kind.advice()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, what, .. } = self;
        write!(f, "{path}, line {line}, column {column}: {what}; {}", self.advice())
    }
}

impl FindingKind {
    /// What to do about a finding of this kind.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Size => "split the invoice or leave out what is attached",
            Self::Attachment => {
                "send it in a batch once attachments are announced, or leave it out"
            }
            Self::ByteOrderMark => "write the file without byte order mark",
            Self::Encoding => "write the file in UTF-8",
            Self::NotWellFormed => "write the file with a library for XML",
            Self::DocumentType => "leave out the document type declaration",
            Self::ProcessingInstruction => "leave out the processing instruction",
            Self::DiscouragedCharacter => "take the character out of the text",
            Self::Form => "choose the form of the invoice when the session is opened",
            Self::Unexpected => "take it away or put it where the schema has it",
            Self::MissingElement => "add the element",
            Self::Attribute => "write the attribute as the schema has it",
            Self::Value => "write a value as the schema has it",
            Self::CheckDigit => "ask for the right tax number",
            Self::IssueDate => "send the invoice on its day of issue or later",
            Self::Duplicate => "look the first one up before sending another number",
        }
    }

    /// Whether the schema or XML itself is broken, and not only a rule of the service.
    #[must_use]
    pub fn is_of_schema(self) -> bool {
        matches!(
            self,
            Self::NotWellFormed
                | Self::Unexpected
                | Self::MissingElement
                | Self::Attribute
                | Self::Value
        )
    }
}

impl Report {
    /// Everything that was found, in the order of the invoice.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether nothing was found and the schema was applied: KSeF has no reason left to refuse the
    /// invoice that can be known beforehand.
    pub fn passes(&self) -> bool {
        self.findings.is_empty() && self.form.is_some()
    }

    /// Whether these are all findings; after 1000 the check stops.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The form whose schema was applied; `None` when it is another than FA(2), FA(3) and `FA_RR(1)`,
    /// of which only the outer rules are checked.
    pub fn schema(&self) -> Option<&FormCode> {
        self.form.as_ref()
    }

    /// The key by which KSeF knows duplicates, when the invoice has all three parts.
    pub fn duplicate_key(&self) -> Option<&DuplicateKey> {
        self.key.as_ref()
    }

    /// The seller's NIP as the invoice has it, if it was met; in `FA_RR` the supplier's.
    pub fn seller(&self) -> Option<&str> {
        self.seller.as_deref()
    }

    /// The day on which the invoice says that it was issued: `P_1`, in `FA_RR` `P_4B`.
    pub fn issued_on(&self) -> Option<NaiveDate> {
        self.issued_on
    }
}

impl<'p> Findings<'p> {
    pub(super) fn new(profile: &'p Profile) -> Self {
        Self { all: Vec::new(), ignored: &profile.ignored, is_complete: true }
    }

    pub(super) fn add(
        &mut self,
        kind: FindingKind,
        path: &str,
        offset: usize,
        what: impl Into<String>,
    ) {
        if self.all.len() >= MOST {
            self.is_complete = false;
        } else if !self.ignored.contains(&kind) {
            let (path, what) = (path.to_owned(), what.into());
            self.all.push(Finding { kind, path, offset, line: 1, column: 1, what });
        }
    }

    /// Whether nothing more is taken.
    pub(super) fn are_full(&self) -> bool {
        !self.is_complete
    }

    pub(super) fn report(
        mut self,
        bytes: &[u8],
        facts: Facts,
        key: Option<DuplicateKey>,
    ) -> Report {
        self.all.sort_by_key(|finding| (finding.offset, finding.kind));
        let (mut at, mut line, mut column) = (0, 1, 1);
        for finding in &mut self.all {
            for byte in bytes.get(at..finding.offset).unwrap_or_default() {
                match byte {
                    b'\n' => (line, column) = (line + 1, 1),
                    // All but the first byte of a character.
                    0x80..0xC0 => {}
                    _ => column += 1,
                }
            }
            at = at.max(finding.offset);
            (finding.line, finding.column) = (line, column);
        }
        Report {
            findings: self.all,
            is_complete: self.is_complete,
            form: facts.form.map(Form::code),
            key,
            issued_on: facts.issued.value.parse().ok(),
            seller: Some(facts.seller.value).filter(|seller| !seller.is_empty()),
        }
    }
}
