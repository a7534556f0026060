//! Vectors from KSeF's documentation and from outside, and properties.
//!
//! `fixtures/ksef/vectors/numbers/numbers.json` says of each number where it comes from.

use std::{fs, path::Path};

use chrono::NaiveDate;
use common_core::ident::Nip;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn fixture(name: &str) -> Value {
    let folder = "../../fixtures/ksef/vectors/numbers";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn rows(file: &Value, key: &str) -> Vec<(String, Value)> {
    let rows = file[key].as_array().unwrap();
    assert!(!rows.is_empty(), "{key}");
    rows.iter().map(|row| (row["number"].as_str().unwrap().to_owned(), row.clone())).collect()
}

#[test]
fn checksum_of_ksef_numbers_agrees_with_another_implementation() {
    for (text, row) in rows(&fixture("numbers.json"), "ksef_numbers_2") {
        let number = KsefNumber::parse(&text).unwrap();
        assert_eq!(number.checksum_ok(), row["checksum_ok"].as_bool(), "{text}");
    }
}

#[test]
fn checksum_of_other_numbers_agrees_with_another_implementation() {
    let file = fixture("numbers.json");
    for (text, row) in rows(&file, "reference_numbers_2") {
        let number = ReferenceNumber::parse(&text).unwrap();
        assert_eq!(Some(number.checksum_ok()), row["checksum_ok"].as_bool(), "{text}");
    }
    for (text, row) in rows(&file, "collective_identifiers") {
        let number = CollectiveIdentifier::parse(&text).unwrap();
        assert_eq!(number.checksum_ok(), row["checksum_ok"].as_bool(), "{text}");
    }
    for (text, row) in rows(&file, "internal_ids") {
        let number = InternalId::parse(&text).unwrap();
        assert_eq!(Some(number.checksum_ok()), row["checksum_ok"].as_bool(), "{text}");
    }
}

#[test]
fn numbers_of_ksef_1_are_read_and_never_judged_by_the_checksum_of_2() {
    let file = fixture("numbers.json");
    for (text, _) in rows(&file, "ksef_numbers_1") {
        let number = KsefNumber::parse(&text).unwrap();
        assert_eq!(number.checksum_ok(), None, "{text}");
        assert_eq!(number.compact().as_str().len(), 35, "{text}");
    }
    for (text, _) in rows(&file, "reference_numbers_1") {
        assert!(ReferenceNumber::parse(&text).is_ok(), "{text}");
    }
}

#[test]
fn parts_of_a_ksef_number_are_where_the_schema_puts_them() {
    let number = KsefNumber::parse("4904089735-20220125-48BA3C-65D074-93").unwrap();
    assert_eq!(number.issuer(), "4904089735");
    assert_eq!(number.nip(), Nip::parse("4904089735").ok());
    assert_eq!(number.date(), NaiveDate::from_ymd_opt(2022, 1, 25));
    assert_eq!(number.technical_part(), "48BA3C-65D074");
    assert_eq!(number.checksum(), "93");
    let compact = number.compact();
    assert_eq!(compact.technical_part(), "48BA3C65D074");
    assert_eq!((compact.checksum(), compact.compact()), ("93", compact.clone()));
}

#[test]
fn ksef_number_may_begin_with_other_identifiers_than_a_nip() {
    for issuer in ["M123456789", "ABC1234567"] {
        let number = KsefNumber::parse(&format!("{issuer}-20260201-0100001AF629-00")).unwrap();
        assert_eq!((number.issuer(), number.nip()), (issuer, None));
    }
}

#[test]
fn ksef_number_of_another_form_is_refused() {
    for text in [
        "",
        "5265877635-20250826-0100001AF629-A",
        "5265877635-20250826-0100001AF629-AFF",
        "5265877635-20250826-0100001AF629-af",
        "5265877635-20250826-0100001Af629-AF",
        "5265877635-20250826-0100001AF62G-AF",
        "5265877635-20250826-01000-01AF629-AF",
        "0265877635-20250826-0100001AF629-AF",
        "5005877635-20250826-0100001AF629-AF",
        "5265877635-20191231-0100001AF629-AF",
        "5265877635-20250026-0100001AF629-AF",
        "5265877635-20251326-0100001AF629-AF",
        "5265877635-20250800-0100001AF629-AF",
        "5265877635-20250832-0100001AF629-AF",
        "5265877635_20250826-0100001AF629-AF",
        " 5265877635-20250826-0100001AF629-AF",
        "526587763\u{0665}-20250826-0100001AF629-A",
        "M12345678A-20250826-0100001AF629-AF",
        // A nine-digit NIP as in two example links of specification 1.9, chapter 16.2.
        "111111111-20211231-62180B-218DB0-C0",
    ] {
        let error = KsefNumber::parse(text).unwrap_err();
        assert_eq!(error.number, Number::Ksef, "{text}");
    }
}

#[test]
fn day_that_the_calendar_does_not_have_is_read_and_has_no_date() {
    let number = KsefNumber::parse("5265877635-20250231-0100001AF629-AF").unwrap();
    assert_eq!((number.date(), number.checksum_ok()), (None, Some(false)));
}

#[test]
fn composed_ksef_number_is_refused_when_the_schema_has_no_such_number() {
    let (nip, day) =
        (Nip::parse("5265877635").unwrap(), |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap());
    assert!(KsefNumber::compose(&nip, day(2026), [0; 6]).is_ok());
    assert!(KsefNumber::compose(&nip, day(2019), [0; 6]).is_err());
    assert!(KsefNumber::compose(&nip, day(10_000), [0; 6]).is_err());
    assert!(KsefNumber::compose(&Nip::parse("0000000000").unwrap(), day(2026), [0; 6]).is_err());
}

#[test]
fn reference_number_tells_what_it_stands_for() {
    for (code, kind) in [
        ("AU", ReferenceKind::Authentication),
        ("SO", ReferenceKind::OnlineSession),
        ("SE", ReferenceKind::Session),
        ("EC", ReferenceKind::Token),
        ("Z9", ReferenceKind::Unknown),
    ] {
        let number = ReferenceNumber::parse(&format!("20251001-{code}-220B0CE000-E228129563-96"));
        let number = number.unwrap();
        assert_eq!((number.kind(), number.code()), (kind, code));
        assert_eq!(number.date(), NaiveDate::from_ymd_opt(2025, 10, 1));
    }
    for text in [
        "20251001-ec-220B0CE000-E228129563-96",
        "20251001-EC-220B0CE000-E22812956-396",
        "20191001-EC-220B0CE000-E228129563-96",
        "2025101-EC-220B0CE0000-E228129563-96",
    ] {
        assert!(ReferenceNumber::parse(text).is_err(), "{text}");
    }
}

#[test]
fn vat_numbers_have_the_form_of_their_country() {
    for vat in [
        "ATU12345678",
        "BE0123456789",
        "BE1123456789",
        "BG123456789",
        "BG1234567890",
        "CY12345678X",
        "CZ12345678",
        "CZ1234567890",
        "DE123456789",
        "DK12345678",
        "EE123456789",
        "EL123456789",
        "ESX12345678",
        "ES12345678X",
        "ESX1234567X",
        "FI12345678",
        "FRAB123456789",
        "FR12123456789",
        "HR12345678901",
        "HU12345678",
        "IE1234567WA",
        "IE1A12345B",
        "IE1+12345B",
        "IT12345678901",
        "LT123456789",
        "LT123456789012",
        "LU12345678",
        "LV12345678901",
        "MT12345678",
        "NL123456789B01",
        "NL+*3456789B01",
        "PT123456789",
        "RO12",
        "RO1234567890",
        "SE123456789012",
        "SI12345678",
        "SK1234567890",
        "XI123456789",
        "XI123456789012",
        "XIGD123",
        "XIHA123",
    ] {
        let pair = NipVatUe::parse(&format!("1111111111-{vat}")).unwrap();
        assert_eq!((pair.nip().as_str(), pair.vat()), ("1111111111", vat));
    }
    for vat in [
        "",
        "AT12345678",
        "BE2123456789",
        "BG12345678",
        "CZ1234567",
        "DE12345678",
        "DE1234567890",
        "GR123456789",
        "ES123456789",
        "FRA+123456789",
        "IE1234567",
        "NL123456789b01",
        "RO1",
        "RO12345678901",
        "LT1234567890",
        "XIGB123",
        "GB123456789",
        "PL1111111111",
        "de123456789",
    ] {
        assert!(NipVatUe::parse(&format!("1111111111-{vat}")).is_err(), "{vat}");
    }
    assert!(NipVatUe::parse("0111111111-DE123456789").is_err());
}

#[test]
fn context_is_read_by_its_kind() {
    for (kind, value) in [
        ("Nip", "5265877635"),
        ("InternalId", "6824515772-12343"),
        ("NipVatUe", "1111111111-DE123456789"),
        ("PeppolId", "PPL000001"),
    ] {
        let context = ContextIdentifier::parse(kind, value).unwrap();
        assert_eq!((context.kind(), context.value()), (kind, value));
        assert_eq!(context.to_string(), format!("{kind}/{value}"));
        for other in ["Nip", "InternalId", "NipVatUe", "PeppolId"] {
            assert_eq!(ContextIdentifier::parse(other, value).is_ok(), other == kind);
        }
    }
    // Separators that a NIP may have elsewhere would change a signed link.
    assert!(ContextIdentifier::parse("Nip", "526-587-76-35").is_err());
}

#[test]
fn numbers_are_json_strings() {
    let text = "\"5265877635-20250826-0100001AF629-AF\"";
    let number: KsefNumber = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&number).unwrap(), text);
    let error = serde_json::from_str::<PeppolId>("\"PPL00\"").unwrap_err().to_string();
    assert!(error.contains("not a valid Peppol identifier") && !error.contains("PPL00"), "{error}");
    assert!(serde_json::from_str::<InternalId>("682451577212343").is_err());
}

/// A number of KSeF 2.0 with the right checksum.
fn ksef_number() -> impl Strategy<Value = KsefNumber> {
    ("[1-9][1-9][0-9]{8}", 0_i64..29_000, any::<[u8; 6]>()).prop_map(|(nip, days, technical)| {
        let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        let date = first + chrono::TimeDelta::days(days);
        KsefNumber::compose(&Nip::parse(&nip).unwrap(), date, technical).unwrap()
    })
}

proptest! {
    #[test]
    fn printing_and_parsing_a_number_gives_it_back(
        number in ksef_number(),
        ksef in "[1-9][1-9][0-9]{8}-20[2-9][0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])-[0-9A-F]{6}-?[0-9A-F]{6}-[0-9A-F]{2}",
        reference in "20[2-9][0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])-[0-9A-Z]{2}-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2}",
        collective in "[1-9][1-9][0-9]{8}-IZ20[2-9][0-9](0[1-9]|1[0-2])-[0-9A-F]{12}-[0-9A-F]{2}",
        internal in "[1-9][1-9][0-9]{8}-[0-9]{5}",
        peppol in "P[A-Z]{2}[0-9]{6}",
        serial in "[0-9A-F]{16}",
    ) {
        prop_assert_eq!(number.checksum_ok(), Some(true));
        prop_assert_eq!(number.to_string().parse(), Ok(number));
        prop_assert_eq!(KsefNumber::parse(&ksef).unwrap().to_string(), ksef);
        prop_assert_eq!(ReferenceNumber::parse(&reference).unwrap().to_string(), reference);
        prop_assert_eq!(CollectiveIdentifier::parse(&collective).unwrap().to_string(), collective);
        prop_assert_eq!(InternalId::parse(&internal).unwrap().to_string(), internal);
        prop_assert_eq!(PeppolId::parse(&peppol).unwrap().to_string(), peppol);
        prop_assert_eq!(CertificateSerial::parse(&serial).unwrap().to_string(), serial);
    }

    #[test]
    fn one_changed_character_of_a_number_is_refused_or_breaks_its_checksum(
        number in ksef_number(),
        position in 0_usize..35,
        other in "[0-9A-F]",
    ) {
        let mut text = number.to_string();
        prop_assume!(text[position..=position] != other);
        text.replace_range(position..=position, &other);
        if let Ok(changed) = KsefNumber::parse(&text) {
            // A year before 2025 is not judged, since KSeF 1.x had another checksum.
            let judged = changed.date().is_none_or(|date| date.to_string().as_str() >= "2025");
            prop_assert_eq!(changed.checksum_ok(), judged.then_some(false));
        }
    }

    #[test]
    fn composed_internal_id_has_the_right_check_digit(nip in "[1-9][1-9][0-9]{8}", unit in 0_u16..10_000) {
        let id = InternalId::compose(&Nip::parse(&nip).unwrap(), unit).unwrap();
        prop_assert!(id.checksum_ok());
        prop_assert_eq!(id.nip().as_str(), nip);
    }

    #[test]
    fn no_text_makes_parsing_or_checking_panic(
        wild in ".{0,40}",
        near in "[0-9A-Z\u{104}-]{30,40}",
    ) {
        for text in [wild, near] {
            let _ = KsefNumber::parse(&text).map(|number| (number.checksum_ok(), number.date()));
            let _ = ReferenceNumber::parse(&text).map(|number| number.checksum_ok());
            let _ = CollectiveIdentifier::parse(&text).map(|number| number.checksum_ok());
            let _ = InternalId::parse(&text).map(|number| number.checksum_ok());
            let _ = NipVatUe::parse(&text);
            let _ = PeppolId::parse(&text);
            let _ = CertificateSerial::parse(&text);
            let _ = ContextIdentifier::parse(&text, &text);
        }
    }
}
