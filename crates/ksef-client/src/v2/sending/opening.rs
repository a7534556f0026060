//! Opening an interactive session.

use common_http::Endpoint;
use ksef_crypto::{
    number::ReferenceNumber,
    seal::{SessionKey, Usage},
};

use super::OnlineSession;
use crate::v2::{
    Account, FormCode, client::new_session_key, endpoint::Feature, error::Error, online, wire,
};

/// An interactive session that is to be opened, for invoices of one form.
#[derive(Debug)]
#[must_use = "a session is opened by `open`"]
pub struct OnlineOpening {
    account: Account,
    form: FormCode,
    key: Option<SessionKey>,
    feature: Option<Feature>,
}

impl Account {
    /// Starts to open an interactive session, whose invoices all have that form.
    pub fn online(&self, form: FormCode) -> OnlineOpening {
        OnlineOpening { account: self.clone(), form, key: None, feature: None }
    }
}

impl OnlineOpening {
    /// Encrypts with that key, which must be used for this session alone; with a new one without
    /// it.
    pub fn key(mut self, key: SessionKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Asks for a feature, [`Feature::SubjectIdentifierValidation`] for instance.
    pub fn feature(mut self, feature: Feature) -> Self {
        self.feature = Some(feature);
        self
    }

    /// Opens the session (201).
    ///
    /// A public key that was withdrawn meanwhile (21470) is fetched anew and tried once more.
    pub async fn open(self) -> Result<OnlineSession, Error> {
        let Self { account, form, key, feature } = self;
        let key = match key {
            Some(key) => key,
            None => new_session_key()?,
        };
        let client = account.client();
        let (account_of_call, key_of_call, form_of_call) = (&account, &key, &form);
        let feature = feature.as_ref();
        let answer = client
            .with_key(Usage::SymmetricKeyEncryption, |authority| async move {
                let encryption = account_of_call.client().declare(key_of_call, &authority)?;
                let body = wire::OpenOnlineSessionRequest::new(encryption, form_of_call.to_wire());
                let mut open = online::Open::new(body);
                if let Some(feature) = feature {
                    open = open.feature(feature.clone());
                }
                account_of_call.send(&open).await
            })
            .await?;
        let reference: ReferenceNumber = answer.reference_number.parse().map_err(|_| {
            let cause = "the session's number is no reference number";
            Error::unreadable(&online::Open::INFO, cause)
        })?;
        Ok(OnlineSession::new(account, reference, form, key, answer.valid_until))
    }
}
