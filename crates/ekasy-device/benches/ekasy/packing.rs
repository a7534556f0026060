//! Packing documents, against compressing and writing the packages that came out of it.
//!
//! The reference knows where to cut: it builds the structure of each package, compresses it with
//! flate2, writes base64 and the request, once, and looks for nothing. What packing costs above
//! that are the attempts that did not fit and the window of documents that wait.

use std::{hint::black_box, io::Read as _, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ekasy_device::{
    ident::JpkId,
    packing::{DocumentKind, Frame, Item, Package, Packer, Plan, SealFailure, Sealer, Selection},
};
use flate2::{Compression, read::DeflateEncoder};
use serde_json::json;

use super::{Failure, medians};

/// Documents of a shipment when measured: a busy register's day.
const DOCUMENTS: u64 = 4_000;

/// The share of the reference's speed that packing must reach.
const GOAL: f64 = 0.60;

/// Compresses and writes base64; signing and encrypting take a small part of sealing.
struct Compressing;

impl Sealer for Compressing {
    fn seal(&mut self, plaintext: &[u8]) -> Result<String, SealFailure> {
        Ok(compress(plaintext)?)
    }
}

fn compress(plain: &[u8]) -> std::io::Result<String> {
    let mut compressed = Vec::new();
    DeflateEncoder::new(plain, Compression::default()).read_to_end(&mut compressed)?;
    Ok(BASE64_STANDARD.encode(compressed))
}

/// Measures and prints the figure.
pub(super) fn run(samples: usize) -> Result<(), Failure> {
    let documents = documents(if samples > 10 { DOCUMENTS } else { 400 })?;
    let packages = pack(&documents)?;
    let cuts: Vec<_> = packages
        .iter()
        .map(|package| package.range().map(|range| (range.first(), range.last())))
        .collect::<Option<_>>()
        .ok_or("every package has documents")?;
    let ours = || pack(&documents).map(|packages| drop(black_box(packages)));
    let theirs = || bare(&documents, &cuts).map(|bodies| drop(black_box(bodies)));
    assert_eq!(bare(&documents, &cuts)?.len(), packages.len(), "both must do the same work");
    let (work, reference) = medians(samples, ours, theirs)?;
    row(documents.len(), work, reference);
    Ok(())
}

/// Receipts with a signature that does not compress, as observed documents have one.
fn documents(count: u64) -> Result<Vec<(JpkId, Vec<u8>)>, Failure> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut documents = Vec::new();
    for number in 1..=count {
        let mut words = Vec::new();
        for _ in 0..32 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            words.push(format!("{state:016X}"));
        }
        let signature = words.concat();
        let goods = json!({"nazwa": format!("Towar {}", state % 997), "ilosc": "1",
                           "cena": state >> 48, "brutto": state >> 48, "idStPTU": "A"});
        let receipt = json!({"paragon": {"JPKID": number, "nrDok": number,
                                         "pozycja": [{"towar": goods}],
                                         "podpis": {"RSA": signature}}});
        documents.push((JpkId::new(number)?, receipt.to_string().into_bytes()));
    }
    Ok(documents)
}

fn pack(documents: &[(JpkId, Vec<u8>)]) -> Result<Vec<Package>, Failure> {
    let command = "DFD.ABC1700000017.2026-03-01T10:00:00.000Z".parse()?;
    let frame = Frame::new("{}", "{}")?;
    let plan = Plan::new(command, frame, Selection::scheduled("ALL".parse()?));
    let mut packer = Packer::new(plan, Compressing);
    let mut packages = Vec::new();
    for (id, bytes) in documents {
        let item = Item::Document { id: *id, kind: DocumentKind::Receipt, bytes };
        packages.extend(packer.push(item)?);
    }
    packages.extend(packer.finish()?);
    Ok(packages)
}

/// The same packages with known cuts.
fn bare(documents: &[(JpkId, Vec<u8>)], cuts: &[(JpkId, JpkId)]) -> Result<Vec<String>, Failure> {
    let mut bodies = Vec::new();
    for (first, last) in cuts {
        let mut structure = br#"{"JPK":{"naglowek":{},"podmiot1":{},"content":["#.to_vec();
        for (id, bytes) in documents {
            if first <= id && id <= last {
                structure.extend(bytes);
                structure.push(b',');
            }
        }
        structure.pop();
        structure.extend(b"]}}");
        let data = compress(&structure)?;
        bodies.push(json!({"packageNr": 0, "isLast": 1, "encryptedData": data}).to_string());
    }
    Ok(bodies)
}

#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn row(documents: usize, work: Duration, reference: Duration) {
    let speed = f64::from(u32::try_from(documents).unwrap_or(u32::MAX)) / work.as_secs_f64();
    let ratio = reference.as_secs_f64() / work.as_secs_f64();
    let reference = "compressing the same packages";
    println!(
        "packing documents: {speed:.0} documents/s, {ratio:.2} of {reference} (goal >= {GOAL:.2})"
    );
}
