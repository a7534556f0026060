//! Where the checks write down what they find.

use super::{Finding, Profile, Rule};

/// The findings so far, with the profile they are judged by.
pub(super) struct Report<'p> {
    pub(super) profile: &'p Profile,
    order_index: Option<usize>,
    findings: Vec<Finding>,
}

impl<'p> Report<'p> {
    pub(super) fn new(profile: &'p Profile) -> Self {
        Self { profile, order_index: None, findings: Vec::new() }
    }

    /// Files the following findings under the order at `index`.
    pub(super) fn turn_to(&mut self, index: usize) {
        self.order_index = Some(index);
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    pub(super) fn add(&mut self, rule: Rule, attribute: &'static str, message: impl Into<String>) {
        self.findings.push(Finding {
            order_index: self.order_index,
            attribute,
            severity: self.profile.severity(rule),
            rule,
            message: message.into(),
        });
    }

    /// Checks a text that may be missing; a length of 0 is no limit.
    pub(super) fn text(&mut self, attribute: &'static str, text: Option<&str>, most: usize) {
        let text = text.unwrap_or_default();
        let length = text.chars().count();
        if most > 0 && length > most {
            let message = format!("shorten it from {length} to {most} characters");
            self.add(Rule::TooLong, attribute, message);
        }
        if text.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            let message = "take out control characters and letters that were lost (U+FFFD)";
            self.add(Rule::Character, attribute, message);
        }
    }
}
