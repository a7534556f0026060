//! Signed objects (RFC 7515).

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::form::{self, Members};
use super::{
    Certificate, CertificateHeader, Header, JwsAlgorithm, OpenError, OpenLimits, Reading,
    SealError, Serialization, Signer, Trust, Writing,
};

/// A signed object, read but not verified.
pub(super) struct Jws<'a> {
    pub(super) form: Serialization,
    pub(super) header: Header,
    pub(super) payload: Vec<u8>,
    /// What was signed: the header and the payload as they were written.
    signing_input: Cow<'a, str>,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Reads the structure. Nothing is decided by it yet.
    pub(super) fn parse(text: &'a str, limits: &OpenLimits) -> Result<Self, OpenError> {
        if text.starts_with('{') {
            return Self::parse_json(text, limits);
        }
        let (signing_input, signature) =
            text.rsplit_once('.').ok_or(OpenError::Malformed("parts of the signed object"))?;
        let (protected, payload) = signing_input
            .split_once('.')
            .filter(|(_, payload)| !payload.contains('.'))
            .ok_or(OpenError::Malformed("parts of the signed object"))?;
        Ok(Self {
            form: Serialization::Compact,
            header: header(protected, limits)?,
            payload: form::decode(payload, "payload")?,
            signing_input: Cow::Borrowed(signing_input),
            signature: form::decode(signature, "signature")?,
        })
    }

    fn parse_json(text: &str, limits: &OpenLimits) -> Result<Self, OpenError> {
        let members = Members::parse(text, "signatures", &["protected", "header", "signature"])?;
        let protected = members.of_single("protected")?;
        let payload = members.of_object("payload")?;
        let header = header(protected, limits)?;
        members.check_unprotected(&header)?;
        Ok(Self {
            form: members.form,
            header,
            payload: form::decode(payload, "payload")?,
            signing_input: Cow::Owned(format!("{protected}.{payload}")),
            signature: form::decode(members.of_single("signature")?, "signature")?,
        })
    }

    /// Refuses what the profile does not list, and gives the algorithm.
    pub(super) fn check(&self, rules: &Reading) -> Result<JwsAlgorithm, OpenError> {
        self.header.check()?;
        if !rules.forms.contains(&self.form) {
            return Err(OpenError::NotAllowed("serialisation of the signed object"));
        }
        let name = self.header.text("alg").ok_or(OpenError::Malformed("alg of the signature"))?;
        JwsAlgorithm::from_name(name)
            .filter(|algorithm| rules.signatures.contains(algorithm))
            .ok_or(OpenError::NotAllowed("alg of the signature"))
    }

    /// Verifies the signature under a trusted certificate and gives that one.
    pub(super) fn verify(
        &self,
        rules: &Reading,
        trust: &Trust,
        now: DateTime<Utc>,
        limits: &OpenLimits,
    ) -> Result<Certificate, OpenError> {
        let algorithm = self.check(rules)?;
        trust
            .candidates(&self.header, now, limits)?
            .into_iter()
            .find(|candidate| {
                candidate.verifies(algorithm, self.signing_input.as_bytes(), &self.signature)
            })
            .ok_or(OpenError::BadSignature)
    }
}

/// Reads a protected header of either kind of object.
pub(super) fn header(protected: &str, limits: &OpenLimits) -> Result<Header, OpenError> {
    if protected.len() > limits.header {
        return Err(OpenError::TooLarge("header"));
    }
    Header::parse(&form::decode(protected, "header")?, "header")
}

/// Signs a payload.
pub(super) fn sign(
    writing: &Writing,
    signer: &dyn Signer,
    payload: &[u8],
) -> Result<String, SealError> {
    let own = signer.certificates().first().ok_or(SealError::NoCertificate)?;
    let header = signature_header(writing, signer.certificates(), own);
    let mut text = String::with_capacity(payload.len() / 3 * 4 + 8192);
    form::encode_onto(&header.to_json(), &mut text);
    let protected_length = text.len();
    text.push('.');
    form::encode_onto(payload, &mut text);
    let signature = signer.sign(writing.signature, text.as_bytes()).map_err(SealError::Signer)?;
    // A wrong card or key shows here and not at the repository, when the text is long gone.
    if !own.verifies(writing.signature, text.as_bytes(), &signature) {
        return Err(SealError::ForeignSignature);
    }
    let signature = form::encode(&signature);
    if writing.signature_form == Serialization::Compact {
        text.push('.');
        text.push_str(&signature);
        return Ok(text);
    }
    let (protected, payload) = (&text[..protected_length], &text[protected_length + 1..]);
    let object = match writing.signature_form {
        Serialization::General => {
            let signatures = [json!({ "protected": protected, "signature": signature })];
            json!({ "payload": payload, "signatures": signatures })
        }
        _ => json!({ "payload": payload, "protected": protected, "signature": signature }),
    };
    Ok(object.to_string())
}

fn signature_header(writing: &Writing, chain: &[Certificate], own: &Certificate) -> Header {
    let mut header = Header::default();
    header.push("alg", writing.signature.name());
    if let Some(kind) = &writing.signature_type {
        header.push("typ", kind.as_str());
    }
    if let Some(id) = writing.signature_key_id.as_ref().and_then(|form| own.key_id(form)) {
        header.push("kid", id);
    }
    match writing.certificates {
        CertificateHeader::Absent => {}
        CertificateHeader::Leaf => header.push("x5c", vec![own.to_base64()]),
        CertificateHeader::Chain => {
            let chain: Vec<_> = chain.iter().map(Certificate::to_base64).collect();
            header.push("x5c", chain);
        }
        CertificateHeader::Thumbprint => header.push("x5t#S256", own.thumbprint()),
    }
    header
}
