//! Hiding and showing invoices, and reporting them as a scam (specification 1.9, chapters 13.12 and
//! 13.13). Both are marks that a context puts on an invoice.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::answer::{Answered, Ask, Caller};
use super::exception::Exception;
use super::store::{Mark, Outcome, Store, WorkKind};
use super::work;
use crate::ksef::numbers;
use crate::reply::Reply;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct HideBody {
    invoice_hide_request: Option<Hiding>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Hiding {
    ksef_reference_number: String,
    hiding_reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ShowBody {
    invoice_hide_cancelation_request: Option<Showing>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Showing {
    ksef_reference_number: String,
    hiding_cancelation_reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ReportBody {
    scam_report: Option<Report>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Report {
    ksef_reference_number: String,
    report_reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CancelBody {
    scam_report_cancelation: Option<Cancelation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Cancelation {
    ksef_reference_number: String,
    report_cancelation_reason: String,
}

/// A kind of mark: where it is kept and how its refusals are named.
#[derive(Clone, Copy)]
struct Kind {
    work: WorkKind,
    longest: usize,
    issuer: u32,
    there: u32,
    absent: u32,
}

const HIDDEN: Kind =
    Kind { work: WorkKind::Visibility, longest: 256, issuer: 21186, there: 21187, absent: 21188 };

const SCAM: Kind =
    Kind { work: WorkKind::Scam, longest: 1024, issuer: 21189, there: 21190, absent: 21191 };

/// Marks of one kind, by invoice and context.
type Marks = BTreeMap<(String, String), Mark>;

impl Kind {
    fn marks(self, store: &mut Store) -> &mut Marks {
        if self.work == WorkKind::Scam { &mut store.scams } else { &mut store.hidden }
    }

    /// The refusal of a change that would change nothing.
    fn check(self, marks: &Marks, key: &(String, String), wanted: bool) -> Result<(), Exception> {
        let active = marks.get(key).is_some_and(|mark| mark.active);
        match (wanted, active) {
            (true, true) => Err(Exception::new(self.there)),
            (false, false) => Err(Exception::new(self.absent)),
            _ => Ok(()),
        }
    }
}

/// The one member of a body, which the schema lets out at times although nothing is said without.
fn wrapped<T>(ask: &Ask<'_>, content: Option<T>, name: &str) -> Result<T, Exception> {
    content.ok_or_else(|| ask.lacking(23001, name))
}

/// Hides an invoice.
pub(super) fn hide(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let Hiding { ksef_reference_number, hiding_reason } =
        wrapped(ask, ask.body::<HideBody>()?.invoice_hide_request, "invoiceHideRequest")?;
    change(ask, caller, HIDDEN, &ksef_reference_number, hiding_reason, true)
}

/// Shows an invoice again.
pub(super) fn show(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let body = ask.body::<ShowBody>()?.invoice_hide_cancelation_request;
    let Showing { ksef_reference_number, hiding_cancelation_reason } =
        wrapped(ask, body, "invoiceHideCancelationRequest")?;
    change(ask, caller, HIDDEN, &ksef_reference_number, hiding_cancelation_reason, false)
}

/// Reports an invoice.
pub(super) fn report(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let Report { ksef_reference_number, report_reason } =
        wrapped(ask, ask.body::<ReportBody>()?.scam_report, "scamReport")?;
    change(ask, caller, SCAM, &ksef_reference_number, report_reason, true)
}

/// Takes a report back.
pub(super) fn cancel(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let body = ask.body::<CancelBody>()?.scam_report_cancelation;
    let Cancelation { ksef_reference_number, report_cancelation_reason } =
        wrapped(ask, body, "scamReportCancelation")?;
    change(ask, caller, SCAM, &ksef_reference_number, report_cancelation_reason, false)
}

fn change(
    ask: &Ask<'_>,
    caller: &Caller,
    kind: Kind,
    number: &str,
    reason: String,
    wanted: bool,
) -> Answered {
    if !(1..=kind.longest).contains(&reason.chars().count()) {
        return Err(ask.off_schema("reason"));
    }
    let number =
        numbers::short_form(number).ok_or_else(|| ask.off_schema("ksefReferenceNumber"))?;
    let key = (number, caller.context.key().to_owned());
    ask.ksef.with_store(|store| {
        let invoice = store.invoice(&key.0).filter(|it| it.concerns(caller.context.nip()));
        let invoice = invoice.ok_or_else(|| Exception::new(21169))?;
        let nip = caller.context.nip();
        if invoice.issuer == nip || invoice.invoice.seller.nip() == Some(nip) {
            return Err(Exception::new(kind.issuer));
        }
        kind.check(kind.marks(store), &key, wanted)
    })?;
    let clock = ask.ksef.clone();
    let act = Box::new(move |store: &mut Store| {
        let marks = kind.marks(store);
        // Another request may have been faster.
        kind.check(marks, &key, wanted)?;
        marks.insert(key, Mark { active: wanted, reason, at: clock.now() });
        Ok(Outcome::None)
    });
    Ok(work::start(ask, caller, kind.work, 200, act))
}

/// Whether an invoice is hidden in this context.
pub(super) fn visibility(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let (number, mark) = mark(ask, caller, HIDDEN)?;
    let mut body = json!({
        "ksefReferenceNumber": ask.number(&number),
        "isHidden": mark.as_ref().is_some_and(|mark| mark.active),
    });
    if let Some(mark) = mark {
        body["reason"] = json!(mark.reason);
        body["timestamp"] = json!(ask.moment(mark.at));
    }
    // The schema wraps what the official example shows flat.
    Ok(Reply::json(200, json!({"visibilityInvoiceGetResponseType": body})))
}

/// Whether an invoice is reported by this context.
pub(super) fn scam(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let (number, mark) = mark(ask, caller, SCAM)?;
    let mut body = json!({
        "ksefReferenceNumber": ask.number(&number),
        "activeScamReport": mark.as_ref().is_some_and(|mark| mark.active),
    });
    if let Some(mark) = mark {
        body["reason"] = json!(mark.reason);
        body["timestamp"] = json!(ask.moment(mark.at));
    }
    Ok(Reply::json(200, body))
}

fn mark(ask: &Ask<'_>, caller: &Caller, kind: Kind) -> Result<(String, Option<Mark>), Exception> {
    let number = ask.ksef_number(0)?;
    ask.ksef.with_store(|store| {
        let known = store.invoice(&number).is_some_and(|it| it.concerns(caller.context.nip()));
        if !known {
            return Err(Exception::new(21169));
        }
        let key = (number.clone(), caller.context.key().to_owned());
        let mark = kind.marks(store).get(&key).cloned();
        Ok((number, mark))
    })
}
