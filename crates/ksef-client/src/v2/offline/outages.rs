//! All outages that are known, as plain data to be kept.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use common_core::open::Open;
use serde::{Deserialize, Serialize};

use super::{Outage, OutageKind, polish_day};
use crate::v2::latarnia::{Message, News, State};

/// All outages that are known: those that Latarnia told, also when it has forgotten them since, and
/// those that were entered by hand.
///
/// An outage that was entered counts beside what Latarnia says. Enter it again with its end once that
/// is known, or strike it out when Latarnia tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outages {
    /// By the number of the event.
    told: BTreeMap<String, Told>,
    entered: Vec<Outage>,
}

/// An outage that Latarnia told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    #[serde(flatten)]
    outage: Outage,
    /// When it was last seen to last: the first moment of the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lasted: Option<DateTime<Utc>>,
    /// KSeF was seen to work since.
    #[serde(default)]
    is_over: bool,
    /// Somebody knows better.
    #[serde(default)]
    struck_out: bool,
}

impl Outages {
    /// Takes over what Latarnia tells; answers whether that was anything new.
    ///
    /// An event that is told again replaces what was known of it, but an end that was told stays
    /// until another one is told. An event that is told no longer stays as it was, unless it has not
    /// begun: then it was called off.
    ///
    /// While KSeF works, an outage that has begun and whose end nobody told is taken to have ended on
    /// the last day on which it was seen to last. That is our reading, not the authority's: it gives
    /// a deadline where there would be none, never a later one, and the end counts as soon as it is
    /// told.
    pub fn hear(&mut self, news: &News) -> bool {
        let before = self.told.clone();
        if let Some(messages) = &news.messages {
            self.hear_messages(messages, news.asked);
        }
        if let Some(state) = news.state.as_ref().and_then(Open::known) {
            self.hear_state(state, news.asked);
        }
        self.told != before
    }

    fn hear_messages(&mut self, messages: &[Message], now: DateTime<Utc>) {
        let events = Outage::events(messages);
        self.told.retain(|event, known| {
            known.outage.start <= now || events.contains_key(event.as_str())
        });
        for (event, (beginning, end)) in events {
            let told = beginning.and_then(|beginning| Outage::of(beginning, end));
            let known = self.told.get(event);
            let known_end = known.and_then(|known| known.outage.end);
            let outage = match (told, known) {
                (Some(told), _) => Outage { end: told.end.or(known_end), ..told },
                // The message of the beginning is gone already.
                (None, Some(Told { outage, .. })) => {
                    let told = end.and_then(|end| Outage::end_told_by(end, outage.start));
                    Outage { end: told.or(known_end), ..outage.clone() }
                }
                (None, None) => continue,
            };
            let (lasted, is_over, struck_out) = (None, false, false);
            let new = Told { outage: outage.clone(), lasted, is_over, struck_out };
            self.told.entry(event.to_owned()).or_insert(new).outage = outage;
        }
    }

    fn hear_state(&mut self, state: State, now: DateTime<Utc>) {
        let begun = self.told.values_mut().filter(|told| told.outage.start <= now);
        let kind = match state {
            State::Available => {
                begun.for_each(|told| told.is_over = true);
                return;
            }
            State::Maintenance => OutageKind::Unavailability,
            State::Failure => OutageKind::Failure,
            State::TotalFailure => OutageKind::TotalFailure,
        };
        let of_kind = begun.filter(|told| told.outage.kind == kind);
        if let Some(newest) = of_kind.max_by_key(|told| told.outage.start) {
            newest.is_over = false;
            if newest.lasted.is_none_or(|lasted| polish_day(lasted) < polish_day(now)) {
                newest.lasted = Some(now);
            }
        }
    }

    /// Enters an outage by hand, in place of one of the same kind and beginning, whether entered or
    /// told.
    pub fn enter(&mut self, outage: Outage) {
        self.strike_out(&outage);
        self.entered.push(outage);
    }

    /// Takes back an outage: the one of that kind and beginning. If Latarnia told it, it counts no
    /// longer, whatever else is told of that event.
    pub fn strike_out(&mut self, outage: &Outage) {
        let is_it = |known: &Outage| (known.kind, known.start) == (outage.kind, outage.start);
        self.entered.retain(|known| !is_it(known));
        for told in self.told.values_mut().filter(|told| is_it(&told.outage)) {
            told.struck_out = true;
        }
    }

    /// All of them, by their beginning.
    pub fn all(&self) -> Vec<Outage> {
        let told = self.told.values().filter(|told| !told.struck_out).map(Told::outage);
        let mut all: Vec<_> = told.chain(self.entered.iter().cloned()).collect();
        all.sort_by_key(|outage| (outage.start, outage.kind));
        all
    }
}

impl Told {
    fn outage(&self) -> Outage {
        let start = self.outage.start;
        let seen = || self.is_over.then(|| self.lasted.unwrap_or(start).max(start));
        Outage { end: self.outage.end.or_else(seen), ..self.outage.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGINNING: &str = r#"{"eventId":7,"category":"FAILURE","type":"FAILURE_START","start":"2026-03-02T08:00:00Z","version":1}"#;
    const END: &str = r#"{"eventId":7,"category":"FAILURE","type":"FAILURE_END","end":"2026-03-03T08:00:00Z","version":1}"#;
    const PLAN: &str = r#"{"eventId":8,"category":"MAINTENANCE","type":"MAINTENANCE_ANNOUNCEMENT","start":"2026-03-07T20:00:00Z","end":"2026-03-08T04:00:00Z"}"#;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn news(now: &str, messages: &[&str]) -> News {
        let messages = serde_json::from_str(&format!("[{}]", messages.join(","))).unwrap();
        News { asked: at(now), state: None, messages: Some(messages) }
    }

    fn state(now: &str, state: State) -> News {
        News { asked: at(now), state: Some(state.into()), messages: None }
    }

    fn failure(start: &str, end: Option<&str>) -> Outage {
        Outage { kind: OutageKind::Failure, start: at(start), end: end.map(at) }
    }

    #[test]
    fn what_was_told_once_stays_known() {
        let now = "2026-03-02T09:00:00Z";
        let mut outages = Outages::default();
        assert!(outages.hear(&news(now, &[BEGINNING])));
        assert!(!outages.hear(&news(now, &[BEGINNING])));
        assert!(!outages.hear(&news(now, &[])));
        assert_eq!(outages.all(), [failure("2026-03-02T08:00:00Z", None)]);
        // The end alone is told, and then the beginning alone.
        assert!(outages.hear(&news(now, &[END])));
        assert!(!outages.hear(&news(now, &[BEGINNING])));
        let ended = failure("2026-03-02T08:00:00Z", Some("2026-03-03T08:00:00Z"));
        assert_eq!(outages.all(), [ended]);
        let later = END.replace("03-03", "03-04").replace("\"version\":1", "\"version\":2");
        assert!(outages.hear(&news(now, &[&later, END])));
        let ended = failure("2026-03-02T08:00:00Z", Some("2026-03-04T08:00:00Z"));
        assert_eq!(outages.all(), [ended]);
        let text = serde_json::to_string(&outages).unwrap();
        assert_eq!(serde_json::from_str::<Outages>(&text).unwrap(), outages);
    }

    #[test]
    fn an_end_that_repeats_the_beginning_tells_none_by_it() {
        let repeating = r#"{"eventId":7,"category":"FAILURE","type":"FAILURE_END","start":"2026-03-02T08:00:00Z","published":"2026-03-04T10:00:00Z"}"#;
        let mut outages = Outages::default();
        outages.hear(&news("2026-03-04T11:00:00Z", &[BEGINNING, repeating]));
        let ended = failure("2026-03-02T08:00:00Z", Some("2026-03-04T10:00:00Z"));
        assert_eq!(outages.all(), [ended]);
    }

    #[test]
    fn an_end_without_a_beginning_is_passed_over() {
        let mut outages = Outages::default();
        assert!(!outages.hear(&news("2026-03-04T08:00:00Z", &[END])));
        assert_eq!(outages.all(), []);
    }

    #[test]
    fn what_is_called_off_before_it_begins_never_was() {
        let mut outages = Outages::default();
        assert!(outages.hear(&news("2026-03-05T08:00:00Z", &[PLAN])));
        assert_eq!(outages.all().len(), 1);
        assert!(outages.hear(&news("2026-03-06T08:00:00Z", &[])));
        assert_eq!(outages.all(), []);
        assert!(outages.hear(&news("2026-03-07T08:00:00Z", &[PLAN])));
        assert!(!outages.hear(&news("2026-03-07T20:00:00Z", &[])));
        outages.hear(&state("2026-03-07T21:00:00Z", State::Available));
        assert_eq!(outages.all().len(), 1, "it has begun, and messages are forgotten");
    }

    #[test]
    fn an_end_that_nobody_tells_is_seen() {
        let mut outages = Outages::default();
        outages.hear(&news("2026-03-02T09:00:00Z", &[BEGINNING]));
        assert!(outages.hear(&state("2026-03-02T09:00:00Z", State::Failure)));
        assert!(!outages.hear(&state("2026-03-02T22:59:00Z", State::Failure)));
        assert!(outages.hear(&state("2026-03-02T23:00:00Z", State::Failure)));
        assert_eq!(outages.all(), [failure("2026-03-02T08:00:00Z", None)]);
        // Nobody asked for some days, so when it ended is not known.
        assert!(outages.hear(&state("2026-03-05T08:00:00Z", State::Available)));
        assert!(!outages.hear(&state("2026-03-06T08:00:00Z", State::Available)));
        let seen = failure("2026-03-02T08:00:00Z", Some("2026-03-02T23:00:00Z"));
        assert_eq!(outages.all(), [seen]);
        // It goes on after all, until an end is told.
        assert!(!outages.hear(&state("2026-03-06T09:00:00Z", State::Maintenance)));
        assert!(outages.hear(&state("2026-03-06T09:00:00Z", State::Failure)));
        assert_eq!(outages.all(), [failure("2026-03-02T08:00:00Z", None)]);
        assert!(outages.hear(&state("2026-03-06T10:00:00Z", State::Available)));
        outages.hear(&news("2026-03-06T11:00:00Z", &[END]));
        let told = failure("2026-03-02T08:00:00Z", Some("2026-03-03T08:00:00Z"));
        assert_eq!(outages.all(), [told]);
        // Before it begins, it cannot be over.
        let mut outages = Outages::default();
        outages.hear(&news("2026-03-02T07:00:00Z", &[BEGINNING]));
        assert!(!outages.hear(&state("2026-03-02T07:00:00Z", State::Available)));
    }

    #[test]
    fn an_outage_is_entered_ended_and_struck_out_by_hand() {
        let mut outages = Outages::default();
        let open = failure("2026-03-02T08:00:00Z", None);
        let ended = failure("2026-03-02T08:00:00Z", Some("2026-03-03T08:00:00Z"));
        outages.enter(open.clone());
        outages.enter(ended.clone());
        let other = failure("2026-02-02T08:00:00Z", None);
        outages.enter(other.clone());
        assert_eq!(outages.all(), [other.clone(), ended]);
        outages.strike_out(&open);
        assert_eq!(outages.all(), [other]);
    }

    #[test]
    fn what_was_told_by_mistake_is_struck_out_for_good() {
        let mut outages = Outages::default();
        let now = "2026-03-04T08:00:00Z";
        outages.hear(&news(now, &[BEGINNING]));
        outages.strike_out(&failure("2026-03-02T08:00:00Z", None));
        assert_eq!(outages.all(), []);
        outages.hear(&news(now, &[BEGINNING, END]));
        assert_eq!(outages.all(), []);
        // Or it was another way than told.
        let ended = failure("2026-03-02T08:00:00Z", Some("2026-03-02T09:00:00Z"));
        outages.enter(ended.clone());
        outages.hear(&news(now, &[BEGINNING, END]));
        assert_eq!(outages.all(), [ended]);
    }
}
