//! Where the checks write down what they find, and the few checks that many properties share.
//!
//! Paths are handed over unwritten: most properties are sound, and only a finding needs its path as text.

use std::fmt::Display;

use chrono::NaiveDate;
use common_core::ident::IdentError;
use common_core::money::{Amount, Money};

use super::{Finding, Profile, Rule};
use crate::model::{Date, VariableSymbol};

/// The findings so far, with the profile they are judged by.
pub(super) struct Report<'p> {
    pub(super) profile: &'p Profile,
    document_index: Option<usize>,
    findings: Vec<Finding>,
}

/// The text of a property, or `None` when it is missing or blank, which the service treats alike.
pub(super) fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

impl<'p> Report<'p> {
    pub(super) fn new(profile: &'p Profile) -> Self {
        Self { profile, document_index: None, findings: Vec::new() }
    }

    /// Files the following findings under the document at `index`.
    pub(super) fn turn_to(&mut self, index: usize) {
        self.document_index = Some(index);
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    pub(super) fn add(&mut self, rule: Rule, path: impl Display, message: impl Into<String>) {
        self.findings.push(Finding {
            document_index: self.document_index,
            property_path: path.to_string(),
            severity: self.profile.severity(rule),
            rule,
            message: message.into(),
        });
    }

    pub(super) fn length(&mut self, path: impl Display, text: Option<&str>, most: usize) {
        let length = text.map_or(0, |text| text.chars().count());
        if length > most {
            self.add(Rule::TooLong, path, format!("shorten it from {length} to {most} characters"));
        }
    }

    /// The day of a property, after saying what is wrong with it.
    pub(super) fn day(&mut self, path: impl Display, date: Option<&Date>) -> Option<NaiveDate> {
        let date = date.filter(|date| filled(Some(date.as_str())).is_some())?;
        let Some(day) = date.day() else {
            self.add(Rule::Date, path, "write the date as YYYY-MM-DD");
            return None;
        };
        if !self.profile.days.contains(&day) {
            let (first, last) = (self.profile.days.start(), self.profile.days.end());
            let message = format!("check the day, {day} is not between {first} and {last}");
            self.add(Rule::DateRange, path, message);
        }
        Some(day)
    }

    pub(super) fn decimals(&mut self, path: impl Display, sum: Option<Amount>) {
        if sum.is_some_and(|sum| Money::<2>::try_from(sum).is_err()) {
            self.add(Rule::Decimals, path, "round the sum to two decimals");
        }
    }

    pub(super) fn discount(&mut self, path: impl Display, percent: Option<Amount>) {
        let allowed = Amount::ZERO..=Amount::from(100);
        if percent.is_some_and(|percent| !allowed.contains(&percent)) {
            self.add(Rule::Discount, path, "give a discount of 0 to 100 percent");
        }
    }

    pub(super) fn currency(&mut self, path: impl Display, currency: Option<&str>) {
        let Some(currency) = filled(currency) else { return };
        if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
            let message = "write the currency as three capital letters, such as EUR";
            self.add(Rule::Currency, path, message);
        }
    }

    pub(super) fn variable_symbol(&mut self, symbol: Option<&str>) {
        let Some(symbol) = filled(symbol) else { return };
        if symbol.parse::<VariableSymbol>().is_err() {
            let most = VariableSymbol::MAX_DIGITS;
            let message = format!("write the variable symbol as 1 to {most} digits");
            self.add(Rule::VariableSymbol, "variableSymbol", message);
        }
    }

    /// Reads an identifier, and says so when it has not the form or not the spelling of one.
    pub(super) fn identifier<T: AsRef<str>>(
        &mut self,
        rule: Rule,
        path: impl Display,
        text: Option<&str>,
        parse: fn(&str) -> Result<T, IdentError>,
    ) -> Option<T> {
        let text = filled(text)?;
        match parse(text) {
            Ok(identifier) => {
                if identifier.as_ref() != text {
                    let message = "write it without spaces and in capital letters";
                    self.add(Rule::Spelling, path, message);
                }
                Some(identifier)
            }
            Err(error) => {
                self.add(rule, path, format!("correct it or leave it out, it is {error}"));
                None
            }
        }
    }
}
