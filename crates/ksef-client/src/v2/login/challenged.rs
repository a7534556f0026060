//! A challenge that waits for its answer.

use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use common_core::secret::SecretString;
use common_http::Endpoint;
use ksef_crypto::{
    certificate::Certificate,
    keys::Signer,
    seal::{RsaPadding, Usage},
    xades,
};

use super::{
    Started, Terms,
    document::{self, SubjectIdentification},
};
use crate::v2::{
    Client, auth,
    error::{Error, ErrorKind},
    wire,
};

/// A challenge lives for ten minutes (KSeF 2.0 facts §4.1).
const LIFE: TimeDelta = TimeDelta::minutes(10);

/// Clocks differ: the claimed time of signing lies this much before now, as the ministry's own
/// client has it.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// A challenge that waits for its answer: a token, or a signed document.
#[must_use = "a challenge has to be answered within ten minutes"]
pub struct Challenged {
    client: Client,
    terms: Terms,
    challenge: String,
    millis: i64,
    made_at: DateTime<Utc>,
    client_ip: Option<String>,
}

impl Challenged {
    pub(super) fn new(
        client: Client,
        terms: Terms,
        answer: wire::AuthenticationChallengeResponse,
    ) -> Self {
        let made_at = answer.timestamp.unwrap_or_else(|| client.clock().now());
        Self {
            client,
            terms,
            challenge: answer.challenge,
            millis: answer.timestamp_ms,
            made_at,
            client_ip: answer.client_ip,
        }
    }

    /// The challenge itself.
    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    /// Until when it can be answered, on the service's clock.
    pub fn valid_until(&self) -> DateTime<Utc> {
        self.made_at + LIFE
    }

    /// The address from which the service sees this client, for
    /// [`AllowedIps`](super::AllowedIps).
    pub fn client_ip(&self) -> Option<&str> {
        self.client_ip.as_deref()
    }

    /// The document that is to be signed, for a signature that is made elsewhere: by a person with
    /// the Trusted Profile, for instance.
    pub fn to_be_signed(&self, by: SubjectIdentification) -> Result<Vec<u8>, Error> {
        let document = document::write(&self.terms, &self.challenge, by);
        document.map_err(|error| Error::input(auth::StartWithSignature::INFO.name, error))
    }

    /// Prepares a signature by the key of a certificate, which is made elsewhere: the draft says
    /// what is to be signed, and its [`finish`](xades::Draft::finish) gives the document for
    /// [`by_signed_document`](Self::by_signed_document).
    pub fn draft(&self, certificate: &Certificate) -> Result<xades::Draft, Error> {
        let document = self.to_be_signed(self.identification(certificate))?;
        xades::Draft::new(&document, certificate, &self.options())
            .map_err(|error| local(ErrorKind::Signature, error))
    }

    /// Begins the login by a KSeF token.
    pub async fn by_token(self, token: &SecretString) -> Result<Started, Error> {
        let this = &self;
        let usage = Usage::KsefTokenEncryption;
        let answer = self
            .client
            .with_key(usage, |key| async move {
                let now = this.client.clock().now();
                let encrypted = key
                    .encrypt_token(token, this.millis, RsaPadding::OaepSha256, now)
                    .map_err(|error| local(ErrorKind::Encryption, error))?;
                let body = this.token_request(&encrypted, &key.public_key().id());
                this.client.send(&auth::StartWithToken(body)).await
            })
            .await?;
        self.started(answer, &auth::StartWithToken::INFO)
    }

    /// Begins the login by a signature that is made here.
    pub async fn by_signature(self, signer: &dyn Signer) -> Result<Started, Error> {
        let certificate = Certificate::from_der(signer.certificate_der())
            .map_err(|error| local(ErrorKind::Signature, error))?;
        let document = self.to_be_signed(self.identification(&certificate))?;
        let document = xades::sign(&document, signer, &self.options())
            .map_err(|error| local(ErrorKind::Signature, error))?;
        self.by_signed_document(document).await
    }

    /// Begins the login by a signed document, byte for byte: that of
    /// [`to_be_signed`](Self::to_be_signed), with a signature that was made elsewhere.
    pub async fn by_signed_document(self, document: impl Into<Bytes>) -> Result<Started, Error> {
        let mut request = auth::StartWithSignature::new(document);
        if self.terms.chain {
            request = request.verify_certificate_chain();
        }
        if let Some(feature) = &self.terms.feature {
            request = request.feature(feature.clone());
        }
        let answer = self.client.send(&request).await?;
        self.started(answer, &auth::StartWithSignature::INFO)
    }

    fn identification(&self, certificate: &Certificate) -> SubjectIdentification {
        self.terms.by.unwrap_or_else(|| SubjectIdentification::of(certificate))
    }

    fn options(&self) -> xades::Options {
        xades::Options::v2(self.client.clock().now() - SKEW)
    }

    fn token_request(&self, encrypted: &str, key: &str) -> wire::InitTokenAuthenticationRequest {
        let context = &self.terms.context;
        let kind = common_core::open::Open::from_raw(context.kind().to_owned());
        let context = wire::AuthenticationContextIdentifier::new(kind, context.value());
        let mut body =
            wire::InitTokenAuthenticationRequest::new(self.challenge.as_str(), context, encrypted)
                .public_key_id(key);
        body.authorization_policy = self.terms.allowed.to_wire();
        body
    }

    fn started(
        self,
        answer: wire::AuthenticationInitResponse,
        info: &common_http::Info,
    ) -> Result<Started, Error> {
        let reference = answer.reference_number.parse();
        let reference = reference
            .map_err(|_| Error::unreadable(info, "the login's number is no reference number"))?;
        let token = answer.authentication_token;
        let until = token.valid_until;
        Ok(Started::new(
            self.client,
            self.terms.context,
            reference,
            (token.token.into_secret(), until),
        ))
    }
}

impl fmt::Debug for Challenged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenged")
            .field("terms", &self.terms)
            .field("challenge", &self.challenge)
            .finish_non_exhaustive()
    }
}

fn local(kind: ErrorKind, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::local(kind, "auth", error)
}
