//! `InitSessionTokenRequest` and `InitSessionSignedRequest`.

use common_http::BuildError;
use ksef_crypto::number::ReferenceNumber;

use super::{
    Encryption, Identification,
    xml::{WRAPPED, Xml, check_key, declarations, document, group, text},
};
use crate::v1::{context::Context, form::FormCode};

const NAMESPACES: [(&str, &str); 3] =
    [("a", "online/auth/request"), ("o", "online/types"), ("t", "types")];

/// What opens an interactive session: the answer to a challenge, in whose name, for which form of
/// invoices, and whether their content is encrypted (specification 1.9, chapter 13.2).
///
/// # Examples
///
/// ```
/// use ksef_client::v1::{Context, FormCode};
/// use ksef_client::v1::documents::{Identification, OpeningRequest};
///
/// let challenge = "20240401-CR-0123456789-ABCDEF0123-45".parse()?;
/// let request = OpeningRequest::new(challenge, Context::nip("1111111111")?, FormCode::FA_2);
/// let unsigned = request.to_be_signed(Identification::SerialNumber)?;
/// assert!(unsigned.starts_with(b"<?xml"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningRequest {
    challenge: ReferenceNumber,
    context: Context,
    form: FormCode,
    encryption: Option<Encryption>,
}

impl OpeningRequest {
    /// A session whose invoices are sent plain, in answer to that challenge.
    pub fn new(challenge: ReferenceNumber, context: Context, form: FormCode) -> Self {
        Self { challenge, context, form, encryption: None }
    }

    /// Declares that content is encrypted, both ways.
    #[must_use]
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// `InitSessionTokenRequest` with an encrypted token, which is what
    /// [`AuthorityKey::encrypt_token`](ksef_crypto::seal::AuthorityKey::encrypt_token) gives with
    /// PKCS#1 v1.5: 344 characters.
    pub fn with_token(&self, encrypted_token: &str) -> Result<Vec<u8>, BuildError> {
        if encrypted_token.len() != WRAPPED {
            return Err(BuildError::new("Token", "must have 344 characters of Base64"));
        }
        self.write("a:InitSessionTokenRequest", ("o:Token", encrypted_token))
    }

    /// `InitSessionSignedRequest` without its signature.
    pub fn to_be_signed(&self, by: Identification) -> Result<Vec<u8>, BuildError> {
        self.write("a:InitSessionSignedRequest", ("o:Type", by.text()))
    }

    fn write(&self, root: &str, (name, value): (&str, &str)) -> Result<Vec<u8>, BuildError> {
        check_key(self.encryption.as_ref())?;
        let content = |xml: Xml<'_>| {
            text(xml, "o:Challenge", self.challenge.as_str())?;
            declarations(xml, "o", &self.context, &self.form, self.encryption.as_ref())?;
            text(xml, name, value)
        };
        document(root, &NAMESPACES, &|xml| group(xml, "a:Context", &content))
    }
}
