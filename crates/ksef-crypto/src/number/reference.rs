//! The numbers under which KSeF keeps what a client started: logins, sessions, exports and so on.

use std::fmt;

use chrono::NaiveDate;

use super::{
    crc8,
    error::{Number, NumberError},
    pattern::{is_date, matches},
    text::number_text,
};

/// Reference number (numer referencyjny): 36 characters.
///
/// `{YYYYMMDD}-{two letters}-{10 hexadecimal digits}-{10 hexadecimal digits}-{checksum}`
/// (KSeF 1.x facts §4, KSeF 2.0 facts §2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferenceNumber {
    text: Box<str>,
}

impl ReferenceNumber {
    /// Reads a reference number of either generation; the checksum is not compared.
    ///
    /// ```
    /// use ksef_crypto::number::{ReferenceKind, ReferenceNumber};
    ///
    /// let number = ReferenceNumber::parse("20250514-CR-226FB7B000-3ACF9BE4C0-10")?;
    /// assert_eq!(number.kind(), ReferenceKind::Challenge);
    /// # Ok::<(), ksef_crypto::number::NumberError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        if !(matches("99999999-xx-hhhhhhhhhh-hhhhhhhhhh-hh", text) && is_date(&text[..8])) {
            return Err(NumberError::new(Number::Reference));
        }
        Ok(Self { text: text.into() })
    }

    /// The date in the number, or `None` when the calendar has no such day.
    pub fn date(&self) -> Option<NaiveDate> {
        NaiveDate::parse_from_str(&self.text[..8], "%Y%m%d").ok()
    }

    /// The two letters that tell what the number stands for.
    pub fn code(&self) -> &str {
        &self.text[9..11]
    }

    /// What the number stands for.
    pub fn kind(&self) -> ReferenceKind {
        ReferenceKind::of(self.code())
    }

    /// Tells whether the last two digits are the CRC-8 of KSeF 2.0 over the characters before the
    /// last hyphen.
    ///
    /// It is so in nearly all numbers that KSeF 2.0 shows, without being documented, and is not so
    /// in numbers of KSeF 1.x: use it in an emulator or to notice a typing error, and never refuse
    /// a number because of it.
    pub fn checksum_ok(&self) -> bool {
        crc8::fits(&self.text)
    }
}

number_text!(ReferenceNumber);

/// What a reference number stands for, by its two letters.
///
/// The letters are undocumented and were seen in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReferenceKind {
    /// `CR`: a challenge for logging in.
    Challenge,
    /// `AU`: a login of KSeF 2.0.
    Authentication,
    /// `SE`: a session of KSeF 1.x, interactive or batch.
    Session,
    /// `SO`: an interactive session of KSeF 2.0.
    OnlineSession,
    /// `SB`: a batch session of KSeF 2.0.
    BatchSession,
    /// `EE`: an invoice sent in a session.
    Invoice,
    /// `EA`: a part of a batch of KSeF 1.x.
    BatchPart,
    /// `EH`: a query for invoices (1.x), an export or the enrollment of a certificate (2.0).
    Export,
    /// `ER`: a part of the answer to a query of KSeF 1.x.
    QueryPart,
    /// `EU`: a page of the official confirmation (UPO) in KSeF 2.0.
    Upo,
    /// `EG`: a change of permissions in KSeF 2.0.
    Permission,
    /// `EC`: a KSeF token in KSeF 2.0.
    Token,
    /// `EX`: an exception of KSeF 1.x.
    Exception,
    /// Other letters.
    Unknown,
}

impl ReferenceKind {
    fn of(code: &str) -> Self {
        match code {
            "CR" => Self::Challenge,
            "AU" => Self::Authentication,
            "SE" => Self::Session,
            "SO" => Self::OnlineSession,
            "SB" => Self::BatchSession,
            "EE" => Self::Invoice,
            "EA" => Self::BatchPart,
            "EH" => Self::Export,
            "ER" => Self::QueryPart,
            "EU" => Self::Upo,
            "EG" => Self::Permission,
            "EC" => Self::Token,
            "EX" => Self::Exception,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for ReferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Challenge => "challenge",
            Self::Authentication => "authentication",
            Self::Session => "session",
            Self::OnlineSession => "interactive session",
            Self::BatchSession => "batch session",
            Self::Invoice => "invoice",
            Self::BatchPart => "batch part",
            Self::Export => "export",
            Self::QueryPart => "part of a query's answer",
            Self::Upo => "confirmation",
            Self::Permission => "permission operation",
            Self::Token => "token",
            Self::Exception => "exception",
            Self::Unknown => "unknown",
        })
    }
}
