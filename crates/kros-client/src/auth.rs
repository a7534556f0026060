//! Is the token good?

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::Method;

use crate::api::{Kros, LIMIT};

/// `GET /auth/check`: succeeds when the service takes the token, and fails with
/// [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) when it does not (KROS facts §1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Check;

impl Endpoint for Check {
    type Api = Kros;
    type Response = ();

    const INFO: Info = Info {
        name: "auth.check",
        method: Method::GET,
        path: "/auth/check",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LIMIT,
        section: "KROS facts §1",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).finish()
    }

    fn response(_: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{get, read, shown};

    #[test]
    fn the_check_asks_without_a_parameter() {
        assert_eq!(shown(&Check), get("/auth/check"));
    }

    #[test]
    fn any_body_of_a_success_is_good() {
        for body in ["", "{}", "<html></html>"] {
            assert!(read::<Check>(body).is_ok(), "{body}");
        }
    }
}
