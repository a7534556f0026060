//! Latarnia, the service that tells whether KSeF works (KSeF 2.0 facts §16).
//!
//! What it says is scripted by the test; the API itself goes on working, so that a test chooses
//! both apart.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::KsefV2;
use super::problem::moment;
use crate::front::Incoming;
use crate::reply::Reply;

/// Everything that was announced.
#[derive(Debug, Default)]
pub(super) struct Latarnia {
    messages: Vec<Message>,
    events: u64,
}

/// What an announcement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum OutageKind {
    /// Announced work.
    Maintenance,
    /// A failure.
    Failure,
    /// A failure that the mass media announce, during which there is no duty to send.
    TotalFailure,
}

/// An outage to announce.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Outage {
    /// What kind.
    pub kind: OutageKind,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// When it is expected to end.
    #[serde(default)]
    pub end: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug)]
struct Message {
    id: String,
    event: u64,
    kind: OutageKind,
    part: &'static str,
    start: DateTime<Utc>,
    end: Option<DateTime<Utc>>,
    version: u32,
    published: DateTime<Utc>,
}

impl Outage {
    /// An outage that begins then and has no known end.
    pub fn new(kind: OutageKind, start: DateTime<Utc>) -> Self {
        Self { kind, start, end: None }
    }

    /// The same with an expected end.
    #[must_use]
    pub fn until(mut self, end: DateTime<Utc>) -> Self {
        self.end = Some(end);
        self
    }
}

impl OutageKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Maintenance => "MAINTENANCE",
            Self::Failure => "FAILURE",
            Self::TotalFailure => "TOTAL_FAILURE",
        }
    }
}

impl Latarnia {
    /// Announces an outage and gives the number of the event.
    fn announce(&mut self, outage: &Outage, now: DateTime<Utc>) -> u64 {
        self.events += 1;
        let part = match outage.kind {
            OutageKind::Maintenance => "MAINTENANCE_ANNOUNCEMENT",
            OutageKind::Failure | OutageKind::TotalFailure => "FAILURE_START",
        };
        self.messages.push(Message {
            id: format!("SB-{:06}", self.messages.len() + 1),
            event: self.events,
            kind: outage.kind,
            part,
            start: outage.start,
            end: outage.end,
            version: 1,
            published: now,
        });
        self.events
    }

    /// Ends an event that has not ended: a failure by a message of its own, maintenance by a new version.
    fn end(&mut self, event: u64, now: DateTime<Utc>) -> bool {
        let going_on = |it: &&Message| it.end.is_none_or(|end| now < end);
        let Some(known) = self.last_of(event).filter(going_on).cloned() else { return false };
        let part = match known.kind {
            OutageKind::Maintenance => known.part,
            OutageKind::Failure | OutageKind::TotalFailure => "FAILURE_END",
        };
        let id = format!("SB-{:06}", self.messages.len() + 1);
        let version = if part == known.part { known.version + 1 } else { 1 };
        self.messages.push(Message { id, part, end: Some(now), version, published: now, ..known });
        true
    }

    fn last_of(&self, event: u64) -> Option<&Message> {
        self.messages.iter().rev().find(|message| message.event == event)
    }

    /// The last message of each event that is going on.
    fn current(&self, now: DateTime<Utc>) -> Vec<&Message> {
        let last = (1..=self.events).filter_map(|event| self.last_of(event));
        last.filter(|it| it.start <= now && it.end.is_none_or(|end| now < end)).collect()
    }

    fn status(&self, now: DateTime<Utc>) -> Value {
        let current = self.current(now);
        let of = |kind: OutageKind| current.iter().any(|message| message.kind == kind);
        let grave = [OutageKind::TotalFailure, OutageKind::Failure, OutageKind::Maintenance];
        let gravest = grave.into_iter().find(|kind| of(*kind));
        let messages: Vec<Value> = current.iter().map(|message| message.json()).collect();
        json!({"status": gravest.map_or("AVAILABLE", OutageKind::as_str), "messages": messages})
    }

    /// The newest first.
    fn list(&self) -> Value {
        self.messages.iter().rev().map(Message::json).collect()
    }
}

impl Message {
    fn json(&self) -> Value {
        let (title, text) = match (self.kind, self.part) {
            (OutageKind::Maintenance, _) => {
                ("Prace serwisowe", "W podanym czasie system może być niedostępny.")
            }
            (_, "FAILURE_END") => ("Koniec awarii", "System działa prawidłowo."),
            (OutageKind::Failure, _) => ("Awaria systemu", "System nie działa prawidłowo."),
            (OutageKind::TotalFailure, _) => ("Awaria całkowita", "System nie działa."),
        };
        let mut body = json!({
            "id": self.id,
            "eventId": self.event,
            "category": self.kind.as_str(),
            "type": self.part,
            "title": title,
            "text": text,
            "start": moment(self.start),
            "version": self.version,
            "published": moment(self.published),
        });
        if let Some(end) = self.end {
            body["end"] = json!(moment(end));
        }
        body
    }
}

/// Answers `/status` and `/messages`.
pub(super) fn answer(ksef: &KsefV2, incoming: &Incoming, path: &str) -> Reply {
    if incoming.method != http::Method::GET {
        return Reply::status(405);
    }
    let now = ksef.now();
    match path {
        "/status" => ksef.with_store(|store| ksef.json(200, store.resources.latarnia.status(now))),
        "/messages" => ksef.with_store(|store| ksef.json(200, store.resources.latarnia.list())),
        _ => Reply::status(404),
    }
}

impl KsefV2 {
    /// Announces an outage; the number names it in [`KsefV2::end_outage`].
    pub fn announce_outage(&self, outage: &Outage) -> u64 {
        let now = self.now();
        self.with_store(|store| store.resources.latarnia.announce(outage, now))
    }

    /// Ends an outage now; whether there was one of that number that had not ended.
    pub fn end_outage(&self, event: u64) -> bool {
        let now = self.now();
        self.with_store(|store| store.resources.latarnia.end(event, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn the_gravest_outage_that_is_going_on_is_told() {
        let mut latarnia = Latarnia::default();
        assert_eq!(latarnia.status(at(0)), json!({"status": "AVAILABLE", "messages": []}));
        let work = Outage::new(OutageKind::Maintenance, at(10)).until(at(20));
        latarnia.announce(&work, at(0));
        assert_eq!(latarnia.status(at(5))["status"], "AVAILABLE");
        assert_eq!(latarnia.list()[0]["type"], "MAINTENANCE_ANNOUNCEMENT");
        assert_eq!(latarnia.status(at(15))["status"], "MAINTENANCE");
        let event = latarnia.announce(&Outage::new(OutageKind::TotalFailure, at(12)), at(12));
        let status = latarnia.status(at(15));
        assert_eq!(status["status"], "TOTAL_FAILURE");
        assert_eq!(status["messages"].as_array().unwrap().len(), 2);
        assert!(latarnia.end(event, at(16)) && !latarnia.end(event, at(16)));
        assert!(!latarnia.end(99, at(16)));
        assert_eq!(latarnia.status(at(17))["status"], "MAINTENANCE");
        assert_eq!(latarnia.status(at(21))["status"], "AVAILABLE");
        let kinds: Vec<_> =
            latarnia.list().as_array().unwrap().iter().map(|it| it["type"].clone()).collect();
        assert_eq!(kinds, ["FAILURE_END", "FAILURE_START", "MAINTENANCE_ANNOUNCEMENT"]);
    }
}
