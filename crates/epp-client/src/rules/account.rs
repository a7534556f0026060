//! Serbian bank accounts: 3 digits of the bank, 13 of the number, 2 of control (ePP facts §5).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::mod97;

/// A bank account of 18 digits whose control number is right.
///
/// Parsing takes 18 digits, or the three parts with hyphens and a shortened number, as people write them; blanks do not
/// count.
/// [`Display`](fmt::Display) writes the 18 digits, the form the service takes; [`short`](Self::short) the other.
///
/// ```
/// use epp_client::rules::{Account, AccountError};
///
/// let account = Account::parse("840-1624-09")?;
/// assert_eq!(account.to_string(), "840000000000162409");
/// assert_eq!(account.short(), "840-1624-09");
/// assert_eq!(Account::parse("840-1624-90"), Err(AccountError::Control));
/// # Ok::<(), AccountError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(Box<str>);

/// Why a text is no account; the text itself is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// There are not 18 digits, or the parts between hyphens are not of 3, up to 13 and 2 digits.
    #[error("an account has 18 digits, or parts of 3, up to 13 and 2 digits between hyphens")]
    Length,
    /// There is something other than digits, hyphens and blanks.
    #[error("an account consists of digits, hyphens and blanks")]
    Character,
    /// The control number does not follow from the other digits.
    #[error("the control number of the account does not fit")]
    Control,
}

/// Digits of the bank.
const BANK: usize = 3;
/// Digits of the bank and the number.
const BODY: usize = 16;

impl Account {
    /// The code of the Treasury among the banks.
    pub const TREASURY: &'static str = "840";

    /// Reads an account, in full or with hyphens and a shortened number.
    pub fn parse(text: &str) -> Result<Self, AccountError> {
        let kept: String = text.chars().filter(|c| !is_blank(*c)).collect();
        if !kept.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return Err(AccountError::Character);
        }
        let digits = if kept.contains('-') { joined(&kept)? } else { kept };
        if digits.len() != BODY + 2 {
            return Err(AccountError::Length);
        }
        let (body, control) = digits.split_at(BODY);
        if control != format!("{:02}", mod97::control(body)) {
            return Err(AccountError::Control);
        }
        Ok(Self(digits.into()))
    }

    /// The account with this number at a bank, with the control number computed.
    ///
    /// `bank` has 3 digits, `number` 1 to 13.
    pub fn with_control(bank: &str, number: &str) -> Result<Self, AccountError> {
        let body = joined(&format!("{bank}-{number}-00"))?;
        let body = body.get(..BODY).ok_or(AccountError::Length)?;
        if !body.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AccountError::Character);
        }
        Ok(Self(format!("{body}{:02}", mod97::control(body)).into()))
    }

    /// All 18 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bank, 3 digits.
    pub fn bank(&self) -> &str {
        &self.0[..BANK]
    }

    /// The number within the bank (partija), 13 digits; what the paths of the service ask for.
    pub fn number(&self) -> &str {
        &self.0[BANK..BODY]
    }

    /// The control number, 2 digits.
    pub fn control(&self) -> &str {
        &self.0[BODY..]
    }

    /// The form people write: hyphens, and the number without leading zeros.
    pub fn short(&self) -> String {
        let number = self.number().trim_start_matches('0');
        let number = if number.is_empty() { "0" } else { number };
        format!("{}-{number}-{}", self.bank(), self.control())
    }
}

/// The 18 digits of the three parts between hyphens.
fn joined(text: &str) -> Result<String, AccountError> {
    let mut parts = text.split('-');
    let (Some(bank), Some(number), Some(control), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(AccountError::Length);
    };
    let is_whole = bank.len() == BANK && (1..=BODY - BANK).contains(&number.len());
    if !is_whole || control.len() != 2 {
        return Err(AccountError::Length);
    }
    Ok(format!("{bank}{number:0>13}{control}"))
}

/// Blanks as people type them and as they come from documents.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{a0}')
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Account {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        Self::parse(text)
    }
}

impl AsRef<str> for Account {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Account> for String {
    fn from(account: Account) -> Self {
        account.0.into()
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Account {
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
    fn trap_27_the_misprinted_accounts_of_the_statement_page_are_refused() {
        assert_eq!(Account::parse("840-0000713121143-57"), Err(AccountError::Control));
        assert_eq!(Account::parse("160-0000000111111-16"), Err(AccountError::Control));
        let right = Account::parse("840-713121843-57").unwrap();
        assert_eq!(right.as_str(), "840000071312184357");
    }

    #[test]
    fn control_numbers_that_only_leave_remainder_one_are_refused() {
        // 00, 01 and 99 are congruent to 97, 98 and 02.
        for (wrong, right) in [
            ("840000000000007500", "840000000000007597"),
            ("840000000000001001", "840000000000001098"),
            ("840000000000004299", "840000000000004202"),
        ] {
            let remainder = wrong.parse::<u128>().unwrap() % 97;
            assert_eq!(remainder, 1, "the bare test would let {wrong} pass");
            assert_eq!(Account::parse(wrong), Err(AccountError::Control), "{wrong}");
            assert_eq!(Account::parse(right).unwrap().as_str(), right);
        }
    }

    #[test]
    fn forms_that_people_write_are_one_account() {
        for text in [
            "840000000000162409",
            "840-1624-09",
            "840-0000000001624-09",
            " 840 - 1624 - 09 ",
            "840 0000000001624 09",
            "840\u{a0}0000000001624\u{a0}09",
        ] {
            assert_eq!(Account::parse(text).unwrap().as_str(), "840000000000162409", "{text}");
        }
        assert_eq!(Account::with_control("840", "1624").unwrap().control(), "09");
    }

    #[test]
    fn other_forms_are_refused_with_their_reason() {
        for (text, error) in [
            ("", AccountError::Length),
            ("84000000000016240", AccountError::Length),
            ("8400000000001624090", AccountError::Length),
            ("840-162409", AccountError::Length),
            ("840--09", AccountError::Length),
            ("840-1624-9", AccountError::Length),
            ("84-1624-09", AccountError::Length),
            ("840-1624-09-", AccountError::Length),
            ("840 1624 09", AccountError::Length),
            ("84000000000016240A", AccountError::Character),
            ("840\u{2013}1624\u{2013}09", AccountError::Character),
            ("\u{ff18}40000000000162409", AccountError::Character),
        ] {
            assert_eq!(Account::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(Account::with_control("840", "12x"), Err(AccountError::Character));
        assert_eq!(Account::with_control("840", "12345678901234"), Err(AccountError::Length));
    }

    #[test]
    fn json_is_the_text_of_18_digits() {
        let account: Account = serde_json::from_str("\"840-1624-09\"").unwrap();
        assert_eq!(serde_json::to_string(&account).unwrap(), "\"840000000000162409\"");
        assert!(serde_json::from_str::<Account>("\"840-1624-90\"").is_err());
    }

    fn accounts() -> impl Strategy<Value = Account> {
        (0_u32..1000, 0_u64..10_000_000_000_000).prop_map(|(bank, number)| {
            Account::with_control(&format!("{bank:03}"), &number.to_string()).unwrap()
        })
    }

    proptest! {
        #[test]
        fn formatting_and_parsing_are_inverses(account in accounts()) {
            let printed = account.to_string();
            prop_assert_eq!(Account::parse(&printed), Ok(account.clone()));
            prop_assert_eq!(Account::parse(&account.short()), Ok(account));
        }

        #[test]
        fn any_wrong_digit_is_refused(account in accounts(), place in 0_usize..18, by in 1_u8..10) {
            let mut digits = account.as_str().as_bytes().to_vec();
            digits[place] = b'0' + (digits[place] - b'0' + by) % 10;
            let wrong = String::from_utf8(digits).unwrap();
            prop_assert_eq!(Account::parse(&wrong), Err(AccountError::Control));
        }

        #[test]
        fn any_two_swapped_neighbours_are_refused(account in accounts(), place in 0_usize..17) {
            let mut digits = account.as_str().as_bytes().to_vec();
            prop_assume!(digits[place] != digits[place + 1]);
            digits.swap(place, place + 1);
            let wrong = String::from_utf8(digits).unwrap();
            prop_assert_eq!(Account::parse(&wrong), Err(AccountError::Control));
        }

        #[test]
        fn no_text_makes_parsing_panic(text in "\\PC{0,30}", near in "[0-9 -]{0,24}") {
            for text in [text, near] {
                if let Ok(account) = Account::parse(&text) {
                    prop_assert_eq!(account.as_str().len(), 18);
                }
            }
        }
    }
}
