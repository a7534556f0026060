//! CMD11 and CMD12: whether the server answers, and what it knows.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts};
use http::Method;

use super::{nothing, read};
use crate::{
    api::{Cpd, LIMIT},
    command::envelope::{Envelope, FieldError, wrong_form},
    ident::{CommandId, CommandKind, JpkId, WebApiAddress},
};

/// CMD11 TCS: tests the connection, before and after fiscalisation (source document, section
/// 2.4.5).
///
/// The certificate of the connection is not held against the identifier. May be repeated: it only
/// reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    id: CommandId,
}

impl Test {
    /// The command under an identifier of the kind TCS.
    pub fn new(id: CommandId) -> Self {
        Self { id }
    }
}

impl Endpoint for Test {
    type Api = Cpd;
    type Response = ();

    const INFO: Info = Info {
        name: "cpd.test",
        method: Method::GET,
        path: "/api/SerwerCPD/Command",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.4.5",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        read(&Self::INFO, base, (&self.id, CommandKind::TestCpd), &[])
    }

    fn response(parts: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        nothing(parts)
    }
}

/// CMD12 GIS: asks what the repository knows of the register (source document, section 2.4.6).
///
/// Refused with B08 before a fiscalisation was begun. May be repeated: it only reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchState {
    id: CommandId,
}

impl FetchState {
    /// The command under an identifier of the kind GIS.
    pub fn new(id: CommandId) -> Self {
        Self { id }
    }
}

/// What the repository knows of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepositoryState {
    /// The identifier that the answer repeats; it must be that of the command.
    pub command_id: Option<CommandId>,
    /// The highest document number that was **processed**; `None` for 0, when there is none.
    pub last_document: Option<JpkId>,
    /// Number of the protected memory, 0 to 999; always 1 for a register in software. The
    /// document's example leaves it out (CRK facts §7, 9).
    pub memory: Option<u16>,
    /// Address of the WebApi for this register.
    pub web_api: Option<WebApiAddress>,
}

impl Endpoint for FetchState {
    type Api = Cpd;
    type Response = RepositoryState;

    const INFO: Info = Info {
        name: "cpd.fetch_state",
        method: Method::GET,
        path: "/api/SerwerCPD/Command",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.4.6",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        read(&Self::INFO, base, (&self.id, CommandKind::RepositoryState), &[])
    }

    fn response(_: &Parts, body: &Bytes) -> Result<RepositoryState, DecodeError> {
        let envelope = Envelope::read(body)?;
        Ok(RepositoryState {
            command_id: envelope.command_id()?,
            last_document: last_document(&envelope)?,
            memory: memory(&envelope)?,
            web_api: envelope.parsed("addressWebAPI", WebApiAddress::parse)?,
        })
    }
}

fn last_document(envelope: &Envelope) -> Result<Option<JpkId>, FieldError> {
    let field = "maxDocId";
    match envelope.number(field)?.ok_or(FieldError::missing(field))? {
        0 => Ok(None),
        number => {
            let id = u64::try_from(number).ok().and_then(|number| JpkId::new(number).ok());
            id.map(Some).ok_or(wrong_form(field))
        }
    }
}

fn memory(envelope: &Envelope) -> Result<Option<u16>, FieldError> {
    let field = "maxMemNr";
    let number = envelope.number(field)?;
    let read = |number| u16::try_from(number).ok().filter(|number| *number <= 999);
    number.map(|number| read(number).ok_or(wrong_form(field))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{get, id, read, refused, shown};

    #[test]
    fn the_connection_is_tested_by_the_raw_identifier() {
        let path = "/api/SerwerCPD/Command?commandId=TCS.WTE2001000009.2026-02-01T08:00:00.123Z";
        assert_eq!(shown(&Test::new(id("TCS"))), get(path));
        assert_eq!(refused(&Test::new(id("GIS"))), "commandId");
    }

    #[test]
    fn a_good_connection_answers_without_content() {
        read::<Test>(204, "").unwrap();
        read::<Test>(200, "{}").unwrap();
        assert!(read::<Test>(201, "").is_err());
    }

    #[test]
    fn the_state_is_asked_for_by_the_raw_identifier() {
        let path = "/api/SerwerCPD/Command?commandId=GIS.WTE2001000009.2026-02-01T08:00:00.123Z";
        assert_eq!(shown(&FetchState::new(id("GIS"))), get(path));
        assert_eq!(refused(&FetchState::new(id("TCS"))), "commandId");
    }

    #[test]
    fn the_state_is_read_with_and_without_a_memory() {
        let body = r#"{"commandId":"GIS.WTE2001000009.2026-02-01T08:00:00.123Z","command":
            {"maxMemNr":2,"attributes":{"maxDocId":417,"addressWebAPI":"https://api.example.test"}}}"#;
        let state = read::<FetchState>(200, body).unwrap();
        assert_eq!(state.last_document.map(JpkId::get), Some(417));
        assert_eq!((state.memory, state.command_id.clone()), (Some(2), Some(id("GIS"))));
        assert_eq!(state.web_api.unwrap().as_str(), "https://api.example.test");
        let fresh = r#"{"command":{"attributes":{"maxDocId":0,"addressWebAPI":""}}}"#;
        let fresh = read::<FetchState>(200, fresh).unwrap();
        assert_eq!((fresh.last_document, fresh.memory, fresh.web_api), (None, None, None));
    }

    #[test]
    fn a_state_that_cannot_be_is_an_error() {
        for (attributes, path) in [
            ("{}", "maxDocId"),
            (r#"{"maxDocId":-1}"#, "maxDocId"),
            (r#"{"maxDocId":1000000000000000}"#, "maxDocId"),
            (r#"{"maxDocId":1,"maxMemNr":1000}"#, "maxMemNr"),
        ] {
            let body = format!(r#"{{"command":{{"attributes":{attributes}}}}}"#);
            assert_eq!(read::<FetchState>(200, &body).unwrap_err().path(), path);
        }
    }
}
