//! What the demo tells its reader.

use std::{path::Path, time::Duration};

use ksef_client::v1::{
    Session,
    batch::Announced,
    send_many::{Outcome, SendResult},
};
use ksef_crypto::certificate::{Certificate, name::AttributeType};

use crate::books::Confirmed;

pub(crate) fn opening(examples: usize, batch: usize) {
    println!(
        "KSeF is the national e-invoicing system of Poland; its interface 1.x was in use until"
    );
    println!("the beginning of 2026. An invoice is issued when KSeF has taken it and given it a");
    println!("number; a signed confirmation, the UPO, names the hash of every invoice. This scene");
    println!(
        "plays an invented bakery against a local double of the service: {examples} invoices in a"
    );
    println!("session, two of them wrong in different ways, then {batch} as a batch.\n");
}

pub(crate) fn opened(base: &str, session: &Session) {
    println!("The double of the service listens at {base}");
    println!("A token opened the session {}", session.reference());
    println!("for {}; what is sent in it is encrypted.\n", session.context().value());
}

/// What became of the invoices of the session.
pub(crate) fn sent(results: &[SendResult]) {
    let mut accepted = 0;
    for result in results {
        match &result.outcome {
            Outcome::Accepted(invoice) => {
                accepted += 1;
                if accepted <= 3 {
                    println!("  {}  issued as {}", result.name, invoice.number);
                }
            }
            Outcome::Rejected(progress) => {
                let step = progress.step().map_or("an unknown step", |step| step.name);
                println!("  {}  refused at the step {step}", result.name);
                if let Some(code) = progress.exception() {
                    println!(
                        "                because of {code}: {}",
                        code.meaning().unwrap_or("?")
                    );
                }
            }
            other => println!("  {}  {other:?}", result.name),
        }
    }
    println!("{accepted} of {} invoices are issued.\n", results.len());
}

pub(crate) fn announced(batch: &Announced, signer: &Certificate) {
    let package = batch.package();
    let size: u64 = package.parts().iter().map(|part| part.size).sum();
    println!("{} invoices packed, encrypted, and signed for by", package.invoices());
    println!("  {}", name(signer));
    println!("announced as {}: {size} bytes", batch.reference());
    println!("in {} part(s).", package.parts().len());
}

pub(crate) fn confirmed(what: &str, confirmed: &Confirmed) {
    let Confirmed { invoices, pages, signer } = confirmed;
    println!("The confirmation of the {what} has {pages} page(s) with {invoices} invoices. Every");
    println!("signature holds and every hash is that of the bytes that were sent. Signed by");
    println!("  {signer}\n");
}

pub(crate) fn fetched(found: usize) {
    println!("Asked for everything back: {found} invoices, each byte for byte as it was sent.");
}

pub(crate) fn closing(folder: &Path, shown: usize, took: Duration) {
    println!("Each has its verification link; {shown} have their QR codes on the page");
    println!("  {}\n", folder.join("index.html").display());
    println!("All of it took {:.1} s.", took.as_secs_f64());
    println!("Everything received is in {}.", folder.display());
}

/// Whose certificate it is.
pub(crate) fn name(certificate: &Certificate) -> String {
    let subject = certificate.subject();
    let name = subject.texts(AttributeType::COMMON_NAME).next().map(str::to_owned);
    name.unwrap_or_else(|| subject.to_string())
}
