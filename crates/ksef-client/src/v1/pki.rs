//! Internal certificates (specification 1.9, chapters 4.3.2.3 and 13.9.2; KSeF 1.x facts §13).
//!
//! **Unverified**: these operations are in no published interface description, no client used them,
//! and in 1.x they never went live. Paths are those of the specification; methods, bodies and answers
//! are assumptions, so every answer is given as it came. The names of fields in requests follow the
//! nearest published ones and can be replaced by a body of the caller's own.
//! [`ksef_crypto::csr`](https://docs.rs/ksef-crypto) makes certificate requests.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::ReferenceNumber;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::v1::{
    api::ONLINE,
    endpoint::{OCTETS, RequestExt, bytes, endpoint},
    process::ProcessingCode,
    wire,
};

/// An answer of an operation whose shape was never published, as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unverified(pub Value);

impl Unverified {
    /// The number of the element that was started, if the answer names it as others do.
    pub fn element(&self) -> Option<ReferenceNumber> {
        self.0.get("elementReferenceNumber")?.as_str()?.parse().ok()
    }

    /// The processing code, if the answer names it as others do.
    pub fn code(&self) -> Option<ProcessingCode> {
        let code = self.0.get("processingCode")?.as_u64()?;
        u32::try_from(code).ok().map(ProcessingCode::new)
    }
}

/// `GET online/Credentials/Pki/CsrData`: what a certificate request must hold, and which roles a
/// certificate may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CsrData;

endpoint!(CsrData -> Unverified {
    Info {
        name: "pki.csr_data",
        method: Method::GET,
        path: "/online/Credentials/Pki/CsrData",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.2",
    },
    request: |_this, request| request.finish(),
});

/// `POST online/Credentials/Pki/GenerateCertificate`: asks for a certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateCertificate {
    body: Value,
}

impl GenerateCertificate {
    /// A certificate for that request (PKCS#10, DER) with those roles, under assumed names.
    pub fn new(request: &[u8], roles: impl IntoIterator<Item = wire::Role>) -> Self {
        use common_core::open::Code as _;

        let roles: Vec<_> = roles.into_iter().map(|role| json!({"roleType": role.raw()})).collect();
        let request = STANDARD.encode(request);
        Self { body: json!({"csr": request, "credentialsRoleList": roles}) }
    }

    /// A body of the caller's own.
    pub fn raw(body: Value) -> Self {
        Self { body }
    }
}

endpoint!(GenerateCertificate -> Unverified {
    Info {
        name: "pki.generate_certificate",
        method: Method::POST,
        path: "/online/Credentials/Pki/GenerateCertificate",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.2",
    },
    request: |this, request| request.json(&this.body)?.finish(),
});

/// `GET online/Credentials/Pki/Status/{elementReferenceNumber}`: how far the making or revoking of a
/// certificate has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status(pub ReferenceNumber);

endpoint!(Status -> Unverified {
    Info {
        name: "pki.status",
        method: Method::GET,
        path: "/online/Credentials/Pki/Status/{elementReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.2",
    },
    request: |this, request| request.param("elementReferenceNumber", &this.0)?.finish(),
});

/// `GET online/Credentials/Pki/GetCertificate/{elementReferenceNumber}`: a certificate that was
/// made, in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchCertificate(pub ReferenceNumber);

endpoint!(FetchCertificate -> Bytes {
    Info {
        name: "pki.fetch_certificate",
        method: Method::GET,
        path: "/online/Credentials/Pki/GetCertificate/{elementReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.2",
    },
    request: |this, request| {
        request.param("elementReferenceNumber", &this.0)?.accept(OCTETS).finish()
    },
    response: bytes,
});

/// `POST online/Credentials/Pki/RetrieveCertificate`: the certificates of the session's subject.
#[derive(Clone, Debug, PartialEq)]
pub struct RetrieveCertificates {
    body: Value,
}

impl RetrieveCertificates {
    /// All of them.
    pub fn all() -> Self {
        Self { body: json!({}) }
    }

    /// Those of these serial numbers, under an assumed name.
    pub fn of<S: Into<String>>(serial_numbers: impl IntoIterator<Item = S>) -> Self {
        let numbers: Vec<String> = serial_numbers.into_iter().map(Into::into).collect();
        Self { body: json!({"certificateSerialNumbers": numbers}) }
    }

    /// A body of the caller's own.
    pub fn raw(body: Value) -> Self {
        Self { body }
    }
}

endpoint!(RetrieveCertificates -> Unverified {
    Info {
        name: "pki.retrieve_certificates",
        method: Method::POST,
        path: "/online/Credentials/Pki/RetrieveCertificate",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.2",
    },
    request: |this, request| request.json(&this.body)?.finish(),
});

/// `POST online/Credentials/Pki/RevokeCertificate`: revokes a certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct RevokeCertificate {
    body: Value,
}

impl RevokeCertificate {
    /// The certificate of that serial number, under an assumed name.
    pub fn new(serial_number: impl Into<String>) -> Self {
        Self { body: json!({"certificateSerialNumber": serial_number.into()}) }
    }

    /// A body of the caller's own.
    pub fn raw(body: Value) -> Self {
        Self { body }
    }
}

endpoint!(RevokeCertificate -> Unverified {
    Info {
        name: "pki.revoke_certificate",
        method: Method::POST,
        path: "/online/Credentials/Pki/RevokeCertificate",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.9.2",
    },
    request: |this, request| request.json(&this.body)?.finish(),
});

#[cfg(test)]
mod tests;
