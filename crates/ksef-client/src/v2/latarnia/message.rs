//! What Latarnia says.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Europe::Warsaw;
use common_core::{codes, open::Open};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

codes! {
    /// How the system stands.
    pub enum State: str {
        /// It works.
        Available = "AVAILABLE",
        /// It is being maintained, as was announced.
        Maintenance = "MAINTENANCE",
        /// A failure was announced: offline invoices may be sent until the seventh business day
        /// after its end.
        Failure = "FAILURE",
        /// A failure of everything was announced: there is no duty to send what is issued now.
        TotalFailure = "TOTAL_FAILURE",
    }
}

codes! {
    /// What a message is about.
    pub enum Category: str {
        /// A failure.
        Failure = "FAILURE",
        /// A failure of everything.
        TotalFailure = "TOTAL_FAILURE",
        /// Maintenance.
        Maintenance = "MAINTENANCE",
    }
}

codes! {
    /// What a message announces.
    pub enum Event: str {
        /// The beginning of a failure.
        FailureStart = "FAILURE_START",
        /// The end of a failure.
        FailureEnd = "FAILURE_END",
        /// Maintenance, with its beginning and its end.
        MaintenanceAnnouncement = "MAINTENANCE_ANNOUNCEMENT",
    }
}

/// How the system stands, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SystemStatus {
    /// How it stands.
    pub status: Open<State>,
    /// The messages that speak of it; none while it works. One that cannot be read is left out.
    #[serde(default, deserialize_with = "readable")]
    pub messages: Vec<Message>,
}

/// One announcement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Message {
    /// The number of the message.
    #[serde(deserialize_with = "text_or_number", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The number of the event: the messages about the beginning and the end of a failure share it.
    #[serde(deserialize_with = "text_or_number", skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Open<Category>>,
    /// What it announces.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub event: Option<Open<Event>>,
    /// The title, in Polish.
    #[serde(deserialize_with = "text_or_number", skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text, in Polish.
    #[serde(deserialize_with = "text_or_number", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When it begins, or began.
    #[serde(deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub start: Option<DateTime<Utc>>,
    /// When it ends, or ended, where that is known.
    #[serde(deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub end: Option<DateTime<Utc>>,
    /// The version of the message, which grows when it is changed.
    #[serde(deserialize_with = "text_or_number", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it was published.
    #[serde(deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub published: Option<DateTime<Utc>>,
}

/// All messages that can be read. A time that is there and cannot be read costs its message, because
/// an outage without its end would give more time than there is; the others are not at fault.
pub(super) fn readable<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Message>, D::Error> {
    let all = Option::<Vec<Value>>::deserialize(deserializer)?.unwrap_or_default();
    let count = all.len();
    let messages: Vec<_> =
        all.into_iter().map(Message::deserialize).filter_map(Result::ok).collect();
    if messages.len() < count {
        let lost = count - messages.len();
        tracing::warn!(lost, "messages of Latarnia cannot be read and are passed over");
    }
    Ok(messages)
}

/// A time that may be missing. One without a zone is taken for Polish time, as people write it; that
/// the service names the zone is not known.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    if let Ok(time) = DateTime::parse_from_rfc3339(&text) {
        return Ok(Some(time.to_utc()));
    }
    let time = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f");
    let time = time.map_err(|_| D::Error::custom("no time"))?;
    // The hour that is left out in March is read as if it were of UTC: it is the same day.
    let local = time.and_local_timezone(Warsaw).earliest();
    Ok(Some(local.map_or_else(|| time.and_utc(), |local| local.to_utc())))
}

/// Whether numbers of messages are texts is not known, so both are read.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}
