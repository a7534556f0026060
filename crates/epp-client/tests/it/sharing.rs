//! One token for many: clones of a client, and processes that share a store.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use common_core::secret::{ExposeSecret, SecretString, secret_bytes};
use common_store::{Records, SealKey, SealedRecords, SqliteStore};
use epp_client::{Client, ErrorKind, SharedToken, accounts, session::Credentials};
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
    client.session().log_in_as(Credentials::new("prvi", "x".into()));
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
    /// The password of `prvi`; a child without it has nothing but what the store holds.
    password: Option<String>,
}

impl Task {
    fn read(path: &Path) -> Self {
        let told: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        let folder = path.parent().unwrap().to_owned();
        let password = told["password"].as_str().map(str::to_owned);
        Self { folder, holder: text("holder"), api: text("api"), web: text("web"), password }
    }

    fn client(&self) -> Client {
        let environment = epp_client::Environment::at(&self.api, &self.web).unwrap();
        let shared = shared(&self.folder, &self.holder);
        let builder = Client::builder(environment).shared_token(shared);
        let builder = match &self.password {
            Some(password) => {
                builder.credentials(Credentials::new("prvi", password.as_str().into()))
            }
            None => builder,
        };
        builder.build().unwrap()
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

const TOKEN: &str = "epp/prvi";

/// The token in a file that several processes open, sealed with a key that they all know.
fn shared(folder: &Path, holder: &str) -> SharedToken<epp_client::session::TokenPair> {
    let store = open(folder);
    let key = SealKey::new(1, secret_bytes(vec![7; 32])).unwrap();
    let sealed = SealedRecords::new(store.clone(), key);
    SharedToken::new(Arc::new(sealed), Arc::new(store), TOKEN, holder)
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder.join("tokens.db")).unwrap()
}

/// Whether the store holds a token, and neither of its two parts readable.
async fn is_sealed(folder: &Path, pair: &epp_client::session::TokenPair) -> bool {
    let value = open(folder).get(TOKEN).await.unwrap().unwrap().value;
    let shows = |secret: &SecretString| {
        let secret = secret.expose_secret().as_bytes();
        value.windows(secret.len()).any(|part| part == secret)
    };
    !shows(pair.access_token()) && !shows(pair.refresh_token())
}

/// Whether children may log in themselves.
#[derive(Clone, Copy)]
enum Login {
    Theirs,
    None,
}

/// Starts the test of that name in other processes, where each finds its task and does it, all at
/// once.
async fn children(sandbox: &sandbox::Sandbox, folder: &Path, test: &str, login: Login) {
    let children: Vec<_> = (0..PROCESSES)
        .map(|number| child(sandbox, folder, &number.to_string(), test, login))
        .collect();
    wait_for(folder, "ready").await;
    std::fs::write(folder.join("go"), "").unwrap();
    for mut child in children {
        assert!(child.wait().await.unwrap().success());
    }
    wait_for(folder, "done").await;
}

fn child(
    sandbox: &sandbox::Sandbox,
    folder: &Path,
    holder: &str,
    test: &str,
    login: Login,
) -> tokio::process::Child {
    let epp = sandbox.epp();
    let password = match login {
        Login::Theirs => Some(epp.user("prvi").unwrap().password().to_owned()),
        Login::None => None,
    };
    let (api, web) = (epp.base_url(), epp.web_url());
    let task = json!({"holder": holder, "api": api, "web": web, "password": password});
    let path = folder.join(format!("task-{holder}.json"));
    std::fs::write(&path, task.to_string()).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
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

/// The task, in a child process.
#[expect(clippy::disallowed_methods, reason = "a child process of a test is told so")]
fn task() -> Option<Task> {
    std::env::var_os(ORDERS).map(|path| Task::read(Path::new(&path)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_without_a_token_log_in_once() {
    if let Some(task) = task() {
        return task.run().await;
    }
    let sandbox = calm().await;
    let (folder, epp) = (tempfile::tempdir().unwrap(), sandbox.epp());
    let slowly = Rule::new(Fault::DelayBefore { ms: 1_000 }).on(&Method::POST, "/login");
    epp.faults().push(slowly);
    let test = "sharing::four_processes_without_a_token_log_in_once";
    children(&sandbox, folder.path(), test, Login::Theirs).await;
    let told = epp.statistics();
    assert_eq!((told.logins, told.refreshes, told.unauthenticated), (1, 0, 0));
    assert_expected(&sandbox);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_with_an_expired_token_refresh_once() {
    if let Some(task) = task() {
        return task.run().await;
    }
    let sandbox = calm().await;
    let (folder, epp) = (tempfile::tempdir().unwrap(), sandbox.epp());
    let parent = over_socket(&sandbox, "prvi").shared_token(shared(folder.path(), "parent"));
    let parent = parent.build().unwrap();
    parent.send(&accounts::List::new()).await.unwrap();
    epp.expire_tokens();
    slow_down(epp);

    let test = "sharing::four_processes_with_an_expired_token_refresh_once";
    children(&sandbox, folder.path(), test, Login::None).await;
    let told = epp.statistics();
    assert_eq!((told.logins, told.refreshes, told.refused_refreshes), (1, 1, 0));
    assert_eq!(told.unauthenticated, PROCESSES as u64, "each of them was refused");
    // The parent goes on with the token that one of its children got.
    parent.send(&accounts::List::new()).await.unwrap();
    assert_eq!((epp.logins(), epp.refreshes()), (1, 1));
    assert!(is_sealed(folder.path(), &parent.session().export().await.unwrap()).await);
    assert_expected(&sandbox);
}
