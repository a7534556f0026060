//! Vectors from outside, and properties.
//!
//! Unless a comment names another source, the numbers are random and were made and judged by
//! python-stdnum 2.2:
//! `pl.nip.is_valid`, `pl.pesel.calc_check_digit` and `get_birth_date`,
//! `cz.dic.calc_check_digit_legal` (the rule of the IČO), `sk.dph.is_valid` and
//! `iban.calc_check_digits`.
//! Its examples in the module documentation are used as well.

use chrono::NaiveDate;
use proptest::prelude::*;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::*;

#[test]
fn nip_checksum_agrees_with_vectors() {
    // The first two are examples of the cash register protocol's specifications, the third of
    // python-stdnum.
    for right in [
        "1234563218",
        "6970000802",
        "8567346215",
        "4942859575",
        "2179419893",
        "8979544025",
        "1703729684",
    ] {
        assert!(Nip::parse(right).unwrap().checksum_ok(), "{right}");
    }
    // The first is the taxpayer of the specification's own MFP example.
    for wrong in
        ["3360002458", "8567346216", "7307852598", "7825107365", "9812263087", "6277933458"]
    {
        assert!(!Nip::parse(wrong).unwrap().checksum_ok(), "{wrong}");
    }
}

#[test]
fn nip_with_remainder_ten_has_no_right_check_digit() {
    for digit in 0..10 {
        assert!(!Nip::parse(&format!("482311296{digit}")).unwrap().checksum_ok());
    }
}

#[test]
fn nip_is_read_with_separators_and_prefix() {
    for text in
        ["1234563218", "123-456-32-18", "PL1234563218", "pl 123 456 32 18", " PL-123-456-32-18 "]
    {
        assert_eq!(Nip::parse(text).unwrap().as_str(), "1234563218", "{text}");
    }
    for (text, flaw) in [
        ("", Flaw::Length),
        ("PL", Flaw::Length),
        ("12345632180", Flaw::Length),
        ("SK1234563218", Flaw::Character),
        ("PLPL1234563218", Flaw::Character),
        ("123456321\u{0668}", Flaw::Character),
    ] {
        assert_eq!(Nip::parse(text).unwrap_err().flaw, flaw, "{text}");
    }
}

#[test]
fn pesel_checksum_and_birth_date_agree_with_vectors() {
    for (text, year, month, day) in [
        ("44051401359", 1944, 5, 14),
        ("02211307589", 2002, 1, 13),
        ("02122401358", 1902, 12, 24),
        ("88880546553", 1888, 8, 5),
        ("99412784040", 2199, 1, 27),
        ("50722023715", 2250, 12, 20),
    ] {
        let pesel = Pesel::parse(text).unwrap();
        assert!(pesel.checksum_ok(), "{text}");
        assert_eq!(pesel.birth_date(), NaiveDate::from_ymd_opt(year, month, day), "{text}");
    }
    let impossible_day = Pesel::parse("02381307589").unwrap();
    assert!(impossible_day.checksum_ok());
    assert_eq!(impossible_day.birth_date(), None);
    assert!(!Pesel::parse("44051401358").unwrap().checksum_ok());
}

#[test]
fn pesel_stays_out_of_debug_output_and_errors() {
    let pesel = Pesel::parse("44051401359").unwrap();
    assert_eq!(format!("{:?}", Some(&pesel)), "Some(Pesel([redacted]))");
    assert_eq!(pesel.to_string(), "44051401359");
    let error = serde_json::from_value::<Pesel>(json!("4405140135X")).unwrap_err();
    assert_eq!(error.to_string(), "not a valid PESEL (11 digits): unexpected character");
    assert!(!format!("{error:?}").contains("4405140135"));
}

#[test]
fn ico_checksum_agrees_with_vectors() {
    // The second to fifth leave the remainders 0, 1, 10 and 5; the first is python-stdnum's own
    // example.
    for right in ["25123891", "72023741", "13711300", "28546741", "73270296"] {
        assert!(Ico::parse(right).unwrap().checksum_ok(), "{right}");
    }
    for wrong in ["25123890", "52759119", "68006237", "41309941"] {
        assert!(!Ico::parse(wrong).unwrap().checksum_ok(), "{wrong}");
    }
}

#[test]
fn slovak_tax_numbers_are_right_when_divisible_by_eleven() {
    for right in ["2022749619", "8893686758", "4971566116", "5425587673", "9896655021"] {
        assert!(Dic::parse(right).unwrap().checksum_ok(), "{right}");
        assert!(IcDph::parse(&format!("SK{right}")).unwrap().checksum_ok(), "{right}");
    }
    for wrong in ["2022749618", "0999909488", "3223547465", "9990672680"] {
        assert!(!Dic::parse(wrong).unwrap().checksum_ok(), "{wrong}");
        assert!(!IcDph::parse(&format!("SK{wrong}")).unwrap().checksum_ok(), "{wrong}");
    }
}

#[test]
fn dic_and_ic_dph_are_not_taken_for_each_other() {
    assert_eq!(Dic::parse("SK2022749619").unwrap_err().flaw, Flaw::Character);
    assert_eq!(IcDph::parse("2022749619").unwrap_err().flaw, Flaw::Prefix);
    assert_eq!(IcDph::parse("CZ2022749619").unwrap_err().flaw, Flaw::Prefix);
    assert_eq!(IcDph::parse("SK 202 274 96 1").unwrap_err().flaw, Flaw::Length);
}

#[test]
fn iban_checksum_agrees_with_vectors() {
    // The first six are published examples: the ISO registry's, then python-stdnum's.
    for right in [
        "SK3112000000198742637541",
        "DE89370400440532013000",
        "GB82WEST12345698765432",
        "PL61109010140000071219812874",
        "GR1601101050000010547023795",
        "BE31435411161155",
        "CZ6683740718818174143337",
        "RS37761740931925449920",
        "PL78707413748477718341704718",
        "MT36ABCDZ9Z9Z9Z9Z9Z9",
        "SK9777616363576688419074",
        "SK9881824947323795044801",
        "SK0271478089033721189139",
        "SK0321510475510275426384",
    ] {
        assert!(Iban::parse(right).unwrap().checksum_ok(), "{right}");
    }
    for wrong in ["DE88370400440532013000", "GB82WEST12345698765423", "SK3112000000198742637542"] {
        assert!(!Iban::parse(wrong).unwrap().checksum_ok(), "{wrong}");
    }
}

#[test]
fn iban_check_digits_outside_02_to_98_are_wrong_although_the_remainder_fits() {
    for twin in ["SK0081824947323795044801", "SK0181824947323795044801", "SK9971478089033721189139"]
    {
        assert!(!Iban::parse(twin).unwrap().checksum_ok(), "{twin}");
    }
}

#[test]
fn iban_is_stored_compact_and_upper_case() {
    let iban = Iban::parse(" gb82 west 1234 5698 7654 32").unwrap();
    assert_eq!(iban.as_str(), "GB82WEST12345698765432");
    for (text, flaw) in [
        ("GB82WEST123456", Flaw::Length),
        ("GB82WEST123456789012345678901234567", Flaw::Length),
        ("GBX2WEST12345698765432", Flaw::Prefix),
        ("G182WEST12345698765432", Flaw::Prefix),
        ("GB82WËST12345698765432", Flaw::Character),
    ] {
        assert_eq!(Iban::parse(text).unwrap_err().flaw, flaw, "{text}");
    }
}

#[test]
fn error_names_the_form_and_never_the_value() {
    let error = IcDph::parse("SK123").unwrap_err();
    assert_eq!(error.to_string(), "not a valid IČ DPH (the prefix SK and 10 digits): wrong length");
    assert_eq!(error.identifier, Identifier::IcDph);
}

#[test]
fn identifiers_are_read_from_json_numbers_only_when_no_zero_is_lost() {
    assert_eq!(serde_json::from_str::<Nip>("1234563218").unwrap().as_str(), "1234563218");
    assert_eq!(serde_json::from_value::<Ico>(json!(73_270_296)).unwrap().as_str(), "73270296");
    // 00312345 as a number has six digits left.
    assert!(serde_json::from_str::<Ico>("312345").is_err());
    assert!(serde_json::from_str::<Ico>("73270296.0").is_err());
    assert!(serde_json::from_str::<Ico>("null").is_err());
}

#[derive(Deserialize)]
struct Partner<T> {
    #[serde(flatten)]
    numbers: Numbers<T>,
}

#[derive(Deserialize)]
struct Numbers<T> {
    number: Option<T>,
}

fn flattened<T: DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str::<Partner<T>>(json).unwrap().numbers.number
}

#[test]
fn identifiers_are_read_inside_flattened_structs() {
    assert_eq!(flattened::<Dic>(r#"{"number":"2022749619"}"#).unwrap().as_str(), "2022749619");
    assert_eq!(flattened::<Dic>(r#"{"number":2022749619}"#).unwrap().as_str(), "2022749619");
    assert_eq!(flattened::<Iban>(r#"{"number":null}"#), None);
    assert_eq!(flattened::<Iban>("{}"), None);
}

#[test]
fn identifiers_are_written_as_json_strings() {
    assert_eq!(
        serde_json::to_value(Ico::parse("00 31 23 45").unwrap()).unwrap(),
        json!("00312345")
    );
    assert_eq!(String::from("73270296").try_into(), Ico::parse("73270296"));
}

fn printed(identifier: &impl std::fmt::Display) -> String {
    identifier.to_string()
}

proptest! {
    #[test]
    fn printing_and_parsing_an_identifier_gives_it_back(
        eight in "[0-9]{8}",
        ten in "[0-9]{10}",
        eleven in "[0-9]{11}",
        iban in "[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}",
    ) {
        let ico = Ico::parse(&eight).unwrap();
        prop_assert_eq!(Ico::parse(&printed(&ico)), Ok(ico));
        let nip = Nip::parse(&ten).unwrap();
        prop_assert_eq!(Nip::parse(&printed(&nip)), Ok(nip));
        let dic = Dic::parse(&ten).unwrap();
        prop_assert_eq!(Dic::parse(&printed(&dic)), Ok(dic));
        let ic_dph = IcDph::parse(&format!("sk{ten}")).unwrap();
        prop_assert_eq!(IcDph::parse(&printed(&ic_dph)), Ok(ic_dph));
        let pesel = Pesel::parse(&eleven).unwrap();
        prop_assert_eq!(Pesel::parse(&printed(&pesel)), Ok(pesel));
        let iban = Iban::parse(&iban).unwrap();
        prop_assert_eq!(Iban::parse(&printed(&iban)), Ok(iban));
    }

    #[test]
    fn one_changed_digit_breaks_the_iban_checksum(position in 2_usize..24, shift in 1_u8..10) {
        let mut text = String::from("SK3112000000198742637541").into_bytes();
        text[position] = b'0' + (text[position] - b'0' + shift) % 10;
        let changed = Iban::parse(std::str::from_utf8(&text).unwrap()).unwrap();
        prop_assert!(!changed.checksum_ok());
    }

    #[test]
    fn one_changed_digit_breaks_the_divisibility_by_eleven(position in 0_usize..10, shift in 1_u8..10) {
        let mut text = String::from("2022749619").into_bytes();
        text[position] = b'0' + (text[position] - b'0' + shift) % 10;
        prop_assert!(!Dic::parse(std::str::from_utf8(&text).unwrap()).unwrap().checksum_ok());
    }

    #[test]
    fn no_text_makes_parsing_or_checking_panic(text in ".{0,40}", digits in "[A-Za-z0-9 -]{0,40}") {
        for text in [text, digits] {
            let _ = Nip::parse(&text).map(|nip| nip.checksum_ok());
            let _ = Pesel::parse(&text).map(|pesel| (pesel.checksum_ok(), pesel.birth_date()));
            let _ = Ico::parse(&text).map(|ico| ico.checksum_ok());
            let _ = Dic::parse(&text).map(|dic| dic.checksum_ok());
            let _ = IcDph::parse(&text).map(|ic_dph| ic_dph.checksum_ok());
            let _ = Iban::parse(&text).map(|iban| iban.checksum_ok());
        }
    }
}
