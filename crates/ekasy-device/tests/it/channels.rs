//! The three channels over real sockets with TLS: who shows what to whom, and who is believed.

use std::sync::Arc;

use common_core::secret::secret_bytes;
use common_store::MemoryStore;
use ekasy_device::{
    Client, ErrorKind,
    channel::{Pinning, Tls},
    command::Certificate,
    fiscalisation::{Fiscalisation, Outcome},
    ident::CommandKind,
    journal::{Journal, Pins},
};
use sandbox::{Sandbox, crk::Kind};

use crate::till::{Till, credentials, environment};

async fn behind_sockets() -> Till {
    let sandbox = Sandbox::builder().calm().start().await.unwrap();
    Till::of(sandbox, Kind::Hardware)
}

/// The register's identity, and the ministry's root for the time before there are pins.
fn tls(till: &Till) -> Tls {
    tls_trusting(till, till.sandbox.crk().ca_pem().into_bytes())
}

fn tls_trusting(till: &Till, authorities: Vec<u8>) -> Tls {
    let own = till.register.tls();
    let identity = [own.certificate_pem(), own.key_pem().to_owned()].concat();
    Tls::new("tests/1.0", secret_bytes(identity.into_bytes()), authorities)
}

/// A client by the system's clock, which is the sandbox's.
fn client(till: &Till, tls: Tls) -> Client {
    let (environment, credentials) = (environment(&till.sandbox), credentials(&till.register));
    Client::builder(till.number(), environment, tls, credentials).build().unwrap()
}

async fn journal(till: &Till) -> Journal {
    let clock = Arc::new(common_core::clock::SystemClock::new());
    till.journal_in(Arc::new(MemoryStore::new(clock))).await.unwrap()
}

async fn pins(client: &Client, journal: &Journal) -> Pins {
    let id = journal.next_command_id(CommandKind::RepositoryKeys, client.clock().now()).await;
    client.fetch_keys(id.unwrap()).await.unwrap().into()
}

async fn fiscalise(till: &Till, client: &Client, journal: &Journal) -> Outcome {
    let (device, options, order) = (till.device.clone(), till.options(), till.order());
    let run = Fiscalisation::new(client.clone(), journal.clone(), device, options, order);
    run.run().await.unwrap()
}

#[tokio::test]
async fn a_register_is_fiscalised_over_tls_and_shows_the_hub_no_certificate() {
    for pinning in [Pinning::Exact, Pinning::Authorities] {
        let till = behind_sockets().await;
        let (client, journal) = (client(&till, tls(&till).pinning(pinning)), journal(&till).await);
        let outcome = fiscalise(&till, &client, &journal).await;
        assert!(matches!(outcome, Outcome::Fiscalised(_)), "{outcome:?}");
        client.ping().await.unwrap();
        assert_eq!(till.archive().numbers, 1);
        // A certificate that was offered to the hub would stand here.
        till.assert_expected();
    }
}

#[tokio::test]
async fn every_certificate_that_can_end_is_told_with_its_end() {
    let till = behind_sockets().await;
    let (client, journal) = (client(&till, tls(&till)), journal(&till).await);
    let names = || {
        let expiries = client.expiries();
        assert!(expiries.iter().all(|(_, end)| end.to_rfc3339().starts_with("2049-12-31")));
        expiries.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let own = [
        "the register's TLS certificate",
        "the register's encryption certificate",
        "an issuer of the register's encryption certificate",
        "an authority of the ministry",
    ];
    assert_eq!(names(), own);
    let mut told = pins(&client, &journal).await;
    // A second authority, which is readable as a certificate and no more.
    told.event_hub.push(Certificate::from_der(till.sandbox.crk().ca_der()));
    client.use_pins(&told).unwrap();
    let theirs = [
        "the repository's encryption certificate",
        "the CPD server's certificate",
        "the WebApi's certificate",
        "an authority of the Event Hub",
        "an authority of the Event Hub",
    ];
    assert_eq!(names(), [&own[..], &theirs].concat());
}

#[tokio::test]
async fn before_there_are_pins_only_the_cpd_server_is_open() {
    let till = behind_sockets().await;
    let (client, journal) = (client(&till, tls(&till)), journal(&till).await);
    assert!(!client.has_pins());
    let id = journal.next_command_id(CommandKind::TestCpd, client.clock().now()).await.unwrap();
    client.test(id).await.unwrap();
    for error in [client.ping().await.unwrap_err(), client.fetch_token().await.unwrap_err()] {
        assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Local, false));
    }
    assert_eq!(client.sealer().unwrap_err().kind(), ErrorKind::Local);
    let pins = pins(&client, &journal).await;
    client.use_pins(&pins).unwrap();
    // Not fiscalised yet, but heard.
    assert_eq!(client.ping().await.unwrap_err().kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn a_stranger_is_not_believed_before_there_are_pins() {
    let till = behind_sockets().await;
    let producer = till.register.producer_pem().into_bytes();
    let (client, journal) = (client(&till, tls_trusting(&till, producer)), journal(&till).await);
    let now = client.clock().now();
    let id = journal.next_command_id(CommandKind::RepositoryKeys, now).await.unwrap();
    let error = client.fetch_keys(id).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Connect, false));
    assert!(till.sandbox.crk().requests().is_empty());
}

#[tokio::test]
async fn an_exact_pin_takes_no_other_certificate_of_the_same_authority() {
    let till = behind_sockets().await;
    let (client, journal) = (client(&till, tls(&till)), journal(&till).await);
    let right = pins(&client, &journal).await;
    let crossed = Pins { cpd: right.web_api.clone(), web_api: right.cpd.clone(), ..right.clone() };
    client.use_pins(&crossed).unwrap();
    let now = client.clock().now();
    let id = journal.next_command_id(CommandKind::TestCpd, now).await.unwrap();
    for error in [client.test(id).await.unwrap_err(), client.ping().await.unwrap_err()] {
        assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Connect, false));
    }
    // The keys go by the authorities, so that a register finds its way back; a worker fetches them
    // by itself.
    let fetched = pins(&client, &journal).await;
    assert_eq!(fetched, right);
    client.use_pins(&fetched).unwrap();
    let id = journal.next_command_id(CommandKind::TestCpd, now).await.unwrap();
    client.test(id).await.unwrap();
}

#[tokio::test]
async fn a_chain_pin_takes_what_the_pin_issued() {
    let till = behind_sockets().await;
    let (client, journal) =
        (client(&till, tls(&till).pinning(Pinning::Chain)), journal(&till).await);
    let told = pins(&client, &journal).await;
    let root = Certificate::from_der(till.sandbox.crk().ca_der());
    for (pin, is_taken) in [(root, true), (told.event_hub[0].clone(), false)] {
        client.use_pins(&Pins { cpd: pin, ..told.clone() }).unwrap();
        let now = client.clock().now();
        let id = journal.next_command_id(CommandKind::TestCpd, now).await.unwrap();
        assert_eq!(client.test(id).await.is_ok(), is_taken);
    }
}

#[tokio::test]
async fn the_hub_is_believed_by_the_authorities_of_cmd07_alone() {
    let till = behind_sockets().await;
    let (client, journal) = (client(&till, tls(&till)), journal(&till).await);
    fiscalise(&till, &client, &journal).await;
    let right = journal.pins().await.unwrap().unwrap();
    let root = Certificate::from_der(till.sandbox.crk().ca_der());
    client.use_pins(&Pins { event_hub: vec![root], ..right.clone() }).unwrap();
    let token = client.fetch_token().await.unwrap();
    let error = client.publish(&token, "{}".into()).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Connect, false));
    let before = till.archive().packages;
    client.use_pins(&right).unwrap();
    client.publish(&token, "{}".into()).await.unwrap();
    assert_eq!(till.archive().packages, before, "an empty object is no package");
}

#[tokio::test]
async fn an_address_of_a_hub_that_the_environment_does_not_know_gets_no_token() {
    let till = behind_sockets().await;
    let (client, journal) = (client(&till, tls(&till)), journal(&till).await);
    client.use_pins(&pins(&client, &journal).await).unwrap();
    let url = "https://hub.example.test/e-kasy/publishers/x/messages".to_owned();
    let hour = std::time::Duration::from_secs(3600);
    let value = "SharedAccessSignature sr=canary".to_owned();
    let token = ekasy_device::command::web_api::SasToken::new(url, value.into(), hour);
    let error = client.publish(&token, "{}".into()).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Input, false));
    assert!(!format!("{error:?} {error}").contains("canary"));
}

#[tokio::test]
async fn an_identity_that_is_none_is_told_before_anything_is_sent() {
    let till = behind_sockets().await;
    let broken =
        Tls::new("tests/1.0", secret_bytes(b"no pem".to_vec()), till.sandbox.crk().ca_pem());
    let (environment, credentials) = (environment(&till.sandbox), credentials(&till.register));
    let built = Client::builder(till.number(), environment, broken, credentials).build();
    let error = built.unwrap_err();
    assert_eq!(error.to_string(), "a channel cannot be set up");
    assert!(till.sandbox.crk().requests().is_empty());
}
