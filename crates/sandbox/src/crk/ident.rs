//! Identifiers and moments of the protocol (source document, 2.2).

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

/// Characters of a unique number.
const UNIQUE_NUMBER: usize = 13;

/// A command identifier in its parts: `MFP.ZTE1701000901.2017-08-14T16:50:03.342Z`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandId {
    pub(super) code: String,
    pub(super) unique_number: String,
    pub(super) at: DateTime<Utc>,
}

/// What is wrong with the text of a command identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// Only the unique number in it.
    UniqueNumber,
    /// Anything else.
    Whole,
}

impl CommandId {
    /// Reads the corrected form of the pattern; the printed one refuses its own example
    /// (CRK facts §7, 1).
    pub(super) fn read(text: &str) -> Result<Self, Malformed> {
        let mut parts = text.splitn(3, '.');
        let (Some(code), Some(unique_number), Some(at)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(Malformed::Whole);
        };
        let code_fits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        let at = moment(at).filter(|_| code_fits).ok_or(Malformed::Whole)?;
        if !is_unique_number(unique_number) {
            return Err(Malformed::UniqueNumber);
        }
        Ok(Self { code: code.to_owned(), unique_number: unique_number.to_owned(), at })
    }

    /// The text of an identifier.
    pub(super) fn write(code: &str, unique_number: &str, at: DateTime<Utc>) -> String {
        format!("{code}.{unique_number}.{}", shown(at))
    }
}

/// A moment in the form of the protocol, with milliseconds and `Z`.
pub(super) fn shown(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads `YYYY-MM-DDTHH:MM:SS.SSSZ` and nothing else.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    if text.len() != "2017-02-14T16:50:03.342Z".len() {
        return None;
    }
    let read = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.3fZ").ok()?.and_utc();
    // A leap second would be read as a second of more than a thousand milliseconds.
    (read.timestamp_subsec_millis() < 1000 && shown(read) == text).then_some(read)
}

/// Three capital letters and ten digits.
pub(super) fn is_unique_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == UNIQUE_NUMBER
        && bytes[..3].iter().all(u8::is_ascii_uppercase)
        && bytes[3..].iter().all(u8::is_ascii_digit)
}

/// `2017/000000101`.
pub(super) fn is_evidence_number(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('/').is_some_and(|(year, number)| {
        year.len() == 4 && number.len() == 9 && digits(year) && digits(number)
    })
}

/// Ten digits; the check digit is nobody's business here (CRK facts §7, 25).
pub(super) fn is_nip(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_source_document_is_read() {
        let text = "MFP.ZTE1701000901.2017-08-14T16:50:03.342Z";
        let read = CommandId::read(text).unwrap();
        assert_eq!((read.code.as_str(), read.unique_number.as_str()), ("MFP", "ZTE1701000901"));
        assert_eq!(CommandId::write(&read.code, &read.unique_number, read.at), text);
    }

    #[test]
    fn other_texts_are_malformed() {
        for text in [
            "",
            "MFP]ZTE1701000901.2017-08-14T16:50:03.342Z",
            "MFP.ZTE1701000901.2017-08-00T16:50:03.342Z",
            "MFP.ZTE1701000901.2017-02-30T16:50:03.342Z",
            "MFP.ZTE1701000901.2017-08-14T24:00:00.000Z",
            "MFP.ZTE1701000901.2017-08-14T16:50:60.000Z",
            "MFP.ZTE1701000901.2017-08-14T16:50:03.34Z",
            "MFP.ZTE1701000901.2017-08-14T16:50:03.342+00:00",
            "mfp.ZTE1701000901.2017-08-14T16:50:03.342Z",
            "MFPZTE17010009012017-08-14T16:50:03.342Z",
        ] {
            assert_eq!(CommandId::read(text), Err(Malformed::Whole), "{text}");
        }
        for number in ["ZTE170100090", "zte1701000901", "ZTE17O1000901", "TT1701003001"] {
            let text = format!("MFP.{number}.2017-08-14T16:50:03.342Z");
            assert_eq!(CommandId::read(&text), Err(Malformed::UniqueNumber), "{text}");
        }
    }

    #[test]
    fn evidence_numbers_have_fourteen_characters() {
        assert!(is_evidence_number("2017/000000101"));
        for text in ["", "2017/0000000101", "2017-000000101", "17/000000101", "2017/00000010a"] {
            assert!(!is_evidence_number(text), "{text}");
        }
    }
}
