//! What does not add up in a document.

use std::fmt;

use super::Grosze;

/// A place of a document that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The JSON path within the document, as `pozycja[2].towar.brutto`.
    pub path: String,
    /// The rule.
    pub rule: Rule,
    /// The amount that the rest of the document gives, where it is an amount.
    pub expected: Option<Grosze>,
    /// The amount that stands there, where it is an amount.
    pub found: Option<Grosze>,
}

/// The rules of documents (CRK facts §2.1: observed, and the sign rules of the authority's
/// questions and answers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A price is never negative.
    PositivePrice,
    /// A quantity is a number with a decimal comma.
    QuantityText,
    /// A time is written as `2026-03-02T10:00:00.000Z`.
    TimeText,
    /// The gross amount of an item is price × quantity, less the discount within it, rounded to
    /// a grosz either way.
    ItemAmount,
    /// The parts of a discount by rate sum up to it and have its sign.
    DiscountByRate,
    /// The letter of a rate stands in `stPTU`, once.
    KnownRate,
    /// The gross sum is that of items and discounts.
    GrossSum,
    /// The sum of the discounts is that of all of them.
    DiscountSum,
    /// The sum of a rate is that of its items and discounts.
    RateSum,
    /// The sums of the rates make up the whole.
    SumOfRates,
    /// The tax of a rate fits its amount, rounded to a grosz either way.
    RateTax,
    /// The sum of the tax is that of the rates.
    TaxSum,
    /// The sum of the packaging is that of its lines.
    PackagingSum,
    /// What is to be paid is the gross sum and the packaging.
    Due,
    /// The payments less the change are what is to be paid.
    Payments,
    /// A report's times are in order.
    TimeOrder,
    /// A report's count of receipts is that of the receipts.
    ReceiptCount,
    /// A report's sum is that of the receipts.
    ReceiptSum,
    /// Something cannot be checked, because a part of it is of an unknown kind.
    NotChecked,
}

impl Finding {
    pub(super) fn new(rule: Rule, path: impl Into<String>) -> Self {
        Self { path: path.into(), rule, expected: None, found: None }
    }

    pub(super) fn amounts(
        rule: Rule,
        path: impl Into<String>,
        expected: i128,
        found: Grosze,
    ) -> Self {
        // A sum beyond the range of amounts has no amount to show.
        let expected = i64::try_from(expected).ok().map(Grosze);
        Self { path: path.into(), rule, expected, found: Some(found) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.rule)?;
        if let Some(found) = self.found {
            write!(f, "; it is {found}")?;
        }
        if let Some(expected) = self.expected {
            write!(f, ", the rest gives {expected}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PositivePrice => "a price must not be negative",
            Self::QuantityText => "a quantity must be a number with a decimal comma",
            Self::TimeText => "a time must be in UTC with milliseconds",
            Self::ItemAmount => "the amount must be price times quantity less the discount",
            Self::DiscountByRate => "a discount must be the sum of its parts by rate",
            Self::KnownRate => "the rate must be declared once",
            Self::GrossSum => "the gross sum must be that of the positions",
            Self::DiscountSum => "the discounts must sum up",
            Self::RateSum => "the sum of a rate must be that of its positions",
            Self::SumOfRates => "the sums of the rates must make up the whole",
            Self::RateTax => "the tax must fit the rate",
            Self::TaxSum => "the tax must sum up",
            Self::PackagingSum => "the packaging must sum up",
            Self::Due => "what is due must be the gross sum and the packaging",
            Self::Payments => "the payments less the change must be what is due",
            Self::TimeOrder => "the times must be in order",
            Self::ReceiptCount => "the count must be that of the receipts",
            Self::ReceiptSum => "the sum must be that of the receipts",
            Self::NotChecked => "an unknown part hinders the check",
        })
    }
}
