//! Each row: do it, and journal that it is done.

use std::{collections::BTreeMap, time::Duration};

use common_core::open::Open;

use super::{
    Order, Outcome, Refusal, Unanswered,
    driver::{TRIES, WAIT},
    task::{
        back_after_code, back_after_status, fix_report, keep_answer, note, noted, record, refuse,
        set, stand_at, take,
    },
};
use crate::{
    Error,
    code::{AnswerCode, CpdCode, FirmwareVerdict, FiscalisationStatus},
    command::{
        FiscalisationStep,
        cpd::{FiscalisationAnswer, FiscalisationRefusal, Granted, UnclearAnswer},
    },
    device::{FiscalFacts, FiscalWrite},
    ident::{CommandId, CommandKind, EvidenceNumber, JpkId},
    journal::{Document, JournalErrorKind, Registration, Stage},
    packing::DocumentKind,
    worker::{
        Action, Answer, Event, Todo,
        operations::{Operations, Trouble},
    },
};

/// How long to wait between two questions for the schedule.
const PAUSE: Duration = Duration::from_secs(10);

/// How often new keys are fetched for a command that cannot be opened: what CMD07 tells may lag
/// behind the keys in use.
const KEYS: u32 = 5;

/// The rows of one fiscalisation.
pub(super) struct Steps<'a> {
    operations: Operations,
    order: &'a Order,
    patience: Duration,
    unanswered: Unanswered,
}

/// How a row ended.
pub(super) enum Ended {
    /// It is done, or something about it stands in the journal: look there what is next.
    Onward,
    /// The run ends.
    Stop(Outcome),
}

impl<'a> Steps<'a> {
    pub(super) fn new(
        operations: Operations,
        order: &'a Order,
        patience: Duration,
        unanswered: Unanswered,
    ) -> Self {
        Self { operations, order, patience, unanswered }
    }

    pub(super) async fn prepare(&mut self) -> Result<(), Trouble> {
        self.operations.prepare().await.map(drop)
    }

    /// Takes the repository's certificates of now, whatever row is next.
    pub(super) async fn fetch_keys(&self) -> Result<(), Trouble> {
        self.operations.fetch_keys().await
    }

    /// Does a row and journals that it is done. A refusal of the repository is an outcome.
    pub(super) async fn perform(&mut self, step: FiscalisationStep) -> Result<Ended, Trouble> {
        match self.try_to(step).await {
            Err(Trouble::Call(error)) => match refused(step, &error) {
                Some((refusal, back)) => {
                    self.change(|of| refuse(of, back)).await?;
                    Ok(Ended::Stop(Outcome::Refused(refusal)))
                }
                None => Err(Trouble::Call(error)),
            },
            ended => ended,
        }
    }

    async fn try_to(&mut self, step: FiscalisationStep) -> Result<Ended, Trouble> {
        match step {
            FiscalisationStep::FetchKeys => self.operations.fetch_keys().await?,
            FiscalisationStep::SendCertificates => {
                let id = self.operations.next_id(CommandKind::DeviceKeys).await?;
                self.operations.client.send_certificates(id).await?;
            }
            FiscalisationStep::CheckFirmware => return self.check_firmware().await,
            FiscalisationStep::Request | FiscalisationStep::TakeEvidenceNumber => {
                return self.request().await;
            }
            FiscalisationStep::Finish => {
                let id = self.operations.next_id(CommandKind::FiscalisationDone).await?;
                self.operations.client.finish_fiscalisation(id).await?;
            }
            FiscalisationStep::IssueReport => self.issue_report().await?,
            FiscalisationStep::SendReport => self.send_report().await?,
            FiscalisationStep::FetchTimetable => self.fetch_timetable().await?,
            step => {
                if let Some(write) = FiscalWrite::of_step(step) {
                    let facts = self.facts().await?;
                    self.operations.device.write(write, &facts).await?;
                }
            }
        }
        self.done(step).await
    }

    async fn done(&self, step: FiscalisationStep) -> Result<Ended, Trouble> {
        self.change(|of| stand_at(of, step, Stage::Done)).await?;
        Ok(Ended::Onward)
    }

    async fn change(
        &self,
        change: impl FnOnce(&mut Registration),
    ) -> Result<Registration, Trouble> {
        Ok(self.operations.journal.update_registration(change).await?)
    }

    /// Row 2.
    async fn check_firmware(&self) -> Result<Ended, Trouble> {
        let Some(firmware) = self.operations.device.firmware() else {
            return Ok(Ended::Stop(Outcome::Refused(Refusal::NoProgram)));
        };
        let id = self.operations.next_id(CommandKind::CheckFirmware).await?;
        let answer = self.operations.client.check_firmware(id, firmware).await?;
        if answer.verdict == FirmwareVerdict::Approved {
            self.done(FiscalisationStep::CheckFirmware).await
        } else {
            Ok(Ended::Stop(Outcome::Refused(Refusal::Program)))
        }
    }

    /// Rows 3 and 4.
    async fn request(&self) -> Result<Ended, Trouble> {
        let registration = self.operations.journal.registration().await?;
        let may_be_sent = noted(&registration, note::REQUEST).is_some();
        let is_unanswered = may_be_sent || noted(&registration, note::UNANSWERED).is_some();
        if is_unanswered && self.unanswered == Unanswered::Stop {
            return Ok(Ended::Stop(Outcome::Unanswered));
        }
        let Some(id) = self.request_id(&registration).await? else {
            return Ok(Ended::Stop(Outcome::Clock));
        };
        let command = self.order.request(id);
        match self.operations.client.fiscalise(&command).await {
            Ok(FiscalisationAnswer::Granted(granted)) => self.granted(&granted).await,
            Ok(FiscalisationAnswer::Refused(refusal)) => self.refused(refusal).await,
            Ok(FiscalisationAnswer::Unclear(unclear)) => self.unclear(unclear).await,
            Err(error) => {
                if !may_be_sent && !error.may_have_happened() {
                    self.change(|of| refuse(of, None)).await?;
                }
                Err(error.into())
            }
        }
    }

    /// Journals an answer to CMD09 and what it changes. Nobody else has it, so a store that fails
    /// is asked again as long as there is hope; what it does not take then is the outcome.
    async fn keep(
        &self,
        number: Option<&EvidenceNumber>,
        answer: &[u8],
        change: impl Fn(&mut Registration),
    ) -> Result<Registration, Outcome> {
        let text = || String::from_utf8_lossy(answer).into_owned();
        let mut wait = WAIT;
        for left in (0..TRIES).rev() {
            let error = match self.operations.journal.update_registration(&change).await {
                Ok(registration) => return Ok(registration),
                Err(error) => error,
            };
            let is_hopeless = error.kind() != JournalErrorKind::Store;
            self.operations.tell(Event::Stumbled(error.into()));
            if left == TRIES - 1 {
                // Before any wait, which the process may not outlive.
                self.operations.tell(Event::NotKept(text()));
            }
            if is_hopeless || left == 0 {
                break;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        Err(Outcome::NotKept { number: number.cloned(), answer: text() })
    }

    /// The identifier of an earlier try for the same order, if the repository would still take it,
    /// or a new one; journalled before it is used. `None` when no identifier fits the clock.
    async fn request_id(&self, registration: &Registration) -> Result<Option<CommandId>, Trouble> {
        let now = self.operations.now();
        let digest = self.order.digest();
        let is_same = noted(registration, note::REQUEST_OF) == Some(&digest);
        let earlier = noted(registration, note::REQUEST).filter(|_| is_same);
        let earlier = earlier.and_then(|id| CommandId::parse_lenient(id).ok());
        let fits = |id: &CommandId| self.order.request(id.clone()).fits_clock(now);
        let id = match earlier.filter(fits) {
            Some(id) => id,
            None => self.operations.next_id(CommandKind::Fiscalise).await?,
        };
        if !fits(&id) {
            return Ok(None);
        }
        self.change(|of| {
            let record = record(of);
            if let Some(earlier) = record.notes.get(note::REQUEST).cloned() {
                set(record, note::UNANSWERED, &earlier);
            }
            set(record, note::REQUEST, &id);
            set(record, note::REQUEST_OF, &digest);
        })
        .await?;
        Ok(Some(id))
    }

    async fn granted(&self, granted: &Granted) -> Result<Ended, Trouble> {
        let came = granted.evidence_number.clone();
        let kept = self.keep(Some(&came), &granted.body, |of| take(of, granted)).await;
        let stands = match kept {
            Ok(stands) => stands,
            Err(not_kept) => return Ok(Ended::Stop(not_kept)),
        };
        match stands.evidence_number {
            Some(known) if known != came => Ok(Ended::Stop(Outcome::OtherNumber { known, came })),
            _ => {
                if let Some(address) = &stands.web_api {
                    self.operations.client.use_web_api(address)?;
                }
                Ok(Ended::Onward)
            }
        }
    }

    async fn refused(&self, refusal: FiscalisationRefusal) -> Result<Ended, Trouble> {
        let status = refusal.status.known();
        if status == Some(FiscalisationStatus::AlreadyFiscalised) {
            return self.fiscalised_already(&refusal.body).await;
        }
        self.change(|of| refuse(of, status.and_then(back_after_status))).await?;
        Ok(Ended::Stop(Outcome::Refused(Refusal::Status(refusal))))
    }

    /// Status 16: the number is in the journal, was found by somebody, or is not known.
    async fn fiscalised_already(&self, answer: &[u8]) -> Result<Ended, Trouble> {
        let known = self.operations.journal.registration().await?.evidence_number;
        let number = known.or_else(|| self.order.recovered_number().cloned());
        let Some(number) = number else {
            let change = |of: &mut Registration| {
                keep_answer(record(of), answer);
                refuse(of, None);
                // That does not come from a lost answer, so there is nothing more to wait for.
                record(of).notes.remove(note::UNANSWERED);
            };
            let kept = self.keep(None, answer, change).await;
            return Ok(Ended::Stop(kept.err().unwrap_or(Outcome::NumberUnknown)));
        };
        // The address of the WebApi is what CMD12 can tell.
        self.operations.reconcile().await?;
        self.change(|of| {
            of.evidence_number.get_or_insert(number);
            stand_at(of, FiscalisationStep::TakeEvidenceNumber, Stage::Done);
        })
        .await?;
        Ok(Ended::Onward)
    }

    async fn unclear(&self, unclear: UnclearAnswer) -> Result<Ended, Trouble> {
        let UnclearAnswer { reason, body, .. } = unclear;
        let answer = String::from_utf8_lossy(&body).into_owned();
        let kept = self.keep(None, &body, |of| keep_answer(record(of), &body)).await;
        Ok(Ended::Stop(kept.err().unwrap_or(Outcome::Unclear { reason, answer })))
    }

    async fn facts(&self) -> Result<FiscalFacts, Trouble> {
        let registration = self.operations.journal.registration().await?;
        let missing = Trouble::Other("there is no evidence number to write");
        let evidence_number = registration.evidence_number.ok_or(missing)?;
        let unique_number = self.operations.client.unique_number().clone();
        let taxpayer = self.order.taxpayer().clone();
        Ok(FiscalFacts { unique_number, evidence_number, taxpayer })
    }

    /// Row 12: the number is fixed in the journal before the report is issued, so that there is one
    /// report whatever happens.
    async fn issue_report(&self) -> Result<(), Trouble> {
        let next = self.operations.journal.next_number().await?;
        let next = next.ok_or(Trouble::Other("all numbers of documents are used up"))?;
        let registration = self.change(|of| fix_report(of, next)).await?;
        let id = report(&registration)?;
        if self.operations.journal.find(id).await?.is_some() {
            return Ok(());
        }
        let facts = self.facts().await?;
        let bytes = self.operations.device.issue_report(id, &facts).await?;
        let report = Document::new(id, DocumentKind::FiscalisationReport, bytes);
        let report = report.map_err(|_| Trouble::Other("the report is not one JSON object"))?;
        self.operations.journal.append(report).await?;
        Ok(())
    }

    /// Row 13: what is packed goes out first, then the report, whatever the schedule says.
    async fn send_report(&mut self) -> Result<(), Trouble> {
        let id = report(&self.operations.journal.registration().await?)?;
        let mut refusals = 0;
        loop {
            if self.operations.journal.progress().await?.sent >= Some(id) {
                return Ok(());
            }
            self.operations.pack_due(0).await?;
            let now = self.operations.now();
            let facts = self.operations.facts().await?;
            if facts.token_until.is_none_or(|until| now >= until) || refusals > 0 {
                self.operations.fetch_token().await?;
            }
            match self.operations.send().await? {
                Answer::Sent | Answer::Done => refusals = 0,
                Answer::TokenRefused if refusals < 3 => refusals += 1,
                _ => return Err(Trouble::Other("the event hub does not take the report")),
            }
        }
    }

    /// Row 14: commands are carried out and confirmed as they come, until the schedule was one of
    /// them. One that cannot be opened, with new keys neither, is confirmed as failed. Only a new
    /// one is followed by the next without a pause.
    async fn fetch_timetable(&mut self) -> Result<(), Trouble> {
        let clock = self.operations.client.clock().clone();
        let end = clock.tick() + self.patience;
        let mut unopened = BTreeMap::new();
        loop {
            for (id, todo) in self.operations.begun_commands().await? {
                if todo == Todo::Execute {
                    self.operations.execute(&id).await?;
                }
                if todo != Todo::AnswerAgain {
                    self.operations.confirm(&id).await?;
                }
            }
            let registration = self.operations.journal.registration().await?;
            if noted(&registration, note::TIMETABLE).is_some() {
                return Ok(());
            }
            match self.operations.poll().await? {
                Answer::Command(_, Todo::Execute) => continue,
                // It is offered again: its confirmation was lost.
                Answer::Command(id, _) => {
                    self.operations.confirm(&id).await?;
                }
                Answer::Unopened(id) => {
                    let times: &mut u32 = unopened.entry(id.clone()).or_default();
                    *times += 1;
                    if *times <= KEYS {
                        self.operations.fetch_keys().await?;
                    } else {
                        // The next one would never come otherwise.
                        self.operations.act(&Action::Reject(id), 0).await?;
                    }
                }
                _ => {}
            }
            if clock.tick() >= end {
                return Err(Trouble::Other("the repository sends no schedule"));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn report(registration: &Registration) -> Result<JpkId, Trouble> {
    let id = noted(registration, note::REPORT).and_then(|id| JpkId::parse(id).ok());
    id.ok_or(Trouble::Other("the number of the report is not in the journal"))
}

/// A refusal by an error code, and the row to go back to. What may succeed by itself is none.
fn refused(step: FiscalisationStep, error: &Error) -> Option<(Refusal, Option<FiscalisationStep>)> {
    let Some(AnswerCode::Cpd(code)) = error.code() else { return None };
    let known = code.known().filter(|code| code.is_refusal() || code.says_nothing_was_done())?;
    let back = if step == FiscalisationStep::Request { back_after_code(known) } else { None };
    Some((Refusal::Code(step, Open::<CpdCode>::Known(known)), back))
}
