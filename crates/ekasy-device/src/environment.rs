//! Which repository is talked to, on each of the three channels (source document, section 2.1).

use common_http::{BaseUrl, BaseUrlError};
use url::Url;

/// An installation of the repository. None is a default: a client is built for one of them by
/// name.
///
/// The address of the WebApi that comes with the evidence number and with the state takes the
/// place of the one here ([`WebApiAddress`](crate::ident::WebApiAddress)).
/// The Event Hub has no address of its own: each token names one, and the environment says which
/// of them may be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a program holds one or two, and not for long")]
#[non_exhaustive]
pub enum Environment {
    /// The test repository: CPD server at `https://esb-te.mf.gov.pl:5062`, WebApi at
    /// `https://test-e-kasy.mf.gov.pl:443`.
    Test,
    /// The real repository: CPD server at `https://esb.mf.gov.pl:5062`, WebApi at
    /// `https://e-kasy.mf.gov.pl:443`. What is fiscalised here is fiscalised for good.
    Production,
    /// Any other addresses, for the sandbox or a gateway of your own.
    Custom {
        /// The CPD server.
        cpd: BaseUrl,
        /// The WebApi.
        web_api: BaseUrl,
        /// The only Event Hub that a token may name.
        event_hub: BaseUrl,
    },
}

/// The domain of Azure's hubs (CRK facts §5).
const AZURE: &str = ".servicebus.windows.net";

impl Environment {
    /// The environment at these addresses; `https` unless the host is a loopback address.
    ///
    /// ```
    /// use ekasy_device::Environment;
    ///
    /// let local = Environment::at(
    ///     "https://127.0.0.1:5062",
    ///     "https://127.0.0.1:5063",
    ///     "https://127.0.0.1:5064",
    /// )?;
    /// assert_eq!(local.cpd()?.as_str(), "https://127.0.0.1:5062");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at(cpd: &str, web_api: &str, event_hub: &str) -> Result<Self, BaseUrlError> {
        let (cpd, web_api, event_hub) = (cpd.parse()?, web_api.parse()?, event_hub.parse()?);
        Ok(Self::Custom { cpd, web_api, event_hub })
    }

    /// Where the CPD server is.
    pub fn cpd(&self) -> Result<BaseUrl, BaseUrlError> {
        match self {
            Self::Test => "https://esb-te.mf.gov.pl:5062".parse(),
            Self::Production => "https://esb.mf.gov.pl:5062".parse(),
            Self::Custom { cpd, .. } => Ok(cpd.clone()),
        }
    }

    /// Where the WebApi is, until the repository gives the register an address.
    pub fn web_api(&self) -> Result<BaseUrl, BaseUrlError> {
        match self {
            Self::Test => "https://test-e-kasy.mf.gov.pl:443".parse(),
            Self::Production => "https://e-kasy.mf.gov.pl:443".parse(),
            Self::Custom { web_api, .. } => Ok(web_api.clone()),
        }
    }

    /// Whether documents may be sent to that address, the `urlToSend` of a token.
    ///
    /// In the published environments it must be a hub of Azure, by `https` on its ordinary port;
    /// elsewhere it must have the origin that was given.
    ///
    /// ```
    /// use ekasy_device::Environment;
    ///
    /// let hub = "https://hub.servicebus.windows.net/h/publishers/p/messages?timeout=60";
    /// assert!(Environment::Test.allows_event_hub(hub));
    /// assert!(!Environment::Test.allows_event_hub("https://hub.example.test/h"));
    /// ```
    pub fn allows_event_hub(&self, url_to_send: &str) -> bool {
        match self {
            Self::Test | Self::Production => is_azure(url_to_send),
            Self::Custom { event_hub, .. } => event_hub.has_origin_of(url_to_send),
        }
    }
}

fn is_azure(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| {
        let host = url.host_str().and_then(|host| host.strip_suffix(AZURE));
        url.scheme() == "https"
            && url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && host.is_some_and(|name| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_are_the_published_ones() {
        let addresses = |environment: Environment| {
            let (cpd, web_api) = (environment.cpd().unwrap(), environment.web_api().unwrap());
            (cpd.to_string(), web_api.to_string())
        };
        let published = |cpd: &str, web_api: &str| (cpd.to_owned(), web_api.to_owned());
        assert_eq!(
            addresses(Environment::Test),
            published("https://esb-te.mf.gov.pl:5062", "https://test-e-kasy.mf.gov.pl")
        );
        assert_eq!(
            addresses(Environment::Production),
            published("https://esb.mf.gov.pl:5062", "https://e-kasy.mf.gov.pl")
        );
    }

    #[test]
    fn documents_go_to_hubs_of_the_environment_only() {
        for (address, allowed) in [
            ("https://a.servicebus.windows.net/h", true),
            ("https://a.servicebus.windows.net:443/h", true),
            ("https://a.servicebus.windows.net:8443/h", false),
            ("http://a.servicebus.windows.net/h", false),
            ("https://u:p@a.servicebus.windows.net/h", false),
            ("https://.servicebus.windows.net/h", false),
            ("https://a.servicebus.windows.net.example.test/h", false),
            ("no address", false),
        ] {
            assert_eq!(Environment::Production.allows_event_hub(address), allowed, "{address}");
        }
        let one = "https://127.0.0.1:1";
        let custom = Environment::at(one, one, "https://127.0.0.1:3").unwrap();
        assert!(custom.allows_event_hub("https://127.0.0.1:3/hub/messages?x=1"));
        assert!(!custom.allows_event_hub("https://127.0.0.1:4/hub/messages"));
    }

    #[test]
    fn nothing_travels_in_clear() {
        let plain = Environment::at("http://a.example.test", "https://b.test", "https://c.test");
        assert_eq!(plain.unwrap_err(), BaseUrlError::PlainHttp);
    }
}
