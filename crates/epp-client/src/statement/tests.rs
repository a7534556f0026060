//! What must hold for statements: both forms are one model, oddities are refused or mended and counted, nothing panics.

mod archives;
mod arithmetic;
mod pairs;
mod regressions;
mod samples;
mod streams;

use common_core::money::Amount;
use proptest::prelude::*;

use self::samples::{ACCOUNT, json, xml};
use super::*;
use crate::model::Moment;

fn strict(text: &str) -> Result<Statement, StatementError> {
    Statement::read(text.as_bytes(), Reading::Strict)
}

fn lenient(bytes: &[u8]) -> Statement {
    Statement::read(bytes, Reading::Lenient).unwrap()
}

/// The kind of the error and the place it names.
fn trouble(result: Result<Statement, StatementError>) -> (StatementErrorKind, String) {
    let error = result.unwrap_err();
    (error.kind(), error.place().to_owned())
}

#[test]
fn both_forms_are_one_model_but_for_the_text_of_dates() {
    let (xml, json) = (strict(&xml()).unwrap(), strict(&json()).unwrap());
    assert_eq!(xml.items.len(), 3);
    assert_eq!(xml.summary.as_ref().unwrap().account, ACCOUNT);
    assert_eq!(xml.summary.as_ref().unwrap().closing_balance, Amount::parse("3860.34").ok());
    assert!(xml.notes.is_clean());
    for (one, other) in xml.items.iter().zip(&json.items) {
        let day = |item: &Item| item.executed_at.as_ref().and_then(Moment::local);
        assert_eq!(day(one), day(other));
        let timeless = |item: &Item| Item {
            executed_at: None,
            entered_at: None,
            value_date: None,
            ..item.clone()
        };
        assert_eq!(timeless(one), timeless(other));
    }
}

#[test]
fn what_is_written_is_read_again() {
    for statement in [strict(&xml()).unwrap(), strict(&json()).unwrap()] {
        let text = serde_json::to_string(&statement).unwrap();
        assert_eq!(strict(&text).unwrap(), statement);
    }
}

#[test]
fn unknown_elements_are_kept_and_written_again() {
    let xml = xml().replace("<StatusNaloga>2", "<BrojUgovora>7/2024</BrojUgovora><StatusNaloga>2");
    let statement = strict(&xml).unwrap();
    assert_eq!(statement.items[0].extra["BrojUgovora"], "7/2024");
    assert!(serde_json::to_string(&statement).unwrap().contains(r#""BrojUgovora":"7/2024""#));
}

#[test]
fn empty_and_absent_elements_are_the_same() {
    let absent = xml().replace("<ModelPozivaOdobrenja></ModelPozivaOdobrenja>", "");
    let short =
        xml().replace("<ModelPozivaOdobrenja></ModelPozivaOdobrenja>", "<ModelPozivaOdobrenja/>");
    assert_eq!(strict(&absent).unwrap(), strict(&xml()).unwrap());
    assert_eq!(strict(&short).unwrap(), strict(&xml()).unwrap());
    let null = json().replace(r#""ModelPozivaOdobrenja":"""#, r#""ModelPozivaOdobrenja":null"#);
    assert_eq!(strict(&null).unwrap(), strict(&json()).unwrap());
}

#[test]
fn references_comments_and_line_ends_are_read_as_xml_prescribes() {
    let text = "A &amp; B &lt;&#268;&#x107;&gt; <!-- no -->\r\n&quot;<![CDATA[C & D]]>&apos;";
    let statement = strict(&xml().replace("Porez po rešenju", text)).unwrap();
    assert_eq!(statement.items[0].purpose, "A & B <Čć> \n\"C & D'");
    let unknown = strict(&xml().replace("Porez po rešenju", "&secret;"));
    assert_eq!(trouble(unknown), (StatementErrorKind::Syntax, "Stavka[0]".to_owned()));
}

#[test]
fn trap_27_an_amount_with_a_comma_is_read_leniently_and_refused_strictly() {
    // The printed sample of the statement page runs `700,00` and `121` together.
    let xml = xml().replace("<Iznos>9001.10<", "<Iznos>9.001,10<");
    assert_eq!(trouble(strict(&xml)), (StatementErrorKind::Value, "Stavka[0].Iznos".to_owned()));
    let read = lenient(xml.as_bytes());
    assert_eq!(read.items[0].amount, Amount::parse("9001.10").ok());
    assert_eq!(read.notes, Notes { comma_amounts: 1, ..Notes::default() });
    assert_eq!(read.audit(), []);
    let json = json().replace(r#""Iznos":9001.10"#, r#""Iznos":"9001,10""#);
    assert_eq!(lenient(json.as_bytes()).items[0].amount, Amount::parse("9001.10").ok());
}

#[test]
fn an_unreadable_amount_is_kept_as_text_and_found_by_the_audit() {
    let xml = xml().replace("<Iznos>9001.10<", "<Iznos>9001.10 121<");
    assert_eq!(trouble(strict(&xml)), (StatementErrorKind::Value, "Stavka[0].Iznos".to_owned()));
    let read = lenient(xml.as_bytes());
    assert_eq!((read.items[0].amount, read.notes.unreadable_numbers), (None, 1));
    assert_eq!(read.items[0].extra["Iznos"], "9001.10 121");
    assert_eq!(read.audit().iter().map(|f| f.rule).collect::<Vec<_>>(), [AuditRule::AmountMissing]);
    let json = serde_json::to_string(&read).unwrap();
    assert_eq!(lenient(json.as_bytes()).items, read.items);
}

#[test]
fn control_characters_and_lost_letters_are_mended_and_counted() {
    for text in [xml(), json()] {
        let soiled = text.replace("Porez po rešenju", "Porez\u{1} po re\u{fffd}enju");
        assert!(strict(&soiled).is_err());
        let read = lenient(soiled.as_bytes());
        assert_eq!(read.items[0].purpose, "Porez po re\u{fffd}enju");
        assert_eq!(
            read.notes,
            Notes { control_characters: 1, lost_letters: 1, ..Notes::default() }
        );
    }
    let reference = xml().replace("Porez po", "Porez&#2; po");
    assert_eq!(trouble(strict(&reference)).0, StatementErrorKind::Value);
    assert_eq!(lenient(reference.as_bytes()).items[0].purpose, "Porez po rešenju");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_statement() {
    for text in [xml(), json()] {
        let marked = format!("\u{feff}{text}");
        assert_eq!(strict(&marked).unwrap(), strict(&text).unwrap());
        assert_eq!(lenient(marked.as_bytes()), strict(&text).unwrap());
    }
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_counted_or_refused() {
    for text in [xml(), json()] {
        let (before, after) = text.split_once("š").unwrap();
        // The letter as windows-1250 has it.
        let bytes = [before.as_bytes(), b"\x9a", after.as_bytes()].concat();
        let error = Statement::read(&bytes, Reading::Strict).unwrap_err();
        assert_eq!(error.kind(), StatementErrorKind::Syntax);
        let read = lenient(&bytes);
        assert_eq!(read.items[0].purpose, "Porez po re\u{fffd}enju");
        assert_eq!(read.notes.lost_letters, 1);
    }
}

#[test]
fn what_stands_twice_is_refused_by_both_readings() {
    let xml = xml();
    let json = json();
    for (text, place) in [
        (
            xml.replace("<Iznos>9001.10</Iznos>", "<Iznos>1</Iznos><Iznos>2</Iznos>"),
            "Stavka[0].Iznos",
        ),
        (xml.replace("<Zbirni>", "<Zbirni></Zbirni><Zbirni>"), "Zbirni"),
        (json.replace(r#""Iznos":9001.10"#, r#""Iznos":1,"Iznos":2"#), "Stavka[0].Iznos"),
        (json.replace(r#""Zbirni":"#, r#""Zbirni":{},"Zbirni":"#), "Zbirni"),
        (json.replace(r#""Stavka":"#, r#""Stavka":[],"Stavka":"#), "Stavka"),
    ] {
        for reading in [Reading::Strict, Reading::Lenient] {
            let result = Statement::read(text.as_bytes(), reading);
            assert_eq!(trouble(result), (StatementErrorKind::Shape, place.to_owned()), "{text}");
        }
    }
}

#[test]
fn what_is_no_statement_is_refused_with_its_kind() {
    let xml = xml();
    for (text, kind) in [
        ("%PDF-1.4", StatementErrorKind::Shape),
        ("", StatementErrorKind::Shape),
        ("[]", StatementErrorKind::Shape),
        ("{\"Stavka\": 5}", StatementErrorKind::Shape),
        ("{\"Racun\": {}}", StatementErrorKind::Shape),
        ("{\"Stavka\": [", StatementErrorKind::Syntax),
        ("<Izvod></Izvod>", StatementErrorKind::Shape),
        ("<!DOCTYPE Dokument><Dokument/>", StatementErrorKind::Shape),
        ("<Dokument><Racun/></Dokument>", StatementErrorKind::Shape),
        ("<Dokument>nešto</Dokument>", StatementErrorKind::Shape),
        ("<Dokument><Stavka>nešto</Stavka></Dokument>", StatementErrorKind::Shape),
        ("<Dokument><Stavka><Iznos><a/></Iznos></Stavka></Dokument>", StatementErrorKind::Shape),
        ("<Dokument></Dokument><Dokument/>", StatementErrorKind::Shape),
        ("<Dokument><Stavka></Dokument>", StatementErrorKind::Syntax),
        ("<Dokument>", StatementErrorKind::Syntax),
        ("<", StatementErrorKind::Syntax),
        (&xml[..xml.len() / 2], StatementErrorKind::Syntax),
    ] {
        assert_eq!(trouble(strict(text)).0, kind, "{text}");
    }
}

#[test]
fn sections_nobody_knows_are_skipped_leniently_and_counted() {
    let read = lenient(b"<Dokument><Racun><a>1</a></Racun>x<Stavka/></Dokument>y");
    assert_eq!((read.items.len(), read.notes.skipped), (1, 3));
    let read = lenient(br#"{"Dokument": {"Racun": {}, "Stavka": {"Iznos": "1.00"}}}"#);
    assert_eq!((read.items.len(), read.notes.skipped), (1, 1));
}

#[test]
fn an_error_names_the_place_and_never_the_value() {
    let error = strict(&xml().replace("<Iznos>9001.10", "<Iznos>tajno")).unwrap_err();
    assert_eq!(error.to_string(), "Stavka[0].Iznos is no amount");
    assert!(!format!("{error:?}").contains("tajno"));
    let error = strict("<Dokument><Stavka></Dokument>").unwrap_err();
    assert_eq!(error.to_string(), "the statement is no well-formed XML");
    assert!(std::error::Error::source(&error).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_change_of_a_statement_makes_reading_panic(
        place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(), is_json in any::<bool>(),
    ) {
        let mut bytes = if is_json { json() } else { xml() }.into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if cut {
            bytes.truncate(place);
        }
        for reading in [Reading::Strict, Reading::Lenient] {
            match Statement::read(&bytes, reading) {
                Ok(statement) => prop_assert!(statement.audit().len() < 20),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn any_purpose_survives_xml_and_json(purpose in "[^\\p{Cc}\u{fffd}\\s]([^\\p{Cc}\u{fffd}]{0,20}[^\\p{Cc}\u{fffd}\\s])?") {
        let escaped = purpose.replace('&', "&amp;").replace('<', "&lt;").replace(']', "&#93;");
        let statement = strict(&xml().replace("Porez po rešenju", &escaped)).unwrap();
        prop_assert_eq!(&statement.items[0].purpose, &purpose);
        let again = strict(&serde_json::to_string(&statement).unwrap()).unwrap();
        prop_assert_eq!(&again.items[0].purpose, &purpose);
    }
}
