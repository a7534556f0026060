//! What the owner granted, the same in both ways of delivery (KROS facts §2, "Consent flow").

use common_core::secret::SecretString;

use crate::webhook::{KeyForm, Verifier};

/// One company that the integrator may act for.
///
/// The tokens are delivered once: store them before doing anything else.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GrantedCompany {
    /// The company's number, as in [`Notification::company_id`](crate::webhook::Notification).
    pub company_id: i64,
    /// Its name.
    pub company_name: Option<String>,
    /// The bearer token for this company.
    pub token: SecretString,
    /// The secret of its notifications, in Base64.
    pub webhook_secret: Option<SecretString>,
}

impl GrantedCompany {
    /// A verifier of this company's notifications, when a secret came with the grant.
    ///
    /// It tries the secret both as text and decoded, because nothing says which one is the key
    /// (KROS facts §3).
    pub fn verifier(&self) -> Option<Verifier> {
        let secret = self.webhook_secret.clone()?;
        Some(Verifier::new().secret(secret).key_form(KeyForm::Both))
    }
}
