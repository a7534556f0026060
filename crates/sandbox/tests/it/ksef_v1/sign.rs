//! Signing requests as a caller would: XAdES with the keys of the test certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use c14n::Canonicalizer;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use roxmltree::Document;
use sandbox::ksef_v1::TestCertificate;
use sha2::{Digest as _, Sha256};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const XADES: &str = "http://uri.etsi.org/01903/v1.3.2#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// The bytes of a PEM text.
pub(crate) fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).unwrap()
}

/// What a signature has otherwise than a good one.
pub(crate) struct Twist {
    /// The reference to the data becomes this.
    pub(crate) reference: fn(&str) -> String,
    /// Objects beside the signed properties.
    pub(crate) object: &'static str,
    pub(crate) time: &'static str,
}

impl Default for Twist {
    fn default() -> Self {
        Self { reference: str::to_owned, object: "", time: "2026-01-31T12:00:00Z" }
    }
}

/// A document with a signature inside its root.
pub(crate) fn enveloped(document: &str, certificate: &TestCertificate) -> String {
    twisted(document, certificate, &Twist::default())
}

/// The same with something wrong in the signature, which was made over it all the same.
pub(crate) fn twisted(document: &str, certificate: &TestCertificate, twist: &Twist) -> String {
    let place = document.rfind("</").unwrap();
    let (head, tail) = document.split_at(place);
    let reference = format!(
        "<ds:Reference URI=\"\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{DSIG}enveloped-signature\"/>\
         <ds:Transform Algorithm=\"{EXCLUSIVE}\"/></ds:Transforms>{}</ds:Reference>",
        digest(&canonical(document, None))
    );
    let reference = (twist.reference)(&reference);
    let signed =
        signature(certificate, &reference, twist, |signature| format!("{head}{signature}{tail}"));
    format!("{head}{signed}{tail}")
}

/// A signature with the document inside, in Base64.
pub(crate) fn enveloping(document: &str, certificate: &TestCertificate) -> String {
    let reference = format!(
        "<ds:Reference URI=\"#data\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{DSIG}base64\"/></ds:Transforms>{}</ds:Reference>",
        digest(document.as_bytes())
    );
    let data = format!("<ds:Object Id=\"data\">{}</ds:Object>", STANDARD.encode(document));
    let place = |signature: &str| signature.replace("<ds:Object/>", &data);
    let twist = Twist { object: "<ds:Object/>", ..Twist::default() };
    place(&signature(certificate, &reference, &twist, place))
}

/// The signature element; `place` puts it where it will stand.
fn signature(
    certificate: &TestCertificate,
    reference: &str,
    twist: &Twist,
    place: impl Fn(&str) -> String,
) -> String {
    let der = der(&certificate.certificate_pem);
    let rsa = RsaKeyPair::from_pkcs8(&self::der(&certificate.key_pem)).is_ok();
    let Twist { object, time, .. } = twist;
    let method = if rsa { "rsa-sha256" } else { "ecdsa-sha256" };
    let properties = format!(
        "<ds:Object><x:QualifyingProperties xmlns:x=\"{XADES}\" Target=\"#sig\">\
         <x:SignedProperties Id=\"props\"><x:SignedSignatureProperties>\
         <x:SigningTime>{time}</x:SigningTime><x:SigningCertificate><x:Cert>\
         <x:CertDigest>{}</x:CertDigest></x:Cert></x:SigningCertificate>\
         </x:SignedSignatureProperties></x:SignedProperties></x:QualifyingProperties></ds:Object>",
        digest(&der)
    );
    let whole = |info: &str, value: &str| {
        format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\" Id=\"sig\">{info}\
             <ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>\
             <ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
             {object}{properties}</ds:Signature>",
            STANDARD.encode(&der)
        )
    };
    let draft = place(&whole("", ""));
    let info = format!(
        "<ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#{method}\"/>\
         {reference}<ds:Reference Type=\"http://uri.etsi.org/01903#SignedProperties\" URI=\"#props\">\
         <ds:Transforms><ds:Transform Algorithm=\"{EXCLUSIVE}\"/></ds:Transforms>{}</ds:Reference>\
         </ds:SignedInfo>",
        digest(&canonical(&draft, Some("SignedProperties")))
    );
    let draft = place(&whole(&info, ""));
    let value = raw(&canonical(&draft, Some("SignedInfo")), &certificate.key_pem);
    whole(&info, &STANDARD.encode(value))
}

/// A signature over bytes: RSA or ECDSA, as the key is.
pub(crate) fn raw(message: &[u8], key_pem: &str) -> Vec<u8> {
    let (key, random) = (der(key_pem), SystemRandom::new());
    if let Ok(key) = RsaKeyPair::from_pkcs8(&key) {
        let mut value = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &random, message, &mut value).unwrap();
        return value;
    }
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key, &random).unwrap();
    key.sign(&random, message).unwrap().as_ref().to_vec()
}

fn digest(bytes: &[u8]) -> String {
    let value = STANDARD.encode(Sha256::digest(bytes));
    format!("<ds:DigestMethod Algorithm=\"{SHA256}\"/><ds:DigestValue>{value}</ds:DigestValue>")
}

fn canonical(xml: &str, name: Option<&str>) -> Vec<u8> {
    let document = Document::parse(xml).unwrap();
    let node = match name {
        None => document.root(),
        Some(name) => document.descendants().find(|it| it.tag_name().name() == name).unwrap(),
    };
    Canonicalizer::exclusive().element(node).to_vec()
}
