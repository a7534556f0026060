//! Announcing a package.

use common_http::Endpoint;
use ksef_crypto::seal::Usage;

use super::{BatchUpload, Open, PackedBatch};
use crate::v2::{
    Account, FormCode,
    endpoint::Feature,
    error::{Error, ErrorKind},
    wire,
};

/// A batch that is to be announced, of invoices of one form.
#[derive(Debug)]
#[must_use = "a batch is announced by `open`"]
pub struct BatchOpening {
    account: Account,
    form: FormCode,
    offline: bool,
    feature: Option<Feature>,
}

impl Account {
    /// Starts to announce a batch, whose invoices all have that form.
    pub fn batch(&self, form: FormCode) -> BatchOpening {
        BatchOpening { account: self.clone(), form, offline: false, feature: None }
    }
}

impl BatchOpening {
    /// Declares that the invoices were issued in an offline mode.
    pub fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    /// Asks for a feature, [`Feature::SubjectIdentifierValidation`] for instance.
    pub fn feature(mut self, feature: Feature) -> Self {
        self.feature = Some(feature);
        self
    }

    /// Announces the package (201); the service answers where each part goes.
    ///
    /// A form that batches do not take is refused here. When the answer is lost, announce the
    /// package again: the lost one is cancelled for lack of its parts.
    pub async fn open(self, packed: &PackedBatch) -> Result<BatchUpload, Error> {
        let Self { account, form, offline, feature } = self;
        if !form.in_batch() {
            let cause = "batches do not take this form";
            return Err(Error::local(ErrorKind::Input, Open::INFO.name, cause));
        }
        let (caller, form, feature) = (&account, &form, feature.as_ref());
        let answer = account
            .client()
            .with_key(Usage::SymmetricKeyEncryption, |authority| async move {
                let encryption = caller.client().declare(&packed.key, &authority)?;
                let declared = packed.declared();
                let mut body =
                    wire::OpenBatchSessionRequest::new(declared, encryption, form.to_wire());
                body.offline_mode = Some(offline);
                let mut open = Open::new(body);
                if let Some(feature) = feature {
                    open = open.feature(feature.clone());
                }
                caller.send(&open).await
            })
            .await?;
        let now = account.clock().now();
        BatchUpload::opened(account, packed, answer, now)
    }
}
