//! Our archives under the eyes of other programs.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use ksef_crypto::package::{
    ArchiveFormat, Entry, MemoryParts, PackLimits, Packer, PartLimit, SealedPart, unseal,
};
use ksef_crypto::seal::SessionKey;
use tempfile::TempDir;

use crate::oracle;

type Files = BTreeMap<String, Vec<u8>>;

fn key() -> SessionKey {
    SessionKey::from_random([0x5a; 48])
}

fn files() -> Files {
    let mut files: Files = (0..300)
        .map(|index| {
            (format!("fa-{index:03}.xml"), format!("<Faktura>{index}</Faktura>").repeat(index))
        })
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    files.insert("zażółć gęślą jaźń.xml".to_owned(), b"<Faktura/>".to_vec());
    files.insert("a".repeat(124) + ".xml", b"<Faktura/>".to_vec());
    files
}

/// Packs the files and puts the plain archive into a folder.
fn archive(files: &Files, format: ArchiveFormat, name: &str) -> TempDir {
    let key = key();
    let limits = PackLimits::v2().entries(u64::MAX).part(PartLimit::Plain(30_000_000));
    let mut sink = MemoryParts::new();
    let entries = files.iter().map(|(name, bytes)| Entry::bytes(name.clone(), bytes));
    let packer = Packer::new(&key, limits).format(format);
    let summary = packer.pack(entries, &mut sink).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let mut store = std::fs::File::create(folder.path().join(name)).unwrap();
    let parts = sink.parts().iter().map(|(part, bytes)| SealedPart::new(part, bytes.as_slice()));
    assert_eq!(unseal(&key, parts, &mut store).unwrap(), summary.archive);
    folder
}

/// The files in a folder, except the archive itself.
fn unpacked(folder: &Path) -> Files {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap()))
        .collect()
}

#[test]
fn unzip_finds_every_entry_in_order() {
    if !oracle::is_installed("unzip") {
        return;
    }
    let files = files();
    let folder = archive(&files, ArchiveFormat::Zip, "package.zip");
    let package = folder.path().join("package.zip");
    let tested = oracle::output(Command::new("unzip").arg("-tq").arg(&package));
    assert!(tested.contains("No errors detected"), "{tested}");

    let target = tempfile::tempdir().unwrap();
    oracle::output(
        Command::new("unzip").arg("-q").arg(&package).current_dir(&target).env("LC_ALL", "C.UTF-8"),
    );
    assert_eq!(unpacked(target.path()), files);
}

/// Tests the archive with Python and prints the number of entries, the names of those that are
/// damaged, and the flags, methods, times and attributes that occur.
const LOOK: &str = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    entries = archive.infolist()
    print(len(entries), archive.testzip())
    print(sorted({(e.flag_bits, e.compress_type, e.date_time, e.external_attr) for e in entries}))
";

#[test]
fn python_finds_equal_headers_in_every_entry() {
    if !oracle::is_installed("python3") {
        return;
    }
    let files = files();
    let folder = archive(&files, ArchiveFormat::Zip, "package.zip");
    let package = folder.path().join("package.zip");
    let look = oracle::output(Command::new("python3").args(["-c", LOOK]).arg(package));
    let mode = 0o100_644_u32 << 16;
    assert_eq!(look, format!("302 None\n[(2048, 8, (1980, 1, 1, 0, 0, 0), {mode})]\n"));
}

#[test]
fn an_archive_of_more_entries_than_the_old_format_counts_is_read_by_others() {
    if !oracle::is_installed("python3") || !oracle::is_installed("unzip") {
        return;
    }
    let files: Files = (0..70_000).map(|i| (format!("{i}.xml"), b"<Faktura/>".to_vec())).collect();
    let folder = archive(&files, ArchiveFormat::Zip, "package.zip");
    let package = folder.path().join("package.zip");
    let look = oracle::output(Command::new("python3").args(["-c", LOOK]).arg(&package));
    assert!(look.starts_with("70000 None\n"), "{look}");
    let tested = oracle::output(Command::new("unzip").arg("-tq").arg(&package));
    assert!(tested.contains("No errors detected"), "{tested}");
}

#[test]
fn tar_lists_and_unpacks_every_entry() {
    if !oracle::is_installed("tar") {
        return;
    }
    let files = files();
    let folder = archive(&files, ArchiveFormat::TarGz, "package.tar.gz");
    let package = folder.path().join("package.tar.gz");
    let listed =
        oracle::output(Command::new("tar").args(["--quoting-style=literal", "-tzf"]).arg(&package));
    assert!(listed.lines().eq(files.keys()), "{listed}");

    let target = tempfile::tempdir().unwrap();
    oracle::output(Command::new("tar").arg("-xzf").arg(&package).current_dir(&target));
    assert_eq!(unpacked(target.path()), files);
}

#[test]
fn openssl_opens_every_part() {
    if !oracle::is_installed("openssl") {
        return;
    }
    let (key, folder) = (key(), tempfile::tempdir().unwrap());
    let mut sink = MemoryParts::new();
    let limits = PackLimits::v1().part(PartLimit::Sealed(8_192));
    let files = files();
    let entries = files.iter().map(|(name, bytes)| Entry::bytes(name.clone(), bytes));
    Packer::new(&key, limits).pack(entries, &mut sink).unwrap();
    assert!(sink.parts().len() > 3);

    let mut archive = Vec::new();
    for (part, bytes) in sink.parts() {
        let (sealed, plain) = (folder.path().join("sealed"), folder.path().join("plain"));
        std::fs::write(&sealed, bytes).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args(["enc", "-d", "-aes-256-cbc", "-K", &hex(key.expose_key())]);
        openssl.args(["-iv", &hex(key.iv())]).arg("-in").arg(&sealed).arg("-out").arg(&plain);
        oracle::output(&mut openssl);
        let listed = oracle::output(Command::new("openssl").args(["dgst", "-sha256"]).arg(&sealed));
        assert!(listed.trim_end().ends_with(&hex(&part.sealed.sha256)), "{listed}");
        archive.extend_from_slice(&std::fs::read(&plain).unwrap());
    }
    let parts = sink.parts().iter().map(|(part, bytes)| SealedPart::new(part, bytes.as_slice()));
    let mut opened = Vec::new();
    unseal(&key, parts, &mut opened).unwrap();
    assert!(opened == archive, "openssl and we see the same archive");
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
