//! What is to be done next, from what stands in the journal; and what stands there afterwards.

use super::Order;
use crate::{
    code::{CpdCode, FiscalisationStatus},
    command::{FiscalisationStep, cpd::Granted},
    ident::{CommandId, JpkId},
    journal::{Fiscalisation, Registration, Schedule, Stage},
};

/// The next thing of a fiscalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Task {
    /// Journal that this row is begun.
    Begin(FiscalisationStep),
    /// Do this row. It may have been done before, by a run that died.
    Do(FiscalisationStep),
    /// Nothing: the register is fiscalised.
    Nothing,
}

/// Decides the next thing. The same journal gives the same task.
///
/// ```
/// use ekasy_device::{
///     command::FiscalisationStep,
///     fiscalisation::{Order, Task, next_task},
///     journal::Registration,
/// };
///
/// let order = Order::software(&"WTE2001000009".parse()?, "1234563218".parse()?)?;
/// let begin = next_task(&order, &Registration::default());
/// assert_eq!(begin, Task::Begin(FiscalisationStep::FetchKeys));
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
pub fn next_task(order: &Order, registration: &Registration) -> Task {
    let Some(fiscalisation) = &registration.fiscalisation else {
        return Task::Begin(FiscalisationStep::FetchKeys);
    };
    let Some(step) = FiscalisationStep::of_row(fiscalisation.row) else { return Task::Nothing };
    if fiscalisation.stage == Stage::Intended {
        return Task::Do(step);
    }
    let skips = |step: &FiscalisationStep| step.software_only() && !order.is_software();
    let mut next = step.next();
    if next.as_ref().is_some_and(skips) {
        next = next.and_then(FiscalisationStep::next);
    }
    next.map_or(Task::Nothing, Task::Begin)
}

/// Notes of a fiscalisation.
pub(super) mod note {
    /// The identifier of CMD09 that is under way.
    pub(in super::super) const REQUEST: &str = "request";
    /// What that identifier stands for.
    pub(in super::super) const REQUEST_OF: &str = "request-of";
    /// An earlier request that had no answer. What a later one is answered says nothing about it.
    pub(in super::super) const UNANSWERED: &str = "unanswered";
    /// The first answer to CMD09, as it came, in which something was not understood.
    pub(in super::super) const ANSWER: &str = "answer";
    /// The latest such answer that is another one.
    pub(in super::super) const LATER_ANSWER: &str = "later-answer";
    /// An evidence number other than the one that the journal has.
    pub(in super::super) const OTHER_NUMBER: &str = "other-number";
    /// The number of the fiscalisation report.
    pub(in super::super) const REPORT: &str = "report";
    /// The command that brought the schedule.
    pub(in super::super) const TIMETABLE: &str = "timetable";
}

/// Takes note that CMD02 was carried out, in the same step in which its schedule is kept. The last
/// row waits for it.
pub(crate) fn note_timetable(registration: &mut Registration, id: &CommandId) {
    if let Some(fiscalisation) = &mut registration.fiscalisation {
        set(fiscalisation, note::TIMETABLE, id);
    }
}

pub(super) fn noted<'a>(registration: &'a Registration, name: &str) -> Option<&'a str> {
    registration.fiscalisation.as_ref()?.notes.get(name).map(String::as_str)
}

pub(super) fn set(fiscalisation: &mut Fiscalisation, name: &str, value: &(impl ToString + ?Sized)) {
    fiscalisation.notes.insert(name.to_owned(), value.to_string());
}

/// Keeps an answer that may hold the evidence number. A later one, which may be anything, does not
/// take its place.
pub(super) fn keep_answer(fiscalisation: &mut Fiscalisation, answer: &[u8]) {
    let answer = String::from_utf8_lossy(answer);
    match fiscalisation.notes.get(note::ANSWER) {
        Some(first) if *first == answer => {}
        Some(_) => set(fiscalisation, note::LATER_ANSWER, &answer),
        None => set(fiscalisation, note::ANSWER, &answer),
    }
}

/// The record of a fiscalisation, begun if there is none.
pub(super) fn record(registration: &mut Registration) -> &mut Fiscalisation {
    registration.fiscalisation.get_or_insert_with(|| Fiscalisation {
        row: 0,
        stage: Stage::Intended,
        notes: std::collections::BTreeMap::new(),
    })
}

pub(super) fn stand_at(registration: &mut Registration, step: FiscalisationStep, stage: Stage) {
    let record = record(registration);
    (record.row, record.stage) = (step.row(), stage);
}

/// The number of the report is fixed before it is issued.
pub(super) fn fix_report(registration: &mut Registration, id: JpkId) {
    let record = record(registration);
    let name = note::REPORT.to_owned();
    record.notes.entry(name).or_insert_with(|| id.to_string());
}

/// Rows 3 and 4 in one step: everything that the answer brought.
///
/// A number that differs from the one that stands there does not take its place; it is noted.
pub(super) fn take(registration: &mut Registration, granted: &Granted) {
    let number = &granted.evidence_number;
    if registration.evidence_number.as_ref().is_some_and(|known| known != number) {
        let record = record(registration);
        set(record, note::OTHER_NUMBER, number);
        keep_answer(record, &granted.body);
        return;
    }
    registration.evidence_number = Some(number.clone());
    registration.web_api = granted.web_api.clone().or(registration.web_api.take());
    if let Some(shipment) = granted.shipment.clone() {
        let (send, check) = (granted.send, granted.check);
        registration.schedule = Some(Schedule { send, check, shipment });
    }
    stand_at(registration, FiscalisationStep::TakeEvidenceNumber, Stage::Done);
    if !granted.doubts.is_empty() {
        keep_answer(record(registration), &granted.body);
    }
}

/// After a refusal the identifier is used up, and the next run begins where the code says. That an
/// earlier request had no answer stays noted.
pub(super) fn refuse(registration: &mut Registration, back_to: Option<FiscalisationStep>) {
    let record = record(registration);
    record.notes.remove(note::REQUEST);
    record.notes.remove(note::REQUEST_OF);
    if let Some(step) = back_to {
        (record.row, record.stage) = (step.row(), Stage::Intended);
    }
}

/// The row that has to be done once more after a status.
pub(super) fn back_after_status(status: FiscalisationStatus) -> Option<FiscalisationStep> {
    match status {
        FiscalisationStatus::NoCertificates => Some(FiscalisationStep::SendCertificates),
        FiscalisationStatus::ProgramNotApproved => Some(FiscalisationStep::CheckFirmware),
        _ => None,
    }
}

/// The row that has to be done once more after an error code.
pub(super) fn back_after_code(code: CpdCode) -> Option<FiscalisationStep> {
    match code {
        CpdCode::NoCertificates => Some(FiscalisationStep::SendCertificates),
        CpdCode::ProgramNotVerified => Some(FiscalisationStep::CheckFirmware),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_that_was_not_understood_stays() {
        let mut registration = Registration::default();
        for answer in ["2026/417", "2026/417", "<html>", "{}"] {
            keep_answer(record(&mut registration), answer.as_bytes());
        }
        assert_eq!(noted(&registration, note::ANSWER), Some("2026/417"));
        assert_eq!(noted(&registration, note::LATER_ANSWER), Some("{}"));
    }
}
