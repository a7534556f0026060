//! Secrets show nowhere, and what is sent or answered shows in no event of ours.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common_core::secret::ExposeSecret;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use ksef_client::v1::{Error, FormCode, Outgoing, queries::ExportOptions, tokens, wire};
use sandbox::fault::{Fault, Rule};
use trial::Everything;

use crate::support::{
    ALFA, BETA, assert_expected, context, hostile, in_process, invoice, invoice_of, over_socket,
    owner, quick, signer, token,
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

/// Everything of those crates that an invoice or a private key passes through on its way.
#[tokio::test]
async fn private_keys_and_invoices_show_nowhere_on_the_way_of_many_and_of_batches() {
    let (everything, _listening) = Everything::heard();
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    let client =
        over_socket(&sandbox).transport(crate::support::InProcess(sandbox.ksef_v1().service()));
    let client = client.build().unwrap();
    let (session, signer) = (owner(&client, &sandbox).await, signer(&sandbox, "seal"));
    let mut shows = format!("{signer:?}");

    let many = [
        Outgoing::bytes("one", invoice("canary-1")),
        Outgoing::bytes("one again", invoice("canary-1")),
        Outgoing::bytes("foreign", invoice_of(BETA, "canary-2")),
        Outgoing::bytes("empty", ""),
    ];
    let _ = write!(shows, "{many:?}");
    let run = session.send_many().schedule(quick());
    let _ = write!(shows, "{run:?}");
    let results: Vec<_> = run.send(stream::iter(many)).collect().await;
    let _ = write!(shows, "{results:?}");

    let key = client.authority_key().await.unwrap();
    for (seller, number) in [(ALFA, "canary-3"), (BETA, "canary-4")] {
        let preparation = client.batch(context(ALFA), FormCode::FA_2, key.clone());
        let _ = write!(shows, "{preparation:?}");
        let packed = [Outgoing::bytes("one.xml", invoice_of(seller, number))];
        let prepared = preparation.pack(packed, folder.path()).await.unwrap();
        let _ = write!(shows, "{prepared:?} {:?}", prepared.export());
        let ready = prepared.sign(&signer).unwrap();
        let _ = write!(shows, "{ready:?} {:?}", ready.export());
        let announced = ready.announce().await.unwrap();
        let _ = write!(shows, "{announced:?} {:?}", announced.export());
        let processing = announced.upload(1, |_| {}).await.unwrap().finish().await.unwrap();
        let _ = write!(shows, "{processing:?} {:?}", processing.export());
        let _ = write!(shows, "{:?}", processing.wait(&quick()).await.unwrap());
    }
    let missing = client.batch(context(ALFA), FormCode::FA_2, key);
    let missing = missing.pack([Outgoing::file("/nowhere/one.xml")], folder.path()).await;
    shows.push_str(&shown(&missing.unwrap_err()));

    let at = |text: &str| text.parse().unwrap();
    let (from, to) = (at("2026-01-31T00:00:00Z"), at("2026-01-31T16:00:00Z"));
    let role = wire::SubjectRole::Subject1;
    let criteria = wire::QueryCriteriaInvoiceIncremental::new(from, to, role);
    let criteria = wire::QueryCriteriaInvoiceV2::Incremental(criteria);
    let fetched = session.export_invoices(criteria, ExportOptions::new(folder.path()));
    let fetched: Vec<_> = fetched.try_collect().await.unwrap();
    assert_eq!(fetched.len(), 2);
    let _ = write!(shows, "{fetched:?}");

    let pem = sandbox.ksef_v1().certificate("seal").unwrap().key_pem;
    let lines = pem.lines().filter(|line| line.len() > 32 && !line.starts_with('-'));
    let mut secrets: Vec<_> = lines.map(str::to_owned).collect();
    assert!(secrets.len() > 10, "a private key of RSA has many lines");
    secrets.extend(["canary".to_owned(), "Zmyślony".to_owned(), STANDARD.encode("<Faktura")]);
    let ours = everything.ours("ksef_");
    assert!(ours.iter().any(|text| text.contains("/batch/Upload")), "{ours:#?}");
    for secret in &secrets {
        assert!(!shows.contains(secret.as_str()), "{secret} is shown");
        let leak = ours.iter().find(|text| text.contains(secret.as_str()));
        assert!(leak.is_none(), "{secret} is logged: {leak:?}");
    }
    assert_expected(&sandbox);
}
