//! Keys and certificates from PKCS#12 files, as qualified certificates for seals are handed out.

use common_core::secret::{ExposeSecret, SecretString};
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};

use super::{KeyError, LocalSigner, PrivateKey};
use crate::certificate::Certificate;

impl LocalSigner {
    /// Reads the first private key of a PKCS#12 file with its certificate and chain.
    ///
    /// # Errors
    ///
    /// [`KeyError::Locked`] when the password is wrong or the file cannot be read,
    /// [`KeyError::Absent`] when it has no private key with a certificate,
    /// [`KeyError::OtherCertificate`] when its first certificate is for another key, and the
    /// errors of [`PrivateKey::from_der`].
    pub fn from_pkcs12(file: &[u8], password: &SecretString) -> Result<Self, KeyError> {
        let store =
            KeyStore::from_pkcs12(file, password.expose_secret(), Pkcs12ImportPolicy::Strict)
                .map_err(|_| KeyError::Locked)?;
        let (_, chain) = store.private_key_chain().ok_or(KeyError::Absent)?;
        let key = PrivateKey::from_der(chain.key().as_der())?;
        let mut certificates = chain
            .certs()
            .iter()
            .map(|certificate| Certificate::from_der(certificate.as_der()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| KeyError::Malformed)?
            .into_iter();
        let own = certificates.next().ok_or(KeyError::Absent)?;
        Ok(Self::new(key, own)?.with_chain(certificates.collect()))
    }
}
