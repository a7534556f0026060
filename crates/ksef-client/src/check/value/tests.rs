//! Values of the kinds that forms have, good and bad.

use super::*;
use crate::check::table::FORMS;

/// What a value of the first element of that name in FA(3) is read as.
fn read_as(element: &str, text: &str) -> Result<String, String> {
    let form = FORMS[1];
    let contents = form.types.iter().map(|one| &one.content);
    let mut states = contents.filter_map(|content| match content {
        Content::Elements(states) => Some(*states),
        Content::Value(_) => None,
    });
    let state = states.find_map(|states| states.iter().find(|state| state.name == element));
    let Content::Value(value) = &form.types[usize::from(state.unwrap().of)].content else {
        panic!("{element} has no value");
    };
    read(value, form.types, text).map(Cow::into_owned)
}

#[test]
fn values_of_every_kind_are_told_from_others() {
    for (element, good, bad) in [
        (
            "P_1",
            &["2026-02-01", " 2026-02-01\n"][..],
            &["2026-02-30", "2026-02-01Z", "2005-12-31", "2050-01-02", ""][..],
        ),
        (
            "DataWytworzeniaFa",
            &["2026-02-01T12:00:00Z", "2026-02-01T12:00:00.123+02:00", "2026-02-01T12:00:00"],
            &["2025-08-31T23:59:59Z", "2025-09-01T00:00:00", "2026-02-01", "2051-01-01T00:00:00Z"],
        ),
        ("WariantFormularza", &["3", "+3", " 03 "], &["2", "3.0", "x", "", "300"]),
        (
            "P_15",
            &["0", "-1.50", "1234567890123456.99"],
            &["1,50", "01", "1.505", "12345678901234567", "+1", "1e2"],
        ),
        (
            "NIP",
            &["9999999999"],
            &[" 9999999999", "999999999", "0999999999", "9009999999", "99999999990"],
        ),
        ("P_16", &["1", "2"], &["0", "3"]),
        ("REGON", &["123456789", "12345678901234"], &["1234567890", ""]),
        ("KodKraju", &["PL", "DE"], &["pl", "XX", "", "PL "]),
        ("Email", &["a@b", " a@b "], &["a@", "ab", "@b"]),
        ("WKom", &["", " x "], &[]),
        ("NrWierszaFa", &["1", "14"], &["0", "-1", "1.5"]),
    ] {
        for text in good {
            assert!(
                read_as(element, text).is_ok(),
                "{element} {text:?} {:?}",
                read_as(element, text)
            );
        }
        for text in bad {
            assert!(read_as(element, text).is_err(), "{element} {text:?}");
        }
    }
}

#[test]
fn what_is_wrong_is_said_without_the_value() {
    let long = "ż".repeat(257);
    for (element, text, says) in [
        ("P_2", &*long, "the value has 257 characters, and 256 are the most"),
        ("P_2", " \t", "the value is empty"),
        ("P_1", "1.2.2026", "the value is not a date, as 2026-02-01"),
        ("P_1", "2001-01-01", "the value is not at least 2006-01-01"),
        ("P_16", "7", "the value is none of 1, 2"),
        ("NIP", "secret", "the value does not have the form `[1-9]((\\d[1-9])|([1-9]\\d))\\d{7}`"),
    ] {
        assert_eq!(read_as(element, text).unwrap_err(), says);
    }
    let says = read_as("KodWaluty", "XYZ").unwrap_err();
    assert!(says.starts_with("the value is none of AED, ") && says.ends_with(", …"), "{says}");
}

#[test]
fn white_space_is_handled_as_the_type_says() {
    assert_eq!(read_as("P_2", " FV \n 1 ").unwrap(), "FV 1");
    assert_eq!(without_blanks(Blanks::Replaced, "a\r\n b"), "a   b");
    assert_eq!(without_blanks(Blanks::Kept, " a\n"), " a\n");
}
