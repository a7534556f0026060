//! The tokens of the service: JSON Web Tokens with HMAC-SHA-256, as the contract's examples show
//! (KSeF 2.0 facts §2). To clients they are opaque.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::hmac;
use serde_json::{Value, json};

use super::people::{Caller, Permission};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Asks for the status of an authentication operation and redeems it.
    Operation,
    /// Asks for everything else.
    Access,
    /// Asks for new access tokens.
    Refresh,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Operation => "OperationToken",
            Self::Access => "ContextToken",
            Self::Refresh => "RefreshToken",
        }
    }

    fn read(name: &str) -> Option<Self> {
        [Self::Operation, Self::Access, Self::Refresh].into_iter().find(|it| it.as_str() == name)
    }
}

/// A token that was read and has not been changed.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) kind: Kind,
    /// The reference number of the authentication operation.
    pub(super) operation: String,
    pub(super) until: DateTime<Utc>,
}

/// The key of all tokens of one sandbox.
pub(super) struct Issuer(hmac::Key);

impl Issuer {
    /// An issuer with this secret.
    pub(super) fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// A token of that kind for an operation.
    pub(super) fn operation(&self, reference: &str, now: DateTime<Utc>, life: TimeDelta) -> String {
        let claims = json!({"typ": Kind::Operation.as_str(), "arn": reference});
        self.signed(claims, now, life)
    }

    /// A token of that kind for a caller.
    pub(super) fn caller(
        &self,
        kind: Kind,
        caller: &Caller,
        held: &[Permission],
        now: DateTime<Utc>,
        life: TimeDelta,
    ) -> String {
        let names: Vec<_> = held.iter().map(|one| one.as_str()).collect();
        let names = json!(names).to_string();
        let subject = json!({"subjectIdentifier": caller.subject.json()}).to_string();
        let claims = json!({
            "typ": kind.as_str(),
            "cit": caller.context.kind.as_str(),
            "civ": caller.context.value,
            "aum": caller.method.as_str(),
            "arn": caller.operation,
            "sud": subject,
            "per": names,
            "pec": "[]",
            "rol": "[]",
            "pep": names,
        });
        self.signed(claims, now, life)
    }

    fn signed(&self, mut claims: Value, now: DateTime<Utc>, life: TimeDelta) -> String {
        claims["iss"] = json!("ksef-api-te");
        claims["aud"] = json!("ksef-api-te");
        claims["iat"] = json!(now.timestamp());
        claims["exp"] = json!((now + life).timestamp());
        let head = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let body = URL_SAFE_NO_PAD.encode(claims.to_string());
        let signature = hmac::sign(&self.0, format!("{head}.{body}").as_bytes());
        format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// The seal of a text that is no token, such as a link.
    pub(super) fn seal(&self, text: &str) -> Vec<u8> {
        hmac::sign(&self.0, text.as_bytes()).as_ref().to_vec()
    }

    /// The content of a token that this issuer made; whether it has expired is for the reader.
    pub(super) fn read(&self, token: &str) -> Option<Read> {
        let (message, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.0, message.as_bytes(), &signature).ok()?;
        let claims = URL_SAFE_NO_PAD.decode(message.split_once('.')?.1).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let until = DateTime::from_timestamp(claims["exp"].as_i64()?, 0)?;
        let kind = Kind::read(claims["typ"].as_str()?)?;
        Some(Read { kind, operation: claims["arn"].as_str()?.to_owned(), until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_token_is_not_read() {
        let issuer = Issuer::new(&[3; 32]);
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let token = issuer.operation("20260131-AU-0", now, TimeDelta::minutes(45));
        let read = issuer.read(&token).unwrap();
        assert_eq!((read.kind, read.until), (Kind::Operation, now + TimeDelta::minutes(45)));
        assert!(issuer.read(&format!("{token}A")).is_none());
        assert!(Issuer::new(&[4; 32]).read(&token).is_none());
        assert!(issuer.read("a.b.c").is_none());
    }
}
