//! Sealing equals that of another program, whole and streaming, and fails without a word.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use common_core::secret::{ExposeSecret as _, SecretString};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::keys::{KeyError, PrivateKey};

const CONTENT: &str = "Zażółć gęślą jaźń <Faktura/>\n";
const MILLIS: i64 = 1_633_090_394_999;

fn vector(name: &str) -> Vec<u8> {
    let folder = "../../fixtures/ksef/vectors/seal";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(name: &str) -> String {
    String::from_utf8(vector(name)).unwrap()
}

/// The key of the vectors.
fn session_key() -> SessionKey {
    let iv = std::array::from_fn(|index| u8::try_from(index).unwrap());
    SessionKey::from_parts(vector("session.key").try_into().unwrap(), iv)
}

fn receiver() -> ReceiverKey {
    ReceiverKey::new(&PrivateKey::from_pem(&text("receiver.key.pem")).unwrap()).unwrap()
}

fn content(length: usize) -> Vec<u8> {
    CONTENT.bytes().cycle().take(length).collect()
}

/// 2026-07-01.
fn summer() -> DateTime<Utc> {
    DateTime::from_timestamp(1_782_864_000, 0).unwrap()
}

#[test]
fn sizes_and_hashes_of_both_sides_equal_those_of_openssl() {
    let table = text("aes.tsv");
    assert_eq!(table.lines().count(), 12);
    for row in table.lines() {
        let fields: Vec<&str> = row.split('\t').collect();
        let plain = content(fields[0].parse().unwrap());
        let sealed = seal(&session_key(), &plain);
        assert_eq!(sealed.plain.size.to_string(), fields[0]);
        assert_eq!(sealed.encrypted.size.to_string(), fields[1]);
        assert_eq!(sealed.plain.sha256_base64(), fields[2], "{row}");
        assert_eq!(sealed.encrypted.sha256_base64(), fields[3], "{row}");
        assert_eq!(sealed.encrypted, Measure::of(&sealed.bytes));
        assert_eq!(sealed.encrypted.size, sealed_size(sealed.plain.size));
        assert_eq!(sealed.bytes.capacity(), sealed.bytes.len());
        assert_eq!(open(&session_key(), &sealed.bytes).unwrap(), plain);
    }
}

#[test]
fn documents_longer_than_a_piece_are_measured_right() {
    let plain = content(3 * 8192 + 5);
    let sealed = seal(&session_key(), &plain);
    assert_eq!(sealed.plain, Measure::of(&plain));
    assert_eq!(sealed.encrypted, Measure::of(&sealed.bytes));
    assert_eq!(open(&session_key(), &sealed.bytes).unwrap(), plain);
}

#[test]
fn every_change_of_the_last_two_blocks_fails_alike_or_changes_the_content() {
    let plain = content(40);
    let sealed = seal(&session_key(), &plain).bytes;
    let mut damaged = sealed.clone();
    let mut failed = 0;
    for index in sealed.len() - 32..sealed.len() {
        for change in 1..=255_u8 {
            damaged[index] ^= change;
            match open(&session_key(), &damaged) {
                Ok(opened) => assert_ne!(opened, plain),
                Err(error) => {
                    failed += 1;
                    assert_eq!(
                        format!("{error} {error:?}"),
                        "the content could not be decrypted OpenError"
                    );
                }
            }
            damaged[index] ^= change;
        }
    }
    // Any change of the last block spoils the padding but by chance; of the block before, the half
    // over the padding does.
    assert!(failed > (16 + 8) * 250, "only {failed} changes were noticed");
}

#[test]
fn every_wrong_padding_is_refused() {
    // The byte before the last decides the padding by CBC: all of its values are tried, and only
    // those that make a well-formed padding open.
    let sealed = seal(&session_key(), &[b'x'; 24]).bytes;
    let mut opened = Vec::new();
    for value in 0..=255_u8 {
        let mut damaged = sealed.clone();
        damaged[15] ^= 8 ^ value;
        if let Ok(plain) = open(&session_key(), &damaged) {
            opened.push((value, plain.len()));
        }
    }
    assert_eq!(opened, [(1, 31), (8, 24)]);
}

#[test]
fn ciphertexts_of_wrong_length_are_refused() {
    let sealed = seal(&session_key(), &content(40)).bytes;
    for length in (0..sealed.len()).filter(|length| length % 16 != 0 || *length == 0) {
        assert_eq!(open(&session_key(), &sealed[..length]), Err(OpenError), "{length}");
    }
}

proptest! {
    #[test]
    fn streams_equal_the_whole_however_they_are_split(
        plain in prop::collection::vec(any::<u8>(), 0..300),
        cuts in prop::collection::vec(0_usize..40, 0..40),
    ) {
        let whole = seal(&session_key(), &plain);
        let mut sealer = Sealer::new(&session_key());
        let mut sealed = Vec::new();
        for piece in pieces(&plain, &cuts) {
            let before = sealed.len();
            sealer.update(piece, &mut sealed);
            prop_assert!(sealed.len() - before <= piece.len() + 15);
        }
        let (plain_measure, encrypted_measure) = sealer.finish(&mut sealed);
        prop_assert_eq!(&sealed, &whole.bytes);
        prop_assert_eq!((plain_measure, encrypted_measure), (whole.plain, whole.encrypted));

        let mut decryptor = Decryptor::new(&session_key());
        let mut opened = Vec::new();
        for piece in pieces(&sealed, &cuts) {
            decryptor.update(piece, &mut opened);
        }
        decryptor.finish(&mut opened).unwrap();
        prop_assert_eq!(opened, plain);
    }
}

/// Cuts bytes into pieces of these lengths, empty ones too, and the rest.
fn pieces<'a>(mut bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = bytes.split_at((*cut).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

#[test]
fn a_stream_may_be_cut_in_two_anywhere() {
    let plain = content(67);
    let whole = seal(&session_key(), &plain).bytes;
    for cut in 0..=plain.len() {
        let mut encryptor = Encryptor::new(&session_key());
        let mut sealed = Vec::new();
        encryptor.update(&plain[..cut], &mut sealed);
        encryptor.update(&plain[cut..], &mut sealed);
        encryptor.finish(&mut sealed);
        assert_eq!(sealed, whole, "cut at {cut}");
    }
}

#[test]
fn what_openssl_encrypted_for_the_receiver_opens() {
    let key = session_key();
    for (padding, suffix) in [(RsaPadding::Pkcs1V15, "pkcs1"), (RsaPadding::OaepSha256, "oaep")] {
        let wrapped = vector(&format!("session.key.{suffix}"));
        let opened = receiver().open_session_key(padding, &wrapped, *key.iv()).unwrap();
        assert_eq!(opened.expose_key(), key.expose_key());
        let token = receiver().open(padding, &vector(&format!("token.plain.{suffix}"))).unwrap();
        assert_eq!(token.expose_secret(), vector("token.plain"));
    }
}

#[test]
fn the_forms_of_the_authoritys_key_are_the_same_key() {
    let bare = AuthorityKey::from_der(&vector("receiver.pub.der")).unwrap();
    assert_eq!(AuthorityKey::from_pem(&text("receiver.pub.pem")).unwrap(), bare);
    assert_eq!(AuthorityKey::from_pem(&text("receiver.pub.one-line.pem")).unwrap(), bare);
    let certified = AuthorityKey::from_pem(&text("receiver.crt.pem")).unwrap();
    assert_eq!(certified.public_key(), bare.public_key());
    let listed = certified.certificate().unwrap().to_base64();
    assert_eq!(AuthorityKey::from_base64(&listed).unwrap(), certified);
    assert_eq!(receiver().public_key(), bare.public_key());
    assert_eq!(bare.public_key().id().len(), 44);
    assert_eq!(AuthorityKey::from_pem("nothing"), Err(KeyError::Absent));
    assert_eq!(AuthorityKey::from_der(b"nothing"), Err(KeyError::Malformed));
}

#[test]
fn keys_and_tokens_are_wrapped_for_both_generations() {
    let authority = AuthorityKey::from_pem(&text("receiver.pub.pem")).unwrap();
    let plain = text("token.plain");
    let token = SecretString::from(plain.rsplit_once('|').unwrap().0);
    for padding in [RsaPadding::Pkcs1V15, RsaPadding::OaepSha256] {
        let key = session_key();
        let wrapped = authority.wrap(&key, padding, summer()).unwrap();
        assert_eq!(wrapped.len(), 256);
        let opened = receiver().open_session_key(padding, &wrapped, *key.iv()).unwrap();
        assert_eq!(opened.expose_key(), key.expose_key());

        let sent = authority.encrypt_token(&token, MILLIS, padding, summer()).unwrap();
        assert_eq!(sent.len(), 344);
        let sent = crate::keys::pem::base64_content(&sent).unwrap();
        assert_eq!(receiver().open(padding, &sent).unwrap().expose_secret(), plain.as_bytes());
    }
}

#[test]
fn a_changed_envelope_never_opens_to_the_key() {
    let wrapped = vector("session.key.oaep");
    let receiver = receiver();
    for index in (0..wrapped.len()).step_by(16) {
        let mut damaged = wrapped.clone();
        damaged[index] ^= 1;
        let opened = receiver.open_session_key(RsaPadding::OaepSha256, &damaged, [0; 16]);
        assert_eq!(opened.unwrap_err(), OpenError);
    }
    let other = receiver.open_session_key(RsaPadding::Pkcs1V15, &wrapped, [0; 16]);
    assert_eq!(other.unwrap_err(), OpenError);
}

#[test]
fn usage_and_validity_of_the_authoritys_key_are_enforced() {
    let read = || AuthorityKey::from_pem(&text("receiver.crt.pem")).unwrap();
    let for_tokens = read().limited_to([Usage::KsefTokenEncryption]);
    let padding = RsaPadding::OaepSha256;
    let token = SecretString::from("token");
    let key = session_key();
    assert_eq!(
        for_tokens.wrap(&key, padding, summer()),
        Err(WrapError::Refused(KeyRefused::OtherUsage))
    );
    assert!(for_tokens.encrypt_token(&token, MILLIS, padding, summer()).is_ok());
    let certificate = for_tokens.certificate().unwrap().clone();
    for time in [
        certificate.not_before() - chrono::TimeDelta::seconds(1),
        certificate.not_after() + chrono::TimeDelta::seconds(1),
    ] {
        let refused = WrapError::Refused(KeyRefused::NotValid);
        let sent = for_tokens.encrypt_token(&token, MILLIS, padding, time);
        assert_eq!(sent, Err(refused));
        assert_eq!(read().wrap(&key, padding, time), Err(refused));
    }
    assert!(read().wrap(&key, padding, certificate.not_after()).is_ok());
}

#[test]
fn the_newest_fitting_key_is_selected() {
    use crate::test_certificates::TestCertificate;
    let year = |days: i64| summer() + chrono::TimeDelta::days(days);
    let made = |from, to, usages: &[Usage]| {
        let signer = TestCertificate::seal("1111111111")
            .valid(from, to)
            .self_signed(PrivateKey::generate_p256().unwrap())
            .unwrap();
        AuthorityKey::from_certificate(signer.certificate().clone()).unwrap().limited_to(usages)
    };
    let keys = [
        made(year(-300), year(100), &[Usage::SymmetricKeyEncryption]),
        made(year(-10), year(300), &[Usage::SymmetricKeyEncryption]),
        made(year(-5), year(300), &[Usage::KsefTokenEncryption]),
        made(year(10), year(400), &[Usage::SymmetricKeyEncryption]),
    ];
    let chosen = |days| {
        let key = AuthorityKey::select(&keys, Usage::SymmetricKeyEncryption, year(days))?;
        keys.iter().position(|other| other == key)
    };
    assert_eq!(chosen(0), Some(1));
    assert_eq!(chosen(-20), Some(0));
    assert_eq!(chosen(20), Some(3));
    assert_eq!(chosen(500), None);
}

#[test]
fn the_dates_of_the_list_count_within_those_of_the_certificate() {
    let bare = || AuthorityKey::from_pem(&text("receiver.pub.pem")).unwrap();
    let certified = AuthorityKey::from_pem(&text("receiver.crt.pem")).unwrap();
    let (usage, day) = (Usage::SymmetricKeyEncryption, chrono::TimeDelta::days(1));
    let keys = [
        bare().valid(summer() - day, summer() + day),
        bare().valid(summer() - day * 3, summer() + day * 3),
        certified.clone().valid(summer() - day * 2, summer() + day * 9000),
    ];
    let chosen = |time| {
        let key = AuthorityKey::select(&keys, usage, time)?;
        keys.iter().position(|other| other == key)
    };
    assert_eq!(chosen(summer()), Some(0), "the one whose validity began last");
    assert_eq!(chosen(summer() + day * 2), Some(2));
    assert_eq!(chosen(summer() - day * 3), Some(1), "both ends are included");
    let end = certified.certificate().unwrap().not_after();
    assert!(end < summer() + day * 9000);
    assert_eq!(chosen(end + day), None);
}

#[test]
fn secrets_too_long_for_the_key_are_refused() {
    let authority = AuthorityKey::from_pem(&text("receiver.pub.pem")).unwrap();
    let encrypted = |length: usize, padding| {
        let token = SecretString::from("x".repeat(length));
        authority.encrypt_token(&token, MILLIS, padding, summer()).map(drop)
    };
    // 13 digits and the separator are added; OAEP leaves 190 bytes of 256, PKCS#1 245.
    assert_eq!(encrypted(176, RsaPadding::OaepSha256), Ok(()));
    assert_eq!(encrypted(177, RsaPadding::OaepSha256), Err(WrapError::TooLong));
    assert_eq!(encrypted(231, RsaPadding::Pkcs1V15), Ok(()));
    assert_eq!(encrypted(232, RsaPadding::Pkcs1V15), Err(WrapError::TooLong));
}

#[test]
fn a_key_that_cannot_encrypt_is_refused() {
    let key = PrivateKey::generate_p256().unwrap();
    let authority = AuthorityKey::from(key.public_key().clone());
    let refused = authority.wrap(&session_key(), RsaPadding::OaepSha256, summer());
    assert_eq!(refused, Err(WrapError::Unsupported));
    assert_eq!(ReceiverKey::new(&key).unwrap_err(), KeyError::Unsupported);
}

#[test]
fn no_secret_is_shown() {
    let key = SessionKey::from_random([0xA7; 48]);
    assert_eq!(key.iv(), &[0xA7; 16]);
    assert_eq!(key.duplicate().expose_key(), key.expose_key());
    let shown = format!(
        "{key:?} {:?} {:?} {:?} {:?}",
        Encryptor::new(&key),
        Decryptor::new(&key),
        Sealer::new(&key),
        receiver(),
    );
    assert!(!shown.contains("167") && !shown.to_ascii_lowercase().contains("a7"), "{shown}");
    let authority = AuthorityKey::from_pem(&text("receiver.pub.pem")).unwrap();
    let canary = SecretString::from("canary".repeat(60));
    let error = authority.encrypt_token(&canary, MILLIS, RsaPadding::OaepSha256, summer());
    let error = error.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn the_reference_vectors_hold() {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/ksef-v1");
    if !folder.exists() {
        eprintln!("SKIPPED: {} does not exist", folder.display());
        return;
    }
    let vectors = fs::read(folder.join("samples/vectors/vectors.json")).unwrap();
    let vectors: Value = serde_json::from_slice(&vectors).unwrap();
    let aes = &vectors["aes256_cbc_pkcs7"];
    let plain = fs::read(folder.join(aes["invoice_file"].as_str().unwrap())).unwrap();
    let sealed = seal(&reference_key(aes), &plain);
    assert_eq!(sealed.plain.sha256_base64(), aes["plain_sha256_base64"].as_str().unwrap());
    assert_eq!(sealed.encrypted.sha256_base64(), aes["encrypted_sha256_base64"].as_str().unwrap());
    assert_eq!(sealed.encrypted.size.to_string(), aes["encrypted_size"].to_string());
    reference_batch(&folder, &vectors["batch_two_parts"]);
    for file in ["test", "demo", "production"] {
        let pem = fs::read_to_string(folder.join(format!("public-keys/{file}-publicKey.pem")));
        let der = fs::read(folder.join(format!("public-keys/{file}-publicKey.der")));
        let key = AuthorityKey::from_pem(&pem.unwrap()).unwrap();
        assert_eq!(key, AuthorityKey::from_der(&der.unwrap()).unwrap());
        assert_eq!(key.wrap(&session_key(), RsaPadding::Pkcs1V15, summer()).unwrap().len(), 256);
    }
}

fn reference_batch(folder: &Path, batch: &Value) {
    let folder = folder.join("samples/vectors/batch-two-parts");
    let zip = fs::read(folder.join(batch["zip"].as_str().unwrap())).unwrap();
    assert_eq!(Measure::of(&zip).sha256_base64(), batch["zip_sha256_base64"].as_str().unwrap());
    let cut = usize::try_from(batch["split_at"].as_u64().unwrap()).unwrap();
    let (first, second) = zip.split_at(cut);
    for (part, row) in [first, second].into_iter().zip(batch["parts"].as_array().unwrap()) {
        let sealed = seal(&reference_key(batch), part);
        assert_eq!(sealed.bytes, fs::read(folder.join(row["file"].as_str().unwrap())).unwrap());
        assert_eq!(
            sealed.encrypted.sha256_base64(),
            row["encrypted_sha256_base64"].as_str().unwrap()
        );
    }
}

fn reference_key(vector: &Value) -> SessionKey {
    fn bytes<const N: usize>(hex: &Value) -> [u8; N] {
        let hex = hex.as_str().unwrap();
        std::array::from_fn(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap())
    }
    SessionKey::from_parts(bytes(&vector["key_hex"]), bytes(&vector["iv_hex"]))
}
