//! What several tests of KSeF 2.0 need: clients and accounts beside a sandbox, and invoices.

use std::time::Duration;

use common_core::{poll::PollSchedule, retry::RetryPolicy};
use ksef_client::v2::{Account, Client, ClientBuilder, Environment, login::Credential};
use ksef_crypto::{
    certificate::Certificate,
    keys::{LocalSigner, PrivateKey},
    number::ContextIdentifier,
};
use sandbox::{
    Sandbox,
    fault::{Fault, Rule},
};

use crate::support::InProcess;

/// A sandbox behind a socket, whose calendar is today's, because the client's is; hostile ones
/// disturb every scenario in their own way.
pub(crate) async fn hostile(seed: u64) -> Sandbox {
    Sandbox::builder().seed(seed).start().await.unwrap()
}

/// A calm sandbox without sockets, for paused time.
pub(crate) async fn in_process() -> Sandbox {
    Sandbox::builder().calm().without_sockets().start().await.unwrap()
}

/// The settings of a client over the sandbox's sockets, which keeps no limits of its own.
pub(crate) fn over_socket(sandbox: &Sandbox) -> ClientBuilder {
    let environment = Environment::at(&sandbox.ksef_v2().base_url()).unwrap();
    // A hostile double refuses often; patience is what it wants to see.
    let retry = RetryPolicy::default().attempts(12).cap(Duration::from_millis(500));
    Client::builder(environment).unlimited().retry(retry).seed(sandbox.seed())
}

/// The settings of a client without sockets, which tries nothing twice.
pub(crate) fn beside(sandbox: &Sandbox) -> ClientBuilder {
    let builder = over_socket(sandbox).transport(InProcess(sandbox.ksef_v2().service()));
    builder.retry(RetryPolicy::never())
}

/// A schedule that suits sandboxes.
pub(crate) fn quick() -> PollSchedule {
    PollSchedule::new(Duration::from_millis(20), Duration::from_millis(200))
        .within(Duration::from_secs(60))
}

/// A company's context.
pub(crate) fn nip(nip: &str) -> ContextIdentifier {
    ContextIdentifier::parse("Nip", nip).unwrap()
}

/// The account of a company, which logs in by its KSeF token when it needs to.
pub(crate) fn account(client: &Client, sandbox: &Sandbox, company: &str) -> Account {
    let token = sandbox.ksef_v2().token(company).unwrap();
    client.account(nip(company)).credential(Credential::token(token)).build()
}

/// The test certificate of that name, with its key.
pub(crate) fn signer(sandbox: &Sandbox, name: &str) -> LocalSigner {
    let certificate = sandbox.ksef_v2().certificate(name).unwrap();
    let key = PrivateKey::from_pem(&certificate.key_pem).unwrap();
    LocalSigner::new(key, Certificate::from_pem(&certificate.certificate_pem).unwrap()).unwrap()
}

/// Lets something happen to the next request of that method and path.
pub(crate) fn once(sandbox: &Sandbox, method: &http::Method, path: &str, fault: Fault) {
    sandbox.ksef_v2().faults().push(Rule::new(fault).on(method, path).once());
}

/// Whether no request was sent that no correct client sends.
#[track_caller]
pub(crate) fn assert_expected(sandbox: &Sandbox) {
    assert_eq!(sandbox.ksef_v2().unexpected(), []);
}

/// An invoice of that seller to that buyer that the service takes.
pub(crate) fn invoice(seller: &str, buyer: &str, number: &str) -> Vec<u8> {
    let party = |nip: &str| {
        format!(
            "<DaneIdentyfikacyjne><NIP>{nip}</NIP><Nazwa>Zmyślona Firma</Nazwa>\
             </DaneIdentyfikacyjne>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\"><Naglowek>\
         <KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
         <WariantFormularza>3</WariantFormularza>\
         <DataWytworzeniaFa>2025-10-01T08:00:00Z</DataWytworzeniaFa></Naglowek>\
         <Podmiot1>{}</Podmiot1><Podmiot2>{}<JST>2</JST><GV>2</GV></Podmiot2>\
         <Fa><KodWaluty>PLN</KodWaluty><P_1>2025-10-01</P_1><P_2>{number}</P_2>\
         <P_13_1>100.00</P_13_1><P_14_1>23.00</P_14_1><P_15>123.00</P_15>\
         <Adnotacje><P_16>2</P_16><P_17>2</P_17></Adnotacje>\
         <RodzajFaktury>VAT</RodzajFaktury></Fa></Faktura>",
        party(seller),
        party(buyer),
    )
    .into_bytes()
}
