//! What packing costs, against the way of another crate and against the floor.
//!
//! The other crate is `ksef` 0.7.3 from crates.io, whose steps are repeated here with the libraries
//! of this workspace: a ZIP archive in memory, on one thread and at the default level (6, by
//! zlib-rs), hashed with `sha2`; as many parts of equal length as fit into 100 MB each, every one
//! of them copied, copied again, encrypted into another buffer and hashed; all kept in memory.
//! That crate has `zip` 8, `sha2` 0.10 and `cbc` 0.1; here they are a release younger.
//! The floor is the bare work of the same libraries, without an archive around it: each invoice
//! through libdeflate at the same level and CRC-32, the outcome once through SHA-256, AES-CBC and
//! SHA-256 again; divided by the number of threads.
//! The memory is that of a process that packs 5 GB and does nothing else.

use std::hint::black_box;
use std::io::{Cursor, Write as _};
use std::process::Command;
use std::time::Duration;

use aes::Aes256;
use aws_lc_rs::digest::{Context, SHA256};
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use common_core::clock::{Clock as _, SystemClock};
use ksef_crypto::package::{Entry, NoParts, PackLimits, Packer};
use ksef_crypto::seal::SessionKey;
use libdeflater::{CompressionLvl, Compressor};
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

#[path = "packing/invoices.rs"]
mod invoices;
#[path = "packing/memory.rs"]
mod memory;

/// Invoices of a full run, and of a look.
const FULL: usize = 100_000;
const LOOK: usize = 50;

/// Bytes of the archive that the other crate puts into a part at most.
const OTHER_PART: usize = 100_000_000;

/// Asks this program to pack only, and to say how much memory it took.
const MEMORY: &str = "--memory";
const GIGABYTES: u64 = 5;
/// The memory that packing may take, in MiB.
const MEMORY_GOAL: f64 = 96.0;

/// Bytes that the floor hashes and encrypts at a time.
const PIECE: usize = 64 * 1024;

type Files = Vec<(String, Vec<u8>)>;

/// Packs with this crate; gives the size of the archive.
fn packed(key: &SessionKey, files: &Files) -> u64 {
    let limits = PackLimits::v2().entries(u64::MAX);
    let entries = files.iter().map(|(name, bytes)| Entry::bytes(name.clone(), bytes));
    let packed = Packer::new(key, limits).pack(entries, &mut NoParts);
    packed.map_or(0, |summary| summary.archive.size)
}

/// The way of `ksef` 0.7.3; gives the size of the archive.
fn other_way(key: &SessionKey, files: &Files) -> u64 {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        if writer.start_file(name.as_str(), options).is_err() || writer.write_all(bytes).is_err() {
            return 0;
        }
    }
    let Ok(archive) = writer.finish() else { return 0 };
    let archive = archive.into_inner();
    black_box(Sha256::digest(&archive));
    let count = archive.len().div_ceil(OTHER_PART).max(1);
    let parts: Vec<_> = archive.chunks(archive.len().div_ceil(count)).map(<[u8]>::to_vec).collect();
    let seal = |part: Vec<u8>| {
        let copy = part.clone();
        let cipher = cbc::Encryptor::<Aes256>::new(key.expose_key().into(), key.iv().into());
        let sealed = cipher.encrypt_padded_vec::<Pkcs7>(&copy);
        (Sha256::digest(&sealed), sealed)
    };
    black_box(parts.into_iter().map(seal).collect::<Vec<_>>());
    archive.len() as u64
}

/// The bare work on one thread, in pieces that stay in the cache; gives the size of the outcome.
fn floor(key: &SessionKey, files: &Files) -> u64 {
    let Ok(level) = CompressionLvl::new(1) else { return 0 };
    let mut compressor = Compressor::new(level);
    let (mut archive, mut sealed) = (Context::new(&SHA256), Context::new(&SHA256));
    let (mut piece, mut out) = (Vec::new(), Vec::new());
    let mut size = 0;
    for (index, (_, bytes)) in files.iter().enumerate() {
        out.resize(compressor.deflate_compress_bound(bytes.len()), 0);
        black_box(crc32fast::hash(bytes));
        let Ok(packed) = compressor.deflate_compress(bytes, &mut out) else { return 0 };
        piece.extend_from_slice(&out[..packed]);
        if piece.len() < PIECE && index + 1 < files.len() {
            continue;
        }
        size += piece.len();
        archive.update(&piece);
        let length = piece.len();
        piece.resize(length + 16, 0);
        let cipher = cbc::Encryptor::<Aes256>::new(key.expose_key().into(), key.iv().into());
        let Ok(encrypted) = cipher.encrypt_padded::<Pkcs7>(&mut piece, length) else { return 0 };
        sealed.update(encrypted);
        piece.clear();
    }
    black_box((archive.finish(), sealed.finish()));
    size as u64
}

/// The shortest time of some, and what the work gave.
#[derive(Clone, Copy, Default)]
struct Run {
    time: Option<Duration>,
    size: u64,
}

impl Run {
    fn again(&mut self, work: impl FnOnce() -> u64) {
        let clock = SystemClock::new();
        let start = clock.tick();
        self.size = work();
        let time = clock.tick().since(start);
        self.time = Some(self.time.map_or(time, |best| best.min(time)));
        assert!(self.size > 0, "the work must succeed to count");
    }

    fn seconds(&self) -> f64 {
        self.time.unwrap_or_default().as_secs_f64()
    }
}

/// Prints a figure in the one form that scripts read.
#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn row(figure: &str, value: &str, ratio: f64, reference: &str, goal: &str) {
    println!("{figure}: {value}, {ratio:.3} of {reference} (goal {goal})");
}

/// What the process for memory has to say: its peak in KiB.
#[expect(clippy::print_stdout, reason = "the process that asked reads it")]
fn say_peak() {
    if memory::pack(GIGABYTES).is_ok()
        && let Some(peak) = memory::peak_kib()
    {
        println!("{peak}");
    }
}

/// Starts this program for memory and gives its peak in MiB.
fn measured_peak() -> Option<f64> {
    let program = std::env::current_exe().ok()?;
    let output = Command::new(program).arg(MEMORY).output().ok()?;
    let kib: f64 = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
fn main() {
    if std::env::args().any(|argument| argument == MEMORY) {
        return say_peak();
    }
    // `cargo test --benches` runs this file without `--bench`: then a look is enough.
    let is_full = std::env::args().any(|argument| argument == "--bench");
    let mut generator = invoices::Invoices::new(7);
    let count = if is_full { FULL } else { LOOK };
    let files: Files = (0..count).map(|_| generator.next()).collect();
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let key = SessionKey::from_random([7; 48]);
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let (Ok(one), Ok(two)) = (pool(1), pool(2)) else { return };

    // The ways take turns, so that a busy moment of the machine meets all of them.
    let [mut on_one, mut on_two, mut bare, mut other] = [Run::default(); 4];
    for _ in 0..if is_full { 5 } else { 1 } {
        on_one.again(|| one.install(|| packed(&key, &files)));
        on_two.again(|| two.install(|| packed(&key, &files)));
        bare.again(|| floor(&key, &files));
        other.again(|| other_way(&key, &files));
    }

    let rate = |run: &Run| format!("{:.0} MB/s", bytes as f64 / 1e6 / run.seconds());
    let floor_of = |threads: f64| bare.seconds() / threads;
    let ratio = on_one.seconds() / floor_of(1.0);
    row("packing, 1 thread", &rate(&on_one), ratio, "the floor's time", "<= 1.2");
    let ratio = on_two.seconds() / floor_of(2.0);
    row("packing, 2 threads", &rate(&on_two), ratio, "half the floor's time", "<= 1.2");
    let (ratio, theirs) = (other.seconds() / on_two.seconds(), rate(&other));
    let reference = format!("the speed of the way of ksef 0.7.3 ({theirs})");
    row("packing, 2 threads, against ksef", &rate(&on_two), ratio, &reference, ">= 4");
    let ratio = on_two.size as f64 / other.size as f64;
    let size = format!("{} bytes", on_two.size);
    row("size of the package", &size, ratio, "that of ksef 0.7.3", "<= 1.05");
    // Only where the system tells it, and only optimised.
    if let Some(peak) = is_full.then(measured_peak).flatten() {
        let figure = format!("peak memory of packing {GIGABYTES} GB");
        let reference = format!("{MEMORY_GOAL} MiB");
        row(&figure, &format!("{peak:.1} MiB"), peak / MEMORY_GOAL, &reference, "<= 1");
    }
}
