//! Objects of strangers: nothing panics, no change of a sealed object is opened as something
//! else, and an inspection tells of every text what it is or why it is nothing.
//!
//! An input that begins with `s` is signed as the register behind that letter, and `e` encrypted
//! for the repository, so that what stands inside is reached; any other is read as it is.

#![cfg_attr(fuzzing, no_main)]

use std::sync::LazyLock;

use chrono::DateTime;
use ekasy_device::jose::{
    Certificate, Compression, CryptoProfile, Entropy, OpenLimits, OuterBase64, PreSignFormat,
    RecipientKey, SoftwareKey, Trust, inspect,
};
use libfuzzer_sys::fuzz_target;

/// Bytes of a payload at most.
const PAYLOAD: usize = 64 * 1024;

fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((b's', payload)) => signed(payload),
        Some((b'e', payload)) => sealed(payload),
        _ => stranger(data),
    }
});

/// The keys of `fixtures/crk/vectors/jose`.
struct Parties {
    register: SoftwareKey,
    repository: SoftwareKey,
    recipient: RecipientKey,
    trust: Trust,
}

static PARTIES: LazyLock<Parties> = LazyLock::new(|| {
    let chain = |text| Certificate::chain_from_pem(text).expect("the vectors are certificates");
    let register = chain(include_str!("../../fixtures/crk/vectors/jose/register.crt.pem"));
    let repository = chain(include_str!("../../fixtures/crk/vectors/jose/repository.crt.pem"));
    let register_key = include_str!("../../fixtures/crk/vectors/jose/register.key.pem");
    let repository_key = include_str!("../../fixtures/crk/vectors/jose/repository.key.pem");
    Parties {
        recipient: RecipientKey::from_certificate(&repository[0]).expect("it is an RSA key"),
        register: SoftwareKey::from_pem(register_key, register).expect("a key of the vectors"),
        repository: SoftwareKey::from_pem(repository_key, repository)
            .expect("a key of the vectors"),
        trust: Trust::issued_by(chain(include_str!(
            "../../fixtures/crk/vectors/jose/root.crt.pem"
        ))),
    }
});

fn limits() -> OpenLimits {
    let mut limits = OpenLimits::default();
    limits.payload = PAYLOAD;
    limits
}

fn stranger(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (profile, parties, now) = (CryptoProfile::default(), &*PARTIES, DateTime::UNIX_EPOCH);
    let found = inspect(text, &[("assumed", &profile)], Some(&parties.repository), &limits());
    assert!(found.end.is_some() || !found.layers.is_empty());
    assert!(!found.to_string().is_empty());
    let opened = profile.open(text, &parties.repository, &parties.trust, now, &limits());
    assert!(opened.is_err(), "at that time no certificate was valid");
    assert!(profile.verify(text, &parties.trust, now, &limits()).is_err());
}

/// Whatever was signed comes out, or is refused for its form; it never grows beyond the limit.
fn signed(payload: &[u8]) {
    let (profile, parties) = (CryptoProfile::default(), &*PARTIES);
    let text = profile.sign(payload, &parties.register).expect("a key in memory signs");
    let now = "2026-03-02T10:00:00Z".parse().expect("a time");
    match profile.verify(text.as_str(), &parties.trust, now, &limits()) {
        Ok(verified) => assert!(verified.payload().len() <= PAYLOAD),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// What is sealed opens to the same, under every compression.
fn sealed(payload: &[u8]) {
    let (choice, payload) = payload.split_first().unwrap_or((&0, &[]));
    let mut profile = CryptoProfile::default();
    profile.writing.data_compression = match choice % 4 {
        0 => Compression::JweZip,
        1 => Compression::PreSign(PreSignFormat::RawDeflate),
        2 => Compression::PreSign(PreSignFormat::Zlib),
        _ => Compression::PreSign(PreSignFormat::Gzip),
    };
    if choice & 4 != 0 {
        profile.writing.outer_base64 = OuterBase64::Forced;
    }
    let (parties, entropy) = (&*PARTIES, Entropy::from_random([*choice; Entropy::LENGTH]));
    let text = profile
        .seal_data(payload, &parties.recipient, &parties.register, entropy)
        .expect("keys in memory seal");
    let now = "2026-03-02T10:00:00Z".parse().expect("a time");
    let opened = profile.open(text.as_str(), &parties.repository, &parties.trust, now, &limits());
    match opened {
        Ok(opened) => assert_eq!(opened.payload(), payload),
        Err(error) => assert!(payload.len() > PAYLOAD, "{error}"),
    }
}
