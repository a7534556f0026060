//! The main job, end to end and on this machine alone: a public institution hands 500 payment
//! orders in, four of them wrong in different ways, pays the others with a one-time password, and
//! matches the statement of the day to them.
//!
//! Run it with `cargo xtask demo epp`. It talks to the sandbox, a local double of ePP; nothing
//! leaves the machine.

#![expect(clippy::print_stdout, reason = "the account is what the demo is for")]

mod account;

use std::{
    error::Error,
    io::Cursor,
    path::{Path, PathBuf},
    time::Instant,
};

use common_core::{money::Amount, secret::secret_bytes};
use epp_client::{
    Client, Environment,
    accounts::{self, StatementFormat, StatementUrl},
    batch::{BatchTag, Located, LocatedBatch},
    model::{BankAccount, NewPaymentOrder, PaymentOrder, TwoFactorChannel},
    payment_orders,
    payments::{Start, Verdict},
    rules::{self, Profile},
    session::Credentials,
    statement::{Archive, ArchiveLimits, OrderKey, Reading, Statement, match_orders},
    totp::Totp,
};
use futures_util::TryStreamExt;
use sandbox::{
    Sandbox,
    epp::{Epp, User},
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let root = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let folder = root.join("target/demo/epp");
    std::fs::create_dir_all(&folder)?;
    let orders = read_orders(&root.join("fixtures/epp/examples"))?;
    account::opening(orders.len());

    let sandbox = Sandbox::builder().calm().start().await?;
    let epp = sandbox.epp();
    let user = epp.users().into_iter().next().ok_or("the sandbox has no user")?;
    let client = Client::builder(Environment::at(epp.base_url(), epp.web_url())?)
        .credentials(Credentials::new(&user.login, user.password().into()))
        .build()?;
    #[expect(clippy::disallowed_methods, reason = "the account says how long it took")]
    let started = Instant::now();
    let bank_account = first_account(&client).await?;
    let (api, web) = (client.base().as_str(), client.web_base().as_str());
    account::connected(api, web, &user.login, &bank_account);

    let orders = without_errors(orders);
    let orders = validated(&client, orders).await?;
    let batch = create(&client, &orders, &folder).await?;
    pay(&client, epp, &user, &orders, &batch, &folder).await?;
    // The payment system executes a moment after the confirmation.
    epp.settle().await;
    let paid = list(&client, &batch).await?;
    let statement = statement(&client, &bank_account, &folder).await?;
    reconcile(&statement, &paid, &folder)?;
    account::closing(&folder, started.elapsed());
    sandbox.shutdown().await?;
    Ok(())
}

/// Reads all example files, in the order of their names.
fn read_orders(folder: &Path) -> Outcome<Vec<NewPaymentOrder>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut orders = Vec::new();
    for path in paths {
        let file: Vec<NewPaymentOrder> = serde_json::from_slice(&std::fs::read(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        orders.extend(file);
    }
    Ok(orders)
}

/// The account that the user may pay from.
async fn first_account(client: &Client) -> Outcome<BankAccount> {
    let list = accounts::List::new().per_page(1);
    let page = client.send(&list).await?;
    page.items.into_iter().next().ok_or_else(|| "the user has no account".into())
}

/// Leaves out what is known to be wrong before anything is sent.
fn without_errors(orders: Vec<NewPaymentOrder>) -> Vec<NewPaymentOrder> {
    let findings = rules::orders(&orders, &Profile::documented());
    account::findings(&orders, &findings);
    let is_wrong =
        |index: usize| findings.iter().any(|one| one.is_error() && one.order_index == Some(index));
    let numbered = orders.into_iter().enumerate();
    numbered.filter(|(index, _)| !is_wrong(*index)).map(|(_, order)| order).collect()
}

/// Leaves out what the service finds wrong; nothing is created yet.
async fn validated(client: &Client, orders: Vec<NewPaymentOrder>) -> Outcome<Vec<NewPaymentOrder>> {
    let outcome = client.validate_orders(&orders).await;
    account::validated(&orders, &outcome);
    let refused: Vec<usize> = outcome.refused().map(|(index, _)| index).collect();
    if refused.len() + outcome.accepted() != orders.len() {
        return Err("the service did not judge every order".into());
    }
    let numbered = orders.into_iter().enumerate();
    Ok(numbered.filter(|(at, _)| !refused.contains(at)).map(|(_, order)| order).collect())
}

/// Creates the orders under a tag that is written down before.
async fn create(
    client: &Client,
    orders: &[NewPaymentOrder],
    folder: &Path,
) -> Outcome<LocatedBatch> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| "there is no randomness")?;
    let tag = BatchTag::from_random(u128::from_be_bytes(random));
    std::fs::write(folder.join("batch-tag.txt"), tag.as_str())?;
    let batch = client.create_and_locate(orders, &tag).await;
    if !batch.is_complete() || !batch.strangers().is_empty() {
        return Err("not every order was created once".into());
    }
    let created: Vec<&PaymentOrder> = batch
        .outcomes()
        .iter()
        .filter_map(|outcome| match outcome {
            Located::Created(order) => Some(order.as_ref()),
            _ => None,
        })
        .collect();
    write_json(&folder.join("created.json"), &created)?;
    account::created(&batch);
    Ok(batch)
}

/// Starts the payment, holds its total against the orders, and confirms it.
async fn pay(
    client: &Client,
    epp: &Epp,
    user: &User,
    orders: &[NewPaymentOrder],
    batch: &LocatedBatch,
    folder: &Path,
) -> Outcome {
    let amounts = orders.iter().map(|order| order.amount);
    let sum = amounts.into_iter().try_fold(Amount::ZERO, |sum, one| sum.checked_add(one?));
    let sum = sum.ok_or("an order has no amount")?;
    let start = Start::new(batch.ids()).expecting(sum).channel(TwoFactorChannel::Authenticator);
    let payment = client.start_payment(&start).await?;
    if !payment.discrepancies().is_empty() {
        return Err("the started payment is not the one that was asked for".into());
    }
    let record = payment.record().clone();
    write_json(&folder.join("started-payment.json"), &record)?;
    account::started(&payment);

    let secret = epp.totp_secret(&user.login).ok_or("the user has no authenticator")?;
    let mut totp = Totp::new(&secret_bytes(secret))?;
    let paid = payment.confirm(&totp.password(client.clock().now())?).await?;
    account::paid(&paid);
    let state = client.payment_state(&record).await?;
    if state.verdict() != Verdict::Paid {
        return Err(format!("the payment is {:?}", state.verdict()).into());
    }
    Ok(())
}

/// The orders as the service has them now, with the references of their executions.
async fn list(client: &Client, batch: &LocatedBatch) -> Outcome<Vec<PaymentOrder>> {
    let list = payment_orders::List::new().user_tag(batch.tag().as_str()).per_page(100);
    Ok(client.items(list).try_collect().await?)
}

/// Downloads the statement of the day into a file and reads it from there.
async fn statement(client: &Client, account: &BankAccount, folder: &Path) -> Outcome<Statement> {
    let number = account.number.as_ref().ok_or("the account has no number")?;
    // The service's day is that of Belgrade.
    let now = client.clock().now().with_timezone(&chrono_tz::Europe::Belgrade);
    let url = StatementUrl::daily(number, now.date_naive(), StatementFormat::Xml);
    let path = folder.join("statement.xml.zip");
    client.save_statement(&url, &path).await?;
    let archive = Cursor::new(std::fs::read(&path)?);
    let statement = Archive::open(archive, ArchiveLimits::default())?.statement(Reading::Strict)?;
    let findings = statement.audit();
    if let Some(first) = findings.first() {
        return Err(format!("the statement does not add up: {first}").into());
    }
    write_json(&folder.join("statement.json"), &statement)?;
    Ok(statement)
}

/// Every order has its debit and every debit its order; anything else ends the demo.
fn reconcile(statement: &Statement, orders: &[PaymentOrder], folder: &Path) -> Outcome {
    let keys: Vec<OrderKey> = orders.iter().map(OrderKey::from).collect();
    let matches = match_orders(&statement.items, &keys);
    let rows: Vec<serde_json::Value> = matches
        .pairs
        .iter()
        .map(|pair| {
            let order = &orders[pair.order];
            serde_json::json!({
                "externalId": order.external_id,
                "id": order.known_id(),
                "item": pair.item,
                "amount": order.amount,
                "evidence": format!("{:?}", pair.evidence),
            })
        })
        .collect();
    write_json(&folder.join("matches.json"), &rows)?;
    let executed = matches.pairs.iter().all(|pair| pair.is_executed);
    if !executed || !matches.missing_orders.is_empty() || !matches.other_debits.is_empty() {
        return Err("the statement does not agree with the orders".into());
    }
    account::statement(statement, &matches);
    Ok(())
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> Outcome {
    let file = std::fs::File::create(path)?;
    Ok(serde_json::to_writer_pretty(file, value)?)
}
