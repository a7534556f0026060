//! CMD09: the request to be fiscalised.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use common_core::{effect::Effect, open::Open};
use common_http::{Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts};
use http::{Method, StatusCode};
use serde::Serialize;

use super::change;
use crate::{
    api::{Cpd, LIMIT},
    code::FiscalisationStatus,
    command::{
        FieldError,
        envelope::{Envelope, Sent, whole_number, wrong_form},
        received::shipment,
    },
    ident::{
        CheckFrequency, CommandId, CommandKind, EvidenceNumber, SendFrequency, SerialNumber,
        ShipmentTypes, TaxpayerId, TechnicianId, WebApiAddress,
    },
};

/// CMD09 MFP: asks to be fiscalised, or fiscalised again after a change of memory (source
/// document, section 2.4.3).
///
/// The moment in the identifier must not lie more than 24 hours behind and not more than 2 hours
/// ahead of the server's clock.
///
/// **The client never repeats it** once bytes may have left: it gives out an evidence number, and
/// what a second request is answered is not documented (CRK facts §6.1, row 4). Whoever lost the
/// answer may ask again on purpose with the same taxpayer, as
/// [`Fiscalisation`](crate::fiscalisation::Fiscalisation) does unless it is told to stop; status 16
/// then says that the first request was done and everything else too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fiscalise {
    id: CommandId,
    attributes: Attributes,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Attributes {
    #[serde(rename = "cashRegisterSN")]
    serial: SerialNumber,
    /// Empty at the first fiscalisation; the field must be there.
    #[serde(rename = "cashRegisterNr")]
    evidence: String,
    #[serde(rename = "taxpayerId")]
    taxpayer: TaxpayerId,
    #[serde(rename = "monterId")]
    technician: TechnicianId,
}

impl Fiscalise {
    /// The command under an identifier of the kind MFP.
    ///
    /// A register in software sends its unique number as serial number, the taxpayer of its
    /// certificate and [`TechnicianId::of_software_register`].
    pub fn new(
        id: CommandId,
        serial: SerialNumber,
        taxpayer: TaxpayerId,
        technician: TechnicianId,
    ) -> Self {
        Self {
            id,
            attributes: Attributes { serial, evidence: String::new(), taxpayer, technician },
        }
    }

    /// Sets the evidence number that the register has already, for a fiscalisation after a change
    /// of memory.
    #[must_use]
    pub fn evidence_number(mut self, number: &EvidenceNumber) -> Self {
        number.as_str().clone_into(&mut self.attributes.evidence);
        self
    }

    /// Whether the server would take the moment of the identifier when its clock shows `clock`:
    /// not more than 24 hours behind it and not more than 2 hours ahead of it (source document,
    /// section 2.4.3, the only place that speaks of such a window).
    pub fn fits_clock(&self, clock: DateTime<Utc>) -> bool {
        let moment = self.id.moment().instant();
        (clock - TimeDelta::hours(24)..=clock + TimeDelta::hours(2)).contains(&moment)
    }
}

/// What the repository answered with status 200.
///
/// A refusal is an answer and not an error: it comes with status 200 (CRK facts §7, 13).
/// An answer that cannot be read is kept whole, since it may hold the register's evidence number.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FiscalisationAnswer {
    /// The register has an evidence number: store it before anything else.
    Granted(Box<Granted>),
    /// The register is not fiscalised; only the first reason found is told.
    Refused(FiscalisationRefusal),
    /// It is not clear which of the two it is: store the text and have somebody read it.
    Unclear(UnclearAnswer),
}

/// An evidence number, and the schedule that goes with it.
///
/// What is missing or unreadable beside the number does not hide the number: it is left out and
/// named in `doubts`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Granted {
    /// The identifier that the answer repeats; it must be that of the command.
    pub command_id: Option<CommandId>,
    /// The evidence number.
    pub evidence_number: EvidenceNumber,
    /// Where the WebApi is for this register.
    pub web_api: Option<WebApiAddress>,
    /// When documents are sent; [`SendFrequency::Undefined`] when that could not be read.
    pub send: SendFrequency,
    /// When commands are asked for; [`CheckFrequency::Undefined`] when that could not be read.
    pub check: CheckFrequency,
    /// Which documents are sent in detail.
    pub shipment: Option<ShipmentTypes>,
    /// What was missing or wrong beside the number.
    pub doubts: Vec<FieldError>,
    /// The answer as it came.
    pub body: Bytes,
}

/// Why the register is not fiscalised.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FiscalisationRefusal {
    /// The code, compared as a number.
    pub status: Open<FiscalisationStatus>,
    /// The repository's words, which differ from place to place: for people only.
    pub description: Option<String>,
    /// The answer as it came: with status 16 it may name the register's number.
    pub body: Bytes,
}

/// A success that is neither an acceptance nor a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnclearAnswer {
    /// What cannot be understood.
    pub reason: FieldError,
    /// The answer as it came.
    pub body: Bytes,
}

impl Endpoint for Fiscalise {
    type Api = Cpd;
    type Response = FiscalisationAnswer;

    const INFO: Info = Info {
        name: "cpd.fiscalise",
        method: Method::POST,
        path: "/api/SerwerCPD/Command",
        effect: Effect::Once,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.4.3",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let command = Sent::new(&self.id, &self.attributes);
        change(&Self::INFO, base, (&self.id, CommandKind::Fiscalise), &command)
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<FiscalisationAnswer, DecodeError> {
        let answer = match parts.status {
            StatusCode::OK => answer(body),
            _ => Err(FieldError::new(".", "came with another status than 200")),
        };
        let unclear = |reason| UnclearAnswer { reason, body: body.clone() };
        Ok(answer.unwrap_or_else(|reason| FiscalisationAnswer::Unclear(unclear(reason))))
    }
}

fn answer(body: &Bytes) -> Result<FiscalisationAnswer, FieldError> {
    let envelope = Envelope::read(body)?;
    let (status, description) = status(&envelope)?;
    let field = "cashRegisterNr";
    if status != FiscalisationStatus::Success {
        // A status that nobody documented may be a success with a remark.
        if status.known().is_none() && envelope.parsed(field, |_| Ok::<_, ()>(()))?.is_some() {
            return Err(FieldError::new(field, "came with a status that is not known"));
        }
        let body = body.clone();
        return Ok(FiscalisationAnswer::Refused(FiscalisationRefusal {
            status,
            description,
            body,
        }));
    }
    let number = envelope.parsed(field, EvidenceNumber::parse)?;
    let evidence_number = number.ok_or(FieldError::missing(field))?;
    Ok(FiscalisationAnswer::Granted(Box::new(granted(&envelope, evidence_number, body))))
}

fn status(envelope: &Envelope) -> Result<(Open<FiscalisationStatus>, Option<String>), FieldError> {
    let field = "statusFisc";
    let value = envelope.object(field)?.ok_or(FieldError::missing(field))?;
    let code = value.find("code")?.as_ref().and_then(whole_number).ok_or(wrong_form(field))?;
    // The words are for people, and two of them are none.
    let description = value.find("desc").ok().flatten();
    let description = description.and_then(|text| text.as_str().map(str::to_owned));
    Ok((Open::from_raw(code), description))
}

/// Everything beside the number, as far as it can be read.
fn granted(envelope: &Envelope, evidence_number: EvidenceNumber, body: &Bytes) -> Granted {
    let mut doubts = Vec::new();
    let web_api = envelope.parsed("addressWebAPI", WebApiAddress::parse);
    let web_api = sure("addressWebAPI", web_api, &mut doubts);
    let mut number = |field| sure(field, envelope.number(field), &mut doubts);
    let (send, check) = (number("sendFreqEventHub"), number("checkFreqWebApi"));
    let shipment = sure("shipmentType", shipment(envelope), &mut doubts);
    let send = send.and_then(|number| {
        let read = SendFrequency::from_wire(number);
        read.map_err(|_| doubts.push(wrong_form("sendFreqEventHub"))).ok()
    });
    let check = check.and_then(|number| {
        let read = CheckFrequency::from_wire(number);
        read.map_err(|_| doubts.push(wrong_form("checkFreqWebApi"))).ok()
    });
    let command_id = envelope.command_id().unwrap_or_else(|doubt| {
        doubts.push(doubt);
        None
    });
    Granted {
        command_id,
        evidence_number,
        web_api,
        send: send.unwrap_or(SendFrequency::Undefined),
        check: check.unwrap_or(CheckFrequency::Undefined),
        shipment,
        doubts,
        body: body.clone(),
    }
}

/// The value, or a doubt about a field that should be there.
fn sure<T>(
    field: &'static str,
    read: Result<Option<T>, FieldError>,
    doubts: &mut Vec<FieldError>,
) -> Option<T> {
    match read.and_then(|value| value.ok_or(FieldError::missing(field))) {
        Ok(value) => Some(value),
        Err(doubt) => {
            doubts.push(doubt);
            None
        }
    }
}

#[cfg(test)]
mod tests;
