//! RSA keys of the double.
//!
//! Making one takes a tenth of a second or more, so a process makes each of its keys once and
//! every sandbox in it uses the same ones, in the same order.
//! They protect nothing but tests.

use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use ring::signature::RsaKeyPair;
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;

/// An RSA key of 2048 bits in the forms that its uses need.
pub(super) struct RsaKey {
    pub(super) pkcs8: Vec<u8>,
    pub(super) pem: String,
    pub(super) certified: KeyPair,
    pub(super) decrypting: RsaPrivateKey,
    pub(super) signing: RsaKeyPair,
}

static POOL: Mutex<Vec<Arc<RsaKey>>> = Mutex::new(Vec::new());

/// The key with this number, counted from 0.
pub(super) fn rsa(number: usize) -> Result<Arc<RsaKey>, rcgen::Error> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    while pool.len() <= number {
        pool.push(Arc::new(make()?));
    }
    pool.get(number).cloned().ok_or(rcgen::Error::KeyGenerationUnavailable)
}

fn make() -> Result<RsaKey, rcgen::Error> {
    let certified = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let pkcs8 = certified.serialize_der();
    let decrypting = RsaPrivateKey::from_pkcs8_der(&pkcs8)
        .map_err(|_| rcgen::Error::KeyGenerationUnavailable)?;
    let signing =
        RsaKeyPair::from_pkcs8(&pkcs8).map_err(|_| rcgen::Error::KeyGenerationUnavailable)?;
    Ok(RsaKey { pem: certified.serialize_pem(), pkcs8, certified, decrypting, signing })
}
