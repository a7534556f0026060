//! What fuzzing found once: each input and what was wrong about it.

use std::{fs, io::Cursor, path::Path};

use super::super::*;

fn input(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/epp/regressions");
    fs::read(folder.join(name)).unwrap()
}

fn read(name: &str, reading: Reading) -> Result<Statement, StatementError> {
    Statement::read(&input(name), reading)
}

/// It was an input error, which advises to look at the disk.
#[test]
fn an_archive_that_cannot_be_unpacked_is_no_input_error() {
    for name in ["epp_statement-corrupt-deflate.zip", "epp_statement-unknown-packing.zip"] {
        let zip = input(name);
        let open = || Archive::open(Cursor::new(&zip), ArchiveLimits::default()).unwrap();
        assert_eq!(open().read(0).unwrap_err().kind(), StatementErrorKind::Archive, "{name}");
        let error = open().statement(Reading::Lenient).unwrap_err();
        assert_eq!(error.kind(), StatementErrorKind::Archive, "{name}");
        let error = open().xml_statement(Reading::Lenient).unwrap_err();
        assert_eq!(error.kind(), StatementErrorKind::Archive, "{name}");
    }
}

/// Strict reading kept it as an unknown element, lenient reading took it for the known one.
#[test]
fn a_control_character_in_a_name_is_odd_too() {
    let name = "epp_statement-control-in-name.json";
    let error = read(name, Reading::Strict).unwrap_err();
    assert_eq!(error.kind(), StatementErrorKind::Value);
    let mended = read(name, Reading::Lenient).unwrap();
    assert_eq!(mended.items[0].creditor_account, "840000000023566472");
    assert!(mended.items[0].extra.is_empty());
}

/// The blank stayed, and was gone when the statement was written and read again.
#[test]
fn a_blank_behind_a_control_character_goes_with_it() {
    let mended = read("epp_statement-blank-behind-control.json", Reading::Lenient).unwrap();
    assert_eq!(mended.items[0].purpose, "red");
    let again = serde_json::to_vec(&mended).unwrap();
    assert_eq!(Statement::from_json(&again, Reading::Lenient).unwrap().items, mended.items);
}

/// Its characters were counted twice: as an amount that could not be read, and as an extra text.
#[test]
fn what_is_mended_once_is_counted_once() {
    let notes = read("epp_statement-mended-twice.xml", Reading::Lenient).unwrap().notes;
    let expected =
        Notes { control_characters: 1, lost_letters: 1, unreadable_numbers: 1, ..Notes::default() };
    assert_eq!(notes, expected);
}
