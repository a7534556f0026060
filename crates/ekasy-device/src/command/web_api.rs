//! Calls of the WebApi: commands for the register and tokens for the Event Hub (source document,
//! section 2.3.1).
//!
//! A request may have 100 kB; a larger one is answered with 404 like a wrong address (CRK facts
//! §7, 14). Success without content is 204, which the document words in two ways.

mod command;
mod token;

pub use command::{ConfirmCommand, EncryptedCommand, FetchCommand};
pub use token::{FetchToken, SasToken};

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::{Method, header::CONTENT_TYPE};

use super::cpd::{JSON, nothing};
use crate::api::{LIMIT, WebApi};

/// Asks whether the WebApi answers (source document, section 2.3.1.3). May be repeated: it only
/// reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ping;

impl Endpoint for Ping {
    type Api = WebApi;
    type Response = ();

    const INFO: Info = Info {
        name: "web_api.ping",
        method: Method::GET,
        path: "/api/Repository/Ping",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, section 2.3.1.3",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        get(&Self::INFO, base)
    }

    fn response(parts: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        nothing(parts)
    }
}

/// A `GET` without parameters.
fn get(info: &Info, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
    RequestBuilder::new(info, base).header(CONTENT_TYPE, JSON).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{get, read, shown};

    #[test]
    fn the_ping_carries_both_headers() {
        assert_eq!(shown(&Ping), get("/api/Repository/Ping"));
    }

    #[test]
    fn a_ping_is_answered_without_content() {
        read::<Ping>(204, "").unwrap();
        assert!(read::<Ping>(202, "").is_err());
    }
}
