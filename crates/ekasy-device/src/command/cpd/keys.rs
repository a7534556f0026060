//! CMD07: the certificates of the repository.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts};
use http::Method;
use serde_json::Value;

use super::read;
use crate::{
    api::{Cpd, LIMIT},
    command::{
        Certificate, FieldError,
        envelope::{Envelope, wrong_form},
    },
    ident::{CommandId, CommandKind},
};

/// CMD07 KCS: fetches the certificates that the register has to pin (source document, section
/// 2.4.1).
///
/// The certificate of the connection is not held against the identifier. May be repeated: it only
/// reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchKeys {
    id: CommandId,
}

impl FetchKeys {
    /// The command under an identifier of the kind KCS.
    pub fn new(id: CommandId) -> Self {
        Self { id }
    }
}

/// The certificates of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepositoryKeys {
    /// The identifier that the answer repeats; it must be that of the command.
    pub command_id: Option<CommandId>,
    /// Certificate of the WebApi's connections.
    pub web_api: Certificate,
    /// Certificate of the CPD server's connections.
    pub cpd: Certificate,
    /// Certificate under which documents are encrypted.
    pub encryption: Certificate,
    /// The authorities of the Event Hub's connections, 1 to 10; trusted for `urlToSend` alone.
    pub event_hub: Vec<Certificate>,
}

impl Endpoint for FetchKeys {
    type Api = Cpd;
    type Response = RepositoryKeys;

    const INFO: Info = Info {
        name: "cpd.fetch_keys",
        method: Method::GET,
        path: "/api/SerwerCPD/Command",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.4.1",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        read(&Self::INFO, base, (&self.id, CommandKind::RepositoryKeys), &[])
    }

    fn response(_: &Parts, body: &Bytes) -> Result<RepositoryKeys, DecodeError> {
        let envelope = Envelope::read(body)?;
        Ok(RepositoryKeys {
            command_id: envelope.command_id()?,
            web_api: certificate(&envelope, "digitalCertificateWebApiTLS")?,
            cpd: certificate(&envelope, "digitalCertificateCPDServerTLS")?,
            encryption: certificate(&envelope, "digitalCertificateRepositoryEncrypt")?,
            event_hub: authorities(&envelope)?,
        })
    }
}

fn certificate(envelope: &Envelope, field: &'static str) -> Result<Certificate, FieldError> {
    envelope.parsed(field, Certificate::from_base64)?.ok_or(FieldError::missing(field))
}

fn authorities(envelope: &Envelope) -> Result<Vec<Certificate>, FieldError> {
    let field = "digitalCertificateAzureEventHubTLS";
    let value = envelope.find(field)?.ok_or(FieldError::missing(field))?;
    let listed = value.as_array().map(Vec::as_slice).ok_or(wrong_form(field))?;
    if !(1..=10).contains(&listed.len()) {
        return Err(FieldError::new(field, "does not hold 1 to 10 certificates"));
    }
    let text = |value: &Value| Certificate::from_base64(value.as_str()?).ok();
    listed.iter().map(|value| text(value).ok_or(wrong_form(field))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{get, id, read, refused, shown};

    #[test]
    fn the_keys_are_asked_for_by_the_raw_identifier() {
        let path = "/api/SerwerCPD/Command?commandId=KCS.WTE2001000009.2026-02-01T08:00:00.123Z";
        assert_eq!(shown(&FetchKeys::new(id("KCS"))), get(path));
        assert_eq!(refused(&FetchKeys::new(id("TCS"))), "commandId");
    }

    #[test]
    fn the_keys_are_read() {
        let body = r#"{"commandId":"KCS.WTE2001000009.2026-02-01T08:00:00.123Z","command":{
            "attributes":{"digitalCertificateWebApiTLS":"MAMCAQE=","extra":1,
            "digitalCertificateCPDServerTLS":"MAMCAQI=","digitalCertificateRepositoryEncrypt":
            "MAMCAQM=","digitalCertificateAzureEventHubTLS":["MAMCAQQ=","MAMCAQU="]}}}"#;
        let keys = read::<FetchKeys>(200, body).unwrap();
        assert_eq!(keys.command_id, Some(id("KCS")));
        let numbers = [&keys.web_api, &keys.cpd, &keys.encryption].map(|key| key.der()[4]);
        assert_eq!(numbers, [1, 2, 3]);
        let authorities: Vec<_> = keys.event_hub.iter().map(|key| key.der()[4]).collect();
        assert_eq!(authorities, [4, 5]);
        for (from, to) in [
            (r#"["MAMCAQQ=","MAMCAQU="]"#, "[]"),
            (r#"["MAMCAQQ=","MAMCAQU="]"#, r#"["canary!"]"#),
            (r#""MAMCAQM=""#, "7"),
            (r#""digitalCertificateWebApiTLS":"MAMCAQE=","#, ""),
        ] {
            let error = read::<FetchKeys>(200, &body.replace(from, to)).unwrap_err();
            assert!(error.path().starts_with("digitalCertificate"), "{error}");
            assert!(!error.to_string().contains("canary"));
        }
    }
}
