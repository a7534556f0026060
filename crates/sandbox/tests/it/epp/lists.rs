//! Accounts and payment orders in lists: filters, order, pages and their shapes.

use std::collections::BTreeSet;
use std::time::Duration;

use sandbox::Sandbox;
use sandbox::epp::PageShape;
use serde_json::{Value, json};
use tokio::time::advance;

use super::client::{CREDITOR, Caller, DEBTOR, calm, login, order};

async fn numbers(caller: &Caller, query: &str) -> Vec<String> {
    let payload = caller.get(&format!("/bank-accounts?PerPage=100&{query}")).await.payload();
    let items = payload["items"].as_array().unwrap().clone();
    items.iter().map(|one| one["number"].as_str().unwrap().to_owned()).collect()
}

async fn ids(caller: &Caller, query: &str) -> Vec<u64> {
    let payload = caller.get(&format!("/payment-orders?PerPage=100&{query}")).await.payload();
    payload["items"].as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_user_sees_the_accounts_of_the_own_organisation() {
    let sandbox = calm().await;
    for (name, count) in [("prvi", 25), ("treci", 3)] {
        let caller = login(sandbox.epp(), name).await;
        assert_eq!(numbers(&caller, "").await.len(), count);
    }
    let caller = login(sandbox.epp(), "treci").await;
    assert_eq!(caller.get("/bank-accounts/0000000911000").await.status, 200);
    let other = caller.get("/bank-accounts/0000000910000").await;
    assert_eq!((other.status, other.code().as_str()), (404, "NotFound"));
}

#[tokio::test]
async fn an_account_has_every_documented_attribute() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "prvi").await;
    let account = caller.get("/bank-accounts/0000000910000").await.payload();
    let expected = json!({
        "organizationId": "90001", "organizationName": "IZMIŠLJENA USTANOVA",
        "organizationType": 1, "bank": "840", "number": "0000000910000", "controlNumber": "96",
        "ownerOrganizationId": "90001", "ownerOrganizationType": 1,
        "ownerOrganizationName": "IZMIŠLJENA USTANOVA", "requestStatus": 2,
        "name": "RAČUN 0 IZMIŠLJENA USTANOVA", "localName": "", "activity": 1, "status": 0,
        "organizationalUnitNumber": "40200", "treasury": "601", "permission": 1, "type": 1,
        "maxAmount": 10_000_000,
    });
    assert_eq!(account, expected);
}

#[tokio::test]
async fn every_account_filter_chooses() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "prvi").await;
    for (query, count) in [
        ("filter[Number]=0000000910003", 1),
        ("filter[Number]=910003", 0),
        ("filter[Name]=račun 1 ", 1),
        ("filter[OrganizationId]=90001", 25),
        ("filter[OrganizationId]=90002", 0),
        ("filter[OrganizationalUnitNumber]=40211", 12),
        ("filter[RequestStatus]=2", 21),
        ("filter[RequestStatus]=5", 1),
        ("filter[RequestPermission]=1", 11),
        ("filter[Type]=3", 3),
        ("filter[Type]=1&filter[RequestPermission]=1&filter[RequestStatus]=2", 7),
    ] {
        let query = query.replace(' ', "%20").replace('č', "%C4%8D");
        assert_eq!(numbers(&caller, &query).await.len(), count, "{query}");
    }
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test]
async fn accounts_are_sorted_and_paged() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "prvi").await;
    let descending = numbers(&caller, "SortBy=number&SortDesc=desc").await;
    let mut ascending = numbers(&caller, "SortBy=Number&SortDesc=asc").await;
    ascending.reverse();
    assert_eq!(descending, ascending);
    let mut paged = Vec::new();
    for page in 1..=4 {
        let path = format!("/bank-accounts?perPage=10&page={page}");
        let payload = caller.get(&path).await.payload();
        assert_eq!(payload["totalCount"], 25);
        paged.push(payload["items"].as_array().unwrap().len());
    }
    assert_eq!(paged, [10, 10, 5, 0]);
    let usual = caller.get("/bank-accounts").await.payload();
    assert_eq!(usual["items"].as_array().unwrap().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn every_order_filter_chooses() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let mut second = order("b", "20.50");
    second["PaymentCode"] = json!(240);
    second["CreditorName"] = json!("Drugi poverilac");
    second["CreditorBankAccount"] = json!(DEBTOR);
    second["CreditorCode"] = json!("7");
    let first = caller.create(&[order("a", "10")]).await[0];
    advance(Duration::from_secs(60)).await;
    let second = caller.create(&[second]).await[0];
    let tag = caller.start(&[second]).await;
    assert_eq!(ids(&caller, &format!("filter[SystemTag]={tag}")).await, [second]);
    caller.confirm(&tag).await.payload();
    epp.settle().await;
    let tag = epp.payments()[0].payment_tag.clone().unwrap();

    for (query, chosen) in [
        (format!("filter[DebtorBankAccount]={DEBTOR}"), vec![first, second]),
        (format!("filter[DebtorBankAccount]={CREDITOR}"), vec![]),
        ("filter[PaymentCode]=240".to_owned(), vec![second]),
        ("filter[AmountFrom]=10.01".to_owned(), vec![second]),
        ("filter[AmountFrom]=10&filter[AmountTo]=10.00".to_owned(), vec![first]),
        ("filter[CreditorName]=DRUGI".to_owned(), vec![second]),
        (format!("filter[CreditorBankAccount]={CREDITOR}"), vec![first]),
        ("filter[CreditorCode]=7".to_owned(), vec![second]),
        ("filter[CreatedDateFrom]=2026-01-31T12:01:00".to_owned(), vec![second]),
        ("filter[CreatedDateTo]=2026-01-31T12:00:59".to_owned(), vec![first]),
        ("filter[CreatedDateFrom]=2026-02-01".to_owned(), vec![]),
        ("filter[PaymentDateFrom]=2026-01-31".to_owned(), vec![second]),
        ("filter[PaymentDateTo]=2026-01-30".to_owned(), vec![]),
        (format!("filter[SystemTag]={tag}"), vec![second]),
        ("filter[UserTag]=a".to_owned(), vec![first]),
        ("filter[UserTag]=proba".to_owned(), vec![first, second]),
        (format!("filter[IdFrom]={second}"), vec![second]),
        (format!("filter[IdTo]={first}"), vec![first]),
        ("SortBy=amount&SortDesc=desc".to_owned(), vec![second, first]),
        ("SortBy=createdDate&SortDesc=desc".to_owned(), vec![second, first]),
        ("SortBy=paymentDate".to_owned(), vec![first, second]),
    ] {
        assert_eq!(ids(&caller, &query).await, chosen, "{query}");
    }
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test]
async fn values_that_a_list_cannot_take_are_refused() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "prvi").await;
    caller.create(&[order("a", "1")]).await;
    for query in [
        "PerPage=0",
        "Page=zero",
        "SortDesc=true",
        "SortBy=colour",
        "filter[AmountFrom]=1,5",
        "filter[CreatedDateFrom]=31.1.2026",
        "filter[IdFrom]=x",
    ] {
        let answer = caller.get(&format!("/payment-orders?{query}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{query}");
    }
    assert_eq!(sandbox.unexpected(), []);
    caller.get("/payment-orders?filter[ExternalId]=a").await.payload();
    assert_eq!(sandbox.unexpected()[0].what, "unknown parameter filter[ExternalId]");
}

#[tokio::test]
async fn each_page_shape_can_be_asked_for() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "treci").await;
    for (shape, member, total) in [
        (PageShape::Items, "items", Some(("totalCount", json!(3)))),
        (PageShape::Data, "data", Some(("total", json!(3)))),
        (PageShape::Rows, "rows", Some(("count", json!(2)))),
        (PageShape::Results, "results", Some(("totalRecords", json!("3")))),
        (PageShape::Bare, "", None),
    ] {
        sandbox.epp().set_page_shape(shape);
        let payload = caller.get("/bank-accounts?PerPage=2").await.payload();
        let entries = if member.is_empty() { &payload } else { &payload[member] };
        assert_eq!(entries.as_array().map(Vec::len), Some(2), "{shape:?}");
        if let Some((name, value)) = total {
            assert_eq!(payload[name], value);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn seeds_bring_every_page_shape_small_pages_and_lost_zeros() {
    let (mut shapes, mut sizes, mut forms) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for seed in 0..40 {
        let sandbox = Sandbox::builder().seed(seed).without_sockets().start().await.unwrap();
        let epp = sandbox.epp();
        let password = epp.user("prvi").unwrap().password().to_owned();
        let answer = super::client::try_login(epp, "prvi", &password).await;
        if answer.status != 200 {
            continue;
        }
        let access = answer.payload()["accessToken"].as_str().unwrap().to_owned();
        let caller = Caller { epp: epp.clone(), access, refresh: String::new() };
        let answer = caller.get("/bank-accounts?PerPage=25").await;
        if answer.status != 200 {
            continue;
        }
        let payload = answer.payload();
        let known = ["items", "data", "rows", "results"];
        let member = known.into_iter().find(|name| payload.get(name).is_some());
        let entries = member.map_or(&payload, |member| &payload[member]).as_array().unwrap();
        sizes.insert(entries.len());
        forms.extend(entries.iter().map(|one| one["number"].is_string()));
        shapes.insert(member);
    }
    assert_eq!((shapes.len(), forms.len()), (5, 2));
    assert_eq!(sizes, BTreeSet::from([20, 25]), "the largest page of some is smaller");
}

#[tokio::test]
async fn one_order_has_every_documented_attribute() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "prvi").await;
    let id = caller.create(&[order("a", "17139.66")]).await[0];
    let shown = caller.get(&format!("/payment-orders/{id}")).await.payload();
    assert_eq!(shown.as_object().unwrap().len(), 39);
    assert_eq!(shown["amount"].to_string(), "17139.66");
    assert_eq!(shown["debtorBankAccountNumber"], "0000000910000");
    assert_eq!(shown["createdDate"], "31.1.2026T12:00:00");
    assert_eq!(shown["createdUserName"], "Измишљени Први");
    assert_eq!(shown["userTags"], json!(["proba", "a"]));
    for name in ["transactionId", "paymentDate", "modifiedDate"] {
        assert_eq!(shown.get(name), Some(&Value::Null), "{name}");
    }
    let other = login(sandbox.epp(), "treci").await;
    for (caller, path) in [(&other, id.to_string()), (&caller, "1".into()), (&caller, "x".into())] {
        assert_eq!(caller.get(&format!("/payment-orders/{path}")).await.status, 404);
    }
}
