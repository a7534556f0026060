//! Archives that mean harm: bombs, and names and kinds of entries that lead elsewhere.

use std::io::Write as _;

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

use super::*;

fn read_zip(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>, OpenError> {
    read_all(ArchiveFormat::Zip, archive, &OpenLimits::default())
}

fn read_tar(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>, OpenError> {
    read_all(ArchiveFormat::TarGz, archive, &OpenLimits::default())
}

fn zip_of(name: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, SimpleFileOptions::default()).unwrap();
    writer.write_all(b"<Faktura/>").unwrap();
    writer.finish().unwrap().into_inner()
}

/// An entry of a tar archive with any name, which the `tar` crate itself would refuse.
fn tar_entry(kind: EntryType, name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn gzip(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for entry in entries {
        encoder.write_all(entry).unwrap();
    }
    encoder.write_all(&[0; 1024]).unwrap();
    encoder.finish().unwrap()
}

const TRICKS: [(&str, NameFlaw); 7] = [
    ("/etc/cron.d/x", NameFlaw::NotBelow),
    ("../x.xml", NameFlaw::LeadsOut),
    ("a/../../x.xml", NameFlaw::LeadsOut),
    ("C:/x.xml", NameFlaw::Character),
    ("C:x.xml", NameFlaw::Character),
    ("..\\x.xml", NameFlaw::Character),
    ("a//x.xml", NameFlaw::Empty),
];

#[test]
fn names_that_lead_out_of_the_folder_are_refused_in_both_formats() {
    for (trick, expected) in TRICKS {
        let tar = gzip(&[tar_entry(EntryType::Regular, trick.as_bytes(), b"x")]);
        for result in [read_zip(&zip_of(trick)), read_tar(&tar)] {
            match result {
                Err(OpenError::Name { name, flaw }) => {
                    assert_eq!((name.as_str(), flaw), (trick, expected));
                }
                other => panic!("{trick}: {other:?}"),
            }
        }
    }
}

#[test]
fn names_in_longer_records_are_checked_as_well() {
    let pax = b"20 path=../../x.xml\n";
    let by_pax = gzip(&[
        tar_entry(EntryType::XHeader, b"pax", pax),
        tar_entry(EntryType::Regular, b"ok.xml", b"x"),
    ]);
    let by_gnu = gzip(&[
        tar_entry(EntryType::GNULongName, b"././@LongLink", b"../../x.xml\0"),
        tar_entry(EntryType::Regular, b"ok.xml", b"x"),
    ]);
    for archive in [by_pax, by_gnu] {
        let result = read_tar(&archive);
        assert!(
            matches!(&result, Err(OpenError::Name { name, .. }) if name == "../../x.xml"),
            "{result:?}"
        );
    }
}

#[test]
fn a_size_outside_the_header_is_refused() {
    let archive = gzip(&[
        tar_entry(EntryType::XHeader, b"pax", b"12 size=512\n"),
        tar_entry(EntryType::Regular, b"a.xml", b""),
    ]);
    assert!(matches!(read_tar(&archive), Err(OpenError::Archive(_))));
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let files = [("a.xml", b"<a/>"), ("b.xml", b"<b/>")].map(|(n, b)| (n.to_owned(), b.to_vec()));
    let mut archive = archive(ArchiveFormat::Zip, &files);
    let mut renamed = 0;
    for at in 0..archive.len() - 5 {
        if archive[at..at + 5] == *b"b.xml" {
            archive[at] = b'a';
            renamed += 1;
        }
    }
    assert_eq!(renamed, 2, "in the local header and in the directory");
    assert!(matches!(read_zip(&archive), Err(OpenError::Archive(_))));

    let entry = tar_entry(EntryType::Regular, b"a.xml", b"x");
    let result = read_tar(&gzip(&[entry.clone(), entry]));
    assert!(matches!(result, Err(OpenError::Name { flaw: NameFlaw::Twice, .. })), "{result:?}");
}

#[test]
fn links_and_devices_are_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let archive = writer.finish().unwrap().into_inner();
    assert!(matches!(read_zip(&archive), Err(OpenError::NotAFile { name }) if name == "link"));

    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Fifo] {
        let archive = gzip(&[tar_entry(kind, b"link", b"")]);
        assert!(matches!(read_tar(&archive), Err(OpenError::NotAFile { name }) if name == "link"));
    }
}

#[test]
fn folders_are_passed_over() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory("2026", SimpleFileOptions::default()).unwrap();
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    writer.start_file("2026/a.xml", stored).unwrap();
    writer.write_all(b"x").unwrap();
    let zip = writer.finish().unwrap().into_inner();
    let tar = gzip(&[
        tar_entry(EntryType::Directory, b"2026/", b""),
        tar_entry(EntryType::Regular, b"2026/a.xml", b"x"),
    ]);
    let expected = vec![("2026/a.xml".to_owned(), b"x".to_vec())];
    assert_eq!(read_zip(&zip).unwrap(), expected);
    assert_eq!(read_tar(&tar).unwrap(), expected);

    let tar = gzip(&[tar_entry(EntryType::Directory, b"../up/", b"")]);
    assert!(matches!(read_tar(&tar), Err(OpenError::Name { .. })));
}

#[test]
fn an_entry_that_expands_too_far_is_refused_before_it_does() {
    let files = vec![("zeros.xml".to_owned(), vec![0; 8 << 20])];
    let key = key();
    let limits = PackLimits::v2().entry_bytes(u64::MAX);
    for format in FORMATS {
        let packer = Packer::new(&key, limits).format(format).level(Level::BALANCED);
        let (summary, parts) = packed(&packer, &files);
        let archive = archive_of(&summary, &parts);
        assert!(archive.len() < 40_000);
        let refused = read_all(format, &archive, &OpenLimits::default());
        match (format, refused) {
            (ArchiveFormat::Zip, Err(OpenError::TooLarge { name })) => {
                assert_eq!(name, "zeros.xml");
            }
            (ArchiveFormat::TarGz, Err(OpenError::Entry { name, source })) => {
                assert_eq!(name, "zeros.xml");
                assert!(source.to_string().contains("beyond its limit"));
            }
            (_, other) => panic!("{:?}", other.map(|files| files.len())),
        }
        let allowed = OpenLimits::default().ratio(2_000);
        assert_eq!(read_all(format, &archive, &allowed).unwrap(), files);
    }
}

#[test]
fn a_tar_archive_cannot_ask_for_memory_by_a_long_name_or_by_padding() {
    let long = tar_entry(EntryType::GNULongName, b"././@LongLink", &vec![b'a'; 1 << 20]);
    assert!(matches!(read_tar(&gzip(&[long])), Err(OpenError::Archive(_))));

    let mut padded = tar_entry(EntryType::Regular, b"a.xml", b"x");
    padded.resize(16 << 20, 0);
    assert!(matches!(read_tar(&gzip(&[padded])), Err(OpenError::Archive(_))));
}

/// Says how many bytes were read of an archive.
struct Counted<'a> {
    archive: Cursor<&'a [u8]>,
    count: &'a mut usize,
}

impl io::Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.archive.read(buffer)?;
        *self.count += count;
        Ok(count)
    }
}

impl io::Seek for Counted<'_> {
    fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
        self.archive.seek(position)
    }
}

#[test]
fn a_directory_longer_than_its_entries_need_is_not_read_to_its_end() {
    let files: Vec<_> = (0..60_000).map(|number| (format!("{number}.xml"), Vec::new())).collect();
    let key = key();
    let packer = Packer::new(&key, PackLimits::v2().entries(u64::MAX));
    let (summary, parts) = packed(&packer, &files);
    let archive = archive_of(&summary, &parts);
    let directory = files.len() * 55;

    let mut count = 0;
    let limits = OpenLimits::default().entries(10);
    let source = Counted { archive: Cursor::new(&archive), count: &mut count };
    let refused = read_entries(ArchiveFormat::Zip, source, &limits, |_, _| Ok(()));
    assert!(matches!(refused, Err(OpenError::TooManyEntries { limit: 10 })), "{refused:?}");
    assert!(count < directory / 2, "{count} of {directory} bytes were read");

    let enough = OpenLimits::default().entries(60_000);
    let taken = read_entries(ArchiveFormat::Zip, Cursor::new(&archive), &enough, |_, _| Ok(()));
    assert_eq!(taken.unwrap(), 60_000);
}

#[test]
fn an_entry_that_says_less_or_more_than_it_holds_is_damaged() {
    let files = [("a.xml".to_owned(), vec![b'x'; 1_000])];
    let archive = archive(ArchiveFormat::Zip, &files);
    let directory = archive.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    for size in [999_u32, 1_001] {
        let mut lying = archive.clone();
        lying[22..26].copy_from_slice(&size.to_le_bytes());
        lying[directory + 24..directory + 28].copy_from_slice(&size.to_le_bytes());
        let result = read_zip(&lying);
        assert!(matches!(&result, Err(OpenError::Entry { name, .. }) if name == "a.xml"));
    }
}

#[test]
fn an_encrypted_entry_is_refused() {
    let mut archive = archive(ArchiveFormat::Zip, &invoices(1));
    let directory = archive.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    archive[6] |= 1;
    archive[directory + 8] |= 1;
    assert!(matches!(read_zip(&archive), Err(OpenError::Entry { name, .. }) if name == "fa-0.xml"));
}

#[test]
fn a_stream_whose_checksum_is_wrong_is_damaged() {
    let mut archive = archive(ArchiveFormat::TarGz, &invoices(3));
    let checksum = archive.len() - 8;
    archive[checksum] ^= 1;
    assert!(matches!(read_tar(&archive), Err(OpenError::Archive(_))));
}
