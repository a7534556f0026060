//! CMD09: the request for fiscalisation (source document, 2.4.3).

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{Sender, answer as enveloped, has_length, is_nip, refused};
use crate::crk::register::{Kind, State};
use crate::crk::store::{Record, Store, Verdict};
use crate::crk::{Crk, codes, ident};
use crate::front::Mood;
use crate::reply::Reply;

/// How old a command may be.
const OLDEST: TimeDelta = TimeDelta::hours(24);

/// How far a command may be ahead of the server's clock.
const NEWEST: TimeDelta = TimeDelta::hours(2);

/// The service technician of every software register.
const SOFTWARE_TECHNICIAN: &str = "KW123";

/// The attributes of a request.
struct Wish<'a> {
    serial_number: &'a str,
    evidence_number: &'a str,
    taxpayer: &'a str,
    technician: &'a str,
}

/// Why a request fails: an error code, or a fiscalisation status inside a good answer.
enum Refusal {
    Error(&'static str),
    Status(u8),
}

pub(super) fn answer(
    crk: &Crk,
    sender: &Sender,
    attributes: &Map<String, Value>,
) -> Result<Reply, Reply> {
    let now = crk.now();
    let age = now - sender.id.at;
    if age > OLDEST || age < -NEWEST {
        return Err(refused(crk, "E01"));
    }
    let wish = Wish::read(attributes).map_err(|code| refused(crk, code))?;
    let number = sender.unique_number();
    let outcome = crk.with_store(|store| {
        admit(store, sender, &wish)?;
        let evidence_number = match decide(store, number, &wish)? {
            Some(kept) => kept,
            None => store.next_evidence_number(now),
        };
        begin(store, number, &wish, &evidence_number);
        Ok(evidence_number)
    });
    match outcome {
        Ok(evidence_number) => Ok(success(crk, sender, &evidence_number)),
        Err(Refusal::Error(code)) => Err(refused(crk, code)),
        Err(Refusal::Status(code)) => Ok(refusal(crk, sender, code)),
    }
}

impl<'a> Wish<'a> {
    fn read(attributes: &'a Map<String, Value>) -> Result<Self, &'static str> {
        let text = |name: &str| attributes.get(name).map_or(Some(""), Value::as_str).ok_or("E02");
        let wish = Self {
            serial_number: text("cashRegisterSN")?,
            evidence_number: text("cashRegisterNr")?,
            taxpayer: text("taxpayerId")?,
            technician: text("monterId")?,
        };
        let fits = has_length(wish.serial_number, 1, 240)
            && (wish.evidence_number.is_empty() || has_length(wish.evidence_number, 14, 14))
            && has_length(wish.taxpayer, 10, 10)
            && has_length(wish.technician, 1, 30);
        if fits { Ok(wish) } else { Err("B13") }
    }
}

/// The error codes of the command.
fn admit(store: &Store, sender: &Sender, wish: &Wish<'_>) -> Result<(), Refusal> {
    let record = store.registers.get(sender.unique_number()).ok_or(Refusal::Error("B03"))?;
    if record.tls.is_empty() {
        return Err(Refusal::Error("B06"));
    }
    if record.kind == Kind::Software {
        if sender.certificate.nip.as_deref() != Some(wish.taxpayer) {
            return Err(Refusal::Error("B11"));
        }
        if record.firmware != Some(Verdict::Approved) {
            return Err(Refusal::Error("B12"));
        }
    }
    Ok(())
}

/// The evidence number to keep, none for a new one, or the first thing that is wrong.
fn decide(store: &mut Store, number: &str, wish: &Wish<'_>) -> Result<Option<String>, Refusal> {
    let record = store.registers.get_mut(number).ok_or(Refusal::Error("B03"))?;
    if let Some(code) = record.refusal.take() {
        return Err(Refusal::Status(code));
    }
    check_words(record, number, wish)?;
    let own = record.evidence_number.clone();
    match record.state {
        Some(State::Fiscalised) => Err(Refusal::Status(16)),
        Some(State::ReadOnly) => Err(Refusal::Status(12)),
        Some(State::Started) if record.taxpayer.as_deref() != Some(wish.taxpayer) => {
            Err(Refusal::Status(9))
        }
        Some(State::Started) => {
            let same = own.as_deref() == Some(wish.evidence_number);
            if wish.evidence_number.is_empty() || same { Ok(own) } else { Err(Refusal::Status(10)) }
        }
        None if wish.evidence_number.is_empty() => Ok(None),
        None => inherit(store, wish).map(Some),
    }
}

fn check_words(record: &Record, number: &str, wish: &Wish<'_>) -> Result<(), Refusal> {
    if !is_nip(wish.taxpayer) {
        return Err(Refusal::Status(4));
    }
    if record.kind == Kind::Software {
        if wish.serial_number != number {
            return Err(Refusal::Status(1));
        }
        if wish.technician != SOFTWARE_TECHNICIAN {
            return Err(Refusal::Status(5));
        }
    }
    let number = wish.evidence_number;
    if number.is_empty() || ident::is_evidence_number(number) {
        Ok(())
    } else {
        Err(Refusal::Status(3))
    }
}

/// A new memory takes over the evidence number of a memory that is closed.
fn inherit(store: &mut Store, wish: &Wish<'_>) -> Result<String, Refusal> {
    let (number, old) = store.holder(wish.evidence_number).ok_or(Refusal::Status(10))?;
    if old.taxpayer.as_deref() != Some(wish.taxpayer) {
        return Err(Refusal::Status(13));
    }
    if old.serial_number.as_deref() != Some(wish.serial_number) {
        return Err(Refusal::Status(7));
    }
    if old.state != Some(State::ReadOnly) {
        return Err(Refusal::Status(14));
    }
    let number = number.clone();
    let old = store.registers.get_mut(&number).ok_or(Refusal::Status(10))?;
    old.evidence_number.take().ok_or(Refusal::Status(10))
}

fn begin(store: &mut Store, number: &str, wish: &Wish<'_>, evidence_number: &str) {
    if let Some(record) = store.registers.get_mut(number) {
        record.state = Some(State::Started);
        record.taxpayer = Some(wish.taxpayer.to_owned());
        record.serial_number = Some(wish.serial_number.to_owned());
        record.evidence_number = Some(evidence_number.to_owned());
    }
}

fn success(crk: &Crk, sender: &Sender, evidence_number: &str) -> Reply {
    let (timetable, spelling) =
        crk.with_store(|store| (store.settings.timetable.clone(), store.settings.spelling));
    let mut attributes = json!({
        "statusFisc": status(crk, 0),
        "cashRegisterNr": evidence_number,
        "addressWebAPI": crk.webapi_url(),
        "sendFreqEventHub": timetable.send,
        "checkFreqWebApi": timetable.check,
    });
    attributes[crk.spelled(spelling, "shippmentType")] = json!(timetable.shipment_type);
    enveloped(crk, sender, attributes, &[])
}

fn refusal(crk: &Crk, sender: &Sender, code: u8) -> Reply {
    crk.with_store(|store| {
        *store.statistics.fiscalisation_refusals.entry(format!("{code:02}")).or_default() += 1;
    });
    let attributes = json!({
        "statusFisc": status(crk, code),
        "cashRegisterNr": "",
        "addressWebAPI": "",
        "sendFreqEventHub": -2,
        "checkFreqWebApi": -2,
        "shipmentType": "",
    });
    let loose = ["addressWebAPI", "sendFreqEventHub", "checkFreqWebApi", "shipmentType"];
    enveloped(crk, sender, attributes, &loose)
}

/// The status; the examples of the source document write one digit and other words
/// (CRK facts §7, 5).
fn status(crk: &Crk, code: u8) -> Value {
    let description = codes::status(code).unwrap_or_default();
    let context = crk.context();
    if context.mood == Mood::Hostile && context.chance.hits(500) {
        let description = if code == 0 { "fiskalizacja poprawna" } else { description };
        return json!({"code": code.to_string(), "desc": description});
    }
    json!({"code": format!("{code:02}"), "desc": description})
}
