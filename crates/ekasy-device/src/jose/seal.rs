//! Sealing: signing, then encrypting.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{
    Compression, CryptoProfile, Entropy, OuterBase64, RecipientKey, SealError, Signer, compression,
    jwe, jws,
};

/// A sealed text, ready to be kept and sent.
///
/// Sealing again gives other bytes, so this text is what the journal keeps and what every
/// repetition sends.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(String);

impl Sealed {
    /// The text: the value of `encryptedCommand` or `encryptedData`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, taken out.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

impl CryptoProfile {
    /// Seals a command: the JSON of the value of `command` (source document, sections 2.2.8 and
    /// 2.3.1.4.1: signed, encrypted, serialised).
    ///
    /// # Errors
    ///
    /// [`SealError`]; nothing was sealed, and the entropy is spent.
    pub fn seal_command(
        &self,
        plaintext: &[u8],
        recipient: &RecipientKey,
        signer: &dyn Signer,
        entropy: Entropy,
    ) -> Result<Sealed, SealError> {
        self.seal(plaintext, self.writing.command_compression, recipient, signer, entropy)
    }

    /// Seals data for the Event Hub: a JPK structure or a part of one (source document, sections
    /// 2.3.2 and 2.3.2.2: compressed, signed, encrypted, serialised).
    ///
    /// # Errors
    ///
    /// [`SealError`]; nothing was sealed, and the entropy is spent.
    pub fn seal_data(
        &self,
        plaintext: &[u8],
        recipient: &RecipientKey,
        signer: &dyn Signer,
        entropy: Entropy,
    ) -> Result<Sealed, SealError> {
        self.seal(plaintext, self.writing.data_compression, recipient, signer, entropy)
    }

    /// Signs without encrypting, as the receipt for a buyer is (CRK facts §2.1): the signature's
    /// fields of the profile apply.
    ///
    /// # Errors
    ///
    /// [`SealError`]; nothing was signed.
    pub fn sign(&self, payload: &[u8], signer: &dyn Signer) -> Result<Sealed, SealError> {
        jws::sign(&self.writing, signer, payload).map(Sealed)
    }

    #[expect(clippy::needless_pass_by_value, reason = "random bytes serve one object")]
    fn seal(
        &self,
        plaintext: &[u8],
        compression: Compression,
        recipient: &RecipientKey,
        signer: &dyn Signer,
        entropy: Entropy,
    ) -> Result<Sealed, SealError> {
        let payload = match compression {
            Compression::PreSign(format) => Cow::Owned(compression::compress(plaintext, format)),
            Compression::None | Compression::JweZip => Cow::Borrowed(plaintext),
        };
        let content = jws::sign(&self.writing, signer, &payload)?;
        let text = jwe::encrypt(&self.writing, compression, recipient, content, &entropy)?;
        Ok(Sealed(match self.writing.outer_base64 {
            OuterBase64::Forced => STANDARD.encode(text),
            OuterBase64::Absent | OuterBase64::Auto => text,
        }))
    }
}
