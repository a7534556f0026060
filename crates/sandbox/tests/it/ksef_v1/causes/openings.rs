//! Documents that open a session, tokens, and the authentication behind them.

use std::time::Duration;

use sandbox::ksef_v1::KsefV1;
use serde_json::json;

use super::super::client::*;
use super::{Provoked, provoked, told};

const PATH: &str = "/online/Session/InitToken";

/// The refusal of a request of Alfa that was changed.
async fn changed(ksef: &KsefV1, change: impl Fn(String) -> String) -> u64 {
    let encryption = encryption(ksef, "o", &KEY);
    let request = token_request(ksef, ALFA, &ksef.token(ALFA).unwrap(), &encryption).await;
    let other = change(request.clone());
    assert_ne!(other, request);
    post_bytes(ksef, PATH, &[], other).await.code()
}

async fn documents(ksef: &KsefV1) -> Vec<Provoked> {
    let rows: [(u32, &str, &str, &str); 13] = [
        (20001, "<a:Init", "\u{feff}<a:Init", "a document with a byte order mark"),
        (20002, "<a:Init", "<!DOCTYPE a><a:Init", "a document with a DTD"),
        (20003, ">KSeF<", "><![CDATA[KSeF]]><", "a document with CDATA"),
        (21143, "<t:Size>256<", "<t:Size>128<", "a session key declared as one of 128 bits"),
        (21144, "<t:Bytes>16<", "<t:Bytes>12<", "a vector declared as one of 12 bytes"),
        (21145, ">KSeF<", ">PUESC<", "a document type of another service"),
        (21160, ">9990000103<", ">9990000126<", "another context than that of the challenge"),
        (21211, "FA (2)", "FA (9)", "a form that does not exist"),
        (21401, "<o:DocumentType>", "<o:DocumentType><o:More/>", "an element too many"),
        (21410, ">CBC<", ">GCM<", "another mode than CBC declared"),
        (21411, "<t:Encoding>Base64<", "<t:Encoding>hex<", "a key declared as written in hex"),
        (21417, ">1-0E<", ">2-0E<", "another version of a form that is taken"),
        (9101, "</a:Context>", "</a:Other>", "a request that is no XML"),
    ];
    let mut found = Vec::new();
    for (code, from, to, cause) in rows {
        // The first place alone: closing names stay as they are.
        let answer = changed(ksef, |request| request.replacen(from, to, 1)).await;
        found.push(provoked(code, answer, cause));
    }
    let request = token_request(ksef, ALFA, &ksef.token(ALFA).unwrap(), "").await;
    let mut bytes = request.into_bytes();
    bytes.push(0xff);
    let answer = post_bytes(ksef, PATH, &[], bytes).await.code();
    found.push(provoked(21217, answer, "bytes that are not UTF-8"));
    let answer = post_bytes(ksef, PATH, &[], "").await.code();
    found.push(provoked(21172, answer, "an empty body"));
    let body = json!({"contextIdentifier": {"type": "int", "identifier": "9990000103-00011"}});
    let answer = post(ksef, "/online/Session/AuthorisationChallenge", &body).await.code();
    found.push(provoked(24002, answer, "an internal identifier with a wrong check digit"));
    found
}

async fn tokens(ksef: &KsefV1) -> Vec<Provoked> {
    let with = async |nip: &str, token: &str| {
        let request = token_request(ksef, nip, token, "").await;
        post_bytes(ksef, PATH, &[], request).await
    };
    let token = ksef.token(ALFA).unwrap();
    let request = token_request(ksef, ALFA, &token, "").await;
    post_bytes(ksef, PATH, &[], request.clone()).await.ok(201);
    let twice = post_bytes(ksef, PATH, &[], request).await.code();
    let (challenge, at) = challenge(ksef, ALFA).await;
    let sealed = seal(ksef, format!("{token}|{}", at / 1000 * 1000).as_bytes());
    let last = format!("<o:Token>{sealed}</o:Token>");
    let early = opening("InitSessionTokenRequest", ALFA, &challenge, "", &last);
    let early = post_bytes(ksef, PATH, &[], early).await.code();
    let unknown = with(ALFA, &"0".repeat(64)).await.code();
    let foreign = with(BETA, &token).await.code();

    let owner = owner(ksef).await;
    let body = json!({"generateToken": {"description": "nowy token", "credentialsRoleList": [
        {"roleType": "invoice_read", "roleDescription": "czytanie"},
    ]}});
    ksef.set_pace(Duration::from_secs(1));
    let answer = owner.post("/online/Credentials/GenerateToken", &body).await.ok(200);
    let secret = answer["authorisationToken"].as_str().unwrap().to_owned();
    let inactive = with(ALFA, &secret).await.code();
    ksef.settle().await;
    let question = json!({"queryCriteria": {
        "type": "list_all",
        "queryCredentialsScopeResultType": "current",
        "queryCredentialsTypeResultType": "token",
    }});
    let told = owner.post("/online/Query/Credential/Sync", &question).await.ok(200);
    let mut all = told["credentialsList"].as_array().unwrap().iter();
    let number =
        all.find(|one| one["description"] == "nowy token").unwrap()["identifier"]["identifier"]
            .clone();
    let source = json!({"type": "nip", "identifier": ALFA});
    let revoke = |number, source| json!({"revokeToken": {"tokenNumber": number, "sourceTokenIdentifier": source}});
    let path = "/online/Credentials/RevokeToken";
    let other = json!({"type": "nip", "identifier": BETA});
    let strange = owner.post(path, &revoke(number.clone(), other)).await.code();
    owner.post(path, &revoke(number, source)).await.ok(202);
    ksef.settle().await;
    let revoked = with(ALFA, &secret).await.code();
    vec![
        provoked(21111, twice, "a challenge that was answered before"),
        provoked(21112, early, "a token with the whole seconds of the challenge only"),
        provoked(21116, unknown, "an unknown token"),
        provoked(21301, foreign, "a token in a context where it has no role"),
        provoked(21302, inactive, "a token whose making is not finished"),
        provoked(21303, revoked, "a revoked token"),
        provoked(21409, strange, "the revocation of a token that the named person did not make"),
    ]
}

/// How the authentication of a session ends that could be opened.
async fn ends(ksef: &KsefV1, session: &Session) -> u64 {
    ksef.settle().await;
    let status = status(ksef, &session.reference).await;
    assert_eq!(status["processingCode"], 415);
    told(&status)
}

async fn authentication(ksef: &KsefV1) -> Vec<Provoked> {
    let expired = sign_in(ksef, ALFA, "expired-seal", "SerialNumber").await.unwrap();
    let expired = ends(ksef, &expired).await;
    let with = async |encryption: String| {
        let request = token_request(ksef, ALFA, &ksef.token(ALFA).unwrap(), &encryption).await;
        let answer = post_bytes(ksef, PATH, &[], request).await.ok(201);
        ksef.settle().await;
        told(&status(ksef, answer["referenceNumber"].as_str().unwrap()).await)
    };
    let short = with(encryption(ksef, "o", &[1; 16])).await;
    let good = encryption(ksef, "o", &KEY);
    let sealed = good.split("<t:Value>").nth(1).unwrap().split('<').next().unwrap();
    let closed = with(good.replace(sealed, &format!("{}==", "A".repeat(342)))).await;
    let person = sign_in(ksef, ALFA, "person-pesel", "SerialNumber").await.unwrap();
    ksef.settle().await;
    assert_eq!(person.code().await, 315);
    ksef.record_death("00810100019");
    let person = sign_in(ksef, ALFA, "person-pesel", "SerialNumber").await.unwrap();
    let dead = ends(ksef, &person).await;
    vec![
        provoked(21305, expired, "an expired certificate, at the step of authentication"),
        provoked(21307, dead, "a person whose death was recorded (`record_death`)"),
        provoked(21412, short, "a session key of 16 bytes"),
        provoked(21415, closed, "a session key that cannot be opened"),
    ]
}

pub(super) async fn provoke() -> Vec<Provoked> {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let mut found = documents(ksef).await;
    found.extend(tokens(ksef).await);
    found.extend(authentication(calm().await.ksef_v1()).await);
    found
}
