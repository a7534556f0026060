//! What the tests of the resources of KSeF 2.0 need besides what all tests of KSeF 2.0 need.

use common_core::ident::{Nip, Pesel};
use common_http::Paged;
use futures_util::TryStreamExt;
use ksef_client::v2::{
    Account, Client, Error, KsefV2,
    latarnia::{Latarnia, Site},
    permissions::Person,
};
use sandbox::Sandbox;

use crate::{
    support::InProcess,
    v2_support::{self, beside, quick, signer},
};

/// A client without sockets, which tries nothing twice.
pub(crate) fn client(sandbox: &Sandbox) -> Client {
    beside(sandbox).build().unwrap()
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

/// An invented person of that PESEL.
pub(crate) fn person(pesel: &str) -> Person {
    Person::new(Pesel::parse(pesel).unwrap(), "Wymyślona", "Osoba")
}

/// A login to a company's context by the certificate of that name.
pub(crate) async fn by_certificate(
    client: &Client,
    sandbox: &Sandbox,
    name: &str,
    company: &str,
) -> Result<Account, Error> {
    let login = client.login(v2_support::nip(company));
    login.by_signature(&signer(sandbox, name)).await?.finish(&quick()).await
}

/// Everything that a list holds.
pub(crate) async fn all<E>(account: &Account, list: E) -> Vec<E::Item>
where
    E: Paged<Api = KsefV2> + Clone + Send,
    E::Response: Send,
    E::Item: Send,
{
    account.items(list).try_collect().await.unwrap()
}
