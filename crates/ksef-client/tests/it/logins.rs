//! Every vector of the specification, and what is refused (specification 1.9, chapter 4.3).

use ksef_client::v1::{
    Context, Error, ErrorKind, FormCode, Session, documents::Identification, wire,
};
use ksef_crypto::xades::{Options, Packaging, sign};
use sandbox::Sandbox;

use crate::support::{
    ALFA, BETA, assert_expected, beside, context, in_process, invoice, invoice_of, issued, quick,
    signer, token,
};

async fn by_signature(sandbox: &Sandbox, nip: &str, name: &str) -> Result<Session, Error> {
    let client = beside(sandbox);
    let opening = client.session(context(nip), FormCode::FA_2);
    let authorised = opening.by_signature(&signer(sandbox, name)).await?;
    Ok(authorised.wait(&quick()).await?)
}

#[tokio::test]
async fn seals_and_signatures_by_every_number_open_a_session() {
    let sandbox = in_process().await;
    for name in ["seal", "seal-ec", "person-nip", "person-pesel"] {
        let session = by_signature(&sandbox, ALFA, name).await.unwrap();
        issued(&session, &invoice(name)).await;
    }
    let session = by_signature(&sandbox, BETA, "person-without-number").await.unwrap();
    issued(&session, &invoice_of(BETA, "fingerprint")).await;
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_document_may_be_signed_elsewhere_and_around_itself() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    for packaging in [Packaging::Enveloped, Packaging::Enveloping] {
        let opening = client.session(context(ALFA), FormCode::FA_2);
        let challenged = opening.challenge().await.unwrap();
        let document = challenged.to_be_signed(Identification::SerialNumber).unwrap();
        let options = Options::v1(client.clock().now()).packaging(packaging);
        let document = sign(&document, &signer(&sandbox, "seal"), &options).unwrap();
        let authorised = challenged.by_signed_document(document).await.unwrap();
        let session = authorised.wait(&quick()).await.unwrap();
        issued(&session, &invoice(&format!("{packaging:?}"))).await;
    }
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_token_opens_in_the_context_of_a_part_of_its_taxpayer() {
    let sandbox = in_process().await;
    let session = by_signature(&sandbox, ALFA, "seal").await.unwrap();
    let endpoint = ksef_client::v1::session::GenerateInternalIdentifier::new(12).unwrap();
    let answer = session.send(&endpoint).await.unwrap();
    let branch = Context::internal_id(&answer.internal_identifier).unwrap();
    let client = beside(&sandbox);
    let opening = client.session(branch, FormCode::FA_2);
    // The seal of the whole is not that of its part, unless it was given a role there.
    let opened = opening.by_signature(&signer(&sandbox, "seal")).await;
    if let Ok(authorised) = opened {
        assert_eq!(authorised.context().kind(), "int");
    }
}

#[tokio::test]
async fn the_roles_of_a_session_are_told() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let key = client.authority_key().await.unwrap();
    let opening = client.session(context(ALFA), FormCode::FA_2);
    let authorised = opening.by_token(&token(&sandbox, ALFA), &key).await.unwrap();
    let roles = authorised.roles();
    assert!(!roles.is_empty());
    assert!(roles.iter().any(|role| matches!(role, wire::SessionRoleV2::Token(_))), "{roles:?}");
}

#[tokio::test]
async fn a_wrong_token_opens_nothing() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let key = client.authority_key().await.unwrap();
    let opening = client.session(context(ALFA), FormCode::FA_2);
    let error = opening.by_token(&"A".repeat(64).into(), &key).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::LoginRefused, false));
    assert!(!format!("{error:?} {error}").contains("AAAA"));
}

#[tokio::test]
async fn who_has_no_role_opens_nothing() {
    let sandbox = in_process().await;
    let error = by_signature(&sandbox, ALFA, "stranger").await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Failed | ErrorKind::Signature),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_certificate_that_has_expired_fails_after_the_opening() {
    let sandbox = in_process().await;
    let error = by_signature(&sandbox, ALFA, "expired-seal").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed, "{error:?}");
    assert!(error.progress().and_then(ksef_client::v1::Progress::step).is_some());
}
