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
    ///
    /// # Examples
    ///
    /// Key and certificate as PEM texts, and as a PKCS#12 file:
    ///
    /// ```
    /// use common_core::secret::SecretString;
    /// use ksef_client::v2::{Client, Environment, FormCode, login::Credential};
    /// use ksef_crypto::{
    ///     certificate::Certificate,
    ///     keys::{KeyError, LocalSigner, PrivateKey},
    ///     number::ContextIdentifier,
    /// };
    ///
    /// fn from_pem(key: &str, certificate: &str) -> Result<Credential, Box<dyn std::error::Error>> {
    ///     let (key, certificate) = (PrivateKey::from_pem(key)?, Certificate::from_pem(certificate)?);
    ///     Ok(Credential::signer(LocalSigner::new(key, certificate)?))
    /// }
    ///
    /// # #[cfg(feature = "pkcs12")]
    /// // With the feature `pkcs12`.
    /// fn from_pkcs12(file: &[u8], password: &SecretString) -> Result<Credential, KeyError> {
    ///     Ok(Credential::signer(LocalSigner::from_pkcs12(file, password)?))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sandbox = sandbox::Sandbox::builder().calm().start().await?;
    /// # let seal = sandbox.ksef_v2().certificate("seal").ok_or("no certificate")?;
    /// # let client = Client::builder(Environment::at(&sandbox.ksef_v2().base_url())?).build()?;
    /// let credential = from_pem(&seal.key_pem, &seal.certificate_pem)?;
    /// let company = ContextIdentifier::parse("Nip", "9990000103")?;
    /// let account = client.account(company).credential(credential).build();
    /// account.online(FormCode::FA_3).open().await?; // Its first call logs in.
    /// # Ok(()) }
    /// ```
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
