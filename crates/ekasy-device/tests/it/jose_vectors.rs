//! What other implementations and RFC 7520 sealed, opened by this one.

use ekasy_device::jose::{
    Compression, CryptoProfile, JweAlgorithm, JwsAlgorithm, OpenError, OpenLimits, Trust,
};
use serde_json::Value;

use crate::jose_support::{certificate, key, now, vector};

fn rfc(name: &str) -> Value {
    let mut table: Value = serde_json::from_str(&vector("rfc7520.json")).unwrap();
    table[name].take()
}

fn serialisations(example: &Value) -> [String; 3] {
    [
        example["compact"].as_str().unwrap().to_owned(),
        example["flattened"].to_string(),
        example["general"].to_string(),
    ]
}

fn verify(profile: &CryptoProfile, text: &str) -> Result<Vec<u8>, OpenError> {
    let trust = Trust::pinned([certificate("bilbo")]);
    let verified = profile.verify(text, &trust, now(), &OpenLimits::default())?;
    assert_eq!(verified.signed_by(), &certificate("bilbo"));
    Ok(verified.payload().to_vec())
}

#[test]
fn section_4_1_verifies_in_every_serialisation() {
    let example = rfc("rs256");
    for text in serialisations(&example) {
        let payload = verify(&CryptoProfile::default(), &text).unwrap();
        assert_eq!(payload, example["payload"].as_str().unwrap().as_bytes());
    }
}

#[test]
fn section_4_2_verifies_once_the_profile_lists_its_algorithm() {
    let example = rfc("ps384");
    let mut profile = CryptoProfile::default();
    for text in serialisations(&example) {
        let refused = verify(&profile, &text);
        assert_eq!(refused, Err(OpenError::NotAllowed("alg of the signature")));
    }
    profile.reading.signatures.push(JwsAlgorithm::Ps384);
    for text in serialisations(&example) {
        let payload = verify(&profile, &text).unwrap();
        assert_eq!(payload, example["payload"].as_str().unwrap().as_bytes());
    }
}

#[test]
fn section_4_4_is_symmetric_and_therefore_refused() {
    let mut profile = CryptoProfile::default();
    profile.reading.signatures = JwsAlgorithm::ALL.to_vec();
    for text in serialisations(&rfc("hs256")) {
        let refused = verify(&profile, &text);
        assert_eq!(refused, Err(OpenError::NotAllowed("alg of the signature")));
    }
}

#[test]
fn section_6_is_opened_from_the_outside_to_the_inside() {
    let example = rfc("nested");
    let trust = Trust::pinned([certificate("hobbiton")]);
    for text in serialisations(&example) {
        let opened = CryptoProfile::default()
            .open(&text, &key("samwise"), &trust, now(), &OpenLimits::default())
            .unwrap();
        assert_eq!(opened.payload(), example["payload"].as_str().unwrap().as_bytes());
        assert_eq!(opened.encryption_header().text("cty"), Some("JWT"));
        assert_eq!(opened.signature_header().text("alg"), Some("PS256"));
    }
}

#[test]
fn every_object_of_jwcrypto_opens_under_a_profile_that_lists_its_form() {
    let objects: Vec<Value> = serde_json::from_str(&vector("objects.json")).unwrap();
    assert_eq!(objects.len(), 19);
    let repository = key("repository");
    let trust = Trust::issued_by([certificate("root")]);
    for object in objects {
        let text = object["text"].as_str().unwrap();
        let mut profile = CryptoProfile::default();
        let open = |profile: &CryptoProfile| {
            profile.open(text, &repository, &trust, now(), &OpenLimits::default())
        };
        if object["algorithm"] == "RSA1_5" {
            assert_eq!(open(&profile), Err(OpenError::NotAllowed("alg")));
            profile.reading.key_encryptions.push(JweAlgorithm::Rsa1V5);
        }
        let opened = open(&profile).unwrap();
        assert_eq!(opened.payload(), object["payload"].as_str().unwrap().as_bytes());
        assert_eq!(opened.signed_by(), &certificate("register"));
        // Without the one thing that the object is, the same profile refuses it.
        let is_compressed = opened.compression() != Compression::None;
        assert_eq!(is_compressed, object["compression"] != "none");
        profile.reading.compressions.retain(|listed| *listed != opened.compression());
        assert!(open(&profile).is_err(), "{}", object["compression"]);
    }
}
