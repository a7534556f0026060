//! From invoices to a package on the disk and the document that announces it (specification 1.9,
//! chapters 9, 11.1 to 11.3).

use std::{
    fs::File,
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use common_http::Endpoint;
use ksef_crypto::{
    keys::Signer,
    package::{
        Entry, Level, PackError, PackLimits, PackageName, Packer, Progress, Summary, WriterParts,
    },
    seal::{AuthorityKey, SessionKey},
    xades,
};

use super::{
    BatchState, Init, Package, Signed,
    manifest::{self, Manifest},
    state::Stage,
};
use crate::v1::{
    Client, Context, FormCode, Outgoing,
    documents::{BatchRequest, Encryption},
    error::{Error, ErrorKind},
    session::Unfinished,
};

/// A batch that is to be packed: in whose name, for which form of invoices, encrypted for whom.
#[derive(Debug)]
#[must_use = "a batch is packed, signed and announced"]
pub struct Preparation {
    client: Client,
    context: Context,
    form: FormCode,
    authority: AuthorityKey,
    limits: PackLimits,
    level: Level,
    name: Option<PackageName>,
}

impl Client {
    /// Starts to prepare a batch in that context, whose invoices all have that form.
    pub fn batch(&self, context: Context, form: FormCode, authority: AuthorityKey) -> Preparation {
        Preparation {
            client: self.clone(),
            context,
            form,
            authority,
            limits: PackLimits::v1(),
            level: Level::default(),
            name: None,
        }
    }
}

impl Preparation {
    /// Sets the limits of the package; those of the specification without it, which are the
    /// largest that the service takes.
    pub fn limits(mut self, limits: PackLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how hard to compress. The same few invoices may come out the same at another level.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets the name of the package; one of the time and some randomness without it.
    pub fn name(mut self, name: PackageName) -> Self {
        self.name = Some(name);
        self
    }

    /// Packs the invoices into encrypted parts in that folder, which must be there.
    ///
    /// Memory use does not grow with the invoices but for some 40 bytes each; the folder needs
    /// room for the compressed package. The key is new, and forgotten when the package is packed.
    ///
    /// Fails with [`ErrorKind::File`] when an invoice cannot be read or a part cannot be written,
    /// (one of the same name is not overwritten), and with [`ErrorKind::Input`] when the package would be refused; the cause is a
    /// [`PackError`]. Parts of a package that was not finished are removed, also when the future
    /// is dropped.
    pub async fn pack<I>(self, invoices: I, folder: impl Into<PathBuf>) -> Result<Prepared, Error>
    where
        I: IntoIterator<Item = Outgoing, IntoIter: Send> + Send + 'static,
    {
        let (folder, now) = (folder.into(), self.client.clock().now());
        let name = match &self.name {
            Some(name) => name.clone(),
            None => name_of(&now.format("%Y%m%d%H%M%S").to_string(), random()?)?,
        };
        let key = SessionKey::from_random(random()?);
        let encryption = Encryption::declare(&self.authority, &key, now)
            .map_err(|error| local(ErrorKind::Encryption, error))?;
        let work = Work {
            key,
            limits: self.limits,
            level: self.level,
            folder: folder.clone(),
            name: name.clone(),
        };
        let summary = work.run(invoices).await?;
        let declared = (&name, &self.context, self.form.clone());
        let package = Package::of(folder, declared, summary.entries, &summary.parts);
        let request = BatchRequest::new(self.context, self.form, encryption, name, summary);
        let document = request.to_be_signed();
        let document = document.map_err(|error| Error::input(Init::INFO.name, error))?;
        Ok(Prepared { client: self.client, package, document: document.into() })
    }
}

/// A package on the disk that has to be signed for.
#[derive(Debug)]
#[must_use = "a prepared batch has to be signed and announced"]
pub struct Prepared {
    client: Client,
    package: Package,
    document: Bytes,
}

impl Prepared {
    pub(super) fn new(client: Client, package: Package, document: Bytes) -> Self {
        Self { client, package, document }
    }

    /// What was packed.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// The document that is to be signed, `InitRequest`.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.document
    }

    /// Signs the document as chapter 4.2.1 has it. A token cannot open a batch.
    pub fn sign(self, signer: &dyn Signer) -> Result<Signed, Unfinished<Self>> {
        let options = xades::Options::v1(self.client.clock().now());
        match xades::sign(&self.document, signer, &options) {
            Ok(document) => Ok(self.signed(document)),
            Err(error) => Err(Unfinished::new(self, local(ErrorKind::Signature, error))),
        }
    }

    /// Takes a signature that was made elsewhere: that very document with its signature.
    pub fn signed(self, document: impl Into<Bytes>) -> Signed {
        Signed::new(self.client, self.package, document.into())
    }

    /// Everything that another process needs to go on; no secrets.
    pub fn export(&self) -> BatchState {
        let (package, document) = (self.package.clone(), self.document.clone());
        BatchState::new(Stage::prepared(package, &document))
    }
}

/// One run of the packer, on a thread where it may take its time.
struct Work {
    key: SessionKey,
    limits: PackLimits,
    level: Level,
    folder: PathBuf,
    name: PackageName,
}

impl Work {
    async fn run<I>(self, invoices: I) -> Result<Summary, Error>
    where
        I: IntoIterator<Item = Outgoing, IntoIter: Send> + Send + 'static,
    {
        let wanted = Wanted::default();
        let is_wanted = Arc::clone(&wanted.0);
        let packing = tokio::task::spawn_blocking(move || {
            let made = Made::default();
            let packed = self.pack(invoices, &made, &is_wanted);
            (packed, made)
        });
        let (packed, made) = packing.await.map_err(|error| local(ErrorKind::File, error))?;
        drop(wanted);
        if packed.is_ok() {
            made.keep();
        }
        packed
    }

    fn pack<I>(&self, invoices: I, made: &Made, is_wanted: &AtomicBool) -> Result<Summary, Error>
    where
        I: IntoIterator<Item = Outgoing, IntoIter: Send>,
    {
        let file = |error| local(ErrorKind::File, error);
        let list = manifest::path(&self.folder, self.name.as_str());
        let manifest = Manifest::create(&list).map_err(file)?;
        made.add(list);
        let entries = invoices.into_iter().map(|invoice| {
            let (name, reader) = invoice.into_reader();
            Entry::reader(name.clone(), manifest.noting(name, reader))
        });
        let mut parts = WriterParts::new(|ordinal| {
            let path = self.folder.join(self.name.part(ordinal));
            // Another package of this name may be on its way; it is not overwritten.
            let file = File::create_new(&path)?;
            made.add(path);
            Ok(file)
        });
        let observe = |_: Progress| {
            if is_wanted.load(Ordering::Relaxed) {
                return ControlFlow::Continue(());
            }
            ControlFlow::Break(())
        };
        let packer = Packer::new(&self.key, self.limits).level(self.level);
        let summary = packer.pack_observed(entries, &mut parts, observe).map_err(refused)?;
        manifest.finish().map_err(file)?;
        // What is told as prepared may be stored by the caller, and outlives a loss of power then.
        made.sync(&self.folder).map_err(file)?;
        Ok(summary)
    }
}

/// Whether anybody still waits for the package.
struct Wanted(Arc<AtomicBool>);

impl Default for Wanted {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Files that go when the package does not come to its end.
#[derive(Default)]
struct Made(Mutex<Vec<PathBuf>>);

impl Made {
    fn add(&self, path: PathBuf) {
        self.lock().push(path);
    }

    /// Forces the files to the disk, and their names in the folder.
    fn sync(&self, folder: &Path) -> io::Result<()> {
        for path in self.lock().iter() {
            // For writing, which some systems want of a file that is forced to the disk.
            File::options().append(true).open(path)?.sync_all()?;
        }
        // A folder can be opened like a file only there.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    fn keep(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for path in self.lock().drain(..) {
            // What cannot be removed stays behind encrypted, or is a list of names.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn refused(error: PackError) -> Error {
    let kind = match &error {
        PackError::Read { .. } | PackError::Sink { .. } | PackError::Archive(_) => ErrorKind::File,
        _ => ErrorKind::Input,
    };
    local(kind, error)
}

fn name_of(time: &str, random: [u8; 4]) -> Result<PackageName, Error> {
    let name = format!("batch-{time}-{:08x}.zip", u32::from_be_bytes(random));
    PackageName::new(&name).map_err(|error| local(ErrorKind::Input, error))
}

/// Bytes of the cryptographic generator.
fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut random = [0; N];
    let filled = aws_lc_rs::rand::fill(&mut random);
    filled.map_err(|_| local(ErrorKind::Encryption, io::Error::other("there is no randomness")))?;
    Ok(random)
}

fn local(kind: ErrorKind, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::local(kind, "batch.pack", error)
}
