//! What the operations share: how they are declared, features, pages, and the checks before sending
//! (KSeF 2.0 facts §2).

use bytes::Bytes;
use common_http::{BuildError, DecodeError, Decoded, RequestBuilder, decode_json};
use http::{
    HeaderValue,
    header::{ACCEPT, HeaderName},
};
use serde::de::DeserializeOwned;

use crate::v2::wire;

/// Implements [`Endpoint`](common_http::Endpoint) for a request.
///
/// `request` gets the request and a builder for its method and path; `response` reads the body,
/// as JSON if not said. `document` in place of a response is a document that is checked against the
/// hash in its header.
macro_rules! endpoint {
    (
        $name:ident -> document {
            $info:expr,
            request: |$this:ident, $builder:ident| $build:expr $(,)?
        }
    ) => {
        impl common_http::Endpoint for $name {
            type Api = $crate::v2::api::KsefV2;
            type Response = $crate::v2::document::Document;

            const INFO: common_http::Info = $info;

            fn request(
                &self,
                base: &common_http::BaseUrl,
            ) -> Result<http::Request<common_http::Body>, common_http::BuildError> {
                let $this = self;
                let info = Self::INFO;
                let $builder = $crate::v2::endpoint::RequestExt::accept_xml(
                    common_http::RequestBuilder::new(&info, base),
                );
                $build
            }

            fn response(
                parts: &common_http::Parts,
                body: &bytes::Bytes,
            ) -> Result<Self::Response, common_http::DecodeError> {
                $crate::v2::document::Document::read(parts, body)
            }
        }
    };
    (
        $name:ident -> $response:ty {
            $info:expr,
            request: |$this:ident, $builder:ident| $build:expr
            $(, response: $read:expr)? $(,)?
        }
    ) => {
        impl common_http::Endpoint for $name {
            type Api = $crate::v2::api::KsefV2;
            type Response = $response;

            const INFO: common_http::Info = $info;

            fn request(
                &self,
                base: &common_http::BaseUrl,
            ) -> Result<http::Request<common_http::Body>, common_http::BuildError> {
                let $this = self;
                let info = Self::INFO;
                let $builder = common_http::RequestBuilder::new(&info, base);
                $build
            }

            fn response(
                _: &common_http::Parts,
                body: &bytes::Bytes,
            ) -> Result<Self::Response, common_http::DecodeError> {
                $crate::v2::endpoint::reader!($($read)?)(body)
            }
        }
    };
}

macro_rules! reader {
    () => {
        common_http::decode_json
    };
    ($read:expr) => {
        $read
    };
}

pub(crate) use {endpoint, reader};

/// Something that the service does only for requests that ask for it, header `X-KSeF-Feature`.
///
/// A request can ask for one: lists and repeated headers are ignored (KSeF 2.0 facts §0, 11).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// `subject-identifier-validation`, on opening a session of the test environment: NIPs and
    /// internal identifiers in invoices must have right check digits, as in production.
    SubjectIdentifierValidation,
    /// `enforce-xades-compliance`, on a signed login; historical, because the strict rules hold
    /// everywhere since March 2026.
    EnforceXadesCompliance,
    /// Another one, by its name on the wire.
    Other(HeaderValue),
}

impl Feature {
    fn value(&self) -> HeaderValue {
        match self {
            Self::SubjectIdentifierValidation => {
                HeaderValue::from_static("subject-identifier-validation")
            }
            Self::EnforceXadesCompliance => HeaderValue::from_static("enforce-xades-compliance"),
            Self::Other(value) => value.clone(),
        }
    }
}

pub(crate) const XML: HeaderValue = HeaderValue::from_static("application/xml");
const CONTINUATION: HeaderName = HeaderName::from_static("x-continuation-token");
const FEATURE: HeaderName = HeaderName::from_static("x-ksef-feature");

/// Parts of requests that only this service has.
pub(crate) trait RequestExt: Sized {
    /// Asks for XML.
    fn accept_xml(self) -> Self;

    /// Asks for a feature, if one was set.
    fn feature(self, feature: Option<&Feature>) -> Self;

    /// Asks for that page of a list that goes on by a token.
    fn slice(self, slice: &Slice, sizes: PageSizes) -> Result<Self, BuildError>;

    /// Asks for that page of a list whose pages are counted.
    fn page(self, page: Page, sizes: PageSizes) -> Result<Self, BuildError>;
}

impl RequestExt for RequestBuilder<'_> {
    fn accept_xml(self) -> Self {
        self.header(ACCEPT, XML)
    }

    fn feature(self, feature: Option<&Feature>) -> Self {
        match feature {
            Some(feature) => self.header(FEATURE, feature.value()),
            None => self,
        }
    }

    fn slice(self, slice: &Slice, sizes: PageSizes) -> Result<Self, BuildError> {
        let request = self.query("pageSize", sizes.check(slice.size)?);
        let Some(token) = &slice.token else { return Ok(request) };
        if slice.turns {
            return Err(BuildError::new("x-continuation-token", "leads to the same page again"));
        }
        let token = HeaderValue::from_str(token)
            .map_err(|_| BuildError::new("x-continuation-token", "must fit into a header"))?;
        Ok(request.header(CONTINUATION, token))
    }

    fn page(self, page: Page, sizes: PageSizes) -> Result<Self, BuildError> {
        let size = sizes.check(page.size)?;
        Ok(self.query("pageOffset", page.index).query("pageSize", size))
    }
}

/// How many rows a page of an operation may have: from 10 up to this.
///
/// The service does not enforce all of them, so they are enforced here (KSeF 2.0 facts §2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageSizes(pub(crate) u32);

impl PageSizes {
    fn check(self, size: u32) -> Result<u32, BuildError> {
        if (10..=self.0).contains(&size) {
            return Ok(size);
        }
        Err(BuildError::new("pageSize", format!("must be 10 to {}", self.0)))
    }
}

/// Which page of a list that goes on by a continuation token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) size: u32,
    pub(crate) token: Option<String>,
    /// The answer led back to the page that it was.
    turns: bool,
}

impl Slice {
    /// The first page, as large as can be.
    pub(crate) const fn first(sizes: PageSizes) -> Self {
        Self { size: sizes.0, token: None, turns: false }
    }

    /// The page of that token.
    pub(crate) fn at(self, token: String) -> Self {
        Self { size: self.size, token: Some(token), turns: false }
    }

    /// The page that the token of an answer leads to; none when it is missing or empty. A token that
    /// leads to the same page again is not followed: a list must not turn in a circle.
    pub(crate) fn after(&self, token: Option<&str>) -> Option<Self> {
        let token = token.filter(|token| !token.is_empty())?;
        let turns = self.token.as_deref() == Some(token);
        Some(Self { size: self.size, token: Some(token.to_owned()), turns })
    }
}

/// Which page of a list whose pages are counted: rows in a page, and the index from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) size: u32,
    pub(crate) index: u32,
}

impl Page {
    /// The first page, as large as can be.
    pub(crate) const fn first(sizes: PageSizes) -> Self {
        Self { size: sizes.0, index: 0 }
    }

    /// The page after this one, when the answer says that there is more.
    pub(crate) fn after(self, has_more: Option<bool>) -> Option<Self> {
        let index = self.index.checked_add(1)?;
        (has_more == Some(true)).then_some(Self { index, ..self })
    }
}

/// A page of a list whose pages are counted.
pub(crate) trait Counted {
    fn rows(&self) -> usize;
    fn has_more(&self) -> Option<bool>;
}

macro_rules! counted {
    ($($page:ident: $rows:ident,)+) => {$(
        impl Counted for wire::$page {
            fn rows(&self) -> usize {
                self.$rows.len()
            }

            fn has_more(&self) -> Option<bool> {
                self.has_more
            }
        }
    )+};
}

counted! {
    QueryCertificatesResponse: certificates,
    QueryEntityAuthorizationPermissionsResponse: authorization_grants,
    QueryEntityPermissionsResponse: permissions,
    QueryEntityRolesResponse: roles,
    QueryEuEntityPermissionsResponse: permissions,
    QueryInvoicesMetadataResponse: invoices,
    QueryPeppolProvidersResponse: peppol_providers,
    QueryPersonPermissionsResponse: permissions,
    QueryPersonalPermissionsResponse: permissions,
    QuerySubordinateEntityRolesResponse: roles,
    QuerySubunitPermissionsResponse: permissions,
}

/// Reads a page of a list whose pages are counted. One that gives rows and does not say whether there
/// are more would end the list without a word, and one that promises more and gives nothing would
/// never end it: both are no pages.
pub(crate) fn counted<T: DeserializeOwned + Counted>(body: &Bytes) -> Decoded<T> {
    let page: T = decode_json(body)?;
    match (page.rows(), page.has_more()) {
        (0, Some(true)) => Err(DecodeError::new("hasMore", "promises rows and gives none")),
        (1.., None) => Err(DecodeError::new("hasMore", "is missing")),
        _ => Ok(page),
    }
}

/// Declares the setters of a paged request: `slice` with a continuation token, `page` with a count.
macro_rules! page_setters {
    ($name:ident: slice) => {
        impl $name {
            /// Sets how many rows a page has (`pageSize`); as many as allowed without it.
            #[must_use]
            pub fn page_size(mut self, rows: u32) -> Self {
                self.slice.size = rows;
                self
            }

            /// Goes on where an answer left off (`x-continuation-token`).
            #[must_use]
            pub fn continuation_token(mut self, token: impl Into<String>) -> Self {
                self.slice = self.slice.at(token.into());
                self
            }
        }
    };
    ($name:ident: page) => {
        impl $name {
            /// Sets how many rows a page has (`pageSize`); as many as allowed without it.
            #[must_use]
            pub fn page_size(mut self, rows: u32) -> Self {
                self.page.size = rows;
                self
            }

            /// Sets the index of the page, counted from 0 (`pageOffset`).
            #[must_use]
            pub fn page_index(mut self, index: u32) -> Self {
                self.page.index = index;
                self
            }
        }
    };
}

pub(crate) use page_setters;

/// Refuses a text that is shorter or longer than its field takes, in characters.
pub(crate) fn check_length(
    field: &'static str,
    text: &str,
    (least, most): (usize, usize),
) -> Result<(), BuildError> {
    match text.chars().count() {
        length if (least..=most).contains(&length) => Ok(()),
        _ => Err(BuildError::new(field, format!("must have {least} to {most} characters"))),
    }
}

/// Refuses a list that is shorter or longer than its field takes.
pub(crate) fn check_count(
    field: &'static str,
    count: usize,
    (least, most): (usize, usize),
) -> Result<(), BuildError> {
    if (least..=most).contains(&count) {
        return Ok(());
    }
    Err(BuildError::new(field, format!("must have {least} to {most} elements")))
}

/// For answers that say nothing but their status.
#[expect(clippy::unnecessary_wraps, reason = "it stands where other bodies are decoded")]
pub(crate) fn nothing(_: &Bytes) -> Decoded<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use common_http::Endpoint as _;

    use super::*;

    #[test]
    fn pages_go_on_while_the_answer_says_so() {
        let page = Page::first(PageSizes(250));
        assert_eq!(page.after(Some(true)), Some(Page { size: 250, index: 1 }));
        assert_eq!((page.after(Some(false)), page.after(None)), (None, None));
        let slice = Slice::first(PageSizes(100));
        assert_eq!((slice.after(None), slice.after(Some(""))), (None, None));
        let second = slice.after(Some("x")).unwrap();
        assert_eq!(second.token.as_deref(), Some("x"));
        let info = crate::v2::auth_sessions::List::INFO;
        let base = crate::v2::client::testing::base();
        let build = |slice: &Slice| RequestBuilder::new(&info, &base).slice(slice, PageSizes(100));
        assert!(build(&second).is_ok() && build(&second.after(Some("y")).unwrap()).is_ok());
        let again = second.after(Some("x")).unwrap();
        assert_eq!(build(&again).err().unwrap().field(), "x-continuation-token");
        assert!(build(&again.at("x".to_owned())).is_ok(), "a caller may ask again");
    }

    #[test]
    fn sizes_outside_the_contract_are_refused() {
        assert!(PageSizes(100).check(9).is_err() && PageSizes(100).check(101).is_err());
        assert_eq!(PageSizes(100).check(100).unwrap(), 100);
        assert!(check_length("description", &"ż".repeat(256), (5, 256)).is_ok());
        assert_eq!(
            check_length("description", "abcd", (5, 256)).unwrap_err().field(),
            "description"
        );
        assert!(
            check_count("list", 0, (1, 10)).is_err() && check_count("list", 10, (1, 10)).is_ok()
        );
    }
}
