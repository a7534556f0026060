//! What the README promises to users of other languages: its commands run, its bodies are taken.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use sandbox::{Sandbox, System};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::control::call;

const README: &str = include_str!("../../README.md");

/// What lies under a heading of the second level.
fn section(heading: &str) -> &'static str {
    let (_, rest) = README.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// The blocks of shell commands in a text.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    text.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap())
}

/// The cells of the tables in a text, row by row.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect())
}

/// What stands between back-ticks in a cell.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The first program that is not there.
async fn missing() -> Option<&'static str> {
    for program in ["sh", "curl", "jq", "openssl", "iconv", "od"] {
        let mut command = Command::new(program);
        let found = command.arg("--version").stdin(Stdio::null()).output().await;
        if found.is_err() {
            return Some(program);
        }
    }
    None
}

#[expect(clippy::disallowed_methods, reason = "CI sets a variable to forbid skipping")]
fn skip(reason: &str) {
    assert!(std::env::var_os("FISKUS_REQUIRE_ORACLES").is_none(), "{reason}");
    println!("SKIPPED: {reason}");
}

/// Runs a script in a folder; one that waits for what never comes is stopped.
async fn run(script: &str, folder: &Path) -> Output {
    let mut command = Command::new("sh");
    command.args(["-eu", "-c", script]).current_dir(folder).env("no_proxy", "*");
    command.stdin(Stdio::null()).kill_on_drop(true);
    tokio::time::timeout(Duration::from_secs(300), command.output()).await.unwrap().unwrap()
}

#[tokio::test]
async fn every_command_of_the_walk_throughs_runs() {
    if let Some(program) = missing().await {
        return skip(&format!("{program} is not installed"));
    }
    let sandbox = Sandbox::builder().seed(7).calm().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ready.json"), sandbox.ready().to_string()).unwrap();
    let here = |block: &&str| !block.contains("cargo ");
    let blocks = commands(section("Use it from any language")).filter(here);
    let blocks: Vec<&str> = blocks.collect();
    assert!(blocks.len() > 8);
    let before = sandbox.now();
    let output = run(&blocks.join("\n"), folder.path()).await;
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaints}");
    sandbox.settle().await;
    assert_eq!(sandbox.unexpected(), []);

    assert_eq!(sandbox.kros().documents()[0].external_id.as_deref(), Some("a-1"));
    assert_eq!(sandbox.kros().faults().rules().len(), 1);
    assert_eq!(json!(sandbox.epp().orders())[0]["state"], "executed", "{said}");
    let invoice = sandbox.ksef_v2().invoices().remove(0);
    let confirmed = format!("<NumerKSeFDokumentu>{}", invoice.ksef_number);
    assert!(said.contains(&confirmed), "{said}");
    assert_eq!(sandbox.ksef_v1().sessions().len(), 1, "{said}");
    let register = sandbox.crk().standing("TSA2601000001").unwrap();
    assert!(register.evidence_number.is_some(), "{said}");
    assert!(sandbox.now() - before >= chrono::TimeDelta::hours(12));
}

#[tokio::test]
async fn every_body_of_the_control_table_is_taken() {
    let sandbox = Sandbox::builder().calm().start().await.unwrap();
    let control = sandbox.control_url().unwrap();
    let mut taken = 0;
    for row in rows(section("Control API")) {
        for path in quoted(row[0]).filter_map(|call| call.strip_prefix("GET ")) {
            if !path.contains('{') {
                assert_eq!(call(control, "GET", path, "", "").await.0, 200, "{path}");
            }
        }
        let Some(path) = quoted(row[0]).find_map(|call| call.strip_prefix("POST ")) else {
            continue;
        };
        let body = quoted(row[1]).next().filter(|body| body.starts_with('{'));
        if let Some(body) = body.filter(|body| !body.contains('…')) {
            let answer = call(control, "POST", path, body, "").await;
            assert!(matches!(answer.0, 200 | 204), "{path} {body}: {answer:?}");
            taken += 1;
        }
    }
    assert!(taken > 12, "{taken} bodies");
    let commands = rows(section("Control API")).find(|row| row[0].contains("POST /crk/commands"));
    for command in quoted(commands.unwrap()[1]).skip(1) {
        let command: Value = serde_json::from_str(command).unwrap();
        let body = json!({"uniqueNumber": "TSA2601000001", "command": command}).to_string();
        assert_eq!(call(control, "POST", "/crk/commands", &body, "").await.0, 200, "{body}");
    }
}

#[tokio::test]
async fn every_fault_of_the_table_is_taken_for_every_system() {
    let sandbox = Sandbox::builder().calm().start().await.unwrap();
    let control = sandbox.control_url().unwrap();
    let faults: Vec<Value> = rows(section("Faults"))
        .skip(1) // The head of the table.
        .flat_map(|row| quoted(row[0]).map(serde_json::from_str).collect::<Vec<_>>())
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(faults.len() >= 10);
    for system in System::ALL {
        for fault in &faults {
            let body = json!({"system": system, "rule": {"fault": fault}}).to_string();
            assert_eq!(call(control, "POST", "/faults", &body, "").await.0, 204, "{body}");
        }
    }
    let listed = call(control, "GET", "/faults", "", "").await.1;
    let rules = listed.as_object().unwrap().values();
    let counts: Vec<usize> = rules.map(|rules| rules.as_array().unwrap().len()).collect();
    assert_eq!(counts, [faults.len(); 5]);
    call(control, "DELETE", "/faults", "", "").await;
    assert_eq!(sandbox.ksef_v2().faults().rules(), []);
}
