//! A session as plain data, to go on with it in another process.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common_core::secret::{ExposeSecret, SecretString, Zeroizing};
use ksef_crypto::{number::ReferenceNumber, seal::SessionKey};
use serde::{Deserialize, Serialize};

use super::{
    Authorised,
    open::{Core, Parts},
};
use crate::v1::{Client, Context, FormCode, error::Error};

/// What a session is made of, its token and its key included.
///
/// Whoever has it can do everything that the session may, until it ends; [`Debug`](fmt::Debug)
/// shows none of the secrets, and [`expose_json`](Self::expose_json) is the only way to write them.
pub struct SessionState(Parts);

impl SessionState {
    pub(super) fn of(parts: &Parts) -> Self {
        Self(Parts {
            reference: parts.reference.clone(),
            token: parts.token.clone(),
            context: parts.context.clone(),
            form: parts.form.clone(),
            key: parts.key.as_ref().map(SessionKey::duplicate),
        })
    }

    /// The session's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.0.reference
    }

    /// The state as JSON, **with its secrets**: store it sealed.
    pub fn expose_json(&self) -> SecretString {
        let key = self.0.key.as_ref();
        let key = key.map(|key| Zeroizing::new(STANDARD.encode(key.expose_key())));
        let stored = Stored {
            reference: self.0.reference.as_str(),
            token: self.0.token.expose_secret(),
            context: (self.0.context.kind(), self.0.context.value()),
            form: &self.0.form,
            key: key.as_deref().map(String::as_str),
            vector: self.0.key.as_ref().map(|key| STANDARD.encode(key.iv())),
        };
        // Texts and numbers cannot fail to be written.
        SecretString::from(serde_json::to_string(&stored).unwrap_or_default())
    }

    /// Reads what [`expose_json`](Self::expose_json) wrote.
    pub fn from_json(text: &SecretString) -> Result<Self, StateError> {
        let kept: Kept = serde_json::from_str(text.expose_secret()).map_err(|_| StateError)?;
        let key = match (kept.key, kept.vector) {
            (Some(key), Some(vector)) => Some(SessionKey::from_parts(
                *bytes::<32>(key.expose_secret())?,
                *bytes::<16>(&vector)?,
            )),
            (None, None) => None,
            _ => return Err(StateError),
        };
        Ok(Self(Parts {
            reference: kept.reference,
            token: kept.token,
            context: Context::of_kind(&kept.context.0, &kept.context.1).ok_or(StateError)?,
            form: kept.form,
            key,
        }))
    }
}

fn bytes<const N: usize>(base64: &str) -> Result<Zeroizing<[u8; N]>, StateError> {
    let bytes = Zeroizing::new(STANDARD.decode(base64).map_err(|_| StateError)?);
    let bytes: [u8; N] = bytes.as_slice().try_into().map_err(|_| StateError)?;
    Ok(Zeroizing::new(bytes))
}

impl Client {
    /// Takes up a session that was exported. Whether it still can be used, waiting for it tells:
    /// [`Authorised::wait`] is done at once when it can.
    pub fn resume(&self, state: SessionState) -> Result<Authorised, Error> {
        Ok(Authorised::new(Core::new(self, state.0)?, Vec::new(), Vec::new()))
    }
}

#[derive(Serialize)]
struct Stored<'a> {
    reference: &'a str,
    token: &'a str,
    context: (&'a str, &'a str),
    form: &'a FormCode,
    key: Option<&'a str>,
    vector: Option<String>,
}

#[derive(Deserialize)]
struct Kept {
    reference: ReferenceNumber,
    #[serde(deserialize_with = "secret")]
    token: SecretString,
    context: (String, String),
    form: FormCode,
    #[serde(default, deserialize_with = "optional_secret")]
    key: Option<SecretString>,
    vector: Option<String>,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn optional_secret<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

impl fmt::Debug for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionState").field("reference", self.reference()).finish_non_exhaustive()
    }
}

/// The text is not the state of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not the state of a session")]
pub struct StateError;
