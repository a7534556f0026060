//! The rules by name, each with where it comes from.

use common_core::codes;

codes! {
    /// A rule that payment orders are checked against; its text is the stable name, for logs and settings.
    ///
    /// "Facts" are the ePP facts; the letters there say how sure each is.
    pub enum Rule: str {
        /// What an order cannot do without: basis, payment code, amount, both accounts, the creditor's name and address.
        /// Facts §2.1; one third-party writer saw an empty address refuse the whole file.
        Required = "required",
        /// A text is longer than the service is thought to take, counted in characters. Facts §2.1.
        TooLong = "too-long",
        /// A text holds a control character, or a letter that was lost before (U+FFFD). By its meaning.
        Character = "character",
        /// An account has 18 digits. Source document, section POST payment-orders; facts §5.
        Account = "account",
        /// The control number of an account follows from its digits. Facts §5.
        AccountControl = "account-control",
        /// An account is sent as 18 digits without hyphens or blanks, as in every official sample. Facts §2.1.
        AccountSpelling = "account-spelling",
        /// The debited account is one of the Treasury, bank 840. Facts §5.
        DebtorBank = "debtor-bank",
        /// The money does not go back to where it came from. By its meaning; the table of the source document shows such an
        /// order.
        SameAccount = "same-account",
        /// A reference of model 97 has digits, capital letters and hyphens, and something after the control. Facts §5.
        Reference = "reference",
        /// The control digits of a reference of model 97 follow from the rest. Facts §5.
        ReferenceControl = "reference-control",
        /// A model goes with a reference, and it is 97, 11 or none. Facts §5.
        ReferenceModel = "reference-model",
        /// A payment code has three digits. Source document, section Payment Orders.
        PaymentCode = "payment-code",
        /// The form and the ground of a payment code are on the National Bank's list. Facts §5; the list changes.
        PaymentCodeUnknown = "payment-code-unknown",
        /// The form of the payment is a transfer or a reposting. Facts §5, inferred.
        PaymentForm = "payment-form",
        /// An amount is above zero. Facts §5.
        AmountNotPositive = "amount-not-positive",
        /// An amount has at most two decimals. Facts §5.
        AmountDecimals = "amount-decimals",
        /// An amount does not exceed the `maxAmount` of the debited account, when that is known. Facts §5.
        AmountLimit = "amount-limit",
        /// The expected payment date is written as ISO 8601. Facts §2.1.
        Date = "date",
        /// Orders sent together have different external ids. Facts §3: they are matched by it afterwards.
        DuplicateExternalId = "duplicate-external-id",
        /// A request carries 1 to 5000 orders. Source document, section POST payment-orders.
        BatchSize = "batch-size",
    }
}
