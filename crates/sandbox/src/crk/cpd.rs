//! The CPD server: what registers ask it and tell it (source document, 2.4).

mod fiscalisation;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Days;
use http::header::CONTENT_TYPE;
use ring::hmac;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::certificate::Certificate;
use super::command::Command;
use super::ident::{self, CommandId, Malformed};
use super::register::{Kind, State};
use super::store::Verdict;
use super::{Crk, codes};
use crate::front::{Incoming, Mood};
use crate::reply::Reply;

/// The highest JPK number (source document, 2.4.8).
const LARGEST_NUMBER: u64 = 999_999_999_999_999;

/// A command that has been read, with the register that sent it.
struct Sender {
    id: CommandId,
    /// As it was sent.
    text: String,
    certificate: Certificate,
}

impl Sender {
    fn unique_number(&self) -> &str {
        &self.id.unique_number
    }
}

/// `GET`: KCS, CNF, TCS and GIS.
pub(super) fn ask(crk: &Crk, incoming: &Incoming) -> Result<Reply, Reply> {
    let query: Vec<(String, String)> =
        form_urlencoded::parse(incoming.query.as_bytes()).into_owned().collect();
    let value = |name: &str| {
        let mut found = query.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str()).filter(|_| found.next().is_none())
    };
    let digest = Sha256::digest(incoming.query.as_bytes()).into();
    let sender = sender(crk, incoming, value("commandId"), &["KCS", "CNF", "TCS", "GIS"], digest)?;
    let known: &[&str] = match sender.id.code.as_str() {
        "CNF" => &["commandId", "firmwareMetadata", "firmwareChecksum"],
        _ => &["commandId"],
    };
    if query.iter().any(|(name, _)| !known.contains(&name.as_str())) {
        crk.note(incoming, "a parameter that the command does not have");
    }
    match sender.id.code.as_str() {
        "KCS" => keys(crk, &sender),
        "CNF" => firmware(crk, &sender, value("firmwareMetadata"), value("firmwareChecksum")),
        "GIS" => information(crk, &sender),
        _ => Ok(Reply::status(204)),
    }
}

/// `POST`: KFD, MFP, FPD and EFL.
pub(super) fn tell(crk: &Crk, incoming: &Incoming) -> Result<Reply, Reply> {
    let media = incoming.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.and_then(|media| media.split(';').next()).unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        crk.note(incoming, "the body is not announced as application/json");
        return Err(refused(crk, "E01"));
    }
    let sent: Map<String, Value> =
        serde_json::from_slice(&incoming.body).map_err(|_| refused(crk, "E02"))?;
    let digest = Sha256::digest(&incoming.body).into();
    let command_id = sent.get("commandId").and_then(Value::as_str);
    let sender = sender(crk, incoming, command_id, &["KFD", "MFP", "FPD", "EFL"], digest)?;
    let attributes = || {
        let attributes = sent.get("command").and_then(|command| command["attributes"].as_object());
        attributes.ok_or_else(|| refused(crk, "E02"))
    };
    match sender.id.code.as_str() {
        "KFD" => certificates(crk, &sender, attributes()?),
        "MFP" => fiscalisation::answer(crk, &sender, attributes()?),
        "FPD" => done(crk, &sender),
        _ => end(crk, &sender, attributes()?),
    }
}

/// CMD16: three keys, for today and the two days after it.
pub(super) fn shared_key(crk: &Crk, incoming: &Incoming) -> Result<Reply, Reply> {
    let certificate = shown(crk, incoming)?;
    let kind = crk.with_store(|store| store.registers.get(&certificate.name).map(|one| one.kind));
    if kind != Some(Kind::Software) {
        crk.note(incoming, "a shared key for what is no software register");
        return Err(refused(crk, "E05"));
    }
    crk.count("SharedKey");
    let today = crk.now().date_naive();
    let days = (0..3).filter_map(|later| today.checked_add_days(Days::new(later)));
    let keys: Vec<Value> = days
        .map(|day| {
            let day = day.format("%Y%m%d").to_string();
            let input = format!("{}\n{day}", certificate.name);
            let key = hmac::sign(crk.shared_secret(), input.as_bytes());
            json!({"forDate": day, "sharedKey": STANDARD.encode(key)})
        })
        .collect();
    Ok(Reply::json(200, json!({"CN": certificate.name, "sharedKeys": keys})))
}

/// An error answer that is counted.
fn refused(crk: &Crk, code: &str) -> Reply {
    crk.with_store(|store| *store.statistics.refusals.entry(code.to_owned()).or_default() += 1);
    codes::refusal(crk, code)
}

/// Who sends, after the checks that every command has: E01, B05, B01, B03, B10.
fn sender(
    crk: &Crk,
    incoming: &Incoming,
    command_id: Option<&str>,
    allowed: &[&str],
    digest: [u8; 32],
) -> Result<Sender, Reply> {
    let certificate = shown(crk, incoming)?;
    let text = command_id.ok_or_else(|| refused(crk, "E01"))?;
    let id = CommandId::read(text).map_err(|malformed| match malformed {
        Malformed::Whole => refused(crk, "E01"),
        Malformed::UniqueNumber => refused(crk, "B05"),
    })?;
    if !allowed.contains(&id.code.as_str()) {
        return Err(refused(crk, "B01"));
    }
    let fresh = crk.with_store(|store| {
        let record = store.registers.get_mut(&id.unique_number)?;
        Some(record.note(text, digest))
    });
    let fresh = fresh.ok_or_else(|| refused(crk, "B03"))?;
    if !fresh {
        crk.note(incoming, "a command identifier that came before with another request");
    }
    // These two do not compare the certificate with the command (source document, 2.4.1, 2.4.5).
    let compared = !["KCS", "TCS"].contains(&id.code.as_str());
    if compared && certificate.name != id.unique_number {
        return Err(refused(crk, "B10"));
    }
    crk.count(&id.code);
    Ok(Sender { id, text: text.to_owned(), certificate })
}

/// The certificate of the connection; behind a socket TLS has looked at it already.
fn shown(crk: &Crk, incoming: &Incoming) -> Result<Certificate, Reply> {
    let shown = incoming.certificate.as_ref();
    shown.and_then(|shown| crk.pki().trusted(shown, crk.now())).ok_or_else(|| {
        crk.note(incoming, "the CPD server without a certificate of the producer");
        Reply::status(403)
    })
}

/// The answer with attributes; those in `loose` stand outside of `attributes` now and then,
/// because the source document shows them there (CRK facts §7, 7 and 9).
fn answer(crk: &Crk, sender: &Sender, mut attributes: Value, loose: &[&str]) -> Reply {
    let context = crk.context();
    let mut command = Map::new();
    let mut root = Map::new();
    if context.mood == Mood::Hostile && context.chance.hits(300) {
        let outside = context.chance.hits(500);
        let members = attributes.as_object_mut().into_iter();
        let moved = members.flat_map(|members| {
            loose
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), members.remove(*name)?)))
                .collect::<Vec<_>>()
        });
        if outside { root.extend(moved) } else { command.extend(moved) }
    }
    command.insert("attributes".to_owned(), attributes);
    root.insert("commandId".to_owned(), json!(sender.text));
    root.insert("command".to_owned(), Value::Object(command));
    Reply::json(200, Value::Object(root))
}

/// CMD07.
fn keys(crk: &Crk, sender: &Sender) -> Result<Reply, Reply> {
    let pki = crk.pki();
    let repository = pki.repository().map_err(|_| refused(crk, "B02"))?;
    let attributes = json!({
        "digitalCertificateWebApiTLS": STANDARD.encode(pki.webapi_certificate()),
        "digitalCertificateCPDServerTLS": STANDARD.encode(pki.cpd_certificate()),
        "digitalCertificateRepositoryEncrypt": STANDARD.encode(&repository.certificate.der),
        "digitalCertificateAzureEventHubTLS": [STANDARD.encode(pki.cloud())],
    });
    Ok(answer(crk, sender, attributes, &["digitalCertificateAzureEventHubTLS"]))
}

/// CMD08.
fn certificates(
    crk: &Crk,
    sender: &Sender,
    attributes: &Map<String, Value>,
) -> Result<Reply, Reply> {
    let read = |name: &str| {
        let text = attributes.get(name).and_then(Value::as_str);
        let der = text.and_then(|text| STANDARD.decode(text).ok());
        let der = der.ok_or_else(|| refused(crk, "E02"))?;
        crk.pki()
            .trusted(&crate::ClientCertificate::new(der.clone()), crk.now())
            .or_else(|| Certificate::read(&der).filter(|_| name.ends_with("Encrypt")))
            .ok_or_else(|| refused(crk, "B10"))
    };
    let tls = read("digitalCertificateCashRegisterTLS")?;
    let encryption = read("digitalCertificateCashRegisterEncrypt")?;
    let number = sender.unique_number();
    let outcome = crk.with_store(|store| {
        let foreign = store.is_of_another(number, &tls) || store.is_of_another(number, &encryption);
        if foreign || tls.name != number || encryption.rsa_key().is_none() {
            return Err("B10");
        }
        let record = store.registers.get_mut(number).ok_or("B03")?;
        let fiscalised = record.state.is_some_and(|state| state != State::Started);
        if record.kind == Kind::Software && fiscalised && tls.nip != record.taxpayer {
            return Err("B11");
        }
        place_first(&mut record.tls, tls);
        place_first(&mut record.encryption, encryption);
        Ok(())
    });
    outcome.map(|()| Reply::status(204)).map_err(|code| refused(crk, code))
}

/// Puts a certificate before the others; one that is there already moves.
fn place_first(certificates: &mut Vec<Certificate>, new: Certificate) {
    certificates.retain(|one| one.der != new.der);
    certificates.insert(0, new);
}

/// CMD10.
fn firmware(
    crk: &Crk,
    sender: &Sender,
    metadata: Option<&str>,
    checksum: Option<&str>,
) -> Result<Reply, Reply> {
    let (Some(metadata), Some(checksum)) = (metadata, checksum) else {
        return Err(refused(crk, "E02"));
    };
    let lengths =
        (1..=240).contains(&metadata.chars().count()) && (40..=128).contains(&checksum.len());
    if !lengths {
        return Err(refused(crk, "B13"));
    }
    if !checksum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refused(crk, "E02"));
    }
    let verdict = crk.with_store(|store| {
        let refused = store.settings.refused_firmware.contains(&checksum.to_ascii_lowercase());
        let verdict = if refused { Verdict::Refused } else { Verdict::Approved };
        if let Some(record) = store.registers.get_mut(sender.unique_number()) {
            record.firmware = Some(verdict);
        }
        verdict
    });
    let status = u8::from(verdict == Verdict::Refused);
    Ok(answer(crk, sender, json!({"status": status}), &[]))
}

/// CMD12.
fn information(crk: &Crk, sender: &Sender) -> Result<Reply, Reply> {
    let found = crk.with_store(|store| {
        let record = store.registers.get(sender.unique_number())?;
        record.state.map(|_| record.ledger.highest())
    });
    let highest = found.ok_or_else(|| refused(crk, "B08"))?;
    let mut attributes =
        json!({"maxDocId": highest, "maxMemNr": 1, "addressWebAPI": crk.webapi_url()});
    let context = crk.context();
    // The example of the source document lacks it.
    if context.mood == Mood::Hostile && context.chance.hits(200) {
        attributes.as_object_mut().and_then(|members| members.remove("maxMemNr"));
    }
    Ok(answer(crk, sender, attributes, &["maxMemNr"]))
}

/// CMD14; the repository then sends the timetable, which is the last step of fiscalisation
/// (source document, 3).
fn done(crk: &Crk, sender: &Sender) -> Result<Reply, Reply> {
    let number = sender.unique_number();
    let now = crk.now();
    let taken = crk.with_store(|store| {
        let timetable = store.settings.timetable.clone();
        let record = store.registers.get_mut(number)?;
        match record.state? {
            State::Started => {
                record.state = Some(State::Fiscalised);
                record.queue(number, Command::Timetable(timetable), 1, now);
                Some(())
            }
            State::Fiscalised => Some(()),
            State::ReadOnly => None,
        }
    });
    taken.map(|()| Reply::status(204)).ok_or_else(|| refused(crk, "B07"))
}

/// CMD15.
fn end(crk: &Crk, sender: &Sender, attributes: &Map<String, Value>) -> Result<Reply, Reply> {
    let whole = |name: &str| attributes.get(name).and_then(Value::as_u64);
    let reason = whole("reasonReadOnly").filter(|reason| *reason <= 1);
    let last = whole("lastJPKId").filter(|last| (1..=LARGEST_NUMBER).contains(last));
    let (Some(_), Some(last)) = (reason, last) else {
        return Err(refused(crk, "E02"));
    };
    let taken = crk.with_store(|store| {
        let record = store.registers.get_mut(sender.unique_number())?;
        record.state.filter(|state| *state != State::Started)?;
        record.state = Some(State::ReadOnly);
        record.ledger.announce(last);
        Some(())
    });
    taken.map(|()| Reply::status(204)).ok_or_else(|| refused(crk, "B09"))
}

/// Whether a text has so many characters.
fn has_length(text: &str, low: usize, high: usize) -> bool {
    (low..=high).contains(&text.chars().count())
}

/// Whether a NIP is one by its form.
fn is_nip(text: &str) -> bool {
    ident::is_nip(text)
}
