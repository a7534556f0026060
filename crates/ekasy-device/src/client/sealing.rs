//! Sealing what the register sends.

use std::{fmt, sync::Arc};

use super::{Client, Pinned};
use crate::{
    Error,
    packing::{ProfileSealer, SealFailure, Sealer},
};

/// Seals packages with the register's signature for the repository, under the client's profile.
///
/// Each attempt draws fresh random bytes. Sealing is pure work of the processor, and blocks where
/// the signer does.
pub struct RegisterSealer {
    client: Client,
    pinned: Arc<Pinned>,
}

impl Client {
    /// A sealer for packages.
    ///
    /// # Errors
    ///
    /// The kind [`Local`](crate::ErrorKind::Local) before there are pins.
    pub fn sealer(&self) -> Result<RegisterSealer, Error> {
        let pinned = self.pinned("event_hub.publish")?;
        Ok(RegisterSealer { client: self.clone(), pinned })
    }
}

impl RegisterSealer {
    fn with<T>(
        &self,
        seal: impl FnOnce(&mut dyn Sealer) -> Result<T, SealFailure>,
    ) -> Result<T, SealFailure> {
        let inner = &self.client.0;
        let (profile, recipient) = (&inner.profile, &self.pinned.recipient);
        let draw = || (inner.entropy)();
        seal(&mut ProfileSealer::new(profile, recipient, inner.credentials.signs(), draw))
    }
}

impl Sealer for RegisterSealer {
    fn seal(&mut self, plaintext: &[u8]) -> Result<String, SealFailure> {
        self.with(|sealer| sealer.seal(plaintext))
    }

    fn compress(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, SealFailure> {
        self.with(|sealer| sealer.compress(plaintext))
    }

    fn seal_compressed(&mut self, compressed: &[u8]) -> Result<String, SealFailure> {
        self.with(|sealer| sealer.seal_compressed(compressed))
    }
}

impl fmt::Debug for RegisterSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterSealer").finish_non_exhaustive()
    }
}
