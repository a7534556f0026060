//! Secrets show nowhere, and what is sent or answered shows in no event of ours.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common_core::secret::ExposeSecret;
use http::Method;
use ksef_client::v1::{Error, FormCode, tokens, wire};
use sandbox::fault::{Fault, Rule};
use trial::Everything;

use crate::support::{
    ALFA, assert_expected, context, hostile, invoice, over_socket, owner, quick, token,
};

/// All that may be shown of an error.
fn shown(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{error:?} {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, " {cause:?} {cause}");
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn secrets_show_nowhere_and_content_shows_in_no_event_of_ours() {
    let (everything, _listening) = Everything::heard();
    let sandbox = hostile(11).await;
    let builder = over_socket(&sandbox);
    let mut shows = format!("{builder:?}");
    let client = builder.build().unwrap();

    let key = client.authority_key().await.unwrap();
    let opening = client.session(context(ALFA), FormCode::FA_2);
    let wrong = opening.by_token(&"C0FFEE".repeat(10).into(), &key).await.unwrap_err();
    shows.push_str(&shown(&wrong));
    let opening = client.session(context(ALFA), FormCode::FA_2).encrypted(key.clone());
    let _ = write!(shows, "{opening:?}");
    let by_token = opening.by_token(&token(&sandbox, ALFA), &key).await.unwrap();
    let _ = write!(shows, "{by_token:?}");
    let by_token = by_token.wait(&quick()).await.unwrap();
    let owner = owner(&client, &sandbox).await;
    let role = wire::TokenRole::new("canary-role", wire::Role::InvoiceRead);
    let new = owner.generate_token(&tokens::Generate::new("canary-token", [role])).await;
    let _ = write!(shows, "{owner:?} {:?}", new.as_ref().ok());
    let send = Rule::new(Fault::LoseAnswer).on(&Method::PUT, "/online/Invoice/Send").once();
    sandbox.ksef_v1().faults().push(send);
    let bytes = invoice("canary-number");
    if let Err(error) = by_token.send_invoice(&bytes).await {
        shows.push_str(&shown(&error));
    }
    let bad: Error = by_token.send_invoice(b"").await.unwrap_err();
    shows.push_str(&shown(&bad));
    let states = [by_token.export(), owner.export()];
    let _ = write!(shows, "{states:?}");

    let mut secrets =
        vec!["C0FFEEC0FFEE".to_owned(), token(&sandbox, ALFA).expose_secret().to_owned()];
    if let Ok(new) = &new {
        secrets.push(new.token.expose_secret().to_owned());
    }
    for (session, state) in [(&by_token, &states[0]), (&owner, &states[1])] {
        secrets.push(STANDARD.encode(session.encryption_key().unwrap().expose_key()));
        let state = state.expose_json();
        let json: serde_json::Value = serde_json::from_str(state.expose_secret()).unwrap();
        secrets.push(json["token"].as_str().unwrap().to_owned());
    }
    let all = everything.all();
    assert!(all.iter().any(|(target, _)| target.starts_with("hyper")), "dependencies are heard");
    for secret in &secrets {
        assert!(secret.len() > 10 && !shows.contains(secret.as_str()), "a secret is shown");
        let leak = all.iter().find(|(_, text)| text.contains(secret.as_str()));
        assert!(leak.is_none(), "a secret is logged by {:?}", leak.map(|(target, _)| target));
    }
    let ours = everything.ours("ksef_client");
    assert!(ours.iter().any(|text| text.contains("/online/Invoice/Send")), "{ours:#?}");
    for content in ["canary", "127.0.0.1", ALFA, owner.reference().as_str(), "Zmyślony"] {
        let leak = ours.iter().find(|text| text.contains(content));
        assert!(leak.is_none(), "{content} is logged: {leak:?}");
    }
    assert!(!shows.contains("canary"), "{shows}");
    assert_expected(&sandbox);
}
