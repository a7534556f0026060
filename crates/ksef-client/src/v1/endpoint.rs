//! What the operations share: how they are declared, the media types that carry versions, pages,
//! and the checks before sending (KSeF 1.x facts §1).

use bytes::Bytes;
use common_http::{BuildError, Decoded, RequestBuilder};
use http::{
    HeaderValue,
    header::{ACCEPT, CONTENT_TYPE, HeaderName},
};
use serde::Serialize;

use crate::v1::wire;

/// Implements [`Endpoint`](common_http::Endpoint) for a request.
///
/// `request` gets the request and a builder for its method and path; `response` reads the body,
/// as JSON if not said.
macro_rules! endpoint {
    (
        $name:ident -> $response:ty {
            $info:expr,
            request: |$this:ident, $builder:ident| $build:expr
            $(, response: $read:expr)? $(,)?
        }
    ) => {
        impl common_http::Endpoint for $name {
            type Api = $crate::v1::api::KsefV1;
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
                $crate::v1::endpoint::reader!($($read)?)(body)
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

/// Media types (KSeF 1.x facts §1).
pub(crate) const V2_JSON: HeaderValue = HeaderValue::from_static("application/vnd.v2+json");
pub(crate) const V3_JSON: HeaderValue = HeaderValue::from_static("application/vnd.v3+json");
pub(crate) const V4_JSON: HeaderValue = HeaderValue::from_static("application/vnd.v4+json");
pub(crate) const V3_OCTETS: HeaderValue =
    HeaderValue::from_static("application/vnd.v3+octet-stream");
pub(crate) const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Which form of KSeF numbers an answer shall have, header `ksef-number-variant`.
///
/// Both forms name the same invoice; [`KsefNumber::compact`](ksef_crypto::number::KsefNumber::compact)
/// makes the shorter one of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NumberVariant {
    /// 35 characters, which is what the service gives without the header.
    V35,
    /// 36 characters, with a third inner hyphen; the only form before mid 2023.
    V36,
}

/// Parts of requests that only this service has.
pub(crate) trait RequestExt: Sized {
    /// Asks for an answer of that type.
    fn accept(self, media_type: HeaderValue) -> Self;

    /// Asks for that form of KSeF numbers, if one was set.
    fn number_variant(self, variant: Option<NumberVariant>) -> Self;

    /// Asks for that page, within the bounds of the operation.
    fn page(self, page: Page, bounds: PageBounds) -> Result<Self, BuildError>;

    /// A JSON body under a media type of its own.
    fn json_as(self, media_type: HeaderValue, value: &impl Serialize) -> Result<Self, BuildError>;
}

impl RequestExt for RequestBuilder<'_> {
    fn accept(self, media_type: HeaderValue) -> Self {
        self.header(ACCEPT, media_type)
    }

    fn number_variant(self, variant: Option<NumberVariant>) -> Self {
        let value = match variant {
            None => return self,
            Some(NumberVariant::V35) => "v35",
            Some(NumberVariant::V36) => "v36",
        };
        let name = HeaderName::from_static("ksef-number-variant");
        self.header(name, HeaderValue::from_static(value))
    }

    fn page(self, page: Page, bounds: PageBounds) -> Result<Self, BuildError> {
        page.check(bounds)?;
        Ok(self.query("PageSize", page.size).query("PageOffset", page.index))
    }

    fn json_as(self, media_type: HeaderValue, value: &impl Serialize) -> Result<Self, BuildError> {
        Ok(self.json(value)?.header(CONTENT_TYPE, media_type))
    }
}

/// Which page of a list: how many rows a page has, and its index from 0.
///
/// The service's `PageOffset` counts pages, not rows (KSeF 1.x facts §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Page {
    pub(crate) size: u32,
    pub(crate) index: u32,
    /// The page before lacks rows that the list announces: there is nothing to go on from.
    lacks_rows: bool,
}

/// The field that a list's announced length stands in, and what is wrong with a list that keeps it
/// not.
const TOTAL: &str = "numberOfElements";
const LACKS_ROWS: &str = "announces more rows than the page before this one has";

/// What an operation allows; every page has 10 rows or more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageBounds {
    pub(crate) size: u32,
    pub(crate) index: u32,
}

impl PageBounds {
    /// Pages of up to 100 rows, indexes up to 100.
    pub(crate) const USUAL: Self = Self { size: 100, index: 100 };
    /// Lists of payment identifiers.
    pub(crate) const PAYMENTS: Self = Self { size: 50, index: 50 };
    /// The invoices of a session.
    pub(crate) const SESSION: Self = Self { size: 100, index: 1_000_000 };
}

impl Page {
    /// The first page, as large as can be.
    pub(crate) const fn first(bounds: PageBounds) -> Self {
        Self::new(bounds.size, 0)
    }

    pub(crate) const fn new(size: u32, index: u32) -> Self {
        Self { size, index, lacks_rows: false }
    }

    fn check(self, bounds: PageBounds) -> Result<(), BuildError> {
        if self.lacks_rows {
            return Err(BuildError::new(TOTAL, LACKS_ROWS));
        }
        if !(10..=bounds.size).contains(&self.size) {
            return Err(BuildError::new("PageSize", format!("must be 10 to {}", bounds.size)));
        }
        if self.index > bounds.index {
            return Err(BuildError::new("PageOffset", format!("must be 0 to {}", bounds.index)));
        }
        Ok(())
    }

    /// The page after one of that many rows, when the list has `total` rows in all.
    ///
    /// A list that does not say how long it is ends with its first page that is not full. One that
    /// does never ends before: a page that lacks rows is followed by one that cannot be asked for,
    /// with an error of [`is_short`], and so is the last page that the operation allows.
    pub(crate) fn after(self, rows: usize, total: Option<u64>) -> Option<Self> {
        let (size, rows) = (u64::from(self.size), rows as u64);
        let before = u64::from(self.index) * size;
        let next = Self { index: self.index.saturating_add(1), ..self };
        let Some(total) = total else { return (rows >= size).then_some(next) };
        let due = total.saturating_sub(before);
        if rows < due.min(size) {
            return Some(Self { lacks_rows: true, ..next });
        }
        (due > size).then_some(next)
    }
}

/// Whether a page was not asked for because the one before it lacks rows.
pub(crate) fn is_short(error: &BuildError) -> bool {
    error.field() == TOTAL
}

/// Declares the setters of a paged request with a field `page`.
macro_rules! page_setters {
    ($name:ident) => {
        impl $name {
            /// Sets how many rows a page has (`PageSize`); as many as allowed without it.
            pub fn page_size(mut self, rows: u32) -> Self {
                self.page.size = rows;
                self
            }

            /// Sets the index of the page, counted from 0 (`PageOffset`).
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

/// Refuses a stretch of time that ends before it begins; the field is the one of its beginning.
pub(crate) fn check_order<T: PartialOrd>(
    field: &'static str,
    from: &T,
    to: &T,
) -> Result<(), BuildError> {
    if from > to {
        return Err(BuildError::new(field, "must not be later than the end"));
    }
    Ok(())
}

/// A SHA-256 in Base64, as bodies carry it.
pub(crate) fn sha256(base64: &str) -> wire::ShaHash {
    wire::ShaHash::new("SHA-256", "Base64", base64)
}

/// The body as it came.
#[expect(clippy::unnecessary_wraps, reason = "it stands where other bodies are decoded")]
pub(crate) fn bytes(body: &Bytes) -> Decoded<Bytes> {
    Ok(body.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_on_until_the_total_is_seen() {
        let page = Page::first(PageBounds::USUAL);
        assert_eq!(page, Page::new(100, 0));
        let after = |rows, total| page.after(rows, total).map(|page| page.index);
        assert_eq!(after(100, Some(101)), Some(1));
        assert_eq!(after(100, Some(100)), None);
        assert_eq!(after(0, Some(0)), None);
        assert_eq!(after(100, None), Some(1));
        assert_eq!(after(99, None), None);
        let beyond = Page::new(100, 7);
        assert_eq!(beyond.after(0, Some(700)), None);
    }

    #[test]
    fn a_list_that_is_not_as_long_as_it_says_does_not_end_quietly() {
        let refused = |page: Page, rows, total| {
            let next = page.after(rows, Some(total)).unwrap();
            next.check(PageBounds::USUAL).unwrap_err()
        };
        let first = Page::first(PageBounds::USUAL);
        for (rows, total) in [(0, 1000), (99, 100), (0, 1), (99, 1000)] {
            assert!(is_short(&refused(first, rows, total)), "{rows} of {total}");
        }
        assert!(is_short(&refused(Page::new(100, 1), 49, 150)));
        let last = Page::new(10, 100);
        assert_eq!(refused(last, 10, 5000).field(), "PageOffset");
        assert_eq!(last.after(10, Some(1010)), None);
        let of_a_session = last.after(10, Some(5000)).unwrap();
        assert!(of_a_session.check(PageBounds::SESSION).is_ok());
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(check_length("reason", &"ż".repeat(256), (1, 256)).is_ok());
        assert_eq!(check_length("reason", "", (1, 256)).unwrap_err().field(), "reason");
        assert!(check_length("reason", &"a".repeat(257), (1, 256)).is_err());
        assert!(check_count("list", 2, (2, 10_000)).is_ok());
        assert!(check_count("list", 1, (2, 10_000)).is_err());
    }
}
