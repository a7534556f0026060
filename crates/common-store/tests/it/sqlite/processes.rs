//! Several processes on one file: real ones, started from this very test.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use common_store::{Change, Expect, Journals, Leases, Records, SqliteStore, Swap};

use super::{entries, place};

/// Tells the test that it runs as a child, and for which file.
const CHILD: &str = "COMMON_STORE_TEST_CHILD";
const NAME: &str = "sqlite::processes::several_processes_share_one_file";
const CHILDREN: u64 = 4;
const STEPS: u64 = 25;

#[tokio::test]
async fn several_processes_share_one_file() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one way to tell the test that it is a child"
    )]
    if let Some(path) = std::env::var_os(CHILD) {
        return child(Path::new(&path)).await;
    }
    let (_folder, path) = place();
    // No file is there yet: they also race to make it.
    let children: Vec<_> = (0..CHILDREN).map(|_| start(&path)).collect();
    let mut doomed = start(&path);
    tokio::time::sleep(Duration::from_millis(60)).await;
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }

    let store = SqliteStore::open(&path).unwrap();
    let count = store.get("count").await.unwrap().unwrap().value;
    let entries = entries(&store, "j").await;
    let own = CHILDREN * STEPS;
    let (counted, appended) = (number(&count), entries.len() as u64);
    // The killed one did some of its steps; it appends before it counts.
    assert!((own..=own + STEPS).contains(&counted), "{counted}");
    assert!(appended == counted || appended == counted + 1, "{appended} {counted}");
    let mut fences: Vec<_> = entries.iter().map(|entry| number(&entry.payload)).collect();
    fences.sort_unstable();
    fences.dedup();
    assert_eq!(fences.len() as u64, appended, "each fence was given once");
}

fn start(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--quiet"])
        .env(CHILD, path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Takes a lease of its own, writes its fence down under it, and counts what all have done.
async fn child(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let me = std::process::id().to_string();
    for _ in 0..STEPS {
        let lease = store.acquire(&me, &me, Duration::from_secs(60)).await.unwrap().unwrap();
        let fence = lease.fence.number().to_be_bytes().to_vec();
        store.append("j", vec![fence], Some(&lease)).await.unwrap();
        count(&store).await;
    }
}

async fn count(store: &SqliteStore) {
    loop {
        let current = store.get("count").await.unwrap();
        let next = current.as_ref().map_or(0, |record| number(&record.value)) + 1;
        let expect = current.map_or(Expect::Absent, |record| Expect::Version(record.version));
        let put = Change::Put { value: next.to_be_bytes().to_vec(), expires_at: None };
        if let Swap::Done(_) = store.swap("count", expect, put, None).await.unwrap() {
            return;
        }
    }
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap())
}
