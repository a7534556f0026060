//! The objects inside packages and commands: tampering, and every choice of the profile.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use sandbox::Sandbox;
use sandbox::crk::{
    Command, Compression, Content, Form, KeyId, KeyWrap, Outer, Plaintext, Profile, Signature,
    Signer,
};
use serde_json::{Value, json};

use super::client::{HARDWARE, SOFTWARE, Till, b64, calm, encrypt, unb64};

async fn fiscalised() -> (Sandbox, Till) {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.fiscalise().await;
    (sandbox, till)
}

/// What the repository says about an object.
async fn verdict(sandbox: &Sandbox, till: &Till, data: &str) -> Option<String> {
    let before = sandbox.unexpected().len();
    let package =
        json!({"commandId": till.id("DFD"), "packageNr": 0, "isLast": 1, "encryptedData": data});
    assert_eq!(till.publish(&package).await, 201);
    let found = sandbox.unexpected().split_off(before);
    assert!(found.len() < 2);
    found.into_iter().next().map(|one| one.what)
}

#[tokio::test]
async fn a_changed_object_is_not_opened() {
    let (sandbox, till) = fiscalised().await;
    let sealed = till.seal(till.receipts([1]).to_string().as_bytes()).await;
    // Every character would take long: the ends and some of the middle of each part.
    let mut start = 0;
    for part in sealed.split('.') {
        for index in [0, 1, part.len() / 2, part.len() - 2] {
            let mut bytes = sealed.clone().into_bytes();
            let place = start + index;
            bytes[place] = if bytes[place] == b'A' { b'Z' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(verdict(&sandbox, &till, &changed).await.is_some(), "character {place}");
        }
        start += part.len() + 1;
    }
    assert_eq!(sandbox.crk().archive(HARDWARE).received, 0);
    assert_eq!(verdict(&sandbox, &till, &sealed).await, None);
}

#[tokio::test]
async fn signature_header_and_recipient_are_checked() {
    let (sandbox, till) = fiscalised().await;
    let other = Till::new(&sandbox, SOFTWARE);
    let own = till.recipient().await;
    let jpk = till.receipts([1]).to_string();
    let signed = till.sign(jpk.as_bytes());
    let parts: Vec<&str> = signed.split('.').collect();
    let none = format!("{}.{}.", b64(r#"{"alg":"none"}"#), parts[1]);
    let mut mac: Value = serde_json::from_slice(&unb64(parts[0])).unwrap();
    mac["alg"] = json!("HS256");
    let mac = format!("{}.{}.{}", b64(mac.to_string()), parts[1], parts[2]);
    let unsigned = |text: &str| encrypt(&own, text.as_bytes(), &json!({}));
    let prefix = "a package cannot be opened: ";
    let cases = [
        (unsigned(&other.sign(jpk.as_bytes())), "the signature is not of a registered certificate"),
        (unsigned(&none), "the header `alg` is not as the profile says"),
        (unsigned(&mac), "the header `alg` is not as the profile says"),
        (unsigned(&jpk), "it is not a JWS"),
        (
            encrypt(&own, signed.as_bytes(), &json!({"alg": "RSA1_5"})),
            "the header `alg` is not as the profile says",
        ),
        (
            encrypt(&own, signed.as_bytes(), &json!({"enc": "A128GCM"})),
            "the header `enc` is not as the profile says",
        ),
        (
            encrypt(&own, signed.as_bytes(), &json!({"kid": "x"})),
            "the header `kid` is not as the profile says",
        ),
        (
            encrypt(&own, signed.as_bytes(), &json!({"zip": "GZ"})),
            "the header `zip` is not as the profile says",
        ),
        (
            encrypt(&own, signed.as_bytes(), &json!({"crit": ["exp"]})),
            "the header `crit` is not as the profile says",
        ),
        (
            encrypt(till.register.encryption().certificate_der(), signed.as_bytes(), &json!({})),
            "the header `kid` is not as the profile says",
        ),
    ];
    for (data, what) in cases {
        assert_eq!(verdict(&sandbox, &till, &data).await, Some(format!("{prefix}{what}")));
    }
    assert_eq!(verdict(&sandbox, &till, &unsigned(&signed)).await, None);
}

#[tokio::test]
async fn base64_around_an_object_is_taken_off() {
    let (sandbox, till) = fiscalised().await;
    let sealed = till.seal(till.receipts([1]).to_string().as_bytes()).await;
    assert_eq!(verdict(&sandbox, &till, &STANDARD.encode(&sealed)).await, None);
    let parts: Vec<&str> = sealed.split('.').collect();
    let flattened = json!({
        "protected": parts[0], "encrypted_key": parts[1], "iv": parts[2],
        "ciphertext": parts[3], "tag": parts[4],
    });
    assert_eq!(verdict(&sandbox, &till, &flattened.to_string()).await, None);
    let mut doubled = flattened.clone();
    doubled["unprotected"] = json!({"alg": "RSA-OAEP-256"});
    assert!(verdict(&sandbox, &till, &doubled.to_string()).await.is_some());
}

#[tokio::test]
async fn a_bomb_is_not_unpacked() {
    let (sandbox, till) = fiscalised().await;
    let own = till.recipient().await;
    let spaces = vec![b' '; 65 * 1024 * 1024];
    let what = verdict(&sandbox, &till, &encrypt(&own, &spaces, &json!({}))).await;
    let expected = "a package cannot be opened: the decompressed content is too large";
    assert_eq!(what.as_deref(), Some(expected));
}

#[tokio::test]
async fn commands_are_written_as_the_profile_says() {
    let (sandbox, till) = fiscalised().await;
    let crk = sandbox.crk();
    crk.queue(HARDWARE, Command::QrCode { threshold: 5 }).unwrap();
    let fetch = async || {
        let command = till.get_webapi("Command").await.json();
        command["encryptedCommand"].as_str().unwrap().to_owned()
    };
    let header = |text: &str| -> Value { serde_json::from_slice(&unb64(text)).unwrap() };
    let contents =
        [Content::A256Gcm, Content::A128Gcm, Content::A128CbcHs256, Content::A256CbcHs512];
    for content in contents {
        for key_wrap in [KeyWrap::RsaOaep, KeyWrap::RsaOaep256] {
            crk.set_profile(Profile { content, key_wrap, ..Profile::default() });
            let sealed = fetch().await;
            let header = header(sealed.split('.').next().unwrap());
            assert_eq!(header["enc"], serde_json::to_value(content).unwrap());
            assert_eq!(header["alg"], serde_json::to_value(key_wrap).unwrap());
        }
    }
    for (signature, length) in [(Signature::Ps256, 256), (Signature::Es256, 64)] {
        crk.set_profile(Profile { signature, ..Profile::default() });
        let signed = till.decrypt(&fetch().await);
        let parts: Vec<&str> = signed.split('.').collect();
        assert_eq!(header(parts[0])["alg"], serde_json::to_value(signature).unwrap());
        assert_eq!(unb64(parts[2]).len(), length);
    }
    crk.set_profile(Profile { plaintext: Plaintext::Whole, ..Profile::default() });
    let whole = till.open(&fetch().await);
    assert_eq!(whole["commandId"], crk.commands(HARDWARE)[1].command_id);
    assert_eq!(whole["command"]["attributes"]["qrCode"], 5);
    crk.set_profile(Profile { outer: Outer::Base64, ..Profile::default() });
    let inner = String::from_utf8(STANDARD.decode(fetch().await).unwrap()).unwrap();
    assert_eq!(till.open(&inner), json!({"attributes": {"qrCode": 5}}));
    for form in [Form::Flattened, Form::General] {
        crk.set_profile(Profile { form, ..Profile::default() });
        let object: Value = serde_json::from_str(&fetch().await).unwrap();
        assert_eq!(object.get("recipients").is_some(), form == Form::General);
    }
    crk.set_profile(Profile { key_id: KeyId::CommonName, ..Profile::default() });
    assert_eq!(header(fetch().await.split('.').next().unwrap())["kid"], HARDWARE);
}

#[tokio::test]
async fn documents_are_read_as_the_profile_says_and_not_otherwise() {
    let (sandbox, till) = fiscalised().await;
    let sealed = till.seal(till.receipts([1]).to_string().as_bytes()).await;
    let strict = [
        Profile { signature: Signature::Ps256, ..Profile::default() },
        Profile { key_wrap: KeyWrap::RsaOaep, ..Profile::default() },
        Profile { content: Content::A128CbcHs256, ..Profile::default() },
        Profile { compression: Compression::Gzip, ..Profile::default() },
        Profile { key_id: KeyId::SerialHex, ..Profile::default() },
        Profile { signer: Signer::Tls, ..Profile::default() },
    ];
    for profile in strict {
        sandbox.crk().set_profile(profile);
        assert!(verdict(&sandbox, &till, &sealed).await.is_some(), "{profile:?}");
    }
    sandbox.crk().set_profile(Profile::default());
    assert_eq!(verdict(&sandbox, &till, &sealed).await, None);
}

#[tokio::test]
async fn documents_may_be_signed_on_an_elliptic_curve_with_the_key_of_the_tls_certificate() {
    let (sandbox, till) = fiscalised().await;
    let mut profile = Profile { signature: Signature::Es256, ..Profile::default() };
    profile.signer = Signer::Tls;
    sandbox.crk().set_profile(profile);
    let random = SystemRandom::new();
    let key = till.register.tls().key_der();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random).unwrap();
    let payload = till.receipts([1]).to_string();
    let input = format!("{}.{}", b64(r#"{"alg":"ES256"}"#), b64(payload));
    let signed = format!("{input}.{}", b64(key.sign(&random, input.as_bytes()).unwrap()));
    let sealed = encrypt(&till.recipient().await, signed.as_bytes(), &json!({}));
    assert_eq!(verdict(&sandbox, &till, &sealed).await, None);
    let longer = signed.replacen('.', ".e", 1);
    let sealed = encrypt(&till.recipient().await, longer.as_bytes(), &json!({}));
    assert!(verdict(&sandbox, &till, &sealed).await.is_some());
}
