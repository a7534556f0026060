//! The authority's public key, which stands beside the API (specification 1.9, chapter 6.1; KSeF 1.x
//! facts §1).

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::{HeaderValue, Method, header::ACCEPT};
use ksef_crypto::seal::AuthorityKey;

use crate::v1::api::{COMMON, KsefV1};

/// `GET /security/der`: the RSA key as a bare `SubjectPublicKeyInfo`.
///
/// An answer in PEM is read, too. The path lies below the host, not below `/api`, so a
/// [`Client`](crate::v1::Client) asks by [`authority_key`](crate::v1::Client::authority_key).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey;

impl Endpoint for PublicKey {
    type Api = KsefV1;
    type Response = AuthorityKey;

    const INFO: Info = Info {
        name: "security.public_key",
        method: Method::GET,
        path: "/security/der",
        effect: Effect::Read,
        auth: Auth::None,
        limit: COMMON,
        section: "specification 1.9, chapter 6.4",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let any = HeaderValue::from_static("application/octet-stream, */*");
        RequestBuilder::new(&Self::INFO, base).header(ACCEPT, any).finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<AuthorityKey, DecodeError> {
        let pem = std::str::from_utf8(body).ok().filter(|text| text.contains("-----BEGIN"));
        let key = match pem {
            Some(text) => AuthorityKey::from_pem(text),
            None => AuthorityKey::from_der(body),
        };
        key.map_err(|_| DecodeError::new(".", "the body is no public key"))
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use ksef_crypto::keys::PrivateKey;

    use super::*;
    use crate::v1::client::testing::{answer, shown};

    #[test]
    fn the_key_is_asked_for_beside_the_api() {
        let accept = "accept: application/octet-stream, */*";
        let line = "GET https://ksef.example.test/api/security/der";
        assert_eq!(shown(&PublicKey), format!("{line}\n{accept}"));
    }

    #[test]
    fn a_bare_key_is_read_from_der_and_from_a_pem_of_one_line() {
        let key = PrivateKey::generate_rsa_2048().unwrap().public_key().clone();
        let der = key.as_spki_der();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
            STANDARD.encode(der)
        );
        for body in [der, pem.as_bytes()] {
            assert_eq!(answer::<PublicKey>(body).unwrap().public_key(), &key);
        }
        assert!(answer::<PublicKey>(b"<html>").is_err());
    }
}
