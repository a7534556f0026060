//! The three addresses of the repository as emulators: one state, one script of faults, three
//! ways in.

use http::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::routes::{self, Call, Channel};
use super::{Crk, codes, cpd, hub, webapi};
use crate::fault::{Code, Script};
use crate::front::{Context, Emulator, Incoming};
use crate::record::System;
use crate::reply::Reply;

/// One channel of a double.
pub(super) struct Gate {
    pub(super) crk: Crk,
    pub(super) channel: Channel,
}

impl Emulator for Gate {
    fn system(&self) -> System {
        System::Crk
    }

    fn context(&self) -> &Context {
        self.crk.context()
    }

    fn script(&self) -> &Script {
        self.crk.faults()
    }

    fn route<'a>(&self, method: &Method, path: &'a str) -> (&'a str, Option<&'static str>) {
        (path, routes::find(self.channel, method, path).map(|(_, template)| template))
    }

    fn command(&self, incoming: &Incoming) -> Option<String> {
        let sent: Option<Value> = serde_json::from_slice(&incoming.body).ok();
        let in_body = sent.as_ref().and_then(|sent| sent["commandId"].as_str());
        let in_query = form_urlencoded::parse(incoming.query.as_bytes())
            .find(|(name, _)| name == "commandId")
            .map(|(_, value)| value.into_owned());
        let command_id = in_query.or(in_body.map(str::to_owned))?;
        command_id.split('.').next().map(str::to_owned)
    }

    fn refuse(&self, _: &Incoming, code: Code) -> Reply {
        match self.channel {
            Channel::Cpd => codes::refusal(&self.crk, code.as_str()),
            Channel::WebApi => codes::details(&self.crk, 400, code.as_str(), "Blad na zadanie"),
            // Azure names the cause in the body; 50002 is a busy server.
            Channel::EventHub => Reply::json(503, json!({"Code": code.as_str()})),
        }
    }

    fn admit(&self, _: &Incoming) -> Option<Reply> {
        None
    }

    fn answer(&self, incoming: &Incoming) -> Reply {
        let found = routes::find(self.channel, &incoming.method, &incoming.path);
        let Some((call, _)) = found else {
            self.crk.note(incoming, "unknown route");
            return Reply::status(404);
        };
        let crk = &self.crk;
        let answer = match call {
            Call::Ask => cpd::ask(crk, incoming),
            Call::Tell => cpd::tell(crk, incoming),
            Call::SharedKey => cpd::shared_key(crk, incoming),
            Call::Ping => webapi::ping(crk, incoming),
            Call::Fetch => webapi::fetch(crk, incoming),
            Call::Confirm => webapi::confirm(crk, incoming),
            Call::Token => webapi::token(crk, incoming),
            Call::Send => hub::send(crk, incoming),
        };
        match answer {
            Ok(reply) | Err(reply) => reply,
        }
    }
}
