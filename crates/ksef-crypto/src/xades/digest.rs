//! The digests and signature methods that are taken from others (KSeF 2.0 facts §4.2).
//!
//! SHA-3 is taken as a digest; under a signature no library for it is at hand, so it is refused.

use aws_lc_rs::digest::{
    self, SHA1_FOR_LEGACY_USE_ONLY, SHA3_256, SHA3_384, SHA3_512, SHA256, SHA384, SHA512,
};

use super::policy::{Refusal, Sha1};
use crate::keys::{SignatureEncoding, SignatureHash, VerificationAlgorithm};

const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

/// SHA-256 of what is written into the sink: the digest of everything that is made here.
pub(crate) fn sha256(write: impl FnOnce(&mut dyn FnMut(&[u8]))) -> [u8; 32] {
    let mut context = digest::Context::new(&SHA256);
    write(&mut |bytes| context.update(bytes));
    let mut value = [0; 32];
    value.copy_from_slice(context.finish().as_ref());
    value
}

/// A digest algorithm by its address; `place` is where it stands.
pub(crate) fn digest_method(
    address: &str,
    sha1: Sha1,
    place: &'static str,
) -> Result<&'static digest::Algorithm, Refusal> {
    Ok(match address {
        "http://www.w3.org/2001/04/xmlenc#sha256" => &SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => &SHA384,
        "http://www.w3.org/2001/04/xmlenc#sha512" => &SHA512,
        "http://www.w3.org/2007/05/xmldsig-more#sha3-256" => &SHA3_256,
        "http://www.w3.org/2007/05/xmldsig-more#sha3-384" => &SHA3_384,
        "http://www.w3.org/2007/05/xmldsig-more#sha3-512" => &SHA3_512,
        SHA1 if sha1 == Sha1::Everywhere => &SHA1_FOR_LEGACY_USE_ONLY,
        SHA1 => return Err(Refusal::Sha1(place)),
        _ => return Err(Refusal::Algorithm(place)),
    })
}

/// The digest algorithm of the signing certificate.
pub(crate) fn certificate_digest_method(
    address: &str,
    sha1: Sha1,
) -> Result<&'static digest::Algorithm, Refusal> {
    let allowed = if sha1 == Sha1::Refused { Sha1::Refused } else { Sha1::Everywhere };
    digest_method(address, allowed, "the digest of the certificate")
}

/// A signature method by its address.
pub(crate) fn signature_method(
    address: &str,
    sha1: Sha1,
) -> Result<VerificationAlgorithm, Refusal> {
    use SignatureHash::{Sha256, Sha384, Sha512};
    use VerificationAlgorithm::{Ecdsa, RsaPkcs1, RsaPss};
    const PLACE: &str = "SignatureMethod";
    let raw = |hash| Ecdsa(hash, SignatureEncoding::Raw);
    let algorithm = match address {
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => RsaPkcs1(Sha256),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => RsaPkcs1(Sha384),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => RsaPkcs1(Sha512),
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1" => RsaPss(Sha256),
        "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1" => RsaPss(Sha384),
        "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1" => RsaPss(Sha512),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => raw(Sha256),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => raw(Sha384),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512" => raw(Sha512),
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1" => RsaPkcs1(SignatureHash::Sha1),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1" => raw(SignatureHash::Sha1),
        _ => return Err(Refusal::Algorithm(PLACE)),
    };
    if algorithm.hash() == SignatureHash::Sha1 && sha1 != Sha1::Everywhere {
        return Err(Refusal::Sha1(PLACE));
    }
    Ok(algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha1_is_taken_only_where_the_policy_says() {
        let cases = [(Sha1::Refused, false, false), (Sha1::CertificateDigest, false, true)];
        for (policy, content, certificate) in cases {
            assert_eq!(digest_method(SHA1, policy, "x").is_ok(), content);
            assert_eq!(certificate_digest_method(SHA1, policy).is_ok(), certificate);
            let method = signature_method("http://www.w3.org/2000/09/xmldsig#rsa-sha1", policy);
            assert!(matches!(method, Err(Refusal::Sha1("SignatureMethod"))));
        }
        assert!(digest_method(SHA1, Sha1::Everywhere, "x").is_ok());
        let method =
            signature_method("http://www.w3.org/2000/09/xmldsig#rsa-sha1", Sha1::Everywhere);
        assert_eq!(method.unwrap(), VerificationAlgorithm::RsaPkcs1(SignatureHash::Sha1));
    }

    #[test]
    fn symmetric_and_unknown_methods_are_refused() {
        for address in ["http://www.w3.org/2000/09/xmldsig#hmac-sha1", "", "rsa-sha256"] {
            let method = signature_method(address, Sha1::Everywhere);
            assert!(matches!(method, Err(Refusal::Algorithm("SignatureMethod"))));
        }
        assert!(
            digest_method("http://www.w3.org/2001/04/xmldsig-more#md5", Sha1::Everywhere, "x")
                .is_err()
        );
    }
}
