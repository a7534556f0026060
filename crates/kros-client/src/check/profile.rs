//! What is assumed about the service and about Slovak law, as values that can be replaced when more becomes known.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use common_core::money::Amount;

use super::{Rule, Severity};

/// The assumptions that documents are checked under.
///
/// ```
/// use kros_client::check::{Profile, Rule, Severity};
///
/// let strict = Profile::documented().with_severity(Rule::IcoCheckDigit, Severity::Error);
/// assert_eq!(strict.severity(Rule::IcoCheckDigit), Severity::Error);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The most documents one request takes: 100 (KROS OpenAPI documentation, section Podporované endpointy).
    pub batch_size: usize,
    /// The longest texts, in characters.
    pub lengths: Lengths,
    /// The VAT rates, by the day from which they are in force, earliest first; a day before the first period counts to it.
    pub vat_periods: Vec<VatPeriod>,
    /// The codes of `invoiceType` that mean a credit note.
    ///
    /// Assumption: none, because the code is unknown (KROS facts §1); a credit note is then guessed from a negative total.
    pub credit_note_types: Vec<i64>,
    /// The days that documents may carry.
    ///
    /// Assumption: 2004-05-01 (Slovakia joins the European Union) to 2099-12-31.
    pub days: RangeInclusive<NaiveDate>,
    severities: BTreeMap<Rule, Severity>,
}

/// The longest texts the service takes, in characters (KROS facts §1 and §2).
///
/// Assumption: the limits of the list filters hold for the properties of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lengths {
    /// `orderNumber`: 20.
    pub order_number: usize,
    /// `numberingSequence`: 5.
    pub numbering_sequence: usize,
    /// `documentNumber`: 20.
    pub document_number: usize,
    /// `externalId`: 64.
    pub external_id: usize,
    /// `items[].itemCode`: 25.
    pub item_code: usize,
    /// `items[].name`: 255, the limit of the catalogue.
    pub item_name: usize,
    /// `partnerName` of payments, and by analogy `businessName` of a partner: 255.
    pub partner_name: usize,
    /// `remittanceInformation` of payments: 140.
    pub remittance_information: usize,
}

/// The VAT rates in force from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VatPeriod {
    /// The first day.
    pub from: NaiveDate,
    /// The rates, in percent.
    pub rates: Vec<Amount>,
}

impl VatPeriod {
    /// The period from `from` on with `rates` in percent.
    pub fn new(from: NaiveDate, rates: impl IntoIterator<Item = impl Into<Amount>>) -> Self {
        Self { from, rates: rates.into_iter().map(Into::into).collect() }
    }
}

const EU_ACCESSION: NaiveDate = NaiveDate::from_ymd_opt(2004, 5, 1).unwrap();
const RATES_OF_2011: NaiveDate = NaiveDate::from_ymd_opt(2011, 1, 1).unwrap();
const RATES_OF_2025: NaiveDate = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
const END_OF_CENTURY: NaiveDate = NaiveDate::from_ymd_opt(2099, 12, 31).unwrap();

impl Profile {
    /// The assumptions as they are documented on each field and rule.
    ///
    /// A finding withholds its document where a source gives a limit or a form, or where the document contradicts itself.
    /// Rules that rest on a guess only warn: the partner's name, check digits of IČO and IČ DPH, spelling, the range of days, VAT rates, credit
    /// notes and mandatory texts.
    pub fn documented() -> Self {
        Self {
            batch_size: 100,
            lengths: Lengths {
                order_number: 20,
                numbering_sequence: 5,
                document_number: 20,
                external_id: 64,
                item_code: 25,
                item_name: 255,
                partner_name: 255,
                remittance_information: 140,
            },
            vat_periods: vec![
                VatPeriod::new(RATES_OF_2011, [20, 10, 5, 0]),
                VatPeriod::new(RATES_OF_2025, [23, 19, 5, 0]),
            ],
            credit_note_types: Vec::new(),
            days: EU_ACCESSION..=END_OF_CENTURY,
            severities: BTreeMap::new(),
        }
    }

    /// How severe a finding of `rule` is.
    pub fn severity(&self, rule: Rule) -> Severity {
        self.severities.get(&rule).copied().unwrap_or_else(|| documented_severity(rule))
    }

    /// The same assumptions, with another severity for `rule`.
    #[must_use]
    pub fn with_severity(mut self, rule: Rule, severity: Severity) -> Self {
        self.severities.insert(rule, severity);
        self
    }

    /// Whether `rate` was in force on `day`; without a day, whether it ever was.
    pub(super) fn knows_vat_rate(&self, rate: Amount, day: Option<NaiveDate>) -> bool {
        let in_force = day.and_then(|day| {
            let current = self.vat_periods.iter().rfind(|period| period.from <= day);
            current.or_else(|| self.vat_periods.first())
        });
        match in_force {
            Some(period) => period.rates.contains(&rate),
            None => self.vat_periods.iter().any(|period| period.rates.contains(&rate)),
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::documented()
    }
}

fn documented_severity(rule: Rule) -> Severity {
    match rule {
        Rule::IcoCheckDigit
        | Rule::PartnerName
        | Rule::IcDphCheckDigit
        | Rule::Spelling
        | Rule::DateRange
        | Rule::VatRate
        | Rule::VatFraction
        | Rule::CreditNote
        | Rule::MandatoryText => Severity::Warning,
        Rule::Required
        | Rule::TooLong
        | Rule::VariableSymbol
        | Rule::Iban
        | Rule::Ico
        | Rule::Dic
        | Rule::IcDph
        | Rule::Date
        | Rule::DueBeforeIssue
        | Rule::Currency
        | Rule::ExchangeRate
        | Rule::Decimals
        | Rule::Discount
        | Rule::ZeroPayment
        | Rule::DuplicateExternalId
        | Rule::BatchSize => Severity::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(year, month, day)
    }

    #[test]
    fn vat_rates_change_with_the_year_2025() {
        let profile = Profile::documented();
        assert!(profile.knows_vat_rate(Amount::from(20), day(2024, 12, 31)));
        assert!(!profile.knows_vat_rate(Amount::from(23), day(2024, 12, 31)));
        assert!(profile.knows_vat_rate(Amount::from(23), day(2025, 1, 1)));
        assert!(!profile.knows_vat_rate(Amount::from(20), day(2025, 1, 1)));
        assert!(profile.knows_vat_rate(Amount::from(20), day(1999, 1, 1)));
    }

    #[test]
    fn without_a_day_any_rate_that_ever_was_will_do() {
        let profile = Profile::documented();
        assert!(profile.knows_vat_rate(Amount::from(20), None));
        assert!(profile.knows_vat_rate(Amount::from(19), None));
        assert!(!profile.knows_vat_rate(Amount::from(21), None));
    }

    #[test]
    fn a_severity_can_be_replaced_and_the_others_stay() {
        let profile = Profile::documented().with_severity(Rule::VatRate, Severity::Error);
        assert_eq!(profile.severity(Rule::VatRate), Severity::Error);
        assert_eq!(profile.severity(Rule::VatFraction), Severity::Warning);
        assert_eq!(profile.severity(Rule::Iban), Severity::Error);
    }
}
