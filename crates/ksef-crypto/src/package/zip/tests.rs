//! The edges that need gigabytes in a real archive, on archives whose gigabytes are only imagined.

use std::io::{Cursor, Seek, SeekFrom};

use ::zip::ZipArchive;

use super::*;

/// Zeros, and then a tail: an archive of which only the end exists.
struct ZerosThen {
    zeros: u64,
    tail: Cursor<Vec<u8>>,
    position: u64,
}

impl ZerosThen {
    fn new(zeros: u64, tail: Vec<u8>) -> Self {
        Self { zeros, tail: Cursor::new(tail), position: 0 }
    }
}

impl Read for ZerosThen {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let before = self.zeros.saturating_sub(self.position);
        let count = if before > 0 {
            let count = buffer.len().min(usize::try_from(before).unwrap_or(usize::MAX));
            buffer[..count].fill(0);
            count
        } else {
            self.tail.set_position(self.position - self.zeros);
            self.tail.read(buffer)?
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for ZerosThen {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let end = self.zeros + self.tail.get_ref().len() as u64;
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(delta) => end.checked_add_signed(delta),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position = position.ok_or_else(|| io::Error::other("before the start"))?;
        Ok(self.position)
    }
}

fn directory_bytes(directory: Directory) -> Vec<u8> {
    let mut bytes = Vec::new();
    directory
        .finish(|chunk| {
            bytes.extend_from_slice(chunk);
            Ok(())
        })
        .unwrap();
    bytes
}

/// An archive with the entry "x" (one byte, `x`, stored in a DEFLATE block) at `offset`.
fn archive_with_an_entry_at(offset: u64) -> ZerosThen {
    let data = [0x01, 0x01, 0x00, 0xfe, 0xff, b'x'];
    let member = Member { name: "x", crc: crc32fast::hash(b"x"), size: 1, packed: 6 };
    let mut tail = Vec::new();
    member.local_header(&mut tail);
    let mut directory = Directory::new(offset);
    directory.add(&member).unwrap();
    tail.extend_from_slice(&data);
    tail.extend_from_slice(&directory_bytes(directory));
    ZerosThen::new(offset, tail)
}

#[test]
fn an_entry_beyond_four_gigabytes_is_found_again() {
    let edge = u64::from(u32::MAX);
    for offset in [0, edge - 60, edge - 1, edge, edge + 1, 3 * edge] {
        let mut archive = ZipArchive::new(archive_with_an_entry_at(offset)).unwrap();
        let mut entry = archive.by_index(0).unwrap();
        assert_eq!(entry.header_start(), offset);
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        assert_eq!(content, "x");
    }
}

#[test]
fn sizes_of_four_gigabytes_and_more_are_kept_in_both_headers() {
    let edge = u64::from(u32::MAX);
    for (size, packed) in [(edge - 1, edge - 1), (edge, 9), (edge + 1, edge), (9 * edge, 2 * edge)]
    {
        let member = Member { name: "huge", crc: 7, size, packed };
        let mut header = Vec::new();
        member.local_header(&mut header);
        let mut directory = Directory::new(0);
        directory.add(&member).unwrap();
        let zeros = header.len() as u64 + packed;
        // The header itself lies in the imagined part, so only the directory is read here.
        let archive = ZipArchive::new(ZerosThen::new(zeros, directory_bytes(directory))).unwrap();
        let entry = archive.by_index_data(0).unwrap();
        assert_eq!((entry.size(), entry.compressed_size()), (size, packed));
        let large = size >= edge || packed >= edge;
        assert_eq!(header.len(), 30 + 4 + if large { 20 } else { 0 });
        if large {
            assert_eq!(header[18..26], [0xff; 8], "the old fields point to the new ones");
            assert_eq!(header[38..46], size.to_le_bytes());
            assert_eq!(header[46..54], packed.to_le_bytes());
        }
    }
}

#[test]
fn the_number_of_entries_moves_to_the_large_record_at_its_edge() {
    for (entries, large) in [(65_534_u64, false), (65_535, true), (65_536, true)] {
        let mut directory = Directory::new(0);
        let mut members = Vec::new();
        for index in 0..entries {
            let name = index.to_string();
            let member = Member { name: &name, crc: 0, size: 0, packed: 2 };
            member.local_header(&mut members);
            directory.add(&member).unwrap();
            members.extend_from_slice(&[3, 0]);
        }
        let records = directory_bytes(directory);
        assert_eq!(records.windows(4).any(|window| window == END_64.to_le_bytes()), large);
        members.extend_from_slice(&records);
        let archive = ZipArchive::new(Cursor::new(members)).unwrap();
        assert_eq!(archive.len() as u64, entries);
    }
}
