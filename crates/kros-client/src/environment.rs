//! Which service is talked to.

use common_http::{BaseUrl, BaseUrlError};

/// An installation of the service.
///
/// KROS runs no public test environment (KROS facts §0): tests go against the fiskus sandbox or a
/// company of your own that you keep for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// `https://api-economy.kros.sk/api` (source document, "Vytvorenie prepojenia a autorizácia
    /// odosielaných requestov").
    Production,
    /// Any other address, for the sandbox or a gateway of your own.
    Custom(BaseUrl),
}

impl Environment {
    /// The environment at that address; `https` unless the host is a loopback address.
    pub fn at(address: &str) -> Result<Self, BaseUrlError> {
        address.parse().map(Self::Custom)
    }

    pub(crate) fn base(&self) -> Result<BaseUrl, BaseUrlError> {
        match self {
            Self::Production => "https://api-economy.kros.sk/api".parse(),
            Self::Custom(base) => Ok(base.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_the_published_address() {
        let base = Environment::Production.base().unwrap();
        assert_eq!(base.as_str(), "https://api-economy.kros.sk/api");
    }

    #[test]
    fn other_addresses_are_taken_when_no_token_can_leak() {
        let base = Environment::at("http://127.0.0.1:81/api/").unwrap().base().unwrap();
        assert_eq!(base.as_str(), "http://127.0.0.1:81/api");
        let plain = Environment::at("http://gateway.example.test/api");
        assert_eq!(plain.unwrap_err(), BaseUrlError::PlainHttp);
    }
}
