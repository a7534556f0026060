//! Every way in which a JSON number can reach an amount: from text, from a `Value`, and through the
//! buffers of flattened structs, untagged and tagged enums, each of which `arbitrary_precision`
//! serves differently.

use proptest::prelude::*;
use serde::de::{
    DeserializeOwned, IntoDeserializer,
    value::{Error as PlainError, F64Deserializer},
};
use serde_json::{Value, json};

use super::*;

/// Numbers that serde hands over as integers, as floats and as maps, with trailing zeros, many
/// digits, exponents.
const NUMBERS: [(&str, &str); 17] = [
    ("0", "0"),
    ("-0", "0"),
    ("0.0", "0.0"),
    ("-0.00", "0.00"),
    ("24", "24"),
    ("-24", "-24"),
    ("24.0", "24.0"),
    ("24.6", "24.6"),
    ("24.60", "24.60"),
    ("0.1", "0.1"),
    ("0.00000001", "0.00000001"),
    ("1e-8", "0.00000001"),
    ("1E3", "1000"),
    ("1.5e+2", "150"),
    ("10000000000000000.0", "10000000000000000.0"),
    ("9007199254740993.1", "9007199254740993.1"),
    ("0.1234567890123456789012345678", "0.1234567890123456789012345678"),
];

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    price: Amount,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    number: String,
    #[serde(flatten)]
    line: Line,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Line(Line),
    Bare(Amount),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Line(Line),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum BareFirst {
    Bare(Amount),
    Optional(SparseInner),
}

#[derive(Debug, Deserialize)]
struct Sparse {
    #[serde(flatten)]
    inner: SparseInner,
}

#[derive(Debug, Deserialize)]
struct SparseInner {
    price: Option<Amount>,
    total: Option<Money<2>>,
}

/// Reads `json` from text and from a `Value`.
fn both_ways<T: DeserializeOwned>(json: &str) -> [T; 2] {
    let value: Value = serde_json::from_str(json).unwrap();
    [serde_json::from_str(json).unwrap(), serde_json::from_value(value).unwrap()]
}

#[test]
fn digits_survive_from_text_bytes_readers_and_values() {
    for (json, printed) in NUMBERS {
        for amount in both_ways::<Amount>(json) {
            assert_eq!(amount.to_string(), printed, "{json}");
        }
        let amount: Amount = serde_json::from_slice(json.as_bytes()).unwrap();
        assert_eq!(amount.to_string(), printed, "{json}");
        let amount: Amount = serde_json::from_reader(json.as_bytes()).unwrap();
        assert_eq!(amount.to_string(), printed, "{json}");
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(Amount::deserialize(&value).unwrap().to_string(), printed, "{json}");
    }
}

#[test]
fn whole_numbers_beyond_64_bits_survive_except_from_a_buffered_value() {
    for json in ["18446744073709551616", "-170141183460469231731687303"] {
        for amount in both_ways::<Amount>(json) {
            assert_eq!(amount.to_string(), json);
        }
        let document = format!(r#"{{"price":{json},"number":"A"}}"#);
        let from_text: Document = serde_json::from_str(&document).unwrap();
        assert_eq!(from_text.line.price.to_string(), json);
        // The buffer of serde has no room for 128 bits, which only a `Value` uses: an error, never
        // other digits.
        let value: Value = serde_json::from_str(&document).unwrap();
        assert!(serde_json::from_value::<Document>(value).is_err());
    }
}

#[test]
fn digits_survive_inside_flattened_structs() {
    for (json, printed) in NUMBERS {
        for document in both_ways::<Document>(&format!(r#"{{"price":{json},"number":"A"}}"#)) {
            assert_eq!(document.line.price.to_string(), printed, "{json}");
            let written = serde_json::to_string(&document).unwrap();
            assert_eq!(written, format!(r#"{{"number":"A","price":{printed}}}"#));
        }
    }
}

#[test]
fn digits_survive_inside_untagged_enums() {
    for (json, printed) in NUMBERS {
        for either in both_ways::<Either>(json) {
            assert!(matches!(either, Either::Bare(_)), "{json}");
            assert_eq!(serde_json::to_string(&either).unwrap(), printed);
        }
        for either in both_ways::<Either>(&format!(r#"{{"price":{json}}}"#)) {
            assert!(matches!(either, Either::Line(_)), "{json}");
            assert_eq!(
                serde_json::to_string(&either).unwrap(),
                format!(r#"{{"price":{printed}}}"#)
            );
        }
    }
}

#[test]
fn a_bare_amount_before_a_struct_without_required_fields_is_found() {
    for (json, printed) in NUMBERS {
        for found in both_ways::<BareFirst>(json) {
            assert!(matches!(found, BareFirst::Bare(amount) if amount.to_string() == printed));
        }
    }
    for found in both_ways::<BareFirst>(r#"{"price":0.50}"#) {
        let BareFirst::Optional(SparseInner { price: Some(price), .. }) = found else {
            panic!("the struct was taken for a bare amount: {found:?}");
        };
        assert_eq!(price.to_string(), "0.50");
    }
}

#[test]
fn digits_survive_inside_tagged_enums() {
    for (json, printed) in NUMBERS {
        for tagged in both_ways::<Tagged>(&format!(r#"{{"price":{json},"kind":"Line"}}"#)) {
            let written = serde_json::to_string(&tagged).unwrap();
            assert_eq!(written, format!(r#"{{"kind":"Line","price":{printed}}}"#));
        }
    }
}

#[test]
fn numeric_strings_are_read_and_written_as_numbers() {
    for amount in both_ways::<Amount>("\"24.60\"") {
        assert_eq!(serde_json::to_string(&amount).unwrap(), "24.60");
    }
    for document in both_ways::<Document>(r#"{"price":"-0.10","number":"A"}"#) {
        assert_eq!(document.line.price.to_string(), "-0.10");
    }
}

#[test]
fn values_keep_the_digits_written_into_them() {
    let value = serde_json::to_value(Line { price: Amount::parse("24.60").unwrap() }).unwrap();
    assert_eq!(value.to_string(), r#"{"price":24.60}"#);
    assert_eq!(value["price"].as_number().unwrap().as_str(), "24.60");
}

#[test]
fn missing_and_null_amounts_are_none_inside_flattened_structs() {
    for json in ["{}", r#"{"price":null,"total":null}"#] {
        for sparse in both_ways::<Sparse>(json) {
            assert_eq!((sparse.inner.price, sparse.inner.total), (None, None));
        }
    }
    for sparse in both_ways::<Sparse>(r#"{"price":1.50,"total":24.6}"#) {
        assert_eq!(sparse.inner.price.unwrap().to_string(), "1.50");
        assert_eq!(sparse.inner.total.unwrap().to_string(), "24.60");
    }
}

#[test]
fn money_is_written_with_all_its_places_and_refuses_more() {
    for money in both_ways::<Money<2>>("24.6") {
        assert_eq!(serde_json::to_string(&money).unwrap(), "24.60");
    }
    let error = serde_json::from_str::<Money<2>>("24.605").unwrap_err();
    assert!(error.to_string().contains("2 decimal places"), "{error}");
}

#[test]
fn a_binary_float_of_another_format_is_refused() {
    let float: F64Deserializer<PlainError> = 24.6.into_deserializer();
    let error = Amount::deserialize(float).unwrap_err();
    assert_eq!(error.to_string(), "a binary floating-point number is not an exact amount");
}

#[test]
fn what_is_no_amount_is_refused_with_a_clear_reason() {
    for (json, reason) in [
        ("1e40", "more digits than can be kept exactly"),
        ("0.12345678901234567890123456789", "more digits than can be kept exactly"),
        ("340282366920938463463374607431768211455", "more digits than can be kept exactly"),
        ("\"24,60\"", "not a decimal number"),
        ("\"\"", "not a decimal number"),
        ("true", "expected a decimal number"),
        ("null", "expected a decimal number"),
        ("[1]", "expected a decimal number"),
    ] {
        let value: Value = serde_json::from_str(json).unwrap();
        for error in [
            serde_json::from_str::<Amount>(json).unwrap_err(),
            serde_json::from_value::<Amount>(value).unwrap_err(),
        ] {
            assert!(error.to_string().contains(reason), "{json}: {error}");
        }
    }
    assert!(serde_json::from_value::<Amount>(json!({ "amount": 1 })).is_err());
    assert!(serde_json::from_str::<Amount>("{}").is_err());
}

proptest! {
    #[test]
    fn any_decimal_keeps_its_digits_through_json(mantissa in any::<i128>(), scale in 0_u32..=28) {
        let amount = Amount::from_parts(mantissa >> 32, scale).unwrap();
        let json = serde_json::to_string(&amount).unwrap();
        prop_assert_eq!(&json, &amount.to_string());
        for back in both_ways::<Amount>(&json) {
            prop_assert_eq!(back.to_string(), json.clone());
        }
        let value = serde_json::to_value(amount).unwrap();
        prop_assert_eq!(serde_json::from_value::<Amount>(value).unwrap().to_string(), json);
    }

    #[test]
    fn short_decimals_keep_their_digits_through_values(
        json in "-?(0|[1-9][0-9]{0,5})\\.[0-9]{0,4}[1-9]0{0,2}",
    ) {
        for amount in both_ways::<Amount>(&json) {
            prop_assert_eq!(amount.to_string(), json.clone());
        }
        for document in both_ways::<Document>(&format!(r#"{{"price":{json},"number":"A"}}"#)) {
            prop_assert_eq!(document.line.price.to_string(), json.clone());
        }
    }
}

/// Found by fuzzing: `serde_json` hands this number over as a float whose shortest text is another.
#[test]
fn a_number_that_two_printers_write_differently_is_refused_and_never_changed() {
    let text = "1000010000001790.3";
    assert_eq!(serde_json::from_str::<Amount>(text).unwrap().to_string(), text);
    let value: Value = serde_json::from_str(text).unwrap();
    match serde_json::from_value::<Amount>(value) {
        Ok(amount) => assert_eq!(amount.to_string(), text),
        Err(error) => assert!(error.to_string().contains("too many digits"), "{error}"),
    }
}
