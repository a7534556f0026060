//! Sealing and opening under profiles.

use chrono::{DateTime, Utc};
use ekasy_device::jose::{
    Certificate, CertificateHeader, Compression, ContentEncryption, CryptoProfile, JweAlgorithm,
    JwsAlgorithm, KeyError, KeyIdForm, OpenError, OpenLimits, OuterBase64, PreSignFormat,
    RecipientKey, SealError, Serialization, SignError, Signer, SoftwareKey, Trust, TrustError,
    inspect,
};
use proptest::prelude::*;

use crate::jose_support::{certificate, chain, entropy, key, now, vector};

const DATA: &str = r#"{"JPK":{"content":[{"paragon":{"nazwa":"Kiełbasa śląska"}}]}}"#;

fn recipient() -> RecipientKey {
    RecipientKey::from_certificate(&certificate("repository")).unwrap()
}

fn sealed(profile: &CryptoProfile, data: &str) -> String {
    profile
        .seal_data(data.as_bytes(), &recipient(), &key("register"), entropy(1))
        .unwrap()
        .into_string()
}

fn open(profile: &CryptoProfile, text: &str) -> Result<Vec<u8>, OpenError> {
    let trust = Trust::issued_by([certificate("root")]);
    let opened = profile.open(text, &key("repository"), &trust, now(), &OpenLimits::default())?;
    Ok(opened.into_payload())
}

#[test]
fn what_is_sealed_under_any_choice_is_opened_by_the_default_reader() {
    let plain = CryptoProfile::default();
    let mut profiles = vec![plain.clone()];
    let mut with = |change: &dyn Fn(&mut CryptoProfile)| {
        let mut profile = plain.clone();
        change(&mut profile);
        profiles.push(profile);
    };
    with(&|profile| profile.writing.signature = JwsAlgorithm::Ps256);
    with(&|profile| profile.writing.key_encryption = JweAlgorithm::RsaOaep);
    for encryption in ContentEncryption::ALL {
        with(&|profile| profile.writing.content_encryption = encryption);
    }
    for form in Serialization::ALL {
        with(&|profile| profile.writing.signature_form = form);
        with(&|profile| profile.writing.encryption_form = form);
    }
    for compression in Compression::ALL {
        with(&|profile| profile.writing.data_compression = compression);
    }
    with(&|profile| profile.writing.outer_base64 = OuterBase64::Forced);
    with(&|profile| profile.writing.content_type = Some("JWT".to_owned()));
    with(&|profile| profile.writing.signature_type = Some("JOSE".to_owned()));
    for id in [
        KeyIdForm::Sha1Hex,
        KeyIdForm::SerialHex,
        KeyIdForm::SubjectCommonName,
        KeyIdForm::Literal("klucz".to_owned()),
    ] {
        with(&|profile| profile.writing.encryption_key_id = Some(id.clone()));
        with(&|profile| profile.writing.signature_key_id = Some(id.clone()));
    }
    for profile in profiles {
        let text = sealed(&profile, DATA);
        assert_eq!(open(&plain, &text).as_deref(), Ok(DATA.as_bytes()), "{profile:?}");
    }
}

#[test]
fn a_p256_register_signs_with_ecdsa() {
    let mut profile = CryptoProfile::default();
    profile.writing.signature = JwsAlgorithm::Es256;
    let text = profile
        .seal_command(b"{}", &recipient(), &key("register-ec"), entropy(2))
        .unwrap()
        .into_string();
    assert_eq!(open(&profile, &text).as_deref(), Ok(&b"{}"[..]));
    let refused = profile.seal_command(b"{}", &recipient(), &key("register"), entropy(2));
    assert!(matches!(refused, Err(SealError::Signer(_))));
}

#[test]
fn headers_say_what_the_profile_says_and_nothing_more() {
    let mut profile = CryptoProfile::default().with_metadata([("packageNr", 0.into())]);
    profile.writing.certificates = CertificateHeader::Thumbprint;
    let trust = Trust::pinned([certificate("register")]);
    let limits = OpenLimits::default();
    let opened =
        profile.open(&sealed(&profile, DATA), &key("repository"), &trust, now(), &limits).unwrap();
    let names = |header: &ekasy_device::jose::Header| {
        header.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    let encryption = opened.encryption_header();
    assert_eq!(names(encryption), ["alg", "enc", "kid", "packageNr", "zip"]);
    assert_eq!(encryption.text("alg"), Some("RSA-OAEP-256"));
    assert_eq!(encryption.text("kid"), Some(certificate("repository").thumbprint().as_str()));
    assert_eq!(names(opened.signature_header()), ["alg", "x5t#S256"]);
}

#[test]
fn metadata_cannot_replace_a_standard_parameter() {
    for name in ["alg", "enc", "zip", "crit", "kid", "x5c"] {
        let profile = CryptoProfile::default().with_metadata([(name, "x".into())]);
        let refused = profile.seal_data(b"{}", &recipient(), &key("register"), entropy(3));
        assert!(matches!(refused, Err(SealError::Metadata(named)) if named == name));
    }
    let twice = CryptoProfile::default().with_metadata([("a", 1.into()), ("a", 2.into())]);
    let refused = twice.seal_data(b"{}", &recipient(), &key("register"), entropy(3));
    assert!(matches!(refused, Err(SealError::Metadata(_))));
}

#[test]
fn rsa1_5_is_never_written() {
    let mut profile = CryptoProfile::default();
    profile.writing.key_encryption = JweAlgorithm::Rsa1V5;
    let refused = profile.seal_data(b"{}", &recipient(), &key("register"), entropy(4));
    assert!(matches!(refused, Err(SealError::ReadOnlyAlgorithm)));
}

#[test]
fn the_same_entropy_gives_the_same_content_but_never_the_same_object() {
    let profile = CryptoProfile::default();
    assert_ne!(sealed(&profile, DATA), sealed(&profile, DATA));
}

#[test]
fn a_signature_of_somebody_unknown_or_out_of_date_is_not_trusted() {
    let profile = CryptoProfile::default();
    let text = sealed(&profile, DATA);
    let limits = OpenLimits::default();
    let open = |trust: Trust, time: &str| {
        let time = time.parse().unwrap();
        profile.open(&text, &key("repository"), &trust, time, &limits).map(drop)
    };
    let in_time = "2026-03-02T10:00:00Z";
    assert_eq!(open(Trust::pinned([certificate("register")]), in_time), Ok(()));
    assert_eq!(open(Trust::issued_by([certificate("root")]), in_time), Ok(()));
    assert_eq!(
        open(Trust::default(), in_time),
        Err(OpenError::Untrusted(TrustError::UnknownSigner))
    );
    let others = Trust::pinned([certificate("repository"), certificate("register-ec")]);
    assert_eq!(open(others.clone(), in_time), Err(OpenError::Untrusted(TrustError::UnknownSigner)));
    let stranger = Trust::issued_by([certificate("repository")]);
    assert!(matches!(open(stranger, in_time), Err(OpenError::Untrusted(TrustError::Chain(_)))));
    assert_eq!(open(others.or(Trust::pinned([certificate("register")])), in_time), Ok(()));
    for time in ["2019-12-31T23:59:59Z", "2045-01-01T00:00:01Z"] {
        let pinned = open(Trust::pinned([certificate("register")]), time);
        assert_eq!(pinned, Err(OpenError::Untrusted(TrustError::NotValidNow)));
        assert!(open(Trust::issued_by([certificate("root")]), time).is_err());
    }
}

#[test]
fn only_the_recipient_opens_and_nothing_says_why_not() {
    let profile = CryptoProfile::default();
    let text = sealed(&profile, DATA);
    let trust = Trust::issued_by([certificate("root")]);
    for other in ["register", "samwise", "register-ec"] {
        let refused = profile.open(&text, &key(other), &trust, now(), &OpenLimits::default());
        assert_eq!(refused, Err(OpenError::NotDecrypted));
    }
}

#[test]
fn every_flipped_byte_of_a_sealed_object_is_noticed() {
    let profile = CryptoProfile::default();
    let text = sealed(&profile, r#"{"a":1}"#);
    let (repository, trust) = (key("repository"), Trust::issued_by([certificate("root")]));
    for index in 0..text.len() {
        for bit in [1, 32] {
            let mut bytes = text.clone().into_bytes();
            bytes[index] ^= bit;
            let changed = String::from_utf8(bytes).unwrap();
            let opened = profile.open(&changed, &repository, &trust, now(), &OpenLimits::default());
            assert!(opened.is_err(), "byte {index}, bit {bit}");
        }
    }
}

#[test]
fn every_flipped_byte_of_a_signed_object_is_noticed() {
    let mut profile = CryptoProfile::default();
    let trust = Trust::issued_by([certificate("root")]);
    for form in Serialization::ALL {
        profile.writing.signature_form = form;
        let text = profile.sign(br#"{"a":1}"#, &key("register")).unwrap().into_string();
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            let verified = profile.verify(&changed, &trust, now(), &OpenLimits::default());
            assert!(verified.is_err(), "{form:?} byte {index}: {changed}");
        }
    }
}

#[test]
fn a_bomb_within_the_encryption_stops_at_the_limit() {
    let zeros = "0".repeat(20_000_000);
    let mut limits = OpenLimits::default();
    limits.payload = 100_000;
    let trust = Trust::issued_by([certificate("root")]);
    for compression in [
        Compression::JweZip,
        Compression::PreSign(PreSignFormat::Gzip),
        Compression::PreSign(PreSignFormat::Zlib),
        Compression::PreSign(PreSignFormat::RawDeflate),
    ] {
        let mut profile = CryptoProfile::default();
        profile.writing.data_compression = compression;
        let text = sealed(&profile, &zeros);
        assert!(text.len() < 300_000);
        let refused = profile.open(&text, &key("repository"), &trust, now(), &limits);
        assert_eq!(refused.map(drop), Err(OpenError::TooLarge("payload")), "{compression:?}");
    }
}

#[test]
fn a_debug_print_shows_neither_content_nor_key() {
    let profile = CryptoProfile::default();
    let sealed_text =
        profile.seal_data(b"{\"canary\":1}", &recipient(), &key("register"), entropy(5)).unwrap();
    let trust = Trust::issued_by([certificate("root")]);
    let limits = OpenLimits::default();
    let opened =
        profile.open(sealed_text.as_str(), &key("repository"), &trust, now(), &limits).unwrap();
    assert_eq!(format!("{:?}", entropy(77)), "Entropy(..)");
    let print = format!("{sealed_text:?} {opened:?} {:?}", key("register"));
    assert!(!print.contains("canary"), "{print}");
    assert!(!print.contains(&sealed_text.as_str()[..40]), "{print}");
}

#[test]
fn an_inspection_tells_the_layers_and_which_profile_fits() {
    let mut literal = CryptoProfile::default();
    literal.writing.data_compression = Compression::PreSign(PreSignFormat::RawDeflate);
    literal.writing.outer_base64 = OuterBase64::Forced;
    literal.reading.outer_base64 = OuterBase64::Forced;
    literal.reading.compressions = vec![literal.writing.data_compression];
    let mut strict = CryptoProfile::default();
    strict.reading.outer_base64 = OuterBase64::Absent;
    strict.reading.compressions = vec![Compression::JweZip];
    let text = sealed(&literal.clone().with_metadata([("note", "canary".into())]), DATA);
    let profiles = [("literal", &literal), ("strict", &strict)];
    let limits = OpenLimits::default();

    let outside = inspect(&text, &profiles, None, &limits);
    assert_eq!(
        outside.layers.iter().map(|layer| layer.name).collect::<Vec<_>>(),
        ["Base64", "JWE"]
    );
    let whole = inspect(&text, &profiles, Some(&key("repository")), &limits);
    let names: Vec<_> = whole.layers.iter().map(|layer| layer.name).collect();
    assert_eq!(names, ["Base64", "JWE", "JWS"]);
    assert!(whole.verdicts[0].fits());
    assert_eq!(whole.verdicts[1].reasons.len(), 2);
    let account = whole.to_string();
    assert!(account.contains("profile literal: fits"), "{account}");
    assert!(account.contains("profile strict: does not fit: "), "{account}");
    assert!(account.contains("x5c: ZTE2601000001"), "{account}");
    assert!(account.contains("RawDeflate"), "{account}");
    for secret in ["canary", "Kiełbasa"] {
        assert!(!account.contains(secret), "{account}");
    }
}

#[test]
fn a_key_is_read_with_its_own_certificate_and_password_only() {
    let (pem, locked) = (vector("register.key.pem"), vector("register.locked.pem"));
    let unlock = |word: &str| {
        SoftwareKey::from_encrypted_pem(&locked, &word.into(), chain("register")).map(drop)
    };
    assert_eq!(unlock("tajne"), Ok(()));
    assert_eq!(unlock("jawne"), Err(KeyError::Locked));
    let read = |pem: &str, chain| SoftwareKey::from_pem(pem, chain).map(drop);
    assert_eq!(read(&pem, chain("register")), Ok(()));
    assert_eq!(read(&pem, chain("repository")), Err(KeyError::OtherCertificate));
    assert_eq!(read(&pem, Vec::new()), Err(KeyError::OtherCertificate));
    assert_eq!(read(&locked, chain("register")), Err(KeyError::Malformed));
    assert_eq!(read("", chain("register")), Err(KeyError::Malformed));
    let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(read(broken, chain("register")), Err(KeyError::Unsupported));
}

/// A card that signs with another key than its certificate says.
#[derive(Debug)]
struct WrongCard(SoftwareKey, Vec<Certificate>);

impl Signer for WrongCard {
    fn certificates(&self) -> &[Certificate] {
        &self.1
    }

    fn sign(&self, algorithm: JwsAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.0.sign(algorithm, message)
    }
}

#[test]
fn a_signature_of_the_wrong_key_never_leaves() {
    let profile = CryptoProfile::default();
    let card = WrongCard(key("register"), chain("repository"));
    assert!(matches!(profile.sign(b"{}", &card), Err(SealError::ForeignSignature)));
    let card = WrongCard(key("register"), Vec::new());
    assert!(matches!(profile.sign(b"{}", &card), Err(SealError::NoCertificate)));
    assert!(RecipientKey::from_certificate(&certificate("register-ec")).is_err());
}

#[test]
fn certificates_are_read_as_other_programs_read_them() {
    let register = certificate("register");
    assert_eq!(register.common_name(), Some("ZTE2601000001"));
    assert!(register.subject_texts().any(|text| text == "NIP-1234563218"));
    assert_eq!(register.not_before(), "2020-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
    assert_eq!(Certificate::from_base64(&register.to_base64()), Ok(register.clone()));
    assert_eq!(register.key_id(&KeyIdForm::Sha1Hex).unwrap().len(), 40);
    for (form, id) in [
        (KeyIdForm::Sha256Thumbprint, register.thumbprint()),
        (KeyIdForm::SerialHex, register.serial_hex()),
        (KeyIdForm::SubjectCommonName, "ZTE2601000001".to_owned()),
    ] {
        assert_eq!(register.key_id(&form), Some(id));
    }
    let der = register.as_der();
    for length in 0..der.len() {
        assert!(Certificate::from_der(&der[..length]).is_err());
    }
    assert!(Certificate::from_der(&[der, &[0]].concat()).is_err());
}

proptest! {
    #[test]
    fn arbitrary_texts_are_refused_without_panic(text in ".{0,200}") {
        let profile = CryptoProfile::default();
        prop_assert!(open(&profile, &text).is_err());
        let limits = OpenLimits::default();
        let found = inspect(&text, &[("assumed", &profile)], None, &limits);
        prop_assert!(found.end.is_some() || !found.layers.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_text_comes_back_as_it_was(text in "\\{[^\u{0}-\u{1f}\u{7f}-\u{9f}]{0,400}", zip in 0..5_usize) {
        let mut profile = CryptoProfile::default();
        profile.writing.data_compression = Compression::ALL[zip];
        prop_assert_eq!(open(&profile, &sealed(&profile, &text)), Ok(text.into_bytes()));
    }
}
