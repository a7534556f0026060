//! Payment orders as they are answered.

use common_core::{money::Amount, open::Open};

use super::{
    codes::ReferenceModel,
    ids::{BankAccountNumber, PaymentOrderId},
    moment::Moment,
    new_order::NewPaymentOrder,
    tags::Tags,
};
use crate::rules::PaymentCode;

record! {
    /// A payment order (nalog za prenos) with all 39 attributes of the table (source document, section Payment Orders).
    ///
    /// PBZ and PBO are the references of the debtor and the creditor (poziv na broj zaduženja, odobrenja).
    pub struct PaymentOrder in "camelCase" {
        /// The id; 0 right after creation, see [`known_id`](Self::known_id).
        id: PaymentOrderId,
        /// What is paid for (svrha).
        payment_basis: String,
        /// The payment code (šifra plaćanja).
        payment_code: PaymentCode,
        /// The amount in dinars.
        amount: Amount,
        /// The number of the debited account, 13 digits.
        debtor_bank_account_number: BankAccountNumber,
        /// The debited account, 18 digits.
        debtor_bank_account: String,
        /// The name of the debited account.
        debtor_bank_account_name: String,
        /// The model of the debtor's reference.
        debtor_code_model: Open<ReferenceModel>,
        /// The name of the debited organisation.
        debtor_name: String,
        /// The address of the debited organisation.
        debtor_address: String,
        /// The place of the debited organisation.
        debtor_place: String,
        /// The debtor's reference (PBZ).
        debtor_code: String,
        /// The name of the credited account.
        creditor_name: String,
        /// The address of the credited account.
        creditor_address: String,
        /// The credited account, 18 digits.
        creditor_bank_account: String,
        /// The model of the creditor's reference.
        creditor_code_model: Open<ReferenceModel>,
        /// The creditor's reference (PBO).
        creditor_code: String,
        /// Whether the payment is urgent; the table prints `False`.
        urgent_payment: bool,
        /// The day on which it is expected to be paid.
        expected_payment_date: Moment,
        /// The caller's own id of the order.
        external_id: String,
        /// The reference of the execution, such as `EPP319877`; statements repeat it.
        transaction_reference: String,
        /// The error of the execution.
        transaction_message: String,
        /// The id of the execution in the payment system.
        transaction_id: i64,
        /// When the transaction was started.
        transaction_start_date: Moment,
        /// When the transaction ended.
        transaction_end_date: Moment,
        /// When the order was created; seen as `13.6.2024T12:16:46`.
        created_date: Moment,
        /// The login of the user who created it.
        created_user_login: String,
        /// First and last name of the user who created it.
        created_user_name: String,
        /// When it was last changed.
        modified_date: Moment,
        /// The login of the user who last changed it; the table has the descriptions of login and name swapped.
        modified_user_login: String,
        /// First and last name of the user who last changed it; the table has the descriptions of login and name swapped.
        modified_user_name: String,
        /// When it was sent to be paid.
        payment_date: Moment,
        /// The login of the user who started the payment.
        payment_user_login: String,
        /// First and last name of the user who started the payment.
        payment_user_name: String,
        /// The id of the user group.
        user_group_id: i64,
        /// The name of the user group.
        user_group_name: String,
        /// A comment.
        comment: String,
        /// The tags that users gave.
        user_tags: Tags,
        /// The tags that the service gave, of payments and attempts at payment among others.
        system_tags: Tags,
    }
}

impl PaymentOrder {
    /// The id, unless the service answered 0, which it does for orders it has just created.
    pub fn known_id(&self) -> Option<PaymentOrderId> {
        self.id.filter(|id| id.0 != 0)
    }

    /// Whether one of its tags, the user's or the service's, is `tag`.
    pub fn has_tag(&self, tag: &str) -> bool {
        [&self.user_tags, &self.system_tags].into_iter().flatten().any(|tags| tags.contains(tag))
    }

    /// The order as a request, ready to be changed and sent as another order.
    ///
    /// Only what a request may carry is taken over, the external id included; unknown attributes are left behind.
    pub fn to_request(&self) -> NewPaymentOrder {
        NewPaymentOrder {
            payment_basis: self.payment_basis.clone(),
            payment_code: self.payment_code,
            amount: self.amount,
            debtor_bank_account: self.debtor_bank_account.clone(),
            debtor_code_model: self.debtor_code_model,
            debtor_code: self.debtor_code.clone(),
            creditor_name: self.creditor_name.clone(),
            creditor_address: self.creditor_address.clone(),
            creditor_bank_account: self.creditor_bank_account.clone(),
            creditor_code_model: self.creditor_code_model,
            creditor_code: self.creditor_code.clone(),
            urgent_payment: self.urgent_payment,
            expected_payment_date: self.expected_payment_date.as_ref().map(Moment::to_request),
            external_id: self.external_id.clone(),
            user_group_name: self.user_group_name.clone(),
            user_tags: self.user_tags.as_ref().map(|tags| tags.iter().collect()),
            comment: self.comment.clone(),
            extra: serde_json::Map::new(),
        }
    }
}
