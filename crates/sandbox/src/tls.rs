//! TLS of the doubles that have it: which certificates a server shows, which it asks for, and the
//! certificate of the caller as the emulators see it.
//!
//! In process, where no TLS runs, the caller's certificate is an extension of the request.

use std::io;
use std::sync::Arc;

use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, ServerConnection,
    SignatureScheme,
};

/// The certificate that a caller shows, with the certificates it sent along.
///
/// As an extension of a request it stands for mutual TLS in a sandbox without sockets:
///
/// ```
/// # let der = vec![0x30, 0x00];
/// let request = http::Request::get("/api/Repository/Ping")
///     .extension(sandbox::ClientCertificate::new(der))
///     .body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate(Arc<[CertificateDer<'static>]>);

impl ClientCertificate {
    /// A certificate in DER form, without others.
    pub fn new(der: impl Into<Vec<u8>>) -> Self {
        Self(Arc::new([CertificateDer::from(der.into())]))
    }

    /// The certificate itself, in DER form.
    pub fn der(&self) -> &[u8] {
        self.0.first().map(AsRef::as_ref).unwrap_or_default()
    }

    /// What the caller sent on a connection; `None` without a certificate.
    pub(crate) fn of(connection: &ServerConnection) -> Option<Self> {
        let chain = connection.peer_certificates().filter(|chain| !chain.is_empty())?;
        Some(Self(chain.iter().cloned().map(CertificateDer::into_owned).collect()))
    }

    /// The certificates that came along.
    pub(crate) fn others(&self) -> &[CertificateDer<'static>] {
        self.0.get(1..).unwrap_or_default()
    }
}

/// What a server shows.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// What a server asks its callers for.
pub(crate) enum Ask {
    /// A certificate below these roots, or the handshake fails.
    Trusted(Vec<CertificateDer<'static>>),
    /// Any certificate or none; the emulator judges it.
    Anything,
}

/// The settings of a TLS server with HTTP/1.1.
pub(crate) fn config(identity: Identity, ask: Ask) -> io::Result<Arc<ServerConfig>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ClientCertVerifier> = match ask {
        Ask::Anything => Arc::new(Anybody(provider.clone())),
        Ask::Trusted(roots) => {
            let mut store = RootCertStore::empty();
            for root in roots {
                store.add(root).map_err(io::Error::other)?;
            }
            let builder =
                WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider.clone());
            builder.build().map_err(io::Error::other)?
        }
    };
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let mut config = builder
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain, identity.key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Asks for a certificate and takes whatever comes, so that the emulator can tell what it thinks
/// of it; that the caller holds the key is checked all the same.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
