//! How generated wire types read JSON: no surprise of the server costs a whole answer.
//!
//! A union keeps what it does not know, `null` is an empty list, a time may lack its fraction or its zone, a flag may be a number (KSeF 1.x facts §1 and §3).

mod secret;
mod setters;
mod union;

use chrono::{DateTime, NaiveDateTime, Utc};
use common_core::money::Amount;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::Value;

pub use secret::SecretText;
pub(crate) use setters::setters;
pub use union::Unrecognised;
pub(crate) use union::{read_text, tag, tagged, write_record, write_text, write_unit};

/// Reads a time with or without a fraction of the second; one without a zone is in UTC, as all times of answers are.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    parse_time(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Reads a time that may be missing or `null`.
pub(crate) fn optional_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| parse_time(&text)).transpose().map_err(D::Error::custom)
}

/// Reads a flag that is `true`, `false`, or a number of which only 0 means no, and that may be missing or `null`.
pub(crate) fn optional_flag<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag)),
        Value::Number(number) => Ok(Some(number.as_f64() != Some(0.0))),
        _ => Err(D::Error::custom("a flag is neither a boolean nor a number")),
    }
}

/// Reads a list or a map of which `null` means that it is empty.
pub(crate) fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Writes an amount as text, which is how documents carry it.
pub(crate) fn amount_text<S: Serializer>(
    amount: &Amount,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

/// Writes an amount that may be missing as text.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(crate) fn optional_amount_text<S: Serializer>(
    amount: &Option<Amount>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    amount.map(|amount| amount.to_string()).serialize(serializer)
}

fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    let with_zone = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    let without = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
    with_zone.or_else(|_| without().map(|time| time.and_utc())).map_err(|cause| cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        #[serde(deserialize_with = "time")]
        at: DateTime<Utc>,
        #[serde(default, deserialize_with = "optional_flag")]
        flag: Option<bool>,
        #[serde(default, deserialize_with = "null_is_empty")]
        list: Vec<u32>,
        #[serde(default, serialize_with = "optional_amount_text")]
        sum: Option<Amount>,
    }

    fn read(text: &str) -> Result<Sample, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn times_are_read_with_and_without_fraction_and_zone() {
        for text in [
            "2021-10-01T12:13:14.000Z",
            "2021-10-01T12:13:14Z",
            "2021-10-01T14:13:14+02:00",
            "2021-10-01T12:13:14",
            "2021-10-01T12:13:14.0",
        ] {
            let sample = read(&format!("{{\"at\":\"{text}\"}}")).unwrap();
            assert_eq!(sample.at.timestamp_millis(), 1_633_090_394_000, "{text}");
        }
        assert!(read("{\"at\":\"yesterday\"}").is_err());
    }

    #[test]
    fn flags_are_booleans_or_numbers() {
        for (text, expected) in
            [("true", Some(true)), ("1", Some(true)), ("0", Some(false)), ("null", None)]
        {
            let text = format!("{{\"at\":\"2021-10-01T12:13:14Z\",\"flag\":{text}}}");
            assert_eq!(read(&text).unwrap().flag, expected, "{text}");
        }
        assert!(read("{\"at\":\"2021-10-01T12:13:14Z\",\"flag\":\"x\"}").is_err());
    }

    #[test]
    fn null_is_an_empty_list_and_an_amount_is_text() {
        let text = "{\"at\":\"2021-10-01T12:13:14Z\",\"list\":null,\"sum\":\"1.10\"}";
        let sample = read(text).unwrap();
        assert_eq!(sample.list, Vec::<u32>::new());
        assert!(serde_json::to_string(&sample).unwrap().contains("\"sum\":\"1.10\""));
    }
}
