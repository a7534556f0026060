//! Tags (značky): list.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::Method;

use crate::{
    api::{Kros, LIMIT, decode_list},
    model::TagRecord,
};

/// `GET /tags`: all of them; the service documents no filter and no paging (KROS facts §1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List;

impl Endpoint for List {
    type Api = Kros;
    type Response = Vec<TagRecord>;

    const INFO: Info = Info {
        name: "tags.list",
        method: Method::GET,
        path: "/tags",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LIMIT,
        section: "KROS facts §1",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Self::Response, DecodeError> {
        decode_list(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{get, read, shown};

    #[test]
    fn the_list_is_asked_for_without_a_parameter() {
        assert_eq!(shown(&List), get("/tags"));
    }

    #[test]
    fn tags_are_read_in_the_envelope_and_bare() {
        let tags = read::<List>(r#"{"data":[{"id":1,"name":"eshop"},{"name":null}]}"#).unwrap();
        assert_eq!(tags[0].name.as_deref(), Some("eshop"));
        assert_eq!((&tags[0].extra["id"], &tags[1].name), (&1.into(), &None));
        assert!(read::<List>("[]").unwrap().is_empty());
    }
}
