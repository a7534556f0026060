//! CMD14 and CMD15: the end of the fiscalisation, and the end of the register's fiscal life.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts};
use http::Method;
use serde::Serialize;

use super::{change, nothing};
use crate::{
    api::{Cpd, LIMIT},
    code::ReadOnlyReason,
    command::envelope::Sent,
    ident::{CommandId, CommandKind, JpkId},
};

/// CMD14 FPD: reports that the fiscalisation was carried out (source document, section 2.4.7).
///
/// Refused with B07 unless the status is ROZ or FIS. The document says that it may be sent again
/// and again, so it may be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishFiscalisation {
    id: CommandId,
}

impl FinishFiscalisation {
    /// The command under an identifier of the kind FPD.
    pub fn new(id: CommandId) -> Self {
        Self { id }
    }
}

impl Endpoint for FinishFiscalisation {
    type Api = Cpd;
    type Response = ();

    const INFO: Info = Info {
        name: "cpd.finish_fiscalisation",
        method: Method::POST,
        path: "/api/SerwerCPD/Command",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.4.7",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let kind = (&self.id, CommandKind::FiscalisationDone);
        change(&Self::INFO, base, kind, &Sent::bare(&self.id))
    }

    fn response(parts: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        nothing(parts)
    }
}

/// CMD15 EFL: reports that the register has become read-only (source document, section 2.4.8).
///
/// Refused with B09 unless the status is FIS or RDO. The document says that it may be sent again
/// and again, so it may be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnterReadOnly {
    id: CommandId,
    attributes: Attributes,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Attributes {
    #[serde(rename = "reasonReadOnly")]
    reason: ReadOnlyReason,
    #[serde(rename = "lastJPKId")]
    last: JpkId,
}

impl EnterReadOnly {
    /// The command under an identifier of the kind EFL: why, and the last document in protected
    /// memory.
    pub fn new(id: CommandId, reason: ReadOnlyReason, last: JpkId) -> Self {
        Self { id, attributes: Attributes { reason, last } }
    }
}

impl Endpoint for EnterReadOnly {
    type Api = Cpd;
    type Response = ();

    const INFO: Info = Info {
        name: "cpd.enter_read_only",
        method: Method::POST,
        path: "/api/SerwerCPD/Command",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.4.8",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let command = Sent::new(&self.id, &self.attributes);
        change(&Self::INFO, base, (&self.id, CommandKind::EndOfLife), &command)
    }

    fn response(parts: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        nothing(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{id, post, read, refused, shown};

    #[test]
    fn the_end_of_fiscalisation_is_an_identifier_alone() {
        let body = r#"{"commandId":"FPD.WTE2001000009.2026-02-01T08:00:00.123Z"}"#;
        let finish = FinishFiscalisation::new(id("FPD"));
        assert_eq!(shown(&finish), post("/api/SerwerCPD/Command", body));
        assert_eq!(refused(&FinishFiscalisation::new(id("EFL"))), "commandId");
    }

    #[test]
    fn the_end_of_fiscalisation_is_answered_without_content() {
        read::<FinishFiscalisation>(204, "").unwrap();
        assert!(read::<FinishFiscalisation>(202, "").is_err());
    }

    #[test]
    fn the_end_of_life_names_its_reason_and_the_last_document() {
        let body = r#"{"commandId":"EFL.WTE2001000009.2026-02-01T08:00:00.123Z","command":{"attributes":{"reasonReadOnly":1,"lastJPKId":70412}}}"#;
        let last = JpkId::new(70_412).unwrap();
        let end = EnterReadOnly::new(id("EFL"), ReadOnlyReason::SettlementReport, last);
        assert_eq!(shown(&end), post("/api/SerwerCPD/Command", body));
        let other = EnterReadOnly::new(id("FPD"), ReadOnlyReason::MemoryFull, last);
        assert_eq!(refused(&other), "commandId");
    }

    #[test]
    fn the_end_of_life_is_answered_without_content() {
        read::<EnterReadOnly>(204, "").unwrap();
        assert!(read::<EnterReadOnly>(206, "").is_err());
    }
}
