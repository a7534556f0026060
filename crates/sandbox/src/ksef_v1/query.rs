//! Searching invoices: criteria, and the synchronous lists of headers (specification 1.9, chapter
//! 13.10.3; KSeF 1.x facts §2.6 and §5).

use chrono::{DateTime, Months, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Number, Value, json};

use super::answer::{Answered, Ask, Caller, Version};
use super::common::is_named;
use super::exception::Exception;
use super::header;
use super::people::Context;
use super::store::{Accepted, Store};
use crate::ksef::document::{Party, PartyId};
use crate::ksef::numbers;
use crate::reply::Reply;

/// Kinds of invoices that the interface names.
const KINDS: [&str; 10] =
    ["VAT", "KOR", "ZAL", "ROZ", "UPR", "KOR_ZAL", "KOR_ROZ", "VAT_PEF", "VAT_PEF_SP", "KOR_PEF"];

/// What an asynchronous query found.
#[derive(Debug)]
pub(super) struct QueryResult {
    pub(super) count: usize,
    pub(super) parts: Vec<ResultPart>,
}

/// One part of it.
#[derive(Debug)]
pub(super) struct ResultPart {
    pub(super) reference: String,
    pub(super) name: String,
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) expires: DateTime<Utc>,
    /// Size and digest of the archive before encryption.
    pub(super) size: usize,
    pub(super) hash: [u8; 32],
    /// What is fetched.
    pub(super) bytes: bytes::Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    query_criteria: Written,
}

/// Criteria as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Written {
    #[serde(rename = "type")]
    kind: String,
    subject_type: String,
    hiding_date_from: Option<String>,
    hiding_date_to: Option<String>,
    is_hidden: Option<bool>,
    acquisition_timestamp_threshold_from: Option<String>,
    acquisition_timestamp_threshold_to: Option<String>,
    invoicing_date_from: Option<String>,
    invoicing_date_to: Option<String>,
    amount_from: Option<Number>,
    amount_to: Option<Number>,
    amount_type: Option<String>,
    currency_codes: Option<Vec<String>>,
    #[serde(rename = "faP17Annotation")]
    self_invoicing: Option<bool>,
    invoice_number: Option<String>,
    invoice_types: Option<Vec<String>>,
    ksef_reference_number: Option<String>,
    schema_type: Option<String>,
    subject_by: Option<Value>,
    subject_to: Option<Value>,
}

/// Criteria that make sense.
pub(super) struct Criteria {
    pub(super) subject: Subject,
    pub(super) window: (DateTime<Utc>, DateTime<Utc>),
    by_date: bool,
    written: Written,
    hiding: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
}

/// As whom the context stands on the invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    First,
    Second,
    Third,
    Authorized,
}

impl Subject {
    /// Its name in requests.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::First => "subject1",
            Self::Second => "subject2",
            Self::Third => "subject3",
            Self::Authorized => "subjectAuthorized",
        }
    }

    fn concerns(self, accepted: &Accepted, context: &Context) -> bool {
        let invoice = &accepted.invoice;
        let is = |party: &Party| match (context, &party.id) {
            (Context::Internal(own), PartyId::Internal(value)) => own == value,
            _ => party.nip() == Some(context.nip()),
        };
        match self {
            Self::First => is(&invoice.seller),
            Self::Second => is(&invoice.buyer),
            Self::Third => invoice.others.iter().any(|(party, _)| is(party)),
            Self::Authorized => invoice.authorized.as_ref().is_some_and(|(party, _)| is(party)),
        }
    }
}

/// A moment; one without an offset is taken as UTC.
pub(super) fn moment_of(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|it| it.and_utc())
}

/// Reads the criteria of both queries.
pub(super) fn criteria(ask: &Ask<'_>) -> Result<Criteria, Exception> {
    if let Version::Vnd(version) = ask.sent()
        && version != 2
    {
        return Err(Exception::new(21414));
    }
    let written = ask.body::<Body>()?.query_criteria;
    let wrong = |what: &str| ask.off_schema(what);
    let subject = match written.subject_type.as_str() {
        "subject1" => Subject::First,
        "subject2" => Subject::Second,
        "subject3" => Subject::Third,
        "subjectAuthorized" => Subject::Authorized,
        _ => return Err(wrong("subjectType")),
    };
    let optional = |text: &Option<String>, name: &str| match text {
        None => Ok(None),
        Some(text) => moment_of(text).map(Some).ok_or_else(|| ask.lacking(20006, name)),
    };
    let read = |text: &Option<String>, name: &str| optional(text, name)?.ok_or_else(|| wrong(name));
    let by_date = match written.kind.as_str() {
        "incremental" => false,
        "range" | "detail" => true,
        _ => return Err(wrong("type")),
    };
    let window = if by_date {
        let from = read(&written.invoicing_date_from, "invoicingDateFrom")?;
        (from, read(&written.invoicing_date_to, "invoicingDateTo")?)
    } else {
        let from = &written.acquisition_timestamp_threshold_from;
        let to = &written.acquisition_timestamp_threshold_to;
        (
            read(from, "acquisitionTimestampThresholdFrom")?,
            read(to, "acquisitionTimestampThresholdTo")?,
        )
    };
    check_window(ask, window)?;
    check_members(ask, &written)?;
    let hiding = (
        optional(&written.hiding_date_from, "hidingDateFrom")?,
        optional(&written.hiding_date_to, "hidingDateTo")?,
    );
    Ok(Criteria { subject, window, by_date, written, hiding })
}

/// Floor, ceiling and width (KSeF 1.x facts §5).
fn check_window(
    ask: &Ask<'_>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), Exception> {
    let floor = NaiveDate::from_ymd_opt(2021, 12, 31).and_then(|date| date.and_hms_opt(12, 0, 0));
    let floor = floor.map(|it| it.and_utc()).unwrap_or_default();
    let ceiling = ask.now + TimeDelta::hours(6);
    let widest = from.checked_add_months(Months::new(24)).unwrap_or(from);
    if from > to || from < floor || from > ceiling || to > widest {
        return Err(ask.off_schema("window"));
    }
    Ok(())
}

/// Each kind of criteria has its own members, and each member its values.
fn check_members(ask: &Ask<'_>, written: &Written) -> Result<(), Exception> {
    let incremental = written.acquisition_timestamp_threshold_from.is_some()
        || written.acquisition_timestamp_threshold_to.is_some();
    let dated = written.invoicing_date_from.is_some() || written.invoicing_date_to.is_some();
    let detailed = written.amount_from.is_some()
        || written.amount_to.is_some()
        || written.amount_type.is_some()
        || written.currency_codes.is_some()
        || written.self_invoicing.is_some()
        || written.invoice_number.is_some()
        || written.invoice_types.is_some()
        || written.ksef_reference_number.is_some()
        || written.schema_type.is_some()
        || written.subject_by.is_some()
        || written.subject_to.is_some();
    let fits = match written.kind.as_str() {
        "incremental" => !dated && !detailed,
        "range" => !incremental && !detailed,
        _ => !incremental,
    };
    let named = |subject: &Option<Value>, member: &str| {
        subject.as_ref().is_none_or(|subject| subject[member].is_object())
    };
    // Version 1 wants the names, version 2 does not (KSeF 1.x facts §3).
    let complete = ask.sent() == Version::Vnd(2)
        || named(&written.subject_by, "issuedByName") && named(&written.subject_to, "issuedToName");
    let one_of = |value: &Option<String>, values: &[&str]| {
        value.as_deref().is_none_or(|value| values.contains(&value))
    };
    let kinds = written.invoice_types.iter().flatten().all(|kind| KINDS.contains(&kind.as_str()));
    let currencies = written
        .currency_codes
        .iter()
        .flatten()
        .all(|code| code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase()));
    let number = written.ksef_reference_number.as_deref().map(numbers::short_form);
    let fits = fits
        && complete
        && kinds
        && currencies
        && number != Some(None)
        && named(&written.subject_by, "issuedByIdentifier")
        && named(&written.subject_to, "issuedToIdentifier")
        && one_of(&written.amount_type, &["brutto", "netto", "vat"])
        && one_of(&written.schema_type, &["VAT", "VAT_RR", "PEF"]);
    if fits { Ok(()) } else { Err(ask.off_schema("queryCriteria")) }
}

impl Criteria {
    /// What fits, in the order of acceptance.
    pub(super) fn find<'s>(&self, store: &'s Store, context: &Context) -> Vec<&'s Accepted> {
        let fits = |accepted: &&Accepted| {
            self.subject.concerns(accepted, context)
                && self.within(accepted)
                && self.hidden(store, accepted, context)
                && self.details(accepted)
        };
        store.accepted.iter().filter(fits).collect()
    }

    fn within(&self, accepted: &Accepted) -> bool {
        let (from, to) = self.window;
        if self.by_date {
            let date = accepted.invoice.issued;
            (from.date_naive()..=to.date_naive()).contains(&date)
        } else {
            (from..=to).contains(&accepted.at)
        }
    }

    fn hidden(&self, store: &Store, accepted: &Accepted, context: &Context) -> bool {
        let key = (accepted.ksef_number.clone(), context.key().to_owned());
        let mark = store.hidden.get(&key).filter(|mark| mark.active);
        let (from, to) = self.hiding;
        let at = |limit: Option<DateTime<Utc>>,
                  fits: fn(&DateTime<Utc>, &DateTime<Utc>) -> bool| {
            limit.is_none_or(|limit| mark.is_some_and(|mark| fits(&mark.at, &limit)))
        };
        self.written.is_hidden.is_none_or(|wanted| wanted == mark.is_some())
            && at(from, |at, from| at >= from)
            && at(to, |at, to| at <= to)
    }

    fn details(&self, accepted: &Accepted) -> bool {
        let (written, invoice) = (&self.written, &accepted.invoice);
        let amount = match written.amount_type.as_deref() {
            Some("netto") => invoice.net,
            Some("vat") => invoice.vat,
            _ => invoice.gross,
        };
        let listed = |list: &Option<Vec<String>>, value: &str| {
            list.as_ref().is_none_or(|list| list.is_empty() || list.iter().any(|it| it == value))
        };
        let number = written.ksef_reference_number.as_deref().and_then(numbers::short_form);
        exact(written.amount_from.as_ref()).is_none_or(|from| amount >= from)
            && exact(written.amount_to.as_ref()).is_none_or(|to| amount <= to)
            && listed(&written.currency_codes, &invoice.currency)
            && listed(&written.invoice_types, invoice.kind)
            && written.self_invoicing.is_none_or(|wanted| wanted == invoice.self_invoicing)
            && written.invoice_number.as_ref().is_none_or(|wanted| *wanted == invoice.number)
            && number.is_none_or(|number| number == accepted.ksef_number)
            && written.schema_type.as_deref().is_none_or(|wanted| wanted == "VAT")
            && is_party(written.subject_by.as_ref(), "issuedBy", &invoice.seller)
            && is_party(written.subject_to.as_ref(), "issuedTo", &invoice.buyer)
    }
}

/// The exact value of a number.
fn exact(number: Option<&Number>) -> Option<Decimal> {
    let text = number?.to_string();
    Decimal::from_str_exact(&text).ok().or_else(|| Decimal::from_scientific(&text).ok())
}

/// Whether the criteria about a party name this one.
fn is_party(wanted: Option<&Value>, prefix: &str, party: &Party) -> bool {
    let Some(wanted) = wanted else { return true };
    let name = &wanted[format!("{prefix}Name")];
    wanted[format!("{prefix}Identifier")] == header::identifier(party)
        && (name.is_null() || is_named(name, &party.name))
}

/// A page of headers.
pub(super) fn sync(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let (size, index) = ask.page((10, 100), 100, None)?;
    let criteria = criteria(ask)?;
    let reference = ask.new_reference("QI");
    ask.ksef.with_store(|store| {
        let found = criteria.find(store, &caller.context);
        let largest = store.settings.largest_result;
        if found.len() > largest {
            return Err(Exception::about(21177, largest.to_string()));
        }
        let page = found.iter().skip(index * size).take(size);
        let list: Vec<Value> = page
            .map(|accepted| {
                let key = (accepted.ksef_number.clone(), caller.context.key().to_owned());
                header::header(ask, accepted, store.hidden.get(&key))
            })
            .collect();
        Ok(Reply::json(
            200,
            json!({
                "timestamp": ask.moment(ask.now),
                "referenceNumber": reference,
                "numberOfElements": found.len(),
                "pageSize": size,
                "pageOffset": index,
                "invoiceHeaderList": list,
            }),
        ))
    })
}
