//! The address below which all endpoints of one environment live.

use std::{fmt, str::FromStr};

use url::{Host, Url};

/// An absolute `https` address without query, fragment and user information.
///
/// Plain `http` is accepted for loopback hosts only (`127.0.0.0/8`, `::1`, `localhost`), so that
/// credentials cannot travel in clear by a slip in a configuration file.
///
/// # Examples
///
/// ```
/// use common_http::BaseUrl;
///
/// let base: BaseUrl = "https://api.example.test/v1/".parse()?;
/// assert_eq!(base.as_str(), "https://api.example.test/v1");
/// assert!(base.has_origin_of("https://api.example.test/other?x=1"));
/// assert!(!base.has_origin_of("https://evil.test/v1"));
/// assert!("http://api.example.test".parse::<BaseUrl>().is_err());
/// assert!("http://127.0.0.1:8080/api".parse::<BaseUrl>().is_ok());
/// # Ok::<(), common_http::BaseUrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    url: Url,
    text: String,
}

impl BaseUrl {
    /// The address without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The origin of a link that is followed wherever it leads, and the link as the transport
    /// spells it: without a port that goes without saying, with the host in lower case, without dots
    /// and a fragment. What it says is not changed.
    ///
    /// For services that keep content in a storage of their own; credentials must not go there.
    ///
    /// # Examples
    ///
    /// ```
    /// use common_http::BaseUrl;
    ///
    /// let (base, link) = BaseUrl::of_link("https://Store.example.test:443/a%2Fb?sig=x%2By")?;
    /// assert_eq!(base.as_str(), "https://store.example.test");
    /// assert_eq!(base.path_below(&link), Some("/a%2Fb?sig=x%2By"));
    /// # Ok::<(), common_http::BaseUrlError>(())
    /// ```
    pub fn of_link(link: &str) -> Result<(Self, String), BaseUrlError> {
        let mut link = Url::parse(link).map_err(|_| BaseUrlError::NotAnAddress)?;
        link.set_fragment(None);
        let mut origin = link.clone();
        origin.set_path("");
        origin.set_query(None);
        let base: Self = origin.as_str().parse()?;
        let link = String::from(link);
        match base.path_below(&link) {
            Some(_) => Ok((base, link)),
            None => Err(BaseUrlError::NotAnAddress),
        }
    }

    /// Whether an absolute address has this one's scheme, host and port.
    ///
    /// Addresses that a server sends are followed with credentials only when it has.
    pub fn has_origin_of(&self, address: &str) -> bool {
        Url::parse(address).is_ok_and(|other| {
            other.origin() == self.url.origin()
                && other.username().is_empty()
                && other.password().is_none()
        })
    }

    /// The path and query of an absolute address below this base, for instance `/invoices/7`.
    ///
    /// `None` when the origin is another one or the address does not lie below the base's path.
    pub fn path_below<'a>(&self, address: &'a str) -> Option<&'a str> {
        if !self.has_origin_of(address) || !self.is_above(address) {
            return None;
        }
        // Only an address that is spelled like the base is taken apart; what the parser would
        // normalise (dots, upper case, ports) is refused rather than guessed at.
        let rest = address.strip_prefix(self.text.as_str())?;
        let path = rest.split('?').next().unwrap_or(rest);
        let plain = path.starts_with('/') && !path.contains("..") && !rest.contains(['\\', '#']);
        plain.then_some(rest)
    }

    /// Whether the address lies below this one once the parser has resolved its dots, encoded ones
    /// (`%2e%2e`) too, as the transport will.
    fn is_above(&self, address: &str) -> bool {
        let Ok(other) = Url::parse(address) else { return false };
        let below = other.path().strip_prefix(self.url.path().trim_end_matches('/'));
        below.is_some_and(|rest| rest.starts_with('/'))
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(text).map_err(|_| BaseUrlError::NotAnAddress)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::QueryOrFragment);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(BaseUrlError::PlainHttp),
            _ => return Err(BaseUrlError::NotAnAddress),
        }
        let text = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { url, text })
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", self.text)
    }
}

/// Why a text is not a [`BaseUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// It is no absolute http or https address.
    #[error("the base address must be absolute and begin with https://")]
    NotAnAddress,
    /// It would send credentials in clear over a network.
    #[error("the base address must use https: plain http is accepted for loopback hosts only")]
    PlainHttp,
    /// It carries a user name or password.
    #[error("the base address must not contain a user name or password")]
    Credentials,
    /// It carries a query or a fragment.
    #[error("the base address must not contain a query or a fragment")]
    QueryOrFragment,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_leak_or_mislead_is_refused() {
        let error = |text: &str| text.parse::<BaseUrl>().unwrap_err();
        assert_eq!(error("api.example.test/v1"), BaseUrlError::NotAnAddress);
        assert_eq!(error("ftp://example.test"), BaseUrlError::NotAnAddress);
        assert_eq!(error("http://example.test"), BaseUrlError::PlainHttp);
        assert_eq!(error("http://127.0.0.1.example.test"), BaseUrlError::PlainHttp);
        assert_eq!(error("https://u:p@example.test"), BaseUrlError::Credentials);
        assert_eq!(error("https://example.test/?a=1"), BaseUrlError::QueryOrFragment);
    }

    #[test]
    fn loopback_may_be_plain() {
        for host in ["127.0.0.1:81", "127.9.9.9", "[::1]:8080", "localhost"] {
            assert!(format!("http://{host}/api").parse::<BaseUrl>().is_ok(), "{host}");
        }
    }

    #[test]
    fn only_addresses_below_the_base_are_taken_apart() {
        let base: BaseUrl = "https://api.example.test/api".parse().unwrap();
        let below = |text| base.path_below(text);
        assert_eq!(below("https://api.example.test/api/invoices/1?a=b"), Some("/invoices/1?a=b"));
        assert_eq!(below("https://api.example.test/apix"), None);
        for dots in ["..", "%2e%2e", ".%2E", "invoices/%2e%2e/%2e%2e"] {
            let address = format!("https://api.example.test/api/{dots}/admin");
            assert_eq!(base.path_below(&address), None, "{dots}");
        }
        assert_eq!(below("https://api.example.test/api/a?b=../c"), Some("/a?b=../c"));
        let root: BaseUrl = "https://api.example.test".parse().unwrap();
        assert_eq!(root.path_below("https://api.example.test/a"), Some("/a"));
        assert_eq!(below("https://api.example.test:444/api/invoices"), None);
        assert_eq!(below("https://u@api.example.test/api/invoices"), None);
        assert_eq!(below("https://api.example.test.evil.test/api/invoices"), None);
        assert_eq!(below("http://api.example.test/api/invoices"), None);
    }

    #[test]
    fn a_link_is_followed_however_it_is_spelled() {
        for (link, path) in [
            ("https://api.example.test/a%2Fb?sig=..%2B#x", "/a%2Fb?sig=..%2B"),
            ("https://API.example.test:443/a/../b?c=..", "/b?c=.."),
            ("https://api.example.test?c", "/?c"),
        ] {
            let (base, link) = BaseUrl::of_link(link).unwrap();
            assert_eq!(base.as_str(), "https://api.example.test");
            assert_eq!(base.path_below(&link), Some(path));
        }
        for link in ["/a", "", "http://api.example.test/a", "https://u:p@api.example.test/a"] {
            assert!(BaseUrl::of_link(link).is_err(), "{link}");
        }
    }
}
