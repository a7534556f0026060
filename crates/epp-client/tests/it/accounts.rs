//! Accounts and statements.

use std::io::Cursor;

use chrono::NaiveDate;
use epp_client::{
    ErrorKind,
    accounts::{Fetch, List, StatementFormat, StatementUrl},
    model::{AccountStatus, Jbkjs, RequestStatus},
    statement::{Archive, ArchiveLimits, Reading},
};
use futures_util::TryStreamExt;
use http::Method;
use sandbox::{
    Sandbox,
    fault::{Fault, Rule},
};

use crate::support::{SEEDS, assert_expected, calm, client, hostile, once};

#[tokio::test]
async fn every_account_is_listed_once_whatever_form_a_page_has() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = client(&sandbox);
        for per_page in [4, 100] {
            let list = List::new().per_page(per_page);
            let accounts: Vec<_> = client.items(list).try_collect().await.unwrap();
            let mut numbers: Vec<_> =
                accounts.into_iter().map(|account| account.number.unwrap()).collect();
            numbers.sort();
            numbers.dedup();
            assert_eq!(numbers.len(), 25, "{seed}, {per_page} in a page");
        }
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn accounts_are_filtered_and_fetched() {
    let sandbox = calm().await;
    let client = client(&sandbox);
    let approving = List::new().request_status(RequestStatus::Approving);
    let page = client.send(&approving).await.unwrap();
    assert_eq!(page.items.len(), 1);
    let number = sandbox.epp().accounts()[2].number.parse().unwrap();
    let account = client.send(&Fetch(number)).await.unwrap();
    assert_eq!(account.status.unwrap(), AccountStatus::Blocked);
    let error = client.send(&Fetch("1".parse().unwrap())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// A sandbox on the second of February, whose accounts have moved on the first.
async fn in_february() -> Sandbox {
    let now = "2026-02-02T10:00:00Z".parse().unwrap();
    Sandbox::builder().calm().starting_at(now).start().await.unwrap()
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 2, 1).unwrap()
}

fn statement(sandbox: &Sandbox, format: StatementFormat) -> StatementUrl {
    let account = sandbox.epp().accounts().remove(0);
    StatementUrl::daily(&account.number.parse().unwrap(), day(), format)
}

#[tokio::test]
async fn a_statement_is_downloaded_read_and_right() {
    let sandbox = in_february().await;
    let client = client(&sandbox);
    for format in [StatementFormat::Xml, StatementFormat::Json] {
        let archive = client.statement(&statement(&sandbox, format)).await.unwrap();
        let mut archive = Archive::open(Cursor::new(archive), ArchiveLimits::default()).unwrap();
        let read = archive.statement(Reading::Strict).unwrap();
        assert_eq!((read.items.len(), read.audit()), (3, Vec::new()), "{format}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("izvod.zip");
    let length = client.save_statement(&statement(&sandbox, StatementFormat::Pdf), &path).await;
    assert_eq!(std::fs::metadata(&path).unwrap().len(), length.unwrap());
    assert_expected(&sandbox);
}

#[tokio::test]
async fn an_expired_link_is_asked_for_again() {
    let sandbox = in_february().await;
    let client = client(&sandbox);
    let gone = Fault::Reply { status: 410, retry_after: None };
    once(&sandbox, &Method::GET, "/izvodi/{path}", gone);
    let xml = statement(&sandbox, StatementFormat::Xml);
    assert!(!client.statement(&xml).await.unwrap().is_empty());
    sandbox.epp().faults().push(Rule::new(gone).on(&Method::GET, "/izvodi/{path}"));
    assert_eq!(client.statement(&xml).await.unwrap_err().kind(), ErrorKind::Gone);
}

#[tokio::test]
async fn a_special_statement_is_downloaded() {
    let sandbox = in_february().await;
    let client = client(&sandbox);
    let organization: Jbkjs = sandbox.epp().users()[0].organization_id.parse().unwrap();
    let all = StatementUrl::all_accounts(&organization, day());
    let archive = client.statement(&all).await.unwrap();
    assert!(Archive::open(Cursor::new(archive), ArchiveLimits::default()).is_ok());
    assert_expected(&sandbox);
}
