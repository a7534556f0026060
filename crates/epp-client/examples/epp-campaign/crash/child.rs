//! The process that may be killed at any moment, and the one that is started after it.

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use common_core::{limit::Windows, retry::RetryPolicy};
use epp_client::{
    Client, Environment,
    batch::{Located, Lookup},
    model::{NewPaymentOrder, PaymentOrder, TwoFactorChannel},
    payments::{Otp, PaymentRecord, Start, Verdict},
    session::Credentials,
};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use trial::{Failure, complain};

use super::{
    LONGEST_DELAY,
    notebook::{self, Notebook, Task},
};
use crate::{
    ledger::{Entry, amount_of},
    payer::COUNTDOWN,
    tally::Row,
};

/// After so long, whatever a dead process had sent has come to its end.
const SETTLED: Duration = Duration::from_millis(LONGEST_DELAY * 2 + 150);

/// How often anything is begun anew at most.
const ROUNDS: usize = 40;

/// A line of a process, before a step or after it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Word {
    Begun,
    Creating,
    Created,
    Starting,
    Started,
    Password { tag: String },
    Confirming,
    Paid,
    Met(Met),
    Untrue { sentence: String },
}

/// What a process found when it looked.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Met {
    Found,
    Absent,
    Lapsed,
    Resumed,
    FoundPaid,
    FoundUnpaid,
}

impl Met {
    pub(super) fn row(self) -> Row {
        match self {
            Self::Found => Row::RestartedFound,
            Self::Absent => Row::RestartedAbsent,
            Self::Lapsed => Row::RestartedLapsed,
            Self::Resumed => Row::RestartedResumed,
            Self::FoundPaid => Row::RestartedFoundPaid,
            Self::FoundUnpaid => Row::RestartedFoundUnpaid,
        }
    }
}

/// Does the work in that folder, or what is left of it.
pub(crate) async fn run(folder: &Path) -> ExitCode {
    match work(folder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("a process of the campaign failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn work(folder: &Path) -> Result<(), Failure> {
    let task: Task = notebook::read(folder, notebook::TASK)?;
    let notes = notebook::read(folder, notebook::NOTES).unwrap_or_default();
    let (client, entries) = (client(&task)?, task.entries());
    let mut process = Process { folder, task, client, entries, notes };
    say(&Word::Begun)?;
    if process.notes.payment.is_some() && !process.notes.is_confirming {
        say(&Word::Met(Met::Resumed))?;
    }
    for _ in 0..ROUNDS {
        if process.notes.paid.is_some() {
            return say(&Word::Paid);
        }
        process.step().await?;
    }
    Err("the work did not come to an end".into())
}

fn client(task: &Task) -> Result<Client, Failure> {
    let password = task.password.as_str().into();
    Ok(Client::builder(Environment::at(&task.api, &task.web)?)
        .credentials(Credentials::new(&task.login, password))
        .limits(Windows::unlimited())
        .retry(RetryPolicy::default().attempts(3).base(Duration::from_millis(10)))
        .seed(task.seed)
        .build()?)
}

/// A line for the campaign; a process whose campaign is gone ends.
fn say(word: &Word) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(word)?)?;
    Ok(out.flush()?)
}

struct Process<'a> {
    folder: &'a Path,
    task: Task,
    client: Client,
    entries: Vec<Entry>,
    notes: Notebook,
}

impl Process<'_> {
    /// Whatever the notes say comes next; a step that ends without certainty is left to the next
    /// one, in this process or in another.
    async fn step(&mut self) -> Result<(), Failure> {
        if !self.notes.open_tags.is_empty() {
            self.look_for_orders().await
        } else if self.entries.iter().any(|entry| !self.is_created(entry)) {
            self.create().await
        } else if let Some(record) = self.notes.payment.clone() {
            self.confirm_or_find_out(record).await
        } else {
            self.start().await
        }
    }

    fn is_created(&self, entry: &Entry) -> bool {
        self.notes.created.contains_key(&entry.external_id)
    }

    fn keep(&self) -> Result<(), Failure> {
        notebook::write(self.folder, notebook::NOTES, &self.notes)
    }

    fn missing(&self) -> Vec<NewPaymentOrder> {
        let missing = self.entries.iter().filter(|entry| !self.is_created(entry));
        missing.map(|entry| entry.order.clone()).collect()
    }

    fn created(&mut self, order: &PaymentOrder) {
        if let (Some(external_id), Some(id)) = (&order.external_id, order.known_id()) {
            self.notes.created.insert(external_id.clone(), id);
        }
    }

    async fn create(&mut self) -> Result<(), Failure> {
        let orders = self.missing();
        let tag = self.notes.new_tag(&self.task);
        self.keep()?;
        say(&Word::Creating)?;
        let batch = self.client.create_and_locate(&orders, &tag).await;
        for outcome in batch.outcomes() {
            if let Located::Created(order) = outcome {
                self.created(order);
            }
        }
        if batch.is_certain() {
            self.notes.open_tags.clear();
        }
        self.keep()?;
        say(&Word::Created)
    }

    /// What the tags of dead processes, and lost answers of this one, have left.
    async fn look_for_orders(&mut self) -> Result<(), Failure> {
        sleep(SETTLED).await;
        let wanted = self.missing();
        for tag in self.notes.open_tags.clone() {
            let lookup = self.client.locate(&wanted, &tag.parse()?).await?;
            self.take_over(&lookup)?;
        }
        self.notes.open_tags.clear();
        self.keep()
    }

    fn take_over(&mut self, lookup: &Lookup) -> Result<(), Failure> {
        for found in &lookup.found {
            say(&Word::Met(if found.is_some() { Met::Found } else { Met::Absent }))?;
            if let Some(order) = found {
                self.created(order);
            }
        }
        // An order that this process knows already is listed under its tag and not looked for.
        let known = |order: &PaymentOrder| {
            self.notes.created.values().any(|id| order.known_id() == Some(*id))
        };
        if !lookup.strangers.iter().all(known) {
            say(&Word::Untrue { sentence: "a tag has orders that nobody sent".to_owned() })?;
        }
        Ok(())
    }

    async fn start(&mut self) -> Result<(), Failure> {
        if self.notes.is_starting {
            say(&Word::Met(Met::Lapsed))?;
            sleep(COUNTDOWN).await;
        }
        self.notes.is_starting = true;
        self.keep()?;
        let sum = amount_of(&self.entries);
        let start = Start::new(self.notes.created.values().copied())
            .channel(TwoFactorChannel::Postal)
            .expecting(sum);
        say(&Word::Starting)?;
        if let Ok(payment) = self.client.start_payment(&start).await {
            (self.notes.is_starting, self.notes.is_confirming) = (false, false);
            self.notes.payment = Some(payment.record().clone());
            self.keep()?;
            say(&Word::Started)?;
        }
        Ok(())
    }

    async fn confirm_or_find_out(&mut self, record: PaymentRecord) -> Result<(), Failure> {
        if self.notes.is_confirming {
            return self.find_out(&record).await;
        }
        say(&Word::Password { tag: record.tag.clone() })?;
        let password: String = self.password(&record.tag).await?;
        self.notes.is_confirming = true;
        self.keep()?;
        say(&Word::Confirming)?;
        let payment = self.client.resume_payment(record.clone());
        if payment.confirm(&Otp::new(&password.into())).await.is_ok() {
            self.notes.paid = Some(record.tag);
            self.keep()?;
        }
        Ok(())
    }

    /// Waits until the countdown is over, so that nothing can be confirmed any more, and looks.
    async fn find_out(&mut self, record: &PaymentRecord) -> Result<(), Failure> {
        sleep(COUNTDOWN + SETTLED).await;
        match self.client.payment_state(record).await?.verdict() {
            Verdict::Paid => {
                say(&Word::Met(Met::FoundPaid))?;
                self.notes.paid = Some(record.tag.clone());
            }
            Verdict::NotPaid => {
                say(&Word::Met(Met::FoundUnpaid))?;
                self.notes.payment = None;
            }
            verdict => return Err(format!("a payment is {verdict:?}").into()),
        }
        self.keep()
    }

    /// What the user reads from the message and types in.
    async fn password(&self, tag: &str) -> Result<String, Failure> {
        let name = notebook::password_file(tag);
        for _ in 0..2_000 {
            if self.folder.join(&name).exists() {
                return notebook::read(self.folder, &name);
            }
            sleep(Duration::from_millis(5)).await;
        }
        Err("nobody told the password".into())
    }
}
