//! Statements and archives of strangers: nothing panics, limits hold, and every way of reading
//! the same bytes comes to the same statement.
//!
//! An input that begins with `z` is an archive behind that letter; any other is a statement.

#![cfg_attr(fuzzing, no_main)]

use std::io::{BufReader, Cursor};

use epp_client::statement::{
    Archive, ArchiveLimits, Audit, Reading, Statement, StatementError, StatementErrorKind,
    XmlStatement, match_orders,
};
use libfuzzer_sys::fuzz_target;

const ENTRIES: usize = 8;
const ENTRY_BYTES: u64 = 64 * 1024;
const TOTAL_BYTES: u64 = 128 * 1024;

/// Pieces in which a stream hands out an XML statement: letters and elements are cut everywhere.
const PIECES: [usize; 3] = [1, 7, 64];

fuzz_target!(|data: &[u8]| {
    if let Some(archive) = data.strip_prefix(b"z") {
        return open(archive);
    }
    let strict = Statement::read(data, Reading::Strict);
    let lenient = Statement::read(data, Reading::Lenient);
    if let Ok(strict) = &strict {
        let lenient = lenient.as_ref().expect("what is right is read leniently, too");
        assert!(same_records(strict, lenient), "lenient reading changes nothing that is right");
        assert!(strict.notes.is_clean());
    }
    for (statement, reading) in [(&strict, Reading::Strict), (&lenient, Reading::Lenient)] {
        match statement {
            Ok(statement) => holds_together(statement, reading),
            Err(error) => is_told(error),
        }
        streams_alike(data, reading);
    }
});

fn same_records(one: &Statement, other: &Statement) -> bool {
    (&one.header, &one.summary, &one.items) == (&other.header, &other.summary, &other.items)
}

/// It can be checked, matched, written, and read again.
fn holds_together(statement: &Statement, reading: Reading) {
    let account = statement.summary.as_ref().map(|summary| summary.account.as_str());
    let mut audit = Audit::new(account);
    statement.items.iter().for_each(|item| audit.add(item));
    let findings = audit.finish(statement.header.as_ref(), statement.summary.as_ref());
    assert_eq!(findings, statement.audit());
    assert!(findings.iter().all(|finding| !finding.to_string().is_empty()));
    assert!(match_orders(&statement.items, &[]).pairs.is_empty());

    let json = serde_json::to_vec(statement).expect("a statement has a form in JSON");
    let again = Statement::from_json(&json, reading).expect("what was written can be read");
    assert!(same_records(&again, statement), "what was written reads the same again");
}

/// As a stream in small pieces it is the same, up to the same end.
fn streams_alike(data: &[u8], reading: Reading) {
    let whole = Statement::from_xml(data, reading);
    for piece in PIECES {
        let stream = BufReader::with_capacity(piece, data);
        let pieces = Statement::from_xml(stream, reading);
        match (&whole, &pieces) {
            (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
            (Err(whole), Err(pieces)) => {
                assert_eq!((whole.kind(), whole.place()), (pieces.kind(), pieces.place()));
            }
            _ => panic!("pieces of {piece} change the outcome: {whole:?} and {pieces:?}"),
        }
    }
    let Ok(mut stream) = XmlStatement::new(data, reading) else { return };
    let ended = stream.by_ref().take_while(Result::is_ok).count();
    assert!(whole.is_err() || whole.is_ok_and(|whole| whole.items.len() == ended));
    assert!(stream.next().is_none(), "an error ends a stream");
}

/// An error has a sentence, and none of them is an input error: everything was in memory.
fn is_told(error: &StatementError) {
    assert!(!error.to_string().is_empty());
    assert_ne!(error.kind(), StatementErrorKind::Io, "{error:?}");
}

fn open(archive: &[u8]) {
    let mut limits = ArchiveLimits::default();
    (limits.entries, limits.entry_bytes, limits.total_bytes) = (ENTRIES, ENTRY_BYTES, TOTAL_BYTES);
    let opened = || Archive::open(Cursor::new(archive), limits);
    let mut entries = match opened() {
        Ok(archive) => archive,
        Err(error) => return is_told(&error),
    };
    assert!(entries.entries().len() <= ENTRIES);
    let mut total = 0;
    for index in 0..entries.entries().len() {
        match entries.read(entries.entries()[index].index) {
            Ok(bytes) => {
                assert!(bytes.len() as u64 <= ENTRY_BYTES);
                total += bytes.len() as u64;
            }
            Err(error) => is_told(&error),
        }
    }
    assert!(total <= TOTAL_BYTES);
    for reading in [Reading::Strict, Reading::Lenient] {
        let Ok(mut again) = opened() else { continue };
        let whole = again.statement(reading);
        let Ok(mut again) = opened() else { continue };
        let Ok(stream) = again.xml_statement(reading) else { continue };
        let items = stream.take_while(Result::is_ok).count();
        assert!(whole.is_err() || whole.is_ok_and(|whole| whole.items.len() == items));
    }
}
