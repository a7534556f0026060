//! What a XAdES signature costs beside the bare operation on the key.
//!
//! The document is the request by which a session with KSeF 2.0 begins, half a kilobyte.
//! Signing reads it and the certificate, digests, and writes the signature around the one private
//! operation; verification reads a document of some four kilobytes, builds canonical forms and
//! reads the certificate around the one public operation.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use chrono::DateTime;
use common_core::clock::{Clock, SystemClock};
use criterion::Criterion;
use ksef_crypto::certificate::Certificate;
use ksef_crypto::keys::{LocalSigner, PrivateKey, SignatureAlgorithm, Signer};
use ksef_crypto::xades::{Draft, Options, Policy, Trust, sign, verify};

const REQUEST: &[u8] = br#"<?xml version="1.0" encoding="utf-8"?>
<AuthTokenRequest xmlns="http://ksef.mf.gov.pl/auth/token/2.0">
  <Challenge>20260304-CR-0123456789-ABCDEF0123-45</Challenge>
  <ContextIdentifier><Nip>1111111111</Nip></ContextIdentifier>
  <SubjectIdentifierType>certificateSubject</SubjectIdentifierType>
  <AuthorizationPolicy><AllowedIps><Ip4Address>192.0.2.1</Ip4Address></AllowedIps></AuthorizationPolicy>
</AuthTokenRequest>
"#;

/// Goal for a signature with RSA-2048, as a multiple of the bare one.
const RSA_GOAL: f64 = 1.25;

/// Goal for the time that everything beside the bare operation takes, in microseconds.
const ADDED_GOAL: f64 = 60.0;

fn main() {
    let (Some(rsa), Some(ec)) = (signer("rsa"), signer("ec")) else {
        unreachable!("the keys are in the repository")
    };
    let options = Options::v2(DateTime::UNIX_EPOCH);
    let mut criterion = Criterion::default().configure_from_args();
    for (name, signer) in [("rsa", &rsa), ("p256", &ec)] {
        let signed = signed(signer, &options);
        criterion.bench_function(&format!("xades/sign {name}"), |bencher| {
            bencher.iter(|| sign(REQUEST, signer, &options));
        });
        criterion.bench_function(&format!("xades/verify {name}"), |bencher| {
            bencher.iter(|| verify(&signed, &Policy::new(Trust::AnyCertificate)));
        });
    }
    criterion.final_summary();

    // `cargo test --benches` runs this file without `--bench`: then a look is enough.
    let samples = if std::env::args().any(|argument| argument == "--bench") { 2001 } else { 3 };
    let (ours, bare) = signing(samples, &rsa, &options);
    rate("XAdES signatures with RSA-2048", ours);
    let ratio = ours.as_secs_f64() / bare.as_secs_f64();
    let value = ours.as_secs_f64() * 1e6;
    row(&format!("sign with RSA-2048: {value:.1} us"), ratio, "bare aws-lc-rs", RSA_GOAL);
    let (ours, bare) = signing(samples, &ec, &options);
    rate("XAdES signatures with P-256", ours);
    added("sign with P-256, beside the bare signature", ours, bare);
    for (name, signer) in [("RSA-2048", &rsa), ("P-256", &ec)] {
        let (ours, bare) = verification(samples, signer, &options);
        rate(&format!("verifications with {name}"), ours);
        added(&format!("verify with {name}, beside the bare verification"), ours, bare);
    }
}

fn signer(name: &str) -> Option<LocalSigner> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ksef/vectors/xades");
    let read = |end: &str| fs::read_to_string(folder.join(format!("{name}.{end}"))).ok();
    let certificate = Certificate::from_pem(&read("pem")?).ok()?;
    LocalSigner::new(PrivateKey::from_pem(&read("key")?).ok()?, certificate).ok()
}

fn signed(signer: &LocalSigner, options: &Options) -> Vec<u8> {
    let Ok(document) = sign(REQUEST, signer, options) else { unreachable!("the request is XML") };
    let verified = verify(&document, &Policy::new(Trust::AnyCertificate));
    assert!(verified.is_ok(), "what is measured must succeed: {verified:?}");
    document
}

/// What is signed in the end, and how.
fn core(signer: &LocalSigner, options: &Options) -> (SignatureAlgorithm, Vec<u8>) {
    let Ok(draft) = Draft::new(REQUEST, signer.certificate(), options) else {
        unreachable!("the request is XML")
    };
    (draft.algorithm(), draft.to_be_signed().to_vec())
}

fn signing(samples: usize, signer: &LocalSigner, options: &Options) -> (Duration, Duration) {
    let (algorithm, message) = core(signer, options);
    let ours = || drop(black_box(sign(REQUEST, signer, options)));
    let bare = || drop(black_box(signer.sign(algorithm, &message)));
    medians(samples, ours, bare)
}

fn verification(samples: usize, signer: &LocalSigner, options: &Options) -> (Duration, Duration) {
    let (algorithm, message) = core(signer, options);
    let Ok(signature) = signer.sign(algorithm, &message) else { unreachable!("the key signs") };
    let (document, key) = (signed(signer, options), signer.key().public_key());
    let ours = || drop(black_box(verify(&document, &Policy::new(Trust::AnyCertificate))));
    let bare = || {
        let _ = black_box(key.verify(algorithm.into(), &message, &signature));
    };
    medians(samples, ours, bare)
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

fn added(figure: &str, ours: Duration, bare: Duration) {
    let added = (ours.as_secs_f64() - bare.as_secs_f64()) * 1e6;
    row(&format!("{figure}: {added:.1} us"), added / ADDED_GOAL, &format!("{ADDED_GOAL} us"), 1.0);
}

/// Prints a figure in the one form that scripts read.
#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn row(figure: &str, ratio: f64, reference: &str, goal: f64) {
    println!("{figure}, {ratio:.2} of {reference} (goal <= {goal})");
}

/// Says how many there are in a second, for people.
#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn rate(what: &str, each: Duration) {
    println!("{what}: {:.0} per second on one core", 1.0 / each.as_secs_f64());
}
