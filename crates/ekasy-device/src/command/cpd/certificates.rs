//! CMD08: the certificates of the register.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts};
use http::Method;
use serde::Serialize;

use super::{change, nothing};
use crate::{
    api::{Cpd, LIMIT},
    command::{Certificate, envelope::Sent},
    ident::{CommandId, CommandKind},
};

/// CMD08 KFD: registers the certificates of the register (source document, section 2.4.2).
///
/// The refusal B10 has two meanings here: the connection's certificate names another register, or
/// another register has sent one of these certificates before (CRK facts §7, 18).
///
/// May be repeated: the repository refuses a certificate that *another* register has sent, so the
/// same ones from the same register change nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendCertificates {
    id: CommandId,
    attributes: Attributes,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Attributes {
    #[serde(rename = "digitalCertificateCashRegisterTLS")]
    tls: Certificate,
    #[serde(rename = "digitalCertificateCashRegisterEncrypt")]
    encryption: Certificate,
}

impl SendCertificates {
    /// The command under an identifier of the kind KFD: the certificate of the register's
    /// connections, and the one under which commands for it are encrypted.
    pub fn new(id: CommandId, tls: Certificate, encryption: Certificate) -> Self {
        Self { id, attributes: Attributes { tls, encryption } }
    }
}

impl Endpoint for SendCertificates {
    type Api = Cpd;
    type Response = ();

    const INFO: Info = Info {
        name: "cpd.send_certificates",
        method: Method::POST,
        path: "/api/SerwerCPD/Command",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.4.2",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let command = Sent::new(&self.id, &self.attributes);
        change(&Self::INFO, base, (&self.id, CommandKind::DeviceKeys), &command)
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
    fn both_certificates_are_sent_as_base64() {
        let certificate = |number| Certificate::from_der([0x30, 3, 2, 1, number]);
        let send = SendCertificates::new(id("KFD"), certificate(1), certificate(2));
        let body = r#"{"commandId":"KFD.WTE2001000009.2026-02-01T08:00:00.123Z","command":{"attributes":{"digitalCertificateCashRegisterTLS":"MAMCAQE=","digitalCertificateCashRegisterEncrypt":"MAMCAQI="}}}"#;
        assert_eq!(shown(&send), post("/api/SerwerCPD/Command", body));
        let other = SendCertificates::new(id("KCS"), certificate(1), certificate(2));
        assert_eq!(refused(&other), "commandId");
    }

    #[test]
    fn registered_certificates_are_answered_without_content() {
        read::<SendCertificates>(204, "").unwrap();
        assert!(read::<SendCertificates>(202, "").is_err());
    }
}
