//! Every operation of the contract of KSeF 2.0 is called by a story here and succeeds, in the double's
//! own record; what the double answers has the shape that the contract gives it.
//!
//! The list is the contract itself, so an operation that joins it fails this test until somebody tells
//! its story.

mod invoices;
mod resources;

use std::collections::BTreeSet;

use ksef_client::v2::Client;
use sandbox::{Sandbox, ksef_v2::Limits};

use crate::{
    v2_contexts,
    v2_support::{assert_expected, in_process},
    v2_test_data_support::client,
};

const CONTRACT: &str = include_str!("../../../../fixtures/ksef-v2/contract/operations.json");

/// A sandbox with a client, for one story.
struct Stage {
    sandbox: Sandbox,
    client: Client,
}

impl Stage {
    async fn new() -> Self {
        let sandbox = in_process().await;
        sandbox.ksef_v2().set_limits(Limits::none());
        let client = client(&sandbox);
        Self { sandbox, client }
    }

    /// Method and path of the requests that succeeded; a story sends nothing that a correct client
    /// would not send.
    fn calls(&self) -> BTreeSet<(String, String)> {
        assert_expected(&self.sandbox);
        let requests = self.sandbox.ksef_v2().requests();
        let good = requests.into_iter().filter(|one| matches!(one.status, Some(200..300)));
        good.map(|one| (one.method, one.path.trim_start_matches("/v2").to_owned())).collect()
    }
}

fn contract() -> Vec<(String, String)> {
    let operations: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(CONTRACT).unwrap();
    let names = operations.keys().map(|name| name.split_once(' ').unwrap());
    names.map(|(method, path)| (method.to_owned(), path.to_owned())).collect()
}

/// How many parameters a path has when it fits the template.
fn fits(template: &str, path: &str) -> Option<usize> {
    let (wanted, given): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let pairs = || wanted.iter().zip(&given);
    let is_same = wanted.len() == given.len()
        && pairs().all(|(wanted, given)| wanted.starts_with('{') || wanted == given);
    is_same.then(|| wanted.iter().filter(|part| part.starts_with('{')).count())
}

/// The operation of a call: the one with the fewest parameters, as literal parts win.
fn operation<'a>(
    contract: &'a [(String, String)],
    method: &str,
    path: &str,
) -> Option<&'a (String, String)> {
    let of_method = contract.iter().filter(|operation| operation.0 == method);
    let fitting = of_method.filter_map(|operation| Some((fits(&operation.1, path)?, operation)));
    fitting.min_by_key(|(parameters, _)| *parameters).map(|(_, operation)| operation)
}

/// The operations that no call was one of.
fn missing(contract: &[(String, String)], calls: &BTreeSet<(String, String)>) -> Vec<String> {
    let called: BTreeSet<_> =
        calls.iter().filter_map(|(method, path)| operation(contract, method, path)).collect();
    let missing = contract.iter().filter(|operation| !called.contains(operation));
    missing.map(|(method, path)| format!("{method} {path}")).collect()
}

#[tokio::test(start_paused = true)]
async fn every_operation_succeeds() {
    let mut calls = BTreeSet::new();
    for story in 0..6 {
        let stage = Stage::new().await;
        match story {
            0 => invoices::one_by_one(&stage).await,
            1 => invoices::in_a_batch_and_back(&stage).await,
            2 => resources::permissions(&stage).await,
            3 => resources::tokens_and_certificates(&stage).await,
            4 => resources::invented_subjects(&stage).await,
            _ => {
                v2_contexts::in_a_foreign_buyers_name(&stage.sandbox, &stage.client).await;
                v2_contexts::by_a_provider(&stage.sandbox, &stage.client).await;
            }
        }
        calls.extend(stage.calls());
    }
    let contract = contract();
    assert_eq!(contract.len(), 83);
    assert_eq!(missing(&contract, &calls), [""; 0]);
}

#[test]
fn an_operation_that_nobody_calls_is_named() {
    let contract = contract();
    let call = |method: &str, path: &str| (method.to_owned(), path.to_owned());
    let lists: Vec<_> =
        contract.iter().filter(|it| it.1.starts_with("/auth/sessions/")).cloned().collect();
    assert_eq!(lists.len(), 2);
    // The literal one is not taken for the other, which has a parameter in its place.
    let current = BTreeSet::from([call("DELETE", "/auth/sessions/current")]);
    assert_eq!(missing(&lists, &current), ["DELETE /auth/sessions/{referenceNumber}"]);
    let other = BTreeSet::from([call("DELETE", "/auth/sessions/20260401-AU-x")]);
    assert_eq!(missing(&lists, &other), ["DELETE /auth/sessions/current"]);
    assert_eq!(missing(&lists, &BTreeSet::from([call("GET", "/auth/sessions/x")])).len(), 2);
}
