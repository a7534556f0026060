//! The address of the WebApi that the repository hands out.

use common_http::{BaseUrl, BaseUrlError};

use super::{
    IdentError,
    text::{of_length, text_identifier},
};

/// Address of the WebApi for one register (`addressWebAPI`), as the repository wrote it.
///
/// It comes with the evidence number and later with the state (source document, sections 2.4.3
/// and 2.4.6), and takes the place of the environment's own address. The documented length of 20
/// to 100 characters is not demanded: an evidence number must not be lost over it.
///
/// ```
/// use ekasy_device::ident::WebApiAddress;
///
/// let address = WebApiAddress::parse("https://e-kasy.example.test:443")?;
/// assert_eq!(address.base_url()?.as_str(), "https://e-kasy.example.test");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WebApiAddress(Box<str>);

impl WebApiAddress {
    /// Takes 1 to 2,000 characters as they are.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        of_length(text, 2000, IdentError::new("an address", "1 to 2000 characters")).map(Self)
    }

    /// The address to call; `https`, unless the host is a loopback one.
    pub fn base_url(&self) -> Result<BaseUrl, BaseUrlError> {
        self.0.parse()
    }
}

text_identifier!(WebApiAddress);
