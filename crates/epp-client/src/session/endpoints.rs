//! The three functions around a login. They carry no access token.

use bytes::Bytes;
use common_core::{
    effect::Effect,
    secret::{ExposeSecret, SecretString, Zeroizing},
};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::{HeaderValue, Method, header::AUTHORIZATION};
use serde::{Deserialize, Serialize};

use super::{Credentials, TokenPair};
use crate::api::{Answer, Epp, LIMIT, decode, decode_nothing};

/// `GET login/ping`: whether the service is there; needs no login (source document, Okruženja).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ping;

impl Endpoint for Ping {
    type Api = Epp;
    type Response = Answer<()>;

    const INFO: Info = Info {
        name: "session.ping",
        method: Method::GET,
        path: "/login/ping",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, Okruženja",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).finish()
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Answer<()>, DecodeError> {
        Ok(decode_nothing(parts, body))
    }
}

/// `POST login`. Once: a repeated login with a wrong password counts towards the lock.
pub(crate) struct Login<'a>(&'a Credentials);

impl<'a> Login<'a> {
    pub(crate) fn new(credentials: &'a Credentials) -> Self {
        Self(credentials)
    }
}

impl Endpoint for Login<'_> {
    type Api = Epp;
    type Response = Answer<TokenPair>;

    const INFO: Info = Info {
        name: "session.login",
        method: Method::POST,
        path: "/login",
        effect: Effect::Once,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, login",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        #[derive(Serialize)]
        struct Body<'a> {
            login: &'a str,
            password: &'a str,
        }
        let body = Body { login: &self.0.login, password: self.0.password.expose_secret() };
        RequestBuilder::new(&Self::INFO, base).json(&body)?.finish()
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Self::Response, DecodeError> {
        tokens(parts, body)
    }
}

/// `GET login/refresh`, with the refresh token where other calls carry the access token. Once:
/// the service may take a refresh token a single time.
pub(crate) struct Refresh<'a>(&'a SecretString);

impl<'a> Refresh<'a> {
    pub(crate) fn new(tokens: &'a TokenPair) -> Self {
        Self(tokens.refresh_token())
    }
}

impl Endpoint for Refresh<'_> {
    type Api = Epp;
    type Response = Answer<TokenPair>;

    const INFO: Info = Info {
        name: "session.refresh",
        method: Method::GET,
        path: "/login/refresh",
        effect: Effect::Once,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, login/refresh",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let bearer = Zeroizing::new(format!("Bearer {}", self.0.expose_secret()));
        let mut header = HeaderValue::from_str(&bearer).map_err(|_| {
            BuildError::new("refreshToken", "has characters that a header cannot carry")
        })?;
        header.set_sensitive(true);
        RequestBuilder::new(&Self::INFO, base).header(AUTHORIZATION, header).finish()
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Self::Response, DecodeError> {
        tokens(parts, body)
    }
}

fn tokens(parts: &Parts, body: &Bytes) -> Result<Answer<TokenPair>, DecodeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Tokens {
        access_token: String,
        refresh_token: String,
    }
    let pair =
        |tokens: Tokens| TokenPair::new(tokens.access_token.into(), tokens.refresh_token.into());
    Ok(decode::<Tokens>(parts, body)?.map(pair))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{base, get, post, read, shown};

    const PAIR: &str = r#"{"status":{"message":"Success","code":"Success"},"payload":
        {"creationTime":"2026-02-01T08:00:00.1234567+01:00","accessToken":"a.b.c","refreshToken":"r"}}"#;

    #[test]
    fn the_ping_asks_without_a_parameter() {
        assert_eq!(shown(&Ping), get("/login/ping"));
    }

    #[test]
    fn any_body_answers_the_ping() {
        for body in ["", "\"pong\"", r#"{"status":{"code":"Success"},"payload":null}"#] {
            assert_eq!(read::<Ping>(body).unwrap(), Ok(()), "{body}");
        }
        assert!(read::<Ping>(r#"{"status":{"code":"Maintenance"}}"#).unwrap().is_err());
    }

    #[test]
    fn trap_18_a_login_is_whole_json_with_its_content_type() {
        let credentials = Credentials::new("korisnik\"1", "lozinka".into());
        let body = r#"{"login":"korisnik\"1","password":"lozinka"}"#;
        assert_eq!(shown(&Login::new(&credentials)), post("/login", body));
    }

    #[test]
    fn the_tokens_of_a_login_are_read() {
        let pair = read::<Login<'_>>(PAIR).unwrap().unwrap();
        assert_eq!(pair.access_token().expose_secret(), "a.b.c");
        assert_eq!(pair.refresh_token().expose_secret(), "r");
        let half = r#"{"payload":{"accessToken":"canary"}}"#;
        assert!(!format!("{:?}", read::<Login<'_>>(half).unwrap_err()).contains("canary"));
    }

    #[test]
    fn trap_2_and_4_a_refresh_is_a_get_that_carries_the_refresh_token() {
        let pair = TokenPair::new("access".into(), "refresh".into());
        let request = Refresh::new(&pair).request(&base()).unwrap();
        let line = (request.method().as_str(), request.uri().path());
        assert_eq!(line, ("GET", "/api/login/refresh"));
        let header = &request.headers()[AUTHORIZATION];
        assert_eq!((header.to_str().unwrap(), header.is_sensitive()), ("Bearer refresh", true));
        let broken = TokenPair::new("a".into(), "canary\n".into());
        let error = Refresh::new(&broken).request(&base()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[test]
    fn a_refresh_gives_a_new_pair() {
        let pair = read::<Refresh<'_>>(PAIR).unwrap().unwrap();
        assert_eq!(pair.refresh_token().expose_secret(), "r");
        assert!(read::<Refresh<'_>>(r#"{"status":{"code":"401"}}"#).unwrap().is_err());
    }
}
