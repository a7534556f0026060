//! The operations of sessions as bytes.

use common_http::Paged;

use super::*;
use crate::v2::client::testing::{
    INVOICE, KSEF_NUMBER, SESSION, UPO, bare, base, read, read_example, reference, refused, shown,
};

#[test]
fn sessions_are_listed_by_kind_time_and_state() {
    let time = "2026-01-01T00:00:00.5Z".parse().unwrap();
    let list = List::new(SessionType::Online)
        .created_from(time)
        .created_from(time)
        .states([SessionState::InProgress, SessionState::Failed])
        .page_size(10);
    let query = "sessionType=Online&dateCreatedFrom=2026-01-01T00%3A00%3A00.500Z&\
                 statuses=InProgress&statuses=Failed&pageSize=10";
    assert_eq!(shown(&list), bare("GET", &format!("/sessions?{query}")));
    assert_eq!(refused(&list.clone().page_size(1001)), "pageSize");
    if let Some(page) = read_example::<List>("200") {
        assert!(list.next(&page).is_some());
        assert_eq!(List::items(page)[0].status.as_ref().unwrap().code, 200);
    }
}

#[test]
fn the_state_of_a_session_is_read_with_links_that_do_not_show() {
    let status = Status(reference(SESSION));
    assert_eq!(shown(&status), bare("GET", &format!("/sessions/{SESSION}")));
    let body = format!(
        r#"{{"status":{{"code":200,"description":"x"}},"upo":{{"pages":[
        {{"referenceNumber":"{UPO}","downloadUrl":"https://canary.example.test/a?sig=1"}}]}}}}"#
    );
    let answer = read::<Status>(body).unwrap();
    assert!(!format!("{answer:?}").contains("canary"));
    if let Some(answer) = read_example::<Status>("200") {
        assert_eq!(answer.invoice_count, Some(10));
        assert_eq!(answer.upo.unwrap().pages.len(), 1);
    }
}

#[test]
fn invoices_are_listed_all_or_failed() {
    let all = Invoices::new(reference(SESSION));
    let path = format!("/sessions/{SESSION}/invoices");
    assert_eq!(shown(&all), bare("GET", &format!("{path}?pageSize=1000")));
    let failed = FailedInvoices::new(reference(SESSION)).page_size(10);
    assert_eq!(shown(&failed), bare("GET", &format!("{path}/failed?pageSize=10")));
    let page = read::<Invoices>(r#"{"continuationToken":null,"invoices":[]}"#).unwrap();
    assert_eq!((all.next(&page), failed.next(&page)), (None, None));
    if let (Some(all), Some(failed)) =
        (read_example::<Invoices>("200"), read_example::<FailedInvoices>("200"))
    {
        assert!(all.invoices[0].ksef_number.is_some());
        assert_eq!(failed.invoices[0].status.code, 440);
    }
}

#[test]
fn an_invoice_that_was_sent_before_names_the_first_one() {
    let status = InvoiceStatus::new(reference(SESSION), reference(INVOICE));
    assert_eq!(shown(&status), bare("GET", &format!("/sessions/{SESSION}/invoices/{INVOICE}")));
    let body = format!(
        r#"{{"ordinalNumber":1,"referenceNumber":"{INVOICE}","invoiceHash":"x",
        "status":{{"code":440,"extensions":{{"originalKsefNumber":"N","future":null}}}}}}"#
    );
    let answer = read::<InvoiceStatus>(body).unwrap();
    assert_eq!(answer.status.extensions["originalKsefNumber"].as_deref(), Some("N"));
    if let Some(answer) = read_example::<InvoiceStatus>("200") {
        assert!(answer.status.extensions.contains_key("originalSessionReferenceNumber"));
    }
}

#[test]
fn confirmations_are_asked_for_as_xml_in_three_ways() {
    let number = KSEF_NUMBER.parse().unwrap();
    let by_number = UpoByKsefNumber::new(reference(SESSION), number);
    let of_invoice = UpoOfInvoice::new(reference(SESSION), reference(INVOICE));
    let page = Upo::new(reference(SESSION), reference(UPO));
    let start = format!("GET {}/sessions/{SESSION}", base());
    let xml = "accept: application/xml";
    assert_eq!(shown(&by_number), format!("{start}/invoices/ksef/{KSEF_NUMBER}/upo\n{xml}"));
    assert_eq!(shown(&of_invoice), format!("{start}/invoices/{INVOICE}/upo\n{xml}"));
    assert_eq!(shown(&page), format!("{start}/upo/{UPO}\n{xml}"));
    let bytes = &b"<Potwierdzenie/>"[..];
    assert_eq!(read::<UpoByKsefNumber>(bytes).unwrap().bytes(), bytes);
    assert_eq!(read::<UpoOfInvoice>(bytes).unwrap(), read::<Upo>(bytes).unwrap());
}
