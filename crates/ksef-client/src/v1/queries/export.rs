//! Any number of invoices themselves, as a stream over windows, queries, parts and archives
//! (specification 1.9, chapter 13.10.3.2).

use std::{collections::VecDeque, path::PathBuf, pin::Pin};

use common_core::poll::PollSchedule;
use common_http::Endpoint as _;
use futures_util::{Stream, StreamExt, stream};
use ksef_crypto::{link::InvoiceHash, package::OpenLimits};

use super::{
    FetchedInvoice, InvoicesStatus, QueryResult, ResultPart,
    window::{Seen, Window, Windows},
};
use crate::v1::{
    error::{Error, ErrorKind},
    session::Session,
    wire,
};

/// How often a query is started when the answer is lost.
const TRIES: u32 = 4;

/// How invoices are fetched.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    folder: PathBuf,
    schedule: PollSchedule,
    limits: OpenLimits,
}

impl ExportOptions {
    /// Keeps one part at a time in that folder, plain, and waits up to ten minutes for each query.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            schedule: PollSchedule::default(),
            limits: OpenLimits::default(),
        }
    }

    /// Sets how often and how long a query is asked about.
    #[must_use]
    pub fn schedule(mut self, schedule: PollSchedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Sets what may come out of an archive.
    #[must_use]
    pub fn limits(mut self, limits: OpenLimits) -> Self {
        self.limits = limits;
        self
    }
}

impl Session {
    /// All invoices that meet the criteria, however many, each once, as the very bytes that were
    /// sent.
    ///
    /// A query is started, waited for, and its parts are fetched one by one; a query that finds too
    /// much is split as in [`invoice_headers`](Self::invoice_headers). Invoices are the same by
    /// their KSeF number, where the archive names it, and by their bytes otherwise. A part and a
    /// few invoices are held at a time.
    ///
    /// The stream ends after the first error. To go on after one without fetching everything
    /// again, use the steps themselves: [`start_query`](Self::start_query),
    /// [`wait_for_query`](Self::wait_for_query), [`fetch_part`](Self::fetch_part).
    pub fn export_invoices(
        &self,
        criteria: wire::QueryCriteriaInvoiceV2,
        options: ExportOptions,
    ) -> impl Stream<Item = Result<FetchedInvoice, Error>> + Send + '_ {
        let export = Export {
            session: self,
            options,
            windows: Windows::new(criteria, self.clock().now()),
            seen: Seen::default(),
            parts: VecDeque::new(),
            open: None,
            missing: 0,
        };
        stream::try_unfold(export, |mut export| async move {
            let invoice = export.next_invoice().await?;
            Ok(invoice.map(|invoice| (invoice, export)))
        })
    }

    /// Runs one query to its end.
    async fn query(
        &self,
        criteria: wire::QueryCriteriaInvoiceV2,
        schedule: &PollSchedule,
    ) -> Result<QueryResult, Error> {
        let mut tries = 1;
        let query = loop {
            match self.start_query(criteria.clone()).await {
                // A lost query costs the service some work and nobody anything.
                Err(error) if error.may_have_happened() && tries < TRIES => tries += 1,
                started => break started?,
            }
        };
        self.wait_for_query(&query, schedule).await
    }
}

type Invoices = Pin<Box<dyn Stream<Item = Result<FetchedInvoice, Error>> + Send>>;

/// Where a stream of invoices stands.
struct Export<'s> {
    session: &'s Session,
    options: ExportOptions,
    windows: Windows,
    seen: Seen,
    parts: VecDeque<ResultPart>,
    open: Option<Invoices>,
    /// How many invoices of the last query have not come out of its parts yet.
    missing: u64,
}

impl Export<'_> {
    async fn next_invoice(&mut self) -> Result<Option<FetchedInvoice>, Error> {
        loop {
            if let Some(open) = &mut self.open {
                match open.next().await.transpose()? {
                    Some(invoice) => {
                        self.missing = self.missing.saturating_sub(1);
                        if self.seen.is_new(&identity(&invoice)) {
                            return Ok(Some(invoice));
                        }
                    }
                    None => self.open = None,
                }
            } else if let Some(part) = self.parts.pop_front() {
                let archive = self.session.fetch_part(&part, &self.options.folder).await?;
                self.open = Some(Box::pin(archive.invoices(self.options.limits)));
            } else if self.missing > 0 {
                let cause = "the parts hold fewer invoices than the query found";
                return Err(Error::local(ErrorKind::Unreadable, InvoicesStatus::INFO.name, cause));
            } else if let Some(window) = self.windows.next() {
                self.ask(window).await?;
            } else {
                return Ok(None);
            }
        }
    }

    async fn ask(&mut self, window: Window) -> Result<(), Error> {
        let criteria = self.windows.criteria(window);
        match self.session.query(criteria, &self.options.schedule).await {
            Ok(result) => {
                self.seen.next_window();
                self.missing = result.invoices.unwrap_or_default();
                self.parts = result.parts.into();
            }
            Err(error) if error.kind() == ErrorKind::TooManyResults => {
                if !self.windows.split(window) {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn identity(invoice: &FetchedInvoice) -> String {
    match &invoice.number {
        Some(number) => number.to_string(),
        None => InvoiceHash::of(&invoice.bytes).base64(),
    }
}
