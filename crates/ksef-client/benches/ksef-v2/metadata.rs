//! A stream of metadata, beside the same exchanges and a bare parser.

use std::{
    hint::black_box,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use common_core::store::BoxFuture;
use common_http::{Body, BodyStream, TransportError};
use futures_util::TryStreamExt;
use ksef_client::v2::{
    ReqwestTransport, Transport,
    wire::{
        InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQueryFilters, InvoiceQuerySubjectType,
        QueryInvoicesMetadataResponse,
    },
};

use crate::{
    BUYER, Bench, Failure,
    cost::{Least, cpu, row, say},
};

const GOAL: &str = "<= 1.25";

/// No page is larger.
const PAGE: u64 = 10 << 20;

/// Sends requests and remembers those for metadata.
#[derive(Clone, Debug)]
struct Recorder {
    inner: ReqwestTransport,
    heard: Arc<Mutex<Vec<http::Request<Bytes>>>>,
}

impl Transport for Recorder {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        if let Body::Bytes(bytes) = request.body()
            && request.uri().path().ends_with("/invoices/query/metadata")
        {
            let (parts, bytes) = (request.clone().into_parts().0, bytes.clone());
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push(http::Request::from_parts(parts, bytes));
        }
        self.inner.send(request)
    }
}

pub(crate) async fn measure(bench: &Bench, rounds: usize, rows: u32) -> Result<(), Failure> {
    let transport = Bench::transport()?;
    let recorder = Recorder { inner: transport.clone(), heard: Arc::default() };
    // The first stream tells which requests there are; it is not measured.
    stream(bench, recorder.clone(), rows).await?;
    let requests = recorder.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (mut client, mut bare, mut parsing) = (Least::new(), Least::new(), Least::new());
    for _ in 0..rounds {
        let start = cpu()?;
        stream(bench, transport.clone(), rows).await?;
        client.since(start)?;
        let start = cpu()?;
        let mut pages = Vec::with_capacity(requests.len());
        for request in &requests {
            let page = exchange(&transport, request.clone().map(Body::Bytes)).await?;
            black_box(parse(&page)?);
            pages.push(page);
        }
        bare.since(start)?;
        let start = cpu()?;
        for page in &pages {
            black_box(parse(page)?);
        }
        parsing.since(start)?;
    }
    let count = usize::try_from(rows)?;
    let (client, bare) = (client.each(count), bare.each(count));
    let figure = format!("metadata of {rows} invoices as a stream, client CPU per row");
    let reference = "the same exchanges and serde_json without the client";
    row(&figure, &format!("{client:.2} us"), client / bare, reference, GOAL);
    let (parsing, pages) = (parsing.each(count), requests.len());
    say(&format!("of this, serde_json alone takes {parsing:.2} us; there are {pages} pages"));
    Ok(())
}

/// Reads every row of the buyer, whose number must be right.
async fn stream(bench: &Bench, transport: impl Transport, rows: u32) -> Result<(), Failure> {
    let client = bench.client(transport)?;
    let account = Bench::account(&client, BUYER, &bench.buyer)?;
    let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::PermanentStorage, bench.from)
        .restrict_to_permanent_storage_hwm_date(true);
    let filters = InvoiceQueryFilters::new(range, InvoiceQuerySubjectType::Subject2);
    let mut found = 0;
    let mut stream = pin!(account.metadata(filters).into_stream());
    while let Some(row) = stream.try_next().await? {
        black_box(row);
        found += 1;
    }
    if found == rows { Ok(()) } else { Err(format!("{found} of {rows} rows came").into()) }
}

async fn exchange(
    transport: &ReqwestTransport,
    request: http::Request<Body>,
) -> Result<Bytes, Failure> {
    let answer = transport.send(request).await?;
    let status = answer.status();
    let page = answer.into_body().collect(PAGE).await?;
    if status.as_u16() == 200 { Ok(page) } else { Err(format!("answered {status}").into()) }
}

fn parse(page: &Bytes) -> Result<QueryInvoicesMetadataResponse, Failure> {
    Ok(serde_json::from_slice(page)?)
}
