//! The way in: from a challenge to the tokens of an account (KSeF 2.0 facts §4).
//!
//! The order of the protocol is in the types:
//!
//! | handle | comes from | goes on by |
//! |---|---|---|
//! | [`Login`] | [`Client::login`] | a KSeF token, a signature, or a [`challenge`](Login::challenge) |
//! | [`Challenged`] | a challenge, which lives for ten minutes | a token, or a document that was signed here, in two phases, or elsewhere (Trusted Profile) |
//! | [`Started`] | a login that was begun | [`wait`](Started::wait), until the service has checked it (status 200) |
//! | [`Authenticated`] | a login that has succeeded | [`redeem`](Authenticated::redeem), **once** |
//! | [`Account`] | the tokens | calls; it renews its access token by itself |
//!
//! A program that may log in by itself gives an account a [`Credential`] instead and leaves all
//! this to it: [`Client::account`].
//!
//! # When the answer of `redeem` is lost
//!
//! The service gives the tokens of a login once (21301 afterwards) and has no way to ask for them
//! again. The error then says [`may_have_happened`](crate::v2::Error::may_have_happened) with
//! [`Recovery::RevokeAndLogInAgain`](crate::v2::Recovery::RevokeAndLogInAgain), and the handle comes
//! back: redeeming again tells whether the first try arrived. If it did, begin another login; the
//! lost refresh token ends by itself after some days, or at once by
//! [`auth_sessions::Revoke`](crate::v2::auth_sessions::Revoke) with the login's number.
//! An account with a [`Credential`] redeems once more and then begins another login by itself; it leaves
//! the lost refresh token to its end.

mod allowed;
mod challenged;
mod credential;
mod document;
mod started;
#[cfg(test)]
mod tests;
mod tokens;

use std::{fmt, sync::Arc};

use common_core::secret::SecretString;
use common_http::Endpoint;
use ksef_crypto::{keys::Signer, number::ContextIdentifier};

pub use allowed::{AllowedIps, TooManyAddresses};
pub use challenged::Challenged;
pub use credential::Credential;
pub use document::{DocumentVersion, SubjectIdentification};
pub use started::{Authenticated, Progress, Started};
pub use tokens::Tokens;

use crate::v2::{Account, Client, auth, endpoint::Feature, error::Error};

/// A login that is to be begun: in which context, and with what conditions.
#[derive(Clone, Debug)]
#[must_use = "a login is begun by a token or a signature"]
pub struct Login {
    client: Client,
    terms: Terms,
}

/// The conditions of a login.
#[derive(Clone, Debug)]
struct Terms {
    context: ContextIdentifier,
    allowed: AllowedIps,
    version: DocumentVersion,
    by: Option<SubjectIdentification>,
    chain: bool,
    feature: Option<Feature>,
}

impl Client {
    /// Begins to log in to that context: a taxpayer's NIP, an internal identifier, a NIP with an EU
    /// VAT number, or a Peppol provider.
    pub fn login(&self, context: ContextIdentifier) -> Login {
        let terms = Terms {
            context,
            allowed: AllowedIps::new(),
            version: DocumentVersion::default(),
            by: None,
            chain: false,
            feature: None,
        };
        Login { client: self.clone(), terms }
    }
}

impl Login {
    /// Binds the tokens to addresses: a call from another one is refused with 403
    /// (`ip-not-allowed`).
    pub fn allowed_ips(mut self, allowed: AllowedIps) -> Self {
        self.terms.allowed = allowed;
        self
    }

    /// Sets the version of the document that is signed; [`DocumentVersion::V2_1`] without it.
    pub fn document_version(mut self, version: DocumentVersion) -> Self {
        self.terms.version = version;
        self
    }

    /// Sets by what the signer is known; told from the certificate without it
    /// ([`SubjectIdentification::of`]).
    pub fn identify_by(mut self, by: SubjectIdentification) -> Self {
        self.terms.by = Some(by);
        self
    }

    /// Has the certificate's chain and revocation checked even where the environment takes
    /// self-signed certificates.
    pub fn verify_certificate_chain(mut self) -> Self {
        self.terms.chain = true;
        self
    }

    /// Asks for a feature with the signed document.
    pub fn feature(mut self, feature: Feature) -> Self {
        self.terms.feature = Some(feature);
        self
    }

    /// Begins the login by a KSeF token, which is encrypted for the authority together with the
    /// exact time of the challenge (KSeF 2.0 facts §4.3).
    pub async fn by_token(self, token: &SecretString) -> Result<Started, Error> {
        self.challenge().await?.by_token(token).await
    }

    /// Begins the login by a signature or seal (KSeF 2.0 facts §4.2).
    ///
    /// Whom the certificate names is told by itself where KSeF recognises a person or a company in
    /// it, otherwise by its fingerprint: [`SubjectIdentification::of`].
    pub async fn by_signature(self, signer: &dyn Signer) -> Result<Started, Error> {
        self.challenge().await?.by_signature(signer).await
    }

    /// Begins the login by whichever credential that is.
    pub async fn by(self, credential: &Credential) -> Result<Started, Error> {
        match credential {
            Credential::Token(token) => self.by_token(token).await,
            Credential::Signer(signer) => self.by_signature(signer.as_ref()).await,
        }
    }

    /// Asks for a challenge, to answer it within ten minutes.
    pub async fn challenge(self) -> Result<Challenged, Error> {
        let answer = self.client.send(&auth::Challenge).await?;
        if answer.challenge.is_empty() {
            return Err(Error::unreadable(&auth::Challenge::INFO, "the challenge is empty"));
        }
        Ok(Challenged::new(self.client, self.terms, answer))
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a login to {}", self.terms.context)
    }
}

/// Makes the account that new tokens belong to.
async fn account(
    client: &Client,
    context: ContextIdentifier,
    tokens: Tokens,
) -> Result<Account, Error> {
    let account = client.account(context).build();
    account.import(tokens).await?;
    Ok(account)
}

impl From<Arc<dyn Signer>> for Credential {
    fn from(signer: Arc<dyn Signer>) -> Self {
        Self::Signer(signer)
    }
}
