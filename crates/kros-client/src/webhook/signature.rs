//! Who sent a notification: the check of `X-Kros-Signature-256`.
//!
//! The header is the Base64 text of an HMAC-SHA256 over the body (KROS OpenAPI documentation page,
//! section "Kontrola správnosti notifikácie").
//! The page's two samples disagree: the C# one turns key and body into UTF-16LE first, the PHP one
//! signs the bytes as they are; integrations in service verify UTF-16LE (KROS facts §3).
//! So both are tried unless told otherwise, and the result says which one it was.

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use common_core::secret::{ExposeSecret, SecretString, Zeroizing, same_bytes};

use super::{Authentic, Notification, NotificationError, replay::digest_of, utf16};

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-kros-signature-256";

/// Length of a signature in bytes, before Base64.
const SIGNATURE_LENGTH: usize = 32;

/// How text becomes the bytes that are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Key and body as UTF-16LE without a byte order mark: the C# sample.
    Utf16Le,
    /// Key and body as they are, in UTF-8: the PHP sample.
    Utf8,
    /// Both are tried. Never part of a [`Match`].
    #[default]
    Any,
}

/// How a configured secret becomes the key.
///
/// Secrets from the consent flow are Base64 texts, and nothing says whether the text or the bytes
/// it stands for are the key (KROS facts §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyForm {
    /// The text itself, encoded as the [`Scheme`] says.
    #[default]
    Text,
    /// The bytes for which the text stands in Base64, the same for every scheme.
    Base64Decoded,
    /// Both are tried; a secret that is not Base64 is tried as text alone.
    /// Never part of a [`Match`].
    Both,
}

/// What a signature agreed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Match {
    /// Which secret, in the order in which they were given, from 0.
    ///
    /// Where several companies notify the same address, compare the owner of this secret with
    /// [`Notification::company_id`]: a signature proves the sender knows one of the secrets, not
    /// that it speaks for the company it names.
    pub secret_index: usize,
    /// The scheme of the signature.
    pub scheme: Scheme,
    /// The form of the key.
    pub key_form: KeyForm,
}

/// Why a body is not taken for authentic.
///
/// The last three say nothing about how close the signature was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// No secret is configured, so nothing can be verified. Mend the configuration.
    #[error("no webhook secret is configured")]
    NoSecret,
    /// A configured secret is empty, so anybody could sign. Mend the configuration.
    #[error("webhook secret {index} is empty")]
    EmptySecret {
        /// Which one, from 0.
        index: usize,
    },
    /// [`KeyForm::Base64Decoded`] is demanded of a secret that is not Base64. Mend the
    /// configuration.
    #[error("webhook secret {index} is not base64")]
    SecretNotBase64 {
        /// Which one, from 0.
        index: usize,
    },
    /// The request carries no signature.
    #[error("the signature header is missing")]
    MissingSignature,
    /// The header is not the Base64 text of 32 bytes.
    #[error("the signature header is malformed")]
    MalformedSignature,
    /// No configured secret gives this signature for this body.
    #[error("the signature does not match")]
    Mismatch,
}

impl VerifyError {
    /// Whether the verifier's own configuration is at fault, not the request.
    pub const fn is_configuration(self) -> bool {
        matches!(self, Self::NoSecret | Self::EmptySecret { .. } | Self::SecretNotBase64 { .. })
    }
}

/// Why a request is not a notification to act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// It is not authentic; nothing of it was read.
    #[error("the notification is not authentic")]
    Verify(#[from] VerifyError),
    /// It is authentic, and unreadable.
    #[error("the notification is authentic but cannot be read")]
    Read(#[from] NotificationError),
}

/// Checks signatures against one or more secrets.
///
/// Several secrets serve a change of secret (the old one and the new one for a while) and several
/// companies that notify one address.
/// Every candidate is always computed and compared in constant time.
///
/// # Examples
///
/// ```
/// use kros_client::webhook::{Scheme, Verifier, VerifyError};
///
/// let verifier = Verifier::new().secret("not-a-real-secret-0001").secret("next-secret");
/// let signature = b"Sfd43QOsO48tdzT13IJV2Gl+m1f6Ir/TZI91CTlud6w=";
/// let authentic = verifier.verify(br#"{"status":200}"#, Some(signature))?;
/// assert_eq!(authentic.matched().secret_index, 0);
/// assert_eq!(authentic.matched().scheme, Scheme::Utf16Le);
///
/// let forged = verifier.verify(br#"{"status":207}"#, Some(signature));
/// assert_eq!(forged.unwrap_err(), VerifyError::Mismatch);
/// # Ok::<(), VerifyError>(())
/// ```
#[derive(Clone, Default)]
pub struct Verifier {
    secrets: Vec<Keys>,
    scheme: Scheme,
    key_form: KeyForm,
}

/// The keys that one secret may stand for; the secret itself is not kept.
#[derive(Clone)]
struct Keys {
    empty: bool,
    utf16: hmac::Key,
    utf8: hmac::Key,
    decoded: Option<hmac::Key>,
}

struct Candidate<'k> {
    key: &'k hmac::Key,
    matched: Match,
}

impl Verifier {
    /// A verifier without a secret, which refuses everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a secret, exactly as it stands in the company's settings or came from the consent.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.secrets.push(Keys::of(&secret.into()));
        self
    }

    /// Sets the scheme; without it, both are tried.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Sets the form of the keys; without it, secrets are taken as text.
    #[must_use]
    pub fn key_form(mut self, key_form: KeyForm) -> Self {
        self.key_form = key_form;
        self
    }

    /// Checks the signature over the body exactly as it came from the network.
    ///
    /// `signature` is the value of the header [`SIGNATURE_HEADER`]. A body that was parsed and
    /// written again has other bytes and does not verify.
    ///
    /// # Errors
    ///
    /// [`VerifyError`]; a missing header is refused like a wrong one.
    pub fn verify<'b>(
        &self,
        body: &'b [u8],
        signature: Option<&[u8]>,
    ) -> Result<Authentic<&'b [u8]>, VerifyError> {
        let candidates = self.candidates()?;
        let expected = decode_signature(signature.ok_or(VerifyError::MissingSignature)?)?;
        let matched = first_match(&candidates, body, &expected).ok_or(VerifyError::Mismatch)?;
        Ok(Authentic::new(body, matched, digest_of(body)))
    }

    /// Checks the signature and, only if it is right, reads the notification.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`] tells a forged notification from an unreadable one.
    pub fn verify_and_parse(
        &self,
        body: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<Authentic<Notification>, ReceiveError> {
        Ok(self.verify(body, signature)?.parse()?)
    }

    fn candidates(&self) -> Result<Vec<Candidate<'_>>, VerifyError> {
        if self.secrets.is_empty() {
            return Err(VerifyError::NoSecret);
        }
        let mut candidates = Vec::with_capacity(self.secrets.len() * 4);
        for (index, keys) in self.secrets.iter().enumerate() {
            if keys.empty {
                return Err(VerifyError::EmptySecret { index });
            }
            if keys.decoded.is_none() && self.key_form == KeyForm::Base64Decoded {
                return Err(VerifyError::SecretNotBase64 { index });
            }
            for scheme in self.schemes() {
                candidates.extend(keys.candidates(index, *scheme, self.key_form));
            }
        }
        Ok(candidates)
    }

    const fn schemes(&self) -> &'static [Scheme] {
        match self.scheme {
            Scheme::Utf16Le => &[Scheme::Utf16Le],
            Scheme::Utf8 => &[Scheme::Utf8],
            Scheme::Any => &[Scheme::Utf16Le, Scheme::Utf8],
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.secrets.len())
            .field("scheme", &self.scheme)
            .field("key_form", &self.key_form)
            .finish()
    }
}

impl Keys {
    fn of(secret: &SecretString) -> Self {
        let text = secret.expose_secret();
        let decoded = BASE64_STANDARD.decode(text).map(Zeroizing::new).ok();
        Self {
            empty: text.is_empty(),
            utf16: key(&utf16::bytes(text)),
            utf8: key(text.as_bytes()),
            decoded: decoded.filter(|bytes| !bytes.is_empty()).map(|bytes| key(&bytes)),
        }
    }

    fn candidates(
        &self,
        secret_index: usize,
        scheme: Scheme,
        wanted: KeyForm,
    ) -> impl Iterator<Item = Candidate<'_>> {
        let text = if scheme == Scheme::Utf16Le { &self.utf16 } else { &self.utf8 };
        [(KeyForm::Text, Some(text)), (KeyForm::Base64Decoded, self.decoded.as_ref())]
            .into_iter()
            .filter(move |(form, _)| wanted == KeyForm::Both || wanted == *form)
            .filter_map(move |(key_form, key)| {
                Some(Candidate { key: key?, matched: Match { secret_index, scheme, key_form } })
            })
    }
}

fn key(bytes: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, bytes)
}

/// Strict Base64, so that one signature has one spelling.
fn decode_signature(header: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], VerifyError> {
    let decoded = BASE64_STANDARD.decode(header).map_err(|_| VerifyError::MalformedSignature)?;
    decoded.try_into().map_err(|_| VerifyError::MalformedSignature)
}

/// The first candidate that agrees; all are computed, whichever it is.
fn first_match(candidates: &[Candidate<'_>], body: &[u8], expected: &[u8]) -> Option<Match> {
    // A body that is not UTF-8 has no UTF-16 form: the candidates of that scheme cannot agree.
    let text = str::from_utf8(body).ok();
    let readable =
        |candidate: &&Candidate<'_>| candidate.matched.scheme == Scheme::Utf8 || text.is_some();
    let mut running: Vec<_> = candidates
        .iter()
        .filter(readable)
        .map(|candidate| (candidate.matched, hmac::Context::with_key(candidate.key)))
        .collect();
    feed(&mut running, Scheme::Utf8, body);
    utf16::each_piece(text.unwrap_or_default(), |piece| {
        feed(&mut running, Scheme::Utf16Le, piece);
    });
    let mut found = None;
    for (matched, hmac) in running {
        let agrees = same_bytes(hmac.sign().as_ref(), expected);
        found = found.or(agrees.then_some(matched));
    }
    found
}

fn feed(running: &mut [(Match, hmac::Context)], scheme: Scheme, bytes: &[u8]) {
    for (_, hmac) in running.iter_mut().filter(|(matched, _)| matched.scheme == scheme) {
        hmac.update(bytes);
    }
}

#[cfg(test)]
mod tests;
