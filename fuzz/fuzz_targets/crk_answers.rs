//! Answers of the repository and commands from it: nothing panics, an answer to a fiscalisation is
//! never lost, and a command that was read can be written so that it reads the same.

#![cfg_attr(fuzzing, no_main)]

use bytes::Bytes;
use common_http::{Api, BaseUrl, Endpoint, Parts};
use ekasy_device::{
    api::{Cpd, EventHub, WebApi},
    command::{
        Received,
        cpd::{
            CheckFirmware, FetchKeys, FetchSharedKeys, FetchState, FiscalisationAnswer, Fiscalise,
        },
        event_hub::Publish,
        web_api::{FetchCommand, FetchToken},
    },
    ident::CommandId,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((first, body)) = input.split_first() else { return };
    let status = if first % 2 == 0 { 200 } else { 100 + u16::from(*first) };
    let Ok(answer) = http::Response::builder().status(status).body(()) else { return };
    let (parts, body) = (answer.into_parts().0, Bytes::copy_from_slice(body));
    fiscalisation(&parts, &body);
    commands(&body);
    token(&parts, &body);
    let _ = FetchKeys::response(&parts, &body);
    let _ = FetchState::response(&parts, &body);
    let _ = CheckFirmware::response(&parts, &body);
    let _ = FetchSharedKeys::response(&parts, &body);
    if let Ok(Some(command)) = FetchCommand::response(&parts, &body) {
        assert_eq!(command.command_id.as_str().len(), CommandId::LENGTH);
    }
    for problem in [
        Cpd::problem(&parts, &body),
        WebApi::problem(&parts, &body),
        EventHub::problem(&parts, &body),
    ] {
        assert_eq!(problem.details.is_empty(), body.is_empty());
        assert!(problem.code.as_deref() != Some(""));
    }
});

/// The answer is kept whole unless it is a refusal.
fn fiscalisation(parts: &Parts, body: &Bytes) {
    match Fiscalise::response(parts, body).expect("every answer is a value") {
        FiscalisationAnswer::Granted(granted) => {
            assert_eq!((granted.evidence_number.as_str().len(), &granted.body), (14, body));
        }
        FiscalisationAnswer::Unclear(unclear) => assert_eq!(&unclear.body, body),
        FiscalisationAnswer::Refused(refusal) => assert_ne!(refusal.status.raw(), 0),
        _ => {}
    }
}

fn commands(body: &Bytes) {
    for kind in ["CCS", "TFD", "CQC", "DDD", "MFP"] {
        let id = format!("{kind}.WTE2001000009.2026-02-01T08:00:00.123Z");
        let id = CommandId::parse(&id).expect("an identifier of the right form");
        match Received::decode(&id, body) {
            Ok(command) => {
                assert_eq!(Received::decode(&id, &command.plaintext()), Ok(command));
            }
            // It goes into the confirmation, which holds 200 characters.
            Err(error) => assert!(error.to_string().chars().count() <= 200),
        }
    }
}

/// Wherever the address leads, the token goes to the configured host or nowhere.
fn token(parts: &Parts, body: &Bytes) {
    let Ok(token) = FetchToken::response(parts, body) else { return };
    let _ = token.expires_at(chrono::DateTime::UNIX_EPOCH);
    let publish = Publish::new(&token, body.clone());
    assert!(publish.wire_length() > body.len() as u64);
    let base: BaseUrl = "https://hub.example.test:5064".parse().expect("an address");
    if let Ok(request) = publish.request(&base) {
        let uri = request.uri();
        let host = uri.host().map(str::to_ascii_lowercase);
        assert_eq!((host.as_deref(), uri.port_u16()), (Some("hub.example.test"), Some(5064)));
        assert_eq!(uri.scheme_str(), Some("https"));
    }
}
