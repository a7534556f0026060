//! The text that ties an answer to the consent that was asked for (KROS facts §2, "Consent flow").

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use common_core::secret::{ExposeSecret, SecretString, Zeroizing, same_text};

/// The least number of characters that the service takes.
const MIN_CHARACTERS: usize = 32;

/// The `state` of one consent: at least 32 characters nobody can guess.
///
/// In poll mode whoever knows it can pick up the tokens, so it is kept like a password: `Debug`
/// shows nothing and its memory is wiped.
///
/// # Examples
///
/// ```
/// use kros_client::consent::State;
///
/// let state = State::from_random([7; 32]);
/// assert_eq!(state.expose_text().len(), 43);
/// let stored = State::parse(state.expose_text().to_owned())?;
/// assert!(stored.is_same(&state));
/// # Ok::<(), kros_client::consent::InvalidState>(())
/// ```
#[derive(Clone, Debug)]
pub struct State(SecretString);

/// The text is shorter than 32 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a consent state has at least 32 characters")]
#[non_exhaustive]
pub struct InvalidState;

impl State {
    /// Makes a state of 43 letters, digits, `-` and `_` from 32 random bytes.
    ///
    /// The bytes come from a cryptographic random generator and are used for nothing else.
    pub fn from_random(randomness: [u8; 32]) -> Self {
        let randomness = Zeroizing::new(randomness);
        Self(BASE64_URL_SAFE_NO_PAD.encode(randomness.as_slice()).into())
    }

    /// Takes back a state that was stored while the browser was away.
    ///
    /// # Errors
    ///
    /// [`InvalidState`] when it has fewer than 32 characters.
    pub fn parse(text: impl Into<SecretString>) -> Result<Self, InvalidState> {
        let text = text.into();
        let long_enough = text.expose_secret().chars().count() >= MIN_CHARACTERS;
        if long_enough { Ok(Self(text)) } else { Err(InvalidState) }
    }

    /// The text, to be stored until the answer comes.
    pub fn expose_text(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether both are the same, compared in constant time.
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_text(&other.0)
    }

    pub(super) fn is_text(&self, text: &SecretString) -> bool {
        same_text(&self.0, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_state_is_refused_counting_characters_not_bytes() {
        assert_eq!(State::parse("ľ".repeat(31)).map(|_| ()), Err(InvalidState));
        assert!(State::parse("ľ".repeat(32)).is_ok());
    }

    #[test]
    fn different_randomness_makes_different_states() {
        let state = State::from_random([1; 32]);
        assert!(!state.is_same(&State::from_random([2; 32])));
        assert!(state.is_same(&State::from_random([1; 32])));
    }
}
