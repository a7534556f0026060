//! Uploading the parts of a package, and closing it.

use chrono::{DateTime, TimeDelta, Utc};
use common_http::{Endpoint, FilePart};
use futures_util::{StreamExt, stream};
use http::{HeaderName, HeaderValue, Method};
use ksef_crypto::number::ReferenceNumber;

use super::{BatchState, Close, Open, PackedBatch, state::Target};
use crate::v2::{
    Account, Unfinished,
    error::{Error, ErrorKind},
    sending::Closing,
    sessions::{self, SessionType},
    storage::Upload,
    wire,
};

/// A link lives for twenty minutes for each part of the package (KSeF 2.0 facts §7).
const LINK_LIFE: TimeDelta = TimeDelta::minutes(20);

/// A package that was announced and whose parts are being uploaded.
#[derive(Debug)]
#[must_use = "a batch whose parts are not uploaded comes to nothing"]
pub struct BatchUpload {
    account: Account,
    state: BatchState,
}

impl Account {
    /// Takes up the upload of a batch that was exported.
    pub fn resume_batch(&self, state: BatchState) -> BatchUpload {
        BatchUpload { account: self.clone(), state }
    }
}

impl BatchUpload {
    pub(super) fn opened(
        account: Account,
        packed: &PackedBatch,
        answer: wire::OpenBatchSessionResponse,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let unreadable = |cause| Error::unreadable(&Open::INFO, cause);
        let reference = answer.reference_number.parse();
        let reference =
            reference.map_err(|_| unreadable("the session's number is no reference number"))?;
        let mut told = answer.part_upload_requests;
        let mut targets = Vec::with_capacity(packed.parts().len());
        for part in packed.parts() {
            let ordinal = u64::from(part.ordinal);
            let at = told.iter().position(|target| target.ordinal_number == ordinal);
            let at = at.ok_or_else(|| unreadable("a part has no address"))?;
            let target = told.swap_remove(at);
            let headers = target.headers.into_iter();
            targets.push(Target {
                ordinal,
                method: target.method,
                link: target.url.into_secret(),
                headers: headers.filter_map(|(name, value)| Some((name, value?))).collect(),
                path: part.path.clone(),
                size: part.sealed.size,
                is_uploaded: false,
            });
        }
        let parts = i32::try_from(targets.len()).unwrap_or(i32::MAX);
        let state = BatchState { reference, links_until: now + LINK_LIFE * parts, targets };
        Ok(Self { account, state })
    }

    /// The session's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.state.reference
    }

    /// Until when the links of the parts work, by the published rule.
    pub fn links_until(&self) -> DateTime<Utc> {
        self.state.links_until
    }

    /// The numbers of the parts that are still to be uploaded.
    pub fn missing(&self) -> impl Iterator<Item = u64> {
        let missing = self.state.targets.iter().filter(|target| !target.is_uploaded);
        missing.map(|target| target.ordinal)
    }

    /// Whether the files of the parts that are missing lie where they were, with their sizes.
    pub fn has_files(&self) -> bool {
        let mut missing = self.state.targets.iter().filter(|target| !target.is_uploaded);
        missing.all(|target| {
            std::fs::metadata(&target.path).is_ok_and(|file| file.len() == target.size)
        })
    }

    /// Everything that another process needs to go on, links included.
    pub fn export(&self) -> BatchState {
        self.state.clone()
    }

    /// Uploads the parts that are missing, so many at a time, straight from their files.
    ///
    /// A part is done when the storage answers 201, and nothing else. After an error the parts that
    /// were done stay done, and the upload may be called again.
    /// [`ErrorKind::Forbidden`] usually means that the links have expired: then the batch comes to
    /// nothing and has to be announced anew.
    pub async fn upload(&mut self, at_a_time: usize) -> Result<(), Error> {
        self.upload_noting(at_a_time, |_| {}).await
    }

    /// As [`upload`](Self::upload), and hands over the state after each part, to be stored: a
    /// program that dies goes on with the last one by
    /// [`Account::resume_batch`].
    pub async fn upload_noting(
        &mut self,
        at_a_time: usize,
        mut note: impl FnMut(&BatchState),
    ) -> Result<(), Error> {
        let missing: Vec<_> = self.missing().collect();
        let client = self.account.client().clone();
        let uploads = self.state.targets.iter().filter(|target| !target.is_uploaded);
        let uploads = uploads.map(|target| (target.ordinal, request(target)));
        let uploads: Vec<_> = uploads.collect();
        tracing::debug!(parts = missing.len(), "uploading");
        let mut done = stream::iter(uploads)
            .map(|(ordinal, upload)| {
                let client = client.clone();
                async move { client.upload(upload?).await.map(|()| ordinal) }
            })
            .buffer_unordered(at_a_time.max(1));
        while let Some(outcome) = done.next().await {
            let ordinal = outcome?;
            let target = self.state.targets.iter_mut().find(|target| target.ordinal == ordinal);
            if let Some(target) = target {
                target.is_uploaded = true;
            }
            note(&self.state);
        }
        Ok(())
    }

    /// Says that all parts are there, which starts the processing (204).
    ///
    /// Parts that are missing are an error here. A batch that is closed already, by an earlier try
    /// for instance, is closing, too: a refusal because of its state (21180) has its status asked
    /// for. 21208 means that it was too late and the batch is cancelled. When a part is missing or has
    /// another size all the same (21205, 21157), the handle comes back with all of them
    /// [`missing`](Self::missing), to be uploaded and closed again.
    pub async fn close(mut self) -> Result<Closing, Unfinished<Self>> {
        if self.missing().next().is_some() {
            let cause = "parts of the package are not uploaded yet";
            let error = Error::local(ErrorKind::Input, Close::INFO.name, cause);
            return Err(Unfinished::new(self, error));
        }
        match self.account.send(&Close(self.state.reference.clone())).await {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::SessionState && self.is_closed().await => {}
            Err(error) => {
                if is_incomplete(&error) {
                    self.state.targets.iter_mut().for_each(|target| target.is_uploaded = false);
                }
                return Err(Unfinished::new(self, error));
            }
        }
        Ok(Closing::new(self.account, self.state.reference, SessionType::Batch))
    }

    /// Whether the session is not open any more; a status that cannot be had does not say so.
    async fn is_closed(&self) -> bool {
        let status = sessions::Status(self.state.reference.clone());
        self.account.send(&status).await.is_ok_and(|answer| answer.status.code > 100)
    }
}

/// Whether KSeF says that parts of a batch are missing, or of other sizes than announced.
pub(crate) fn is_incomplete(error: &Error) -> bool {
    error.code().is_some_and(|code| [21157, 21205].contains(&code.number()))
}

fn request(target: &Target) -> Result<Upload, Error> {
    let unreadable = || Error::unreadable(&Open::INFO, "the address of a part cannot be used");
    let headers = target.headers.iter().map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unreadable())?;
        Ok((name, HeaderValue::from_str(value).map_err(|_| unreadable())?))
    });
    Ok(Upload {
        method: Method::from_bytes(target.method.as_bytes()).map_err(|_| unreadable())?,
        link: target.link.clone(),
        headers: headers.collect::<Result<_, Error>>()?,
        content: common_http::Body::File(FilePart::new(&target.path, 0, target.size)),
    })
}
