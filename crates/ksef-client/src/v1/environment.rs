//! Which installation is talked to (specification 1.9, chapter 2; KSeF 1.x facts §1).

use common_http::{BaseUrl, BaseUrlError};
use ksef_crypto::link;

/// An installation of KSeF 1.x. None is a default: a client is built for one of them by name.
///
/// The authority switched its own three off around the beginning of February 2026; their addresses
/// stay here because archives, links and systems that speak 1.x name them. Use
/// [`at`](Self::at) for a system that still answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// `https://ksef-test.mf.gov.pl/api`: invented data, self-signed certificates, no legal effect.
    Test,
    /// `https://ksef-demo.mf.gov.pl/api`: real certificates and permissions, no legal effect.
    Demo,
    /// `https://ksef.mf.gov.pl/api`: legal effect.
    Production,
    /// Any other address of an `/api`, for the sandbox or a system of your own.
    Custom(BaseUrl),
}

impl Environment {
    /// The environment whose operations live below this address, which usually ends in `/api`;
    /// `https` unless the host is a loopback address.
    pub fn at(api: &str) -> Result<Self, BaseUrlError> {
        api.parse().map(Self::Custom)
    }

    /// The same installation as verification links and confirmations name it; `None` for an
    /// address of its own.
    pub fn of_links(&self) -> Option<link::Environment> {
        match self {
            Self::Test => Some(link::Environment::Test),
            Self::Demo => Some(link::Environment::Demo),
            Self::Production => Some(link::Environment::Production),
            Self::Custom(_) => None,
        }
    }

    pub(crate) fn api(&self) -> Result<BaseUrl, BaseUrlError> {
        match (self, self.of_links()) {
            (Self::Custom(base), _) => Ok(base.clone()),
            (_, Some(known)) => format!("https://{}/api", known.v1_host()).parse(),
            (_, None) => Err(BaseUrlError::NotAnAddress),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_are_the_published_ones() {
        let api = |environment: Environment| environment.api().unwrap().to_string();
        assert_eq!(api(Environment::Test), "https://ksef-test.mf.gov.pl/api");
        assert_eq!(api(Environment::Demo), "https://ksef-demo.mf.gov.pl/api");
        assert_eq!(api(Environment::Production), "https://ksef.mf.gov.pl/api");
        let custom = Environment::at("http://127.0.0.1:8080/api/").unwrap();
        assert_eq!(custom.of_links(), None);
        assert_eq!(api(custom), "http://127.0.0.1:8080/api");
    }

    #[test]
    fn no_session_token_travels_in_clear() {
        let plain = Environment::at("http://ksef.example.test/api");
        assert_eq!(plain.unwrap_err(), BaseUrlError::PlainHttp);
    }
}
