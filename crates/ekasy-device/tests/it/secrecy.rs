//! Secrets show nowhere: not in logs of anybody, not in `Debug`, not in errors, and in the store's
//! file only sealed. Documents show nowhere but in the store and in packages.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common_core::secret::{ExposeSecret, secret_bytes};
use common_store::SqliteStore;
use ekasy_device::{
    Client,
    channel::Tls,
    fiscalisation::{Fiscalisation, Outcome},
    ident::{CommandKind, JpkId},
    journal::{Document, Journal},
    packing::DocumentKind,
    verification::KeyRing,
    worker::Worker,
};
use http::Method;
use sandbox::{
    Sandbox,
    crk::{Command, Kind},
    fault::{Fault, Rule},
};
use trial::Everything;

use crate::till::{Till, credentials, environment};

const DOCUMENT: &str = "canary-document";

/// All that may be shown of an error.
fn shown(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{error:?} {error}\n");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = writeln!(text, "{cause:?} {cause}");
        source = cause.source();
    }
    text
}

/// The body of a key in PEM form, in one piece as it must never be shown.
fn secrets_of(till: &Till) -> Vec<String> {
    let keys = [till.register.tls().key_der(), till.register.encryption().key_der()];
    let first = |der: &[u8]| STANDARD.encode(der).chars().skip(48).take(32).collect();
    keys.into_iter().map(first).collect()
}

/// A register with a file, over TLS.
async fn register(till: &Till, path: &std::path::Path) -> (Client, Journal, String) {
    let own = till.register.tls();
    let identity =
        secret_bytes([own.certificate_pem(), own.key_pem().to_owned()].concat().into_bytes());
    let tls = Tls::new("tests/1.0", identity, till.sandbox.crk().ca_pem());
    let mut shows = format!("{tls:?} ");
    let credentials = credentials(&till.register);
    let _ = writeln!(shows, "{credentials:?}");
    let builder = Client::builder(till.number(), environment(&till.sandbox), tls, credentials);
    let _ = writeln!(shows, "{builder:?}");
    let client = builder.build().unwrap();
    let store = Arc::new(SqliteStore::open(path).unwrap());
    let journal = till.journal_in(store).await.unwrap();
    let _ = writeln!(shows, "{client:?} {journal:?}");
    (client, journal, shows)
}

/// Good calls, bad calls and lost answers; gives what events and errors show.
async fn busy_morning(till: &Till, client: &Client, journal: &Journal) -> String {
    let events = Arc::new(Mutex::new(String::new()));
    let hear = |heard: Arc<Mutex<String>>| {
        move |event| {
            let _ = writeln!(heard.lock().unwrap(), "{event:?}");
        }
    };
    let (device, options) = (till.device.clone(), till.options());
    let (own, kept) = (client.clone(), journal.clone());
    let run = Fiscalisation::new(own, kept, device.clone(), options.clone(), till.order());
    let run = run.on_event(hear(Arc::clone(&events)));
    let mut shows = format!("{run:?} {options:?}");
    assert!(matches!(run.run().await.unwrap(), Outcome::Fiscalised(_)));

    let worker = Worker::new(client.clone(), journal.clone(), device, options);
    let worker = worker.on_event(hear(Arc::clone(&events)));
    let handle = worker.handle();
    let _ = write!(shows, "{worker:?} {handle:?}");
    let task = tokio::spawn(worker.run());
    let bytes = format!(r#"{{"paragon":{{"JPKID":2,"opis":"{DOCUMENT}"}}}}"#).into_bytes();
    let document = Document::new(JpkId::new(2).unwrap(), DocumentKind::Receipt, bytes).unwrap();
    let _ = write!(shows, "{document:?}");
    let faults = till.sandbox.crk().faults();
    let messages = "/e-kasy/publishers/{publisher}/messages";
    faults.push(Rule::new(Fault::Unauthorized).on(&Method::POST, messages).once());
    handle.append(document).await.unwrap();
    handle.append(crate::till::document(3, DocumentKind::DailyReport)).await.unwrap();
    let number = &till.register.unique_number;
    till.sandbox.crk().queue(number, Command::QrCode { threshold: 7 });
    handle.poll_now();
    while till.archive().highest < 3 || !journal.open_commands().await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    handle.stop();
    task.await.unwrap().unwrap();
    shows.push_str(&events.lock().unwrap());
    shows
}

/// Calls that fail, each in its own way; what their errors show.
async fn failures(till: &Till, client: &Client, journal: &Journal) -> String {
    let mut shows = String::new();
    let token = client.fetch_token().await.unwrap();
    for fault in [
        Fault::LoseAnswer,
        Fault::Unauthorized,
        Fault::MaskAnswer { status: 500 },
        Fault::Reply { status: 413, retry_after: None },
    ] {
        till.sandbox.crk().faults().push(Rule::new(fault).once());
        let body = format!(r#"{{"x":"{DOCUMENT}"}}"#);
        shows.push_str(&shown(&client.publish(&token, body.into()).await.unwrap_err()));
        till.sandbox.crk().faults().clear();
    }
    for fault in [Fault::CutAnswer { after: 60 }, Fault::LoseAnswer] {
        till.sandbox.crk().faults().push(Rule::new(fault));
        shows.push_str(&shown(&client.fetch_token().await.unwrap_err()));
        shows.push_str(&shown(&client.fetch_shared_keys().await.unwrap_err()));
        let id = journal.next_command_id(CommandKind::TestCpd, client.clock().now()).await;
        shows.push_str(&shown(&client.test(id.unwrap()).await.unwrap_err()));
        till.sandbox.crk().faults().clear();
    }
    shows
}

#[tokio::test]
async fn secrets_and_documents_show_nowhere() {
    let (everything, _listening) = Everything::heard();
    let sandbox = Sandbox::builder().calm().start().await.unwrap();
    let till = Till::of(sandbox, Kind::Software);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let (client, journal, mut shows) = register(&till, &path).await;
    shows.push_str(&busy_morning(&till, &client, &journal).await);
    shows.push_str(&failures(&till, &client, &journal).await);
    let token = client.fetch_token().await.unwrap();
    let ring = KeyRing::new(client.clone(), journal.clone());
    let keys = ring.renew().await.unwrap();
    let stored = journal.token().await.unwrap().unwrap();
    let _ =
        write!(shows, "{token:?} {ring:?} {keys:?} {stored:?} {:?}", journal.pins().await.unwrap());
    journal.set_secret("canary", &secret_bytes(b"canary-shared-key".to_vec())).await.unwrap();

    // Tokens of a register differ in their last part only.
    let value = stored.token.value().expose_secret();
    let signature = value.split("sig=").nth(1).and_then(|rest| rest.split('&').next()).unwrap();
    assert!(signature.len() > 20, "{}", signature.len());
    let mut secrets = secrets_of(&till);
    secrets.extend([signature.to_owned(), token.value().expose_secret().to_owned()]);
    let shared = |day| STANDARD.encode(keys.for_day(day).unwrap().expose_bytes());
    secrets.extend(keys.days().map(shared));
    secrets.extend(["canary-shared-key".to_owned(), "SharedAccessSignature".to_owned()]);
    let all = everything.all();
    assert!(all.iter().any(|(target, _)| target.starts_with("hyper")), "dependencies are heard");
    let mut file = Vec::new();
    for name in ["journal.db", "journal.db-wal"] {
        file.extend(std::fs::read(folder.path().join(name)).unwrap_or_default());
    }
    let in_file = |secret: &str| file.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
    assert!(in_file(DOCUMENT), "this is the file of the journal");
    for secret in &secrets {
        assert!(!shows.contains(secret), "a secret is shown");
        let leak = all.iter().find(|(_, text)| text.contains(secret));
        assert!(leak.is_none(), "a secret is logged by {:?}", leak.map(|(target, _)| target));
        assert!(!in_file(secret), "a secret stands in the file as it is");
    }
    assert!(!shows.contains(DOCUMENT), "a document is shown");
    let leak = all.iter().find(|(_, text)| text.contains(DOCUMENT));
    assert!(leak.is_none(), "a document is logged by {:?}", leak.map(|(target, _)| target));
}
