//! Payment codes (šifra plaćanja): the form and the ground of a payment in three digits.
//!
//! The list is annex 3 of the National Bank's decision on the forms of payment orders; it changes, so a code that is not on
//! it is never refused for that (ePP facts §5).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::scalar::{self, FromScalar, Scalar};

/// A payment code: the first digit is the form, the other two the ground.
///
/// Any number can be held, since an answer may carry any; [`is_well_formed`](Self::is_well_formed) tells whether it has three
/// digits.
/// In JSON it is a number.
///
/// ```
/// use epp_client::rules::{PaymentCode, PaymentForm};
///
/// let code = PaymentCode::from(221);
/// assert_eq!(code.form(), Some(PaymentForm::Cashless));
/// assert_eq!(code.ground().map(|ground| ground.code), Some(21));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PaymentCode(i64);

/// The form of a payment: the first digit of a payment code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PaymentForm {
    /// 1, in cash (gotovinski).
    Cash,
    /// 2, a transfer (bezgotovinski).
    Cashless,
    /// 3, clearing (obračunski).
    Clearing,
    /// 9, reposting of what was overpaid or wrongly paid (preknjižavanje).
    Reposting,
}

/// The ground of a payment: the last two digits of a payment code, with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ground {
    /// The two digits, as a number.
    pub code: u8,
    /// The official name in Serbian.
    pub serbian: &'static str,
    /// What it means, in English.
    pub english: &'static str,
}

impl PaymentCode {
    /// The code as a number.
    pub fn number(self) -> i64 {
        self.0
    }

    /// Whether it has three digits and does not begin with 0.
    pub fn is_well_formed(self) -> bool {
        (100..=999).contains(&self.0)
    }

    /// The form of the payment, when it is a known one.
    pub fn form(self) -> Option<PaymentForm> {
        match self.0 {
            100..=199 => Some(PaymentForm::Cash),
            200..=299 => Some(PaymentForm::Cashless),
            300..=399 => Some(PaymentForm::Clearing),
            900..=999 => Some(PaymentForm::Reposting),
            _ => None,
        }
    }

    /// The ground of the payment, when it is a known one.
    pub fn ground(self) -> Option<&'static Ground> {
        let code = self.0 % 100;
        Ground::ALL.iter().find(|ground| self.is_well_formed() && i64::from(ground.code) == code)
    }
}

impl From<u16> for PaymentCode {
    fn from(code: u16) -> Self {
        Self(code.into())
    }
}

impl fmt::Display for PaymentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromScalar for PaymentCode {
    fn from_scalar(scalar: Scalar) -> Result<Option<Self>, &'static str> {
        Ok(i64::from_scalar(scalar)?.map(Self))
    }
}

impl<'de> Deserialize<'de> for PaymentCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar::required(deserializer)
    }
}

impl Ground {
    /// All grounds, by their code.
    pub const ALL: &'static [Self] = GROUNDS;
}

const fn ground(code: u8, serbian: &'static str, english: &'static str) -> Ground {
    Ground { code, serbian, english }
}

const GROUNDS: &[Ground] = &[
    ground(
        20,
        "Promet robe i usluga - međufazna potrošnja",
        "goods and services, for further production",
    ),
    ground(
        21,
        "Promet robe i usluga - finalna potrošnja",
        "goods and services, for final consumption",
    ),
    ground(22, "Usluge javnih preduzeća", "services of public enterprises"),
    ground(23, "Investicije u objekte i opremu", "investment in buildings and equipment"),
    ground(24, "Investicije - ostalo", "other investment"),
    ground(25, "Zakupnine stvari u javnoj svojini", "rent of public property"),
    ground(26, "Zakupnine", "rent"),
    ground(
        27,
        "Subvencije, regresi i premije s posebnih računa",
        "subsidies and premiums from special accounts",
    ),
    ground(
        28,
        "Subvencije, regresi i premije s ostalih računa",
        "subsidies and premiums from other accounts",
    ),
    ground(29, "Digitalna imovina", "digital assets"),
    ground(30, "Promet nepokretnosti", "sale of real estate"),
    ground(31, "Carine i druge uvozne dažbine", "customs and other import duties"),
    ground(40, "Zarade i druga primanja zaposlenih", "wages and other income of employees"),
    ground(
        41,
        "Neoporeziva primanja zaposlenih, socijalna i druga davanja izuzeta od oporezivanja",
        "untaxed income of employees, social and other benefits",
    ),
    ground(42, "Naknade zarada na teret poslodavca", "wage compensation borne by the employer"),
    ground(
        44,
        "Isplate preko omladinskih i studentskih zadruga",
        "payments through youth and student cooperatives",
    ),
    ground(45, "Penzije", "pensions"),
    ground(46, "Obustave od penzija i zarada", "deductions from pensions and wages"),
    ground(47, "Naknade zarada na teret drugih isplatilaca", "wage compensation borne by others"),
    ground(
        48,
        "Prihodi fizičkih lica od kapitala i drugih imovinskih prava",
        "income of persons from capital and other property rights",
    ),
    ground(49, "Ostali prihodi fizičkih lica", "other income of persons"),
    ground(
        53,
        "Uplata javnih prihoda izuzev poreza i doprinosa po odbitku",
        "public revenue other than withheld taxes",
    ),
    ground(54, "Uplata poreza i doprinosa po odbitku", "withheld taxes and contributions"),
    ground(
        57,
        "Povraćaj više naplaćenih ili pogrešno naplaćenih tekućih prihoda",
        "refund of overpaid current revenue",
    ),
    ground(
        58,
        "Preknjižavanje više uplaćenih ili pogrešno uplaćenih tekućih prihoda",
        "reposting of overpaid current revenue",
    ),
    ground(60, "Premije osiguranja i nadoknada štete", "insurance premiums and damages"),
    ground(61, "Raspored tekućih prihoda", "distribution of current revenue"),
    ground(62, "Transferi u okviru državnih organa", "transfers between state bodies"),
    ground(63, "Ostali transferi", "other transfers"),
    ground(
        64,
        "Prenos sredstava iz budžeta za obezbeđenje povraćaja više naplaćenih tekućih prihoda",
        "budget funds for refunds of revenue",
    ),
    ground(65, "Uplata pazara", "daily takings"),
    ground(66, "Isplata gotovine", "cash withdrawal"),
    ground(70, "Kratkoročni krediti", "short-term loans"),
    ground(71, "Dugoročni krediti", "long-term loans"),
    ground(72, "Aktivna kamata", "interest earned"),
    ground(73, "Polaganje oročenih depozita", "time deposits made"),
    ground(75, "Ostali plasmani", "other placements"),
    ground(76, "Otplata kratkoročnih kredita", "repayment of short-term loans"),
    ground(77, "Otplata dugoročnih kredita", "repayment of long-term loans"),
    ground(78, "Povraćaj oročenih depozita", "return of time deposits"),
    ground(79, "Pasivna kamata", "interest paid"),
    ground(80, "Eskont hartija od vrednosti", "discount of securities"),
    ground(81, "Pozajmice osnivača za likvidnost", "founder's loan for liquidity"),
    ground(82, "Povraćaj pozajmice za likvidnost osnivaču", "return of a founder's loan"),
    ground(83, "Naplata čekova građana", "cheques of citizens"),
    ground(84, "Platne kartice", "payment cards"),
    ground(85, "Menjački poslovi", "currency exchange"),
    ground(86, "Kupoprodaja deviza", "purchase and sale of foreign currency"),
    ground(87, "Donacije i sponzorstva", "donations and sponsorship"),
    ground(88, "Donacije", "donations"),
    ground(89, "Transakcije po nalogu građana", "transactions ordered by citizens"),
    ground(90, "Druge transakcije", "other transactions"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_a_form_and_a_ground() {
        for (code, form, ground) in [
            (221, Some(PaymentForm::Cashless), Some(21)),
            (165, Some(PaymentForm::Cash), Some(65)),
            (390, Some(PaymentForm::Clearing), Some(90)),
            (957, Some(PaymentForm::Reposting), Some(57)),
            (270, Some(PaymentForm::Cashless), Some(70)),
            (299, Some(PaymentForm::Cashless), None),
            (521, None, Some(21)),
            (21, None, None),
            (1221, None, None),
        ] {
            let payment_code = PaymentCode::from(code);
            assert_eq!(payment_code.form(), form, "{code}");
            assert_eq!(payment_code.ground().map(|ground| ground.code), ground, "{code}");
        }
    }

    #[test]
    fn grounds_are_in_order_and_named() {
        assert!(Ground::ALL.is_sorted_by(|one, other| one.code < other.code));
        assert!(Ground::ALL.iter().all(|g| !g.serbian.is_empty() && !g.english.is_empty()));
    }

    #[test]
    fn any_number_is_read_from_a_number_or_a_text_and_written_as_a_number() {
        let code: PaymentCode = serde_json::from_str("\"221\"").unwrap();
        assert_eq!(serde_json::to_string(&code).unwrap(), "221");
        let odd: PaymentCode = serde_json::from_str("-7").unwrap();
        assert!(!odd.is_well_formed());
        assert!(serde_json::from_str::<PaymentCode>("\"22A\"").is_err());
    }
}
