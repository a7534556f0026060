//! Payment orders as they are sent.

use common_core::{money::Amount, open::Open};

use super::{codes::ReferenceModel, moment::Moment, tags::Tags};
use crate::rules::{Account, PaymentCode};

record! {
    /// A payment order to be validated or created (source document, section POST payment-orders; ePP facts §2.1).
    ///
    /// It is written with `PascalCase` names and without the attributes that are not set.
    /// [`rules::order`](crate::rules::order) names what is wrong with it.
    pub struct NewPaymentOrder in "PascalCase" {
        /// What is paid for (svrha), at most 105 characters. Required.
        payment_basis: String,
        /// The payment code (šifra plaćanja). Required.
        payment_code: PaymentCode,
        /// The amount in dinars, above zero, at most two decimals. Required.
        amount: Amount,
        /// The debited account, 18 digits. Required.
        debtor_bank_account: String,
        /// The model of the debtor's reference.
        debtor_code_model: Open<ReferenceModel>,
        /// The debtor's reference (PBZ).
        debtor_code: String,
        /// The name of the credited account. Required.
        creditor_name: String,
        /// The address of the creditor, at most 200 characters. Required.
        creditor_address: String,
        /// The credited account, 18 digits. Required.
        creditor_bank_account: String,
        /// The model of the creditor's reference.
        creditor_code_model: Open<ReferenceModel>,
        /// The creditor's reference (PBO).
        creditor_code: String,
        /// Whether the payment is urgent.
        urgent_payment: bool,
        /// The day on which it is to be paid, as ISO 8601; the sample carries a time as well.
        expected_payment_date: Moment,
        /// The caller's own id of the order, fewer than 50 characters.
        external_id: String,
        /// The name of the user group; the sample sends an empty text.
        user_group_name: String,
        /// Tags of one's own.
        user_tags: Tags,
        /// A comment.
        comment: String,
    }
}

setters! {
    NewPaymentOrder {
        payment_basis: String,
        payment_code: PaymentCode,
        amount: Amount,
        debtor_bank_account: String,
        debtor_code_model: Open<ReferenceModel>,
        debtor_code: String,
        creditor_name: String,
        creditor_address: String,
        creditor_bank_account: String,
        creditor_code_model: Open<ReferenceModel>,
        creditor_code: String,
        urgent_payment: bool,
        expected_payment_date: Moment,
        external_id: String,
        user_group_name: String,
        comment: String,
    }
}

impl NewPaymentOrder {
    /// An order that takes `amount` from one account to another; see the fields for what else is required.
    pub fn new(
        debtor_bank_account: impl Into<String>,
        creditor_bank_account: impl Into<String>,
        amount: impl Into<Amount>,
    ) -> Self {
        Self::default()
            .debtor_bank_account(debtor_bank_account)
            .creditor_bank_account(creditor_bank_account)
            .amount(amount)
    }

    /// Sets the tags, replacing what was there.
    #[must_use]
    pub fn user_tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.user_tags = Some(tags.into_iter().collect());
        self
    }

    /// Adds one tag to those it has; a single text becomes the first of a list.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<String>) -> Self {
        let mut tags: Vec<String> =
            self.user_tags.iter().flat_map(Tags::iter).map(str::to_owned).collect();
        tags.push(tag.into());
        self.user_tags = Some(Tags::List(tags));
        self
    }

    /// Sets an attribute this version has no field for, by the name the service uses.
    ///
    /// A name that has a field would be written twice: use its setter.
    #[must_use]
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    /// The order with both accounts as 18 digits and the date as ISO 8601, the forms of the official samples.
    ///
    /// What cannot be read stays as it is, for [`rules::order`](crate::rules::order) to name it.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        for account in [&mut self.debtor_bank_account, &mut self.creditor_bank_account] {
            if let Some(parsed) = account.as_deref().and_then(|text| Account::parse(text).ok()) {
                *account = Some(parsed.into());
            }
        }
        self.expected_payment_date = self.expected_payment_date.as_ref().map(Moment::to_request);
        self
    }
}
