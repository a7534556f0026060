//! Python's jwcrypto, which judges what this crate seals and seals what it opens.
//!
//! Debian packages it as `python3-jwcrypto`, which `.ci/run` installs; elsewhere a virtual
//! environment under `target/oracles/jose` does.

use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ekasy_device::jose::{
    Compression, ContentEncryption, CryptoProfile, JweAlgorithm, JwsAlgorithm, OpenLimits,
    PreSignFormat, RecipientKey, Serialization, Trust,
};
use serde_json::{Value, json};

use crate::jose_support::{certificate, entropy, key, now, vector};

/// Set, to any value, where the oracle is installed and a skipped test would hide a fault.
const REQUIRED: &str = "FISKUS_REQUIRE_ORACLES";

const PAYLOAD: &str = r#"{"JPK":{"content":[{"paragon":{"nazwa":"Pączek z różą"}}]}}"#;

/// Says aloud that a test did not happen, past the capture of the test runner.
pub(crate) fn skip(reason: &str) {
    stderr().write_all(format!("skipped: {reason}\n").as_bytes()).unwrap();
}

/// An interpreter that has jwcrypto, or `None` after saying that there is none.
fn python() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let own = target.join("oracles/jose/bin/python");
    // A `python3` of another kind may stand before the system's own in the search path.
    let known = [own, "/usr/bin/python3".into(), "python3".into()];
    let found = known.into_iter().find(|python| {
        let mut command = Command::new(python);
        let asked = command.args(["-c", "import jwcrypto"]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    });
    assert!(found.is_some() || !is_required(), "no Python has jwcrypto and {REQUIRED} is set");
    if found.is_none() {
        skip("no Python has jwcrypto");
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "the choice belongs to whoever starts the tests")]
pub(crate) fn is_required() -> bool {
    std::env::var_os(REQUIRED).is_some()
}

/// Runs the script beside this file with JSON on both ends.
fn ask(python: &Path, question: &Value) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/oracle.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the oracle failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every combination of what a profile can write.
fn profiles() -> Vec<CryptoProfile> {
    let mut profiles = Vec::new();
    for signature in [JwsAlgorithm::Rs256, JwsAlgorithm::Ps256, JwsAlgorithm::Es256] {
        for algorithm in [JweAlgorithm::RsaOaep256, JweAlgorithm::RsaOaep] {
            for encryption in ContentEncryption::ALL {
                for form in Serialization::ALL {
                    for compression in Compression::ALL {
                        let mut profile = CryptoProfile::default();
                        profile.writing.signature = signature;
                        profile.writing.key_encryption = algorithm;
                        profile.writing.content_encryption = encryption;
                        profile.writing.encryption_form = form;
                        profile.writing.signature_form = form;
                        profile.writing.data_compression = compression;
                        profiles.push(profile);
                    }
                }
            }
        }
    }
    profiles
}

fn compression_name(compression: Compression) -> &'static str {
    match compression {
        Compression::JweZip => "zip",
        Compression::PreSign(PreSignFormat::RawDeflate) => "raw deflate",
        Compression::PreSign(PreSignFormat::Zlib) => "zlib",
        Compression::PreSign(PreSignFormat::Gzip) => "gzip",
        _ => "none",
    }
}

fn form_name(form: Serialization) -> &'static str {
    match form {
        Serialization::Compact => "compact",
        Serialization::Flattened => "flattened",
        _ => "general",
    }
}

fn signer(signature: JwsAlgorithm) -> &'static str {
    if signature == JwsAlgorithm::Es256 { "register-ec" } else { "register" }
}

fn choices(profile: &CryptoProfile) -> Value {
    let writing = &profile.writing;
    json!({
        "signature": writing.signature.name(),
        "algorithm": writing.key_encryption.name(),
        "encryption": writing.content_encryption.name(),
        "form": form_name(writing.encryption_form),
        "compression": compression_name(writing.data_compression),
        "signer_key": vector(&format!("{}.key.pem", signer(writing.signature))),
        "signer_chain": vector(&format!("{}.crt.pem", signer(writing.signature))),
    })
}

#[test]
fn jwcrypto_opens_what_is_sealed_under_every_profile() {
    let Some(python) = python() else { return };
    let recipient = RecipientKey::from_certificate(&certificate("repository")).unwrap();
    let keys = [key("register"), key("register-ec")];
    let mut questions = Vec::new();
    for profile in profiles() {
        let key = &keys[usize::from(profile.writing.signature == JwsAlgorithm::Es256)];
        let sealed = profile.seal_data(PAYLOAD.as_bytes(), &recipient, key, entropy(6)).unwrap();
        let mut question = choices(&profile);
        question["text"] = json!(sealed.as_str());
        questions.push(question);
    }
    let count = questions.len();
    let question = json!({ "open": questions, "recipient_key": vector("repository.key.pem") });
    let opened = ask(&python, &question);
    assert_eq!(count, 360);
    assert_eq!(opened, json!(vec![PAYLOAD; count]));
}

#[test]
fn what_jwcrypto_seals_under_every_profile_is_opened() {
    let Some(python) = python() else { return };
    let profiles = profiles();
    let question = json!({
        "seal": profiles.iter().map(choices).collect::<Vec<_>>(),
        "payload": PAYLOAD,
        "recipient_key": vector("repository.key.pem"),
    });
    let sealed = ask(&python, &question);
    let texts: Vec<&str> =
        sealed.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert_eq!(texts.len(), profiles.len());
    let (repository, trust) = (key("repository"), Trust::issued_by([certificate("root")]));
    for (text, profile) in texts.into_iter().zip(profiles) {
        let opened =
            profile.open(text, &repository, &trust, now(), &OpenLimits::default()).unwrap();
        assert_eq!(opened.payload(), PAYLOAD.as_bytes());
        assert_eq!(opened.compression(), profile.writing.data_compression);
        assert_eq!(opened.signed_by(), &certificate(signer(profile.writing.signature)));
    }
}
