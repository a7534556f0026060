//! The life of a register as its journal sees it, and the world outside, which forgets nothing.
//!
//! Living is written so that it can be begun again at any time: it asks the journal how far it has
//! come. Every document and every seal is made of other bytes at every attempt, so that the world
//! notices when anything went out that did not stand in the journal.

use std::collections::{BTreeMap, BTreeSet};

use ekasy_device::{
    ident::{CommandId, CommandKind, JpkRange},
    journal::{Acceptance, Journal, JournalError, JournalErrorKind, Journalled, Outcome, Purpose},
    packing::{DocumentKind, Frame, Limits, Package, Packer, Plan, SealFailure, Sealer, Selection},
};

use super::{document, gap, id, range, receipt};

/// The last number of the life; 5 and 6 are a gap, 8 is a daily report, 10 is too large for one
/// package.
pub(crate) const LAST: u64 = 12;

/// The command that asks for documents.
const REQUEST: &str = "DDD.ABC1700000017.2026-03-01T09:00:00.000Z";

/// What everybody outside has seen.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// The documents that customers hold.
    printed: BTreeMap<u64, Vec<u8>>,
    /// What the event hub has taken, by shipment and number, and in the order of first arrival.
    taken: BTreeMap<(CommandId, u32), Vec<u8>>,
    arrivals: Vec<(Purpose, Package)>,
    /// Ids that were used.
    ids: BTreeSet<CommandId>,
    /// How often the command was carried out and confirmed.
    confirmations: usize,
    /// Whether a package was refused; the one that is packed anew is not.
    has_refused: bool,
    attempts: u64,
}

/// Other bytes at every attempt.
struct Sealing(u64);

impl Sealer for Sealing {
    fn seal(&mut self, plaintext: &[u8]) -> Result<String, SealFailure> {
        self.0 += 1;
        Ok(format!("{:020}{}", self.0, std::str::from_utf8(plaintext)?))
    }
}

impl World {
    fn attempt(&mut self) -> u64 {
        self.attempts += 1_000;
        self.attempts
    }

    /// The event hub: the same package comes with the same bytes, however often.
    fn take(&mut self, purpose: &Purpose, package: &Package) {
        let key = (package.command_id().clone(), package.number());
        // Whole packages of a shipment share the number 0, so their range tells them apart.
        let key = if package.is_part() {
            key
        } else {
            let first = package.range().unwrap().first().get();
            (key.0, 1_000 + u32::try_from(first).unwrap())
        };
        let body = package.body().to_vec();
        if let Some(before) = self.taken.get(&key) {
            assert_eq!(*before, body, "sent again with other bytes");
        } else {
            self.taken.insert(key, body);
            self.arrivals.push((purpose.clone(), package.clone()));
        }
    }

    /// What the event hub has, for one purpose: the numbers in the order of their arrival.
    fn numbers(&self, purpose: &Purpose) -> Vec<u64> {
        let packages = self.arrivals.iter().filter(|(of, _)| of == purpose);
        let last = packages.filter(|(_, package)| package.is_last());
        let range = |package: &Package| package.range().unwrap();
        last.flat_map(|(_, package)| range(package).first().get()..=range(package).last().get())
            .collect()
    }

    /// Everything is where it belongs.
    pub(crate) async fn judge(&self, journal: &Journal) {
        let all: Vec<_> = (1..=LAST).collect();
        assert_eq!(self.numbers(&Purpose::Schedule), all, "each number went out once, in order");
        let request = Purpose::Request(REQUEST.parse().unwrap());
        assert_eq!(self.numbers(&request), [1, 2, 3], "the answer went out once");
        assert!(self.confirmations >= 1 && self.has_refused);
        for (number, bytes) in &self.printed {
            let Some(Journalled::Document(kept)) = journal.find(id(*number)).await.unwrap() else {
                panic!("document {number} is lost");
            };
            assert_eq!(kept.bytes(), bytes, "document {number} has other bytes");
            let text = serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
            let text = text["paragon"]["text"].as_str().unwrap().to_owned();
            let sent = self.taken.values().any(|body| {
                let body = String::from_utf8_lossy(body);
                body.contains(&text[..20])
            });
            assert!(sent, "the bytes of document {number} never went out");
        }
        let registration = journal.registration().await.unwrap();
        assert_eq!(registration.evidence_number, Some("2026/000000007".parse().unwrap()));
        let progress = journal.progress().await.unwrap();
        assert_eq!((progress.packed, progress.sent), (Some(id(LAST)), Some(id(LAST))));
        assert_eq!((progress.journalled, progress.flush), (Some(id(LAST)), None));
        assert_eq!(journal.waiting().await.unwrap(), 0);
        assert!(journal.open_commands().await.unwrap().is_empty());
    }
}

/// Lives until everything is done, or until the journal fails.
pub(crate) async fn live(journal: &Journal, world: &mut World) -> Result<(), JournalError> {
    journal
        .update_registration(|registration| {
            let number = "2026/000000007".parse().unwrap();
            registration.evidence_number.get_or_insert(number);
        })
        .await?;
    loop {
        send_all(journal, world).await?;
        let next = journal.progress().await?.journalled.map_or(1, |last| last.get() + 1);
        if next > LAST {
            break;
        }
        sell(journal, world, next).await?;
        if next % 3 == 0 || next == 8 || next >= 10 {
            ship(journal, world).await?;
        }
        if next >= 7 {
            answer(journal, world).await?;
        }
    }
    ship(journal, world).await?;
    answer(journal, world).await?;
    send_all(journal, world).await
}

async fn sell(journal: &Journal, world: &mut World, next: u64) -> Result<(), JournalError> {
    let text = format!("attempt {:012} {}", world.attempt(), "x".repeat(40));
    let (entries, sold) = match next {
        5 => (vec![gap(5, 6), Journalled::Document(receipt(7, &text))], receipt(7, &text)),
        6 | 7 => unreachable!("the gap and the document behind it come together"),
        8 => {
            let report = document(8, DocumentKind::DailyReport, &text);
            (vec![Journalled::Document(report.clone())], report)
        }
        10 => {
            let large = receipt(10, &(text + &"y".repeat(3_000)));
            (vec![Journalled::Document(large.clone())], large)
        }
        _ => {
            let receipt = receipt(next, &text);
            (vec![Journalled::Document(receipt.clone())], receipt)
        }
    };
    journal.append_all(entries).await?;
    // Only now does the customer get it.
    let before = world.printed.insert(sold.id().get(), sold.bytes().to_vec());
    assert_eq!(before, None, "a number was used twice");
    Ok(())
}

fn plan(id: CommandId, selection: Selection) -> Plan {
    let limits = Limits::default().request(1_500).head(100);
    Plan::new(id, Frame::new("{}", "{}").unwrap(), selection).limits(limits)
}

async fn new_id(
    journal: &Journal,
    world: &mut World,
    kind: CommandKind,
) -> Result<CommandId, JournalError> {
    let id = journal.next_command_id(kind, "2026-03-01T10:00:00Z".parse().unwrap()).await?;
    assert!(world.ids.insert(id.clone()), "an id was given twice");
    Ok(id)
}

async fn packages(
    journal: &Journal,
    world: &mut World,
    of: JpkRange,
    plan: Plan,
) -> Result<Vec<Package>, JournalError> {
    let mut packer = Packer::new(plan, Sealing(world.attempt()));
    let mut packages = Vec::new();
    let mut reader = journal.read(of).await?;
    loop {
        let page = reader.next_page().await?;
        if page.is_empty() {
            break;
        }
        for entry in page {
            packages.extend(packer.push(entry.item()).unwrap());
        }
    }
    packages.extend(packer.finish().unwrap());
    Ok(packages)
}

async fn ship(journal: &Journal, world: &mut World) -> Result<(), JournalError> {
    let Some(due) = journal.progress().await?.unpacked() else { return Ok(()) };
    let id = new_id(journal, world, CommandKind::Documents).await?;
    let plan = plan(id, Selection::scheduled("ALL".parse().unwrap()));
    let packages = packages(journal, world, due, plan).await?;
    journal.store_packages(&Purpose::Schedule, &packages).await
}

async fn send_all(journal: &Journal, world: &mut World) -> Result<(), JournalError> {
    while let Some(next) = journal.next_package().await? {
        if next.package().number() == 2 && !world.has_refused {
            // The event hub will not take the second part of the large document: smaller, please.
            world.has_refused = true;
            journal.withdraw(next.position()).await?;
            ship(journal, world).await?;
            continue;
        }
        world.take(next.purpose(), next.package());
        journal.sent(next.position()).await?;
    }
    Ok(())
}

/// Accepts the command, answers it, and confirms it, as often as it takes.
async fn answer(journal: &Journal, world: &mut World) -> Result<(), JournalError> {
    let command: CommandId = REQUEST.parse().unwrap();
    let accepted = journal.accept_command(&command, r#"{"scope":"1-3"}"#).await?;
    if let Acceptance::Known(known) = &accepted
        && known.is_confirmed
    {
        return Ok(());
    }
    let is_finished = matches!(&accepted, Acceptance::Known(known) if known.finished.is_some());
    if !is_finished {
        if journal.packed_for(&command).await?.is_none() {
            let id = new_id(journal, world, CommandKind::Documents).await?;
            let plan = plan(id, Selection::scheduled("ALL".parse().unwrap()));
            let packages = packages(journal, world, range(1, 3), plan).await?;
            journal.store_packages(&Purpose::Request(command.clone()), &packages).await?;
        }
        let at = "2026-03-01T10:00:00.000Z".parse().unwrap();
        journal.finish_command(&command, Outcome::Executed, at).await?;
    }
    world.confirmations += 1;
    journal.confirm_command(&command).await
}

/// Whether the failure is one of the store, and not of the journal's own rules.
pub(crate) fn is_of_the_store(error: &JournalError) -> bool {
    error.kind() == JournalErrorKind::Store
}
