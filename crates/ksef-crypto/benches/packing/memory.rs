//! Packing as a process of its own does it, and the memory that this process took.

use std::{fs, iter};

use ksef_crypto::package::{Entry, NoParts, PackError, PackLimits, Packer, PartLimit, Summary};
use ksef_crypto::seal::SessionKey;

use crate::invoices::Invoices;

/// Packs so many gigabytes of generated invoices into nowhere; gives their bytes and the package.
pub(crate) fn pack(gigabytes: u64) -> Result<(u64, Summary), PackError> {
    let mut generator = Invoices::new(7);
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
    Ok((bytes, summary))
}

/// The peak of this process's resident memory in KiB, or `None` where the system does not tell
/// (it does by `/proc` on Linux).
pub(crate) fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}
