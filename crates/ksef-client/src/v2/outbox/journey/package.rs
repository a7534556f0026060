//! A parcel as a batch.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use common_core::store::Lease;
use ksef_crypto::package::Entry;

use super::{Carrier, DurableError, Parcel};
use crate::v2::{
    batch::{Packing, pack},
    error::{Error, ErrorKind},
};

impl Carrier {
    /// Sends a parcel as a package. What kept it from being uploaded, if something did, is answered:
    /// its session then ends by itself, and its invoices go into the next one.
    pub(super) async fn send_package(
        &self,
        key: &str,
        parcel: &mut Parcel,
        lease: &Lease,
    ) -> Result<Option<Error>, DurableError> {
        let Some(base) = &self.options.folder else {
            // The parcel was made by a carrier that has one.
            return self.send_online(key, parcel, lease).await;
        };
        let folder = base.join(format!("parcel-{:020}", parcel.number()));
        let written = self.write_files(&folder, parcel).await?;
        let packed = pack(Packing::new(&folder), written.into_iter().map(entry)).await?;
        let mut opening = self.account.batch(parcel.form.clone());
        if parcel.offline {
            opening = opening.offline();
        }
        let mut upload = opening.open(&packed).await?;
        parcel.session = Some(upload.reference().clone());
        self.write(key, parcel.encode(), lease).await?;
        let uploaded = upload.upload(self.options.at_a_time).await;
        // Files that cannot be removed now are replaced by the next package of this parcel.
        let _ = tokio::fs::remove_dir_all(&folder).await;
        Ok(uploaded.err())
    }

    /// The invoices as files, so that packing needs no memory for them.
    async fn write_files(
        &self,
        folder: &Path,
        parcel: &Parcel,
    ) -> Result<Vec<PathBuf>, DurableError> {
        tokio::fs::create_dir_all(folder).await.map_err(file_error)?;
        let mut files = Vec::with_capacity(parcel.letters.len());
        for letter in &parcel.letters {
            let draft = self.draft(letter).await?;
            let file = folder.join(format!("{:020}.xml", letter.position.number()));
            tokio::fs::write(&file, draft.bytes()).await.map_err(file_error)?;
            files.push(file);
        }
        Ok(files)
    }
}

fn entry(file: PathBuf) -> Entry<'static> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    Entry::reader(name.unwrap_or_default(), Lazy::Closed(file))
}

/// A file that is opened by the first read, so that not all are open at the same time.
enum Lazy {
    Closed(PathBuf),
    Open(File),
}

impl Read for Lazy {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Self::Closed(path) = self {
            *self = Self::Open(File::open(path)?);
        }
        match self {
            Self::Open(file) => file.read(buffer),
            Self::Closed(_) => Ok(0),
        }
    }
}

fn file_error(error: io::Error) -> DurableError {
    DurableError::Ksef(Error::local(ErrorKind::File, "outbox.package", error))
}
