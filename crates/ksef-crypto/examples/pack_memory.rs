//! Packs gigabytes of generated invoices into nowhere, and tells how much memory that took.
//!
//! ```text
//! cargo run --release -p ksef-crypto --example pack_memory -- 5
//! ```
//!
//! The figure is the process's own: the peak of its resident memory, from `/proc` (Linux).

#![expect(clippy::print_stdout, reason = "an example talks to the terminal")]

use std::error::Error;
use std::iter;

use ksef_crypto::package::{Entry, NoParts, PackLimits, Packer, PartLimit};
use ksef_crypto::seal::SessionKey;

#[path = "../benches/packing/invoices.rs"]
mod invoices;

fn main() -> Result<(), Box<dyn Error>> {
    let gigabytes: u64 = std::env::args().nth(1).map_or(Ok(1), |text| text.parse())?;
    let mut generator = invoices::Invoices::new(7);
    let mut bytes = 0_u64;
    let entries = iter::from_fn(|| {
        (bytes < gigabytes * 1_000_000_000).then(|| {
            let (name, content) = generator.next();
            bytes += content.len() as u64;
            Entry::bytes(name, content)
        })
    });

    // The invoices of many sessions in one package, so that its whole size counts.
    let limits = PackLimits::v2().entries(u64::MAX).part(PartLimit::Plain(100_000_000));
    let key = SessionKey::from_random([7; 48]);
    let summary = Packer::new(&key, limits).pack(entries, &mut NoParts)?;
    println!(
        "{bytes} bytes in {} entries became {} bytes in {} parts",
        summary.entries,
        summary.archive.size,
        summary.parts.len()
    );

    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
    println!("{}", peak.ok_or("the system does not tell the peak")?);
    Ok(())
}
