//! An interactive session as plain data, to go on with it in another process.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use common_core::secret::{ExposeSecret, SecretString, Zeroizing};
use ksef_crypto::{number::ReferenceNumber, seal::SessionKey};
use serde::{Deserialize, Serialize};

use super::OnlineSession;
use crate::v2::{Account, FormCode};

/// What an interactive session is made of, its key included.
///
/// [`Debug`](fmt::Debug) shows nothing of the key, and [`expose_json`](Self::expose_json) is the only
/// way to write it.
pub struct OnlineSessionState {
    reference: ReferenceNumber,
    form: FormCode,
    key: SessionKey,
    valid_until: Option<DateTime<Utc>>,
}

/// A text is no state that was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is no state that was exported")]
pub struct StateError;

impl OnlineSessionState {
    pub(super) fn new(
        reference: &ReferenceNumber,
        form: &FormCode,
        key: &SessionKey,
        valid_until: Option<DateTime<Utc>>,
    ) -> Self {
        let (reference, form) = (reference.clone(), form.clone());
        Self { reference, form, key: key.duplicate(), valid_until }
    }

    pub(super) fn into_session(self, account: Account) -> OnlineSession {
        OnlineSession::new(account, self.reference, self.form, self.key, self.valid_until)
    }

    /// The session's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// The state as JSON, **with its key**: store it sealed.
    pub fn expose_json(&self) -> SecretString {
        let key = StoredKey::of(&self.key);
        let written = Written {
            reference: &self.reference,
            form: &self.form,
            key: &key,
            valid_until: self.valid_until,
        };
        // Texts and numbers cannot fail to be written.
        SecretString::from(serde_json::to_string(&written).unwrap_or_default())
    }

    /// Reads what [`expose_json`](Self::expose_json) wrote.
    pub fn from_json(text: &SecretString) -> Result<Self, StateError> {
        let kept: Kept = serde_json::from_str(text.expose_secret()).map_err(|_| StateError)?;
        let Kept { reference, form, key, valid_until } = kept;
        Ok(Self { reference, form, key: key.open()?, valid_until })
    }
}

impl fmt::Debug for OnlineSessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnlineSessionState")
            .field("reference", &self.reference)
            .finish_non_exhaustive()
    }
}

/// The key of a session in Base64; overwritten when it is dropped.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredKey {
    key: SecretBase64,
    vector: String,
}

struct SecretBase64(Zeroizing<String>);

impl StoredKey {
    pub(crate) fn of(key: &SessionKey) -> Self {
        let text = Zeroizing::new(STANDARD.encode(key.expose_key()));
        Self { key: SecretBase64(text), vector: STANDARD.encode(key.iv()) }
    }

    pub(crate) fn open(&self) -> Result<SessionKey, StateError> {
        Ok(SessionKey::from_parts(*bytes::<32>(&self.key.0)?, *bytes::<16>(&self.vector)?))
    }
}

fn bytes<const N: usize>(base64: &str) -> Result<Zeroizing<[u8; N]>, StateError> {
    let bytes = Zeroizing::new(STANDARD.decode(base64).map_err(|_| StateError)?);
    let bytes: [u8; N] = bytes.as_slice().try_into().map_err(|_| StateError)?;
    Ok(Zeroizing::new(bytes))
}

impl Serialize for SecretBase64 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretBase64 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

#[derive(Serialize)]
struct Written<'a> {
    reference: &'a ReferenceNumber,
    form: &'a FormCode,
    key: &'a StoredKey,
    valid_until: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Kept {
    reference: ReferenceNumber,
    form: FormCode,
    key: StoredKey,
    valid_until: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::client::testing::{SESSION, reference};

    #[test]
    fn a_state_comes_back_with_its_key_and_shows_it_nowhere() {
        let key = SessionKey::from_parts([7; 32], [9; 16]);
        let state = OnlineSessionState::new(&reference(SESSION), &FormCode::FA_3, &key, None);
        let text = state.expose_json();
        let back = OnlineSessionState::from_json(&text).unwrap();
        assert_eq!((back.reference(), &back.form), (state.reference(), &FormCode::FA_3));
        assert_eq!((back.key.expose_key(), back.key.iv()), (&[7; 32], &[9; 16]));
        assert!(!format!("{state:?}").contains("BwcH"));
        assert!(OnlineSessionState::from_json(&"{}".into()).is_err());
        let short = text.expose_secret().replace("BwcHBwcH", "");
        assert!(OnlineSessionState::from_json(&short.into()).is_err());
    }
}
