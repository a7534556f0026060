//! What the bakery has from KSeF and keeps in files for its till: a token, a certificate for codes with
//! its key, and a key of its own that seals what the till keeps.
//!
//! A real till has its secrets where secrets are kept, and not beside its store.

use std::{fs, path::Path};

use common_core::{
    ident::Nip,
    secret::{ExposeSecret, SecretString, secret_bytes},
};
use common_store::SealKey;
use ksef_client::v2::{Account, login::Credential, offline::Issuer};
use ksef_crypto::{
    certificate::Certificate,
    keys::{LocalSigner, PrivateKey},
    link::Environment,
};

use crate::{Outcome, invoices::BAKER, people};

const TOKEN: &str = "token";
const CERTIFICATE: &str = "certificate.der";
const KEY: &str = "key.der";
const SEAL: &str = "seal";

/// Has the papers made and keeps them in that folder.
pub(crate) async fn fetch(baker: &Account, folder: &Path) -> Outcome {
    let token = people::token(baker).await?;
    let signer = people::offline_certificate(baker).await?;
    fs::write(folder.join(TOKEN), token.expose_secret())?;
    fs::write(folder.join(CERTIFICATE), signer.certificate().as_der())?;
    fs::write(folder.join(KEY), signer.key().expose_pkcs8()?.expose_secret())?;
    Ok(fs::write(folder.join(SEAL), rand::random::<[u8; 32]>())?)
}

/// The token to log in with.
pub(crate) fn credential(folder: &Path) -> Outcome<Credential> {
    Ok(Credential::token(SecretString::from(fs::read_to_string(folder.join(TOKEN))?)))
}

/// Who issues invoices offline.
pub(crate) fn issuer(folder: &Path) -> Outcome<Issuer> {
    Ok(Issuer::new(Environment::Test, Nip::parse(BAKER.nip)?, signer(folder)?))
}

/// The certificate for codes with its key.
pub(crate) fn signer(folder: &Path) -> Outcome<LocalSigner> {
    let certificate = Certificate::from_der(&fs::read(folder.join(CERTIFICATE))?)?;
    Ok(LocalSigner::new(PrivateKey::from_der(&fs::read(folder.join(KEY))?)?, certificate)?)
}

/// The key that seals.
pub(crate) fn seal(folder: &Path) -> Outcome<SealKey> {
    Ok(SealKey::new(1, secret_bytes(fs::read(folder.join(SEAL))?))?)
}
