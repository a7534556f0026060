//! The catalogue against the contract, the published lists, and itself.

use std::{collections::BTreeSet, path::PathBuf};

use serde_json::Value;

use super::*;
use crate::v2::operations;

/// A file of the published material, when it is beside the repository.
fn published(name: &str) -> Option<Value> {
    let place = "../../../shared/reference/ksef-v2/tables";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(place).join(name);
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("SKIPPED: the published lists of codes are not beside the repository");
        return None;
    };
    serde_json::from_str(&text).unwrap()
}

fn process(published: &str) -> Process {
    match published {
        "authentication" => Process::Authentication,
        "session_batch" => Process::BatchSession,
        "certificate_enrollment" => Process::CertificateEnrollment,
        "export" => Process::Export,
        "invoice" => Process::Invoice,
        "session_interactive" => Process::OnlineSession,
        "permission_operation" => Process::PermissionOperation,
        other => panic!("{other} is a process that the catalogue does not know"),
    }
}

#[test]
fn every_code_of_the_contract_has_words() {
    let codes = operations::ALL.iter().flat_map(|operation| operation.codes);
    let codes: BTreeSet<_> = codes.map(|number| ErrorCode::new(*number)).collect();
    assert_eq!(codes.len(), 54);
    assert_eq!(codes, ErrorCode::known().collect());
    for code in codes {
        assert!(code.meaning().is_some_and(|words| !words.ends_with('.')), "{code}");
        assert!(code.advice().is_some() && code.retryable().is_some(), "{code}");
    }
}

#[test]
fn every_published_error_has_words() {
    let Some(Value::Object(list)) = published("exception-codes.json") else { return };
    assert_eq!(list.len(), 54);
    for number in list.keys() {
        let code = ErrorCode::new(number.parse().unwrap());
        assert!(code.meaning().is_some(), "{code}");
    }
}

#[test]
fn every_published_status_has_words_and_the_published_class() {
    let Some(Value::Object(lists)) = published("status-codes.json") else { return };
    assert_eq!(lists.len(), Process::ALL.len());
    for (name, list) in lists {
        let process = process(&name);
        let numbers: BTreeSet<_> =
            list.as_array().unwrap().iter().map(|row| row["code"].as_i64().unwrap()).collect();
        let known: BTreeSet<_> = process.known().map(|code| i64::from(code.number())).collect();
        assert_eq!(known, numbers, "{name}");
        for row in list.as_array().unwrap() {
            let code = process.code(i32::try_from(row["code"].as_i64().unwrap()).unwrap());
            let class = match row["class"].as_str().unwrap() {
                "pending" => Class::Pending,
                "success" => Class::Done,
                "expired" => Class::Over,
                "failure" => Class::Failed,
                "retryable failure" => Class::Cancelled,
                other => panic!("{other} is no class"),
            };
            assert_eq!(code.class(), class, "{name} {code}");
        }
    }
}

#[test]
fn what_is_under_way_is_asked_for_again_and_what_is_done_is_not() {
    for code in Process::ALL.into_iter().flat_map(Process::known) {
        let retry = code.retryable().unwrap();
        match code.class() {
            Class::Pending => assert_eq!(retry, Retry::Later, "{code:?}"),
            Class::Done => assert_eq!(retry, Retry::Never, "{code:?}"),
            Class::Over | Class::Cancelled | Class::Failed => {}
        }
    }
}

#[test]
fn a_number_means_what_its_process_says_and_an_unknown_one_nothing() {
    let meaning = |process: Process| process.code(440).meaning().unwrap();
    assert_ne!(meaning(Process::Invoice), meaning(Process::BatchSession));
    let unknown = Process::Export.code(-1);
    assert_eq!((unknown.meaning(), unknown.advice(), unknown.retryable()), (None, None, None));
    let unknown = ErrorCode::new(29999);
    assert_eq!((unknown.meaning(), unknown.advice(), unknown.retryable()), (None, None, None));
    assert_eq!(ErrorCode::new(21165).retryable(), Some(Retry::Later));
}
