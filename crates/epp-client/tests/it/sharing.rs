//! One token for many: clones of a client, and processes that share a store.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use common_store::SqliteStore;
use epp_client::{Client, ErrorKind, SharedToken, accounts};
use futures_util::future::join_all;
use http::Method;
use sandbox::{
    epp::Epp,
    fault::{Fault, Rule},
};
use serde_json::{Value, json};
use tokio::{process::Command, time::sleep};

use crate::support::{assert_expected, beside, calm, client_of, in_process, over_socket};

const PROCESSES: usize = 4;

/// Names the file from which a child process of these tests learns what to do.
const ORDERS: &str = "EPP_CLIENT_TEST_PROCESS";

/// Makes lists slow enough that everybody has taken the expired token before the first is refused,
/// and a refresh slow enough that everybody has been refused before there is another one.
fn slow_down(epp: &Epp) {
    let rule = |fault, path| Rule::new(fault).on(&Method::GET, path);
    epp.faults().clear();
    epp.faults().push(rule(Fault::DelayBefore { ms: 200 }, "/bank-accounts"));
    epp.faults().push(rule(Fault::DelayAfter { ms: 200 }, "/bank-accounts"));
    epp.faults().push(rule(Fault::DelayBefore { ms: 1_000 }, "/login/refresh"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_clones_with_an_expired_token_refresh_once() {
    let sandbox = calm().await;
    let (client, epp) = (client_of(&sandbox), sandbox.epp());
    client.send(&accounts::List::new()).await.unwrap();
    for round in 1..=3 {
        epp.expire_tokens();
        slow_down(epp);
        let calls = (0..16).map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.send(&accounts::List::new()).await })
        });
        for result in join_all(calls).await {
            assert_eq!(result.unwrap().unwrap().items.len(), 20);
        }
        assert_eq!((epp.logins(), epp.refreshes()), (1, round));
    }
    assert_eq!(epp.statistics().unauthenticated, 3 * 16, "each of them was refused");
    assert_eq!(epp.statistics().early_refreshes, 0);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn sixteen_clones_with_a_wrong_password_ask_once() {
    let sandbox = in_process().await;
    let client = beside(&sandbox, "prvi");
    client.session().log_in_as(epp_client::session::Credentials::new("prvi", "x".into()));
    let calls = (0..16).map(|_| async { client.send(&accounts::List::new()).await });
    for result in join_all(calls).await {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::LoginRefused);
    }
    assert_eq!(sandbox.epp().statistics().refused_logins, 1);
    assert_expected(&sandbox);
}

/// What a child process is told.
struct Task {
    folder: PathBuf,
    holder: String,
    api: String,
    web: String,
}

impl Task {
    fn read(path: &Path) -> Self {
        let told: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        let folder = path.parent().unwrap().to_owned();
        Self { folder, holder: text("holder"), api: text("api"), web: text("web") }
    }

    /// A client without a login: all it has is what the store holds.
    fn client(&self) -> Client {
        let environment = epp_client::Environment::at(&self.api, &self.web).unwrap();
        let shared = shared(&self.folder, &self.holder);
        Client::builder(environment).shared_token(shared).build().unwrap()
    }

    /// Says that it is there, waits for the others, and makes one call.
    async fn run(self) {
        let client = self.client();
        std::fs::write(self.folder.join(format!("ready-{}", self.holder)), "").unwrap();
        while !self.folder.join("go").exists() {
            sleep(Duration::from_millis(2)).await;
        }
        let page = client.send(&accounts::List::new()).await.unwrap();
        assert_eq!(page.items.len(), 20);
        std::fs::write(self.folder.join(format!("done-{}", self.holder)), "").unwrap();
    }
}

fn shared(folder: &Path, holder: &str) -> SharedToken<epp_client::session::TokenPair> {
    let store = Arc::new(SqliteStore::open(folder.join("tokens.db")).unwrap());
    SharedToken::new(store.clone(), store, "epp/prvi", holder)
}

/// Starts this very test in another process, where it finds its task and does it.
fn child(sandbox: &sandbox::Sandbox, folder: &Path, holder: &str) -> tokio::process::Child {
    let epp = sandbox.epp();
    let task = json!({"holder": holder, "api": epp.base_url(), "web": epp.web_url()});
    let path = folder.join(format!("task-{holder}.json"));
    std::fs::write(&path, task.to_string()).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sharing::four_processes_with_an_expired_token_refresh_once"])
        .env(ORDERS, path)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn wait_for(folder: &Path, name: &str) {
    for _ in 0..6_000 {
        if (0..PROCESSES).all(|number| folder.join(format!("{name}-{number}")).exists()) {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("not every process was {name} in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_with_an_expired_token_refresh_once() {
    #[expect(clippy::disallowed_methods, reason = "a child process of this test is told so")]
    if let Some(task) = std::env::var_os(ORDERS) {
        return Task::read(Path::new(&task)).run().await;
    }
    let sandbox = calm().await;
    let (folder, epp) = (tempfile::tempdir().unwrap(), sandbox.epp());
    let parent = over_socket(&sandbox, "prvi").shared_token(shared(folder.path(), "parent"));
    let parent = parent.build().unwrap();
    parent.send(&accounts::List::new()).await.unwrap();
    epp.expire_tokens();
    slow_down(epp);

    let children: Vec<_> =
        (0..PROCESSES).map(|number| child(&sandbox, folder.path(), &number.to_string())).collect();
    wait_for(folder.path(), "ready").await;
    std::fs::write(folder.path().join("go"), "").unwrap();
    for mut child in children {
        assert!(child.wait().await.unwrap().success());
    }
    wait_for(folder.path(), "done").await;
    let told = epp.statistics();
    assert_eq!((told.logins, told.refreshes, told.refused_refreshes), (1, 1, 0));
    assert_eq!(told.unauthenticated, PROCESSES as u64, "each of them was refused");
    // The parent goes on with the token that one of its children got.
    parent.send(&accounts::List::new()).await.unwrap();
    assert_eq!((epp.logins(), epp.refreshes()), (1, 1));
    assert_expected(&sandbox);
}
