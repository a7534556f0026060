//! What the demo tells its reader.

use std::{path::Path, time::Duration};

use ksef_client::v2::{Account, Status, batch::PackedBatch};
use ksef_crypto::{
    certificate::{Certificate, name::AttributeType},
    number::{KsefNumber, ReferenceNumber},
};

use crate::books::Confirmed;

pub(crate) fn opening(single: usize, batch: usize) {
    println!("KSeF is the national e-invoicing system of Poland; its interface 2.0 is mandatory");
    println!("since 2026. An invoice is issued when KSeF has taken it and given it a number; a");
    println!("signed confirmation, the UPO, names the hash of every invoice. This scene plays an");
    println!("invented baker against a local double of the service: {single} invoices one by one,");
    println!(
        "then {batch} as a batch that an accountant sends, all of it received by the buyer.\n"
    );
}

pub(crate) fn logged_in(base: &str, baker: &Account) {
    println!("The double of the service listens at {base}");
    println!("The baker exists since a moment ago and logged in by a signature (XAdES) to");
    println!("  {}", baker.context());
    println!("It made a KSeF token for its till, which logged in by that, and got a certificate");
    println!("for the codes of invoices that are issued offline.\n");
}

pub(crate) fn printed(count: usize) {
    println!("Before anything was sent, {count} invoices were issued offline: each has its KOD I,");
    println!("and a KOD II that is signed by the certificate; both were read back and verified.\n");
}

/// What became of the invoices of the till.
pub(crate) fn sent(numbers: &[KsefNumber], refusal: &Status) {
    for number in numbers.iter().take(3) {
        println!("  issued as {number}");
    }
    println!("  … {} in all", numbers.len());
    println!("The first one was sent once more: KSeF named the number that it has already.");
    let why = refusal.description.as_deref().unwrap_or("?");
    println!("One of another seller was refused, because of {}: {why}\n", refusal.code);
}

pub(crate) fn granted() {
    println!("An accountant tried to log in and had no permission; the baker gave it.");
}

pub(crate) fn announced(packed: &PackedBatch, reference: &ReferenceNumber) {
    let size: u64 = packed.parts().iter().map(|part| part.sealed.size).sum();
    println!("The accountant packed and encrypted {} invoices: {size} bytes in", packed.invoices());
    println!("{} parts, announced as {reference}.", packed.parts().len());
}

pub(crate) fn confirmed(what: &str, confirmed: &Confirmed) {
    let Confirmed { invoices, pages, signer } = confirmed;
    println!("The confirmation of the {what} has {pages} page(s) with {invoices} invoices. Every");
    println!("signature holds and every hash is that of the bytes that were sent. Signed by");
    println!("  {signer}\n");
}

pub(crate) fn received(found: usize) {
    println!("The buyer asked for everything that it bought: {found} invoices in a package, each");
    println!("byte for byte as it was sent; and one more time by its number alone.\n");
}

pub(crate) fn closing(folder: &Path, shown: usize, took: Duration) {
    println!("Every invoice has its KOD I; {shown} codes are on the page");
    println!("  {}\n", folder.join("index.html").display());
    println!("All of it took {:.1} s.", took.as_secs_f64());
    println!("The confirmations and the table of all links are in {}.", folder.display());
}

/// Whose certificate it is.
pub(crate) fn name(certificate: &Certificate) -> String {
    let subject = certificate.subject();
    let name = subject.texts(AttributeType::COMMON_NAME).next().map(str::to_owned);
    name.unwrap_or_else(|| subject.to_string())
}
