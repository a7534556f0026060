//! A part of a query's result on the disk, and the invoices in it.
//!
//! Nothing of an archive is believed before its hash was compared, and what comes out of it is
//! limited in size, number and proportion.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use common_http::{Download, Endpoint};
use futures_util::{Stream, stream};
use ksef_crypto::{
    number::KsefNumber,
    package::{ArchiveFormat, OpenError, OpenLimits, read_entries},
    seal::{Decryptor, Meter, SessionKey},
};
use tokio::{fs::File, io::AsyncWriteExt, sync::mpsc};

use super::{FetchInvoices, ResultPart};
use crate::v1::error::{Error, ErrorKind};

/// How many invoices wait between the disk and the reader.
const AHEAD: usize = 16;

/// What a ZIP archive begins with: an entry, or the end of an empty one.
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// An archive of invoices on the disk, which is removed when this and the streams of it are
/// dropped.
#[derive(Clone, Debug)]
pub struct PartArchive(Arc<Temporary>);

/// An invoice out of a query's result.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchedInvoice {
    /// Its name in the archive.
    pub name: String,
    /// Its KSeF number, where the name is one with an ending, as `….xml`.
    pub number: Option<KsefNumber>,
    /// The very bytes that were sent.
    pub bytes: Bytes,
}

/// Writes a part to the disk, decrypted.
pub(super) async fn save(
    download: Download,
    key: Option<&SessionKey>,
    part: &ResultPart,
    folder: &Path,
) -> Result<PartArchive, Error> {
    let (temporary, file) = Temporary::create(folder, part).await.map_err(file_error)?;
    let mut writer = Writer { file, meter: Meter::new(), limit: part.size };
    writer.take_all(download, key).await?;
    writer.file.flush().await.map_err(file_error)?;
    if !part.is(&writer.meter.finish()) {
        return Err(local(ErrorKind::Unreadable, "the archive is not the announced one"));
    }
    Ok(PartArchive(Arc::new(temporary)))
}

/// Takes the plain archive, and no more of it than was announced.
struct Writer {
    file: File,
    meter: Meter,
    limit: u64,
}

impl Writer {
    /// An archive that begins like one is taken as it is, also in a session with encryption; the
    /// hash tells whether that was right.
    async fn take_all(
        &mut self,
        mut download: Download,
        key: Option<&SessionKey>,
    ) -> Result<(), Error> {
        let mut start = Vec::new();
        while start.len() < ZIP[0].len() {
            match download.chunk().await? {
                Some(chunk) => start.extend_from_slice(&chunk),
                None => break,
            }
        }
        let is_plain = ZIP.iter().any(|magic| start.starts_with(magic));
        let mut decryptor = key.filter(|_| !is_plain).map(Decryptor::new);
        let mut opened = Vec::new();
        let mut chunk = Some(Bytes::from(start));
        while let Some(bytes) = chunk {
            match &mut decryptor {
                Some(decryptor) => {
                    opened.clear();
                    decryptor.update(&bytes, &mut opened);
                    self.take(&opened).await?;
                }
                None => self.take(&bytes).await?,
            }
            chunk = download.chunk().await?;
        }
        if let Some(decryptor) = decryptor {
            opened.clear();
            let finished = decryptor.finish(&mut opened);
            finished.map_err(|error| local(ErrorKind::Unreadable, error))?;
            self.take(&opened).await?;
        }
        Ok(())
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.limit = self.limit.checked_sub(bytes.len() as u64).ok_or_else(|| {
            local(ErrorKind::Unreadable, "the archive is larger than it was announced")
        })?;
        self.meter.update(bytes);
        self.file.write_all(bytes).await.map_err(file_error)
    }
}

impl PartArchive {
    /// Where the plain archive lies as long as this value lives.
    pub fn path(&self) -> &Path {
        &self.0.0
    }

    /// The invoices, one after the other, within the limits; the usual ones are
    /// [`OpenLimits::default`].
    ///
    /// One invoice and a few that were read ahead are in memory. The stream ends after the first
    /// error; dropping it stops the reading.
    pub fn invoices(
        &self,
        limits: OpenLimits,
    ) -> impl Stream<Item = Result<FetchedInvoice, Error>> + Send + use<> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let archive = self.clone();
        tokio::task::spawn_blocking(move || {
            let read = std::fs::File::open(archive.path()).map_err(OpenError::Store);
            let read = read.and_then(|file| {
                read_entries(ArchiveFormat::Zip, file, &limits, |name, bytes| {
                    let invoice = FetchedInvoice::new(name, Bytes::copy_from_slice(bytes));
                    let nobody = |_| io::Error::from(io::ErrorKind::BrokenPipe);
                    sender.blocking_send(Ok(invoice)).map_err(nobody)
                })
            });
            if let Err(error) = read {
                // Without a receiver nobody wants to know.
                let _ = sender.blocking_send(Err(refused(error)));
            }
        });
        stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|next| (next, receiver))
        })
    }
}

impl FetchedInvoice {
    fn new(name: &str, bytes: Bytes) -> Self {
        let file = name.rsplit('/').next().unwrap_or(name);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        Self { name: name.to_owned(), number: stem.parse().ok(), bytes }
    }
}

/// Without the invoice.
impl fmt::Debug for FetchedInvoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedInvoice")
            .field("name", &self.name)
            .field("number", &self.number)
            .field("size", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// A file that goes when this value does.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Temporary {
    /// Creates it in one step with the value that removes it, so that a future that is dropped in
    /// between leaves nothing behind.
    async fn create(folder: &Path, part: &ResultPart) -> io::Result<(Self, File)> {
        let mut random = [0; 8];
        let filled = aws_lc_rs::rand::fill(&mut random);
        filled.map_err(|_| io::Error::other("there is no randomness"))?;
        let random = u64::from_le_bytes(random);
        let path = folder.join(format!("{}.{random:016x}.zip.part", part.reference));
        let create = move || {
            let file = std::fs::File::create_new(&path)?;
            Ok::<_, io::Error>((Self(path), file))
        };
        let (temporary, file) =
            tokio::task::spawn_blocking(create).await.map_err(io::Error::other)??;
        Ok((temporary, File::from_std(file)))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A file that cannot be removed now is nothing that reading invoices could fail for.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn refused(error: OpenError) -> Error {
    match error {
        OpenError::Store(_) => local(ErrorKind::File, error),
        _ => local(ErrorKind::Unreadable, error),
    }
}

fn file_error(error: io::Error) -> Error {
    local(ErrorKind::File, error)
}

fn local(kind: ErrorKind, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::local(kind, FetchInvoices::INFO.name, error)
}
