//! Fetching a command, and saying what became of it.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
    decode_json,
};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::get;
use crate::{
    api::{LIMIT, WebApi},
    command::cpd::{JSON, expect, nothing},
    ident::{CommandId, Moment},
};

/// Asks for a command (source document, section 2.3.1.4).
///
/// Commands come one at a time, by their priority. May be repeated: a command stays there until
/// it is confirmed, so the same one may come twice; tell it by its identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchCommand;

/// A command as it comes: to be opened, verified and then read by
/// [`Received::decode`](crate::command::Received::decode).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EncryptedCommand {
    /// The identifier, which names this register.
    pub command_id: CommandId,
    /// The signed and encrypted value of `command`.
    pub encrypted_command: String,
}

impl Endpoint for FetchCommand {
    type Api = WebApi;
    /// The command, or `None` when there is nothing to do.
    type Response = Option<EncryptedCommand>;

    const INFO: Info = Info {
        name: "web_api.fetch_command",
        method: Method::GET,
        path: "/api/Repository/Command",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.3.1.4",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        get(&Self::INFO, base)
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Option<EncryptedCommand>, DecodeError> {
        expect(parts, &[StatusCode::OK, StatusCode::NO_CONTENT])?;
        if parts.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        decode_json(body).map(Some)
    }
}

/// Says that a command was carried out, or why it was not (source document, section 2.3.1.5).
///
/// The document calls this the confirmation that a command was "received and accepted" and names
/// the fields for one that was carried out (CRK facts §6.3). The method is `POST`; a `GET` of the
/// same address fetches commands (CRK facts §7, 11).
///
/// May be repeated: the second confirmation of a command changes nothing more. It may be answered
/// with the code 110, "no such command", which then says that the first one arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfirmCommand {
    #[serde(rename = "commandId")]
    id: CommandId,
    #[serde(rename = "ExecTime")]
    at: Moment,
    #[serde(rename = "Code")]
    code: &'static str,
    #[serde(rename = "Message", skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl ConfirmCommand {
    /// The most characters that a message may have.
    pub const LONGEST_MESSAGE: usize = 200;

    /// The command was carried out at that moment.
    pub fn executed(id: CommandId, at: Moment) -> Self {
        Self { id, at, code: "0", message: None }
    }

    /// The command could not be carried out at that moment. A message is demanded; it is cut to
    /// 200 characters.
    pub fn failed(id: CommandId, at: Moment, message: &str) -> Self {
        let message = message.trim().chars().take(Self::LONGEST_MESSAGE).collect();
        Self { id, at, code: "1", message: Some(message) }
    }
}

impl Endpoint for ConfirmCommand {
    type Api = WebApi;
    type Response = ();

    const INFO: Info = Info {
        name: "web_api.confirm_command",
        method: Method::POST,
        path: "/api/Repository/Command",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.3.1.5",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        if self.message.as_deref() == Some("") {
            return Err(BuildError::new("Message", "must say why the command failed"));
        }
        let body =
            serde_json::to_vec(self).map_err(|error| BuildError::new("body", error.to_string()))?;
        RequestBuilder::new(&Self::INFO, base).body(JSON, body).finish()
    }

    fn response(parts: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        nothing(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{get, id, post, read, refused, shown};

    fn at() -> Moment {
        Moment::parse("2026-02-01T08:05:00.007Z").unwrap()
    }

    #[test]
    fn a_command_is_asked_for_without_a_parameter() {
        assert_eq!(shown(&FetchCommand), get("/api/Repository/Command"));
    }

    #[test]
    fn a_command_is_read_and_no_content_is_none() {
        let body = r#"{"encryptedCommand":"a.b.c.d.e","more":{},
            "commandId":"TFD.WTE2001000009.2026-02-01T08:00:00.123Z"}"#;
        let command = read::<FetchCommand>(200, body).unwrap().unwrap();
        assert_eq!((command.command_id, &*command.encrypted_command), (id("TFD"), "a.b.c.d.e"));
        assert_eq!(read::<FetchCommand>(204, "").unwrap(), None);
        assert!(read::<FetchCommand>(202, body).is_err());
        for (bad, path) in [("{}", "."), (&body.replace("TFD.", "TFD"), "commandId")] {
            assert_eq!(read::<FetchCommand>(200, bad).unwrap_err().path(), path);
        }
    }

    #[test]
    fn a_confirmation_mixes_its_cases_as_documented() {
        let done = r#"{"commandId":"CQC.WTE2001000009.2026-02-01T08:00:00.123Z","ExecTime":"2026-02-01T08:05:00.007Z","Code":"0"}"#;
        let path = "/api/Repository/Command";
        assert_eq!(shown(&ConfirmCommand::executed(id("CQC"), at())), post(path, done));
        let failed = r#"{"commandId":"DDD.WTE2001000009.2026-02-01T08:00:00.123Z","ExecTime":"2026-02-01T08:05:00.007Z","Code":"1","Message":"brak pamięci"}"#;
        let confirm = ConfirmCommand::failed(id("DDD"), at(), " brak pamięci ");
        assert_eq!(shown(&confirm), post(path, failed));
    }

    #[test]
    fn a_failure_says_why_in_200_characters() {
        let confirm = |message: &str| ConfirmCommand::failed(id("DDD"), at(), message);
        assert_eq!(refused(&confirm("  ")), "Message");
        let long = confirm(&"ż".repeat(300)).message.unwrap();
        assert_eq!(long.chars().count(), ConfirmCommand::LONGEST_MESSAGE);
    }

    #[test]
    fn a_confirmation_is_answered_without_content() {
        read::<ConfirmCommand>(204, "").unwrap();
        assert!(read::<ConfirmCommand>(202, "").is_err());
    }
}
