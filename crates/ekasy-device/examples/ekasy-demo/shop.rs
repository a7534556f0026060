//! The shop with its register: what survives a crash, and what does not.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use common_core::{clock::Clock, secret::secret_bytes};
use common_http::VirtualClock;
use common_store::{SealKey, SqliteStore};
use ekasy_device::{
    Client, Environment,
    channel::Tls,
    client::Credentials,
    code::ReadOnlyReason,
    fiscalisation::{Fiscalisation, Outcome as Fiscalised},
    ident::JpkId,
    journal::{Journal, Options as JournalOptions},
    packing::{DocumentKind, InfoTable},
    worker::{Event, Handle, Options, Timing, Worker, WorkerError},
};
use sandbox::{
    Sandbox,
    crk::{Command, Crk, Kind, Register},
    fault::Script,
};
use serde_json::Value;
use tokio::{task::JoinHandle, time::sleep};
use trial::Wrapped;

use crate::{
    Outcome, account, goods,
    register::{self, Given, Make},
    still::Still,
    store,
};

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// The time between two receipts: 667 fit into fourteen hours.
const BETWEEN: Duration = Duration::from_secs(75);

/// What a crash leaves: the file of the journal, and the rest of the world.
pub(crate) struct Shop {
    pub(crate) crk: Crk,
    pub(crate) register: Register,
    pub(crate) clock: Arc<VirtualClock>,
    journal: PathBuf,
}

/// The register while it is switched on.
pub(crate) struct Till {
    journal: Journal,
    handle: Handle,
    clock: Arc<VirtualClock>,
    task: JoinHandle<Result<(), WorkerError>>,
    failures: Arc<Mutex<u64>>,
    of_the_day: u64,
}

impl Shop {
    pub(crate) fn open(sandbox: &Sandbox, folder: &Path, morning: DateTime<Utc>) -> Outcome<Self> {
        let crk = sandbox.crk().clone();
        let clock = Arc::new(VirtualClock::starting_at(morning));
        let software = |register: &Register| register.kind == Kind::Software;
        let register = crk.registers().into_iter().find(software);
        let register = register.ok_or("the sandbox has no register in software")?;
        let journal = folder.join("journal.db");
        for end in ["", "-wal", "-shm"] {
            let mut left = journal.clone().into_os_string();
            left.push(end);
            // The first run finds none.
            let _ = std::fs::remove_file(left);
        }
        account::detail(format_args!("The register is {}.", register.unique_number));
        account::detail(format_args!("The CPD server is at {}.", crk.cpd_url()));
        Ok(Self { crk, register, clock, journal })
    }

    pub(crate) fn tell(&self, what: &str) {
        account::line(self.clock.now(), what);
    }

    /// The repository wants something.
    pub(crate) fn order(&self, command: Command) {
        self.crk.queue(&self.register.unique_number, command);
    }

    pub(crate) fn faults(&self) -> &Script {
        self.crk.faults()
    }

    /// Until six in the morning.
    pub(crate) async fn night(&self) {
        let now = self.clock.now();
        let morning = (now.date_naive() + chrono::Days::new(1)).and_hms_opt(6, 0, 0);
        let wait = morning.map(|morning| (morning.and_utc() - now).to_std().unwrap_or_default());
        sleep(wait.unwrap_or_default()).await;
    }

    pub(crate) async fn fiscalise(&self) -> Outcome {
        self.tell("The register is fiscalised.");
        let order = register::order(Make::Software, &self.register.unique_number.parse()?)?;
        let (client, journal) = (self.client()?, self.open_journal().await?);
        let device = Arc::new(device());
        let run = Fiscalisation::new(client, journal.clone(), device, Self::options(), order);
        let objections = run.rehearse().await?;
        account::detail(format_args!(
            "A rehearsal finds {} objections.",
            objections.objections().len()
        ));
        match run.run().await? {
            Fiscalised::Fiscalised(done) => {
                account::detail(format_args!("Its evidence number is {}.", done.evidence_number));
            }
            other => return Err(format!("the fiscalisation ended with {other:?}").into()),
        }
        Ok(journal.close().await?)
    }

    pub(crate) async fn switch_on(&self) -> Outcome<Till> {
        let journal = self.open_journal().await?;
        let device = Arc::new(device());
        let worker = Worker::new(self.client()?, journal.clone(), device, Self::options());
        let failures = Arc::new(Mutex::new(0));
        let (clock, failed) = (Arc::clone(&self.clock), Arc::clone(&failures));
        let worker = worker.on_event(move |event| hear(&clock, &failed, &event));
        let handle = worker.handle();
        let clock = Arc::clone(&self.clock);
        let task = tokio::spawn(worker.run());
        Ok(Till { journal, handle, clock, task, failures, of_the_day: 0 })
    }

    async fn open_journal(&self) -> Outcome<Journal> {
        let store = SqliteStore::open_with_clock(&self.journal, self.clock.clone())?;
        let key = SealKey::new(1, secret_bytes(vec![7; 32]))?;
        let options = JournalOptions::new(self.register.unique_number.parse()?, "till", key);
        Ok(Journal::open(Arc::new(Wrapped::new(store, store::Still)), options.lease(HOUR * 4))
            .await?)
    }

    pub(crate) fn credentials(&self) -> Outcome<Credentials> {
        let encryption = self.register.encryption();
        register::credentials(Given {
            tls: self.register.tls().certificate_der(),
            encryption: encryption.certificate_der(),
            key: encryption.key_der(),
            producer: self.register.producer_der(),
        })
    }

    fn client(&self) -> Outcome<Client> {
        let own = self.register.tls();
        let identity = own.certificate_pem() + &self.register.producer_pem() + own.key_pem();
        let identity = secret_bytes(identity.into_bytes());
        let connect = Still {
            tls: Tls::new("ekasy-demo/1.0", identity, self.crk.ca_pem()),
            ways: BTreeMap::new(),
        };
        let crk = &self.crk;
        let environment = Environment::at(crk.cpd_url(), crk.webapi_url(), crk.hub_url())?;
        let number = self.register.unique_number.parse()?;
        let builder = Client::builder(number, environment, connect, self.credentials()?);
        Ok(builder.clock(self.clock.clone()).build()?)
    }

    fn options() -> Options {
        let timing = Timing::default().renew_lease(HOUR);
        Options::new(register::frame).short_form(InfoTable::software()).timing(timing)
    }
}

/// A register that says what it does.
fn device() -> register::Till {
    let note: register::Note = Arc::new(|line| {
        account::detail(format_args!("The register: {line}."));
        Ok(())
    });
    register::Till::new(Make::Software, note)
}

fn hear(clock: &VirtualClock, failures: &Mutex<u64>, event: &Event) {
    let at = clock.now();
    match event {
        Event::Accepted(id, _) => account::line(at, format_args!("Received: {id}.")),
        Event::Finished(_, outcome) => {
            account::line(at, format_args!("It is finished: {outcome:?}."));
        }
        Event::Recovered(channel, times) => {
            account::line(at, format_args!("{channel:?} works again after {times} failures."));
        }
        Event::ReadOnly => account::line(at, "The repository knows that it is read-only."),
        Event::Failed(_) => {
            *failures.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        other if other.is_alarm() => account::line(at, format_args!("ALARM: {other:?}")),
        _ => {}
    }
}

impl Till {
    pub(crate) async fn sell(&mut self, receipts: u64) -> Outcome {
        for _ in 0..receipts {
            sleep(BETWEEN).await;
            self.sell_one().await?;
        }
        Ok(())
    }

    /// Without a pause between two receipts.
    pub(crate) async fn sell_in_a_rush(&mut self, receipts: u64) -> Outcome {
        for _ in 0..receipts {
            self.sell_one().await?;
        }
        Ok(())
    }

    async fn sell_one(&mut self) -> Outcome {
        self.of_the_day += 1;
        let number = self.next().await?;
        let receipt = goods::receipt(number, self.of_the_day, self.clock.now());
        self.journal_one(number, DocumentKind::Receipt, "paragon", &receipt).await
    }

    /// Issues the daily report; its number.
    pub(crate) async fn close_the_day(&mut self) -> Outcome<u64> {
        let number = self.next().await?;
        let report = goods::daily_report(number, self.of_the_day, self.clock.now());
        self.journal_one(number, DocumentKind::DailyReport, "rapDob", &report).await?;
        account::line(self.clock.now(), format_args!("Daily report, document {number}."));
        self.of_the_day = 0;
        sleep(Duration::from_secs(60)).await;
        Ok(number)
    }

    async fn journal_one(
        &self,
        number: u64,
        kind: DocumentKind,
        member: &str,
        value: &Value,
    ) -> Outcome {
        let document = goods::document(number, kind, member, value)?;
        self.handle.append(document).await?;
        Ok(())
    }

    async fn next(&self) -> Outcome<u64> {
        Ok(self.journal.progress().await?.journalled.map_or(1, |last| last.get() + 1))
    }

    pub(crate) async fn tell_what_is_there(&self, when: &str) -> Outcome {
        let progress = self.journal.progress().await?;
        let number = |id: Option<JpkId>| id.map_or(0, JpkId::get);
        let (journalled, sent) = (number(progress.journalled), number(progress.sent));
        let failures = *self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let text = format!("{when}: {journalled} documents, {sent} sent, {failures} calls failed.");
        account::line(self.clock.now(), text);
        Ok(())
    }

    pub(crate) fn end(&self, reason: ReadOnlyReason) {
        self.handle.become_read_only(reason);
    }

    /// Nothing that was in memory survives.
    pub(crate) fn lose_power(self) {
        self.task.abort();
    }

    pub(crate) async fn switch_off(self) -> Outcome {
        self.handle.stop();
        self.task.await??;
        Ok(self.journal.close().await?)
    }
}
