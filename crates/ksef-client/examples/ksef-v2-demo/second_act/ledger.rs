//! The last evening: what was issued, what KSeF has, what the till was told and what the warehouse
//! received are held together, invoice by invoice.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use common_core::store::Position;
use ksef_client::v2::{
    inbox::Inbox,
    offline::{Codes, Deadline, Due, Mode, Outage},
    outbox::{Fate, Issued, Outbox},
    wire::InvoiceQuerySubjectType::Subject2,
};
use ksef_crypto::{
    link::InvoiceHash,
    xades::{Policy, Sha1, Trust},
};
use sandbox::ksef_v2::{AcceptedInvoice, KsefV2};

use super::{
    days::{self, Plan},
    papers,
    till::PRINTED,
    warehouse::DOCUMENTS,
    world::{World, ensure},
};
use crate::{Outcome, invoices::Invoice};

/// The table of invoices that were issued offline.
pub(crate) const TABLE: &str = "offline.csv";

/// What the books came to.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Invoices that are issued, each of them once, and told so to the till.
    pub(crate) issued: usize,
    /// Those of them that were issued offline.
    pub(crate) offline: usize,
    /// The fewest whole days that were left to an offline invoice when KSeF received it.
    pub(crate) days_left: Option<i64>,
    /// Documents of the warehouse.
    pub(crate) received: usize,
}

/// Invoices as KSeF has them, by their hashes.
type Accepted = BTreeMap<String, AcceptedInvoice>;

/// All books.
struct Books<'a> {
    world: &'a World,
    outbox: Outbox,
    accepted: Accepted,
    fates: BTreeMap<InvoiceHash, Fate>,
    outages: Vec<Outage>,
    table: String,
    account: Account,
}

/// Holds all books together and leaves the table in that folder.
pub(crate) async fn close(world: &World, folder: &Path) -> Outcome<Account> {
    let (outbox, inbox) = world.boxes()?;
    let (accepted, outages) = (issued_once(world.ksef())?, outbox.outages().await?);
    let table = String::from("invoice,mode,issued,due,received,number,kod_i\n");
    let account = Account::default();
    let fates = outbox.fates(None, accepted.len() + 1).await?.into_iter().collect();
    let mut books = Books { world, outbox, accepted, fates, outages, table, account };
    let mut sold = BTreeMap::new();
    for plan in days::ALL {
        books.told(plan, &mut sold).await?;
    }
    let waiting = books.outbox.waiting(Position::START, 1).await?.len();
    ensure(waiting == 0, || "the till still has something to send".to_owned())?;
    let Books { accepted, mut account, table, .. } = books;
    let count = accepted.len();
    ensure(count == account.issued, || format!("KSeF has {count} invoices"))?;
    account.received = received(world, &inbox, sold).await?;
    if let Some(first) = world.ksef().unexpected().first() {
        return Err(format!("KSeF saw what no client should send: {}", first.what).into());
    }
    fs::write(folder.join(TABLE), table)?;
    Ok(account)
}

/// What KSeF has: every invoice once, none of which arrived at it a second time.
pub(crate) fn issued_once(ksef: &KsefV2) -> Outcome<Accepted> {
    let mut arrived = BTreeSet::new();
    for invoice in ksef.received() {
        ensure(arrived.insert(invoice.hash.clone()), || format!("{} came twice", invoice.hash))?;
    }
    let invoices = ksef.invoices();
    let count = invoices.len();
    let accepted: Accepted = invoices.into_iter().map(|one| (one.hash.clone(), one)).collect();
    ensure(accepted.len() == count, || "an invoice was issued twice".to_owned())?;
    ensure(arrived.len() == count, || "KSeF refused an invoice".to_owned())?;
    Ok(accepted)
}

impl Books<'_> {
    /// Every invoice is issued under the number that the till was told, and as what it was issued.
    async fn told(&mut self, plan: Plan, sold: &mut BTreeMap<String, Invoice>) -> Outcome {
        let series = plan.series()?;
        for invoice in series.invoices() {
            let hash = InvoiceHash::of(&invoice.bytes);
            let name = &invoice.name;
            let has = self.accepted.get(&hash.base64()).ok_or(format!("{name} is missing"))?;
            let issued = match self.fates.get(&hash) {
                Some(Fate::Issued(issued)) if issued.number.as_str() == has.ksef_number => {
                    issued.clone()
                }
                fate => return Err(format!("{name} is issued, and its fate is {fate:?}").into()),
            };
            ensure(has.offline == series.mode.is_some(), || format!("{name}: {}", has.offline))?;
            if let Some(mode) = series.mode {
                let has = has.clone();
                let deadline = Deadline::of(mode, series.day(), &self.outages);
                self.in_time(&invoice, mode, &has, &deadline)?;
                self.printed(&invoice, &hash, &issued).await?;
            }
            self.account.issued += 1;
            sold.insert(issued.number.to_string(), invoice);
        }
        Ok(())
    }

    /// An offline invoice was received before its deadline.
    fn in_time(
        &mut self,
        invoice: &Invoice,
        mode: Mode,
        has: &AcceptedInvoice,
        deadline: &Deadline,
    ) -> Outcome {
        let name = &invoice.name;
        ensure(days::AFTER_FAILURE.map(Due::On) == Some(deadline.due), || {
            format!("{name} is {deadline}")
        })?;
        let end = deadline.moment().ok_or("an invoice has no deadline")?;
        ensure(has.accepted < end, || format!("{name} was received too late: {deadline}"))?;
        let left = (end - has.accepted).num_days();
        self.account.days_left = Some(self.account.days_left.map_or(left, |days| days.min(left)));
        self.account.offline += 1;
        let (issued, end, received) = (invoice.issued, end.to_rfc3339(), has.accepted.to_rfc3339());
        let number = &has.ksef_number;
        write!(self.table, "{name},{mode:?},{issued},{end},{received},{number},")?;
        Ok(())
    }

    /// The outbox still knows the codes that were printed; they are about this invoice, and so is its
    /// confirmation.
    async fn printed(&mut self, invoice: &Invoice, hash: &InvoiceHash, issued: &Issued) -> Outcome {
        let (name, folder) = (&invoice.name, self.world.folder());
        let codes = self.outbox.codes(hash).await?.ok_or("the codes of an invoice are lost")?;
        let Codes { invoice: one, certificate: two, .. } = &codes;
        let printed = fs::read_to_string(folder.join(PRINTED).join(name))?;
        ensure(printed == format!("{one}\n{two}\n"), || format!("{name} has other codes now"))?;
        ensure(one.matches(&invoice.bytes) && two.matches(&invoice.bytes), || {
            format!("the codes of {name} are about another invoice")
        })?;
        two.verify(papers::signer(folder)?.key().public_key())?;
        writeln!(self.table, "{one}")?;
        // The double signs with a certificate of its own, which it names by SHA-1.
        let policy = Policy::new(Trust::AnyCertificate).sha1(Sha1::CertificateDigest);
        issued.confirmation(self.world.baker(), hash, &policy).await?;
        Ok(())
    }
}

/// The warehouse has everything that was sold once, byte for byte, and nothing else; how much that is.
async fn received(
    world: &World,
    inbox: &Inbox,
    mut sold: BTreeMap<String, Invoice>,
) -> Outcome<usize> {
    let (count, folder) = (sold.len(), world.folder().join(DOCUMENTS));
    for arrival in inbox.arrivals(Subject2, Position::START, count + 1).await? {
        let number = arrival.metadata.ksef_number;
        let invoice = sold.remove(&number).ok_or("something arrived twice, or was not sold")?;
        let document = fs::read(folder.join(format!("{number}.xml")))?;
        ensure(document == invoice.bytes, || format!("{} has other bytes", invoice.name))?;
    }
    ensure(sold.is_empty(), || format!("{} invoices did not arrive", sold.len()))?;
    let mut documents = 0;
    for entry in fs::read_dir(&folder)? {
        // Where packages are unpacked begins with a dot.
        documents += usize::from(!entry?.file_name().as_encoded_bytes().starts_with(b"."));
    }
    ensure(documents == count, || format!("the warehouse has {documents} documents"))?;
    Ok(documents)
}
