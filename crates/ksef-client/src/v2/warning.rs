//! Notices that come with a success, header `X-System-Warning` (KSeF 2.0 facts §2).

use std::fmt;

use http::HeaderMap;

/// A notice of the service: it took the request, and may not take the like of it later.
///
/// Known codes are `xml-002`, XML that will be refused, and `sig-001`, a signature that will be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Warning {
    /// What it is about.
    pub code: String,
    /// The service's words, without Polish letters.
    pub message: String,
}

/// What the hook of a client is told: which call, and what the service warns of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// The method of the call.
    pub method: String,
    /// The path of the call, with its reference numbers.
    pub path: String,
    /// The warnings, in the service's order.
    pub warnings: Vec<Warning>,
}

impl Warning {
    /// The warnings in the headers of an answer: `[code]: message | [code]: message`.
    ///
    /// What does not fit that grammar is kept as a warning without a code.
    pub(crate) fn read(headers: &HeaderMap) -> Vec<Self> {
        let values = headers.get_all("x-system-warning").iter();
        let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let items = |text: String| text.split('|').filter_map(Self::parse).collect::<Vec<_>>();
        texts.flat_map(items).collect()
    }

    fn parse(item: &str) -> Option<Self> {
        let item = item.trim();
        let known = item.strip_prefix('[').and_then(|rest| rest.split_once("]:"));
        let (code, message) = known.unwrap_or(("", item));
        let warning = Self { code: code.trim().to_owned(), message: message.trim().to_owned() };
        (!item.is_empty()).then_some(warning)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]: {}", self.code, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Vec<String> {
        let mut headers = HeaderMap::new();
        headers.insert("x-system-warning", value.parse().unwrap());
        Warning::read(&headers).iter().map(Warning::to_string).collect()
    }

    #[test]
    fn warnings_are_read_one_by_one_and_none_is_lost() {
        assert_eq!(read("[xml-002]: a b | [sig-001]:c"), ["[xml-002]: a b", "[sig-001]: c"]);
        assert_eq!(read("something else"), ["[]: something else"]);
        assert_eq!(read(" | "), Vec::<String>::new());
        assert_eq!(Warning::read(&HeaderMap::new()), []);
    }
}
