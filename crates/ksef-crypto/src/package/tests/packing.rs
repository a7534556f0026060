//! What comes out of a packer, and when it stops.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::seal::{Measure, sealed_size};

/// A sink that fails in part 2, or remembers which parts it got.
#[derive(Default)]
struct Notes {
    fail_in: Option<u32>,
    begun: Vec<u32>,
    finished: BTreeMap<u32, Measure>,
}

impl PartSink for Notes {
    fn begin(&mut self, ordinal: u32) -> io::Result<()> {
        self.begun.push(ordinal);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        assert!(!bytes.is_empty());
        if self.fail_in == self.begun.last().copied() {
            return Err(io::Error::other("disk full"));
        }
        Ok(())
    }

    fn finish(&mut self, part: &PartSummary) -> io::Result<()> {
        self.finished.insert(part.ordinal, part.sealed);
        Ok(())
    }
}

#[test]
fn equal_entries_give_equal_bytes_on_any_number_of_threads() {
    let (key, files) = (key(), invoices(3000));
    for format in FORMATS {
        let packer = Packer::new(&key, PackLimits::v2().part(PartLimit::Plain(100_000)));
        let packer = packer.format(format);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| packed(&packer, &files))
        };
        let (summary, parts) = on(1);
        assert!(parts.len() > 5, "the package is large enough to matter");
        assert_eq!(on(4), (summary, parts));
    }
}

#[test]
fn a_summary_measures_the_archive_and_each_encrypted_part() {
    let (key, files) = (key(), invoices(200));
    let limit = 10_000;
    let packer = Packer::new(&key, PackLimits::v2().part(PartLimit::Plain(limit)));
    let (summary, parts) = packed(&packer, &files);
    assert_eq!(summary.entries, 200);
    let archive = archive_of(&summary, &parts);
    assert_eq!(summary.archive, Measure::of(&archive));
    let chunks: Vec<_> = archive.chunks(usize::try_from(limit).unwrap()).collect();
    assert_eq!(parts.len(), chunks.len());
    for ((part, bytes), (chunk, ordinal)) in
        summary.parts.iter().zip(&parts).zip(chunks.iter().zip(1..))
    {
        assert_eq!(part.ordinal, ordinal);
        assert_eq!(part.sealed, Measure::of(bytes));
        assert_eq!(part.sealed.size, sealed_size(chunk.len() as u64));
        assert_eq!(crate::seal::open(&key, bytes).unwrap(), *chunk, "each part opens on its own");
    }
}

#[test]
fn a_part_measured_after_encryption_keeps_its_limit() {
    let (key, files) = (key(), invoices(100));
    let packer = Packer::new(&key, PackLimits::v1().part(PartLimit::Sealed(4_096)));
    let (summary, parts) = packed(&packer, &files);
    let (last, others) = parts.split_last().unwrap();
    assert!(others.iter().all(|part| part.len() == 4_096), "as much as fits");
    assert!(last.len() <= 4_096);
    assert_eq!(archive_of(&summary, &parts).len() as u64, summary.archive.size);
}

#[test]
fn an_archive_that_fills_its_last_part_has_no_empty_one_behind() {
    let (key, files) = (key(), invoices(10));
    let whole = packed(&Packer::new(&key, PackLimits::v2()), &files).0;
    assert_eq!(whole.parts.len(), 1);
    let size = whole.archive.size;
    let cut_at = |bytes| {
        packed(&Packer::new(&key, PackLimits::v2().part(PartLimit::Plain(bytes))), &files).0
    };
    assert_eq!(cut_at(size).parts.len(), 1);
    assert_eq!(cut_at(size - 1).parts.len(), 2);
}

#[test]
fn the_limits_hold_to_the_byte() {
    let (key, files) = (key(), invoices(50));
    let pack = |limits: PackLimits| Packer::new(&key, limits).pack(entries(&files), &mut NoParts);
    let size = pack(PackLimits::v2()).unwrap().archive.size;

    assert!(pack(PackLimits::v2().archive_bytes(size)).is_ok());
    let error = pack(PackLimits::v2().archive_bytes(size - 1)).unwrap_err();
    assert!(matches!(error, PackError::ArchiveTooLarge { limit } if limit == size - 1));

    let in_parts = PackLimits::v2().part(PartLimit::Plain(size.div_ceil(7)));
    assert_eq!(pack(in_parts.parts(7)).unwrap().parts.len(), 7);
    let error = pack(in_parts.parts(6)).unwrap_err();
    assert!(matches!(error, PackError::TooManyParts { limit: 6 }));

    assert!(pack(PackLimits::v2().entries(50)).is_ok());
    let error = pack(PackLimits::v2().entries(49)).unwrap_err();
    assert!(matches!(error, PackError::TooManyEntries { limit: 49 }));
}

#[test]
fn an_entry_may_be_as_large_as_the_limit_and_no_larger() {
    let key = key();
    let packer = Packer::new(&key, PackLimits::v2().entry_bytes(1_000));
    let content = vec![b'x'; 1_001];
    for (size, fits) in [(1_000, true), (1_001, false)] {
        let content = &content[..size];
        let given = Entry::bytes("a.xml", content);
        let read = Entry::reader("a.xml", content);
        for entry in [given, read] {
            match packer.pack([entry], &mut NoParts) {
                Ok(summary) => assert!(fits && summary.entries == 1),
                Err(PackError::EntryTooLarge { name, limit: 1_000 }) => {
                    assert!(!fits && name == "a.xml");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn the_limits_of_both_generations_are_the_published_ones() {
    let (one, two) = (PackLimits::v1(), PackLimits::v2());
    assert_eq!((one.parts, one.part), (100, PartLimit::Sealed(50 * 1024 * 1024)));
    assert_eq!((two.parts, two.part), (50, PartLimit::Plain(100_000_000)));
    assert_eq!((two.archive_bytes, two.entries), (5_000_000_000, 10_000));
}

#[test]
fn a_package_of_nothing_is_refused() {
    let key = key();
    for format in FORMATS {
        let packer = Packer::new(&key, PackLimits::v2()).format(format);
        let mut sink = Notes::default();
        assert!(matches!(packer.pack([], &mut sink), Err(PackError::Empty)));
        assert!(sink.begun.is_empty());
    }
}

#[test]
fn names_that_are_no_plain_file_names_or_come_twice_are_refused() {
    let key = key();
    let packer = Packer::new(&key, PackLimits::v2());
    let refused = |names: &[&str]| {
        let entries = names.iter().map(|name| Entry::bytes(*name, b"<Faktura/>"));
        match packer.pack(entries, &mut NoParts) {
            Err(PackError::Name { name, flaw }) => (name, flaw),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&["ok.xml", "../x.xml"]).1, NameFlaw::NotBelow);
    assert_eq!(refused(&[".."]).1, NameFlaw::LeadsOut);
    assert_eq!(refused(&["a.xml", "b.xml", "a.xml"]), ("a.xml".to_owned(), NameFlaw::Twice));
}

#[test]
fn an_entry_that_cannot_be_read_is_named() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("cable cut"))
        }
    }
    let key = key();
    let given = [Entry::bytes("a.xml", b"<a/>"), Entry::reader("b.xml", Broken)];
    match Packer::new(&key, PackLimits::v2()).pack(given, &mut NoParts) {
        Err(PackError::Read { name, source }) => {
            assert_eq!((name.as_str(), source.to_string().as_str()), ("b.xml", "cable cut"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sink_that_fails_stops_packing_and_its_part_is_named() {
    let (key, files) = (key(), invoices(100));
    let packer = Packer::new(&key, PackLimits::v2().part(PartLimit::Plain(2_000)));
    let mut sink = Notes { fail_in: Some(2), ..Notes::default() };
    match packer.pack(entries(&files), &mut sink) {
        Err(PackError::Sink { ordinal, source }) => {
            assert_eq!((ordinal, source.to_string().as_str()), (2, "disk full"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(sink.begun, [1, 2]);
    assert_eq!(sink.finished.len(), 1);
}

#[test]
fn packing_tells_how_far_it_is() {
    let (key, files) = (key(), invoices(6_000));
    let packer = Packer::new(&key, PackLimits::v2());
    let mut seen: Vec<Progress> = Vec::new();
    let observe = |progress| {
        seen.push(progress);
        ControlFlow::Continue(())
    };
    let summary = packer.pack_observed(entries(&files), &mut NoParts, observe).unwrap();
    assert!(seen.len() > 3, "{} events", seen.len());
    assert!(seen.is_sorted_by_key(|progress| (progress.entries, progress.archive_bytes)));
    let last = seen.last().unwrap();
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!((last.entries, last.entry_bytes), (6_000, bytes as u64));
    assert!(last.archive_bytes < summary.archive.size, "the directory is still to come");
}

#[test]
fn packing_stops_when_the_observer_says_so() {
    let (key, files) = (key(), invoices(6_000));
    let packer = Packer::new(&key, PackLimits::v2());
    let taken = AtomicU32::new(0);
    let counted = entries(&files).inspect(|_| {
        taken.fetch_add(1, Ordering::Relaxed);
    });
    let mut sink = Notes::default();
    let result = packer.pack_observed(counted, &mut sink, |progress| {
        if progress.entries > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(result, Err(PackError::Cancelled)));
    assert!(taken.into_inner() < 6_000, "the rest of the entries was not asked for");
    assert_eq!(sink.begun, [1]);
    assert!(sink.finished.is_empty(), "a part that was begun is not whole");
}

#[test]
fn packing_again_gives_what_was_announced_and_leaves_out_what_is_done() {
    let (key, files) = (key(), invoices(300));
    let limits = PackLimits::v2().part(PartLimit::Plain(5_000));
    let announced = Packer::new(&key, limits).pack(entries(&files), &mut NoParts).unwrap();
    assert!(announced.parts.len() > 4);

    let (all, done) = (&announced.parts, &announced.parts[..3]);
    let rest: Vec<_> = announced.parts[3..].iter().map(|part| part.ordinal).collect();
    assert_eq!(rest[0], 4);
    for packer in [
        Packer::new(&key, limits).expect(all).skip(done),
        Packer::new(&key, limits).skip(done).expect(all),
    ] {
        let mut sink = Notes::default();
        assert_eq!(packer.pack(entries(&files), &mut sink).unwrap(), announced);
        assert_eq!(sink.begun, rest);
        for part in &announced.parts[3..] {
            assert_eq!(sink.finished[&part.ordinal], part.sealed);
        }
    }
}

#[test]
fn packing_other_entries_than_before_is_found_in_the_first_part_that_differs() {
    let (key, mut files) = (key(), invoices(300));
    let limits = PackLimits::v2().part(PartLimit::Plain(5_000));
    let announced = Packer::new(&key, limits).pack(entries(&files), &mut NoParts).unwrap();
    let changed = |files: &[(String, Vec<u8>)]| {
        let mut sink = Notes::default();
        let packer = Packer::new(&key, limits).expect(&announced.parts);
        match packer.pack(entries(files), &mut sink) {
            Err(PackError::PartChanged { ordinal }) => {
                assert!(
                    sink.finished.keys().all(|&part| part < ordinal),
                    "later parts did not go out"
                );
                ordinal
            }
            other => panic!("{other:?}"),
        }
    };
    let last = files.pop().unwrap();
    assert!(changed(&files) > 1);
    files.push(last);
    files[0].1[20] ^= 1;
    assert_eq!(changed(&files), 1);
}

#[test]
fn a_package_that_has_become_shorter_is_found_even_if_its_parts_agree() {
    let (key, files) = (key(), invoices(10));
    let packer = Packer::new(&key, PackLimits::v2());
    let mut known = packer.pack(entries(&files), &mut NoParts).unwrap().parts;
    known.push(PartSummary { ordinal: 2, ..known[0] });
    let error = packer.skip(&known).pack(entries(&files), &mut NoParts).unwrap_err();
    assert!(matches!(error, PackError::PartChanged { ordinal: 2 }));
}

#[test]
fn parts_go_to_writers_of_their_own() {
    let (key, files) = (key(), invoices(100));
    let folder = tempfile::tempdir().unwrap();
    let name = PackageName::new("faktury.zip").unwrap();
    let packer = Packer::new(&key, PackLimits::v2().part(PartLimit::Plain(5_000)));
    let mut sink = WriterParts::new(|ordinal| {
        std::fs::File::create_new(folder.path().join(name.part(ordinal))).map(io::BufWriter::new)
    });
    let summary = packer.pack(entries(&files), &mut sink).unwrap();
    for part in &summary.parts {
        let bytes = std::fs::read(folder.path().join(name.part(part.ordinal))).unwrap();
        assert_eq!(Measure::of(&bytes), part.sealed);
    }
}

#[test]
fn a_higher_level_makes_a_smaller_archive() {
    let (key, files) = (key(), invoices(100));
    assert_eq!((Level::new(0), Level::new(13)), (None, None));
    for format in FORMATS {
        let size = |level| {
            let packer = Packer::new(&key, PackLimits::v2()).format(format).level(level);
            packed(&packer, &files).0.archive.size
        };
        assert!(size(Level::new(12).unwrap()) < size(Level::FAST));
    }
}
