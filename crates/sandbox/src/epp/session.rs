//! Logging in, refreshing, and the tokens that result (source document, sections `login` and
//! `login/refresh`; ePP facts §1).
//!
//! Every refusal is counted, so that a test can tell a client that logs in too often.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use ring::hmac;
use serde::Serialize;
use serde_json::{Value, json};

use super::moments;
use crate::chance::Chance;

/// After so many refused logins in a row a user is blocked.
const TRIES: u32 = 3;

/// For how long.
const BLOCK: TimeDelta = TimeDelta::minutes(1);

/// What the double counted so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Statistics {
    /// Logins that gave tokens.
    pub logins: u64,
    /// Logins that were refused, those of a blocked user included.
    pub refused_logins: u64,
    /// Refreshes that gave tokens.
    pub refreshes: u64,
    /// Refreshes that were refused.
    pub refused_refreshes: u64,
    /// Refreshes while an access token of the same login was still good.
    ///
    /// A client refreshes only after a 401 (source document, section `login`), so this stays 0
    /// unless a scripted fault made up a 401.
    pub early_refreshes: u64,
    /// Requests that were answered 401 because of their access token.
    pub unauthenticated: u64,
    /// Statements that left the web host.
    pub downloads: u64,
}

/// Why a login was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Unknown,
    Blocked,
}

/// How long tokens live.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lives {
    pub(super) access: TimeDelta,
    pub(super) refresh: TimeDelta,
}

/// One token and whom it stands for.
#[derive(Clone)]
struct Ticket {
    login: String,
    until: DateTime<Utc>,
    /// Which login it descends from.
    family: u64,
}

/// The tokens in force and the refused logins.
#[derive(Default)]
pub(super) struct Sessions {
    access: BTreeMap<String, Ticket>,
    refresh: BTreeMap<String, Ticket>,
    gates: BTreeMap<String, Gate>,
    families: u64,
}

#[derive(Clone, Copy, Default)]
struct Gate {
    refused: u32,
    blocked_until: Option<DateTime<Utc>>,
}

impl Sessions {
    /// Lets a login try pass or not; `good` says whether the password is right.
    pub(super) fn knock(
        &mut self,
        login: &str,
        good: bool,
        now: DateTime<Utc>,
    ) -> Result<(), Refused> {
        let gate = self.gates.entry(login.to_owned()).or_default();
        if gate.blocked_until.is_some_and(|until| now < until) {
            return Err(Refused::Blocked);
        }
        if gate.blocked_until.is_some() || good {
            *gate = Gate::default();
        }
        if good {
            return Ok(());
        }
        gate.refused += 1;
        if gate.refused == TRIES {
            gate.blocked_until = Some(now + BLOCK);
        }
        Err(Refused::Unknown)
    }

    /// A pair of tokens for a login that passed.
    pub(super) fn open(
        &mut self,
        login: &str,
        now: DateTime<Utc>,
        lives: Lives,
        chance: &Chance,
    ) -> Value {
        self.families += 1;
        self.issue(login, self.families, now, lives, chance)
    }

    /// A new pair for a refresh token, which is spent by it; also whether an access token of the
    /// same login was still good.
    pub(super) fn renew(
        &mut self,
        token: &str,
        now: DateTime<Utc>,
        lives: Lives,
        chance: &Chance,
    ) -> Option<(Value, bool)> {
        let ticket = self.refresh.remove(token).filter(|ticket| now < ticket.until)?;
        let early = self.access.values().any(|one| one.family == ticket.family && now < one.until);
        Some((self.issue(&ticket.login, ticket.family, now, lives, chance), early))
    }

    /// The login that an access token stands for.
    pub(super) fn login_of(&self, token: &str, now: DateTime<Utc>) -> Option<&str> {
        let ticket = self.access.get(token).filter(|ticket| now < ticket.until)?;
        Some(&ticket.login)
    }

    /// Whether this is a refresh token.
    pub(super) fn is_refresh(&self, token: &str) -> bool {
        self.refresh.contains_key(token)
    }

    /// Whether this is an access token, a dead one included.
    pub(super) fn is_access(&self, token: &str) -> bool {
        self.access.contains_key(token)
    }

    /// Lets one access token end now.
    pub(super) fn end(&mut self, token: &str, now: DateTime<Utc>) {
        if let Some(ticket) = self.access.get_mut(token) {
            ticket.until = ticket.until.min(now);
        }
    }

    /// Lets all access tokens end now.
    pub(super) fn end_access(&mut self, now: DateTime<Utc>) {
        self.access.values_mut().for_each(|ticket| ticket.until = ticket.until.min(now));
    }

    /// Lets all refresh tokens end now.
    pub(super) fn end_refresh(&mut self, now: DateTime<Utc>) {
        self.refresh.values_mut().for_each(|ticket| ticket.until = ticket.until.min(now));
    }

    fn issue(
        &mut self,
        login: &str,
        family: u64,
        now: DateTime<Utc>,
        lives: Lives,
        chance: &Chance,
    ) -> Value {
        let ticket = |life| Ticket { login: login.to_owned(), until: now + life, family };
        let (access, refresh) = (ticket(lives.access), ticket(lives.refresh));
        let pair = (token(&access, chance), token(&refresh, chance));
        self.access.insert(pair.0.clone(), access);
        self.refresh.insert(pair.1.clone(), refresh);
        json!({
            "creationTime": moments::precise(now),
            "accessToken": pair.0,
            "refreshToken": pair.1,
        })
    }
}

/// A token in the form that ePP uses: a JWT signed with HS512 (ePP facts §1, rules). Its content
/// is nobody's business but the server's, and the double looks it up by its whole text.
fn token(ticket: &Ticket, chance: &Chance) -> String {
    let header = BASE64.encode(r#"{"alg":"HS512","typ":"JWT"}"#);
    let claims =
        json!({"sub": ticket.login, "exp": ticket.until.timestamp(), "jti": chance.uuid()});
    let signed = format!("{header}.{}", BASE64.encode(claims.to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA512, &chance.bytes::<64>());
    let signature = BASE64.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVES: Lives = Lives { access: TimeDelta::minutes(20), refresh: TimeDelta::hours(8) };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn the_fourth_try_of_a_minute_is_not_even_looked_at() {
        let mut sessions = Sessions::default();
        for second in 0..3 {
            assert_eq!(sessions.knock("prvi", false, at(second)), Err(Refused::Unknown));
        }
        assert_eq!(sessions.knock("prvi", true, at(3)), Err(Refused::Blocked));
        assert_eq!(sessions.knock("drugi", true, at(3)), Ok(()), "others are not blocked");
        assert_eq!(sessions.knock("prvi", true, at(61)), Err(Refused::Blocked));
        assert_eq!(sessions.knock("prvi", false, at(62)), Err(Refused::Unknown), "a new count");
        assert_eq!(sessions.knock("prvi", true, at(63)), Ok(()));
    }

    #[test]
    fn a_good_login_forgets_the_refused_ones() {
        let mut sessions = Sessions::default();
        for good in [false, false, true, false, false, true] {
            assert_eq!(sessions.knock("prvi", good, at(0)).is_ok(), good);
        }
    }

    #[test]
    fn a_refresh_token_works_once_and_knows_whether_it_was_early() {
        let (mut sessions, chance) = (Sessions::default(), Chance::seeded(1));
        let pair = sessions.open("prvi", at(0), LIVES, &chance);
        let refresh = pair["refreshToken"].as_str().unwrap();
        assert_eq!(sessions.login_of(pair["accessToken"].as_str().unwrap(), at(1)), Some("prvi"));
        let (renewed, early) = sessions.renew(refresh, at(1200), LIVES, &chance).unwrap();
        assert!(!early);
        assert!(sessions.renew(refresh, at(1200), LIVES, &chance).is_none());
        let refresh = renewed["refreshToken"].as_str().unwrap();
        let (_, early) = sessions.renew(refresh, at(1300), LIVES, &chance).unwrap();
        assert!(early);
    }
}
