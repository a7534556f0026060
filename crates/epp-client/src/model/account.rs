//! Bank accounts as they are answered.

use common_core::{money::Amount, open::Open};

use super::{
    codes::{AccountActivity, AccountPermission, AccountStatus, AccountType, RequestStatus},
    ids::{BankAccountNumber, BankCode, ControlNumber, Jbkjs, TreasuryCode, UnitNumber},
};
use crate::rules::Account;

record! {
    /// A bank account (source document, section Bank Accounts).
    ///
    /// The service answers more attributes than its table shows; they are in [`extra`](Self::extra).
    pub struct BankAccount in "camelCase" {
        /// The JBKJS of the organisation the account is given to.
        organization_id: Jbkjs,
        /// The name of that organisation.
        organization_name: String,
        /// The type of that organisation among the users of public funds; the codes are not published.
        organization_type: i64,
        /// The bank of the account, `840`.
        bank: BankCode,
        /// The number of the account (partija), 13 digits.
        number: BankAccountNumber,
        /// The control number of the account, 2 digits.
        control_number: ControlNumber,
        /// The JBKJS of the organisation that holds the account.
        owner_organization_id: Jbkjs,
        /// The type of the holder among the users of public funds.
        owner_organization_type: i64,
        /// The name of the holder.
        owner_organization_name: String,
        /// How far the request for the account has come.
        request_status: Open<RequestStatus>,
        /// The name of the account.
        name: String,
        /// The name the organisation gave it for itself.
        local_name: String,
        /// Whether it exists in the payment system.
        activity: Open<AccountActivity>,
        /// What it takes part in.
        status: Open<AccountStatus>,
        /// The organisational unit of the Treasury that keeps it.
        organizational_unit_number: UnitNumber,
        /// The code of its treasury.
        treasury: TreasuryCode,
        /// What the caller may do with it.
        permission: Open<AccountPermission>,
        /// Its type.
        r#type: Open<AccountType>,
        /// The largest amount in dinars that one order may take from it.
        max_amount: Amount,
    }
}

impl BankAccount {
    /// The whole account of 18 digits, or `None` when a part is missing or the control number is wrong.
    ///
    /// ```
    /// use epp_client::model::BankAccount;
    ///
    /// let account: BankAccount =
    ///     serde_json::from_str(r#"{"bank": 840, "number": 1624, "controlNumber": 9}"#)?;
    /// assert_eq!(account.account().map(|a| a.short()).as_deref(), Some("840-1624-09"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn account(&self) -> Option<Account> {
        let (bank, number) = (self.bank.as_ref()?, self.number.as_ref()?);
        let control = self.control_number.as_ref()?;
        Account::parse(&format!("{bank}-{number}-{control}")).ok()
    }
}
