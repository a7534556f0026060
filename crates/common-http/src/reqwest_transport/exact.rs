//! Trust in exact certificates: the server must show one of them, whoever issued it.
//!
//! For servers whose certificates are told by name in a protocol of their own. Below such a pin
//! there is no issuer to ask, and often the certificate was made for another name than the one
//! that is connected to, so neither is looked at. That the server holds the certificate's key is
//! checked as always.

use std::sync::Arc;

use common_core::secret::{ExposeSecret, SecretBytes};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};

use super::options::HttpVersion;

/// Why no settings could be made.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The settings of TLS that take exactly these certificates, in DER form.
pub(super) fn config(
    certificates: &[Vec<u8>],
    identity: Option<&SecretBytes>,
    version: HttpVersion,
) -> Result<ClientConfig, Failure> {
    if certificates.is_empty() {
        return Err("there is no certificate to trust".into());
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let pinned = certificates.iter().cloned().map(CertificateDer::from).collect();
    let verifier = Arc::new(Pinned { pinned, provider: Arc::clone(&provider) });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        Some(pem) => {
            let (chain, key) = parts(pem.expose_secret())?;
            builder.with_client_auth_cert(chain, key)?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = match version {
        HttpVersion::Negotiated => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        HttpVersion::Http1Only => vec![b"http/1.1".to_vec()],
    };
    Ok(config)
}

/// The chain and the key of an identity.
fn parts(pem: &[u8]) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Failure> {
    let unreadable = || Failure::from("the identity is no PEM of a chain and a key");
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let key = PrivateKeyDer::from_pem_slice(pem);
    // What is wrong with a private key is not told.
    Ok((chain.map_err(|_| unreadable())?, key.map_err(|_| unreadable())?))
}

/// Takes a server that shows one of the certificates and holds its key.
#[derive(Debug)]
struct Pinned {
    pinned: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.pinned.contains(end_entity) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
