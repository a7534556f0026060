//! Sealing packages as a crypto profile says.

use std::{fmt, io::Write as _};

use flate2::{Compression as Level, write::DeflateEncoder};

use super::{error::SealFailure, packer::Sealer};
use crate::jose::{Compression, CryptoProfile, Entropy, RecipientKey, Signer};

/// Seals with a profile, for the repository's key, with the register's signature.
///
/// Each attempt draws fresh entropy from `entropy`.
pub struct ProfileSealer<'a, E> {
    profile: &'a CryptoProfile,
    recipient: &'a RecipientKey,
    signer: &'a dyn Signer,
    entropy: E,
}

impl<'a, E: FnMut() -> Result<Entropy, SealFailure>> ProfileSealer<'a, E> {
    /// A sealer of these parts.
    pub fn new(
        profile: &'a CryptoProfile,
        recipient: &'a RecipientKey,
        signer: &'a dyn Signer,
        entropy: E,
    ) -> Self {
        Self { profile, recipient, signer, entropy }
    }

    fn seal_with(&mut self, profile: &CryptoProfile, bytes: &[u8]) -> Result<String, SealFailure> {
        let entropy = (self.entropy)()?;
        Ok(profile.seal_data(bytes, self.recipient, self.signer, entropy)?.into_string())
    }
}

impl<E: FnMut() -> Result<Entropy, SealFailure>> Sealer for ProfileSealer<'_, E> {
    fn seal(&mut self, plaintext: &[u8]) -> Result<String, SealFailure> {
        self.seal_with(self.profile, plaintext)
    }

    /// Raw DEFLATE, whatever the profile compresses with: what a cut of compressed bytes would look
    /// like is an assumption in itself.
    fn compress(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, SealFailure> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Level::default());
        encoder.write_all(plaintext)?;
        Ok(encoder.finish()?)
    }

    fn seal_compressed(&mut self, compressed: &[u8]) -> Result<String, SealFailure> {
        let mut profile = self.profile.clone();
        profile.writing.data_compression = Compression::None;
        self.seal_with(&profile, compressed)
    }
}

impl<E> fmt::Debug for ProfileSealer<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileSealer").field("profile", self.profile).finish_non_exhaustive()
    }
}
