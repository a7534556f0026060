//! Which installation is talked to (KSeF 2.0 facts §1).

use common_http::{BaseUrl, BaseUrlError};
use ksef_crypto::link;

/// An installation of KSeF 2.0. None is a default: a client is built for one of them by name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// `https://api-test.ksef.mf.gov.pl/v2`: invented data, which all its users see; self-signed
    /// certificates and the operations of test data.
    Test,
    /// `https://api-demo.ksef.mf.gov.pl/v2`: real certificates and permissions, no legal effect.
    Demo,
    /// `https://api.ksef.mf.gov.pl/v2`: legal effect.
    Production,
    /// Any other address of a `/v2`, for the sandbox or a system of your own.
    Custom(BaseUrl),
}

impl Environment {
    /// The environment whose operations live below this address, which usually ends in `/v2`;
    /// `https` unless the host is a loopback address.
    pub fn at(api: &str) -> Result<Self, BaseUrlError> {
        api.parse().map(Self::Custom)
    }

    /// The same installation as verification links name it; `None` for an address of its own.
    pub fn of_links(&self) -> Option<link::Environment> {
        match self {
            Self::Test => Some(link::Environment::Test),
            Self::Demo => Some(link::Environment::Demo),
            Self::Production => Some(link::Environment::Production),
            Self::Custom(_) => None,
        }
    }

    pub(crate) fn api(&self) -> Result<BaseUrl, BaseUrlError> {
        match self {
            Self::Test => "https://api-test.ksef.mf.gov.pl/v2".parse(),
            Self::Demo => "https://api-demo.ksef.mf.gov.pl/v2".parse(),
            Self::Production => "https://api.ksef.mf.gov.pl/v2".parse(),
            Self::Custom(base) => Ok(base.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_are_the_published_ones() {
        let api = |environment: Environment| environment.api().unwrap().to_string();
        assert_eq!(api(Environment::Test), "https://api-test.ksef.mf.gov.pl/v2");
        assert_eq!(api(Environment::Demo), "https://api-demo.ksef.mf.gov.pl/v2");
        assert_eq!(api(Environment::Production), "https://api.ksef.mf.gov.pl/v2");
        let custom = Environment::at("http://127.0.0.1:8080/v2/").unwrap();
        assert_eq!(custom.of_links(), None);
        assert_eq!(api(custom), "http://127.0.0.1:8080/v2");
    }

    #[test]
    fn no_token_travels_in_clear() {
        let plain = Environment::at("http://ksef.example.test/v2");
        assert_eq!(plain.unwrap_err(), BaseUrlError::PlainHttp);
    }
}
