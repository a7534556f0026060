//! Requests for certificates, PKCS#10: read, and really verified with their own key
//! (KSeF 2.0 facts §12.2).

use aws_lc_rs::signature::{self as algorithms, UnparsedPublicKey, VerificationAlgorithm};
use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::traits::PublicKeyParts as _;
use x509_cert::name::Name;
use x509_cert::request::CertReq;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// The attributes of a subject that the contract names, in the last number of their identifier
/// below 2.5.4, and the member of the answer that shows them.
pub(super) const ATTRIBUTES: [(u64, &str); 8] = [
    (3, "commonName"),
    (4, "surname"),
    (5, "serialNumber"),
    (6, "countryName"),
    (10, "organizationName"),
    (42, "givenName"),
    (45, "uniqueIdentifier"),
    (97, "organizationIdentifier"),
];

/// The attributes of a name in their order; several values of one are joined by a space.
pub(super) type Attributes = Vec<(u64, String)>;

/// A request whose signature holds.
#[derive(Debug)]
pub(super) struct Csr {
    pub(super) name: Attributes,
    pub(super) key: PublicKey,
}

/// A public key of an allowed kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicKey {
    pub(super) kind: KeyKind,
    pub(super) bytes: Vec<u8>,
}

/// The allowed kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa2048,
    P256,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// 25004.
    FormatOrSignature,
    /// 25010.
    Key,
    /// 25011.
    Algorithm,
}

impl Flaw {
    /// The code of the catalogue.
    pub(super) fn code(self) -> u32 {
        match self {
            Self::FormatOrSignature => 25004,
            Self::Key => 25010,
            Self::Algorithm => 25011,
        }
    }
}

impl Csr {
    /// Reads and verifies DER.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        let request = CertReq::from_der(bytes).map_err(|_| Flaw::FormatOrSignature)?;
        let name = attributes(&request.info.subject).ok_or(Flaw::FormatOrSignature)?;
        let key = key(&request.info.public_key)?;
        let algorithm = algorithm(&request.algorithm, key.kind).ok_or(Flaw::Algorithm)?;
        let signed = request.info.to_der().map_err(|_| Flaw::FormatOrSignature)?;
        let signature = request.signature.as_bytes().ok_or(Flaw::FormatOrSignature)?;
        UnparsedPublicKey::new(algorithm, &key.bytes)
            .verify(&signed, signature)
            .map_err(|_| Flaw::FormatOrSignature)?;
        Ok(Self { name, key })
    }
}

/// The subject of a certificate, DER; attributes that the contract does not name are left out.
pub(super) fn subject(certificate: &[u8]) -> Option<Attributes> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let mut all = attributes(certificate.tbs_certificate().subject())?;
    all.retain(|(number, _)| ATTRIBUTES.iter().any(|(known, _)| known == number));
    Some(all)
}

fn attributes(name: &Name) -> Option<Attributes> {
    let mut read = Attributes::new();
    for attribute in name.iter() {
        // An attribute from elsewhere counts as one that nobody asked for.
        let number = match attribute.oid.arcs().collect::<Vec<_>>().as_slice() {
            [2, 5, 4, number] => u64::from(*number),
            _ => u64::MAX,
        };
        let value = std::str::from_utf8(attribute.value.value()).ok()?;
        match read.iter_mut().find(|(known, _)| *known == number) {
            Some((_, before)) => {
                before.push(' ');
                before.push_str(value);
            }
            None => read.push((number, value.to_owned())),
        }
    }
    Some(read)
}

/// Whether two subjects say the same, in any order.
pub(super) fn is_same_subject(first: &Attributes, second: &Attributes) -> bool {
    first.len() == second.len() && first.iter().all(|one| second.contains(one))
}

fn key(info: &SubjectPublicKeyInfoOwned) -> Result<PublicKey, Flaw> {
    let bytes = info.subject_public_key.as_bytes().ok_or(Flaw::FormatOrSignature)?.to_vec();
    let kind = if info.algorithm.oid == RSA {
        let key = RsaPublicKey::from_pkcs1_der(&bytes).map_err(|_| Flaw::Key)?;
        (key.size() == 256).then_some(KeyKind::Rsa2048)
    } else if info.algorithm.oid == EC {
        let curve = info.algorithm.parameters.as_ref();
        let curve = curve.and_then(|it| it.decode_as::<ObjectIdentifier>().ok());
        (curve == Some(P256)).then_some(KeyKind::P256)
    } else {
        None
    };
    kind.map(|kind| PublicKey { kind, bytes }).ok_or(Flaw::Key)
}

/// The verification for an algorithm and a kind of key. PSS with SHA-1 is missing, because nothing
/// here verifies it.
fn algorithm(
    identifier: &AlgorithmIdentifierOwned,
    kind: KeyKind,
) -> Option<&'static dyn VerificationAlgorithm> {
    let oid = identifier.oid.to_string();
    Some(match (kind, oid.as_str()) {
        (KeyKind::Rsa2048, "1.2.840.113549.1.1.5") => {
            &algorithms::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY
        }
        (KeyKind::Rsa2048, "1.2.840.113549.1.1.11") => &algorithms::RSA_PKCS1_2048_8192_SHA256,
        (KeyKind::Rsa2048, "1.2.840.113549.1.1.12") => &algorithms::RSA_PKCS1_2048_8192_SHA384,
        (KeyKind::Rsa2048, "1.2.840.113549.1.1.13") => &algorithms::RSA_PKCS1_2048_8192_SHA512,
        (KeyKind::Rsa2048, _) if identifier.oid == RSA_PSS => return pss(identifier),
        (KeyKind::P256, "1.2.840.10045.4.1") => &algorithms::ECDSA_P256_SHA1_ASN1,
        (KeyKind::P256, "1.2.840.10045.4.3.2") => &algorithms::ECDSA_P256_SHA256_ASN1,
        (KeyKind::P256, "1.2.840.10045.4.3.3") => &algorithms::ECDSA_P256_SHA384_ASN1,
        (KeyKind::P256, "1.2.840.10045.4.3.4") => &algorithms::ECDSA_P256_SHA512_ASN1,
        _ => return None,
    })
}

/// The digest of PSS stands in its parameters, as an identifier below 2.16.840.1.101.3.4.2.
fn pss(identifier: &AlgorithmIdentifierOwned) -> Option<&'static dyn VerificationAlgorithm> {
    const SHA_2: [u8; 10] = [6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
    let parameters = identifier.parameters.as_ref()?.value();
    let place = parameters.windows(SHA_2.len()).position(|window| window == SHA_2)?;
    Some(match parameters.get(place + SHA_2.len())? {
        1 => &algorithms::RSA_PSS_2048_8192_SHA256,
        2 => &algorithms::RSA_PSS_2048_8192_SHA384,
        3 => &algorithms::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{RSA_PSS_SHA256, RSA_PSS_SHA512, RsaKeyPair};
    use der::asn1::{Any, BitString};
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, RsaKeySize};

    use super::*;

    fn request(pair: &KeyPair) -> Vec<u8> {
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "PL");
        name.push(DnType::CustomDnType(vec![2, 5, 4, 97]), "VATPL-9990000103");
        params.distinguished_name = name;
        params.serialize_request(pair).unwrap().der().to_vec()
    }

    #[test]
    fn requests_of_the_allowed_keys_hold() {
        let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA512, RsaKeySize::_2048).unwrap();
        let curve = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        for (pair, kind) in [(rsa, KeyKind::Rsa2048), (curve, KeyKind::P256)] {
            let read = Csr::read(&request(&pair)).unwrap();
            assert_eq!(read.key.kind, kind);
            let expected = vec![(97, "VATPL-9990000103".to_owned()), (6, "PL".to_owned())];
            assert!(is_same_subject(&read.name, &expected), "{:?}", read.name);
            assert!(!is_same_subject(&read.name, &expected[..1].to_vec()));
        }
    }

    /// The request signed again, with PSS; the parameters name nothing but the digest.
    fn with_pss(pair: &KeyPair, digest: u8) -> Vec<u8> {
        let mut request = CertReq::from_der(&request(pair)).unwrap();
        let key = RsaKeyPair::from_pkcs8(&pair.serialize_der()).unwrap();
        let encoding = if digest == 3 { &RSA_PSS_SHA512 } else { &RSA_PSS_SHA256 };
        let mut signature = vec![0; key.public_modulus_len()];
        let message = request.info.to_der().unwrap();
        key.sign(encoding, &SystemRandom::new(), &message, &mut signature).unwrap();
        let digest =
            [0x30, 0x0F, 0xA0, 0x0D, 0x30, 0x0B, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, digest];
        request.algorithm.oid = RSA_PSS;
        request.algorithm.parameters = Some(Any::from_der(&digest).unwrap());
        request.signature = BitString::from_bytes(&signature).unwrap();
        request.to_der().unwrap()
    }

    #[test]
    fn signatures_with_pss_hold_and_other_algorithms_are_refused() {
        let pair = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        for digest in [1, 3] {
            assert!(Csr::read(&with_pss(&pair, digest)).is_ok(), "digest {digest}");
        }
        assert_eq!(Csr::read(&with_pss(&pair, 2)).unwrap_err(), Flaw::FormatOrSignature);
        assert_eq!(Csr::read(&with_pss(&pair, 4)).unwrap_err().code(), 25011);
        let mut other = CertReq::from_der(&request(&pair)).unwrap();
        other.algorithm.oid = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4");
        assert_eq!(Csr::read(&other.to_der().unwrap()).unwrap_err().code(), 25011);
    }

    #[test]
    fn changed_requests_and_other_keys_are_refused() {
        let curve = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let der = request(&curve);
        for place in 0..der.len() {
            let mut changed = der.clone();
            changed[place] ^= 1;
            assert!(Csr::read(&changed).is_err(), "byte {place}");
        }
        assert_eq!(Csr::read(b"nothing").unwrap_err().code(), 25004);
        let large = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        assert_eq!(Csr::read(&request(&large)).unwrap_err().code(), 25010);
        let edwards = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        assert_eq!(Csr::read(&request(&edwards)).unwrap_err().code(), 25010);
    }
}
