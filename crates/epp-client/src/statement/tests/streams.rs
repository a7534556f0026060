//! An XML statement is read as a stream: in memory that does not grow with the file.

use std::{
    cell::Cell,
    io::{self, BufRead, BufReader, Read},
};

use super::{super::*, samples::xml};

/// A statement of any length that is made while it is read, and counts how much of it was asked for.
struct Endless<'a> {
    head: &'a [u8],
    item: &'a [u8],
    items: u64,
    place: usize,
    given: &'a Cell<u64>,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.head[self.place.min(self.head.len())..].is_empty() {
            self.place = 0;
            self.head = match self.items {
                0 => return Ok(0),
                1 => b"</Dokument>",
                _ => self.item,
            };
            self.items -= 1;
        }
        let mut rest = &self.head[self.place..];
        let count = rest.read(buffer)?;
        self.place += count;
        self.given.set(self.given.get() + count as u64);
        Ok(count)
    }
}

#[test]
fn a_hundred_thousand_items_are_read_as_they_come_and_in_constant_memory() {
    const ITEMS: u64 = 100_000;
    let xml = xml();
    let start = xml.find("<Stavka>").unwrap();
    let end = xml.find("</Stavka>").unwrap() + "</Stavka>".len();
    let (head, item) = (&xml.as_bytes()[..start], &xml.as_bytes()[start..end]);
    let given = Cell::new(0);
    let endless = Endless { head, item, items: ITEMS + 1, place: 0, given: &given };
    let ahead = 8 * 1024;
    let reader = BufReader::with_capacity(ahead, endless);

    let mut statement = XmlStatement::new(reader, Reading::Lenient).unwrap();
    let mut audit = Audit::new(statement.summary().map(|summary| summary.account.as_str()));
    let mut count = 0;
    for read in statement.by_ref() {
        audit.add(&read.unwrap());
        count += 1;
        // Two items and the buffers of the readers, and never more, lie between the input and here.
        let needed = head.len() as u64 + (count + 2) * item.len() as u64;
        assert!(given.get() <= needed + 2 * ahead as u64, "item {count} needed {}", given.get());
    }
    assert_eq!(count, ITEMS);
    assert!(statement.buffers() < 4096, "{} bytes", statement.buffers());
    let rules: Vec<_> =
        audit.finish(statement.header(), statement.summary()).iter().map(|f| f.rule).collect();
    assert_eq!(
        rules,
        [
            AuditRule::DebitCount,
            AuditRule::CreditCount,
            AuditRule::DebitTotal,
            AuditRule::CreditTotal
        ]
    );
}

#[test]
fn the_sums_may_stand_behind_the_items() {
    let xml = xml();
    let (start, end) = (xml.find("<Zbirni>").unwrap(), xml.find("<Stavka>").unwrap());
    let summary = &xml[start..end];
    let turned = xml.replace(summary, "").replace("</Dokument>", &format!("{summary}</Dokument>"));
    let mut statement = XmlStatement::new(turned.as_bytes(), Reading::Strict).unwrap();
    assert!(statement.summary().is_none());
    assert_eq!(statement.by_ref().count(), 3);
    assert_eq!(statement.summary().unwrap().number, "81");
    let whole = Statement::from_xml(turned.as_bytes(), Reading::Strict).unwrap();
    assert_eq!(whole, Statement::from_xml(xml.as_bytes(), Reading::Strict).unwrap());
}

#[test]
fn the_first_error_ends_the_stream() {
    let xml = xml().replace("77.00", "x");
    let statement = XmlStatement::new(xml.as_bytes(), Reading::Strict).unwrap();
    let read: Vec<_> =
        statement.map(|item| item.map_err(|error| error.place().to_owned())).collect();
    assert_eq!(read.len(), 2);
    assert_eq!(read[1], Err("Stavka[1].Iznos".to_owned()));
}

#[test]
fn a_file_that_cannot_be_read_is_an_input_error() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }
    }
    let reader: Box<dyn BufRead> = Box::new(BufReader::new(Broken));
    let error = XmlStatement::new(reader, Reading::Strict).unwrap_err();
    assert_eq!(error.kind(), StatementErrorKind::Io);
}
