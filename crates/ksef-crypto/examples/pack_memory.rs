//! Packs gigabytes of generated invoices into nowhere, and tells how much memory that took.
//!
//! ```text
//! cargo run --release -p ksef-crypto --example pack_memory -- 5
//! ```
//!
//! The figure is the process's own: the peak of its resident memory, from `/proc` (Linux).

#![expect(clippy::print_stdout, reason = "an example talks to the terminal")]

use std::error::Error;

#[path = "../benches/packing/invoices.rs"]
mod invoices;
#[path = "../benches/packing/memory.rs"]
mod memory;

fn main() -> Result<(), Box<dyn Error>> {
    let gigabytes: u64 = std::env::args().nth(1).map_or(Ok(1), |text| text.parse())?;
    let (bytes, summary) = memory::pack(gigabytes)?;
    println!(
        "{bytes} bytes in {} entries became {} bytes in {} parts",
        summary.entries,
        summary.archive.size,
        summary.parts.len()
    );
    println!("{} KiB at most", memory::peak_kib().ok_or("the system does not tell the peak")?);
    Ok(())
}
