//! A batch as plain data, to go on with it in another process.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use ksef_crypto::number::ReferenceNumber;
use serde::{Deserialize, Serialize};

use super::{Announced, Package, Prepared, Processing, Signed};
use crate::v1::{
    Client,
    error::{Error, ErrorKind},
    wire,
};

/// Where a batch stands: store it after each step, as JSON for instance.
///
/// It holds no secret, but numbers and addresses that open the batch to whoever knows them. The
/// parts lie in their folder beside it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BatchState(Stage);

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub(super) enum Stage {
    Prepared { package: Package, document: String },
    Signed { package: Package, document: String },
    Announced { package: Package, reference: ReferenceNumber, places: Vec<PartPlace> },
    Processing { package: Option<Package>, reference: ReferenceNumber },
}

/// Where a part goes, and whether it is there.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PartPlace {
    pub(super) ordinal: u32,
    pub(super) target: wire::PackagePartUpload,
    pub(super) uploaded: bool,
}

impl Stage {
    pub(super) fn prepared(package: Package, document: &[u8]) -> Self {
        Self::Prepared { package, document: STANDARD.encode(document) }
    }

    pub(super) fn signed(package: Package, document: &[u8]) -> Self {
        Self::Signed { package, document: STANDARD.encode(document) }
    }
}

impl BatchState {
    pub(super) fn new(stage: Stage) -> Self {
        Self(stage)
    }

    /// The batch's number, once it was announced.
    pub fn reference(&self) -> Option<&ReferenceNumber> {
        match &self.0 {
            Stage::Prepared { .. } | Stage::Signed { .. } => None,
            Stage::Announced { reference, .. } | Stage::Processing { reference, .. } => {
                Some(reference)
            }
        }
    }

    /// Notes that a part of an announced batch has arrived; the numbers of parts begin with 1.
    pub fn record(&mut self, ordinal: u32) {
        if let Stage::Announced { places, .. } = &mut self.0 {
            let part = places.iter_mut().find(|place| place.ordinal == ordinal);
            if let Some(part) = part {
                part.uploaded = true;
            }
        }
    }

    fn stage(&self) -> &'static str {
        match self.0 {
            Stage::Prepared { .. } => "prepared",
            Stage::Signed { .. } => "signed",
            Stage::Announced { .. } => "announced",
            Stage::Processing { .. } => "processing",
        }
    }
}

/// Without the address.
impl fmt::Debug for PartPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartPlace")
            .field("ordinal", &self.ordinal)
            .field("uploaded", &self.uploaded)
            .finish_non_exhaustive()
    }
}

/// Without the addresses.
impl fmt::Debug for BatchState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchState").field("stage", &self.stage()).finish_non_exhaustive()
    }
}

/// A batch that was taken up again, at the stage where it stood.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResumedBatch {
    /// It has to be signed.
    Prepared(Prepared),
    /// It has to be announced.
    Signed(Signed),
    /// Parts may have to be uploaded; uploading none is how one goes on when all are there.
    Announced(Announced),
    /// It is being processed.
    Processing(Processing),
}

impl Client {
    /// Takes up a batch that was exported. Nothing is sent.
    ///
    /// Fails with [`ErrorKind::Input`] when the stored document is damaged.
    pub fn resume_batch(&self, state: BatchState) -> Result<ResumedBatch, Error> {
        let client = self.clone();
        Ok(match state.0 {
            Stage::Prepared { package, document } => {
                ResumedBatch::Prepared(Prepared::new(client, package, read(&document)?))
            }
            Stage::Signed { package, document } => {
                ResumedBatch::Signed(Signed::new(client, package, read(&document)?))
            }
            Stage::Announced { package, reference, places } => {
                ResumedBatch::Announced(Announced::new(client, package, reference, places))
            }
            Stage::Processing { package, reference } => {
                ResumedBatch::Processing(Processing::new(self, package, reference))
            }
        })
    }
}

fn read(document: &str) -> Result<Bytes, Error> {
    let document = STANDARD.decode(document);
    document.map(Bytes::from).map_err(|_| {
        Error::local(ErrorKind::Input, "batch.resume", "the stored document is damaged")
    })
}
