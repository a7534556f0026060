//! A parcel as a batch.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use chrono::TimeDelta;
use common_core::{
    secret::{ExposeSecret as _, SecretString},
    store::{Change, Expect, Records as _, StoreErrorKind},
};
use futures_util::{StreamExt as _, TryStreamExt as _, future::join, stream};
use ksef_crypto::package::{Entry, PackError};
use tokio::sync::mpsc;

use super::{AT_ONCE, Carrier, DurableError, Journey, Letter, Parcel, Refusal, Stage, Way};
use crate::v2::{
    batch::{BatchState, BatchUpload, Packing, pack},
    error::{Error, ErrorKind},
    outbox::fate::Fate,
};

/// So long after its links a batch may still be processed.
const PROCESSING: TimeDelta = TimeDelta::days(1);

impl Carrier {
    /// Sends a parcel as a package. What kept it from being uploaded, if something did, is answered.
    pub(super) async fn send_package(
        &self,
        journey: &mut Journey<'_>,
    ) -> Result<Option<Error>, DurableError> {
        let Some(base) = &self.options.folder else { return Ok(None) };
        self.forget_upload(journey).await;
        // A packing that was cut off goes on for a while, so each has a folder of its own.
        let (names, fence) = (&self.outbox.names, journey.lease.fence.number());
        let folder = base.join(names.outbox());
        let folder = folder.join(format!("{}-{fence}", names.number(journey.key)));
        let most = journey.parcel.most.unwrap_or(usize::MAX);
        let letters = journey.parcel.letters.iter().filter(|letter| letter.rival.is_none());
        let letters: Vec<_> = letters.take(most).cloned().collect();
        let written = self.write_files(&folder, &letters).await?;
        let packed = match pack(Packing::new(&folder), written.into_iter().map(entry)).await {
            Ok(packed) => packed,
            Err(error) => return self.repack(journey, &letters, error).await,
        };
        let mut opening = self.account.batch(journey.parcel.kind.form.clone());
        if journey.parcel.kind.offline {
            opening = opening.offline();
        }
        let upload = opening.open(&packed).await?;
        journey.parcel.enter(upload.reference().clone(), upload.links_until() + PROCESSING);
        self.store(journey).await?;
        self.keep_upload(journey, &upload.export()).await?;
        self.upload(journey, upload).await
    }

    /// Goes on with the upload of a package that was begun. Where that cannot be done, the package is
    /// left: what nobody has closed is never processed.
    pub(super) async fn resume_package(
        &self,
        journey: &mut Journey<'_>,
    ) -> Result<Option<Error>, DurableError> {
        if (journey.parcel.way, journey.parcel.stage) != (Way::Batch, Stage::Open) {
            return Ok(None);
        }
        let now = self.account.clock().now();
        let upload = self.kept_upload(journey).await?.map(|state| self.account.resume_batch(state));
        let upload = upload.filter(|upload| now < upload.links_until() && upload.has_files());
        if let Some(upload) = upload {
            return self.upload(journey, upload).await;
        }
        self.leave_package(journey).await;
        self.store(journey).await?;
        Ok(None)
    }

    /// Uploads what is missing of a package. That it is going to be closed is stored before it is.
    async fn upload(
        &self,
        journey: &mut Journey<'_>,
        mut upload: BatchUpload,
    ) -> Result<Option<Error>, DurableError> {
        let (told, mut heard) = mpsc::unbounded_channel();
        let noting = async {
            while let Some(state) = heard.recv().await {
                self.keep_upload(journey, &state).await?;
            }
            Ok::<_, DurableError>(())
        };
        let uploading = async {
            let note = move |state: &BatchState| drop(told.send(state.clone()));
            upload.upload_noting(self.options.at_a_time, note).await
        };
        let (uploaded, noted) = join(uploading, noting).await;
        noted?;
        match uploaded {
            Ok(()) => {
                journey.parcel.stage = Stage::Closing;
                self.store(journey).await?;
                Ok(None)
            }
            Err(error) => {
                if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) {
                    // Its links work no more.
                    self.leave_package(journey).await;
                    self.store(journey).await?;
                }
                Ok(Some(error))
            }
        }
    }

    /// What to do with letters that do not make a package; the failure where nothing can be done.
    async fn repack(
        &self,
        journey: &mut Journey<'_>,
        letters: &[Letter],
        error: Error,
    ) -> Result<Option<Error>, DurableError> {
        self.forget_upload(journey).await;
        let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref());
        match cause {
            Some(PackError::EntryTooLarge { name, .. }) => {
                let letter = letters.iter().find(|letter| file_name(letter) == *name);
                let fate = Fate::Refused(Refusal::of_error(&error));
                let decided = letter.map(|letter| (letter.clone(), fate));
                self.decide(journey, decided.into_iter().collect()).await?;
            }
            _ if error.kind() == ErrorKind::Input => self.pack_fewer(&mut journey.parcel),
            _ => return Ok(Some(error)),
        }
        self.store(journey).await?;
        Ok(None)
    }

    /// After a package that was too large, or that KSeF could not work with: half as many go into the
    /// next one, and in the end they go one by one.
    pub(super) fn pack_fewer(&self, parcel: &mut Parcel) {
        if parcel.way != Way::Batch {
            return;
        }
        let half = parcel.most.unwrap_or(parcel.letters.len()).min(parcel.letters.len()) / 2;
        if half < self.options.batch_from.max(1) {
            (parcel.way, parcel.most) = (Way::Online, None);
        } else {
            parcel.most = Some(half);
        }
    }

    /// Leaves the session of a package that nobody closes.
    pub(super) async fn leave_package(&self, journey: &mut Journey<'_>) {
        self.forget_upload(journey).await;
        journey.parcel.leave_session();
    }

    /// Keeps how far an upload is: in this process, and sealed in the store if the outbox has a key.
    async fn keep_upload(
        &self,
        journey: &Journey<'_>,
        state: &BatchState,
    ) -> Result<(), DurableError> {
        self.uploads().insert(journey.key.to_owned(), state.clone());
        let Some(sealed) = &self.outbox.sealed else { return Ok(()) };
        let value = state.expose_json().expose_secret().as_bytes().to_vec();
        let change = Change::Put { value, expires_at: Some(state.links_until()) };
        let key = self.outbox.names.upload(journey.key);
        sealed.swap(&key, Expect::Anything, change, Some(journey.lease)).await?;
        Ok(())
    }

    /// The upload of the session that a parcel is in.
    async fn kept_upload(&self, journey: &Journey<'_>) -> Result<Option<BatchState>, DurableError> {
        let mut kept = self.uploads().get(journey.key).cloned();
        if kept.is_none()
            && let Some(sealed) = &self.outbox.sealed
        {
            let record = match sealed.get(&self.outbox.names.upload(journey.key)).await {
                // It was sealed with another key.
                Err(error) if error.kind() == StoreErrorKind::Corrupt => None,
                record => record?,
            };
            let text = record.and_then(|record| String::from_utf8(record.value).ok());
            kept = text.and_then(|text| BatchState::from_json(&SecretString::from(text)).ok());
        }
        Ok(kept.filter(|state| Some(state.reference()) == journey.parcel.session.as_ref()))
    }

    /// Forgets an upload that is over, with its files; what cannot be removed now is removed by the
    /// next one of this parcel.
    pub(super) async fn forget_upload(&self, journey: &Journey<'_>) {
        self.uploads().remove(journey.key);
        if let Some(sealed) = &self.outbox.sealed {
            let key = self.outbox.names.upload(journey.key);
            let gone = sealed.swap(&key, Expect::Anything, Change::Remove, Some(journey.lease));
            // It ends with its links.
            let _ = gone.await;
        }
        let names = &self.outbox.names;
        let Some(base) = &self.options.folder else { return };
        let base = base.join(names.outbox());
        let Ok(mut entries) = tokio::fs::read_dir(&base).await else { return };
        while let Ok(Some(entry)) = entries.next_entry().await {
            let name = entry.file_name().to_string_lossy().into_owned();
            let key = name.split_once('-').and_then(|(number, _)| names.parcel_of(number));
            let is_over = match &key {
                Some(key) if key == journey.key => true,
                // Whoever had that parcel died, and somebody else has brought it to its end.
                Some(key) => matches!(self.outbox.store.get(key).await, Ok(None)),
                None => false,
            };
            if is_over {
                let _ = tokio::fs::remove_dir_all(entry.path()).await;
            }
        }
        // Unless something is left in it.
        let _ = tokio::fs::remove_dir(&base).await;
    }

    /// The invoices as files, so that packing needs no memory for them.
    async fn write_files(
        &self,
        folder: &Path,
        letters: &[Letter],
    ) -> Result<Vec<PathBuf>, DurableError> {
        tokio::fs::create_dir_all(folder).await.map_err(file_error)?;
        let written = stream::iter(letters.to_vec()).map(|letter| async move {
            // One that cannot be read keeps none of the others here.
            let draft = match self.draft(&letter).await {
                Err(DurableError::Corrupt(_)) => return Ok::<_, DurableError>(None),
                draft => draft?,
            };
            let file = folder.join(file_name(&letter));
            tokio::fs::write(&file, draft.bytes()).await.map_err(file_error)?;
            Ok(Some(file))
        });
        let written: Vec<_> = written.buffered(AT_ONCE).try_collect().await?;
        Ok(written.into_iter().flatten().collect())
    }
}

fn file_name(letter: &Letter) -> String {
    format!("{:020}.xml", letter.position.number())
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
