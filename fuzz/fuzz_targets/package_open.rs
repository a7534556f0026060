//! Archives of strangers: what comes out stays below its folder and within its limits; what was
//! packed comes out as it went in; no changed part is opened.
//!
//! The first byte tells what the rest is: `z` a ZIP archive, `t` a tar.gz archive, anything else
//! the description of a package that is made here and then changed.

#![cfg_attr(fuzzing, no_main)]

use std::{collections::HashSet, io::Cursor};

use arbitrary::{Arbitrary, Unstructured};
use ksef_crypto::{
    package::{
        ArchiveFormat, Entry, MemoryParts, OpenError, OpenLimits, PackLimits, Packer, PartSummary,
        SealedPart, open_package, read_entries, unseal,
    },
    seal::SessionKey,
};
use libfuzzer_sys::fuzz_target;

const ENTRIES: u64 = 20;
const ENTRY_BYTES: u64 = 64 * 1024;
const TOTAL_BYTES: u64 = 256 * 1024;

/// A package, and what happens to it.
#[derive(Arbitrary, Debug)]
struct Plan {
    gzip: bool,
    files: Vec<(String, Vec<u8>)>,
    /// Bits that are turned over in the archive, by their place.
    archive: Vec<u16>,
    /// Bits that are turned over in the sealed part.
    sealed: Vec<u16>,
}

fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((b'z', archive)) => open(ArchiveFormat::Zip, archive),
        Some((b't', archive)) => open(ArchiveFormat::TarGz, archive),
        Some((_, rest)) => {
            if let Ok(plan) = Plan::arbitrary_take_rest(Unstructured::new(rest)) {
                pack(&plan);
            }
        }
        None => {}
    }
});

fn open(format: ArchiveFormat, archive: &[u8]) {
    let limits =
        OpenLimits::default().entries(ENTRIES).entry_bytes(ENTRY_BYTES).total_bytes(TOTAL_BYTES);
    let (mut names, mut total) = (HashSet::new(), 0);
    let outcome = read_entries(format, Cursor::new(archive), &limits, |name, content| {
        assert!(stays_below(name), "{name:?}");
        assert!(names.insert(name.to_owned()), "{name:?} comes twice");
        assert!(content.len() as u64 <= ENTRY_BYTES);
        total += content.len() as u64;
        Ok(())
    });
    assert!(total <= TOTAL_BYTES && names.len() as u64 <= ENTRIES);
    if let Ok(count) = outcome {
        assert_eq!(count, names.len() as u64);
    }
}

fn stays_below(name: &str) -> bool {
    let forbidden = |c: char| c.is_control() || matches!(c, '\\' | ':');
    !name.is_empty()
        && name.len() <= 1024
        && !name.chars().any(forbidden)
        && name.split('/').all(|folder| !matches!(folder, "" | "." | ".."))
}

fn pack(plan: &Plan) {
    let key = SessionKey::from_random([7; 48]);
    let format = if plan.gzip { ArchiveFormat::TarGz } else { ArchiveFormat::Zip };
    let entries: Vec<_> =
        plan.files.iter().map(|(name, bytes)| Entry::bytes(name, bytes)).collect();
    let mut sink = MemoryParts::new();
    if Packer::new(&key, PackLimits::v2()).format(format).pack(entries, &mut sink).is_err() {
        return;
    }
    let [(part, sealed)] = sink.parts() else { panic!("so little is one part") };
    assert_eq!(opened(&key, format, part, sealed).expect("an own package opens"), plan.files);

    let mut changed = sealed.clone();
    turn_over(&mut changed, &plan.sealed);
    assert_eq!(opened(&key, format, part, &changed).is_ok(), changed == *sealed);

    let mut archive = Vec::new();
    unseal(&key, [SealedPart::new(part, sealed.as_slice())], &mut archive).expect("it is ours");
    turn_over(&mut archive, &plan.archive);
    open(format, &archive);
}

fn opened(
    key: &SessionKey,
    format: ArchiveFormat,
    part: &PartSummary,
    sealed: &[u8],
) -> Result<Vec<(String, Vec<u8>)>, OpenError> {
    let (mut files, mut store) = (Vec::new(), Cursor::new(Vec::new()));
    let parts = [SealedPart::new(part, sealed)];
    // Whatever was packed here may come out again, however well it was compressed.
    let limits = OpenLimits::default().ratio(u64::MAX);
    open_package(key, parts, format, &limits, &mut store, |name, content| {
        files.push((name.to_owned(), content.to_vec()));
        Ok(())
    })?;
    Ok(files)
}

fn turn_over(bytes: &mut [u8], places: &[u16]) {
    for place in places.iter().map(|place| usize::from(*place)) {
        let at = (place / 8) % bytes.len();
        bytes[at] ^= 1 << (place % 8);
    }
}
