//! Queries for invoices themselves: started, waited for, and fetched part by part (specification
//! 1.9, chapters 13.10.3.2 and 15.6).

use std::path::Path;

use chrono::{DateTime, Utc};
use common_core::poll::PollSchedule;
use common_http::{CallOptions, Endpoint, Polled, poll_until};
use ksef_crypto::{number::ReferenceNumber, seal::Measure};
use serde::{Deserialize, Serialize};

use super::{FetchInvoices, InvoicesStatus, PartArchive, StartInvoices, archive};
use crate::v1::{
    error::{Error, ErrorKind},
    exception::ExceptionCode,
    process::{Class, Process},
    progress::Progress,
    session::Session,
    wire,
};

/// No part is larger, in bytes: the 10,100 invoices of a query, each of the largest size that is
/// taken, uncompressed and with a kilobyte of names beside each. A larger one is a mistake that would
/// fill the disk.
const LARGEST_PART: u64 = 10_100 * (1024 + 1) * 1024;

/// How often a part is fetched when the connection breaks in the middle of it.
const TRIES: u32 = 4;

/// A query that the service works on. Plain data: store it to go on in another process, in the same
/// session, whose key its parts are encrypted with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InvoiceQuery {
    /// The number by which the status is asked for.
    pub element: ReferenceNumber,
}

/// How far a query has come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryStatus {
    /// The service is at this step.
    Pending(Progress),
    /// Its results can be fetched.
    Done(QueryResult),
}

/// What a query found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QueryResult {
    /// How many invoices, if the service says so.
    pub invoices: Option<u64>,
    /// The parts, in order; none when nothing was found.
    pub parts: Vec<ResultPart>,
}

/// A part of a query's result: an archive of invoices. Plain data, as [`InvoiceQuery`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResultPart {
    /// The query.
    pub query: ReferenceNumber,
    /// The number by which the part is fetched.
    pub reference: ReferenceNumber,
    /// Until when it can be fetched: 120 minutes as specified, some weeks as seen.
    pub expires: Option<DateTime<Utc>>,
    /// The size of the archive in bytes, before encryption.
    pub size: u64,
    /// The SHA-256 of the archive in Base64, before encryption.
    pub hash: String,
}

impl InvoiceQuery {
    /// A query whose number is known from elsewhere.
    pub fn new(element: ReferenceNumber) -> Self {
        Self { element }
    }
}

impl Session {
    /// Starts a query for invoices themselves.
    ///
    /// When the answer is lost, start it again: a query that nobody asks about comes to nothing.
    pub async fn start_query(
        &self,
        criteria: wire::QueryCriteriaInvoiceV2,
    ) -> Result<InvoiceQuery, Error> {
        let answer = self.send(&StartInvoices::new(criteria)).await?;
        let element = answer.element_reference_number.parse();
        let element = element.map_err(|_| {
            Error::unreadable(&StartInvoices::INFO, "the query's number is no reference number")
        })?;
        Ok(InvoiceQuery { element })
    }

    /// Asks once how far a query has come.
    ///
    /// Fails with [`ErrorKind::TooManyResults`] when it found more than one query may give, and
    /// with [`ErrorKind::Failed`] when it failed otherwise; the error's progress names the step.
    pub async fn query_status(&self, query: &InvoiceQuery) -> Result<QueryStatus, Error> {
        let answer = self.send(&InvoicesStatus(query.element.clone())).await?;
        let (code, description) = (answer.processing_code, answer.processing_description);
        let progress = Progress::new(Process::Query, code, description);
        if progress.class() == Class::Failed {
            let kind = match progress.exception() {
                Some(ExceptionCode::TOO_MANY_RESULTS) => ErrorKind::TooManyResults,
                _ => ErrorKind::Failed,
            };
            return Err(Error::local(kind, InvoicesStatus::INFO.name, progress));
        }
        if progress.class() != Class::Done {
            return Ok(QueryStatus::Pending(progress));
        }
        let mut parts = answer.part_list;
        parts.sort_by_key(|part| part.part_number);
        let is_empty = answer.number_of_elements.is_some_and(|count| count > 0) && parts.is_empty();
        if is_empty || answer.number_of_parts.is_some_and(|count| count != parts.len() as u64) {
            return Err(unreadable("the list of parts is not as long as it says"));
        }
        let parts = parts.into_iter().map(|part| ResultPart::read(query, part));
        let parts = parts.collect::<Option<_>>();
        let parts = parts.ok_or_else(|| unreadable("a part lacks its number or its hash"))?;
        Ok(QueryStatus::Done(QueryResult { invoices: answer.number_of_elements, parts }))
    }

    /// Waits until the results of a query can be fetched.
    ///
    /// Fails as [`query_status`](Self::query_status) does, and with [`ErrorKind::NotFinished`] when
    /// the schedule's time is up first; asking again later goes on.
    pub async fn wait_for_query(
        &self,
        query: &InvoiceQuery,
        schedule: &PollSchedule,
    ) -> Result<QueryResult, Error> {
        let poll = || async {
            Ok::<_, Error>(match self.query_status(query).await? {
                QueryStatus::Done(result) => Polled::Ended(result),
                QueryStatus::Pending(_) => Polled::Pending(None),
            })
        };
        let done = poll_until(self.clock(), schedule, poll).await?;
        done.ok_or_else(|| {
            let cause = "the query is not done yet";
            Error::local(ErrorKind::NotFinished, InvoicesStatus::INFO.name, cause)
        })
    }

    /// Fetches a part, decrypts it on its way to the disk, and compares it with its announced
    /// size and hash.
    ///
    /// The plain archive lies in that folder under a name of its own and is removed when the
    /// answer of this call is dropped. A few kilobytes are in memory. A connection that breaks is
    /// tried again from the beginning, a few times.
    ///
    /// Fails with [`ErrorKind::NotFound`] when the part has expired, with
    /// [`ErrorKind::Unreadable`] when it is not the announced one or is announced with more than
    /// 10,600,960,000 bytes, which the invoices of one query cannot have, and with
    /// [`ErrorKind::File`].
    pub async fn fetch_part(
        &self,
        part: &ResultPart,
        folder: impl AsRef<Path>,
    ) -> Result<PartArchive, Error> {
        if part.size > LARGEST_PART {
            return Err(unreadable("the part is announced larger than a query's result can be"));
        }
        let request = FetchInvoices::new(part.query.clone(), part.reference.clone());
        let mut tries = 1;
        loop {
            let fetched = async {
                let download = self.download(&request, CallOptions::new()).await?;
                archive::save(download, self.encryption_key(), part, folder.as_ref()).await
            };
            match fetched.await {
                Err(error) if error.kind() == ErrorKind::Interrupted && tries < TRIES => tries += 1,
                ended => return ended,
            }
        }
    }
}

impl ResultPart {
    fn read(query: &InvoiceQuery, part: wire::InvoicePart) -> Option<Self> {
        let hash = part.plain_part_hash?;
        Some(Self {
            query: query.element.clone(),
            reference: part.part_reference_number.parse().ok()?,
            expires: part.part_expiration,
            size: hash.file_size?,
            hash: hash.hash_sha?.value?,
        })
    }

    /// Whether an archive is the announced one.
    pub(super) fn is(&self, archive: &Measure) -> bool {
        archive.size == self.size && archive.sha256_base64() == self.hash
    }
}

fn unreadable(cause: &'static str) -> Error {
    Error::unreadable(&InvoicesStatus::INFO, cause)
}
