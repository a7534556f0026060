//! Which service is talked to: where its functions live, and which host gives statements out.

use common_http::{BaseUrl, BaseUrlError};
use http::HeaderValue;

/// An installation of the service. None is a default: a client is built for one of them by name.
///
/// Test data must not be entered into production in bulk (source document, Testno okruženje).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a program holds one or two, and not for long")]
#[non_exhaustive]
pub enum Environment {
    /// Functions at `https://epp-rest.trezor.gov.rs/api`, statements at
    /// `https://epp.trezor.gov.rs/` (source document, Okruženja).
    Production,
    /// Functions at `https://repp-test.trezor.gov.rs/api`, statements at
    /// `https://epp-test.trezor.gov.rs/` (source document, Okruženja).
    Test,
    /// Any other addresses, for the sandbox or a gateway of your own.
    Custom {
        /// Where the functions live, with `/api` if they live below it.
        api: BaseUrl,
        /// The host that statements are downloaded from.
        web: BaseUrl,
    },
}

impl Environment {
    /// The environment at these addresses; `https` unless the host is a loopback address.
    pub fn at(api: &str, web: &str) -> Result<Self, BaseUrlError> {
        Ok(Self::Custom { api: api.parse()?, web: web.parse()? })
    }

    pub(crate) fn api(&self) -> Result<BaseUrl, BaseUrlError> {
        match self {
            Self::Production => "https://epp-rest.trezor.gov.rs/api".parse(),
            Self::Test => "https://repp-test.trezor.gov.rs/api".parse(),
            Self::Custom { api, .. } => Ok(api.clone()),
        }
    }

    pub(crate) fn web(&self) -> Result<BaseUrl, BaseUrlError> {
        match self {
            Self::Production => "https://epp.trezor.gov.rs".parse(),
            Self::Test => "https://epp-test.trezor.gov.rs".parse(),
            Self::Custom { web, .. } => Ok(web.clone()),
        }
    }
}

/// The `Referer` that the web host demands: its own address with the slash at the end, without
/// which it refuses (source document, GET bank-accounts/…/statement-url).
pub(crate) fn referer(web: &BaseUrl) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{web}/")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_are_the_published_ones() {
        let addresses = |environment: Environment| {
            let (api, web) = (environment.api().unwrap(), environment.web().unwrap());
            (api.to_string(), web.to_string())
        };
        assert_eq!(
            addresses(Environment::Production),
            ("https://epp-rest.trezor.gov.rs/api".into(), "https://epp.trezor.gov.rs".into())
        );
        assert_eq!(
            addresses(Environment::Test),
            ("https://repp-test.trezor.gov.rs/api".into(), "https://epp-test.trezor.gov.rs".into())
        );
    }

    #[test]
    fn the_referer_ends_in_its_mandatory_slash() {
        let referer = |environment: Environment| referer(&environment.web().unwrap()).unwrap();
        assert_eq!(referer(Environment::Production), "https://epp.trezor.gov.rs/");
        assert_eq!(referer(Environment::Test), "https://epp-test.trezor.gov.rs/");
        let custom = Environment::at("http://127.0.0.1:1/api", "http://127.0.0.1:2/").unwrap();
        assert_eq!(referer(custom), "http://127.0.0.1:2/");
    }

    #[test]
    fn no_password_travels_in_clear() {
        let plain = Environment::at("http://epp.example.test/api", "https://epp.example.test");
        assert_eq!(plain.unwrap_err(), BaseUrlError::PlainHttp);
    }
}
