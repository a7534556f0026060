//! What the demo tells its reader.

use std::{path::Path, time::Duration};

use epp_client::{
    batch::{BatchOutcome, LocatedBatch},
    model::{BankAccount, NewPaymentOrder},
    payments::{Confirmation, StartedPayment},
    rules::Finding,
    statement::{Evidence, Matches, Statement},
};

pub(crate) fn opening(orders: usize) {
    println!("ePP is the electronic payment service of the Serbian Treasury. A public institution");
    println!("hands in payment orders, starts a payment of them and confirms it with a one-time");
    println!("password; the day's statement tells what was paid. This scene plays a day of an");
    println!("invented institution against a local double of the service, with {orders} orders.");
    println!("Four of them are wrong, each in its own way.\n");
}

pub(crate) fn connected(api: &str, web: &str, login: &str, account: &BankAccount) {
    println!("The functions are at  {api}");
    println!("Statements come from  {web}");
    let number = account.number.as_ref().map(ToString::to_string);
    let name = account.name.as_deref().unwrap_or("an account without a name");
    println!("{login} is logged in and pays from {}, {name}.\n", number.unwrap_or_default());
}

/// What is known to be wrong before anything is sent.
pub(crate) fn findings(orders: &[NewPaymentOrder], findings: &[Finding]) {
    println!("Found here, before anything was sent:");
    for finding in findings {
        let kind = if finding.is_error() { "error" } else { "warning" };
        let name = finding.order_index.map_or("all", |index| name(&orders[index]));
        println!("  {name:.12}  {kind:<7}  {}: {}", finding.attribute, finding.message);
    }
}

/// What the service found wrong when it was asked to validate.
pub(crate) fn validated(orders: &[NewPaymentOrder], outcome: &BatchOutcome) {
    println!("\nThe service was asked to validate the other {}:", orders.len());
    for (index, error) in outcome.refused() {
        println!("  {:.12}  refused  {error}", name(&orders[index]));
    }
    println!("  {} have nothing wrong with them.", outcome.accepted());
}

pub(crate) fn created(batch: &LocatedBatch) {
    let ids = batch.ids();
    println!("\n{} orders created under the tag {}.", ids.len(), batch.tag());
    if let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) {
        println!("The service answers no ids; listed by the tag they are {first} to {last}.");
    }
}

pub(crate) fn started(payment: &StartedPayment) {
    let record = payment.record();
    let told = record.total_amount.map(|sum| sum.to_string()).unwrap_or_default();
    let sum = record.sum_of_orders().map(|sum| sum.to_string()).unwrap_or_default();
    println!("\nPayment {} is started: {told} RSD in {} orders.", record.tag, record.orders.len());
    println!("The sum of our orders is {sum} RSD, so it may be confirmed.");
}

pub(crate) fn paid(paid: &Confirmation) {
    let tag = paid.payment_tag_name.as_deref().unwrap_or("without a tag");
    let count = paid.total_count.unwrap_or_default();
    println!("A password of the authenticator confirmed it: payment {tag}, {count} orders.");
}

pub(crate) fn statement(statement: &Statement, matches: &Matches) {
    let Some(summary) = &statement.summary else { return };
    let text = |amount: Option<common_core::money::Amount>| {
        amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string())
    };
    println!("\nThe statement of the day, as the service made it:");
    println!("  opening balance {:>16}", text(summary.opening_balance));
    println!("  credits         {:>16}", text(summary.credit_total));
    println!("  debits          {:>16}", text(summary.debit_total));
    println!("  closing balance {:>16}", text(summary.closing_balance));
    println!("  Computed again from its {} items, everything adds up.", statement.items.len());
    let by_reference =
        matches.pairs.iter().filter(|pair| pair.evidence == Evidence::TransactionReference).count();
    let all = matches.pairs.len();
    println!("  {all} debits matched to {all} orders, {by_reference} of them by the reference");
    println!("  of their execution; no order is missing, no debit is left over.");
}

pub(crate) fn closing(folder: &Path, took: Duration) {
    println!("\nAll of it took {:.1} s.", took.as_secs_f64());
    println!("Everything received is in {}.", folder.display());
}

/// The caller's name of an order.
fn name(order: &NewPaymentOrder) -> &str {
    order.external_id.as_deref().unwrap_or("unnamed")
}
