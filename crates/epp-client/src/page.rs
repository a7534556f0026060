//! Pages of a list, whose form the documentation does not show (ePP facts §3).

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use bytes::Bytes;
use common_core::codes;
use common_http::{DecodeError, Decoded, Endpoint, Parts, decode_json};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};

use crate::api::{Answer, Epp, payload, says_success};

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
    prints: Vec<u64>,
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

    /// The request for the page after the one that this asks for; pure.
    ///
    /// Which page is the last one [`Client::pages`](crate::Client::pages) tells.
    #[must_use]
    fn next(&self) -> Self;

    /// How many items a page may hold, if the request says so.
    fn page_size(&self) -> Option<u32> {
        None
    }
}

/// How far a list has been read, which tells its last page.
///
/// The largest page of the service is not known and may be smaller than what was asked for, so a
/// first page that is not full need not be the last. Nor does a total end a list: some count one
/// page only.
#[derive(Debug)]
pub(crate) struct Progress {
    /// How many items a page may have.
    page_size: Option<u32>,
    /// How many items the longest page had.
    longest: usize,
    /// How many items all pages had.
    seen: u64,
    /// Whether the service said that there are more items.
    is_promised: bool,
    /// The items of all pages.
    prints: BTreeSet<u64>,
}

/// What comes after a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Another page may follow.
    More,
    /// Nothing: it is the last one.
    Last,
    /// Nothing, and what it holds came before: the one before it was the last.
    Repeated,
}

/// A service that answers the same items again and again does not page at all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SamePage;

impl Progress {
    pub(crate) fn new(page_size: Option<u32>) -> Self {
        let prints = BTreeSet::new();
        Self { page_size, longest: 0, seen: 0, is_promised: false, prints }
    }

    /// Takes the next page.
    ///
    /// The last page is an empty one, or one shorter than another before it unless the service
    /// says that there are more items. A page without a new item comes from a service that knows
    /// no page of that number: it ends the list, too, if no page was full.
    pub(crate) fn add<T>(&mut self, page: &Page<T>) -> Result<Turn, SamePage> {
        let count = page.items.len();
        if count == 0 {
            return Ok(Turn::Last);
        }
        let known = self.prints.len();
        self.prints.extend(&page.prints);
        if self.prints.len() == known {
            return if self.may_be_all() { Ok(Turn::Repeated) } else { Err(SamePage) };
        }
        self.seen += count as u64;
        self.longest = self.longest.max(count);
        self.is_promised = page.total.is_some_and(|total| total > self.seen);
        Ok(if count == self.longest || self.is_promised { Turn::More } else { Turn::Last })
    }

    /// Whether the list may end after what was read: there was a page, and the service promised no
    /// more items.
    pub(crate) fn may_end(&self) -> bool {
        self.longest > 0 && !self.is_promised
    }

    /// Whether the pages can have been all: none was as long as asked for.
    fn may_be_all(&self) -> bool {
        let is_short = |size| usize::try_from(size).is_ok_and(|size| self.longest < size);
        self.may_end() && self.page_size.is_some_and(is_short)
    }
}

impl<T: DeserializeOwned> Page<T> {
    pub(crate) fn decode(parts: &Parts, body: &Bytes) -> Decoded<Answer<Self>> {
        match payload(parts, body)? {
            // Taken for an empty page, what says nothing would say that nothing is there.
            Ok(payload) if payload.trim_ascii() == b"null" && !says_success(body) => {
                Err(DecodeError::new("payload", "the page has no items"))
            }
            Ok(payload) => Self::read(&payload).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    fn read(payload: &Bytes) -> Decoded<Self> {
        let items =
            |items: Vec<T>| Self { items, total: None, extra: Map::new(), prints: prints(payload) };
        match payload.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'[') => decode_json(payload).map(items),
            Some(b'{') => Self::of_object(payload),
            _ => Ok(items(decode_json::<Option<Vec<T>>>(payload)?.unwrap_or_default())),
        }
    }

    /// The one array among the members is the page; of several, the one with a known name.
    fn of_object(payload: &Bytes) -> Decoded<Self> {
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
        let mut page = Self { items, total: None, extra: Map::new(), prints: prints(&array) };
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

/// What tells the items of an array from others, one by one: the id, else all that they say.
fn prints(array: &[u8]) -> Vec<u64> {
    #[derive(Deserialize)]
    struct Row<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }

    let items: Vec<&RawValue> = serde_json::from_slice(array).unwrap_or_default();
    let print = |item: &&RawValue| {
        let id = serde_json::from_str(item.get()).map(|row: Row<'_>| row.id.get());
        let id = id.ok().filter(|id| !matches!(*id, "0" | "null"));
        let mut hasher = DefaultHasher::new();
        id.unwrap_or(item.get()).hash(&mut hasher);
        hasher.finish()
    };
    items.iter().map(print).collect()
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
    fn an_empty_page_has_items_or_the_word_of_success() {
        let (parts, ()) = http::Response::new(()).into_parts();
        let page =
            |body: &'static str| Page::<u32>::decode(&parts, &Bytes::from_static(body.as_bytes()));
        for body in ["[]", r#"{"status":{"code":"Success"},"payload":null}"#, r#"{"payload":[]}"#] {
            assert_eq!(page(body).unwrap().unwrap().items, [0; 0], "{body}");
        }
        for body in ["null", "{}", r#"{"payload":null}"#, r#"{"status":{"message":"Greška"}}"#] {
            assert!(page(body).is_err(), "{body}");
        }
    }

    #[test]
    fn what_is_no_page_is_refused_with_its_place() {
        let error = |payload: Value| read(&payload).unwrap_err().to_string();
        assert_eq!(error(json!({"page": 1})), "at payload: the page has no items");
        assert_eq!(error(json!({"a": [], "b": []})), "at payload: the page has several arrays");
        assert!(error(json!({"items": [1, "canary"]})).starts_with("at payload.items[1]: "));
        assert!(read(&json!("canary")).is_err());
    }

    /// How many of these pages are asked for.
    fn asked(pages: &[Value]) -> Result<usize, SamePage> {
        asked_by(None, pages)
    }

    fn asked_by(page_size: Option<u32>, pages: &[Value]) -> Result<usize, SamePage> {
        let mut progress = Progress::new(page_size);
        for (at, payload) in pages.iter().enumerate() {
            if progress.add(&read(payload).unwrap())? != Turn::More {
                return Ok(at + 1);
            }
        }
        Ok(pages.len() + 1)
    }

    #[test]
    fn a_list_goes_on_until_a_page_is_empty_or_shorter_than_another() {
        assert_eq!(asked(&[json!([])]), Ok(1));
        // The first page may be as large as the service's pages are.
        assert_eq!(asked(&[json!([1])]), Ok(2));
        assert_eq!(asked(&[json!([1]), json!([])]), Ok(2));
        assert_eq!(asked(&[json!([1, 2]), json!([3, 4]), json!([5])]), Ok(3));
        let counting = |items: Value, count: u64| json!({"count": count, "rows": items});
        let pages = [counting(json!([1, 2]), 2), counting(json!([3, 4]), 2)];
        assert_eq!(asked(&pages), Ok(3));
    }

    #[test]
    fn a_total_may_prolong_a_list_and_never_ends_it() {
        let page = |items: Value, total: u64| json!({"items": items, "total": total});
        assert_eq!(asked(&[page(json!([1, 2]), 2)]), Ok(2));
        assert_eq!(asked(&[page(json!([1, 2]), 4), page(json!([3]), 4)]), Ok(3));
        assert_eq!(asked(&[page(json!([1, 2]), 3), page(json!([3]), 3)]), Ok(2));
        assert_eq!(asked(&[page(json!([1, 2]), 9), page(json!([]), 9)]), Ok(2));
    }

    #[test]
    fn a_page_without_a_new_item_is_an_error() {
        assert_eq!(asked(&[json!([1, 2]), json!([1, 2])]), Err(SamePage));
        assert_eq!(asked(&[json!([1, 2]), json!([2, 1])]), Err(SamePage));
        assert_eq!(asked(&[json!([1, 2]), json!([2, 3]), json!([3, 1])]), Err(SamePage));
        // Whatever number the page gives itself.
        let numbered = |page: u32| json!({"items": [1, 2], "page": page});
        assert_eq!(asked(&[numbered(1), numbered(2)]), Err(SamePage));
        // Rows with an id are known by it, whatever else they say.
        let rows = |ids: [u32; 2], word: &str| json!(ids.map(|id| json!({"id": id, "at": word})));
        let turns = |pages: [Value; 2]| {
            let mut progress = Progress::new(None);
            let page = |payload: &Value| Page::<Value>::read(&Bytes::from(payload.to_string()));
            pages.each_ref().map(|payload| progress.add(&page(payload).unwrap()))
        };
        assert_eq!(turns([rows([1, 2], "a"), rows([2, 1], "b")]), [Ok(Turn::More), Err(SamePage)]);
        assert_eq!(turns([rows([0, 0], "a"), rows([0, 0], "b")]), [Ok(Turn::More), Ok(Turn::More)]);
        // A full page may have others behind it.
        assert_eq!(asked_by(Some(2), &[json!([1, 2]), json!([2, 1])]), Err(SamePage));
    }

    #[test]
    fn a_short_page_that_comes_again_was_the_last() {
        let turns = |page_size: u32, pages: &[Value]| {
            let mut progress = Progress::new(Some(page_size));
            let turns = pages.iter().map(|page| progress.add(&read(page).unwrap()));
            turns.collect::<Result<Vec<_>, _>>()
        };
        let again = [json!([1, 2]), json!([2, 1])];
        assert_eq!(turns(3, &again), Ok(vec![Turn::More, Turn::Repeated]));
        assert_eq!(turns(2, &again), Err(SamePage));
        // Unless the service says that there are more.
        let promised = json!({"items": [1, 2], "total": 3});
        assert_eq!(turns(3, &[promised.clone(), promised]), Err(SamePage));
    }
}
