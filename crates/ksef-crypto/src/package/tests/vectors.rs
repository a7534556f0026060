//! Packages that other programs made.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::*;
use crate::seal::Measure;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

fn measure(size: &Value, sha256: &str) -> Measure {
    let sha256 = STANDARD.decode(sha256).unwrap().try_into().unwrap();
    Measure { size: size.as_u64().unwrap(), sha256 }
}

fn measured(value: &Value) -> Measure {
    measure(&value["size"], text(value, "sha256"))
}

fn unhex<const N: usize>(digits: &str) -> [u8; N] {
    let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap();
    assert_eq!(digits.len(), 2 * N);
    std::array::from_fn(byte)
}

#[test]
fn packages_of_other_programs_open() {
    let folder = repository().join("fixtures/ksef/vectors/package");
    let vectors = std::fs::read(folder.join("packages.json")).unwrap();
    let vectors: Value = serde_json::from_slice(&vectors).unwrap();
    let key = SessionKey::from_parts(unhex(text(&vectors, "key")), unhex(text(&vectors, "iv")));
    let expected: Vec<_> = vectors["entries"].as_array().unwrap().iter().collect();
    for package in vectors["packages"].as_array().unwrap() {
        let format = match text(package, "format") {
            "Zip" => ArchiveFormat::Zip,
            "TarGz" => ArchiveFormat::TarGz,
            other => panic!("no such format: {other}"),
        };
        let parts = package["parts"].as_array().unwrap().iter().zip(1..).map(|(part, ordinal)| {
            let sealed = measured(&part["sealed"]);
            let content = std::fs::File::open(folder.join(text(part, "file"))).unwrap();
            SealedPart { ordinal, sealed, plain: Some(measured(&part["plain"])), content }
        });
        let mut store = Cursor::new(Vec::new());
        let archive = unseal(&key, parts, &mut store).unwrap();
        assert_eq!(archive, measured(&package["archive"]));

        let opened = read_all(format, store.get_ref(), &OpenLimits::default()).unwrap();
        assert_eq!(opened.len(), expected.len());
        for ((name, content), entry) in opened.iter().zip(&expected) {
            assert_eq!(name, text(entry, "name"));
            assert_eq!(Measure::of(content), measured(entry), "{name}");
        }
    }
}

/// The package of the reference folder, where that folder is at hand.
#[test]
fn the_package_in_two_parts_of_the_reference_opens() {
    let folder = repository().join("../shared/reference/ksef-v1/samples/vectors");
    let Ok(vectors) = std::fs::read(folder.join("vectors.json")) else {
        eprintln!("skipped: {} is not at hand", folder.display());
        return;
    };
    let vectors: Value = serde_json::from_slice(&vectors).unwrap();
    let package = &vectors["batch_two_parts"];
    let key =
        SessionKey::from_parts(unhex(text(package, "key_hex")), unhex(text(package, "iv_hex")));
    let parts = package["parts"].as_array().unwrap().iter().zip(1..).map(|(part, ordinal)| {
        let hash = text(part, "encrypted_sha256_base64");
        let sealed = measure(&part["encrypted_size"], hash);
        let file = folder.join("batch-two-parts").join(text(part, "file"));
        SealedPart { ordinal, sealed, plain: None, content: std::fs::File::open(file).unwrap() }
    });
    let mut store = Cursor::new(Vec::new());
    let archive = unseal(&key, parts, &mut store).unwrap();
    assert_eq!(archive, measure(&package["zip_size"], text(package, "zip_sha256_base64")));
    let plain = std::fs::read(folder.join("batch-two-parts").join(text(package, "zip"))).unwrap();
    assert_eq!(*store.get_ref(), plain);

    let files = read_all(ArchiveFormat::Zip, &plain, &OpenLimits::default()).unwrap();
    assert!(!files.is_empty());
    assert!(
        files.iter().all(|(_, content)| content.windows(8).any(|window| window == b"Faktura>"))
    );

    // The same cut and the same key give the same sealed parts.
    let split = usize::try_from(package["split_at"].as_u64().unwrap()).unwrap();
    for (plain, part) in
        [&plain[..split], &plain[split..]].iter().zip(package["parts"].as_array().unwrap())
    {
        let sealed =
            std::fs::read(folder.join("batch-two-parts").join(text(part, "file"))).unwrap();
        assert_eq!(crate::seal::seal(&key, plain).bytes, sealed);
    }
}
