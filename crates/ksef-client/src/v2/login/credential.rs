//! What a login is made with.

use std::{fmt, sync::Arc};

use common_core::secret::SecretString;
use ksef_crypto::keys::Signer;

/// What an account may log in with by itself, as often as it needs to.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential {
    /// A KSeF token, as it was shown when it was made.
    Token(SecretString),
    /// A key with its certificate: in memory, from a PKCS#12 file, or anywhere behind
    /// [`Signer`].
    Signer(Arc<dyn Signer>),
}

impl Credential {
    /// A KSeF token.
    pub fn token(token: impl Into<SecretString>) -> Self {
        Self::Token(token.into())
    }

    /// A key with its certificate.
    pub fn signer(signer: impl Signer + 'static) -> Self {
        Self::Signer(Arc::new(signer))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(..)",
            Self::Signer(_) => "Signer(..)",
        })
    }
}
