//! Links to statements: an address that carries its own seal and end (source document, `GET
//! bank-accounts/<BankAccountNumber>/statement-url`).
//!
//! The web host keeps no list: the seal covers path, end and the address of the caller, so that
//! nothing of them can be changed, and nobody else can use the link.

use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::NaiveDate;
use ring::hmac;
use url::form_urlencoded;

/// Under which path the web host serves statements.
pub(super) const FOLDER: &str = "/izvodi/";

/// The path of a statement on the web host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) day: NaiveDate,
    /// The organisation of the user.
    pub(super) organization: String,
    /// The user.
    pub(super) login: String,
    /// The organisation that has the account.
    pub(super) owner: String,
    /// The name of the file without `.zip`.
    pub(super) file: String,
}

impl Place {
    /// The path below the web host.
    pub(super) fn path(&self) -> String {
        let Self { day, organization, login, owner, file } = self;
        format!("{FOLDER}{day}/ePP/{organization}/{login}/{owner}/{file}.zip")
    }

    /// Reads a path that was built so.
    pub(super) fn read(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix(FOLDER)?.split('/');
        let day = parts.next()?.parse().ok()?;
        let (_, mut next) = (parts.next()?, || parts.next().map(str::to_owned));
        let (organization, login, owner) = (next()?, next()?, next()?);
        let file = next()?.strip_suffix(".zip")?.to_owned();
        Some(Self { day, organization, login, owner, file })
    }
}

/// The key that seals links.
pub(super) struct Seal(hmac::Key);

/// What a link is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    Good,
    Ended,
    Forged,
}

impl Seal {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The query of a link; `end` is in seconds of Unix time.
    pub(super) fn query(&self, path: &str, end: i64, caller: IpAddr) -> String {
        format!("md5={}&expires={end}", self.mark(path, end, caller))
    }

    /// Looks at a link; `now` is in seconds of Unix time.
    pub(super) fn look(&self, path: &str, query: &str, caller: IpAddr, now: i64) -> Worth {
        let (mut mark, mut end) = (String::new(), None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "md5" => mark = value.into_owned(),
                "expires" => end = value.parse().ok(),
                _ => {}
            }
        }
        match end {
            Some(end) if mark != self.mark(path, end, caller) => Worth::Forged,
            Some(end) if now > end => Worth::Ended,
            Some(_) => Worth::Good,
            None => Worth::Forged,
        }
    }

    /// Sixteen bytes like those of the real one, though of another hash.
    fn mark(&self, path: &str, end: i64, caller: IpAddr) -> String {
        let tag = hmac::sign(&self.0, format!("{end}{path}{caller}").as_bytes());
        BASE64.encode(&tag.as_ref()[..16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_its_path_its_time_and_its_caller() {
        let seal = Seal::new(b"secret");
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let query = seal.query("/izvodi/a", 60, here);
        assert_eq!(query.split('&').next().unwrap().len(), "md5=".len() + 22);
        assert_eq!(seal.look("/izvodi/a", &query, here, 60), Worth::Good);
        assert_eq!(seal.look("/izvodi/a", &query, here, 61), Worth::Ended);
        assert_eq!(seal.look("/izvodi/a", &query, there, 60), Worth::Forged);
        assert_eq!(seal.look("/izvodi/b", &query, here, 60), Worth::Forged);
        let later = query.replace("expires=60", "expires=90");
        assert_eq!(seal.look("/izvodi/a", &later, here, 60), Worth::Forged);
        assert_eq!(seal.look("/izvodi/a", "", here, 60), Worth::Forged);
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = Place {
            day: NaiveDate::from_ymd_opt(2026, 1, 31).unwrap(),
            organization: "90001".to_owned(),
            login: "prvi".to_owned(),
            owner: "90002".to_owned(),
            file: "0000000910000.json".to_owned(),
        };
        assert_eq!(place.path(), "/izvodi/2026-01-31/ePP/90001/prvi/90002/0000000910000.json.zip");
        assert_eq!(Place::read(&place.path()), Some(place));
        assert_eq!(Place::read("/izvodi/2026-01-31/ePP/90001"), None);
    }
}
