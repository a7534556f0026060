//! CMD16: the shared keys of a register in software.

use std::fmt;

use bytes::Bytes;
use chrono::NaiveDate;
use common_core::{effect::Effect, secret::Zeroizing};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
    decode_json,
};
use http::{Method, header::CONTENT_TYPE};
use serde::Deserialize;

use super::JSON;
use crate::{
    api::{Cpd, LIMIT},
    command::FieldError,
    ident::{SharedKey, UniqueNumber},
};

/// CMD16: fetches the shared keys of three days, for registers in software (source document,
/// section 2.4.9).
///
/// It has no code of three letters and no identifier: the certificate of the connection says
/// which register asks (CRK facts §7, 17). May be repeated: the keys of a day stay the same, and
/// fetching them is taken for a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchSharedKeys;

/// Shared keys by day.
///
/// Which days come is not documented beyond their count of three, so a key is found by its day
/// and never by its place (CRK facts §3).
#[derive(Clone)]
pub struct SharedKeys {
    unique_number: UniqueNumber,
    days: Vec<(NaiveDate, SharedKey)>,
}

impl SharedKeys {
    /// Keys of days, each day once.
    pub(crate) fn of(unique_number: UniqueNumber, mut days: Vec<(NaiveDate, SharedKey)>) -> Self {
        days.sort_by_key(|(day, _)| *day);
        Self { unique_number, days }
    }

    /// The register that the keys are for.
    pub fn unique_number(&self) -> &UniqueNumber {
        &self.unique_number
    }

    /// The key of a day.
    pub fn for_day(&self, day: NaiveDate) -> Option<&SharedKey> {
        self.days.iter().find(|(of, _)| *of == day).map(|(_, key)| key)
    }

    /// The days that have a key, in the order of the calendar.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        self.days.iter().map(|(day, _)| *day)
    }

    /// How many days behind `today` have a key; fetch new ones when these are fewer than two.
    pub fn days_after(&self, today: NaiveDate) -> usize {
        self.days().filter(|day| *day > today).count()
    }
}

impl fmt::Debug for SharedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedKeys")
            .field("unique_number", &self.unique_number)
            .field("days", &self.days().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Endpoint for FetchSharedKeys {
    type Api = Cpd;
    type Response = SharedKeys;

    const INFO: Info = Info {
        name: "cpd.fetch_shared_keys",
        method: Method::GET,
        path: "/api/SerwerCPD/SharedKey",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.4.9",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).header(CONTENT_TYPE, JSON).finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<SharedKeys, DecodeError> {
        let wire: Wire = decode_json(body)?;
        let unique_number = UniqueNumber::parse_lenient(&wire.unique_number)
            .map_err(|error| DecodeError::new("CN", error.to_string()))?;
        if wire.keys.len() != 3 {
            return Err(FieldError::new("sharedKeys", "does not hold three keys").into());
        }
        let days: Option<Vec<_>> = wire.keys.into_iter().map(day_key).collect();
        let days =
            days.ok_or(FieldError::new("sharedKeys", "holds something else than days and keys"))?;
        let keys = SharedKeys::of(unique_number, days);
        if keys.days.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(FieldError::new("sharedKeys", "holds two keys of one day").into());
        }
        Ok(keys)
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "CN")]
    unique_number: String,
    #[serde(rename = "sharedKeys")]
    keys: Vec<WireKey>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireKey {
    for_date: String,
    shared_key: String,
}

/// Reads `20260201` and the key of that day.
fn day_key(wire: WireKey) -> Option<(NaiveDate, SharedKey)> {
    let key = Zeroizing::new(wire.shared_key);
    let digits = wire.for_date.len() == 8 && wire.for_date.bytes().all(|b| b.is_ascii_digit());
    let number = |from, to| wire.for_date.get(from..to)?.parse::<u32>().ok();
    let year = i32::try_from(number(0, 4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(4, 6)?, number(6, 8)?).filter(|_| digits)?;
    Some((day, SharedKey::parse(&key).ok()?))
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;
    use crate::command::testing::{get, read, shown};

    fn body(days: &[&str]) -> String {
        let keys: Vec<_> = days
            .iter()
            .zip(1_u8..)
            .map(|(day, byte)| {
                let key = STANDARD.encode([byte; 32]);
                format!(r#"{{"sharedKey":"{key}","forDate":"{day}"}}"#)
            })
            .collect();
        format!(r#"{{"CN":"WTE2001000009","sharedKeys":[{}],"later":1}}"#, keys.join(","))
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 2, day).unwrap()
    }

    #[test]
    fn shared_keys_are_asked_for_without_an_identifier() {
        assert_eq!(shown(&FetchSharedKeys), get("/api/SerwerCPD/SharedKey"));
    }

    #[test]
    fn a_key_is_found_by_its_day_whatever_the_order() {
        let keys = body(&["20260203", "20260201", "20260202"]);
        let keys = read::<FetchSharedKeys>(200, &keys).unwrap();
        assert_eq!(keys.unique_number().as_str(), "WTE2001000009");
        assert_eq!(keys.days().collect::<Vec<_>>(), [day(1), day(2), day(3)]);
        assert_eq!(keys.for_day(day(1)).unwrap().expose_bytes(), [2; 32]);
        assert!(keys.for_day(day(4)).is_none());
        assert_eq!((keys.days_after(day(1)), keys.days_after(day(3))), (2, 0));
    }

    #[test]
    fn keys_show_nowhere() {
        let good = body(&["20260203", "20260201", "20260202"]);
        let keys = read::<FetchSharedKeys>(200, &good).unwrap();
        let first = STANDARD.encode([1_u8; 32]);
        assert!(!format!("{keys:?}").contains(&first[..8]));
        for bad in [
            body(&["20260201", "20260201", "20260202"]),
            body(&["20260201", "20260202"]),
            body(&["20260230", "20260201", "20260202"]),
            body(&["2026-2-1", "20260201", "20260202"]),
            good.replace("AQEB", "canary"),
            good.replace("WTE2001000009", "canary"),
        ] {
            let error = read::<FetchSharedKeys>(200, &bad).unwrap_err();
            assert!(!format!("{error:?}").contains("canary"), "{error}");
            assert!(["CN", "sharedKeys"].contains(&error.path()), "{error}");
        }
    }
}
