//! The address template of a notification, which must not be followed blindly.
//!
//! A notification says under which address its documents can be fetched (`apiUrl`, with `{id}` in
//! place of the identifier).
//! The address comes from outside, and a request to it would carry the bearer token, so it is
//! given out only when it leads to the configured service (KROS facts §3).

use std::fmt;

use url::Url;

use super::EntityId;

const PLACEHOLDER: &str = "{id}";

/// An address template as the sender wrote it; not trusted until [`ApiUrl::for_id`] has compared
/// its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl(String);

/// Why a template gives no address to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiUrlError {
    /// The template has no place for the identifier, or more than one.
    #[error("the address template does not name `{{id}}` exactly once")]
    Placeholder,
    /// The filled template is not an absolute address.
    #[error("the address template does not give an absolute address")]
    NotAnAddress,
    /// The address leads elsewhere than to the configured service, or carries credentials.
    #[error("the address of the notification leads to another origin than the configured one")]
    ForeignOrigin,
}

impl ApiUrl {
    pub(super) fn new(template: String) -> Self {
        Self(template)
    }

    /// The template as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of one document, when it has the scheme, host and port of `base`.
    ///
    /// # Errors
    ///
    /// Every [`ApiUrlError`] means that the address must not be requested: build the address from
    /// the configured base instead.
    pub fn for_id(&self, id: EntityId, base: &Url) -> Result<Url, ApiUrlError> {
        if self.0.matches(PLACEHOLDER).count() != 1 {
            return Err(ApiUrlError::Placeholder);
        }
        // The origin is compared after filling in, on what would really be requested.
        let filled = self.0.replace(PLACEHOLDER, &id.to_string());
        let url = Url::parse(&filled).map_err(|_| ApiUrlError::NotAnAddress)?;
        let with_credentials = !url.username().is_empty() || url.password().is_some();
        if url.origin() != base.origin() || with_credentials {
            return Err(ApiUrlError::ForeignOrigin);
        }
        Ok(url)
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(template: &str) -> Result<String, ApiUrlError> {
        let base = Url::parse("https://api-economy.kros.sk/api").expect("a constant address");
        ApiUrl::new(template.to_owned()).for_id(EntityId::Number(7), &base).map(String::from)
    }

    #[test]
    fn an_address_of_the_configured_origin_is_given() {
        let expected = "https://api-economy.kros.sk/api/invoices/7";
        assert_eq!(follow("https://api-economy.kros.sk/api/invoices/{id}"), Ok(expected.into()));
        assert_eq!(
            follow("HTTPS://API-Economy.kros.sk:443/api/invoices/{id}"),
            Ok(expected.into())
        );
    }

    #[test]
    fn an_address_of_another_origin_is_refused() {
        for template in [
            "http://api-economy.kros.sk/api/invoices/{id}",
            "https://api-economy.kros.sk:444/api/invoices/{id}",
            "https://api-economy.kros.sk.example/api/invoices/{id}",
            "https://api-economy.kros.sk@example.com/{id}",
            "https://user@api-economy.kros.sk/{id}",
            "https://:word@api-economy.kros.sk/{id}",
            "https://example.com/{id}?https://api-economy.kros.sk/",
            "https://api-economy.kros.sk{id}/",
            "file:///{id}",
            "data:text/plain,{id}",
        ] {
            assert!(follow(template).is_err(), "{template}");
        }
        assert_eq!(follow("https://example.com/{id}"), Err(ApiUrlError::ForeignOrigin));
        assert_eq!(follow("https://u@api-economy.kros.sk/{id}"), Err(ApiUrlError::ForeignOrigin));
    }

    #[test]
    fn a_template_without_one_place_for_the_identifier_is_refused() {
        assert_eq!(follow("https://api-economy.kros.sk/api"), Err(ApiUrlError::Placeholder));
        assert_eq!(follow("https://api-economy.kros.sk/{id}/{id}"), Err(ApiUrlError::Placeholder));
        assert_eq!(follow("invoices/{id}"), Err(ApiUrlError::NotAnAddress));
    }
}
