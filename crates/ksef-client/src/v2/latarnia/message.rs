//! What Latarnia says.

use chrono::{DateTime, Utc};
use common_core::{codes, open::Open};
use serde::{Deserialize, Deserializer, Serialize};
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
    /// The messages that speak of it; none while it works.
    #[serde(default, deserialize_with = "crate::lenient::null_is_empty")]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text, in Polish.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When it begins, or began.
    #[serde(
        deserialize_with = "crate::lenient::optional_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub start: Option<DateTime<Utc>>,
    /// When it ends, or ended, where that is known.
    #[serde(
        deserialize_with = "crate::lenient::optional_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub end: Option<DateTime<Utc>>,
    /// The version of the message, which grows when it is changed.
    #[serde(deserialize_with = "text_or_number", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it was published.
    #[serde(
        deserialize_with = "crate::lenient::optional_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub published: Option<DateTime<Utc>>,
}

/// Whether numbers of messages are texts is not known, so both are read.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}
