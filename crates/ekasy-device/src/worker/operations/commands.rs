//! Commands of the repository: offered, accepted, carried out, confirmed (CRK facts §6.3).

use std::collections::BTreeSet;

use common_core::open::Open;

use super::{Operations, Trouble};
use crate::{
    Error,
    client::OpenCommandError,
    code::{AnswerCode, FirmwareVerdict, WebApiCode},
    command::{
        CallCpd, CpdService, Received, Timetable,
        web_api::{ConfirmCommand, EncryptedCommand},
    },
    device::DeviceError,
    fiscalisation,
    ident::{CheckFrequency, CommandId, CommandKind, SendFrequency},
    journal::{Acceptance, CommandState, Outcome, Pins, Registration, Schedule},
    packing::PackError,
    worker::{
        action::{Answer, Todo},
        event::Event,
    },
};

/// The record of the answers that have to be packed again.
const AGAIN: &str = "answers-again";

impl Operations {
    /// Commands that were begun in an earlier run.
    pub(crate) async fn begun_commands(&self) -> Result<Vec<(CommandId, Todo)>, Trouble> {
        let open = self.journal.open_commands().await?.into_iter();
        let mut begun: Vec<_> = open.map(|(id, state)| (id, todo(&state))).collect();
        let again = self.answers_again().await?.into_iter();
        begun.extend(again.map(|id| (id, Todo::AnswerAgain)));
        Ok(begun)
    }

    /// Asks for a command, opens it and journals it.
    ///
    /// An unsuccessful opening is journalled nowhere, since nobody can tell what was asked.
    pub(crate) async fn poll(&self) -> Result<Answer, Trouble> {
        let Some(command) = self.client.fetch_command().await? else {
            return Ok(Answer::NoCommand);
        };
        let id = command.command_id.clone();
        if let Some(state) = self.journal.command(&id).await? {
            return Ok(Answer::Command(id, todo(&state)));
        }
        match self.client.open_command(&command) {
            Ok(plaintext) => self.accept(&command, &plaintext).await,
            Err(OpenCommandError::OtherRegister) => Ok(Answer::Stranger),
            Err(error) => {
                self.tell(Event::Unopened(id.clone(), error.into()));
                Ok(Answer::Unopened(id))
            }
        }
    }

    async fn accept(&self, command: &EncryptedCommand, plaintext: &str) -> Result<Answer, Trouble> {
        let id = &command.command_id;
        let todo = match self.journal.accept_command(id, plaintext).await? {
            Acceptance::New => Todo::Execute,
            Acceptance::Known(state) => todo(&state),
        };
        match Received::decode(id, plaintext.as_bytes()) {
            Ok(received) => self.tell(Event::Accepted(id.clone(), received)),
            Err(error) => self.tell(Event::Unopened(id.clone(), error.into())),
        }
        Ok(Answer::Command(id.clone(), todo))
    }

    /// Carries out an accepted command. What cannot be done is finished as failed; a call that may
    /// be made again leaves the command as it is.
    pub(crate) async fn execute(&self, id: &CommandId) -> Result<Answer, Trouble> {
        let state = self.journal.command(id).await?;
        let state = state.ok_or(Trouble::Other("a command is not in the journal"))?;
        if let Some((outcome, _)) = state.finished {
            // It was journalled, and whoever did that did not hear of it.
            self.tell(Event::Finished(id.clone(), outcome));
            let schedule = self.journal.registration().await?.schedule;
            return Ok(Answer::Executed(id.clone(), schedule));
        }
        let received = Received::decode(id, state.plaintext.as_bytes());
        let outcome = match received {
            Ok(received) => self.carry_out(id, received).await,
            Err(error) => Ok(Done::Failed(error.to_string())),
        };
        let done = match outcome {
            Ok(done) => done,
            Err(Trouble::Device(error)) => Done::Failed(sentence(&error)),
            // Asked again they would be no more, and no smaller.
            Err(error @ Trouble::Gone(_)) => Done::Failed(error.to_string()),
            Err(Trouble::Pack(error @ PackError::LimitTooSmall { .. })) => {
                Done::Failed(error.to_string())
            }
            Err(Trouble::Call(error)) if !error.retryable() => {
                let sentence = refusal(&error);
                self.tell(Event::Failed(error));
                Done::Failed(sentence)
            }
            Err(other) => return Err(other),
        };
        let (outcome, answer) = match done {
            Done::Executed(schedule) => (Outcome::Executed, Answer::Executed(id.clone(), schedule)),
            Done::Called => (Outcome::Executed, Answer::Called(id.clone())),
            Done::Failed(why) => (Outcome::Failed(why), Answer::Executed(id.clone(), None)),
        };
        self.finish(id, outcome).await?;
        Ok(answer)
    }

    async fn finish(&self, id: &CommandId, outcome: Outcome) -> Result<(), Trouble> {
        let state = self.journal.finish_command(id, outcome, self.now().into()).await?;
        if let Some((outcome, _)) = state.finished {
            self.tell(Event::Finished(id.clone(), outcome));
        }
        Ok(())
    }

    async fn carry_out(&self, id: &CommandId, received: Received) -> Result<Done, Trouble> {
        match received {
            Received::Timetable(table) => self.take_timetable(id, table).await,
            Received::QrCode(printing) => {
                self.device.print_qr_code(printing).await?;
                let change = self.journal.update_registration(|of| of.qr_code = Some(printing));
                change.await?;
                Ok(Done::Executed(None))
            }
            Received::CallCpd(CallCpd { service }) => self.call_cpd(service).await,
            Received::DetailedDocuments(wanted) => {
                self.pack_answer(id, &wanted, 0).await?;
                Ok(Done::Executed(None))
            }
        }
    }

    /// CMD02. What is undefined in it (−2) stays as it was (CRK facts §6.2).
    async fn take_timetable(&self, id: &CommandId, table: Timetable) -> Result<Done, Trouble> {
        let mut schedule = Schedule::from(table);
        let before = self.journal.registration().await?.schedule;
        let (send, check) = (schedule.send, schedule.check);
        if send == SendFrequency::Undefined || check == CheckFrequency::Undefined {
            self.tell(Event::ScheduleIncomplete);
        }
        if let Some(before) = before {
            schedule.send = if send == SendFrequency::Undefined { before.send } else { send };
            schedule.check = if check == CheckFrequency::Undefined { before.check } else { check };
        }
        self.device.take_schedule(&schedule).await?;
        let change = |of: &mut Registration| {
            of.schedule = Some(schedule.clone());
            // The last row of a fiscalisation waits for this (source document, chapter 3).
            fiscalisation::note_timetable(of, id);
        };
        self.journal.update_registration(change).await?;
        if !schedule.says_when_to_send() {
            self.tell(Event::NoSchedule);
        }
        Ok(Done::Executed(Some(schedule)))
    }

    /// CMD01.
    async fn call_cpd(&self, service: Open<CpdService>) -> Result<Done, Trouble> {
        match service.known() {
            Some(CpdService::FetchKeys) => {
                // That goes by the authorities, and says nothing about the pinned line.
                self.fetch_keys().await?;
                Ok(Done::Executed(None))
            }
            Some(CpdService::SendCertificates) => {
                let id = self.next_id(CommandKind::DeviceKeys).await?;
                self.client.send_certificates(id).await?;
                Ok(Done::Called)
            }
            Some(CpdService::CheckFirmware) => {
                let Some(firmware) = self.device.firmware() else {
                    return Ok(Done::Failed("this register's program is not checked".to_owned()));
                };
                let id = self.next_id(CommandKind::CheckFirmware).await?;
                let answer = self.client.check_firmware(id, firmware).await?;
                if answer.verdict != FirmwareVerdict::Approved {
                    self.tell(Event::Stumbled(
                        "the repository does not approve the program".into(),
                    ));
                }
                Ok(Done::Called)
            }
            None => Ok(Done::Failed("this service is not known here".to_owned())),
        }
    }

    /// CMD07: the repository's certificates are looked at, journalled and then used.
    pub(crate) async fn fetch_keys(&self) -> Result<(), Trouble> {
        let id = self.next_id(CommandKind::RepositoryKeys).await?;
        let pins = Pins::from(self.client.fetch_keys(id).await?);
        self.client.read_pins(&pins)?;
        let are_new = self.journal.pins().await?.as_ref() != Some(&pins);
        if are_new {
            self.journal.set_pins(&pins).await?;
        }
        self.client.use_pins(&pins)?;
        if are_new {
            self.tell(Event::Pins);
        }
        Ok(())
    }

    /// Finishes a command that nobody can open, so that the repository learns of it and the next
    /// one comes.
    pub(super) async fn reject(&self, id: &CommandId) -> Result<Answer, Trouble> {
        self.journal.accept_command(id, "").await?;
        let sentence = "the command could not be decrypted or its signature is not trusted";
        self.finish(id, Outcome::Failed(sentence.to_owned())).await?;
        Ok(Answer::Executed(id.clone(), None))
    }

    /// Sends what stands in the journal about a finished command.
    pub(crate) async fn confirm(&self, id: &CommandId) -> Result<Answer, Trouble> {
        let state = self.journal.command(id).await?;
        let finished = state.and_then(|state| state.finished);
        let (outcome, at) = finished.ok_or(Trouble::Other("a command is not finished"))?;
        let confirmation = match outcome {
            Outcome::Executed => ConfirmCommand::executed(id.clone(), at),
            Outcome::Failed(sentence) => ConfirmCommand::failed(id.clone(), at, &sentence),
        };
        match self.client.confirm(&confirmation).await {
            Ok(()) => {}
            // The repository does not know the command (any more): there is nobody to tell.
            Err(error) if is_unknown(&error) => self.tell(Event::Failed(error)),
            Err(error) => return Err(error.into()),
        }
        self.journal.confirm_command(id).await?;
        Ok(Answer::Confirmed(id.clone()))
    }

    /// Packs an answer once more that the Event Hub refused.
    pub(super) async fn answer_again(
        &self,
        id: &CommandId,
        smaller: u32,
    ) -> Result<Answer, Trouble> {
        let state = self.journal.command(id).await?;
        let wanted = state.map(|state| Received::decode(id, state.plaintext.as_bytes()));
        if let Some(Ok(Received::DetailedDocuments(wanted))) = wanted {
            match self.pack_answer(id, &wanted, smaller).await {
                // They were dropped meanwhile. The command is finished; somebody is told.
                Err(Trouble::Gone(range)) => self.tell(Event::Missing(range)),
                packed => packed?,
            }
        }
        let mut again = self.answers_again().await?;
        again.remove(id);
        self.journal.keep(AGAIN, &again).await?;
        Ok(Answer::Executed(id.clone(), None))
    }

    /// Remembers that an answer has to be packed again.
    pub(super) async fn will_answer_again(&self, id: &CommandId) -> Result<(), Trouble> {
        let mut again = self.answers_again().await?;
        again.insert(id.clone());
        Ok(self.journal.keep(AGAIN, &again).await?)
    }

    async fn answers_again(&self) -> Result<BTreeSet<CommandId>, Trouble> {
        Ok(self.journal.kept(AGAIN).await?.unwrap_or_default())
    }
}

/// What came of carrying out a command.
enum Done {
    Executed(Option<Schedule>),
    /// By a call that the CPD server answered.
    Called,
    Failed(String),
}

fn todo(state: &CommandState) -> Todo {
    if state.finished.is_some() { Todo::Confirm } else { Todo::Execute }
}

fn sentence(error: &DeviceError) -> String {
    let sentence = error.to_string();
    if sentence.trim().is_empty() { "the register failed".to_owned() } else { sentence }
}

/// What the repository is told about a call that it refused itself.
fn refusal(error: &Error) -> String {
    match error.code() {
        Some(AnswerCode::Cpd(Open::Known(code))) => {
            format!("{}: {}", error.endpoint(), code.meaning())
        }
        _ => format!("{}: {:?}", error.endpoint(), error.kind()),
    }
}

fn is_unknown(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(AnswerCode::WebApi(Open::Known(
            WebApiCode::UnknownCommand | WebApiCode::CommandIdForm
        )))
    )
}
