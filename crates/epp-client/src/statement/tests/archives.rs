//! Archives are read with limits, whatever they claim and however they are named.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    super::*,
    samples::{json, xml},
};

const MEBIBYTE: usize = 1024 * 1024;

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn open(zip: &[u8], limits: ArchiveLimits) -> Result<Archive<Cursor<&[u8]>>, StatementError> {
    Archive::open(Cursor::new(zip), limits)
}

fn kind<T>(result: Result<T, StatementError>) -> Option<StatementErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn a_statement_of_either_form_is_read_from_its_archive() {
    for (name, text) in [("0000000102849.xml", xml()), ("0000000102849.json", json()), ("x", xml())]
    {
        let zip = zipped(&[(name, text.as_bytes())]);
        let mut archive = open(&zip, ArchiveLimits::default()).unwrap();
        assert_eq!(archive.entries()[0].size, text.len() as u64);
        let statement = archive.statement(Reading::Strict).unwrap();
        assert_eq!(statement, Statement::read(text.as_bytes(), Reading::Strict).unwrap());
    }
}

#[test]
fn an_xml_statement_is_read_while_it_is_unpacked() {
    let zip = zipped(&[("izvod.xml", xml().as_bytes())]);
    let mut archive = open(&zip, ArchiveLimits::default()).unwrap();
    let statement = archive.xml_statement(Reading::Strict).unwrap();
    assert_eq!(statement.summary().unwrap().number, "81");
    assert_eq!(statement.map(Result::unwrap).count(), 3);
}

#[test]
fn a_name_that_leads_out_of_the_folder_is_only_a_label() {
    let zip = zipped(&[("../../etc/passwd", xml().as_bytes())]);
    let mut archive = open(&zip, ArchiveLimits::default()).unwrap();
    assert_eq!(archive.entries()[0].name, "../../etc/passwd");
    assert_eq!(archive.statement(Reading::Strict).unwrap().items.len(), 3);
}

#[test]
fn of_several_entries_the_only_one_named_like_a_statement_is_taken() {
    let (xml, json) = (xml(), json());
    let zip = zipped(&[("citaj.txt", b"x"), ("izvod.XML", xml.as_bytes())]);
    assert!(open(&zip, ArchiveLimits::default()).unwrap().statement(Reading::Strict).is_ok());
    let zip = zipped(&[("a.xml", xml.as_bytes()), ("b.json", json.as_bytes())]);
    let mut archive = open(&zip, ArchiveLimits::default()).unwrap();
    assert_eq!(kind(archive.statement(Reading::Strict)), Some(StatementErrorKind::Shape));
    assert_eq!(archive.read(1).unwrap(), json.as_bytes());
    let empty = zipped(&[]);
    let mut archive = open(&empty, ArchiveLimits::default()).unwrap();
    assert_eq!(kind(archive.statement(Reading::Strict)), Some(StatementErrorKind::Shape));
}

#[test]
fn an_archive_beyond_a_limit_is_refused_when_it_is_opened() {
    let zeros = vec![b' '; 3 * MEBIBYTE];
    let zip = zipped(&[("a", &zeros), ("b", &zeros)]);
    let limits = ArchiveLimits::default();
    assert_eq!(kind(open(&zip, limits)), Some(StatementErrorKind::Limit), "the ratio");
    let wide = ArchiveLimits { ratio: 10_000, ..limits };
    assert_eq!(kind(open(&zip, wide)), None);
    for narrow in [
        ArchiveLimits { entries: 1, ..wide },
        ArchiveLimits { entry_bytes: 3 * MEBIBYTE as u64 - 1, ..wide },
        ArchiveLimits { total_bytes: 6 * MEBIBYTE as u64 - 1, ..wide },
    ] {
        assert_eq!(kind(open(&zip, narrow)), Some(StatementErrorKind::Limit), "{narrow:?}");
    }
    let exact = ArchiveLimits { total_bytes: 6 * MEBIBYTE as u64, ..wide };
    let mut archive = open(&zip, exact).unwrap();
    assert_eq!(archive.read(0).unwrap().len(), zeros.len());
    assert_eq!(archive.read(1).unwrap().len(), zeros.len());
    assert_eq!(kind(archive.read(0)), Some(StatementErrorKind::Limit), "all reads count together");
}

#[test]
fn an_archive_that_lies_about_its_size_does_not_unpack_beyond_the_limit() {
    let blanks = vec![b' '; 3 * MEBIBYTE];
    let mut zip = zipped(&[("a.xml", &blanks)]);
    // The size stands in the local header and in the directory; both claim ten bytes now.
    let claimed = u32::try_from(blanks.len()).unwrap().to_le_bytes();
    let places: Vec<_> =
        (0..zip.len() - 4).filter(|place| zip[*place..place + 4] == claimed).collect();
    assert!(!places.is_empty());
    for place in places {
        zip[place..place + 4].copy_from_slice(&10_u32.to_le_bytes());
    }
    let mut archive = open(&zip, ArchiveLimits::default()).unwrap();
    assert_eq!(archive.entries()[0].size, 10);
    let refused = kind(archive.read(0));
    assert!(
        matches!(refused, Some(StatementErrorKind::Limit | StatementErrorKind::Archive)),
        "{refused:?}"
    );
    let streamed = kind(archive.xml_statement(Reading::Lenient).map(Iterator::count));
    assert_ne!(streamed, None);
}

#[test]
fn a_damaged_archive_is_an_error_of_its_own() {
    let zip = zipped(&[("izvod.xml", xml().as_bytes())]);
    assert_eq!(
        kind(open(b"<Dokument/>", ArchiveLimits::default())),
        Some(StatementErrorKind::Archive)
    );
    assert_eq!(
        kind(open(&zip[..zip.len() / 2], ArchiveLimits::default())),
        Some(StatementErrorKind::Archive)
    );
    let mut flipped = zip.clone();
    flipped[60] ^= 0xff;
    let read = open(&flipped, ArchiveLimits::default()).and_then(|mut zip| zip.read(0));
    assert!(matches!(kind(read), Some(StatementErrorKind::Archive | StatementErrorKind::Io)));
}
