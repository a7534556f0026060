//! The main job, end to end and on this machine alone: a bakery sends 20 invoices in a session, two
//! of them wrong, and 2,000 more as a signed batch; it checks the signed confirmations, asks for
//! everything back, and makes the verification links and QR codes that its customers get.
//!
//! Run it with `cargo xtask demo ksef-v1`, which makes the invoices of the batch. It talks to the
//! sandbox, a local double of KSeF 1.x; nothing leaves the machine.

#![expect(clippy::print_stdout, reason = "the account is what the demo is for")]

mod account;
mod books;
mod page;

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use common_core::poll::PollSchedule;
use futures_util::{StreamExt, TryStreamExt, stream};
use ksef_client::v1::{
    Client, Context, Environment, ExceptionCode, FormCode, Outgoing, Session,
    batch::{BatchOutcome, PackedInvoice},
    outgoing,
    queries::ExportOptions,
    send_many::{Outcome as Sent, SendFile, SendResult, SendTally},
    session::Closed,
    wire,
};
use ksef_crypto::{
    certificate::Certificate,
    keys::{LocalSigner, PrivateKey},
    seal::AuthorityKey,
};
use sandbox::{Sandbox, ksef_v1::KsefV1};

use crate::books::Books;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The company that sells.
const SELLER: &str = "9990000103";

/// Which examples are wrong, and with which exception the service says so.
const WRONG: [(&str, u32); 2] = [("fa2-0007.xml", 21401), ("fa2-0014.xml", 21212)];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let root = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let folder = root.join("target/demo/ksef-v1");
    // Confirmations of the last time would lie among those of this one.
    let _ = std::fs::remove_dir_all(folder.join("upo"));
    std::fs::create_dir_all(folder.join("upo"))?;
    let examples = outgoing::folder(root.join("fixtures/ksef/examples")).await?;
    let batch = outgoing::folder(folder.join("batch")).await.unwrap_or_default();
    if batch.is_empty() {
        return Err("the invoices of the batch are made by `cargo xtask demo ksef-v1`".into());
    }
    account::opening(examples.len(), batch.len());

    let sandbox = Sandbox::builder().calm().start().await?;
    let ksef = sandbox.ksef_v1();
    let client = Client::builder(Environment::at(ksef.base_url())?).build()?;
    #[expect(clippy::disallowed_methods, reason = "the account says how long it took")]
    let started = Instant::now();
    let key = client.authority_key().await?;
    let session = open(&client, ksef, &key).await?;
    account::opened(client.base().as_str(), &session);

    let mut books = Books::default();
    books.read(&root.join("fixtures/ksef/examples"))?;
    books.read(&folder.join("batch"))?;
    let results = send(&session, examples, &folder).await?;
    judge(&results)?;
    account::sent(&results);
    let closed = session.terminate().await?.wait(&patience()).await?;
    let accepted = results.iter().filter(|result| matches!(result.outcome, Sent::Accepted(_)));
    let hashes = accepted.filter_map(|result| result.hash);
    let confirmed = books.confirm(&closed, hashes, &folder).await?;
    account::confirmed("session", &confirmed);

    let (closed, hashes) = send_batch(&client, ksef, &key, batch, &folder).await?;
    let confirmed = books.confirm(&closed, hashes, &folder).await?;
    account::confirmed("batch", &confirmed);

    let session = open(&client, ksef, &key).await?;
    let found = fetch_back(&session, &mut books, &folder).await?;
    account::fetched(found);
    session.terminate().await?.wait(&patience()).await?;
    let shown = page::write(&folder, &books)?;
    account::closing(&folder, shown, started.elapsed());
    if let Some(first) = ksef.unexpected().first() {
        return Err(format!("the service saw what no client should send: {}", first.what).into());
    }
    sandbox.shutdown().await?;
    Ok(())
}

/// The sandbox needs milliseconds where the service needed minutes.
fn patience() -> PollSchedule {
    PollSchedule::new(Duration::from_millis(20), Duration::from_millis(500))
        .within(Duration::from_secs(60))
}

/// An encrypted session by a token.
async fn open(client: &Client, ksef: &KsefV1, key: &AuthorityKey) -> Outcome<Session> {
    let token = ksef.token(SELLER).ok_or("the sandbox has no token of the seller")?;
    let opening = client.session(Context::nip(SELLER)?, FormCode::FA_2).encrypted(key.clone());
    Ok(opening.by_token(&token.into(), key).await?.wait(&patience()).await?)
}

/// Sends the examples several at a time, with a log from which a killed program would go on.
async fn send(
    session: &Session,
    invoices: Vec<Outgoing>,
    folder: &Path,
) -> Outcome<Vec<SendResult>> {
    let path = folder.join("sent.jsonl");
    // A log of the last time this scene was played would say that nothing is left to be sent.
    let _ = std::fs::remove_file(&path);
    let (log, progress) = SendFile::open(&path).await?;
    let run = session.send_many().schedule(patience()).log(log).resume(progress);
    let mut results: Vec<_> = run.send(stream::iter(invoices)).collect().await;
    results.sort_by_key(|result| result.index);
    Ok(results)
}

/// Exactly the wrong ones are refused, each for its own reason; anything else ends the demo.
fn judge(results: &[SendResult]) -> Outcome {
    let mut tally = SendTally::default();
    for result in results {
        tally.add(result);
    }
    let refused = results.iter().filter_map(|result| match &result.outcome {
        Sent::Rejected(progress) => {
            Some((result.name.as_str(), progress.exception().map_or(0, ExceptionCode::number)))
        }
        _ => None,
    });
    if refused.eq(WRONG) && tally.is_certain() && tally.accepted + 2 == tally.total() {
        return Ok(());
    }
    Err(format!("other invoices than the wrong ones were refused: {results:?}").into())
}

/// Packs, signs, announces, uploads, and waits for the confirmation.
async fn send_batch(
    client: &Client,
    ksef: &KsefV1,
    key: &AuthorityKey,
    invoices: Vec<Outgoing>,
    folder: &Path,
) -> Outcome<(Closed, Vec<ksef_crypto::link::InvoiceHash>)> {
    let seal = ksef.certificate("seal").ok_or("the sandbox has no seal")?;
    let certificate = Certificate::from_pem(&seal.certificate_pem)?;
    let signer = LocalSigner::new(PrivateKey::from_pem(&seal.key_pem)?, certificate)?;
    let parts = tempfile::tempdir_in(folder)?;
    let preparation = client.batch(Context::nip(SELLER)?, FormCode::FA_2, key.clone());
    let prepared = preparation.pack(invoices, parts.path()).await?;
    let announced = prepared.sign(&signer)?.announce().await?;
    account::announced(&announced, signer.certificate());
    let uploaded = announced.upload(2, |_| {}).await?;
    let hashes: Vec<_> =
        uploaded.package().packed().await?.iter().filter_map(PackedInvoice::invoice_hash).collect();
    match uploaded.finish().await?.wait(&patience()).await? {
        BatchOutcome::Accepted(closed) => Ok((closed, hashes)),
        other => Err(format!("the batch was not accepted: {other:?}").into()),
    }
}

/// Asks for every invoice that was confirmed and compares it byte by byte.
async fn fetch_back(session: &Session, books: &mut Books, folder: &Path) -> Outcome<usize> {
    let now = session.clock().now();
    let hour = TimeDelta::hours(1);
    let seller = wire::SubjectRole::Subject1;
    let criteria = wire::QueryCriteriaInvoiceIncremental::new(now - hour, now + hour, seller);
    let criteria = wire::QueryCriteriaInvoiceV2::Incremental(criteria);
    let listed: Vec<_> = session.invoice_headers(criteria.clone()).try_collect().await?;
    let options = ExportOptions::new(folder).schedule(patience());
    let mut found = 0;
    let mut invoices = std::pin::pin!(session.export_invoices(criteria, options));
    while let Some(invoice) = invoices.try_next().await? {
        books.compare(&invoice)?;
        found += 1;
    }
    if books.is_settled() && listed.len() == found {
        return Ok(found);
    }
    Err(format!("{} invoices listed, {found} fetched", listed.len()).into())
}
