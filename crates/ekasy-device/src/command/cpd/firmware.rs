//! CMD10: whether a program is approved.

use bytes::Bytes;
use common_core::{effect::Effect, open::Open};
use common_http::{Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts};
use http::Method;

use super::read;
use crate::{
    api::{Cpd, LIMIT},
    code::FirmwareVerdict,
    command::{FieldError, envelope::Envelope},
    ident::{CommandId, CommandKind, FirmwareChecksum, FirmwareVersion},
};

/// CMD10 CNF: asks whether a program may be used, before it is installed; for a register in
/// software also before fiscalisation (source document, sections 2.4.4 and 3).
///
/// Although it is a `GET`, it is no mere read: the repository remembers a good verdict, without
/// which a register in software is not fiscalised (B12, status 19). Asking again with the same
/// values changes nothing more, so it may be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFirmware {
    id: CommandId,
    version: FirmwareVersion,
    checksum: FirmwareChecksum,
}

impl CheckFirmware {
    /// The command under an identifier of the kind CNF.
    pub fn new(id: CommandId, version: FirmwareVersion, checksum: FirmwareChecksum) -> Self {
        Self { id, version, checksum }
    }
}

/// The repository's word on a program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FirmwareAnswer {
    /// The identifier that the answer repeats; it must be that of the command.
    pub command_id: Option<CommandId>,
    /// The verdict; anything but [`FirmwareVerdict::Approved`] is none to go on with.
    pub verdict: Open<FirmwareVerdict>,
}

impl Endpoint for CheckFirmware {
    type Api = Cpd;
    type Response = FirmwareAnswer;

    const INFO: Info = Info {
        name: "cpd.check_firmware",
        method: Method::GET,
        path: "/api/SerwerCPD/Command",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.4.4",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let more = [
            ("firmwareMetadata", self.version.as_str()),
            ("firmwareChecksum", self.checksum.as_str()),
        ];
        read(&Self::INFO, base, (&self.id, CommandKind::CheckFirmware), &more)
    }

    fn response(_: &Parts, body: &Bytes) -> Result<FirmwareAnswer, DecodeError> {
        let envelope = Envelope::read(body)?;
        let verdict = envelope.number("status")?.ok_or(FieldError::missing("status"))?;
        Ok(FirmwareAnswer { command_id: envelope.command_id()?, verdict: Open::from_raw(verdict) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{get, id, read, refused, shown};

    fn check(kind: &str) -> CheckFirmware {
        let version = FirmwareVersion::parse("Kasa 2.1 & więcej").unwrap();
        CheckFirmware::new(id(kind), version, FirmwareChecksum::parse(&"0aF1".repeat(16)).unwrap())
    }

    #[test]
    fn version_and_checksum_follow_the_raw_identifier() {
        let hex = "0aF1".repeat(16);
        let path = format!(
            "/api/SerwerCPD/Command?commandId=CNF.WTE2001000009.2026-02-01T08:00:00.123Z\
             &firmwareMetadata=Kasa%202.1%20%26%20wi%C4%99cej&firmwareChecksum={hex}"
        );
        assert_eq!(shown(&check("CNF")), get(&path));
        assert_eq!(refused(&check("GIS")), "commandId");
    }

    #[test]
    fn a_verdict_is_read_as_a_number_and_as_digits() {
        let verdict = |status: &str| {
            let body = format!(r#"{{"command":{{"attributes":{{"status":{status}}}}}}}"#);
            read::<CheckFirmware>(200, &body).map(|answer| answer.verdict)
        };
        assert_eq!(verdict("0").unwrap(), FirmwareVerdict::Approved);
        assert_eq!(verdict("\"1\"").unwrap(), FirmwareVerdict::NotApproved);
        assert_eq!(verdict("7").unwrap(), Open::Unknown(7));
        assert_eq!(verdict("null").unwrap_err().path(), "status");
        assert_eq!(verdict("true").unwrap_err().path(), "status");
    }
}
