//! Packing and opening, each against the other and against archives of other programs.

mod hostile;
mod opening;
mod packing;
mod vectors;

use std::io::{self, Cursor};

use super::*;
use crate::seal::SessionKey;

fn key() -> SessionKey {
    let mut random = [0; 48];
    for (index, byte) in (0_u8..).zip(&mut random) {
        *byte = index * 5 + 1;
    }
    SessionKey::from_random(random)
}

/// `count` invoices of a few kilobytes that compress as invoices do.
fn invoices(count: u32) -> Vec<(String, Vec<u8>)> {
    let invoice = |index: u32| {
        let mut text = format!("<Faktura><P_2>FV/{index}/2026</P_2>");
        for row in 0..20 + index % 40 {
            let price = index.wrapping_mul(2_654_435_761).wrapping_add(row * 97) % 1_000_000;
            let row = format!("<FaWiersz><P_7>Towar {row}</P_7><P_9A>{price}</P_9A></FaWiersz>");
            text.push_str(&row);
        }
        text + "</Faktura>"
    };
    (0..count).map(|index| (format!("fa-{index}.xml"), invoice(index).into_bytes())).collect()
}

fn entries(files: &[(String, Vec<u8>)]) -> impl Iterator<Item = Entry<'_>> + Send {
    files.iter().map(|(name, bytes)| Entry::bytes(name.clone(), bytes))
}

/// Packs into memory.
fn packed(packer: &Packer<'_>, files: &[(String, Vec<u8>)]) -> (Summary, Vec<Vec<u8>>) {
    let mut sink = MemoryParts::new();
    let summary = packer.pack(entries(files), &mut sink).unwrap();
    let kept: Vec<_> = sink.parts().iter().map(|(part, _)| *part).collect();
    assert_eq!(kept, summary.parts, "the sink was told what the summary says");
    (summary, sink.into_parts().into_iter().map(|(_, bytes)| bytes).collect())
}

fn sealed_parts<'a>(
    summary: &'a Summary,
    parts: &'a [Vec<u8>],
) -> impl Iterator<Item = SealedPart<&'a [u8]>> {
    summary.parts.iter().zip(parts).map(|(part, bytes)| SealedPart::new(part, bytes.as_slice()))
}

/// The plain archive.
fn archive_of(summary: &Summary, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut archive = Vec::new();
    let measure = unseal(&key(), sealed_parts(summary, parts), &mut archive).unwrap();
    assert_eq!(measure, summary.archive);
    archive
}

/// The plain archive of some files with default settings.
fn archive(format: ArchiveFormat, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let key = key();
    let (summary, parts) = packed(&Packer::new(&key, PackLimits::v2()).format(format), files);
    archive_of(&summary, &parts)
}

/// Reads all entries of a plain archive.
fn read_all(
    format: ArchiveFormat,
    archive: &[u8],
    limits: &OpenLimits,
) -> Result<Vec<(String, Vec<u8>)>, OpenError> {
    let mut files = Vec::new();
    let collect = |name: &str, bytes: &[u8]| -> io::Result<()> {
        files.push((name.to_owned(), bytes.to_vec()));
        Ok(())
    };
    let count = read_entries(format, Cursor::new(archive), limits, collect)?;
    assert_eq!(count, files.len() as u64);
    Ok(files)
}

const FORMATS: [ArchiveFormat; 2] = [ArchiveFormat::Zip, ArchiveFormat::TarGz];
