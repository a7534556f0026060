//! Tokens of the Event Hub (Azure's shared access signatures; CRK facts §5).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::hmac;
use url::form_urlencoded;

/// The name of the rule that a token names.
const RULE: &str = "register-send";

/// The key that signs tokens.
#[derive(Debug)]
pub(super) struct Sas(hmac::Key);

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    /// The resource and everything below it.
    pub(super) resource: String,
    pub(super) expiry: i64,
}

impl Sas {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The value of the header `Authorization`.
    pub(super) fn token(&self, resource: &str, until: DateTime<Utc>) -> String {
        let (resource, expiry) = (quoted(resource), until.timestamp());
        let signature = STANDARD.encode(hmac::sign(&self.0, &input(&resource, expiry)));
        let signature = quoted(&signature);
        format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={RULE}")
    }

    /// What a token says, if it was signed here.
    pub(super) fn read(&self, token: &str) -> Option<Claims> {
        let fields = token.strip_prefix("SharedAccessSignature ")?;
        let field = |name: &str| {
            let mut pairs = fields.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
        };
        let (resource, expiry) = (field("sr")?, field("se")?.parse().ok()?);
        let signature = STANDARD.decode(unquoted(field("sig")?)).ok()?;
        hmac::verify(&self.0, &input(resource, expiry), &signature).ok()?;
        (field("skn")? == RULE).then(|| Claims { resource: unquoted(resource), expiry })
    }
}

/// What is signed: the resource as it is written in the token, and the end.
fn input(resource: &str, expiry: i64) -> Vec<u8> {
    format!("{resource}\n{expiry}").into_bytes()
}

fn quoted(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn unquoted(text: &str) -> String {
    // The parser reads pairs; the text becomes the only name.
    form_urlencoded::parse(text.as_bytes())
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_until_it_is_changed() {
        let sas = Sas::new(b"secret");
        let token =
            sas.token("https://localhost/hub/publishers/TSA2601000001", DateTime::UNIX_EPOCH);
        let claims = sas.read(&token).unwrap();
        assert_eq!(claims.resource, "https://localhost/hub/publishers/TSA2601000001");
        assert_eq!(claims.expiry, 0);
        assert!(token.len() <= 750);
        for (from, to) in
            [("TSA26", "TSB26"), ("se=0", "se=9"), ("Signature", "Signatur"), ("sig=", "sig=A")]
        {
            assert_eq!(sas.read(&token.replacen(from, to, 1)), None, "{to}");
        }
        assert_eq!(Sas::new(b"other").read(&token), None);
    }
}
