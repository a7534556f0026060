//! Pages of a list, whose form the documentation does not show (ePP facts §3).

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use common_core::codes;
use common_http::{DecodeError, Decoded, Endpoint, Parts, decode_json};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, value::RawValue};

use crate::api::{Answer, Epp, payload};

/// The names under which services of this kind put the items, the most telling ones first.
const ITEMS: [&str; 8] =
    ["data", "items", "rows", "list", "results", "records", "bankAccounts", "paymentOrders"];

/// The names of a total.
const TOTALS: [&str; 4] = ["total", "totalCount", "count", "totalRecords"];

/// One page of a list: read from a bare array, or from an object with one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the service's order.
    pub items: Vec<T>,
    /// How many items all pages have, if the service says; not to be relied on.
    pub total: Option<u64>,
    /// What else the page says.
    pub extra: Map<String, Value>,
    print: u64,
}

codes! {
    /// The direction of sorting; the parameter is a word and no truth value (ePP facts §4, trap 6).
    pub enum SortDirection: str {
        /// The smallest first.
        Ascending = "asc",
        /// The largest first.
        Descending = "desc",
    }
}

/// A list that is read page by page.
pub trait Listing:
    Endpoint<Api = Epp, Response = Answer<Page<<Self as Listing>::Item>>> + Clone + Send + 'static
{
    /// One element of a page.
    type Item: Send + 'static;

    /// The request for the page after `page`, or `None` when that was the last one; pure.
    ///
    /// The last page is an empty one, or one with fewer items than were asked for unless the
    /// service says that there are more. A total never ends a list.
    fn next(&self, page: &Page<Self::Item>) -> Option<Self>;
}

impl<T: DeserializeOwned> Page<T> {
    pub(crate) fn decode(parts: &Parts, body: &Bytes) -> Decoded<Answer<Self>> {
        match payload(parts, body)? {
            Ok(payload) => Self::read(&payload).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    fn read(payload: &Bytes) -> Decoded<Self> {
        let print = print(payload);
        let items = |items: Vec<T>| Self { items, total: None, extra: Map::new(), print };
        match payload.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'[') => decode_json(payload).map(items),
            Some(b'{') => Self::of_object(payload, print),
            _ => Ok(items(decode_json::<Option<Vec<T>>>(payload)?.unwrap_or_default())),
        }
    }

    /// The one array among the members is the page; of several, the one with a known name.
    fn of_object(payload: &Bytes, print: u64) -> Decoded<Self> {
        let members: Vec<(String, &RawValue)> = members(payload)?;
        let is_array = |value: &RawValue| value.get().starts_with('[');
        let arrays: Vec<usize> =
            (0..members.len()).filter(|member| is_array(members[*member].1)).collect();
        let named = |name: &&str| {
            arrays.iter().copied().find(|array| members[*array].0.eq_ignore_ascii_case(name))
        };
        let chosen = match (ITEMS.iter().find_map(named), arrays.as_slice()) {
            (Some(named), _) => named,
            (None, [only]) => *only,
            (None, []) => return Err(DecodeError::new("payload", "the page has no items")),
            (None, _) => return Err(DecodeError::new("payload", "the page has several arrays")),
        };
        let array = payload.slice_ref(members[chosen].1.get().as_bytes());
        let items = decode_json(&array).map_err(|error| {
            DecodeError::new(
                format!("payload.{}{}", members[chosen].0, error.path()),
                error.reason(),
            )
        })?;
        let mut page = Self { items, total: None, extra: Map::new(), print };
        let others = members.iter().enumerate().filter(|(member, _)| *member != chosen);
        for (_, (name, value)) in others {
            let value: Value = serde_json::from_str(value.get()).unwrap_or_default();
            let is_total = TOTALS.iter().any(|total| name.eq_ignore_ascii_case(total));
            match (is_total, count(&value)) {
                (true, Some(total)) => page.total = Some(total),
                _ => drop(page.extra.insert(name.clone(), value)),
            }
        }
        Ok(page)
    }
}

impl<T> Page<T> {
    /// Tells one page's content from another's; `None` for an empty page.
    pub(crate) fn print(&self) -> Option<u64> {
        (!self.items.is_empty()).then_some(self.print)
    }

    /// Whether another page may follow the one of that number and size.
    pub(crate) fn may_be_followed(&self, number: u64, per_page: Option<u32>) -> bool {
        let Some(per_page) = per_page else { return !self.items.is_empty() };
        let full = self.items.len() as u64 >= u64::from(per_page);
        // The service's largest page may be smaller than what was asked for, so this page's own
        // length is what earlier ones are taken to have had; one empty page too many does no harm.
        let seen = number.saturating_mul(self.items.len() as u64);
        let promised = self.total.is_some_and(|total| total > seen);
        !self.items.is_empty() && (full || promised)
    }
}

/// The members of an object, in their order and unread.
fn members(payload: &Bytes) -> Decoded<Vec<(String, &RawValue)>> {
    struct Members;

    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    let mut reader = serde_json::Deserializer::from_slice(payload);
    serde::Deserializer::deserialize_map(&mut reader, Members)
        .map_err(|_| DecodeError::new("payload", "the document is not valid JSON"))
}

/// A count as a number or as a text of digits.
fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn print(payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    payload.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(payload: &Value) -> Decoded<Page<u32>> {
        Page::read(&Bytes::from(payload.to_string()))
    }

    #[test]
    fn every_form_of_a_page_is_read() {
        for payload in [
            json!([1, 2]),
            json!({"items": [1, 2]}),
            json!({"Data": [1, 2], "total": 9, "columns": ["a"]}),
            json!({"somethingElse": [1, 2], "page": 1}),
            json!({"list": [1, 2], "totalRecords": "9"}),
        ] {
            let page = read(&payload).unwrap();
            assert_eq!(page.items, [1, 2], "{payload}");
        }
        assert_eq!(read(&json!(null)).unwrap().items, [0_u32; 0]);
        let page = read(&json!({"rows": [], "count": 0, "page": 3, "filter": null})).unwrap();
        assert_eq!((page.items.len(), page.total), (0, Some(0)));
        assert_eq!(Value::from(page.extra), json!({"filter": null, "page": 3}));
    }

    #[test]
    fn what_is_no_page_is_refused_with_its_place() {
        let error = |payload: Value| read(&payload).unwrap_err().to_string();
        assert_eq!(error(json!({"page": 1})), "at payload: the page has no items");
        assert_eq!(error(json!({"a": [], "b": []})), "at payload: the page has several arrays");
        assert!(error(json!({"items": [1, "canary"]})).starts_with("at payload.items[1]: "));
        assert!(read(&json!("canary")).is_err());
    }

    #[test]
    fn a_list_goes_on_until_a_page_is_not_full_and_a_total_never_ends_it() {
        let next = |payload: Value, number, per_page| {
            read(&payload).unwrap().may_be_followed(number, per_page)
        };
        assert!(next(json!([1, 2]), 1, Some(2)) && !next(json!([1]), 1, Some(2)));
        assert!(next(json!([1]), 1, None) && !next(json!([]), 1, None));
        assert!(next(json!({"items": [1, 2], "total": 3}), 1, Some(100)));
        assert!(next(json!({"items": [1, 2], "total": 150}), 74, Some(100)));
        assert!(!next(json!({"items": [1, 2], "total": 2}), 1, Some(100)));
        assert!(next(json!({"items": [1, 2], "total": 1}), 1, Some(2)));
        assert!(!next(json!({"items": [], "total": 9}), 3, Some(2)));
    }

    #[test]
    fn pages_are_told_apart_by_their_content() {
        let print = |payload: Value| read(&payload).unwrap().print();
        assert_eq!(print(json!([1, 2])), print(json!([1, 2])));
        assert_ne!(print(json!([1, 2])), print(json!([2, 1])));
        assert_eq!(print(json!([])), None);
    }
}
