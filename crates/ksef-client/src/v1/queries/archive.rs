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
use crate::{
    private::private,
    v1::error::{Error, ErrorKind},
};

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
    /// They are read on a thread of their own, which needs no runtime. One invoice and a few that
    /// were read ahead are in memory. The stream ends after the first error; dropping it stops the
    /// reading.
    pub fn invoices(
        &self,
        limits: OpenLimits,
    ) -> impl Stream<Item = Result<FetchedInvoice, Error>> + Send + use<> {
        let archive = self.clone();
        read_aside(move |sender| {
            let file = std::fs::File::open(archive.path()).map_err(OpenError::Store)?;
            let read = read_entries(ArchiveFormat::Zip, file, &limits, |name, bytes| {
                let invoice = FetchedInvoice::new(name, Bytes::copy_from_slice(bytes));
                let nobody = |_| io::Error::from(io::ErrorKind::BrokenPipe);
                sender.blocking_send(Read::Invoice(invoice)).map_err(nobody)
            });
            read.map(drop)
        })
    }
}

/// What comes from the thread that reads.
enum Read {
    Invoice(FetchedInvoice),
    Failed(Error),
    /// The archive was read to its end.
    End,
}

/// Invoices that another thread reads. A thread that dies without a word is an error: the rest of
/// its invoices would be missing.
fn read_aside(
    read: impl FnOnce(&mpsc::Sender<Read>) -> Result<(), OpenError> + Send + 'static,
) -> impl Stream<Item = Result<FetchedInvoice, Error>> + Send {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let reader = std::thread::Builder::new().name("ksef-archive".to_owned()).spawn(move || {
        let last = match read(&sender) {
            Ok(()) => Read::End,
            Err(error) => Read::Failed(refused(error)),
        };
        // Without a receiver nobody wants to know.
        let _ = sender.blocking_send(last);
    });
    let start = reader.map(|_| receiver);
    stream::unfold(Some(start), |state| async move {
        let mut receiver = match state? {
            Ok(receiver) => receiver,
            Err(error) => return Some((Err(file_error(error)), None)),
        };
        match receiver.recv().await {
            Some(Read::Invoice(invoice)) => Some((Ok(invoice), Some(Ok(receiver)))),
            Some(Read::Failed(error)) => Some((Err(error), None)),
            Some(Read::End) => None,
            None => {
                let cause = "the reading of the archive broke off before its end";
                Some((Err(local(ErrorKind::File, cause)), None))
            }
        }
    })
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

/// A file that goes when this value does; a process that is killed leaves it, readable for its owner.
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
            let mut options = std::fs::OpenOptions::new();
            let file = private(options.write(true).create_new(true)).open(&path)?;
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

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    fn give(sender: &mpsc::Sender<Read>) {
        let invoice = FetchedInvoice::new("a.xml", Bytes::from_static(b"<a/>"));
        assert!(sender.blocking_send(Read::Invoice(invoice)).is_ok());
    }

    /// Begun where there is no runtime, and then read to its end.
    fn all(
        read: impl FnOnce(&mpsc::Sender<Read>) -> Result<(), OpenError> + Send + 'static,
    ) -> Vec<Result<FetchedInvoice, Error>> {
        let invoices = read_aside(read);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(invoices.collect())
    }

    #[test]
    fn an_archive_is_read_without_a_runtime_and_ends_where_it_ends() {
        let read = all(|sender| {
            give(sender);
            Ok(())
        });
        assert_eq!((read.len(), &*read[0].as_ref().unwrap().name), (1, "a.xml"));
    }

    #[test]
    fn a_reader_that_dies_does_not_pass_for_the_end_of_the_archive() {
        let read = all(|sender| {
            give(sender);
            panic!("this test is about a thread that dies");
        });
        assert_eq!((read.len(), read[0].is_ok()), (2, true));
        assert_eq!(read[1].as_ref().unwrap_err().kind(), ErrorKind::File);
    }
}
