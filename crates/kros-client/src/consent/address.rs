//! The address to which the owner's browser is sent (KROS facts §2, "Consent flow").

use std::fmt;

use common_core::secret::{ExposeSecret, SecretString};
use url::{Host, Url, form_urlencoded};

use super::State;

/// Where the consent page lives unless told otherwise.
const WEB_ORIGIN: &str = "https://firma.kros.sk";
const PAGE: &str = "/integration-consent";
/// The only version of the flow.
const VERSION: &str = "1";

/// What is asked of the owner.
///
/// Begin with [`ConsentRequest::post`] or [`ConsentRequest::poll`].
#[derive(Clone, Debug)]
pub struct ConsentRequest {
    plugin_name: String,
    integrator_name: String,
    state: State,
    delivery: Delivery,
    company_mode: CompanyMode,
    webhook: Option<Url>,
    webhook_secret: Option<SecretString>,
    web_origin: Option<Url>,
}

#[derive(Clone, Debug)]
enum Delivery {
    Post { redirect_url: Url },
    Poll,
}

/// How many companies the owner may pick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CompanyMode {
    /// One company.
    #[default]
    Single,
    /// One or more.
    Multiple,
}

/// Why a consent cannot be asked for in this way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsentError {
    /// A name or secret is empty or blank.
    #[error("`{parameter}` is empty")]
    Empty {
        /// The parameter of the address.
        parameter: &'static str,
    },
    /// An address is not `https`, or carries credentials. Plain `http` is taken for loopback hosts
    /// only.
    #[error("`{parameter}` is not a plain https address")]
    Insecure {
        /// The parameter of the address.
        parameter: &'static str,
    },
}

/// The finished address; a secret, because it holds the state and maybe a webhook secret.
///
/// `Debug` shows nothing. Send it in a redirect, keep it out of logs.
#[derive(Clone)]
pub struct ConsentUrl(SecretString);

impl ConsentRequest {
    /// The browser will post the tokens to `redirect_url`.
    ///
    /// `plugin_name` is the application as the owner will see it, `integrator_name` the company
    /// behind it. The request to `redirect_url` comes from another site, so session cookies are
    /// missing from it: recognise the owner by `state`.
    pub fn post(
        plugin_name: impl Into<String>,
        integrator_name: impl Into<String>,
        redirect_url: Url,
        state: State,
    ) -> Self {
        Self::new(
            plugin_name.into(),
            integrator_name.into(),
            state,
            Delivery::Post { redirect_url },
        )
    }

    /// The tokens will be picked up with `state`.
    ///
    /// The names are those of [`ConsentRequest::post`].
    pub fn poll(
        plugin_name: impl Into<String>,
        integrator_name: impl Into<String>,
        state: State,
    ) -> Self {
        Self::new(plugin_name.into(), integrator_name.into(), state, Delivery::Poll)
    }

    fn new(plugin_name: String, integrator_name: String, state: State, delivery: Delivery) -> Self {
        Self {
            plugin_name,
            integrator_name,
            state,
            delivery,
            company_mode: CompanyMode::default(),
            webhook: None,
            webhook_secret: None,
            web_origin: None,
        }
    }

    /// Sets how many companies the owner may pick; without it, one.
    #[must_use]
    pub fn company_mode(mut self, company_mode: CompanyMode) -> Self {
        self.company_mode = company_mode;
        self
    }

    /// Sets the address that will receive the notifications of the companies.
    #[must_use]
    pub fn webhook(mut self, webhook: Url) -> Self {
        self.webhook = Some(webhook);
        self
    }

    /// Sets the secret with which notifications will be signed.
    ///
    /// Better leave it out: the service then makes one per company and hands it over with the
    /// token, and it never stands in an address that browsers and proxies remember.
    #[must_use]
    pub fn webhook_secret(mut self, webhook_secret: impl Into<SecretString>) -> Self {
        self.webhook_secret = Some(webhook_secret.into());
        self
    }

    /// Sets where the consent page lives; its path is kept. Without it, `https://firma.kros.sk`.
    #[must_use]
    pub fn web_origin(mut self, web_origin: Url) -> Self {
        self.web_origin = Some(web_origin);
        self
    }

    /// The address to which to send the browser.
    ///
    /// # Errors
    ///
    /// [`ConsentError`] names the parameter that the service would refuse or that would put the
    /// tokens at risk.
    pub fn url(&self) -> Result<ConsentUrl, ConsentError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("plugin_name", filled("plugin_name", &self.plugin_name)?);
        query.append_pair("integrator_name", filled("integrator_name", &self.integrator_name)?);
        query.append_pair("version", VERSION);
        match &self.delivery {
            Delivery::Post { redirect_url } => {
                query.append_pair("response_mode", "post");
                query.append_pair("redirect_url", safe("redirect_url", redirect_url)?.as_str());
            }
            Delivery::Poll => {
                query.append_pair("response_mode", "poll");
            }
        }
        query.append_pair("company_mode", self.company_mode.wire());
        if let Some(webhook) = &self.webhook {
            query.append_pair("webhook", safe("webhook", webhook)?.as_str());
        }
        if let Some(secret) = &self.webhook_secret {
            query.append_pair("webhook_secret", filled("webhook_secret", secret.expose_secret())?);
        }
        query.append_pair("state", self.state.expose_text());
        // A plus sign is a space in forms only; `%20` is a space everywhere. A plus sign of the
        // text itself stands there as `%2B` by now.
        let query = query.finish().replace('+', "%20");
        Ok(ConsentUrl(format!("{}{PAGE}?{query}", self.page_base()?).into()))
    }

    fn page_base(&self) -> Result<String, ConsentError> {
        let Some(origin) = &self.web_origin else { return Ok(WEB_ORIGIN.to_owned()) };
        let origin = safe("web_origin", origin)?;
        let mut base = origin.clone();
        base.set_query(None);
        base.set_fragment(None);
        Ok(base.as_str().trim_end_matches('/').to_owned())
    }
}

impl CompanyMode {
    const fn wire(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Multiple => "multiple",
        }
    }
}

impl ConsentUrl {
    /// The address as text.
    pub fn expose_url(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for ConsentUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsentUrl([REDACTED])")
    }
}

fn filled<'t>(parameter: &'static str, text: &'t str) -> Result<&'t str, ConsentError> {
    if text.trim().is_empty() { Err(ConsentError::Empty { parameter }) } else { Ok(text) }
}

/// Tokens and notifications must not travel in the clear.
fn safe<'u>(parameter: &'static str, url: &'u Url) -> Result<&'u Url, ConsentError> {
    let protected = match url.scheme() {
        "https" => true,
        "http" => is_loopback(url),
        _ => false,
    };
    let with_credentials = !url.username().is_empty() || url.password().is_some();
    if protected && !with_credentials { Ok(url) } else { Err(ConsentError::Insecure { parameter }) }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Url {
        Url::parse(text).expect("a constant address")
    }

    fn state() -> State {
        State::from_random([7; 32])
    }

    #[test]
    fn every_parameter_of_the_post_mode_is_sent_once_and_encoded() {
        let url = ConsentRequest::post(
            "Obchod & syn+1",
            "Príklad s.r.o.",
            address("https://shop.example/kros?x=1"),
            state(),
        )
        .company_mode(CompanyMode::Multiple)
        .webhook(address("https://shop.example/news"))
        .webhook_secret("tajné+slovo")
        .url()
        .expect("an allowed request");
        let url = address(url.expose_url());
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(url.path(), PAGE);
        assert_eq!(
            pairs,
            [
                ("plugin_name", "Obchod & syn+1"),
                ("integrator_name", "Príklad s.r.o."),
                ("version", "1"),
                ("response_mode", "post"),
                ("redirect_url", "https://shop.example/kros?x=1"),
                ("company_mode", "multiple"),
                ("webhook", "https://shop.example/news"),
                ("webhook_secret", "tajné+slovo"),
                ("state", state().expose_text()),
            ]
        );
    }

    #[test]
    fn the_poll_mode_has_no_redirect_and_spaces_are_percent_encoded() {
        let url = ConsentRequest::poll("a b", "c", state()).url().expect("an allowed request");
        let expected = format!(
            "https://firma.kros.sk/integration-consent?plugin_name=a%20b&integrator_name=c\
             &version=1&response_mode=poll&company_mode=single&state={}",
            state().expose_text()
        );
        assert_eq!(url.expose_url(), expected);
    }

    #[test]
    fn the_web_origin_can_be_replaced() {
        let asked = ConsentRequest::poll("a", "b", state());
        let local = asked.clone().web_origin(address("http://127.0.0.1:4000/")).url();
        let local = local.expect("loopback is allowed");
        assert!(local.expose_url().starts_with("http://127.0.0.1:4000/integration-consent?"));
        let remote = asked.web_origin(address("http://firma.kros.sk")).url();
        assert_eq!(remote.err(), Some(ConsentError::Insecure { parameter: "web_origin" }));
    }

    #[test]
    fn what_would_be_refused_or_unsafe_is_named() {
        let blank = ConsentRequest::poll(" ", "b", state()).url();
        assert_eq!(blank.err(), Some(ConsentError::Empty { parameter: "plugin_name" }));
        for unsafe_address in
            ["http://shop.example/", "https://u:p@shop.example/", "ftp://localhost/"]
        {
            let asked = ConsentRequest::post("a", "b", address(unsafe_address), state());
            assert_eq!(
                asked.url().err(),
                Some(ConsentError::Insecure { parameter: "redirect_url" }),
                "{unsafe_address}"
            );
        }
        let secret = ConsentRequest::poll("a", "b", state()).webhook_secret("").url();
        assert_eq!(secret.err(), Some(ConsentError::Empty { parameter: "webhook_secret" }));
    }
}
