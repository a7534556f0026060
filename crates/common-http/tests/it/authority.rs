//! Certificates made for one test, so that none depends on what its machine trusts.

use std::sync::Arc;

use common_core::secret::secret_bytes;
use common_http::{ClientIdentity, TrustAnchors};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::PrivateKeyDer,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use tokio_rustls::TlsAcceptor;

/// A certificate authority that lives as long as its test.
pub(crate) struct Authority {
    pub(crate) pem: String,
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), certificate, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A server's side of TLS for `localhost`.
    pub(crate) fn acceptor(
        &self,
        clients: Arc<dyn ClientCertVerifier>,
        alpn: &[&str],
    ) -> TlsAcceptor {
        self.acceptor_showing(clients, alpn).0
    }

    /// The same, with the certificate that it shows, in DER form.
    pub(crate) fn acceptor_showing(
        &self,
        clients: Arc<dyn ClientCertVerifier>,
        alpn: &[&str],
    ) -> (TlsAcceptor, Vec<u8>) {
        let (certificate, key) = self.issue("localhost");
        let shown = certificate.der().to_vec();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_client_cert_verifier(clients)
                .with_single_cert(vec![certificate.der().clone()], key)
                .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        (TlsAcceptor::from(Arc::new(config)), shown)
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }

    /// Demands a certificate of this authority from clients.
    pub(crate) fn demand(&self) -> Arc<dyn ClientCertVerifier> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap()
    }

    pub(crate) fn identity(&self) -> ClientIdentity {
        let (certificate, key) = self.issue("a-client");
        let pem = format!("{}{}", certificate.pem(), key.serialize_pem());
        ClientIdentity::from_pem(secret_bytes(pem.into_bytes()))
    }

    pub(crate) fn only(&self) -> TrustAnchors {
        TrustAnchors::Only(self.pem.clone().into_bytes())
    }
}
