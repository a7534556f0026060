//! The channels over sockets.

use std::{sync::Arc, time::Duration};

use common_core::secret::SecretBytes;
use common_http::{
    ClientIdentity, HttpOptions, HttpVersion, Proxy, ReqwestTransport, Transport, TrustAnchors,
};

use super::{Channel, ChannelError, Connect, Wires};
use crate::{command::Certificate, jose, journal::Pins};

/// How the CPD server and the WebApi are recognised once CMD07 has told their certificates.
///
/// The source document (section 2.4.1) calls what CMD07 brings the certificates "for TLS" of both
/// servers and not what to do with them; the crypto standard that does is not public, so this is a
/// choice (CRK facts §1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pinning {
    /// The server must show exactly that certificate. Its name and its dates are not looked at.
    #[default]
    Exact,
    /// The certificate is an authority: the server must show one that it issued, for its name.
    Chain,
    /// The pins are left aside: the server must show what the ministry's authorities issued, for
    /// its name.
    Authorities,
}

/// Real connections: mutual TLS with the CPD server and the WebApi, plain TLS with the Event Hub.
///
/// ```no_run
/// use common_core::secret::secret_bytes;
/// use ekasy_device::channel::{Pinning, Tls};
///
/// let identity = secret_bytes(std::fs::read("register.pem")?);
/// let authorities = std::fs::read("ministry-root-and-sub-ca.pem")?;
/// let tls = Tls::new("my-register/1.0", identity, authorities).pinning(Pinning::Exact);
/// # let _ = tls;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tls {
    options: HttpOptions,
    identity: ClientIdentity,
    authorities: Vec<u8>,
    pinning: Pinning,
}

/// How long a server may stay silent; none is published, so this is ours.
const SILENCE: Duration = Duration::from_secs(60);

impl Tls {
    /// Connections with a `User-Agent`, the register's TLS certificate with its key (PEM, the leaf
    /// first, then its issuers), and the ministry's Root CA and Sub CA (PEM) for the time before
    /// there are pins.
    pub fn new(
        user_agent: impl Into<String>,
        identity: SecretBytes,
        authorities: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            options: HttpOptions::new(user_agent).read_timeout(SILENCE),
            identity: ClientIdentity::from_pem(identity),
            authorities: authorities.into(),
            pinning: Pinning::default(),
        }
    }

    /// Sets how the servers are recognised.
    #[must_use]
    pub fn pinning(mut self, pinning: Pinning) -> Self {
        self.pinning = pinning;
        self
    }

    /// Sets a proxy for all channels.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.options = self.options.proxy(proxy);
        self
    }

    /// Sets how long a connection may take to be made; ten seconds without it.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options = self.options.connect_timeout(timeout);
        self
    }

    /// Sets how long a server may stay silent; a minute without it.
    #[must_use]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.options = self.options.read_timeout(timeout);
        self
    }

    /// A wire on which the register shows its certificate.
    fn mutual(&self, channel: Channel, trust: TrustAnchors) -> Result<Wire, ChannelError> {
        let options = self.options.clone().identity(self.identity.clone()).trust(trust);
        wire(channel, options)
    }

    fn by_authorities(&self) -> TrustAnchors {
        TrustAnchors::Only(self.authorities.clone())
    }

    fn by_pin(&self, pin: &Certificate) -> TrustAnchors {
        match self.pinning {
            Pinning::Exact => TrustAnchors::Exactly(vec![pin.der().to_vec()]),
            Pinning::Chain => TrustAnchors::Only(pem(std::slice::from_ref(pin))),
            Pinning::Authorities => self.by_authorities(),
        }
    }

    /// The wire to the Event Hub. It never sees the identity; requests are measured in HTTP/1.1,
    /// so that is what is spoken.
    fn one_way(&self, authorities: &[Certificate]) -> Result<Wire, ChannelError> {
        let trust = TrustAnchors::Only(pem(authorities));
        let options = self.options.clone().trust(trust).version(HttpVersion::Http1Only);
        wire(Channel::EventHub, options)
    }
}

type Wire = Arc<dyn Transport>;

impl Connect for Tls {
    fn wires(&self, pins: Option<&Pins>) -> Result<Wires, ChannelError> {
        let keys = self.mutual(Channel::Cpd, self.by_authorities())?;
        let Some(pins) = pins else {
            return Ok(Wires { cpd: Arc::clone(&keys), keys, web_api: None, event_hub: None });
        };
        Ok(Wires {
            keys,
            cpd: self.mutual(Channel::Cpd, self.by_pin(&pins.cpd))?,
            web_api: Some(self.mutual(Channel::WebApi, self.by_pin(&pins.web_api))?),
            event_hub: Some(self.one_way(&pins.event_hub)?),
        })
    }

    /// As far as they can be read; the connections have a say of their own.
    fn authorities(&self) -> Vec<jose::Certificate> {
        let text = std::str::from_utf8(&self.authorities).unwrap_or_default();
        jose::Certificate::chain_from_pem(text).unwrap_or_default()
    }
}

fn wire(channel: Channel, options: HttpOptions) -> Result<Wire, ChannelError> {
    let wire = ReqwestTransport::new(options);
    wire.map(|wire| Arc::new(wire) as Wire).map_err(|source| ChannelError { channel, source })
}

/// Certificates in PEM form.
fn pem(certificates: &[Certificate]) -> Vec<u8> {
    let mut text = String::new();
    for certificate in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut rest = &*certificate.to_base64();
        while !rest.is_empty() {
            let (line, behind) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = behind;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_become_lines_of_64_characters() {
        let certificate = Certificate::from_der(vec![7; 100]);
        let text = String::from_utf8(pem(&[certificate.clone(), certificate.clone()])).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2 * (2 + 3));
        assert_eq!(lines.get(1..4).unwrap().concat(), certificate.to_base64());
    }
}
