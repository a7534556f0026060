//! Having a package made.

use std::fmt;

use common_core::{
    poll::PollSchedule,
    secret::{ExposeSecret, SecretString},
};
use common_http::{Endpoint, Polled, poll_until};
use ksef_crypto::{
    number::ReferenceNumber,
    package::ArchiveFormat,
    seal::{SessionKey, Usage},
};
use serde::{Deserialize, Serialize};

use super::Package;
use crate::v2::{
    Account,
    client::new_session_key,
    error::{Error, ErrorKind},
    exports,
    sending::{StateError, StoredKey},
    status::Status,
    wire,
};

/// A package that is to be made.
#[derive(Debug)]
#[must_use = "an export is started by `start`"]
pub struct ExportOpening {
    account: Account,
    filters: wire::InvoiceQueryFilters,
    format: ArchiveFormat,
    only_metadata: bool,
    key: Option<SessionKey>,
}

impl Account {
    /// Starts to have a package made of the invoices that fit: at most 10,000, or 1 GB compressed;
    /// a package that was cut says so ([`Package::is_truncated`]). Ten may be made at a time in a
    /// context, and 20 started an hour.
    pub fn export(&self, filters: wire::InvoiceQueryFilters) -> ExportOpening {
        ExportOpening {
            account: self.clone(),
            filters,
            format: ArchiveFormat::Zip,
            only_metadata: false,
            key: None,
        }
    }
}

impl ExportOpening {
    /// Sets the format of the archive.
    pub fn format(mut self, format: ArchiveFormat) -> Self {
        self.format = format;
        self
    }

    /// Asks for the metadata alone, without the invoices.
    pub fn only_metadata(mut self) -> Self {
        self.only_metadata = true;
        self
    }

    /// Has it encrypted with that key, which must be used for this package alone; with a new one
    /// without it.
    pub fn key(mut self, key: SessionKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Starts the export (201).
    ///
    /// When the answer is lost, start it again: the lost one counts among the ten that are made at
    /// a time until it is done.
    pub async fn start(self) -> Result<Export, Error> {
        let Self { account, filters, format, only_metadata, key } = self;
        let key = match key {
            Some(key) => key,
            None => new_session_key()?,
        };
        let compression = match format {
            ArchiveFormat::TarGz => wire::CompressionType::TarGz,
            _ => wire::CompressionType::Zip,
        };
        let (caller, key_of_call, filters) = (&account, &key, &filters);
        let answer = account
            .client()
            .with_key(Usage::SymmetricKeyEncryption, |authority| async move {
                let encryption = caller.client().declare(key_of_call, &authority)?;
                let body = wire::InvoiceExportRequest::new(encryption, filters.clone())
                    .compression_type(compression)
                    .only_metadata(only_metadata);
                caller.send(&exports::Start(body)).await
            })
            .await?;
        let reference = answer.reference_number.parse().map_err(|_| {
            let cause = "the export's number is no reference number";
            Error::unreadable(&exports::Start::INFO, cause)
        })?;
        Ok(Export { account, reference, key, format, only_metadata })
    }
}

/// A package that is being made.
#[must_use = "an export that was started has to be waited for"]
pub struct Export {
    account: Account,
    reference: ReferenceNumber,
    key: SessionKey,
    format: ArchiveFormat,
    only_metadata: bool,
}

impl Account {
    /// Takes up an export that was exported, in another process for instance.
    pub fn resume_export(&self, state: ExportState) -> Export {
        let ExportState { reference, key, format, only_metadata } = state;
        Export { account: self.clone(), reference, key, format, only_metadata }
    }
}

impl Export {
    /// The export's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// Asks once; `None` while the package is being made.
    ///
    /// Every answer has new links, so this is also the way to go on when links have expired. Fails
    /// with [`ErrorKind::Gone`] when the package has expired (210, or 410 after some days), and with
    /// [`ErrorKind::Failed`] when it could not be made; 550 asks to start it again.
    pub async fn poll_once(&self) -> Result<Option<Package>, Error> {
        let answer = self.account.send(&exports::Status(self.reference.clone())).await?;
        let status = Status::from(answer.status);
        let info = exports::Status::INFO;
        if status.code == 210 {
            return Err(Error::local(ErrorKind::Gone, info.name, status));
        }
        if !status.check(info.name)? {
            return Ok(None);
        }
        let package = answer.package;
        let package = package.ok_or_else(|| Error::unreadable(&info, "there is no package"))?;
        let client = self.account.client().clone();
        let until = answer.package_expiration_date;
        Ok(Some(Package::new(client, self.export(), package, until)))
    }

    /// Waits until the package is made.
    ///
    /// When the time of the schedule is up first, the handle comes back with
    /// [`ErrorKind::NotFinished`]. The handle is lent, because it may be needed to ask for new links.
    pub async fn wait(&self, schedule: &PollSchedule) -> Result<Package, Error> {
        let poll = || async {
            let package = self.poll_once().await?;
            Ok::<_, Error>(package.map_or(Polled::Pending(None), Polled::Ended))
        };
        let ended = poll_until(self.account.clock(), schedule, poll).await?;
        ended.ok_or_else(|| {
            let cause = "the package is not made yet";
            Error::local(ErrorKind::NotFinished, exports::Status::INFO.name, cause)
        })
    }

    /// Everything that another process needs to go on, the key included.
    pub fn export(&self) -> ExportState {
        let (reference, key) = (self.reference.clone(), self.key.duplicate());
        ExportState { reference, key, format: self.format, only_metadata: self.only_metadata }
    }
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export").field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// What an export is made of, its key included.
///
/// [`Debug`](fmt::Debug) shows nothing of the key, and [`expose_json`](Self::expose_json) is the only
/// way to write it.
pub struct ExportState {
    pub(super) reference: ReferenceNumber,
    pub(super) key: SessionKey,
    pub(super) format: ArchiveFormat,
    pub(super) only_metadata: bool,
}

impl ExportState {
    /// The export's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// The state as JSON, **with its key**: store it sealed.
    pub fn expose_json(&self) -> SecretString {
        let kept = Kept {
            reference: self.reference.clone(),
            key: StoredKey::of(&self.key),
            is_tar: self.format == ArchiveFormat::TarGz,
            only_metadata: self.only_metadata,
        };
        // Texts and numbers cannot fail to be written.
        SecretString::from(serde_json::to_string(&kept).unwrap_or_default())
    }

    /// Reads what [`expose_json`](Self::expose_json) wrote.
    pub fn from_json(text: &SecretString) -> Result<Self, StateError> {
        let kept: Kept = serde_json::from_str(text.expose_secret()).map_err(|_| StateError)?;
        let format = if kept.is_tar { ArchiveFormat::TarGz } else { ArchiveFormat::Zip };
        let (key, only_metadata) = (kept.key.open()?, kept.only_metadata);
        Ok(Self { reference: kept.reference, key, format, only_metadata })
    }
}

impl fmt::Debug for ExportState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportState").field("reference", &self.reference).finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    reference: ReferenceNumber,
    key: StoredKey,
    is_tar: bool,
    #[serde(default)]
    only_metadata: bool,
}
