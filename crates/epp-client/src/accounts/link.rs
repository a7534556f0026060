//! Links to statements: they last a minute and hold for one address only (source document, GET
//! bank-accounts/`<BankAccountNumber>`/statement-url).

use std::{fmt, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use common_core::{codes, effect::Effect};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    api::{Answer, Epp, LIMIT, Refusal, Status, decode},
    model::{BankAccountNumber, Jbkjs, Moment},
};

codes! {
    /// The form of a daily statement; sent in lower case as in the sample (ePP facts §4, trap 20).
    pub enum StatementFormat: str {
        /// For people.
        Pdf = "pdf",
        /// In UTF-8.
        Xml = "xml",
        /// In UTF-8.
        Json = "json",
    }
}

/// `GET bank-accounts/{number}/statement-url`: a link to a statement.
///
/// To get the statement itself use
/// [`Client::download_statement`](crate::Client::download_statement).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementUrl {
    /// The account, or the organisation of a special statement.
    number: String,
    date: NaiveDate,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Daily(StatementFormat),
    Special(String),
}

impl StatementUrl {
    /// The daily statement of an account.
    pub fn daily(account: &BankAccountNumber, date: NaiveDate, format: StatementFormat) -> Self {
        Self { number: account.to_string(), date, kind: Kind::Daily(format) }
    }

    /// A special statement of an organisation under its name, as `10523_sve-partije`.
    ///
    /// The organisation stands where an account stands otherwise (ePP facts §4, trap 22).
    pub fn special(organization: &Jbkjs, date: NaiveDate, name: impl Into<String>) -> Self {
        Self { number: organization.to_string(), date, kind: Kind::Special(name.into()) }
    }

    /// The special statement of all accounts of an organisation.
    pub fn all_accounts(organization: &Jbkjs, date: NaiveDate) -> Self {
        Self::special(organization, date, format!("{organization}_sve-partije"))
    }
}

impl Endpoint for StatementUrl {
    type Api = Epp;
    type Response = Answer<StatementLink>;

    const INFO: Info = Info {
        name: "accounts.statement_url",
        method: Method::GET,
        path: "/bank-accounts/{number}/statement-url",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LIMIT,
        section: "source document, GET bank-accounts/<BankAccountNumber>/statement-url",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let info = Self::INFO;
        let request = RequestBuilder::new(&info, base).param("number", &self.number)?;
        match &self.kind {
            Kind::Daily(format) => request
                .query("type", "statement")
                .query("format", format)
                .query("date", self.date)
                .finish(),
            Kind::Special(name) => request
                .query("type", "specialStatement")
                .query("date", self.date)
                .query("name", name)
                .finish(),
        }
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Self::Response, DecodeError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Payload {
            #[serde(default)]
            url: Option<String>,
            #[serde(default)]
            expired_date: Option<Moment>,
            #[serde(default)]
            error: Value,
        }
        let payload = match decode::<Payload>(parts, body)? {
            Ok(payload) => payload,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !payload.error.is_null() {
            return Ok(Err(Refusal { http: parts.status.as_u16(), status: told(payload.error) }));
        }
        let url = payload.url.filter(|url| !url.is_empty());
        let url = url.ok_or_else(|| DecodeError::new("payload.url", "there is no link"))?;
        Ok(Ok(StatementLink { url, expired_date: payload.expired_date }))
    }
}

/// What the `error` beside a missing link says: an object with a code, or a text.
fn told(error: Value) -> Status {
    let mut status = match error {
        Value::String(code) => Status { code: Some(code), message: None },
        error => serde_json::from_value(error).unwrap_or_default(),
    };
    status.code.get_or_insert_with(|| "StatementError".to_owned());
    status
}

/// A link to a statement: whoever has it, and the address it was given to, may download.
#[derive(Clone, PartialEq, Eq)]
pub struct StatementLink {
    url: String,
    expired_date: Option<Moment>,
}

impl StatementLink {
    /// The address, on the web host of the environment.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Until when the link holds, as the service wrote it.
    pub fn expired_date(&self) -> Option<&Moment> {
        self.expired_date.as_ref()
    }

    /// How long the link holds still: zero when its time is over, `None` when that is unknown.
    ///
    /// Taken from the date, or else from the seconds since 1970 in the address, which are the same
    /// moment (ePP facts §4, trap 28).
    pub fn remaining(&self, now: DateTime<Utc>) -> Option<Duration> {
        let date = self.expired_date.as_ref().and_then(Moment::instant);
        let end = date.map(|date| date.to_utc()).or_else(|| self.expires())?;
        Some((end - now).to_std().unwrap_or(Duration::ZERO))
    }

    fn expires(&self) -> Option<DateTime<Utc>> {
        let (_, query) = self.url.split_once('?')?;
        let seconds = query.split('&').find_map(|pair| pair.strip_prefix("expires="))?;
        DateTime::from_timestamp(seconds.parse().ok()?, 0)
    }
}

impl fmt::Debug for StatementLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatementLink")
            .field("expired_date", &self.expired_date)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{get, read, shown};

    const URL: &str =
        "https://epp-web.example.test/izvodi/a.json.zip?md5=canary&expires=1714061756";

    fn day() -> NaiveDate {
        "2024-04-24".parse().unwrap()
    }

    fn link(expired_date: Option<&str>) -> StatementLink {
        StatementLink { url: URL.to_owned(), expired_date: expired_date.map(Moment::from) }
    }

    #[test]
    fn trap_20_and_21_the_daily_statement_is_asked_for_in_lower_case_and_without_a_referer() {
        let account = "1185804".parse().unwrap();
        let request = StatementUrl::daily(&account, day(), StatementFormat::Json);
        let query = "type=statement&format=json&date=2024-04-24";
        let path = format!("/bank-accounts/0000001185804/statement-url?{query}");
        assert_eq!(shown(&request), get(&path));
    }

    #[test]
    fn trap_22_a_special_statement_names_the_organisation_and_no_format() {
        let request = StatementUrl::all_accounts(&"10523".parse().unwrap(), day());
        let query = "type=specialStatement&date=2024-04-24&name=10523_sve-partije";
        assert_eq!(shown(&request), get(&format!("/bank-accounts/10523/statement-url?{query}")));
    }

    #[test]
    fn a_link_is_read_and_not_shown() {
        let body = format!(
            r#"{{"status":{{"code":"Success"}},"payload":{{"url":"{URL}",
            "expiredDate":"2024-04-25T18:15:56.8571103+02:00","error":null}}}}"#
        );
        let link = read::<StatementUrl>(&body).unwrap().unwrap();
        assert_eq!(link.url(), URL);
        assert!(!format!("{link:?}").contains("canary"));
    }

    #[test]
    fn an_error_in_the_place_of_a_link_is_a_refusal() {
        let code = |error: &str| {
            let body = format!(r#"{{"payload":{{"url":null,"error":{error}}}}}"#);
            read::<StatementUrl>(&body).unwrap().unwrap_err().status.code.unwrap()
        };
        assert_eq!(code(r#"{"code":"NoStatement.","message":"x"}"#), "NoStatement");
        assert_eq!(code(r#""NoStatement""#), "NoStatement");
        assert_eq!(code("{}"), "StatementError");
        let nothing = read::<StatementUrl>(r#"{"payload":{"url":"","error":null}}"#);
        assert_eq!(nothing.unwrap_err().path(), "payload.url");
    }

    #[test]
    fn trap_28_the_address_ends_at_the_same_moment_as_the_date() {
        let now = "2024-04-25T16:15:00Z".parse().unwrap();
        let dated = link(Some("2024-04-25T18:15:56.8571103+02:00")).remaining(now);
        assert_eq!(dated.map(|left| left.as_secs()), Some(56));
        assert_eq!(link(None).remaining(now), Some(Duration::from_secs(56)));
        assert_eq!(link(Some("uskoro")).remaining(now), Some(Duration::from_secs(56)));
        let late = "2024-04-25T16:16:00Z".parse().unwrap();
        assert_eq!(link(None).remaining(late), Some(Duration::ZERO));
        let bare = StatementLink { url: "https://x.test/".to_owned(), expired_date: None };
        assert_eq!(bare.remaining(now), None);
    }
}
