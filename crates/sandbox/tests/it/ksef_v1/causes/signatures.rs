//! Signatures (9101 to 9110, 20006, 21159, 21406, 21407).

use sandbox::ksef_v1::KsefV1;

use super::super::client::*;
use super::super::sign::{self, Twist};
use super::{Provoked, provoked};

const PATH: &str = "/online/Session/InitSigned";

async fn code(ksef: &KsefV1, request: impl Into<String>) -> u64 {
    post_bytes(ksef, PATH, &[], request.into()).await.code()
}

/// A request with a signature that is wrong in that way.
async fn twisted(ksef: &KsefV1, twist: Twist) -> u64 {
    let seal = ksef.certificate("seal").unwrap();
    code(ksef, sign::twisted(&unsigned(ksef).await, &seal, &twist)).await
}

async fn unsigned(ksef: &KsefV1) -> String {
    let (challenge, _) = challenge(ksef, ALFA).await;
    let last = "<o:Type>SerialNumber</o:Type>";
    opening("InitSessionSignedRequest", ALFA, &challenge, "", last)
}

/// The request with another certificate in place of the signer's.
fn exchanged(ksef: &KsefV1, signed: &str, certificate: &str) -> String {
    let value = signed.split("<ds:X509Certificate>").nth(1).unwrap().split('<').next().unwrap();
    let pem = ksef.certificate(certificate).unwrap().certificate_pem;
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    signed.replace(value, &body)
}

pub(super) async fn provoke() -> Vec<Provoked> {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let seal = ksef.certificate("seal").unwrap();
    let signed = sign::enveloped(&unsigned(ksef).await, &seal);
    let changed = signed.replace(&format!(">{ALFA}<"), &format!(">{BETA}<"));
    let twist = Twist::default;
    let found = [
        (9101, code(ksef, "no document").await, "what is signed is no XML"),
        (9102, code(ksef, unsigned(ksef).await).await, "no signature"),
        (9103, code(ksef, sign::enveloped(&signed, &seal)).await, "two signatures"),
        (
            9105,
            code(ksef, exchanged(ksef, &signed, "seal-ec")).await,
            "a certificate whose key did not sign",
        ),
        (
            9106,
            twisted(ksef, Twist { reference: |it| it.repeat(2), ..twist() }).await,
            "two references to the data",
        ),
        (9107, code(ksef, changed).await, "data changed after signing"),
        (
            9108,
            twisted(
                ksef,
                Twist {
                    reference: |it| it.replace("URI=\"\"", "URI=\"#double\""),
                    object: "<ds:Object Id=\"double\"/><ds:Object Id=\"double\"/>",
                    ..twist()
                },
            )
            .await,
            "a reference to two places",
        ),
        (
            9109,
            twisted(
                ksef,
                Twist { reference: |it| it.replace("URI=\"\"", "URI=\"#nowhere\""), ..twist() },
            )
            .await,
            "a reference to nowhere",
        ),
        (
            9110,
            twisted(ksef, Twist { reference: |_| String::new(), ..twist() }).await,
            "signed properties, but no reference to the data",
        ),
        (
            20006,
            twisted(ksef, Twist { time: "yesterday", ..twist() }).await,
            "a signing time that is none",
        ),
        (
            21159,
            code(ksef, exchanged(ksef, &signed, "person-nip")).await,
            "another certificate of the same key than the signed properties name",
        ),
        (
            21406,
            sign_in(ksef, ALFA, "seal", "Fingerprint").await.unwrap_err(),
            "a seal announced as a fingerprint",
        ),
        (
            21407,
            sign_in(ksef, ALFA, "mixed-subject", "SerialNumber").await.unwrap_err(),
            "a subject that is neither a seal nor a person",
        ),
    ];
    found.into_iter().map(|(code, found, cause)| provoked(code, found, cause)).collect()
}
