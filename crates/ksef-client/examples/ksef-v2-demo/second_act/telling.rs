//! What the act tells its reader.

use std::path::Path;

use ksef_client::v2::offline::Deadline;

use super::ledger::{self, Account};

pub(crate) fn opening() {
    println!("\n\nThe second act: the week in which everything breaks\n");
    println!(
        "The bakery's till and the wholesaler's warehouse are processes of their own now. The"
    );
    println!(
        "till puts invoices into an outbox and takes them to KSeF; the warehouse collects what"
    );
    println!(
        "was sold to it into an inbox. Either is a file, and either process may be killed at any"
    );
    println!(
        "moment, and will be. What follows was read in the double's books and in the two files,"
    );
    println!("not in what the processes say.\n");
}

pub(crate) fn tuesday(count: usize, lost: usize, sessions: usize) {
    println!("Tuesday, 22 December 2026: answers get lost");
    println!(
        "  {count} invoices were issued. {lost} answers were lost after KSeF had done what it was"
    );
    println!(
        "  asked, one more came as an error 502, and one invoice never arrived. Nobody guessed:"
    );
    println!(
        "  each invoice was found by its hash, or was not there, in {sessions} sessions; one of them,"
    );
    println!("  whose number was lost, stayed empty. KSeF has {count}, each once.");
}

pub(crate) fn wednesday(count: usize, batches: usize, before: usize, all: usize) {
    println!("Wednesday, 23 December: processes die");
    println!(
        "  {count} monthly invoices went out in {batches} packages. While the second one was being"
    );
    println!(
        "  uploaded, with {before} issued, the till was killed (SIGKILL). The next till went on"
    );
    println!("  with that very upload. KSeF has {all}, each once.");
}

pub(crate) fn warehouse_killed() {
    println!("  The warehouse was killed while it downloaded them, and started again.");
}

pub(crate) fn evening(count: usize) {
    println!("  In the evening the warehouse had all {count}, documents included.\n");
}

pub(crate) fn christmas(count: usize, deadline: &Deadline) {
    println!("Late on Wednesday: the line is cut");
    println!(
        "  {count} invoices were issued offline, KOD I and KOD II printed. Then the power failed,"
    );
    println!(
        "  twice; the outbox has all of them, and the codes as they were printed. Tomorrow is"
    );
    println!(
        "  Christmas Eve, a holiday since 2025, then come two days of Christmas and a Sunday."
    );
    println!("  Each of the invoices is {deadline}.\n");
}

pub(crate) fn monday(count: usize, waiting: usize) {
    println!("Monday, 28 December: KSeF is down");
    println!(
        "  The line works again, and a failure was announced at six. The till heard of it and"
    );
    println!(
        "  did not call KSeF once; {count} more invoices were issued with their codes, {waiting} wait."
    );
    println!("  A minute after midnight none is overdue: the failure has moved all deadlines.\n");
}

pub(crate) fn comeback(offline: usize, online: usize) {
    println!("Tuesday, 29 December: KSeF is back");
    println!("  The till sent what was due, {offline} invoices, and {online} new ones.");
}

pub(crate) fn closing(account: &Account, folder: &Path) {
    let Account { issued, offline, days_left, received } = account;
    let days_left = days_left.unwrap_or_default();
    println!("All books were held together, invoice by invoice:");
    println!("  {issued} issued, each exactly once, and the till knows the number of each");
    println!("  {received} received by the warehouse, byte for byte as they were issued");
    println!(
        "  {offline} issued offline, with the codes that were printed then, confirmed by a signed"
    );
    println!(
        "     UPO, {days_left} days before they were due: on 11 January, the seventh business day"
    );
    println!("     after the failure, because New Year and Epiphany do not count\n");
    println!("The table of those is {}.", folder.join(ledger::TABLE).display());
}
