//! What several tests need: sandboxes, clients of their users, orders.

use std::time::Duration;

use common_core::{
    limit::Windows,
    money::Amount,
    retry::RetryPolicy,
    secret::{SecretString, secret_bytes},
};
use epp_client::{
    Client, ClientBuilder, Environment,
    batch::BatchTag,
    model::{NewPaymentOrder, PaymentOrderId},
    session::Credentials,
    totp::Totp,
};
use http::Method;
use sandbox::{
    Sandbox,
    fault::{Fault, Rule},
};

/// The seeds over which scenarios run.
pub(crate) const SEEDS: [u64; 3] = [1, 7, 42];

/// A sandbox that disturbs every scenario in its own way.
pub(crate) async fn hostile(seed: u64) -> Sandbox {
    Sandbox::builder().seed(seed).start().await.unwrap()
}

/// A sandbox that does only what it is told.
pub(crate) async fn calm() -> Sandbox {
    Sandbox::builder().calm().start().await.unwrap()
}

/// The settings of a client of that user.
pub(crate) fn builder(sandbox: &Sandbox, login: &str) -> ClientBuilder {
    let epp = sandbox.epp();
    Client::builder(Environment::at(epp.base_url(), epp.web_url()).unwrap())
        .credentials(Credentials::new(login, password(sandbox, login)))
        .limits(Windows::unlimited())
        .retry(RetryPolicy::default().attempts(8).base(Duration::from_millis(2)))
        .seed(sandbox.seed())
}

/// A client of the first user, who may do everything.
pub(crate) fn client(sandbox: &Sandbox) -> Client {
    builder(sandbox, "prvi").build().unwrap()
}

pub(crate) fn password(sandbox: &Sandbox, login: &str) -> SecretString {
    sandbox.epp().user(login).unwrap().password().into()
}

/// The authenticator of the first user.
pub(crate) fn totp(sandbox: &Sandbox) -> Totp {
    Totp::new(&secret_bytes(sandbox.epp().totp_secret("prvi").unwrap())).unwrap()
}

/// Orders that the service takes, of 1, 2, 3 … dinars.
pub(crate) fn orders(sandbox: &Sandbox, count: i64) -> Vec<NewPaymentOrder> {
    let debtor = sandbox.epp().accounts().remove(0).full_number();
    let order = |number: i64| {
        NewPaymentOrder::new(&debtor, "840000000023566472", Amount::from(number))
            .payment_basis(format!("Uplata po ugovoru {number}"))
            .payment_code(220)
            .creditor_name("Izmišljeni Dobavljač")
            .creditor_address("Zamišljena 1, Beograd")
            .external_id(format!("ugovor-{number}"))
    };
    (1..=count).map(order).collect()
}

pub(crate) fn tag(number: u128) -> BatchTag {
    BatchTag::from_random(number)
}

/// Orders that have been created, and their ids.
pub(crate) async fn created(sandbox: &Sandbox, client: &Client, count: i64) -> Vec<PaymentOrderId> {
    let batch = client.create_and_locate(&orders(sandbox, count), &tag(1)).await;
    assert!(batch.is_complete(), "{batch:?}");
    batch.ids()
}

/// Lets a fault happen to the next request of that function.
pub(crate) fn once(sandbox: &Sandbox, method: &Method, path: &str, fault: Fault) {
    sandbox.epp().faults().push(Rule::new(fault).on(method, path).once());
}

/// The end of a test that sends nothing a correct client would not send.
#[track_caller]
pub(crate) fn assert_expected(sandbox: &Sandbox) {
    assert_eq!(sandbox.epp().unexpected(), []);
}
