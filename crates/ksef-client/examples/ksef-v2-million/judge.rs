//! Holds the inbox against the sandbox's books.

use std::{collections::HashSet, path::Path};

use common_core::store::Position;
use ksef_client::v2::{
    inbox::{Arrival, Inbox},
    wire::InvoiceQuerySubjectType,
};
use ksef_crypto::link::InvoiceHash;
use sandbox::ksef_v2::KsefV2;
use trial::Failure;

use crate::{
    books::{Books, COMPANY, PARTNER},
    tally::{Row, Verdict},
    task::{self, DOCUMENTS, ROLES},
};

pub(crate) async fn judge(
    verdict: &mut Verdict,
    folder: &Path,
    ksef: &KsefV2,
    books: &Books,
    documents: bool,
) -> Result<(), Failure> {
    let inbox = task::inbox(folder)?;
    let folder = documents.then(|| folder.join(DOCUMENTS));
    let mut arrived = 0;
    for ((role, booked), seller) in ROLES.into_iter().zip(books.booked).zip([PARTNER, COMPANY]) {
        let mut ledger = Ledger { ksef, seller, folder: folder.as_deref(), seen: HashSet::new() };
        ledger.read(verdict, &inbox, role).await?;
        let seen = ledger.seen.len() as u64;
        if seen != booked {
            verdict.lost(format!("of {booked} invoices as {role} {seen} arrived"));
        }
        verdict.tally.add(Row::Booked, booked);
        arrived += seen;
    }
    verdict.tally.add(Row::Arrived, arrived);
    if let Some(folder) = folder {
        let count = |folder: &Path| Ok::<_, Failure>(std::fs::read_dir(folder)?.count() as u64);
        let (files, left) = (count(&folder)? - 1, count(&folder.join(".drafts"))?);
        verdict.tally.add(Row::Documents, files);
        if files != arrived || left > 0 {
            verdict.untrue(format!("{files} files and {left} drafts of {arrived} documents"));
        }
    }
    let counted = ksef.statistics();
    verdict.tally.add(Row::Cut, counted.truncated);
    verdict.tally.add(Row::Made, counted.exports);
    for one in ksef.unexpected() {
        verdict.untrue(format!("a process sent what it must not: {}", one.what));
    }
    Ok(())
}

/// The arrivals of one role.
struct Ledger<'a> {
    ksef: &'a KsefV2,
    seller: &'static str,
    folder: Option<&'a Path>,
    /// The numbers that have arrived.
    seen: HashSet<String>,
}

impl Ledger<'_> {
    async fn read(
        &mut self,
        verdict: &mut Verdict,
        inbox: &Inbox,
        role: InvoiceQuerySubjectType,
    ) -> Result<(), Failure> {
        let (mut after, mut newest) = (Position::START, None);
        loop {
            let arrivals = inbox.arrivals(role, after, 1_000).await?;
            let Some(last) = arrivals.last() else { return Ok(()) };
            after = last.position;
            for arrival in arrivals {
                let stored = arrival.metadata.permanent_storage_date;
                if stored < newest {
                    verdict.untrue(format!("{} is out of order", arrival.metadata.ksef_number));
                }
                newest = stored;
                self.compare(verdict, arrival);
            }
        }
    }

    fn compare(&mut self, verdict: &mut Verdict, arrival: Arrival) {
        let told = arrival.metadata;
        let number = &told.ksef_number;
        let Some(bytes) = self.ksef.invoice_bytes(number) else {
            return verdict.untrue(format!("{number} was never issued"));
        };
        if told.invoice_hash != Some(InvoiceHash::of(&bytes).base64()) {
            verdict.untrue(format!("{number} has another hash"));
        }
        if told.seller.and_then(|seller| seller.nip).as_deref() != Some(self.seller) {
            verdict.untrue(format!("{number} arrived in another role"));
        }
        if arrival.has_document != self.folder.is_some() {
            verdict.untrue(format!("{number} says wrongly whether it has a document"));
        }
        let file = self.folder.map(|folder| std::fs::read(folder.join(format!("{number}.xml"))));
        if file.is_some_and(|content| !content.is_ok_and(|content| content == bytes)) {
            verdict.lost(format!("the document of {number} is not in its file"));
        }
        if !self.seen.insert(told.ksef_number.clone()) {
            verdict.duplicated(format!("{} arrived twice", told.ksef_number));
        }
    }
}
