//! What the tests of the resources of KSeF 2.0 need: clients and accounts beside the sandbox.

use common_core::{ident::Nip, retry::RetryPolicy};
use futures_util::TryStreamExt;
use ksef_client::v2::{
    Account, Client, Environment, Error, KsefV2,
    latarnia::{Latarnia, Site},
    permissions::{Identifier, Person},
};
use ksef_crypto::{
    certificate::Certificate,
    keys::{LocalSigner, PrivateKey},
    number::ContextIdentifier,
};
use sandbox::Sandbox;

use crate::support::{InProcess, quick};

/// A client of KSeF 2.0 without sockets, which tries nothing twice.
pub(crate) fn client(sandbox: &Sandbox) -> Client {
    let environment = Environment::at(&sandbox.ksef_v2().base_url()).unwrap();
    let transport = InProcess(sandbox.ksef_v2().service());
    let builder = Client::builder(environment).transport(transport).retry(RetryPolicy::never());
    builder.seed(sandbox.seed()).build().unwrap()
}

/// The service that says whether KSeF works.
pub(crate) fn latarnia(sandbox: &Sandbox) -> Latarnia {
    let site = Site::at(&sandbox.ksef_v2().latarnia_url()).unwrap();
    let transport = InProcess(sandbox.ksef_v2().service());
    Latarnia::builder(site).transport(transport).build().unwrap()
}

pub(crate) fn nip(text: &str) -> Nip {
    Nip::parse(text).unwrap()
}

pub(crate) fn context(nip: &str) -> ContextIdentifier {
    ContextIdentifier::parse("Nip", nip).unwrap()
}

/// An invented person of that PESEL.
pub(crate) fn person(pesel: &str) -> Person {
    Person::new(common_core::ident::Pesel::parse(pesel).unwrap(), "Wymyślona", "Osoba")
}

/// An account of a company by its token, with every permission that a token can have.
pub(crate) async fn by_token(client: &Client, sandbox: &Sandbox, nip: &str) -> Account {
    let token = sandbox.ksef_v2().token(nip).unwrap();
    let login = client.login(context(nip)).by_token(&token.into()).await.unwrap();
    login.finish(&quick()).await.unwrap()
}

/// The key and certificate of that name.
pub(crate) fn signer(sandbox: &Sandbox, name: &str) -> LocalSigner {
    let certificate = sandbox.ksef_v2().certificate(name).unwrap();
    let key = PrivateKey::from_pem(&certificate.key_pem).unwrap();
    LocalSigner::new(key, Certificate::from_pem(&certificate.certificate_pem).unwrap()).unwrap()
}

/// A login by the certificate of that name.
pub(crate) async fn by_certificate(
    client: &Client,
    sandbox: &Sandbox,
    name: &str,
    nip: &str,
) -> Result<Account, Error> {
    let login = client.login(context(nip)).by_signature(&signer(sandbox, name)).await?;
    login.finish(&quick()).await
}

/// Everything that a list holds, ten rows to a page.
pub(crate) async fn all<E>(account: &Account, list: E) -> Vec<E::Item>
where
    E: common_http::Paged<Api = KsefV2> + Clone + Send,
    E::Response: Send,
    E::Item: Send,
{
    account.items(list).try_collect().await.unwrap()
}

/// What a person is known by.
pub(crate) fn identifier(person: &Person) -> Identifier {
    person.identifier()
}

/// The end of a test that sends nothing a correct client would not send.
#[track_caller]
pub(crate) fn assert_expected(sandbox: &Sandbox) {
    assert_eq!(sandbox.ksef_v2().unexpected(), []);
}
