//! The Event Hub and the way of a package behind it (source document, 2.3.2).
//!
//! The hub looks at the token and the size only, as Azure does; what is inside a package is
//! judged by the repository, which has no way to answer.
//! What it finds wrong is recorded as unexpected and in the archive of the register.

use http::header::AUTHORIZATION;
use serde_json::{Map, Value};

use super::Crk;
use super::archive::{Origin, Owner};
use super::delivery::Delivery;
use super::ident::CommandId;
use super::parcel::{Novelty, Opener, Parcel};
use super::profile::Signer;
use super::register::State;
use super::routes::{self, PUBLISHERS};
use crate::front::{Incoming, Mood};
use crate::reply::Reply;

/// `POST` of a package.
pub(super) fn send(crk: &Crk, incoming: &Incoming) -> Result<Reply, Reply> {
    let publisher = routes::publisher(&incoming.path).unwrap_or_default();
    if incoming.certificate.is_some() {
        crk.note(incoming, "a certificate was offered to the Event Hub");
    }
    if !is_admitted(crk, incoming, publisher) {
        crk.with_store(|store| store.statistics.unauthorized += 1);
        return Err(Reply::status(401));
    }
    let size = incoming.head + incoming.body.len();
    if size > crk.with_store(|store| store.settings.hub_limit) {
        crk.note(incoming, "a package above the limit of the Event Hub");
        return Err(Reply::status(413));
    }
    if incoming.body.is_empty() {
        crk.note(incoming, "an empty package");
        return Err(Reply::status(400));
    }
    crk.with_store(|store| {
        store.statistics.packages += 1;
        store.statistics.largest_package = store.statistics.largest_package.max(size);
    });
    crk.deliver(Delivery { publisher: publisher.to_owned(), body: incoming.body.clone() });
    Ok(Reply::status(201))
}

/// Whether the token is good, current and for this publisher.
fn is_admitted(crk: &Crk, incoming: &Incoming, publisher: &str) -> bool {
    let context = crk.context();
    // A hostile hub forgets a token now and then.
    if context.mood == Mood::Hostile && context.chance.hits(30) {
        return false;
    }
    let header = incoming.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let claims = header.and_then(|token| crk.with_sas(|sas| sas.read(token)));
    claims.is_some_and(|claims| {
        let resource = format!("{}{PUBLISHERS}{publisher}", crk.hub_url());
        claims.expiry > crk.now().timestamp() && claims.resource == resource
    })
}

/// Opens a package and puts its documents into the archive.
pub(super) fn process(crk: &Crk, delivery: &Delivery) {
    let number = delivery.publisher.as_str();
    let wrong = match read(&delivery.body, number) {
        Ok(parcel) => take(crk, number, &parcel),
        Err(what) => vec![what],
    };
    for what in wrong {
        crk.violate(number, what);
    }
}

fn read(body: &[u8], number: &str) -> Result<Parcel, String> {
    let sent: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| "a package that is no JSON object")?;
    let text = |name: &str| sent.get(name).and_then(Value::as_str);
    let whole = |name: &str| {
        let value = sent.get(name).and_then(Value::as_i64);
        value
            .and_then(|value| i32::try_from(value).ok())
            .and_then(|value| u32::try_from(value).ok())
    };
    let command_id = text("commandId").ok_or("a package without `commandId`")?;
    let id = CommandId::read(command_id).map_err(|_| "a package with a malformed `commandId`")?;
    if id.code != "DFD" || id.unique_number != number {
        return Err("a package whose `commandId` is not a DFD of the publisher".to_owned());
    }
    let (Some(package), Some(last @ 0..=1)) = (whole("packageNr"), whole("isLast")) else {
        return Err("a package whose `packageNr` or `isLast` is not as described".to_owned());
    };
    Ok(Parcel {
        command_id: command_id.to_owned(),
        number: package,
        is_last: last == 1,
        data: text("encryptedData").ok_or("a package without `encryptedData`")?.to_owned(),
    })
}

/// Takes a package that could be read; what is wrong with it comes back.
fn take(crk: &Crk, number: &str, parcel: &Parcel) -> Vec<String> {
    let profile = crk.profile();
    let known = crk.with_store(|store| {
        let record = store.registers.get_mut(number)?;
        let open = matches!(record.state, Some(State::Fiscalised | State::ReadOnly));
        let novelty = record.parcels.see(parcel);
        match novelty {
            Novelty::Same => record.ledger.resent(),
            Novelty::New => record.ledger.packed(),
            Novelty::Other => {}
        }
        let signers = match profile.signer {
            Signer::Encryption => record.encryption.clone(),
            Signer::Tls => record.tls.clone(),
        };
        open.then_some((novelty, signers))
    });
    let Some((novelty, signers)) = known else {
        return vec!["documents of a register that is not fiscalised".to_owned()];
    };
    match novelty {
        Novelty::Same => return Vec::new(),
        Novelty::Other => {
            return vec![format!("part {} came again with other bytes", parcel.number)];
        }
        Novelty::New => {}
    }
    let Ok(repository) = crk.pki().repository() else { return Vec::new() };
    let opener = Opener { profile: &profile, repository, signers: &signers };
    structure(crk, number, parcel, &opener).unwrap_or_else(|what| vec![what])
}

fn structure(
    crk: &Crk,
    number: &str,
    parcel: &Parcel,
    opener: &Opener<'_>,
) -> Result<Vec<String>, String> {
    let unreadable = |broken| format!("a package cannot be opened: {broken}");
    if parcel.number == 0 {
        let jpk = opener.open(&parcel.data).map_err(unreadable)?;
        return Ok(archive(crk, number, parcel, &jpk));
    }
    let piece = opener.piece(&parcel.data).map_err(unreadable)?;
    let pieces = crk.with_store(|store| {
        let record = store.registers.get_mut(number)?;
        let pieces = record.parcels.add(parcel, piece)?;
        record.ledger.joined();
        Some(pieces)
    });
    let Some(pieces) = pieces else { return Ok(Vec::new()) };
    let jpk = opener.join(pieces).map_err(unreadable)?;
    Ok(archive(crk, number, parcel, &jpk))
}

fn archive(crk: &Crk, number: &str, parcel: &Parcel, jpk: &[u8]) -> Vec<String> {
    let at = crk.now();
    crk.with_store(|store| {
        let Some(record) = store.registers.get_mut(number) else { return Vec::new() };
        let owner = Owner {
            unique_number: number,
            nip: record.taxpayer.as_deref(),
            evidence_number: record.evidence_number.as_deref(),
        };
        record.ledger.take(jpk, owner, Origin { command_id: &parcel.command_id, at })
    })
}
