//! The main job, end to end and on this machine alone: a shop hands 250 invoices over, three of
//! them wrong in different ways, and gets a signed account of what became of each.
//!
//! Run it with `cargo xtask demo kros`. It talks to the sandbox, a local double of KROS
//! Fakturácia; nothing leaves the machine.

#![expect(clippy::print_stdout, reason = "the account is what the demo is for")]

mod account;
mod receiver;

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use futures_util::TryStreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use kros_client::{
    Client, Environment, auth,
    batch::{BatchReport, Step, Verdict},
    invoices,
    model::{Invoice, NewInvoice},
};
use receiver::{News, Receiver};
use sandbox::Sandbox;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Notifications come a moment after the requests; the sandbox needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let root = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let folder = root.join("target/demo/kros");
    std::fs::create_dir_all(&folder)?;
    let invoices = read_invoices(&root.join("fixtures/kros/examples"))?;
    account::opening(invoices.len());

    let sandbox = Sandbox::builder().calm().start().await?;
    let company = sandbox.kros().company("0").ok_or("the sandbox has no company")?;
    let mut receiver = Receiver::start(company.webhook_secret()).await?;
    sandbox.kros().set_webhook(company.id, receiver.address(), company.webhook_secret())?;
    let client = Client::builder(Environment::at(sandbox.kros().base_url())?)
        .token(company.token().into())
        .build()?;
    client.send(&auth::Check).await?;
    account::connected(client.base().as_str(), receiver.address());

    #[expect(clippy::disallowed_methods, reason = "the account says how long it took")]
    let started = Instant::now();
    let (invoices, report) = send(&client, invoices).await;
    let news = receiver.wait_for(&report.pending(), PATIENCE).await?;
    save_news(&folder, &news)?;
    let created = list(&client, &folder).await?;
    let pdf = print(&client, &created, &folder).await?;

    account::fates(&invoices, &report, &news);
    balance(&report, &news, created.len())?;
    account::closing(&created, &pdf, started.elapsed());
    println!("Everything received is in {}.", folder.display());
    sandbox.shutdown().await?;
    Ok(())
}

/// Reads all example files, in the order of their names.
fn read_invoices(folder: &Path) -> Outcome<Vec<NewInvoice>> {
    #[derive(serde::Deserialize)]
    struct File {
        data: Vec<NewInvoice>,
    }
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut invoices = Vec::new();
    for path in paths {
        let file: File = serde_json::from_slice(&std::fs::read(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        invoices.extend(file.data);
    }
    Ok(invoices)
}

/// Sends everything, request by request, so that progress can be shown.
async fn send(client: &Client, invoices: Vec<NewInvoice>) -> (Vec<NewInvoice>, BatchReport) {
    let bar = ProgressBar::new(invoices.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("  sending {bar:40} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    let mut batch = client.batch(invoices);
    while let Some(step) = batch.step().await {
        bar.inc(advanced(&step));
        bar.set_message(account::in_words(&step));
        bar.suspend(|| println!("  {}", account::in_words(&step)));
    }
    bar.finish_and_clear();
    batch.into_parts()
}

/// How many documents a request settled; one that was refused comes again without the wrong ones.
fn advanced(step: &Step) -> u64 {
    match &step.verdict {
        Verdict::Refused(rejections) => rejections.len() as u64,
        _ => step.documents.len() as u64,
    }
}

/// Every accepted invoice exists or is named in a message as failed; anything else ends the demo.
fn balance(report: &BatchReport, news: &[News], created: usize) -> Outcome {
    let failed: usize = news.iter().map(|one| one.notification().failed().count()).sum();
    let accepted = report.accepted();
    if report.is_certain() && accepted == created + failed {
        return Ok(());
    }
    Err(format!("{accepted} invoices accepted, {created} created and {failed} failed").into())
}

fn save_news(folder: &Path, news: &[News]) -> Outcome {
    for one in news {
        let name = one.request().map_or("unasked".to_owned(), |request| request.to_string());
        std::fs::write(folder.join(format!("notification-{name}.json")), one.body())?;
    }
    Ok(())
}

/// Lists what was created, page by page, and writes it down.
async fn list(client: &Client, folder: &Path) -> Outcome<Vec<Invoice>> {
    let created: Vec<Invoice> =
        client.items(invoices::List::new().numbering_sequence("OF").top(100)).try_collect().await?;
    let file = std::fs::File::create(folder.join("created.json"))?;
    serde_json::to_writer_pretty(file, &created)?;
    Ok(created)
}

/// Downloads the first invoice as PDF, by the link that the service gave.
async fn print(client: &Client, created: &[Invoice], folder: &Path) -> Outcome<PathBuf> {
    let invoice = created.first().ok_or("nothing was created")?;
    let link = invoice.pdf_report_link.clone().ok_or("the invoice has no link to its PDF")?;
    let pdf = client.send(&invoices::ReportByLink(link)).await?;
    let number = invoice.document.document_number.as_deref().unwrap_or("unnumbered");
    let path = folder.join(format!("invoice-{number}.pdf"));
    std::fs::write(&path, pdf.bytes())?;
    Ok(path)
}
