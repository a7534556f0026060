//! Reference numbers of model 97: two control digits, then digits, capital letters and hyphens (ePP facts §5).

use std::{fmt, str::FromStr};

use common_core::open::Open;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{account::is_blank, mod97};
use crate::model::ReferenceModel;

/// A reference number (poziv na broj) of model 97 whose control digits are right.
///
/// It keeps its hyphens, which do not count in the check; blanks are taken out.
/// Any wrong digit, any letter in place of another letter and any two swapped neighbours are refused, but for the swaps of
/// `1B`, `2M` and `3X` with `B1`, `M2` and `X3`: both sides of each write the same number (111, 222, 333).
///
/// ```
/// use epp_client::rules::{Reference, ReferenceError};
///
/// let reference = Reference::with_control("RN-2024-15")?;
/// assert_eq!(reference.as_str(), "88RN-2024-15");
/// assert_eq!(reference.compact(), "88RN202415");
/// assert_eq!(Reference::parse("88RN-2024-51"), Err(ReferenceError::Control));
/// # Ok::<(), ReferenceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(Box<str>);

/// Why a text is no reference of model 97; the text itself is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// Nothing follows the two control digits, or they are missing.
    #[error("a reference of model 97 has two control digits and at least one character after them")]
    Length,
    /// There is something other than digits, capital letters A to Z, hyphens and blanks, or the control is not of digits.
    #[error("a reference of model 97 has two digits, then digits, capital letters and hyphens")]
    Character,
    /// The control digits do not follow from the rest.
    #[error("the control digits of the reference do not fit")]
    Control,
}

impl Reference {
    /// Reads a reference with its control digits in front.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let kept: String = text.chars().filter(|c| !is_blank(*c)).collect();
        let counted = compact(&kept)?;
        let (control, body) = counted.split_at_checked(2).ok_or(ReferenceError::Length)?;
        if body.is_empty() {
            return Err(ReferenceError::Length);
        }
        if !control.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ReferenceError::Character);
        }
        if control != format!("{:02}", mod97::control(body)) {
            return Err(ReferenceError::Control);
        }
        Ok(Self(kept.into()))
    }

    /// The reference with this body, with the control digits computed.
    pub fn with_control(body: &str) -> Result<Self, ReferenceError> {
        let kept: String = body.chars().filter(|c| !is_blank(*c)).collect();
        let counted = compact(&kept)?;
        if counted.is_empty() {
            return Err(ReferenceError::Length);
        }
        Ok(Self(format!("{:02}{kept}", mod97::control(&counted)).into()))
    }

    /// The reference as it is written, without blanks.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The characters that count, without hyphens; the form in which two references are compared.
    pub fn compact(&self) -> String {
        self.0.replace('-', "")
    }

    /// How many characters it counts for, a letter counting twice; the standard allows 20 (ePP facts §5).
    pub fn width(&self) -> usize {
        self.0
            .chars()
            .map(|c| if c.is_ascii_alphabetic() { 2 } else { usize::from(c != '-') })
            .sum()
    }

    /// Checks a reference of any model: model 97 by its control digits, every other model not at all.
    ///
    /// ```
    /// use common_core::open::Open;
    /// use epp_client::{model::ReferenceModel, rules::Reference};
    ///
    /// assert!(Reference::check(Some(&ReferenceModel::Model97.into()), "8523201").is_err());
    /// assert!(Reference::check(Some(&Open::from_raw(11)), "8523201").is_ok());
    /// assert!(Reference::check(None, "220216").is_ok());
    /// ```
    pub fn check(model: Option<&Open<ReferenceModel>>, text: &str) -> Result<(), ReferenceError> {
        match model {
            Some(model) if *model == ReferenceModel::Model97 => Self::parse(text).map(drop),
            _ => Ok(()),
        }
    }
}

/// The characters that count.
fn compact(text: &str) -> Result<String, ReferenceError> {
    let counted: String = text.chars().filter(|c| *c != '-').collect();
    if counted.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
        Ok(counted)
    } else {
        Err(ReferenceError::Character)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::parse(text)
    }
}

impl AsRef<str> for Reference {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0.into()
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn trap_27_the_misprinted_references_of_the_statement_page_are_refused() {
        assert_eq!(Reference::parse("8523201"), Err(ReferenceError::Control));
        assert_eq!(Reference::parse("8401529"), Err(ReferenceError::Control));
        assert_eq!(Reference::with_control("23201").unwrap().as_str(), "4423201");
    }

    #[test]
    fn the_references_of_the_source_document_hold() {
        for text in ["86004934268220007912", "28070794239110001820"] {
            assert_eq!(Reference::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn hyphens_do_not_count_and_blanks_are_taken_out() {
        for text in ["88RN-2024-15", "88-RN-2024-15", "88 RN 2024 15", "8-8RN202415"] {
            assert_eq!(Reference::parse(text).unwrap().compact(), "88RN202415", "{text}");
        }
        assert_eq!(Reference::parse("88RN-2024-15").unwrap().width(), 12);
    }

    #[test]
    fn other_forms_are_refused_with_their_reason() {
        for (text, error) in [
            ("", ReferenceError::Length),
            ("8", ReferenceError::Length),
            ("68", ReferenceError::Length),
            ("98-", ReferenceError::Length),
            ("A8601", ReferenceError::Character),
            ("86a1", ReferenceError::Character),
            ("86\u{410}1", ReferenceError::Character),
            ("86A/1", ReferenceError::Character),
            ("87004934268220007912", ReferenceError::Control),
        ] {
            assert_eq!(Reference::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(Reference::with_control("-"), Err(ReferenceError::Length));
    }

    #[test]
    fn exactly_three_swaps_of_a_digit_and_a_letter_write_the_same_number() {
        let mut unseen = Vec::new();
        for digit in '0'..='9' {
            for letter in 'A'..='Z' {
                let right = Reference::with_control(&format!("{digit}{letter}")).unwrap();
                let swapped = format!("{}{letter}{digit}", &right.as_str()[..2]);
                if Reference::parse(&swapped).is_ok() {
                    unseen.push(format!("{digit}{letter}"));
                }
            }
        }
        assert_eq!(unseen, ["1B", "2M", "3X"]);
    }

    fn references() -> impl Strategy<Value = Reference> {
        "[A-Z0-9-]{0,9}[A-Z0-9][A-Z0-9-]{0,9}"
            .prop_map(|body| Reference::with_control(&body).unwrap())
    }

    proptest! {
        #[test]
        fn formatting_and_parsing_are_inverses(reference in references()) {
            let printed = reference.to_string();
            prop_assert_eq!(Reference::parse(&printed), Ok(reference.clone()));
            let compact = Reference::parse(&reference.compact()).unwrap();
            prop_assert_eq!(compact.compact(), reference.compact());
        }

        #[test]
        fn any_wrong_digit_or_letter_is_refused(
            reference in references(), place in any::<prop::sample::Index>(), by in 1_u8..26,
        ) {
            let mut wrong = reference.compact().into_bytes();
            let place = place.index(wrong.len());
            let (first, count) = if wrong[place].is_ascii_digit() { (b'0', 10) } else { (b'A', 26) };
            prop_assume!(by % count != 0);
            wrong[place] = first + (wrong[place] - first + by) % count;
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert_eq!(Reference::parse(&wrong), Err(ReferenceError::Control));
        }

        #[test]
        fn any_two_swapped_neighbours_of_a_kind_are_refused(
            reference in references(), place in any::<prop::sample::Index>(),
        ) {
            let mut wrong = reference.compact().into_bytes();
            let place = place.index(wrong.len() - 1);
            let (one, other) = (wrong[place], wrong[place + 1]);
            prop_assume!(one != other && one.is_ascii_digit() == other.is_ascii_digit());
            wrong.swap(place, place + 1);
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert_eq!(Reference::parse(&wrong), Err(ReferenceError::Control));
        }

        #[test]
        fn no_text_makes_parsing_panic(text in "\\PC{0,30}", near in "[0-9A-Z -]{0,24}") {
            for text in [text, near] {
                if let Ok(reference) = Reference::parse(&text) {
                    prop_assert!(reference.width() >= 3);
                }
            }
        }
    }
}
