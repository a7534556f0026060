//! Building requests and reading answers, the parts that all endpoints share.

use std::fmt::{Display, Write as _};

use bytes::Bytes;
use http::{
    HeaderValue,
    header::{ACCEPT, CONTENT_TYPE, HeaderName},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    base_url::BaseUrl,
    body::Body,
    endpoint::Info,
    error::{BuildError, DecodeError},
};

/// Everything but the unreserved characters of RFC 3986, 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Builds one request from an endpoint's [`Info`].
///
/// # Examples
///
/// ```
/// use common_core::effect::Effect;
/// use common_http::{Auth, Info, RequestBuilder};
/// use http::Method;
///
/// const INFO: Info = Info {
///     name: "orders.find",
///     method: Method::GET,
///     path: "/orders/{id}/lines",
///     effect: Effect::Read,
///     auth: Auth::Required,
///     limit: "",
///     section: "example",
/// };
/// let base = "https://api.example.test/v1".parse()?;
/// let request = RequestBuilder::new(&INFO, &base)
///     .param("id", "a/b")?
///     .query("Name", "kľúč & co")
///     .finish()?;
/// assert_eq!(
///     request.uri(),
///     "https://api.example.test/v1/orders/a%2Fb/lines?Name=k%C4%BE%C3%BA%C4%8D%20%26%20co"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RequestBuilder<'a> {
    info: &'a Info,
    address: String,
    first_query: bool,
    body: Body,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl<'a> RequestBuilder<'a> {
    /// Starts with the endpoint's method and path.
    pub fn new(info: &'a Info, base: &BaseUrl) -> Self {
        let mut address = String::with_capacity(base.as_str().len() + info.path.len() + 64);
        address.push_str(base.as_str());
        address.push_str(info.path);
        Self { info, address, first_query: true, body: Body::empty(), headers: Vec::new() }
    }

    /// Fills the placeholder `{name}` of the path.
    ///
    /// Empty values and those of dots alone are refused: they would change the path's shape.
    pub fn param(mut self, name: &'static str, value: impl Display) -> Result<Self, BuildError> {
        let value = value.to_string();
        if value.is_empty() || value.bytes().all(|byte| byte == b'.') {
            return Err(BuildError::new(name, "must not be empty or consist of dots"));
        }
        let placeholder = format!("{{{name}}}");
        let encoded = utf8_percent_encode(&value, RESERVED).to_string();
        if !self.address.contains(&placeholder) {
            return Err(BuildError::new(name, "is no parameter of the path"));
        }
        self.address = self.address.replacen(&placeholder, &encoded, 1);
        Ok(self)
    }

    /// Fills the placeholder `{name}` of the path with several segments, as `movements/in/single`.
    ///
    /// Empty segments and those of dots alone are refused.
    pub fn segments(mut self, name: &'static str, path: &str) -> Result<Self, BuildError> {
        let mut encoded = String::with_capacity(path.len());
        for segment in path.split('/') {
            if segment.is_empty() || segment.bytes().all(|byte| byte == b'.') {
                return Err(BuildError::new(name, "must be segments without empty ones or dots"));
            }
            if !encoded.is_empty() {
                encoded.push('/');
            }
            encoded.extend(utf8_percent_encode(segment, RESERVED));
        }
        self.address = self.address.replacen(&format!("{{{name}}}"), &encoded, 1);
        Ok(self)
    }

    /// Replaces the path by that of an address which a server gave, if it lies below the base.
    ///
    /// An address of another origin is refused, since credentials would travel there.
    pub fn follow(mut self, base: &BaseUrl, address: &str) -> Result<Self, BuildError> {
        let Some(path) = base.path_below(address) else {
            return Err(BuildError::new("link", "must lie below the configured base address"));
        };
        self.address = format!("{}{path}", base.as_str());
        self.first_query = !path.contains('?');
        Ok(self)
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        self.address.push(if self.first_query { '?' } else { '&' });
        self.first_query = false;
        self.address.extend(utf8_percent_encode(name, RESERVED));
        self.address.push('=');
        let start = self.address.len();
        // Writing to a string cannot fail; most values need no encoding and are then done.
        let _ = write!(self.address, "{value}");
        if !self.address[start..].bytes().all(is_unreserved) {
            let raw = self.address.split_off(start);
            self.address.extend(utf8_percent_encode(&raw, RESERVED));
        }
        self
    }

    /// Adds a query parameter if there is a value.
    #[must_use]
    pub fn query_opt(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sets a header, in place of an earlier one of that name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets a JSON body and its content type.
    pub fn json(mut self, value: &impl Serialize) -> Result<Self, BuildError> {
        let bytes = serde_json::to_vec(value)
            .map_err(|error| BuildError::new("body", error.to_string()))?;
        self.body = bytes.into();
        Ok(self.header(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")))
    }

    /// Sets a body of any kind.
    #[must_use]
    pub fn body(mut self, content_type: HeaderValue, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self.header(CONTENT_TYPE, content_type)
    }

    /// The request; asks for JSON unless another `Accept` header was added.
    pub fn finish(self) -> Result<http::Request<Body>, BuildError> {
        if self.address.contains('{') {
            return Err(BuildError::new("path", "a parameter of the path has no value"));
        }
        let mut request = http::Request::new(self.body);
        *request.method_mut() = self.info.method.clone();
        *request.uri_mut() = http::Uri::from_maybe_shared(Bytes::from(self.address))
            .map_err(|_| BuildError::new("path", "the address is too long or not valid"))?;
        let headers = request.headers_mut();
        headers.reserve(self.headers.len() + 2);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        Ok(request)
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// A value read from a body.
pub type Decoded<T> = Result<T, DecodeError>;

/// Reads JSON; the error names the path inside the document and never quotes its content.
pub fn decode_json<T: DeserializeOwned>(body: &Bytes) -> Decoded<T> {
    // The plain reader is the fast one; only a failure is read again to learn its path.
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| {
            let cause = error.inner();
            let reason = match cause.classify() {
                serde_json::error::Category::Data => "the value does not fit the field",
                serde_json::error::Category::Eof => "the document ends too early",
                _ => "the document is not valid JSON",
            };
            let place = format!("{reason} (line {}, column {})", cause.line(), cause.column());
            DecodeError::new(error.path().to_string(), place)
        })
        .and_then(|value| match reader.end() {
            Ok(()) => Ok(value),
            Err(_) => Err(DecodeError::new(".", "something follows the document")),
        })
}

#[cfg(test)]
mod tests {
    use common_core::effect::Effect;
    use http::Method;

    use super::*;
    use crate::endpoint::Auth;

    const INFO: Info = Info {
        name: "things.find",
        method: Method::GET,
        path: "/things/{id}",
        effect: Effect::Read,
        auth: Auth::None,
        limit: "",
        section: "none",
    };

    fn builder() -> RequestBuilder<'static> {
        RequestBuilder::new(&INFO, &"https://example.test/api".parse().unwrap())
    }

    #[test]
    fn values_cannot_change_the_shape_of_the_path() {
        for value in ["", ".", ".."] {
            assert_eq!(builder().param("id", value).unwrap_err().field(), "id");
        }
        let request = builder().param("id", "../x?y#z").unwrap().finish().unwrap();
        assert_eq!(request.uri().path(), "/api/things/..%2Fx%3Fy%23z");
        assert!(builder().param("other", "x").is_err());
        assert_eq!(builder().finish().unwrap_err().field(), "path");
    }

    #[test]
    fn query_values_are_encoded_and_kept_in_order() {
        let request = builder()
            .param("id", 7)
            .unwrap()
            .query("a[b]", "1&2")
            .query_opt("none", None::<&str>)
            .query_opt("Top", Some(50))
            .finish()
            .unwrap();
        assert_eq!(request.uri().query(), Some("a%5Bb%5D=1%262&Top=50"));
    }

    #[test]
    fn a_decode_error_names_the_place_and_not_the_content() {
        #[derive(Debug, serde::Deserialize)]
        struct Row {
            #[expect(dead_code, reason = "only its reading matters")]
            id: u32,
        }
        let body = Bytes::from_static(br#"[{"id":1},{"id":"canary"}]"#);
        let error = decode_json::<Vec<Row>>(&body).unwrap_err();
        assert_eq!(error.path(), "[1].id");
        assert!(!format!("{error} {error:?}").contains("canary"));
        let cut = decode_json::<Vec<Row>>(&Bytes::from_static(b"[{")).unwrap_err();
        assert!(cut.to_string().contains("ends too early"), "{cut}");
        let more = decode_json::<u32>(&Bytes::from_static(b"1 2")).unwrap_err();
        assert!(more.to_string().contains("something follows"), "{more}");
    }
}
