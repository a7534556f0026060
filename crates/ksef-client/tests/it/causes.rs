//! Refusals that a client meets although it sends what fits the contract: each by its real cause
//! in the double, with the kind that it has here. What only a wrong client meets is provoked beside
//! the double itself (`crates/sandbox/tests/it/ksef_v1/causes.rs`).

use std::time::Duration;

use common_core::secret::{ExposeSecret, SecretString};
use ksef_client::v1::{
    Client, Context, Error, ErrorKind, ExceptionCode, FormCode, InvoiceStatus, Outgoing, Session,
    batch, common, credentials,
    documents::{Identification, OpeningRequest},
    invoices, payment_identifiers, queries,
    session::{Challenge, InitSigned, InitToken, Status, StatusOf},
    tokens, wire,
};
use ksef_crypto::{
    certificate::name::AttributeType, keys::PrivateKey, number::KsefNumber, seal::RsaPadding,
    test_certificates::TestCertificate, xades,
};
use sandbox::{Sandbox, ksef_v1::Limits};

use crate::support::{
    ALFA, BETA, assert_expected, beside, context, in_process, invoice, invoice_of, issued, opened,
    owner, quick, session, signer, token,
};

const NOBODY: &str = "20260131-SE-0123456789-0123456789-AB";
const NOWHERE: &str = "9990000103-20260131-0123456789AB-CD";

/// A call that was refused with that code is an error of that kind, and did nothing.
#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, Error>, code: u32, kind: ErrorKind) {
    let error = answer.unwrap_err();
    let found = error.code().map(ExceptionCode::number);
    assert_eq!((found, error.kind()), (Some(code), kind), "{error:?}");
    assert!(!error.may_have_happened(), "{error:?}");
}

/// A document that opens a session of Alfa, after that change of its request.
struct Opening<'a> {
    client: &'a Client,
    sandbox: &'a Sandbox,
}

impl Opening<'_> {
    async fn request(&self, context: Context, form: FormCode) -> (OpeningRequest, i64) {
        let answer = self.client.send(&Challenge(crate::support::context(ALFA))).await.unwrap();
        let request = OpeningRequest::new(answer.challenge.parse().unwrap(), context, form);
        (request, answer.timestamp.timestamp_millis())
    }

    async fn with_token(&self, request: &OpeningRequest, token: &str, millis: i64) -> InitToken {
        let (key, now) = (self.client.authority_key().await.unwrap(), self.client.clock().now());
        let token = SecretString::from(token.to_owned());
        let sealed = key.encrypt_token(&token, millis, RsaPadding::Pkcs1V15, now).unwrap();
        InitToken::new(request.with_token(&sealed).unwrap())
    }

    fn signed(&self, document: &[u8], name: &str) -> Vec<u8> {
        let options = xades::Options::v1(self.client.clock().now());
        xades::sign(document, &signer(self.sandbox, name), &options).unwrap()
    }
}

#[tokio::test]
async fn logins_are_refused_by_name() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let opening = Opening { client: &client, sandbox: &sandbox };
    let token = token(&sandbox, ALFA);
    let token = token.expose_secret();
    let form = |code: &str, version: &str| {
        let space = "http://crd.gov.pl/wzor/2023/06/29/12648/";
        FormCode::new(code, version, space, "FA").unwrap()
    };
    for (of, form, code) in [
        (ALFA, form("FA (9)", "1-0E"), 21211),
        (ALFA, form("FA (2)", "2-0E"), 21417),
        (BETA, FormCode::FA_2, 21160),
    ] {
        let (request, millis) = opening.request(context(of), form).await;
        let init = opening.with_token(&request, token, millis).await;
        refused(client.send(&init).await, code, ErrorKind::Invalid);
    }
    let (request, millis) = opening.request(context(ALFA), FormCode::FA_2).await;
    let init = opening.with_token(&request, token, millis).await;
    client.send(&init).await.unwrap();
    refused(client.send(&init).await, 21111, ErrorKind::LoginRefused);
    let (request, millis) = opening.request(context(ALFA), FormCode::FA_2).await;
    let late = opening.with_token(&request, token, millis + 1).await;
    refused(client.send(&late).await, 21112, ErrorKind::LoginRefused);
    let (request, millis) = opening.request(context(ALFA), FormCode::FA_2).await;
    let wrong = opening.with_token(&request, &"0".repeat(64), millis).await;
    refused(client.send(&wrong).await, 21116, ErrorKind::LoginRefused);

    let (request, _) = opening.request(context(ALFA), FormCode::FA_2).await;
    let document = request.to_be_signed(Identification::SerialNumber).unwrap();
    let signed = opening.signed(&document, "seal");
    let text = String::from_utf8(signed.clone()).unwrap();
    let changed = text.replacen(&format!(">{ALFA}<"), &format!(">{BETA}<"), 1);
    let place = text.rfind("</").unwrap();
    let start = text.find("<ds:Signature").unwrap();
    let twice = format!("{}{}{}", &text[..place], &text[start..place], &text[place..]);
    for (document, code) in [
        (b"no document".to_vec(), 9101),
        (document, 9102),
        (twice.into_bytes(), 9103),
        (changed.into_bytes(), 9107),
    ] {
        refused(client.send(&InitSigned::new(document)).await, code, ErrorKind::Signature);
    }
    for (by, name, code) in [
        (Identification::Fingerprint, "seal", 21406),
        (Identification::SerialNumber, "mixed-subject", 21407),
    ] {
        let (request, _) = opening.request(context(ALFA), FormCode::FA_2).await;
        let document = opening.signed(&request.to_be_signed(by).unwrap(), name);
        refused(client.send(&InitSigned::new(document)).await, code, ErrorKind::Signature);
    }
    assert_expected(&sandbox);
}

#[tokio::test]
async fn tokens_are_refused_until_they_are_made_and_after_they_are_revoked() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let owner = owner(&client, &sandbox).await;
    let key = client.authority_key().await.unwrap();
    sandbox.ksef_v1().set_pace(Duration::from_millis(300));
    let role = wire::TokenRole::new("wystawianie", wire::Role::InvoiceWrite);
    let new = owner.generate_token(&tokens::Generate::new("nowy token", [role])).await.unwrap();
    let open = |nip: &str| client.session(context(nip), FormCode::FA_2).by_token(&new.token, &key);
    refused(open(ALFA).await, 21302, ErrorKind::LoginRefused);
    sandbox.ksef_v1().settle().await;
    refused(open(BETA).await, 21301, ErrorKind::Forbidden);
    let unknown = tokens::Revoke(NOBODY.parse().unwrap());
    refused(owner.send(&unknown).await, 21409, ErrorKind::NotFound);
    assert_expected(&sandbox);
}

/// A session of Alfa with another token or key than it has.
fn changed(client: &Client, session: &Session, change: impl Fn(&mut serde_json::Value)) -> Session {
    let state = session.export().expose_json();
    let mut state: serde_json::Value = serde_json::from_str(state.expose_secret()).unwrap();
    change(&mut state);
    let state = SecretString::from(state.to_string());
    let state = ksef_client::v1::session::SessionState::from_json(&state).unwrap();
    client.resume(state).unwrap().without_waiting()
}

#[tokio::test]
async fn sessions_that_cannot_be_used_say_why() {
    let sandbox = in_process().await;
    let ksef = sandbox.ksef_v1();
    let client = beside(&sandbox);
    let open = session(&client, &sandbox, ALFA).await;
    let wrong = changed(&client, &open, |state| state["token"] = "0".repeat(64).into());
    refused(wrong.send(&Status::new()).await, 21149, ErrorKind::SessionEnded);
    let other = StatusOf::new(NOBODY.parse().unwrap());
    refused(open.send(&other).await, 21173, ErrorKind::NotFound);
    ksef.set_limits(Limits::none().of_operations(1, 100, 1000));
    open.send(&Status::new()).await.unwrap();
    refused(open.send(&Status::new()).await, 21121, ErrorKind::TooManyRequests);
    ksef.set_limits(Limits::none());
    ksef.expire_session(open.reference().as_str());
    refused(open.send(&Status::new()).await, 21170, ErrorKind::SessionEnded);

    let ended = session(&client, &sandbox, ALFA).await;
    let copy = changed(&client, &ended, |_| ());
    ended.terminate().await.unwrap().wait(&quick()).await.unwrap();
    refused(copy.send(&Status::new()).await, 21154, ErrorKind::SessionEnded);
    let opening = client.session(context(ALFA), FormCode::FA_2);
    let failed = opening.by_signature(&signer(&sandbox, "expired-seal")).await.unwrap();
    ksef.settle().await;
    let failed = failed.without_waiting();
    refused(failed.send(&Status::new()).await, 21153, ErrorKind::SessionEnded);
    ksef.set_pace(Duration::from_millis(300));
    let early = opened(&client, &sandbox, ALFA).await.without_waiting();
    let fetch = invoices::Fetch(NOWHERE.parse().unwrap());
    refused(early.send(&fetch).await, 21304, ErrorKind::NotYet);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn invoices_are_refused_or_rejected_by_name() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let sealed = owner(&client, &sandbox).await;
    let plain = changed(&client, &sealed, |state| {
        (state["key"], state["vector"]) = (serde_json::Value::Null, serde_json::Value::Null);
    });
    refused(plain.send_invoice(&invoice("R/1")).await, 21413, ErrorKind::Invalid);
    let other = changed(&client, &sealed, |state| {
        state["key"] = format!("{}=", "A".repeat(43)).into();
    });
    let good = invoice("R/2");
    let text = String::from_utf8(good.clone()).unwrap();
    let rejected = async |session: &Session, bytes: &[u8], code: u32, step: &str| {
        let sent = session.send_invoice(bytes).await.unwrap();
        match session.wait_for_invoice(&sent, &quick()).await.unwrap() {
            InvoiceStatus::Rejected(progress) => {
                assert_eq!(progress.exception().map(ExceptionCode::number), Some(code), "{step}");
                assert_eq!(progress.step().unwrap().name, step);
            }
            status => panic!("{code}: {status:?}"),
        }
    };
    rejected(&other, &good, 20005, "Decrypt").await;
    issued(&sealed, &good).await;
    refused(sealed.send_invoice(&good).await, 21176, ErrorKind::Duplicate);
    let next = session(&client, &sandbox, ALFA).await;
    rejected(&next, &good, 21176, "Accept").await;
    let original = "<RodzajFaktury>KOR</RodzajFaktury>\n<DaneFaKorygowanej>\
        <NrKSeFFaKorygowanej>9990000103-20260130-0123456789AB-CD</NrKSeFFaKorygowanej>\
        </DaneFaKorygowanej>";
    let semantics = "VerifyInvoiceSemantics";
    let essentials = "VerifyInvoiceEssentials";
    for (from, to, code, step) in [
        ("<?xml", "\u{feff}<?xml", 20001, semantics),
        ("<Faktura", "<!DOCTYPE x><Faktura", 20002, semantics),
        ("R/2", "<![CDATA[R/3]]>", 20003, semantics),
        ("</Faktura>", "", 21001, semantics),
        ("<P_15>246.00</P_15>", "", 21401, semantics),
        ("2023/06/29/12648", "2021/11/29/11089", 21416, semantics),
        ("<RodzajFaktury>VAT</RodzajFaktury>", original, 21423, essentials),
        (ALFA, "9990000190", 21212, essentials),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{code}");
        rejected(&next, changed.as_bytes(), code, step).await;
    }
    let gamma = session(&client, &sandbox, "9990000132").await;
    let own = |with: &str| text.replace(&format!("<NIP>{BETA}</NIP>"), with);
    let own = |with: &str| own(with).replace("<P_17>2", "<P_17>1");
    rejected(&gamma, own("<BrakID>1</BrakID>").as_bytes(), 21418, essentials).await;
    let foreign = own("<KodUE>DE</KodUE><NrVatUE>123456789</NrVatUE>");
    rejected(&gamma, foreign.as_bytes(), 21419, essentials).await;
    assert_expected(&sandbox);
}

#[tokio::test]
async fn what_is_asked_without_a_session_is_refused_by_name() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let nobody = || NOBODY.parse().unwrap();
    let nowhere = || -> KsefNumber { NOWHERE.parse().unwrap() };
    refused(client.send(&common::Status(nobody())).await, 21173, ErrorKind::NotFound);
    let first = session(&client, &sandbox, ALFA).await;
    let number = issued(&first, &invoice("O/1")).await.number;
    let reference = || first.reference().clone();
    let upo = common::Upo::new(reference(), nobody());
    refused(client.send(&upo).await, 21178, ErrorKind::NotFound);
    let single = common::UpoOnDemand::new(reference(), nowhere());
    refused(client.send(&single).await, 21164, ErrorKind::NotFound);
    let next = session(&client, &sandbox, ALFA).await;
    let foreign = common::UpoOnDemand::new(next.reference().clone(), number);
    refused(client.send(&foreign).await, 21194, ErrorKind::Invalid);

    let register = async |name: &str| {
        let certificate = TestCertificate::with_subject([(AttributeType::COMMON_NAME, name)]);
        let certificate = certificate.self_signed(PrivateKey::generate_p256().unwrap()).unwrap();
        let options = xades::Options::v1(client.clock().now());
        let document = xades::sign(b"<a xmlns=\"urn:x\"></a>", &certificate, &options).unwrap();
        client.send(&common::RegisterAccessPoint::new(document)).await
    };
    refused(register("nobody").await, 21420, ErrorKind::Signature);
    register("PPL999998").await.unwrap();
    refused(register("PPL999998").await, 21421, ErrorKind::Conflict);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn marks_and_roles_are_refused_by_name() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let seller = owner(&client, &sandbox).await;
    let buyer = session(&client, &sandbox, BETA).await;
    let number = issued(&seller, &invoice("M/1")).await.number;
    let nowhere = NOWHERE.parse().unwrap();
    refused(buyer.hide(&nowhere, "x").await, 21169, ErrorKind::NotFound);
    refused(seller.hide(&number, "x").await, 21186, ErrorKind::Forbidden);
    refused(buyer.show(&number, "x").await, 21188, ErrorKind::Conflict);
    refused(seller.report_scam(&number, "x").await, 21189, ErrorKind::Forbidden);
    refused(buyer.cancel_scam(&number, "x").await, 21191, ErrorKind::Conflict);
    for element in [buyer.hide(&number, "x").await, buyer.report_scam(&number, "x").await] {
        buyer.wait_for(&element.unwrap(), &quick()).await.unwrap();
    }
    refused(buyer.hide(&number, "x").await, 21187, ErrorKind::Conflict);
    refused(buyer.report_scam(&number, "x").await, 21190, ErrorKind::Conflict);

    let grant = |to: wire::GranteeIdentifier, role: wire::Role| {
        credentials::Grant::new(to, [wire::DescribedRole::new("nowa rola", role)])
    };
    let person = || wire::GranteeIdentifier::Pesel("00810100026".to_owned());
    let provider = wire::GranteeIdentifier::Peppol("PPL000001".to_owned());
    let reader = grant(provider, wire::Role::InvoiceRead);
    refused(seller.change_credentials(&reader).await, 21422, ErrorKind::Invalid);
    let wrong = grant(person(), wire::Role::SelfInvoicing);
    refused(seller.change_credentials(&wrong).await, 21306, ErrorKind::Invalid);
    let reader = grant(person(), wire::Role::InvoiceRead);
    let element = seller.change_credentials(&reader).await.unwrap();
    seller.wait_for(&element, &quick()).await.unwrap();
    refused(seller.change_credentials(&reader).await, 21192, ErrorKind::Conflict);
    let role = wire::StandardRole::new(wire::Role::InvoiceWrite);
    let revoke = credentials::Revoke::new(person(), [role]);
    refused(seller.change_credentials(&revoke).await, 21168, ErrorKind::NotFound);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn searches_and_payments_are_refused_by_name() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let alfa = session(&client, &sandbox, ALFA).await;
    let first = issued(&alfa, &invoice("P/1")).await.number;
    issued(&alfa, &invoice("P/2")).await;
    let none = queries::InvoicesStatus(NOBODY.parse().unwrap());
    refused(alfa.send(&none).await, 21175, ErrorKind::NotFound);
    let at = |text: &str| text.parse().unwrap();
    let (from, to) = (at("2026-01-31T00:00:00Z"), at("2026-01-31T16:00:00Z"));
    let criteria =
        wire::QueryCriteriaInvoiceIncremental::new(from, to, wire::SubjectRole::Subject1);
    let query = queries::Invoices::new(wire::QueryCriteriaInvoiceV2::Incremental(criteria));
    sandbox.ksef_v1().set_largest_result(1);
    refused(alfa.send(&query).await, 21177, ErrorKind::TooManyResults);

    let nowhere: KsefNumber = NOWHERE.parse().unwrap();
    let missing = alfa.request_payment_identifier([first.clone(), nowhere]).await;
    refused(missing, 21182, ErrorKind::NotFound);
    let beta = session(&client, &sandbox, BETA).await;
    let foreign = String::from_utf8(invoice_of(BETA, "P/3")).unwrap();
    let (head, tail) = foreign.split_once("<Podmiot2>").unwrap();
    let foreign = format!("{head}<Podmiot2>{}", tail.replacen(BETA, ALFA, 1));
    let second = issued(&beta, foreign.as_bytes()).await.number;
    let sellers = alfa.request_payment_identifier([first.clone(), second]).await;
    refused(sellers, 21181, ErrorKind::Invalid);
    let unpaid = payment_identifiers::ListOfInvoice::new(first);
    refused(alfa.send(&unpaid).await, 21183, ErrorKind::NotFound);
    let unknown = "9990000103-ID202601-0123456789AB-CD".parse().unwrap();
    let unknown = payment_identifiers::ListInvoices::new(unknown);
    refused(alfa.send(&unknown).await, 21184, ErrorKind::NotFound);
    refused(alfa.send(&queries::PaymentIdentifiers::new()).await, 21193, ErrorKind::NotFound);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn batches_are_refused_by_name() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    let client = beside(&sandbox);
    let key = client.authority_key().await.unwrap();
    let packed = async |invoices: Vec<Outgoing>| {
        let preparation = client.batch(context(ALFA), FormCode::FA_2, key.clone());
        preparation.pack(invoices, folder.path()).await.unwrap()
    };
    let one = || vec![Outgoing::bytes("one.xml", invoice("B/1"))];
    let unsigned = packed(one()).await;
    let bare = batch::Init::new(unsigned.to_be_signed().to_vec());
    refused(client.send(&bare).await, 9102, ErrorKind::Signature);
    let stranger = unsigned.sign(&signer(&sandbox, "stranger")).unwrap().announce().await;
    refused(stranger.map_err(|it| it.into_parts().1), 21301, ErrorKind::Forbidden);
    let signed = packed(one()).await.sign(&signer(&sandbox, "seal")).unwrap();
    let again = batch::Init::new(signed.document().to_vec());
    let announced = signed.announce().await.unwrap();
    refused(client.send(&again).await, 21204, ErrorKind::Duplicate);
    let finish = batch::Finish(announced.reference().clone());
    let _ended = announced.upload(1, |_| {}).await.unwrap().finish().await.unwrap();
    refused(client.send(&finish).await, 21151, ErrorKind::SessionEnded);
    let nobody = batch::Finish(NOBODY.parse().unwrap());
    refused(client.send(&nobody).await, 21173, ErrorKind::NotFound);

    let twice = ["a.xml", "b.xml"].map(|name| Outgoing::bytes(name, invoice("B/2")));
    let announced = packed(twice.into()).await.sign(&signer(&sandbox, "seal")).unwrap();
    let uploaded = announced.announce().await.unwrap().upload(1, |_| {}).await.unwrap();
    match uploaded.finish().await.unwrap().wait(&quick()).await.unwrap() {
        batch::BatchOutcome::Rejected(progress) => {
            assert_eq!(progress.exception().map(ExceptionCode::number), Some(21218));
            assert_eq!(progress.step().unwrap().name, "ExportAndInitSP");
        }
        other => panic!("{other:?}"),
    }
    assert_expected(&sandbox);
}
