//! The first act: a baker who does not exist yet is created in a test environment, logs in by a
//! signature, lets the till log in by a token, and issues invoices offline and online; an accountant
//! gets a permission and sends 5,000 more as a batch; the buyer receives all of them.

use std::{path::Path, sync::Arc, time::Instant};

use ksef_client::v2::{Account, Client, Environment};
use sandbox::Sandbox;

use crate::{
    Outcome, account,
    books::{Books, Confirmed},
    invoices::{BAKER, Desk, STRANGER},
    page::Page,
    people, receiving,
    sending::{self, Till},
};

/// How many invoices go out from the till, offline and online, and how many as a batch.
const OFFLINE: usize = 3;
const ONLINE: usize = 15;
const BATCH: usize = 5_000;

pub(crate) async fn play(folder: &Path) -> Outcome {
    for part in ["upo", "qr"] {
        // What is left of the last time would lie among the artefacts of this one.
        let _ = std::fs::remove_dir_all(folder.join(part));
    }
    std::fs::create_dir_all(folder.join("upo"))?;
    account::opening(OFFLINE + ONLINE, BATCH);

    let sandbox = Sandbox::builder().calm().start().await?;
    let ksef = sandbox.ksef_v2();
    let client = Client::builder(Environment::at(&ksef.base_url())?).build()?;
    #[expect(clippy::disallowed_methods, reason = "the account says how long it took")]
    let started = Instant::now();
    people::create_baker(&client).await?;
    let baker = people::baker(&client).await?;
    let till = people::till(&client, &people::token(&baker).await?).await?;
    let desk = Desk(client.clock().now());
    let mut page = Page::new(folder)?;
    let (mut books, out) = (Books::default(), issue(&baker, desk, &mut page).await?);
    account::logged_in(client.base().as_str(), &baker);
    account::printed(OFFLINE);

    books.enter(out.offline.iter().chain(&out.online).cloned());
    let closed = sending::one_by_one(&till, out).await?;
    let confirmed = books.confirm(&closed, OFFLINE + ONLINE, folder).await?;
    account::confirmed("session", &confirmed);
    let mut facts = facts("session", closed.reference().as_str(), &confirmed);

    let accountant = people::accountant(&client, &baker).await?;
    account::granted();
    books.enter(desk.series("ZB", BATCH));
    let batch = desk.series("ZB", BATCH);
    let closed = sending::as_batch(&accountant, batch, BATCH, folder).await?;
    let confirmed = books.confirm(&closed, BATCH, folder).await?;
    account::confirmed("batch", &confirmed);
    facts.extend(self::facts("batch", closed.reference().as_str(), &confirmed));

    let (buyer, books) = (people::buyer(&client)?, Arc::new(books));
    let found = receiving::export(&buyer, &books, folder).await?;
    receiving::single(&buyer, &books).await?;
    account::received(found);
    facts.push(("received by the buyer", format!("{found} invoices")));
    let shown = page.finish(&books, &facts)?;
    account::closing(folder, shown, started.elapsed());
    if let Some(first) = ksef.unexpected().first() {
        return Err(format!("the service saw what no client should send: {}", first.what).into());
    }
    sandbox.shutdown().await?;
    Ok(())
}

/// The invoices of the till; those that are issued offline get their codes at once.
async fn issue(baker: &Account, desk: Desk, page: &mut Page<'_>) -> Outcome<Till> {
    let signer = people::offline_certificate(baker).await?;
    let context = people::context(BAKER)?;
    let offline: Vec<_> = desk.series("OFF", OFFLINE).collect();
    for invoice in &offline {
        page.offline(invoice, &context, &signer)?;
    }
    let online = desk.series("ON", ONLINE).collect();
    Ok(Till { offline, online, foreign: desk.invoice(STRANGER, "X", 1) })
}

/// What the page says of a confirmation.
fn facts(
    what: &'static str,
    reference: &str,
    confirmed: &Confirmed,
) -> Vec<(&'static str, String)> {
    let Confirmed { invoices, pages, signer } = confirmed;
    let text = format!("{reference}: {invoices} invoices on {pages} page(s), signed by {signer}");
    vec![(what, text)]
}
