//! What sealing and signing cost beside the bare operations of the libraries.
//!
//! A session seals every invoice: the plain bytes are hashed, encrypted, and the ciphertext is
//! hashed. The reference does the three one after the other with the same libraries, so that the
//! difference is what this crate adds, or saves by keeping each piece in the nearest cache.

use std::hint::black_box;
use std::time::Duration;

use aes::Aes256;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use common_core::clock::{Clock, SystemClock};
use criterion::Criterion;
use ksef_crypto::keys::{PrivateKey, SignatureAlgorithm};
use ksef_crypto::seal::{SessionKey, open, seal};

/// Bytes of a long invoice.
const INVOICE: usize = 300_000;

/// What a figure may cost, as a multiple of its reference.
const GOAL: f64 = 1.1;

fn main() {
    let key = SessionKey::from_random([0x5A; 48]);
    let plain: Vec<u8> = b"<P_7>Towar</P_7>".iter().copied().cycle().take(INVOICE).collect();
    let sealed = seal(&key, &plain).bytes;
    assert_eq!(bare_seal(&key, &plain).1, sealed, "both must do the same work");
    assert_eq!(bare_open(&key, &sealed), plain, "both must do the same work");

    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("crypto/seal", |bencher| bencher.iter(|| seal(&key, &plain)));
    criterion.bench_function("crypto/open", |bencher| bencher.iter(|| open(&key, &sealed)));
    criterion.final_summary();

    // `cargo test --benches` runs this file without `--bench`: then a look is enough.
    let samples = if std::env::args().any(|argument| argument == "--bench") { 301 } else { 3 };
    row(
        "seal an invoice of 300 kB",
        "bare SHA-256, AES-256-CBC, SHA-256",
        medians(
            samples,
            || drop(black_box(seal(&key, &plain))),
            || {
                drop(black_box(bare_seal(&key, &plain)));
            },
        ),
    );
    row(
        "open an invoice of 300 kB",
        "bare AES-256-CBC",
        medians(
            samples,
            || drop(black_box(open(&key, &sealed))),
            || {
                drop(black_box(bare_open(&key, &sealed)));
            },
        ),
    );
    sign_row(samples);
}

fn sign_row(samples: usize) {
    let Ok(pair) = rsa::KeyPair::generate(rsa::KeySize::Rsa2048) else {
        unreachable!("key generation needs nothing from outside")
    };
    let Some(key) = pkcs8(&pair).and_then(|der| PrivateKey::from_der(&der).ok()) else {
        unreachable!("the library reads what it wrote")
    };
    let message = [7; 1000];
    let ours = || drop(black_box(key.sign(SignatureAlgorithm::RsaPkcs1Sha256, &message)));
    let bare = || {
        let mut signature = vec![0; pair.public_modulus_len()];
        let done = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature);
        drop(black_box((done, signature)));
    };
    row("sign with RSA-2048", "bare aws-lc-rs", medians(samples, ours, bare));
}

fn pkcs8(pair: &rsa::KeyPair) -> Option<Vec<u8>> {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    AsDer::<Pkcs8V1Der<'static>>::as_der(pair).ok().map(|document| document.as_ref().to_vec())
}

type Hash = aws_lc_rs::digest::Digest;

/// The three operations one after the other.
fn bare_seal(key: &SessionKey, plain: &[u8]) -> (Hash, Vec<u8>, Hash) {
    let before = digest(&SHA256, plain);
    let cipher = cbc::Encryptor::<Aes256>::new(key.expose_key().into(), key.iv().into());
    let sealed = cipher.encrypt_padded_vec::<Pkcs7>(plain);
    let after = digest(&SHA256, &sealed);
    (before, sealed, after)
}

fn bare_open(key: &SessionKey, sealed: &[u8]) -> Vec<u8> {
    let cipher = cbc::Decryptor::<Aes256>::new(key.expose_key().into(), key.iv().into());
    cipher.decrypt_padded_vec::<Pkcs7>(sealed).unwrap_or_default()
}

/// The medians of many interleaved measurements of two pieces of work.
fn medians(samples: usize, ours: impl Fn(), reference: impl Fn()) -> (Duration, Duration) {
    let clock = SystemClock::new();
    let measure = |work: &dyn Fn()| {
        let start = clock.tick();
        work();
        clock.tick().since(start)
    };
    let (mut first, mut second): (Vec<_>, Vec<_>) =
        (0..samples).map(|_| (measure(&ours), measure(&reference))).unzip();
    first.sort();
    second.sort();
    (first[samples / 2], second[samples / 2])
}

/// Prints a figure in the one form that scripts read.
#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn row(figure: &str, reference: &str, (ours, theirs): (Duration, Duration)) {
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    let value = ours.as_secs_f64() * 1e6;
    println!("{figure}: {value:.1} us, {ratio:.2} of {reference} (goal <= {GOAL})");
}
