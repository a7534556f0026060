//! Sessions, in both versions of their answers: by a token and by a signature, to their end.

use common_core::secret::{ExposeSecret, SecretString};
use ksef_client::v1::{
    Client, FormCode, Session,
    common::{Status, StatusV1, StatusV3, Upo, UpoOnDemand},
    documents::{Identification, OpeningRequest},
    invoices,
    session::{
        Challenge, GenerateInternalIdentifier, InitSignedV1, InitTokenV1, SessionState, StatusOf,
    },
    wire,
};
use ksef_crypto::{seal::RsaPadding, xades};

use super::{Call, Stage};
use crate::support::{ALFA, context, invoice, issued, owner, quick, session, signer, token};

pub(super) async fn tell() -> Vec<Call> {
    let stage = Stage::new().await;
    a_session_of_the_first_version_by_a_token(&stage).await;
    a_session_of_the_first_version_by_a_signature(&stage).await;
    a_session_from_its_challenge_to_its_confirmation(&stage).await;
    stage.heard()
}

/// A challenge, and the document that answers it.
async fn challenged(client: &Client) -> (OpeningRequest, i64) {
    let answer = client.send(&Challenge(context(ALFA))).await.unwrap();
    let challenge = answer.challenge.parse().unwrap();
    let request = OpeningRequest::new(challenge, context(ALFA), FormCode::FA_2);
    (request, answer.timestamp.timestamp_millis())
}

/// Goes on with a session that was opened in version 1.
async fn taken_up(client: &Client, opened: wire::InitSessionResponse) -> Session {
    let token = opened.session_token.token.into_secret();
    let state = serde_json::json!({
        "reference": opened.reference_number,
        "token": token.expose_secret(),
        "context": ["onip", ALFA],
        "form": FormCode::FA_2,
    });
    let state = SessionState::from_json(&SecretString::from(state.to_string())).unwrap();
    client.resume(state).unwrap().wait(&quick()).await.unwrap()
}

/// The roles that an answer of version 1 tells.
fn roles(opened: &wire::InitSessionResponse) -> &[wire::SessionRole] {
    let context = opened.session_token.context.as_ref();
    context.map(|it| it.credentials_role_list.as_slice()).unwrap_or_default()
}

async fn a_session_of_the_first_version_by_a_token(stage: &Stage) {
    let (client, sandbox) = (&stage.client, &stage.sandbox);
    let (request, millis) = challenged(client).await;
    let (key, now) = (client.authority_key().await.unwrap(), client.clock().now());
    let token = token(sandbox, ALFA);
    let token = key.encrypt_token(&token, millis, RsaPadding::Pkcs1V15, now).unwrap();
    let document = request.with_token(&token).unwrap();
    let opened = client.send(&InitTokenV1::new(document)).await.unwrap();
    let is_of_token = |role: &wire::SessionRole| matches!(role, wire::SessionRole::Token(_));
    assert!(!roles(&opened).is_empty() && roles(&opened).iter().all(is_of_token));
    assert!(!format!("{opened:?}").contains(token.as_str()));
    issued(&taken_up(client, opened).await, &invoice("V1/1")).await;
}

async fn a_session_of_the_first_version_by_a_signature(stage: &Stage) {
    let (client, sandbox) = (&stage.client, &stage.sandbox);
    let (request, _) = challenged(client).await;
    let document = request.to_be_signed(Identification::SerialNumber).unwrap();
    let options = xades::Options::v1(client.clock().now());
    let document = xades::sign(&document, &signer(sandbox, "seal"), &options).unwrap();
    let opened = client.send(&InitSignedV1::new(document)).await.unwrap();
    let is_plain = |role: &wire::SessionRole| matches!(role, wire::SessionRole::Plain(_));
    assert!(roles(&opened).iter().any(is_plain), "the owner, whose role has no details");
    issued(&taken_up(client, opened).await, &invoice("V1/2")).await;
}

async fn a_session_from_its_challenge_to_its_confirmation(stage: &Stage) {
    let (client, sandbox) = (&stage.client, &stage.sandbox);
    let by_seal = owner(client, sandbox).await;
    let unit = by_seal.send(&GenerateInternalIdentifier::new(1).unwrap()).await.unwrap();
    assert!(unit.internal_identifier.starts_with(ALFA));
    let session = session(client, sandbox, ALFA).await;
    let reference = session.reference().clone();
    let bytes = invoice("S/1");
    let sent = session.send_invoice(&bytes).await.unwrap();
    session.wait_for_invoice(&sent, &quick()).await.unwrap();
    let status = session.send(&invoices::Status::new(sent.element)).await.unwrap();
    let number = status.invoice_status.unwrap().ksef_reference_number.unwrap().parse().unwrap();
    assert_eq!(session.send(&invoices::Fetch(number)).await.unwrap(), bytes);
    let other = by_seal.send(&StatusOf::new(reference.clone())).await.unwrap();
    assert_eq!(other.number_of_elements, Some(1));

    let number = other.invoice_status_list[0].ksef_reference_number.clone().unwrap();
    let single = UpoOnDemand::new(reference.clone(), number.parse().unwrap());
    assert!(client.send(&single).await.unwrap().upo.is_some());
    session.terminate().await.unwrap().wait(&quick()).await.unwrap();
    assert!(client.send(&StatusV1(reference.clone())).await.unwrap().upo.is_some());
    let third = client.send(&StatusV3(reference.clone())).await.unwrap();
    let page = third.upo_reference_number.unwrap().parse().unwrap();
    assert_eq!(client.send(&Status(reference.clone())).await.unwrap().upo_page_count, Some(1));
    let upo = client.send(&Upo::new(reference, page)).await.unwrap();
    assert!(upo.windows(number.len()).any(|part| part == number.as_bytes()));
}
