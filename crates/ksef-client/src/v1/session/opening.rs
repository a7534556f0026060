//! From a challenge to a session token (specification 1.9, chapter 13.2).

use bytes::Bytes;
use common_core::secret::SecretString;
use common_http::Endpoint;
use ksef_crypto::{
    certificate::Certificate,
    keys::Signer,
    number::ReferenceNumber,
    seal::{AuthorityKey, RsaPadding, SessionKey},
    xades,
};

use super::{
    Authorised, Challenge, InitSigned, InitToken,
    open::{Core, Parts},
};
use crate::v1::{
    Client, Context, FormCode,
    documents::{Encryption, Identification, OpeningRequest},
    error::{Error, ErrorKind},
    wire,
};

/// A session that is to be opened: in whose name, for which form of invoices, encrypted or not.
#[derive(Debug)]
#[must_use = "a session is opened by a token or a signature"]
pub struct Opening {
    client: Client,
    context: Context,
    form: FormCode,
    seal: Option<Seal>,
}

/// For whom the key of a session is wrapped, and the key if the caller gave one.
#[derive(Debug)]
struct Seal {
    authority: AuthorityKey,
    key: Option<SessionKey>,
}

impl Client {
    /// Starts to open an interactive session in that context, whose invoices all have that form.
    pub fn session(&self, context: Context, form: FormCode) -> Opening {
        Opening { client: self.clone(), context, form, seal: None }
    }
}

impl Opening {
    /// Encrypts what is sent and fetched with a new key, which is wrapped for the authority.
    pub fn encrypted(mut self, authority: AuthorityKey) -> Self {
        self.seal = Some(Seal { authority, key: None });
        self
    }

    /// Encrypts with that key, which must be used for this session alone.
    pub fn encrypted_with(mut self, authority: AuthorityKey, key: SessionKey) -> Self {
        self.seal = Some(Seal { authority, key: Some(key) });
        self
    }

    /// Opens the session by an authorisation token, which is encrypted for the authority together
    /// with the exact time of the challenge (chapter 13.2.3).
    pub async fn by_token(
        self,
        token: &SecretString,
        authority: &AuthorityKey,
    ) -> Result<Authorised, Error> {
        self.challenge().await?.by_token(token, authority).await
    }

    /// Opens the session by a signature or seal (chapter 13.2.2): any of the specification's
    /// vectors, told apart by the signer's certificate.
    pub async fn by_signature(self, signer: &dyn Signer) -> Result<Authorised, Error> {
        self.challenge().await?.by_signature(signer).await
    }

    /// Asks for a challenge, to answer it later: for signatures that are made elsewhere, with a
    /// trusted profile for instance. It must be answered soon, within some minutes.
    pub async fn challenge(self) -> Result<Challenged, Error> {
        let (encryption, key) = match self.seal {
            Some(seal) => {
                let key = match seal.key {
                    Some(key) => key,
                    None => new_key()?,
                };
                let now = self.client.clock().now();
                let encryption = Encryption::declare(&seal.authority, &key, now)
                    .map_err(|error| local(ErrorKind::Encryption, error))?;
                (Some(encryption), Some(key))
            }
            None => (None, None),
        };
        let answer = self.client.send(&Challenge(self.context.clone())).await?;
        let number: ReferenceNumber = answer.challenge.parse().map_err(|_| {
            Error::unreadable(&Challenge::INFO, "the challenge is no reference number")
        })?;
        let mut request = OpeningRequest::new(number, self.context.clone(), self.form.clone());
        if let Some(encryption) = encryption {
            request = request.encryption(encryption);
        }
        let millis = answer.timestamp.timestamp_millis();
        let (client, context, form) = (self.client, self.context, self.form);
        Ok(Challenged { client, context, form, key, request, millis })
    }
}

/// A challenge that waits for its answer.
#[derive(Debug)]
#[must_use = "a challenge has to be answered soon"]
pub struct Challenged {
    client: Client,
    context: Context,
    form: FormCode,
    key: Option<SessionKey>,
    request: OpeningRequest,
    millis: i64,
}

impl Challenged {
    /// The document that is to be signed.
    pub fn to_be_signed(&self, by: Identification) -> Result<Vec<u8>, Error> {
        let document = self.request.to_be_signed(by);
        document.map_err(|error| Error::input(InitSigned::INFO.name, error))
    }

    /// The challenge's time in milliseconds since 1970-01-01 UTC.
    pub fn millis(&self) -> i64 {
        self.millis
    }

    /// Opens the session by a token.
    pub async fn by_token(
        self,
        token: &SecretString,
        authority: &AuthorityKey,
    ) -> Result<Authorised, Error> {
        let now = self.client.clock().now();
        let encrypted = authority
            .encrypt_token(token, self.millis, RsaPadding::Pkcs1V15, now)
            .map_err(|error| local(ErrorKind::Encryption, error))?;
        let document = self.request.with_token(&encrypted);
        let document = document.map_err(|error| Error::input(InitToken::INFO.name, error))?;
        let answer = self.client.send(&InitToken::new(document)).await?;
        self.opened(answer, &InitToken::INFO)
    }

    /// Opens the session by a signature that is made here, enveloped as chapter 4.2.1 has it.
    pub async fn by_signature(self, signer: &dyn Signer) -> Result<Authorised, Error> {
        let certificate = Certificate::from_der(signer.certificate_der())
            .map_err(|error| local(ErrorKind::Signature, error))?;
        let document = self.to_be_signed(Identification::of(&certificate))?;
        let options = xades::Options::v1(self.client.clock().now());
        let document = xades::sign(&document, signer, &options)
            .map_err(|error| local(ErrorKind::Signature, error))?;
        self.by_signed_document(document).await
    }

    /// Opens the session by a signed document: that of [`to_be_signed`](Self::to_be_signed) with a
    /// signature that was made elsewhere.
    pub async fn by_signed_document(self, document: impl Into<Bytes>) -> Result<Authorised, Error> {
        let answer = self.client.send(&InitSigned::new(document)).await?;
        self.opened(answer, &InitSigned::INFO)
    }

    fn opened(
        self,
        answer: wire::InitSessionResponseV2,
        info: &common_http::Info,
    ) -> Result<Authorised, Error> {
        let reference = answer.reference_number.parse();
        let reference = reference
            .map_err(|_| Error::unreadable(info, "the session's number is no reference number"))?;
        let core = Core::new(
            &self.client,
            Parts {
                reference,
                token: answer.session_token.token.into_secret(),
                context: self.context,
                form: self.form,
                key: self.key,
            },
        )?;
        let roles = answer.session_token.context.map(|context| context.credentials_role_list);
        Ok(Authorised::new(core, roles.unwrap_or_default(), answer.authentication_identifiers))
    }
}

fn local(kind: ErrorKind, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::local(kind, "session", error)
}

/// A key of 32 bytes and a vector of 16, from the cryptographic generator.
fn new_key() -> Result<SessionKey, Error> {
    let mut random = [0; 48];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_| local(ErrorKind::Encryption, "there is no randomness"))?;
    Ok(SessionKey::from_random(random))
}
