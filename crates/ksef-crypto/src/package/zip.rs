//! The records of a ZIP archive, written so that equal entries give equal bytes.
//!
//! Sizes and CRC stand in the local headers, because every entry is compressed whole before it is
//! written; whether the authority's reader takes data descriptors is not known.
//! All times are the first one the format can express.
//! ZIP64 records appear only where a number does not fit into the old fields.
//!
//! PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16, 4.4 and 4.5.3; specification 1.9,
//! chapter 9.2: the only method allowed is DEFLATE.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::error::PackError;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;

/// Needed to extract: 2.0 for DEFLATE, 4.5 for ZIP64.
const VERSION: u16 = 20;
const VERSION_64: u16 = 45;
/// The file attributes of an entry are those of Unix.
const MADE_BY_UNIX: u16 = 3 << 8;
/// Bit 11: the name is UTF-8.
const UTF_8: u16 = 1 << 11;
const DEFLATE: u16 = 8;
/// 1980-01-01 00:00:00.
const TIME: u16 = 0;
const DATE: u16 = 0x0021;
/// A regular file, readable by all and writable by its owner.
const FILE_MODE: u32 = 0o100_644 << 16;
/// The extra field with the numbers that do not fit.
const EXTRA_64: u16 = 1;

const MAX_16: u64 = 0xffff;
const MAX_32: u64 = 0xffff_ffff;

/// One entry of the archive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    /// At most 65,535 bytes.
    pub(crate) name: &'a str,
    pub(crate) crc: u32,
    /// Bytes before compression.
    pub(crate) size: u64,
    /// Bytes after compression.
    pub(crate) packed: u64,
}

impl Member<'_> {
    /// Appends the header that precedes the compressed bytes.
    pub(crate) fn local_header(&self, out: &mut Vec<u8>) {
        put32(out, LOCAL);
        put16(out, self.version());
        self.common_fields(out);
        put16(out, if self.is_large() { 20 } else { 0 });
        out.extend_from_slice(self.name.as_bytes());
        if self.is_large() {
            self.extra_64(out, None);
        }
    }

    /// The length of the header that precedes the compressed bytes.
    fn local_header_bytes(&self) -> u64 {
        30 + self.name.len() as u64 + if self.is_large() { 20 } else { 0 }
    }

    /// Appends the record of the directory.
    fn central_record(&self, offset: u64, out: &mut Vec<u8>) {
        let far = (offset >= MAX_32).then_some(offset);
        let numbers = 16 * u16::from(self.is_large()) + 8 * u16::from(far.is_some());
        let extra = if numbers > 0 { 4 + numbers } else { 0 };
        let version = if extra > 0 { VERSION_64 } else { VERSION };
        put32(out, CENTRAL);
        put16(out, MADE_BY_UNIX | version);
        put16(out, version);
        self.common_fields(out);
        put16(out, extra);
        put16(out, 0); // length of the comment
        put16(out, 0); // number of the disk
        put16(out, 0); // internal attributes
        put32(out, FILE_MODE);
        put32(out, low32(offset));
        out.extend_from_slice(self.name.as_bytes());
        if extra > 0 {
            self.extra_64(out, far);
        }
    }

    /// The fields that stand alike in both headers, from the flags to the length of the name.
    fn common_fields(&self, out: &mut Vec<u8>) {
        let sizes = if self.is_large() { [MAX_32; 2] } else { [self.packed, self.size] };
        put16(out, UTF_8);
        put16(out, DEFLATE);
        put16(out, TIME);
        put16(out, DATE);
        put32(out, self.crc);
        put32(out, low32(sizes[0]));
        put32(out, low32(sizes[1]));
        put16(out, low16(self.name.len() as u64));
    }

    fn extra_64(&self, out: &mut Vec<u8>, offset: Option<u64>) {
        let sizes = if self.is_large() { Some([self.size, self.packed]) } else { None };
        let numbers = sizes.into_iter().flatten().chain(offset);
        let bytes: Vec<u8> = numbers.flat_map(u64::to_le_bytes).collect();
        put16(out, EXTRA_64);
        put16(out, low16(bytes.len() as u64));
        out.extend_from_slice(&bytes);
    }

    fn is_large(&self) -> bool {
        self.size >= MAX_32 || self.packed >= MAX_32
    }

    fn version(&self) -> u16 {
        if self.is_large() { VERSION_64 } else { VERSION }
    }
}

/// The directory at the end of the archive.
///
/// It grows with the number of entries, so it is kept compressed: about 20 bytes for an entry.
#[derive(Debug)]
pub(crate) struct Directory {
    records: DeflateEncoder<Vec<u8>>,
    record: Vec<u8>,
    entries: u64,
    /// Bytes of the records before compression.
    size: u64,
    /// Where the next local header will stand.
    offset: u64,
}

impl Directory {
    /// A directory of an archive whose first entry stands at `offset`.
    pub(crate) fn new(offset: u64) -> Self {
        let records = DeflateEncoder::new(Vec::new(), Compression::fast());
        Self { records, record: Vec::new(), entries: 0, size: 0, offset }
    }

    /// Adds the entry whose header and data follow those of the entry before.
    pub(crate) fn add(&mut self, member: &Member<'_>) -> io::Result<()> {
        self.record.clear();
        member.central_record(self.offset, &mut self.record);
        self.records.write_all(&self.record)?;
        self.entries += 1;
        self.size += self.record.len() as u64;
        self.offset += member.local_header_bytes() + member.packed;
        Ok(())
    }

    /// Streams the directory and the records that close the archive.
    pub(crate) fn finish(
        self,
        mut put: impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        let packed = self.records.finish().map_err(PackError::Archive)?;
        let mut records = DeflateDecoder::new(packed.as_slice());
        let mut chunk = vec![0; 64 * 1024];
        loop {
            match records.read(&mut chunk).map_err(PackError::Archive)? {
                0 => break,
                count => put(&chunk[..count])?,
            }
        }
        let mut end = Vec::with_capacity(98);
        end_records(self.entries, self.size, self.offset, &mut end);
        put(&end)
    }
}

/// The end of the archive; `offset` is where its directory stands.
fn end_records(entries: u64, size: u64, offset: u64, out: &mut Vec<u8>) {
    if entries >= MAX_16 || size >= MAX_32 || offset >= MAX_32 {
        put32(out, END_64);
        put64(out, 44); // bytes of this record that follow
        put16(out, MADE_BY_UNIX | VERSION_64);
        put16(out, VERSION_64);
        put32(out, 0); // number of this disk
        put32(out, 0); // disk of the directory
        put64(out, entries); // on this disk
        put64(out, entries);
        put64(out, size);
        put64(out, offset);
        put32(out, LOCATOR_64);
        put32(out, 0); // disk of the record above
        put64(out, offset + size);
        put32(out, 1); // number of disks
    }
    put32(out, END);
    put16(out, 0); // number of this disk
    put16(out, 0); // disk of the directory
    put16(out, low16(entries)); // on this disk
    put16(out, low16(entries));
    put32(out, low32(size));
    put32(out, low32(offset));
    put16(out, 0); // length of the comment
}

/// The number, or all ones: "look into the ZIP64 record".
fn low16(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// The number, or all ones: "look into the ZIP64 record".
fn low32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn put16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

#[cfg(test)]
mod tests;
