//! The rules by name, each with where it comes from and how sure that is.

use std::fmt;

/// Declares the rules with their stable names.
macro_rules! rules {
    ($( $(#[$doc:meta])* $rule:ident = $name:literal, )*) => {
        /// A rule that documents are checked against.
        ///
        /// "Page" is the KROS OpenAPI documentation; the other sources are sections of the KROS facts, with the number of
        /// integrations that confirm them where it is known.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $( $(#[$doc])* $rule, )*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &'static [Self] = &[$( Self::$rule, )*];

            /// The stable name, for logs and settings.
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$rule => $name, )*
                }
            }
        }
    };
}

rules! {
    /// What a document cannot do without: items that name something, a payment's day and sum.
    /// Facts §1 and §2; what the service itself demands is not documented.
    Required = "required",
    /// The partner has a name. An assumption: a cash sale may do without one.
    PartnerName = "partner-name",
    /// A text is longer than the service takes, counted in characters. Facts §1 and §2, from the integration guide.
    TooLong = "too-long",
    /// A variable symbol is 1 to 10 digits. Facts §2, several integrations, and the rule of Slovak banks.
    VariableSymbol = "variable-symbol",
    /// An IBAN has two letters, two digits and 11 to 30 letters or digits, and its check digits are right (ISO 13616).
    /// Facts §2, one integration saw a wrong one refused.
    Iban = "iban",
    /// The IČO of a Slovak party has 8 digits. Facts §5.
    Ico = "ico",
    /// The last digit of an IČO follows from the others (modulo 11). Facts §5; nobody saw the service enforce it.
    IcoCheckDigit = "ico-check-digit",
    /// The DIČ of a Slovak party has 10 digits. Facts §5.
    Dic = "dic",
    /// The IČ DPH of a Slovak party is `SK` and 10 digits. Facts §5.
    IcDph = "ic-dph",
    /// The number in an IČ DPH is divisible by 11. Facts §5; nobody saw the service enforce it.
    IcDphCheckDigit = "ic-dph-check-digit",
    /// A number is written with spaces or small letters, which people read well and the service may not. An assumption.
    Spelling = "spelling",
    /// A date is ISO 8601. Page, section Podporované endpointy.
    Date = "date",
    /// A date lies in the years of living documents. An assumption that catches typing errors.
    DateRange = "date-range",
    /// The due date is not before the day of issue. Facts §5.
    DueBeforeIssue = "due-before-issue",
    /// A currency is three capital letters (ISO 4217). Facts §2, every integration writes it so.
    Currency = "currency",
    /// An exchange rate is greater than 0. By its meaning.
    ExchangeRate = "exchange-rate",
    /// A sum of money has at most two decimals. Facts §5.
    Decimals = "decimals",
    /// A discount is 0 to 100 percent. By its meaning.
    Discount = "discount",
    /// A VAT rate is one of those in force on the day of supply. Facts §5 and the Slovak VAT act.
    VatRate = "vat-rate",
    /// A VAT rate is a percentage, 23 and not 0.23. Facts §2, three integrations against one.
    VatFraction = "vat-fraction",
    /// A credit note names the invoice it credits, and only a credit note does. Facts §1 and §5, inferred.
    CreditNote = "credit-note",
    /// A mandatory text by type goes with 0 % items only. Facts §2, one integration.
    MandatoryText = "mandatory-text",
    /// A payment moves money: its sum is not zero. By its meaning.
    ZeroPayment = "zero-payment",
    /// Documents sent together have different external ids. Facts §5: nothing else tells their results apart.
    DuplicateExternalId = "duplicate-external-id",
    /// A request carries 1 to 100 documents. Page, section Podporované endpointy.
    BatchSize = "batch-size",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
