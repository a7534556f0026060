//! What the demo tells its reader.

use std::{path::Path, time::Duration};

use common_core::money::Money;
use kros_client::{
    batch::{BatchReport, Outcome, Step, Verdict},
    model::{Invoice, NewInvoice},
};

use crate::receiver::News;

pub(crate) fn opening(invoices: usize) {
    println!("KROS Fakturácia is an on-line invoicing service of Slovakia. A shop hands its");
    println!("invoices over in batches of at most 100; the service accepts or refuses a batch at");
    println!("once, creates the documents later, and reports the result in a signed message.");
    println!("This scene plays it against a local double of the service, with {invoices} invoices");
    println!("of an invented shop. Three of them are wrong.\n");
}

pub(crate) fn connected(service: &str, receiver: &str) {
    println!("The double of the service listens at {service}");
    println!("The shop waits for messages at      {receiver}\n");
}

/// One request in one line.
pub(crate) fn in_words(step: &Step) -> String {
    let count = step.documents.len();
    match &step.verdict {
        Verdict::Accepted(pending) => {
            format!("{count} invoices accepted as request {}", pending.request_id)
        }
        Verdict::AlreadyAccepted => format!("{count} invoices had been accepted before"),
        Verdict::Refused(rejections) => {
            let first = rejections.first().map(ToString::to_string).unwrap_or_default();
            format!("{count} invoices refused because of {}: {first}", rejections.len())
        }
        Verdict::Failed(error) => format!("{count} invoices not accepted: {error}"),
        _ => format!("{count} invoices: an answer of a new kind"),
    }
}

/// What became of the invoices that were not created, and where each fault was found.
pub(crate) fn fates(invoices: &[NewInvoice], report: &BatchReport, news: &[News]) {
    let name = |index: usize| invoices[index].external_id.as_deref().unwrap_or("unnamed");
    println!("\nNot created:");
    for (index, outcome) in report.outcomes().iter().enumerate() {
        match outcome {
            Outcome::Withheld(findings) => {
                for finding in findings {
                    println!(
                        "  {}  found here before sending:  {}: {}",
                        name(index),
                        finding.property_path,
                        finding.message
                    );
                }
            }
            Outcome::Refused(rejections) => {
                for rejection in rejections {
                    println!(
                        "  {}  refused by the service:     {}: {}",
                        name(index),
                        rejection.property_path.as_deref().unwrap_or("the document"),
                        rejection.message.as_deref().unwrap_or("no reason was given")
                    );
                }
            }
            Outcome::Accepted(_) | Outcome::AlreadyAccepted => {}
            other => println!("  {}  {other:?}", name(index)),
        }
    }
    for (entity, problem) in news
        .iter()
        .flat_map(|one| one.notification().failed())
        .flat_map(|entity| entity.problems.iter().map(move |problem| (entity, problem)))
    {
        println!(
            "  {}  failed while being created: {}: {}",
            entity.external_id.as_deref().unwrap_or("unnamed"),
            problem.property_path.as_deref().unwrap_or("the document"),
            problem.message
        );
    }
    println!(
        "\n{} of {} invoices accepted; {} signed messages received and verified.",
        report.accepted(),
        invoices.len(),
        news.len()
    );
}

pub(crate) fn closing(created: &[Invoice], pdf: &Path, took: Duration) {
    println!("{} invoices exist now:", created.len());
    let shown = 3.min(created.len());
    for invoice in &created[..shown] {
        let document = &invoice.document;
        let total = invoice.sum_for_payment.and_then(|sum| Money::<2>::try_from(sum).ok());
        let total = total.map(|sum| sum.to_string());
        println!(
            "  {}  {}  {} {}",
            document.document_number.as_deref().unwrap_or("-"),
            document.external_id.as_deref().unwrap_or("-"),
            total.as_deref().unwrap_or("-"),
            document.currency.as_deref().unwrap_or("")
        );
    }
    println!("  … and {} more", created.len() - shown);
    println!("The first of them as PDF: {}", pdf.display());
    println!("All of it took {:.1} s.", took.as_secs_f64());
}
