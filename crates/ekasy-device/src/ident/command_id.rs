//! The identifier of a command, and the kinds of command.

use common_core::{codes, open::Open};

use super::{IdentError, Moment, UniqueNumber, text::text_identifier};

codes! {
    /// Kinds of command that have a code of three letters (source document, section 2.2.6.2).
    ///
    /// CMD04 and CMD05 do not exist, CMD16 has no code and CMD17 moved to a document of its own
    /// (CRK facts §7, 17).
    pub enum CommandKind: str {
        /// CMD01, received: connect with the CPD server and call a service there.
        CallCpdServer = "CCS",
        /// CMD02, received: a new schedule of transmissions.
        Timetable = "TFD",
        /// CMD03, received: when to print the QR code.
        QrCode = "CQC",
        /// CMD06, received: send documents in detail.
        DetailedDocuments = "DDD",
        /// CMD07, sent: fetch the certificates of the repository.
        RepositoryKeys = "KCS",
        /// CMD08, sent: register the certificates of the register.
        DeviceKeys = "KFD",
        /// CMD09, sent: fiscalise.
        Fiscalise = "MFP",
        /// CMD10, sent: ask whether a program is approved.
        CheckFirmware = "CNF",
        /// CMD11, sent: test the connection.
        TestCpd = "TCS",
        /// CMD12, sent: ask what the repository knows.
        RepositoryState = "GIS",
        /// CMD13, sent to the Event Hub: documents.
        Documents = "DFD",
        /// CMD14, sent: fiscalisation is finished.
        FiscalisationDone = "FPD",
        /// CMD15, sent: the register is read-only from now on.
        EndOfLife = "EFL",
    }
}

/// Identifier of one command: `XXX.AAABBCCDDDDDD.YYYY-MM-DDTHH:MM:SS.SSSZ`, 42 characters.
///
/// Kind, unique number and moment of the command (source document, section 2.2.6). The tables of
/// the document give 37 characters, and the pattern that it prints does not match its own example
/// (CRK facts §7, 1 and 3).
///
/// A kind that this version does not know is kept.
///
/// ```
/// use ekasy_device::ident::{CommandId, CommandKind};
///
/// let id = CommandId::parse("DFD.WTE2001000009.2020-02-29T00:00:00.000Z")?;
/// assert_eq!(id.kind(), CommandKind::Documents);
/// assert_eq!(id.unique_number().as_str(), "WTE2001000009");
/// assert_eq!(id.moment().to_string(), "2020-02-29T00:00:00.000Z");
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId {
    text: Box<str>,
    number: UniqueNumber,
    moment: Moment,
}

const ERROR: IdentError =
    IdentError::new("a command identifier", "a form as MFP.ZTE1701000901.2017-08-14T16:50:03.342Z");

/// Letters of the kind.
const KIND: usize = 3;

impl CommandId {
    /// Length of the text.
    pub const LENGTH: usize = 42;

    /// The identifier of a command of that kind, that register and that moment.
    ///
    /// [`CommandIds`](super::CommandIds) gives out identifiers that never repeat.
    pub fn new(kind: CommandKind, number: &UniqueNumber, moment: Moment) -> Self {
        let text = format!("{kind}.{number}.{moment}").into();
        Self { text, number: number.clone(), moment }
    }

    /// Reads exactly 42 characters of the documented form; the moment must be on the calendar.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        Self::read(text, UniqueNumber::parse).ok_or(ERROR)
    }

    /// Reads an identifier whose unique number may have 12 characters, as
    /// [`UniqueNumber::parse_lenient`] takes it. What stands in JSON, of the repository or of the
    /// journal, is read like this: whose it is shows by comparing the number.
    pub fn parse_lenient(text: &str) -> Result<Self, IdentError> {
        Self::read(text, UniqueNumber::parse_lenient).ok_or(ERROR)
    }

    /// The kind; a code that this version does not know is kept.
    pub fn kind(&self) -> Open<CommandKind> {
        Open::from_raw(self.code().to_owned())
    }

    /// The kind's code of three letters.
    pub fn code(&self) -> &str {
        &self.text[..KIND]
    }

    /// The register that sent the command, or that it is for.
    pub fn unique_number(&self) -> &UniqueNumber {
        &self.number
    }

    /// When the command was made.
    pub fn moment(&self) -> Moment {
        self.moment
    }

    fn read(text: &str, number: fn(&str) -> Result<UniqueNumber, IdentError>) -> Option<Self> {
        let (kind, rest) = text.split_once('.')?;
        let (unique, moment) = rest.split_once('.')?;
        let is_kind = kind.len() == KIND && kind.bytes().all(|byte| byte.is_ascii_uppercase());
        let (number, moment) = (number(unique).ok()?, Moment::parse(moment).ok()?);
        is_kind.then(|| Self { text: text.into(), number, moment })
    }
}

text_identifier!(CommandId, text, parse_lenient);
