//! Lists: filters, order and pages (source document, `GET bank-accounts` and `GET
//! payment-orders`; ePP facts §1).
//!
//! How a page looks is not published, so the double knows several [`PageShape`]s.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::decimal;
use super::moments;

/// The usual page, and the largest one that may be asked for.
const USUAL_PAGE: usize = 20;
pub(super) const LARGEST_PAGE: usize = 1000;

/// How the payload of a list holds its entries (ePP facts §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PageShape {
    /// `{"items": […], "totalCount": n}`; the shape of a calm sandbox.
    #[default]
    Items,
    /// The array alone.
    Bare,
    /// `{"data": […], "total": n, "page": …, "perPage": …}`.
    Data,
    /// `{"rows": […], "count": n}`, where the number counts this page only.
    Rows,
    /// `{"results": […], "totalRecords": "n"}`, the number as text.
    Results,
}

impl PageShape {
    /// All of them.
    pub(super) const ALL: [Self; 5] =
        [Self::Items, Self::Bare, Self::Data, Self::Rows, Self::Results];
}

/// Something that comes in lists.
pub(super) trait Listed: 'static + Sized {
    /// The filters.
    const FILTERS: &'static [Filter<Self>];
    /// The entry as JSON; `loose` shows the same value in another form that ePP is known for.
    fn shown(&self, loose: bool) -> Value;
    /// What the entry is sorted by; `None` for an attribute that it does not have.
    fn key(&self, column: &str) -> Option<Key>;
}

/// A query parameter `filter[…]`.
#[derive(Debug)]
pub(super) struct Filter<T> {
    name: &'static str,
    takes: fn(&str) -> bool,
    passes: fn(&T, &str) -> bool,
}

impl<T> Filter<T> {
    /// A filter that takes any text.
    pub(super) const fn text(name: &'static str, passes: fn(&T, &str) -> bool) -> Self {
        Self { name, takes: |_| true, passes }
    }

    /// A filter that takes a code of an enumeration.
    pub(super) const fn code(name: &'static str, passes: fn(&T, &str) -> bool) -> Self {
        Self { name, takes: |text| text.parse::<u16>().is_ok(), passes }
    }

    /// A filter that takes an identifier.
    pub(super) const fn id(name: &'static str, passes: fn(&T, &str) -> bool) -> Self {
        Self { name, takes: |text| text.parse::<u64>().is_ok(), passes }
    }

    /// A filter that takes an amount with a decimal point.
    pub(super) const fn amount(name: &'static str, passes: fn(&T, &str) -> bool) -> Self {
        Self { name, takes: |text| text.parse::<Decimal>().is_ok(), passes }
    }

    /// A filter that takes a day or a local time.
    pub(super) const fn moment(name: &'static str, passes: fn(&T, &str) -> bool) -> Self {
        Self { name, takes: |text| moments::bound(text).is_some(), passes }
    }
}

/// What entries are sorted by; entries without a value come first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Nothing,
    Number(Decimal),
    Text(String),
}

impl Key {
    /// The key that a member of a shown entry gives; the case of the name does not matter.
    pub(super) fn of_member(shown: &Value, column: &str) -> Option<Self> {
        let members = shown.as_object()?;
        let (_, value) = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(column))?;
        Some(match value {
            Value::String(text) => Self::Text(text.to_lowercase()),
            Value::Null => Self::Nothing,
            other => decimal(other).map_or_else(|| Self::Text(other.to_string()), Self::Number),
        })
    }
}

/// Whether a text contains another, in any case.
pub(super) fn contains(text: &str, wanted: &str) -> bool {
    text.to_lowercase().contains(&wanted.to_lowercase())
}

/// A query that was read.
#[derive(Debug)]
pub(super) struct Query<T: 'static> {
    filters: Vec<(&'static Filter<T>, String)>,
    sort: Option<String>,
    descending: bool,
    number: usize,
    size: usize,
}

/// The entries of a page and how many there are on all pages.
pub(super) struct Page {
    entries: Vec<Value>,
    total: usize,
    number: usize,
    size: usize,
}

impl<T: Listed> Query<T> {
    /// Reads a query; what no correct client sends goes to `oddities`.
    ///
    /// The error names the parameter whose value cannot be used.
    pub(super) fn read(query: &str, oddities: &mut Vec<String>) -> Result<Self, String> {
        let mut read =
            Self { filters: vec![], sort: None, descending: false, number: 1, size: USUAL_PAGE };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let known = filter_name(&name)
                .and_then(|name| T::FILTERS.iter().find(|filter| filter.name == name));
            if let Some(known) = known {
                if !(known.takes)(&value) {
                    return Err(name.into_owned());
                }
                read.filters.push((known, value.into_owned()));
                continue;
            }
            let taken = match &*name {
                // Both spellings stand in the source document; trap 5 of the facts.
                "Page" | "page" => value.parse().map(|number| read.number = number).is_ok(),
                "PerPage" | "perPage" => value.parse().map(|size| read.size = size).is_ok(),
                "SortBy" | "sortBy" => {
                    read.sort = Some(value.into_owned());
                    true
                }
                // Trap 6 of the facts: it takes a direction and not a truth value.
                "SortDesc" | "sortDesc" => {
                    read.descending = value == "desc";
                    matches!(&*value, "asc" | "desc")
                }
                other => {
                    oddities.push(format!("unknown parameter {other}"));
                    true
                }
            };
            if !taken || read.number == 0 || !(1..=LARGEST_PAGE).contains(&read.size) {
                return Err(name.into_owned());
            }
        }
        Ok(read)
    }

    /// The query with pages of at most so many entries, whatever was asked for.
    pub(super) fn clamped(self, largest: usize) -> Self {
        Self { size: self.size.min(largest), ..self }
    }

    /// The page that was asked for; the error names an attribute that cannot be sorted by.
    pub(super) fn page<'a>(
        &self,
        entries: impl Iterator<Item = &'a T>,
        mut show: impl FnMut(&T) -> Value,
    ) -> Result<Page, String> {
        let passes =
            |entry: &&T| self.filters.iter().all(|(filter, wanted)| (filter.passes)(entry, wanted));
        let mut found: Vec<&T> = entries.filter(passes).collect();
        if let Some(column) = &self.sort {
            if found.first().is_some_and(|entry| entry.key(column).is_none()) {
                return Err(column.clone());
            }
            found.sort_by_cached_key(|entry| entry.key(column));
            if self.descending {
                found.reverse();
            }
        }
        let (total, skipped) = (found.len(), (self.number - 1).saturating_mul(self.size));
        let page = found.into_iter().skip(skipped).take(self.size);
        let entries = page.map(&mut show).collect();
        Ok(Page { entries, total, number: self.number, size: self.size })
    }
}

/// `X` of `filter[X]`.
fn filter_name(parameter: &str) -> Option<&str> {
    parameter.strip_prefix("filter[")?.strip_suffix(']')
}

impl Page {
    /// The page as the payload of an answer.
    pub(super) fn payload(self, shape: PageShape) -> Value {
        let Self { entries, total, number, size } = self;
        match shape {
            PageShape::Items => json!({"items": entries, "totalCount": total}),
            PageShape::Bare => json!(entries),
            PageShape::Data => {
                json!({"data": entries, "total": total, "page": number, "perPage": size})
            }
            PageShape::Rows => json!({"count": entries.len(), "rows": entries}),
            PageShape::Results => json!({"results": entries, "totalRecords": total.to_string()}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing(u64, &'static str);

    impl Listed for Thing {
        const FILTERS: &'static [Filter<Self>] = &[
            Filter::id("IdFrom", |thing, wanted| wanted.parse().is_ok_and(|id: u64| thing.0 >= id)),
            Filter::text("Name", |thing, wanted| contains(thing.1, wanted)),
        ];

        fn shown(&self, _: bool) -> Value {
            json!({"id": self.0, "name": self.1})
        }

        fn key(&self, column: &str) -> Option<Key> {
            Key::of_member(&self.shown(false), column)
        }
    }

    fn page(query: &str) -> Result<Page, String> {
        let things = [Thing(2, "Beta"), Thing(10, "alfa"), Thing(3, "Gama")];
        let query = Query::<Thing>::read(query, &mut Vec::new())?;
        query.page(things.iter(), |thing| json!(thing.0))
    }

    fn ids(query: &str) -> Vec<u64> {
        page(query).unwrap().entries.iter().map(|id| id.as_u64().unwrap()).collect()
    }

    #[test]
    fn filters_sorting_and_pages_work_together() {
        assert_eq!(ids("filter[IdFrom]=3"), [10, 3]);
        assert_eq!(ids("filter%5BName%5D=ALFA"), [10]);
        assert_eq!(ids("SortBy=id&SortDesc=desc"), [10, 3, 2]);
        assert_eq!(ids("SortBy=Name&SortDesc=asc&PerPage=2&Page=2"), [3]);
        assert_eq!(ids("SortBy=name"), [10, 2, 3]);
        assert_eq!(ids("perPage=2&page=3"), [0_u64; 0]);
    }

    #[test]
    fn pages_are_cut_to_the_largest_and_go_on_after_it() {
        let things = [Thing(1, ""), Thing(2, ""), Thing(3, "")];
        let page = |number: usize| {
            let query = format!("PerPage=500&Page={number}");
            let query = Query::<Thing>::read(&query, &mut Vec::new()).unwrap().clamped(2);
            query.page(things.iter(), |thing| json!(thing.0)).unwrap().entries
        };
        assert_eq!((page(1), page(2)), (vec![json!(1), json!(2)], vec![json!(3)]));
    }

    #[test]
    fn values_that_cannot_be_used_are_named() {
        for (query, named) in [
            ("Page=0", "Page"),
            ("PerPage=1001", "PerPage"),
            ("PerPage=x", "PerPage"),
            ("SortDesc=true", "SortDesc"),
            ("filter[IdFrom]=one", "filter[IdFrom]"),
            ("SortBy=colour", "colour"),
        ] {
            assert_eq!(page(query).err().as_deref(), Some(named), "{query}");
        }
    }

    #[test]
    fn unknown_parameters_are_noted() {
        let mut oddities = Vec::new();
        Query::<Thing>::read("filter[Colour]=1&Top=5", &mut oddities).unwrap();
        assert_eq!(oddities, ["unknown parameter filter[Colour]", "unknown parameter Top"]);
    }

    #[test]
    fn every_shape_holds_the_same_entries() {
        for shape in PageShape::ALL {
            let payload = page("PerPage=2").unwrap().payload(shape);
            let entries = match &payload {
                Value::Array(entries) => entries,
                other => other.as_object().unwrap().values().find_map(Value::as_array).unwrap(),
            };
            assert_eq!(entries, &[2, 10], "{shape:?}");
        }
    }
}
