//! Numbering sequences (číselné rady): list.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::Method;

use crate::{
    api::{Kros, LIMIT, decode_list},
    model::NumberingSequence,
};

/// `GET /numberingSequences`: all of them; the service documents no filter and no paging (KROS facts §1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List;

impl Endpoint for List {
    type Api = Kros;
    type Response = Vec<NumberingSequence>;

    const INFO: Info = Info {
        name: "numbering_sequences.list",
        method: Method::GET,
        path: "/numberingSequences",
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
    fn the_list_has_camel_case_in_its_path() {
        assert_eq!(shown(&List), get("/numberingSequences"));
    }

    #[test]
    fn sequences_are_read_in_the_envelope_and_bare() {
        let body = r#"{"data":[{"code":"OF","name":"Odoslané faktúry"},{"name":null}]}"#;
        let sequences = read::<List>(body).unwrap();
        assert_eq!(sequences[0].name.as_deref(), Some("Odoslané faktúry"));
        assert_eq!((&sequences[0].extra["code"], &sequences[1].name), (&"OF".into(), &None));
        assert_eq!(read::<List>("[{},{}]").unwrap().len(), 2);
    }
}
