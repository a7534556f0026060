//! Fetching statements: the link from the API, the file from the web host (source document, `GET
//! bank-accounts/<BankAccountNumber>/statement-url`).

use chrono::NaiveDate;
use http::header::{AUTHORIZATION, REFERER};
use http::{HeaderMap, Method};
use serde_json::json;
use url::form_urlencoded;

use super::answer::{failure, not_found, note, success};
use super::link::{FOLDER, Place, Worth};
use super::moments;
use super::statement::{Format, Oddity, Statement};
use super::store::Store;
use super::user::User;
use super::{Epp, archive};
use crate::chance::Chance;
use crate::front::{Incoming, Mood};
use crate::record::System;
use crate::reply::Reply;

/// The ending of the name of the special statement that the source document shows.
const ALL_ACCOUNTS: &str = "_sve-partije";

/// What was asked for.
#[derive(Debug, Default)]
struct Asked {
    kind: Option<String>,
    format: Option<String>,
    date: Option<NaiveDate>,
    name: Option<String>,
}

impl Asked {
    fn read(query: &str, oddities: &mut Vec<String>) -> Self {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "type" => asked.kind = Some(value.into_owned()),
                "format" => asked.format = Some(value.into_owned()),
                "date" => asked.date = NaiveDate::parse_from_str(&value, "%Y-%m-%d").ok(),
                "name" => asked.name = Some(value.into_owned()),
                other => oddities.push(format!("unknown parameter {other}")),
            }
        }
        let daily = asked.kind.as_deref() == Some("statement");
        if daily && asked.name.is_some() {
            oddities.push("`name` belongs to special statements".to_owned());
        }
        if !daily && asked.format.is_some() {
            oddities.push("`format` belongs to daily statements".to_owned());
        }
        asked
    }
}

/// Answers the call that gives a link.
pub(super) fn url(epp: &Epp, incoming: &Incoming, user: &User, id: &str) -> Result<Reply, Reply> {
    let mut oddities = Vec::new();
    let asked = Asked::read(&incoming.query, &mut oddities);
    for what in oddities {
        note(epp, incoming, what);
    }
    let Some(day) = asked.date else {
        return Err(failure(400, "ValidationError", "InvalidDateValidation."));
    };
    let (owner, file) = match asked.kind.as_deref() {
        Some("statement") => daily(epp, user, id, &asked),
        Some("specialStatement") => special(user, id, &asked),
        _ => Err(failure(400, "ValidationError", "InvalidTypeValidation.")),
    }?;
    let now = epp.context().clock.now();
    if day > moments::day(now) {
        let error = json!({"code": "NotFound", "message": "StatementNotFound.", "type": 1});
        return Ok(success(json!({"url": null, "expiredDate": null, "error": error})));
    }
    let organization = user.organization_id.clone();
    let place = Place { day, organization, login: user.login.clone(), owner, file };
    let path = place.path();
    let end = now + epp.with_store(|store| store.settings.link_life);
    let query = epp.seal().query(&path, end.timestamp(), incoming.peer);
    Ok(success(json!({
        "url": format!("{}{path}?{query}", epp.web_url()),
        "expiredDate": moments::precise(end),
        "error": null,
    })))
}

/// Owner and file of a daily statement.
fn daily(epp: &Epp, user: &User, number: &str, asked: &Asked) -> Result<(String, String), Reply> {
    let format = asked.format.as_deref().and_then(Format::named);
    let format =
        format.ok_or_else(|| failure(400, "ValidationError", "InvalidFormatValidation."))?;
    let owner = epp.with_store(|store| {
        let mut own = store.accounts_of(user);
        own.find(|account| account.number == number).map(|one| one.organization_id.clone())
    });
    let owner = owner.ok_or_else(not_found)?;
    Ok((owner, format!("{number}.{}", format.extension())))
}

/// Owner and file of a special statement; the number of the organisation stands where the account
/// would (ePP facts §4, trap 22).
fn special(user: &User, organization: &str, asked: &Asked) -> Result<(String, String), Reply> {
    let name = format!("{organization}{ALL_ACCOUNTS}");
    if organization != user.organization_id || asked.name.as_deref() != Some(&name) {
        return Err(not_found());
    }
    Ok((organization.to_owned(), name))
}

/// The route of the web host.
pub(super) fn route<'a>(method: &Method, path: &'a str) -> (&'a str, Option<&'static str>) {
    let known = *method == Method::GET && path.starts_with(FOLDER);
    (path, known.then_some("/izvodi/{path}"))
}

/// Answers the web host: the file, if the link is good and the request comes from the right page.
pub(super) fn download(epp: &Epp, incoming: &Incoming) -> Reply {
    let unexpected = |what: &str| {
        epp.context().journal.unexpected(incoming.unexpected(System::Epp, what));
    };
    if incoming.headers.contains_key(AUTHORIZATION) {
        unexpected("a token was sent to the web host");
    }
    let place = (incoming.method == Method::GET).then(|| Place::read(&incoming.path)).flatten();
    let Some(place) = place else {
        unexpected("unknown route");
        return page(404);
    };
    let now = epp.context().clock.now().timestamp();
    match epp.seal().look(&incoming.path, &incoming.query, incoming.peer, now) {
        Worth::Forged => {
            unexpected("a link that the API did not give to this caller");
            return page(403);
        }
        Worth::Ended => return page(410),
        Worth::Good => {}
    }
    if !has_referer(&incoming.headers, epp.web_url()) {
        unexpected("`Referer` is not the web host with its last slash");
        return page(403);
    }
    let chance = (epp.context().mood == Mood::Hostile).then_some(&epp.context().chance);
    let files = epp.with_store(|store| files(store, &place, chance));
    match files.and_then(|files| archive::of(&files).ok()) {
        Some(archive) => {
            epp.with_store(|store| store.statistics.downloads += 1);
            Reply::raw(200, "application/zip", archive)
        }
        None => page(404),
    }
}

/// The web host answers with pages and not with envelopes.
fn page(status: u16) -> Reply {
    let text = format!("<html><body><h1>{status}</h1></body></html>");
    Reply::raw(status, "text/html; charset=utf-8", text)
}

/// Whether the request comes from the web host; the last slash is mandatory.
fn has_referer(headers: &HeaderMap, web: &str) -> bool {
    let referer = headers.get(REFERER).and_then(|value| value.to_str().ok());
    referer.and_then(|referer| referer.strip_prefix(web)) == Some("/")
}

/// Names and contents of the files in an archive.
fn files(store: &Store, place: &Place, chance: Option<&Chance>) -> Option<Vec<(String, Vec<u8>)>> {
    let oddities = &store.settings.oddities;
    let folder = if oddities.contains(&Oddity::EntryPath) { "../../izvod/" } else { "" };
    let mut own = store.accounts.iter().filter(|one| one.organization_id == place.owner);
    if place.file.ends_with(ALL_ACCOUNTS) {
        let statements =
            own.map(|account| (account, Statement::of(store, account, place.day, chance)));
        let moved = statements.filter(|(_, statement)| !statement.is_empty());
        let file = |statement: &Statement| statement.file(Format::Xml, oddities);
        return Some(
            moved.map(|(one, all)| (format!("{folder}{}.xml", one.number), file(&all))).collect(),
        );
    }
    let (number, extension) = place.file.split_once('.')?;
    let account = own.find(|account| account.number == number)?;
    let statement = Statement::of(store, account, place.day, chance);
    let content = statement.file(Format::named(extension)?, oddities);
    Some(vec![(format!("{folder}{}", place.file), content)])
}
