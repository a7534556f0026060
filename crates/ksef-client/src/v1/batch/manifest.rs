//! The list of what is in a package, written while the package is packed: what the confirmation is
//! held against later.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use ksef_crypto::{link::InvoiceHash, seal::Meter};
use serde::{Deserialize, Serialize};

/// One invoice of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PackedInvoice {
    /// Its name in the package.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes in Base64, as the confirmation names it.
    pub hash: String,
}

impl PackedInvoice {
    /// The hash, for [`Closed::reconcile`](crate::v1::session::Closed::reconcile).
    pub fn invoice_hash(&self) -> Option<InvoiceHash> {
        InvoiceHash::from_base64(&self.hash)
    }
}

/// Where the list of a package lies.
pub(super) fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.invoices.jsonl"))
}

/// Reads a list: one JSON object on a line.
pub(super) fn read(text: &str) -> io::Result<Vec<PackedInvoice>> {
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// A list that is being written; readers of invoices add to it when they come to their end.
#[derive(Clone)]
pub(super) struct Manifest(Arc<Mutex<BufWriter<File>>>);

impl Manifest {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(BufWriter::new(File::create_new(path)?)))))
    }

    /// The invoice as it is, and a line of the list once it was read to its end.
    pub(super) fn noting<R: Read>(&self, name: String, invoice: R) -> Noting<R> {
        Noting { manifest: self.clone(), invoice, line: Some((name, Meter::new())) }
    }

    fn add(&self, name: String, meter: Meter) -> io::Result<()> {
        let measure = meter.finish();
        let hash = measure.sha256_base64();
        let mut line = serde_json::to_vec(&PackedInvoice { name, size: measure.size, hash })?;
        line.push(b'\n');
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
    }

    /// Writes everything to the disk.
    pub(super) fn finish(&self) -> io::Result<()> {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writer.flush()?;
        writer.get_ref().sync_all()
    }
}

/// A reader that measures what it gives.
pub(super) struct Noting<R> {
    manifest: Manifest,
    invoice: R,
    line: Option<(String, Meter)>,
}

impl<R: Read> Read for Noting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.invoice.read(buffer)?;
        if count > 0 {
            if let Some((_, meter)) = &mut self.line {
                meter.update(&buffer[..count]);
            }
        } else if !buffer.is_empty()
            && let Some((name, meter)) = self.line.take()
        {
            self.manifest.add(name, meter)?;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_is_listed_when_it_was_read_to_its_end_and_with_the_hash_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), "x.zip");
        let manifest = Manifest::create(&path).unwrap();
        let mut all = Vec::new();
        manifest.noting("a.xml".to_owned(), &b"<a/>"[..]).read_to_end(&mut all).unwrap();
        let mut half = [0; 2];
        manifest.noting("b.xml".to_owned(), &b"<b/>"[..]).read_exact(&mut half).unwrap();
        manifest.finish().unwrap();
        let listed = read(&std::fs::read_to_string(path).unwrap()).unwrap();
        let hash = InvoiceHash::of(b"<a/>");
        let expected = PackedInvoice { name: "a.xml".to_owned(), size: 4, hash: hash.base64() };
        assert_eq!(listed, [expected]);
        assert_eq!(listed[0].invoice_hash(), Some(hash));
    }

    #[test]
    fn a_broken_list_is_an_error() {
        assert!(read("{\"name\":\"a\"").is_err());
        assert_eq!(read("").unwrap(), []);
    }
}
