//! A package that is made: its parts into files, and its invoices out of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use common_http::{Endpoint, decode_json};
use ksef_crypto::{
    link::InvoiceHash,
    number::ReferenceNumber,
    package::{ArchiveFormat, OpenError, OpenLimits, SealedPart, read_entries, unseal},
    seal::{Measure, Meter, SessionKey},
};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::ExportState;
use crate::{
    private::private,
    v2::{
        Client,
        error::{Error, ErrorKind},
        storage,
        wire::{self, InvoiceMetadata, InvoicePackagePart},
    },
};

/// The name of the list of metadata in a package.
const METADATA: &str = "_metadata.json";

/// The most bytes of a part that are fetched: twice the 50 MB that a part may have (KSeF 2.0 facts
/// §10.4), since a limit that is raised must not end all receiving.
const LARGEST_PART: u64 = 100 * 1024 * 1024;

/// A package that is made, with links to its parts that live for a while.
pub struct Package {
    client: Client,
    export: ExportState,
    told: wire::InvoicePackage,
    until: Option<DateTime<Utc>>,
}

/// A package whose parts lie in files, each as it was announced.
///
/// The files go when this is dropped.
#[derive(Debug)]
pub struct FetchedPackage {
    name: String,
    key: SessionKey,
    format: ArchiveFormat,
    only_metadata: bool,
    /// How many invoices were announced.
    invoices: Option<u32>,
    folder: PathBuf,
    parts: Vec<FetchedPart>,
}

#[derive(Debug)]
struct FetchedPart {
    path: PathBuf,
    ordinal: u32,
    sealed: Measure,
    plain: Option<Measure>,
}

impl Package {
    pub(super) fn new(
        client: Client,
        mut export: ExportState,
        mut told: wire::InvoicePackage,
        until: Option<DateTime<Utc>>,
    ) -> Self {
        told.parts.sort_by_key(|part| part.ordinal_number);
        // What was made counts, not what was asked for.
        match told.compression_type.as_ref().and_then(common_core::open::Open::known) {
            Some(wire::CompressionType::TarGz) => export.format = ArchiveFormat::TarGz,
            Some(wire::CompressionType::Zip) => export.format = ArchiveFormat::Zip,
            _ => {}
        }
        Self { client, export, told, until }
    }

    /// How many invoices it holds; may be none.
    pub fn invoices(&self) -> Option<u32> {
        self.told.invoice_count
    }

    /// How many parts it has.
    pub fn parts(&self) -> usize {
        self.told.parts.len()
    }

    /// The size of the archive before encryption, in bytes.
    pub fn size(&self) -> Option<u64> {
        self.told.size
    }

    /// Until when it is kept, if the service said.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.until
    }

    /// Whether there are more invoices than the package holds: the next one begins at
    /// [`checkpoint`](Self::checkpoint).
    pub fn is_truncated(&self) -> bool {
        self.told.is_truncated == Some(true)
    }

    /// Up to when everything was stored when the package was made.
    pub fn high_water_mark(&self) -> Option<DateTime<Utc>> {
        self.told.permanent_storage_hwm_date
    }

    /// Where the next package has to begin, for ranges of `PermanentStorage`: at the last invoice of
    /// a package that was cut, and at the high water mark otherwise. Store it **after** the
    /// invoices.
    pub fn checkpoint(&self) -> Option<DateTime<Utc>> {
        if self.is_truncated() {
            self.told.last_permanent_storage_date
        } else {
            self.told.permanent_storage_hwm_date
        }
    }

    /// Fetches the parts into files in that folder, which exists, and checks size and hash of each.
    /// The files bear the number of the export and a random one, so that a folder takes any number of
    /// packages, and the same one twice. A process that is killed leaves them, and while a package is
    /// read the plain archive as well, readable for its owner.
    ///
    /// [`ErrorKind::Forbidden`] usually means that the links have expired: ask the export for the
    /// package again. [`ErrorKind::Corrupt`] means that a part is not the announced one; of one that
    /// is longer nothing more is fetched. [`ErrorKind::Unreadable`] means that a part is announced
    /// without size or hash, or far larger than parts are (100 MB; the limit is 50, KSeF 2.0 facts §10.4).
    pub async fn fetch(&self, folder: impl AsRef<Path>) -> Result<FetchedPackage, Error> {
        let folder = folder.as_ref().to_owned();
        let mut fetched = FetchedPackage {
            name: new_name(&self.export.reference)?,
            key: self.export.key.duplicate(),
            format: self.export.format,
            only_metadata: self.export.only_metadata,
            invoices: self.told.invoice_count,
            folder,
            parts: Vec::with_capacity(self.told.parts.len()),
        };
        for part in &self.told.parts {
            let announced = Announced::of(part)?;
            let path = format!("{}-{:03}.aes", fetched.name, announced.ordinal);
            let path = fetched.folder.join(path);
            // Noted before it is written, so that it goes whatever happens.
            fetched.parts.push(FetchedPart {
                path: path.clone(),
                ordinal: announced.ordinal,
                sealed: announced.sealed,
                plain: announced.plain,
            });
            self.fetch_part(part, announced.sealed, &path).await?;
        }
        Ok(fetched)
    }

    async fn fetch_part(
        &self,
        part: &InvoicePackagePart,
        announced: Measure,
        path: &Path,
    ) -> Result<(), Error> {
        let differs = || {
            let cause = "a part has not the announced size and hash";
            Error::local(ErrorKind::Corrupt, storage::Fetch::INFO.name, cause)
        };
        let mut download = self.client.stream(part.url.secret()).await?;
        let mut file = tokio::fs::File::create(path).await.map_err(file_error)?;
        let (mut meter, mut left) = (Meter::new(), announced.size);
        while let Some(piece) = download.chunk().await? {
            left = left.checked_sub(piece.len() as u64).ok_or_else(differs)?;
            meter.update(&piece);
            file.write_all(&piece).await.map_err(file_error)?;
        }
        file.flush().await.map_err(file_error)?;
        if meter.finish() == announced { Ok(()) } else { Err(differs()) }
    }
}

/// What the service says about a part.
struct Announced {
    ordinal: u32,
    sealed: Measure,
    plain: Option<Measure>,
}

impl Announced {
    fn of(part: &InvoicePackagePart) -> Result<Self, Error> {
        let info = crate::v2::exports::Status::INFO;
        let unreadable = || Error::unreadable(&info, "a part lacks its size or hash");
        let ordinal = u32::try_from(part.ordinal_number).map_err(|_| unreadable())?;
        let sealed = measure(part.encrypted_part_size, part.encrypted_part_hash.as_deref());
        let sealed = sealed.ok_or_else(unreadable)?;
        if sealed.size > LARGEST_PART {
            return Err(Error::unreadable(&info, "a part is announced larger than parts are"));
        }
        Ok(Self { ordinal, sealed, plain: measure(part.part_size, part.part_hash.as_deref()) })
    }
}

fn measure(size: Option<u64>, hash: Option<&str>) -> Option<Measure> {
    let sha256 = STANDARD.decode(hash?).ok()?.try_into().ok()?;
    Some(Measure { size: size?, sha256 })
}

impl FetchedPackage {
    /// Decrypts the package and hands over every invoice with its file name, one after the other, on
    /// a thread of its own; gives how many there were and their metadata.
    ///
    /// The archive goes into a temporary file of the folder and is read only when every part of it
    /// was the announced one. Names are `{KSeF number}.xml`. When the visitor fails, so does this.
    ///
    /// [`ErrorKind::Corrupt`] also means that the package is not whole: it has no list of metadata,
    /// fewer invoices than were announced, an invoice that the list does not name or that is not the
    /// one it speaks of, or none where it names one. Then nothing that the visitor was given should be
    /// used. A package that was asked for as metadata alone has no invoices.
    ///
    /// When this is dropped before its end, the thread stops before the next invoice; the visitor may
    /// be at one for that long.
    pub async fn read(
        self,
        mut visit: impl FnMut(&str, &[u8]) -> io::Result<()> + Send + 'static,
    ) -> Result<(u64, Vec<InvoiceMetadata>), Error> {
        let wanted = Arc::new(());
        let is_wanted = Arc::downgrade(&wanted);
        let mut visit_wanted = move |name: &str, content: &[u8]| match is_wanted.strong_count() {
            0 => Err(io::Error::other("nobody waits for it any more")),
            _ => visit(name, content),
        };
        let opened = tokio::task::spawn_blocking(move || self.open(&mut visit_wanted)).await;
        drop(wanted);
        opened.unwrap_or_else(|_| {
            Err(Error::local(ErrorKind::File, "receiving.read", "the reading was broken off"))
        })
    }

    fn open(
        &self,
        visit: &mut dyn FnMut(&str, &[u8]) -> io::Result<()>,
    ) -> Result<(u64, Vec<InvoiceMetadata>), Error> {
        if self.parts.is_empty() {
            // No invoices may be nothing at all.
            return self.check(&BTreeMap::new(), Vec::new()).map(|rows| (0, rows));
        }
        let mut archive = self.archive().map_err(open_error)?;
        archive.seek(SeekFrom::Start(0)).map_err(file_error)?;
        let (mut metadata, mut hashes) = (None, BTreeMap::new());
        let entries = |name: &str, content: &[u8]| {
            if name != METADATA {
                hashes.insert(name.to_owned(), InvoiceHash::of(content));
                return visit(name, content);
            }
            metadata = Some(read_metadata(content));
            Ok(())
        };
        let limits = OpenLimits::default();
        read_entries(self.format, BufReader::new(archive), &limits, entries).map_err(open_error)?;
        let metadata = metadata.ok_or_else(|| corrupt("the package has no list of metadata"))??;
        let rows = self.check(&hashes, metadata)?;
        Ok((hashes.len() as u64, rows))
    }

    /// Holds the invoices of a package against its metadata, and both against what was announced.
    fn check(
        &self,
        hashes: &BTreeMap<String, InvoiceHash>,
        rows: Vec<InvoiceMetadata>,
    ) -> Result<Vec<InvoiceMetadata>, Error> {
        let mut named = BTreeSet::new();
        for row in &rows {
            let name = format!("{}.xml", row.ksef_number);
            let told = row.invoice_hash.as_deref();
            match hashes.get(&name) {
                Some(hash)
                    if told.is_some_and(|it| InvoiceHash::from_base64(it) != Some(*hash)) =>
                {
                    return Err(corrupt("an invoice does not have the hash of its metadata"));
                }
                None if !self.only_metadata => {
                    return Err(corrupt("an invoice of the metadata is not in the package"));
                }
                _ => named.insert(name),
            };
        }
        if hashes.keys().any(|name| !named.contains(name)) {
            return Err(corrupt("the metadata do not name an invoice of the package"));
        }
        if self.invoices.is_some_and(|told| named.len() < told as usize) {
            return Err(corrupt("the package holds fewer invoices than were announced"));
        }
        Ok(rows)
    }

    /// The archive, decrypted into a file without a name of its own.
    fn archive(&self) -> Result<File, OpenError> {
        let path = self.folder.join(format!("{}.archive", self.name));
        let mut options = File::options();
        let file = private(options.read(true).write(true).create_new(true)).open(&path);
        let file = file.map_err(OpenError::Store)?;
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let content = File::open(&part.path)
                .map_err(|source| OpenError::ReadPart { ordinal: part.ordinal, source })?;
            let content = BufReader::new(content);
            parts.push(SealedPart {
                ordinal: part.ordinal,
                sealed: part.sealed,
                plain: part.plain,
                content: Box::new(content) as Box<dyn Read>,
            });
        }
        let mut store = BufWriter::new(file);
        let unsealed = unseal(&self.key, parts, &mut store);
        // The name goes at once; the content stays as long as the file is open.
        std::fs::remove_file(&path).map_err(OpenError::Store)?;
        unsealed?;
        store.into_inner().map_err(|error| OpenError::Store(error.into_error()))
    }
}

impl Drop for FetchedPackage {
    fn drop(&mut self) {
        for part in &self.parts {
            // A file that is not there needs no removing, and nobody can be told of another one.
            let _ = std::fs::remove_file(&part.path);
        }
    }
}

/// A name for the files of a package, which nobody else uses: also when the reading of the same one
/// was broken off and its thread has not ended yet.
fn new_name(reference: &ReferenceNumber) -> Result<String, Error> {
    let mut random = [0; 8];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_| file_error(io::Error::other("there is no randomness")))?;
    Ok(format!("{reference}-{:016x}", u64::from_le_bytes(random)))
}

fn corrupt(cause: &'static str) -> Error {
    Error::local(ErrorKind::Corrupt, "receiving.read", cause)
}

/// Reads the list of metadata of a package, `_metadata.json`.
pub fn read_metadata(content: &[u8]) -> Result<Vec<InvoiceMetadata>, Error> {
    #[derive(Deserialize)]
    struct List {
        #[serde(default)]
        invoices: Vec<InvoiceMetadata>,
    }
    // Only a failure is read again, to learn its path: the list may be large.
    let list: List = match serde_json::from_slice(content) {
        Ok(list) => list,
        Err(_) => decode_json(&Bytes::copy_from_slice(content))
            .map_err(|error| Error::local(ErrorKind::Unreadable, "receiving.read", error))?,
    };
    Ok(list.invoices)
}

fn file_error(error: io::Error) -> Error {
    Error::local(ErrorKind::File, "receiving.fetch", error)
}

fn open_error(error: OpenError) -> Error {
    let kind = match &error {
        OpenError::Store(_) | OpenError::ReadPart { .. } => ErrorKind::File,
        _ => ErrorKind::Corrupt,
    };
    Error::local(kind, "receiving.read", error)
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Package")
            .field("invoices", &self.told.invoice_count)
            .field("parts", &self.told.parts.len())
            .field("format", &self.export.format)
            .finish_non_exhaustive()
    }
}
