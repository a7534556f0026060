//! Lists: filters, paging and the optional members of their entries (KROS facts §1).
//!
//! A filter is a row of a table. A value that a filter cannot take is answered with 400; a
//! parameter that no table names is noted as unexpected and ignored, as a web framework would.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::process::date_of;
use super::validate::{self, Problem};

/// The largest and the usual page.
const LARGEST_PAGE: usize = 100;
const USUAL_PAGE: usize = 50;

/// The members of an invoice that a list shows only when asked.
const EXTENDED: [(&str, &str); 4] = [
    ("Items", "items"),
    ("VatBreakdowns", "vatBreakdowns"),
    ("Payments", "payments"),
    ("LinkedDocuments", "linkedDocuments"),
];

/// A query parameter that filters.
#[derive(Debug)]
pub(super) struct Parameter {
    name: &'static str,
    field: &'static str,
    test: Test,
}

/// How a parameter compares with the field of an entry.
#[derive(Clone, Copy, Debug)]
enum Test {
    /// The field's day is this day or later.
    DayFrom,
    /// The field's day is this day or earlier.
    DayTo,
    /// The field changed at this moment or later.
    Since,
    /// The number is this one, between the two bounds.
    Number(i64, i64),
    /// The text is this one; at most so many characters.
    Text(usize),
    /// The text is this one or sorts after it.
    TextFrom(usize),
    /// The text is this one or sorts before it.
    TextTo(usize),
    /// The text contains this one, in any case.
    Contains(usize),
    /// With `true`, the flag is set; with `false`, everything passes.
    OnlyIf,
    /// 1 for unpaid entries before or on their due day, 2 for unpaid ones after it.
    DueStatus,
}

const fn by(name: &'static str, field: &'static str, test: Test) -> Parameter {
    Parameter { name, field, test }
}

const MODIFIED: Parameter = by("LastModifiedTimestamp", "lastModifiedTimestamp", Test::Since);

/// The filters of `GET /invoices`.
pub(super) const INVOICES: &[Parameter] = &[
    by("IssueDateFrom", "issueDate", Test::DayFrom),
    by("IssueDateTo", "issueDate", Test::DayTo),
    by("DeliveryDateFrom", "deliveryDate", Test::DayFrom),
    by("DeliveryDateTo", "deliveryDate", Test::DayTo),
    by("PaymentStatus", "paymentStatus", Test::Number(0, 1)),
    by("DueDateStatus", "dueDate", Test::DueStatus),
    by("OrderNumber", "orderNumber", Test::Text(20)),
    by("NumberingSequence", "numberingSequence", Test::Text(5)),
    by("DocumentNumberFrom", "documentNumber", Test::TextFrom(20)),
    by("DocumentNumberTo", "documentNumber", Test::TextTo(20)),
    MODIFIED,
];

/// The filters of `GET /proforma-invoices`.
pub(super) const PROFORMAS: &[Parameter] = &[
    by("IssueDateFrom", "issueDate", Test::DayFrom),
    by("IssueDateTo", "issueDate", Test::DayTo),
    by("PaymentStatus", "paymentStatus", Test::Number(0, 1)),
    by("DueDateStatus", "dueDate", Test::DueStatus),
    by("OrderNumber", "orderNumber", Test::Text(20)),
    by("NumberingSequence", "numberingSequence", Test::Text(5)),
    by("DocumentNumberFrom", "documentNumber", Test::TextFrom(20)),
    by("DocumentNumberTo", "documentNumber", Test::TextTo(20)),
    MODIFIED,
];

/// The filters of `GET /expenses`.
pub(super) const EXPENSES: &[Parameter] = &[
    by("IssueDateFrom", "issueDate", Test::DayFrom),
    by("IssueDateTo", "issueDate", Test::DayTo),
    by("DeliveryDateFrom", "deliveryDate", Test::DayFrom),
    by("DeliveryDateTo", "deliveryDate", Test::DayTo),
    by("DueDateFrom", "dueDate", Test::DayFrom),
    by("DueDateTo", "dueDate", Test::DayTo),
    by("PaymentStatus", "paymentStatus", Test::Number(-1, 3)),
    by("NumberingSequence", "numberingSequence", Test::Text(5)),
    by("DocumentNumberFrom", "documentNumber", Test::TextFrom(20)),
    by("DocumentNumberTo", "documentNumber", Test::TextTo(20)),
    MODIFIED,
];

/// The filters of `GET /catalog-items`.
pub(super) const CATALOG: &[Parameter] = &[
    by("ItemCode", "itemCode", Test::Text(25)),
    by("Name", "name", Test::Contains(255)),
    by("OnlyMarkedForEshop", "isMarkedForEshop", Test::OnlyIf),
    by("CatalogItemChangedTimestamp", "lastModifiedTimestamp", Test::Since),
];

/// The filters of `GET /payments`.
pub(super) const PAYMENTS: &[Parameter] = &[
    by("PaymentDateFrom", "dateOfPayment", Test::DayFrom),
    by("PaymentDateTo", "dateOfPayment", Test::DayTo),
    by("AccountId", "accountId", Test::Number(i64::MIN, i64::MAX)),
    by("ExternalId", "externalId", Test::Text(64)),
    MODIFIED,
];

/// The filters of lists whose parameters are not known.
pub(super) const NONE: &[Parameter] = &[];

/// A query that was read.
#[derive(Debug)]
pub(super) struct Query {
    filters: Vec<(&'static Parameter, String)>,
    extended: Vec<&'static str>,
    top: usize,
    skip: usize,
}

impl Query {
    /// Reads a query; the names of unknown parameters go to `oddities`.
    pub(super) fn read(
        query: &str,
        parameters: &'static [Parameter],
        oddities: &mut Vec<String>,
    ) -> Result<Self, Vec<Problem>> {
        let (mut problems, mut filters) = (Vec::new(), Vec::new());
        let (mut extended, mut top, mut skip) = (Vec::new(), USUAL_PAGE, 0);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let known = parameters.iter().find(|parameter| parameter.name == name);
            let mut refuse = |message: &str| problems.push(Problem::of_request(&name, message));
            match (known, &*name) {
                (Some(known), _) if known.test.takes(&value) => {
                    filters.push((known, value.into_owned()));
                }
                (Some(_), _) => refuse("The value is not valid."),
                (None, "Top") => match value.parse() {
                    Ok(count) if (1..=LARGEST_PAGE).contains(&count) => top = count,
                    _ => refuse("A number from 1 to 100 is required."),
                },
                (None, "Skip") => match value.parse() {
                    Ok(count) => skip = count,
                    Err(_) => refuse("A number from 0 is required."),
                },
                (None, "ExtendedFields") => match fields(&value) {
                    Some(fields) => extended = fields,
                    None => refuse("A field is not known."),
                },
                (None, name) => oddities.push(format!("unknown parameter {name}")),
            }
        }
        if problems.is_empty() { Ok(Self { filters, extended, top, skip }) } else { Err(problems) }
    }

    /// The page of `entries` that was asked for, as `{"data": […]}`.
    pub(super) fn page(&self, entries: &[Value], today: NaiveDate) -> Value {
        let passes = |entry: &&Value| {
            self.filters.iter().all(|(parameter, wanted)| {
                parameter.test.passes(entry, parameter.field, wanted, today)
            })
        };
        let page = entries.iter().filter(passes).skip(self.skip).take(self.top);
        json!({"data": page.map(|entry| self.shown(entry)).collect::<Vec<_>>()})
    }

    fn shown(&self, entry: &Value) -> Value {
        let mut entry = entry.clone();
        if let Some(members) = entry.as_object_mut() {
            for (_, member) in EXTENDED {
                if !self.extended.contains(&member) {
                    members.remove(member);
                }
            }
        }
        entry
    }
}

fn fields(list: &str) -> Option<Vec<&'static str>> {
    let member = |asked: &str| {
        EXTENDED.iter().find(|(name, _)| *name == asked.trim()).map(|(_, member)| *member)
    };
    list.split(',').filter(|name| !name.trim().is_empty()).map(member).collect()
}

impl Test {
    /// Whether the value of a parameter can be used.
    fn takes(self, value: &str) -> bool {
        let short = |limit: usize| value.chars().count() <= limit;
        match self {
            Self::DayFrom | Self::DayTo => validate::date(value).is_some(),
            Self::Since => moment(value).is_some(),
            Self::Number(low, high) => {
                value.parse::<i64>().is_ok_and(|number| (low..=high).contains(&number))
            }
            Self::Text(limit)
            | Self::TextFrom(limit)
            | Self::TextTo(limit)
            | Self::Contains(limit) => short(limit),
            Self::OnlyIf => {
                value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
            }
            Self::DueStatus => matches!(value, "1" | "2"),
        }
    }

    fn passes(self, entry: &Value, field: &str, wanted: &str, today: NaiveDate) -> bool {
        let day = || date_of(entry, field).zip(validate::date(wanted));
        let text = entry[field].as_str();
        match self {
            Self::DayFrom => day().is_some_and(|(day, wanted)| day >= wanted),
            Self::DayTo => day().is_some_and(|(day, wanted)| day <= wanted),
            Self::Since => {
                text.and_then(moment).zip(moment(wanted)).is_some_and(|(at, since)| at >= since)
            }
            Self::Number(..) => entry[field].as_i64() == wanted.parse().ok(),
            Self::Text(_) => text == Some(wanted),
            Self::TextFrom(_) => text.is_some_and(|text| text.cmp(wanted) != Ordering::Less),
            Self::TextTo(_) => text.is_some_and(|text| text.cmp(wanted) != Ordering::Greater),
            Self::Contains(_) => {
                text.is_some_and(|text| text.to_lowercase().contains(&wanted.to_lowercase()))
            }
            Self::OnlyIf => {
                wanted.eq_ignore_ascii_case("false") || entry[field].as_bool() == Some(true)
            }
            Self::DueStatus => {
                let unpaid = matches!(entry["paymentStatus"].as_i64(), Some(0 | 3));
                let overdue = date_of(entry, field).is_some_and(|due| due < today);
                unpaid && overdue == (wanted == "2")
            }
        }
    }
}

/// A moment in UTC: a date, a date with a time, or one with an offset as well.
fn moment(text: &str) -> Option<NaiveDateTime> {
    let with_offset = DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.naive_utc());
    let local = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    let day = || validate::date(text).and_then(|day| day.and_hms_opt(0, 0, 0));
    with_offset.or_else(local).or_else(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Value> {
        let statuses = [0, 1, 3];
        (1..=3)
            .map(|day| {
                json!({
                    "id": day,
                    "issueDate": format!("2026-01-0{day}T00:00:00"),
                    "dueDate": format!("2026-01-1{day}T00:00:00"),
                    "documentNumber": format!("2026010{day}001"),
                    "orderNumber": format!("OBJ-{day}"),
                    "paymentStatus": statuses[day - 1],
                    "items": [],
                    "lastModifiedTimestamp": format!("2026-01-0{day}T08:00:00"),
                })
            })
            .collect()
    }

    fn ids(query: &str) -> Vec<i64> {
        let today = NaiveDate::from_ymd_opt(2026, 1, 12).unwrap();
        let read = Query::read(query, INVOICES, &mut Vec::new()).unwrap();
        let page = read.page(&entries(), today);
        page["data"].as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect()
    }

    #[test]
    fn bounds_are_inclusive() {
        assert_eq!(ids("IssueDateFrom=2026-01-02"), [2, 3]);
        assert_eq!(ids("IssueDateTo=2026-01-02T00:00:00Z"), [1, 2]);
        assert_eq!(ids("DocumentNumberFrom=20260102001&DocumentNumberTo=20260102001"), [2]);
        assert_eq!(ids("LastModifiedTimestamp=2026-01-02T08:00:00"), [2, 3]);
        assert_eq!(ids("LastModifiedTimestamp=2026-01-02T09:00:00%2B01:00"), [2, 3]);
    }

    #[test]
    fn statuses_and_texts_are_compared() {
        assert_eq!(ids("PaymentStatus=1"), [2]);
        assert_eq!(ids("OrderNumber=OBJ-3"), [3]);
        assert_eq!(ids("DueDateStatus=1"), [3]);
        assert_eq!(ids("DueDateStatus=2"), [1]);
    }

    #[test]
    fn pages_are_cut_from_a_stable_order() {
        assert_eq!(ids("Top=2"), [1, 2]);
        assert_eq!(ids("Top=2&Skip=2"), [3]);
        assert_eq!(ids("Skip=9"), [0_i64; 0]);
    }

    #[test]
    fn values_that_a_filter_cannot_take_are_refused() {
        for query in [
            "Top=0",
            "Top=101",
            "Skip=-1",
            "IssueDateFrom=1.1.2026",
            "PaymentStatus=3",
            "DueDateStatus=0",
            "ExtendedFields=Itemz",
            "NumberingSequence=TOOLONG",
            "LastModifiedTimestamp=yesterday",
        ] {
            assert!(Query::read(query, INVOICES, &mut Vec::new()).is_err(), "{query}");
        }
    }

    #[test]
    fn unknown_parameters_are_noted() {
        let mut oddities = Vec::new();
        assert!(Query::read("top=5&Top=5", INVOICES, &mut oddities).is_ok());
        assert_eq!(oddities, ["unknown parameter top"]);
    }

    #[test]
    fn extended_members_come_when_asked() {
        let today = NaiveDate::default();
        let plain = Query::read("", INVOICES, &mut Vec::new()).unwrap();
        assert!(plain.page(&entries(), today)["data"][0].get("items").is_none());
        let asked =
            Query::read("ExtendedFields=Items,Payments", INVOICES, &mut Vec::new()).unwrap();
        assert!(asked.page(&entries(), today)["data"][0].get("items").is_some());
    }
}
