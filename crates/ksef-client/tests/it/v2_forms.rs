//! Every form of invoices of KSeF 2.0 on its way to a number: FA(2), FA(3), `FA_RR`, PEF
//! and `PEF_KOR`.

use futures_util::TryStreamExt;
use ksef_client::v2::{
    Account, Client, ErrorCode, FormCode,
    batch::{Packing, pack},
    permissions::{Authorization, GrantAuthorization},
    sending::{InvoiceState, Outcome, OutgoingInvoice},
};
use ksef_crypto::{link::InvoiceHash, package::Entry};
use sandbox::Sandbox;

use crate::{
    support::{ALFA, BETA},
    v2_support::{account, assert_expected, beside, in_process, invoice, quick},
    v2_test_data_support::{client, nip},
};

/// An invoice (`Invoice`) or a correction (`CreditNote`) of public procurement.
pub(crate) fn pef(kind: &str, seller: &str, buyer: &str, number: &str) -> Vec<u8> {
    let ubl = "urn:oasis:names:specification:ubl:schema:xsd";
    let party = |role: &str, nip: &str| {
        format!(
            "<cac:{role}><cac:Party><cac:PartyTaxScheme><cbc:CompanyID>PL{nip}</cbc:CompanyID>\
             <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>\
             <cac:PartyLegalEntity><cbc:RegistrationName>Zmyślona Firma</cbc:RegistrationName>\
             </cac:PartyLegalEntity></cac:Party></cac:{role}>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <{kind} xmlns=\"{ubl}:{kind}-2\" xmlns:cac=\"{ubl}:CommonAggregateComponents-2\" \
         xmlns:cbc=\"{ubl}:CommonBasicComponents-2\"><cbc:ID>{number}</cbc:ID>\
         <cbc:IssueDate>2025-10-01</cbc:IssueDate>\
         <cbc:DocumentCurrencyCode>PLN</cbc:DocumentCurrencyCode>{}{}\
         <cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID=\"PLN\">100.00\
         </cbc:LineExtensionAmount><cbc:TaxExclusiveAmount currencyID=\"PLN\">100.00\
         </cbc:TaxExclusiveAmount><cbc:TaxInclusiveAmount currencyID=\"PLN\">123.00\
         </cbc:TaxInclusiveAmount><cbc:PayableAmount currencyID=\"PLN\">123.00\
         </cbc:PayableAmount></cac:LegalMonetaryTotal></{kind}>",
        party("AccountingSupplierParty", seller),
        party("AccountingCustomerParty", buyer),
    )
    .into_bytes()
}

/// What a buyer issues for a farmer who pays a flat rate.
fn of_farmer(farmer: &str, buyer: &str, number: &str) -> Vec<u8> {
    let party = |nip: &str| {
        format!(
            "<DaneIdentyfikacyjne><NIP>{nip}</NIP><Nazwa>Zmyślone Gospodarstwo</Nazwa>\
             </DaneIdentyfikacyjne>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2026/03/06/14189/\"><Naglowek>\
         <KodFormularza kodSystemowy=\"FA_RR (1)\" wersjaSchemy=\"1-1E\">FA_RR</KodFormularza>\
         <WariantFormularza>1</WariantFormularza>\
         <DataWytworzeniaFa>2026-04-01T08:00:00Z</DataWytworzeniaFa></Naglowek>\
         <Podmiot1>{}</Podmiot1><Podmiot2>{}</Podmiot2>\
         <FakturaRR><KodWaluty>PLN</KodWaluty><P_4B>2026-04-01</P_4B><P_4C>{number}</P_4C>\
         <P_11_1>1000.00</P_11_1><P_11_2>70.00</P_11_2><P_12_1>1070.00</P_12_1>\
         <RodzajFaktury>VAT_RR</RodzajFaktury></FakturaRR></Faktura>",
        party(farmer),
        party(buyer),
    )
    .into_bytes()
}

/// An invoice in the older form.
fn fa_2(number: &str) -> Vec<u8> {
    let text = String::from_utf8(invoice(ALFA, BETA, number)).unwrap();
    let text = text.replace("2025/06/25/13775", "2023/06/29/12648").replace("FA (3)", "FA (2)");
    let text = text.replace("<WariantFormularza>3<", "<WariantFormularza>2<");
    text.replace("<JST>2</JST><GV>2</GV>", "").into_bytes()
}

/// Sends one invoice in a session of its own and closes it.
async fn sent_alone(account: &Account, form: FormCode, bytes: Vec<u8>) -> InvoiceState {
    let session = account.online(form).open().await.unwrap();
    let sent = session.send(bytes.clone()).await.unwrap();
    let state = session.wait_for(&sent, &quick()).await.unwrap();
    let closed = session.close().await.unwrap().wait(&quick()).await.unwrap();
    if matches!(state, InvoiceState::Accepted(_)) {
        assert_eq!(closed.outcome(), Outcome::Processed);
        let pages = closed.confirmations().await.unwrap();
        assert!(pages[0].read_upo().unwrap().confirmation_of(&bytes).is_some());
    }
    state
}

/// Lets the buyer issue what it issues for farmers.
async fn authorised_buyer(sandbox: &Sandbox, client: &Client) -> Account {
    let (alfa, beta) = (account(client, sandbox, ALFA), account(client, sandbox, BETA));
    let authorization = Authorization::FlatRateInvoicing(nip(BETA));
    let grant = GrantAuthorization::new(authorization, "Zmyślony Skup", "faktury RR");
    alfa.change_permissions(&grant).await.unwrap().wait(&quick()).await.unwrap();
    beta
}

#[tokio::test(start_paused = true)]
async fn every_form_gets_a_number_and_is_refused_under_another_form() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let (alfa, beta) =
        (account(&client, &sandbox, ALFA), authorised_buyer(&sandbox, &client).await);
    let forms = [
        (&alfa, FormCode::FA_2, fa_2("FA2/1")),
        (&alfa, FormCode::FA_3, invoice(ALFA, BETA, "FA3/1")),
        (&alfa, FormCode::PEF, pef("Invoice", ALFA, BETA, "PEF/1")),
        (&alfa, FormCode::PEF_KOR, pef("CreditNote", ALFA, BETA, "PEFKOR/1")),
        (&beta, FormCode::FA_RR, of_farmer(ALFA, BETA, "RR/1")),
    ];
    for (account, form, bytes) in &forms {
        let other = if *form == FormCode::FA_3 { FormCode::FA_2 } else { FormCode::FA_3 };
        let refused = sent_alone(account, other, bytes.clone()).await;
        assert!(matches!(&refused, InvoiceState::Refused(it) if it.code == 450), "{refused:?}");
        let state = sent_alone(account, form.clone(), bytes.clone()).await;
        assert!(matches!(state, InvoiceState::Accepted(_)), "{form:?}: {state:?}");
    }
    assert_eq!(sandbox.ksef_v2().invoices().len(), forms.len());
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn farmers_invoices_go_in_batches_and_need_the_farmers_leave() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let without = account(&client, &sandbox, BETA);
    let state = sent_alone(&without, FormCode::FA_RR, of_farmer(ALFA, BETA, "RR/0")).await;
    assert!(matches!(&state, InvoiceState::Refused(it) if it.code == 410), "{state:?}");
    let beta = authorised_buyer(&sandbox, &client).await;
    let folder = tempfile::tempdir().unwrap();
    let entry =
        |n: usize| Entry::bytes(format!("RR-{n}.xml"), of_farmer(ALFA, BETA, &format!("RR/{n}")));
    let packed = pack(Packing::new(folder.path()), (1..=12).map(entry)).await.unwrap();
    let mut upload = beta.batch(FormCode::FA_RR).open(&packed).await.unwrap();
    upload.upload(2).await.unwrap();
    let closed = upload.close().await.unwrap().wait(&quick()).await.unwrap();
    assert_eq!((closed.outcome(), closed.invoices_issued()), (Outcome::Processed, Some(12)));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn an_offline_invoice_that_was_refused_is_corrected_under_its_hash() {
    let sandbox = in_process().await;
    let alfa = account(&client(&sandbox), &sandbox, ALFA);
    let session = alfa.online(FormCode::FA_3).open().await.unwrap();
    let good = invoice(ALFA, BETA, "OFF/1");
    // The very content, spoiled on its way into the file.
    let spoiled = [b"\xef\xbb\xbf", good.as_slice()].concat();
    let sent = session.send(OutgoingInvoice::new(spoiled.clone()).offline()).await.unwrap();
    let state = session.wait_for(&sent, &quick()).await.unwrap();
    assert!(matches!(&state, InvoiceState::Refused(it) if it.code == 430), "{state:?}");
    let correction = OutgoingInvoice::new(good.clone()).correcting(InvoiceHash::of(&spoiled));
    let sent = session.send(correction.clone()).await.unwrap();
    let state = session.wait_for(&sent, &quick()).await.unwrap();
    assert!(matches!(state, InvoiceState::Accepted(_)), "{state:?}");
    // A second correction of the same file is one too many (21166), at once or by its status.
    match session.send(correction).await {
        Err(error) => assert_eq!(error.code().map(ErrorCode::number), Some(21166)),
        Ok(sent) => {
            let state = session.wait_for(&sent, &quick()).await.unwrap();
            assert!(!matches!(state, InvoiceState::Accepted(_)), "{state:?}");
        }
    }
    let rows: Vec<_> = session.invoices().try_collect().await.unwrap();
    assert!(rows.iter().any(|row| row.invoicing_mode.is_some()));
    assert_expected(&sandbox);
}
