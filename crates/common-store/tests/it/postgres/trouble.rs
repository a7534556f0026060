//! Connections that break, statements that the server undoes, settings that would lose something.

use std::time::Duration;

use common_store::{
    Change, Expect, Leases as _, PostgresStore, Records, StoreErrorKind, Swap,
    postgres::PostgresOptions,
};

use super::Place;

fn put(value: &str) -> Change {
    Change::Put { value: value.into(), expires_at: None }
}

/// Lets a trigger act before each new record, with `tries` to count how often.
async fn before_each_record(place: &Place, act: &str) {
    let sql = format!(
        "CREATE SEQUENCE tries;
         CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN {act}; RETURN NEW; END $$;
         CREATE TRIGGER trouble BEFORE INSERT ON records
             FOR EACH ROW EXECUTE FUNCTION trouble()"
    );
    place.run(&sql).await;
}

#[tokio::test]
async fn what_the_server_undid_is_tried_again() {
    let Some(place) = Place::new().await else { return };
    let store = place.store().await;
    let act =
        "IF nextval('tries') < 3 THEN RAISE EXCEPTION 'undone' USING ERRCODE = '40001'; END IF";
    before_each_record(&place, act).await;
    let swap = store.swap("k", Expect::Absent, put("v"), None).await.unwrap();
    assert!(matches!(swap, Swap::Done(_)));
    assert_eq!(place.number("SELECT last_value FROM tries").await, 3);
    assert_eq!(store.get("k").await.unwrap().unwrap().value, b"v");
}

#[tokio::test]
async fn trying_again_comes_to_an_end() {
    let Some(place) = Place::new().await else { return };
    let store = place.store().await;
    let act = "PERFORM nextval('tries'); RAISE EXCEPTION 'undone' USING ERRCODE = '40P01'";
    before_each_record(&place, act).await;
    let error = store.swap("k", Expect::Absent, put("v"), None).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(place.number("SELECT last_value FROM tries").await, 5);
    assert_eq!(store.get("k").await.unwrap(), None);
}

#[tokio::test]
async fn other_failures_are_not_tried_again() {
    let Some(place) = Place::new().await else { return };
    let store = place.store().await;
    let act = "PERFORM nextval('tries'); RAISE EXCEPTION 'broken'";
    before_each_record(&place, act).await;
    store.swap("k", Expect::Absent, put("v"), None).await.unwrap_err();
    assert_eq!(place.number("SELECT last_value FROM tries").await, 1);
}

#[tokio::test]
async fn commits_are_durable_whatever_the_role_is_set_to() {
    let Some(place) = Place::new().await else { return };
    let careless = format!("{} options='-c synchronous_commit=off'", place.url);
    let options = PostgresOptions::new(&careless).unwrap().schema(&place.schema);
    let store = PostgresStore::connect_with(options).await.unwrap();
    before_each_record(&place, "NEW.value := current_setting('synchronous_commit')::bytea").await;
    store.swap("k", Expect::Absent, put("v"), None).await.unwrap();
    assert_eq!(store.get("k").await.unwrap().unwrap().value, b"on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_is_told_and_the_next_call_makes_another() {
    let Some(place) = Place::new().await else { return };
    let store = PostgresStore::connect_with(place.options().connections(1)).await.unwrap();
    before_each_record(&place, "PERFORM pg_terminate_backend(pg_backend_pid())").await;
    let error = store.swap("k", Expect::Absent, put("v"), None).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    place.run("DROP TRIGGER trouble ON records").await;
    assert_eq!(store.get("k").await.unwrap(), None, "reading tells whether it happened");
    store.swap("k", Expect::Absent, put("v"), None).await.unwrap();
    assert_eq!(store.get("k").await.unwrap().unwrap().value, b"v");
}

/// The server's process is stopped, as a machine is that lost its power or its network.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_is_given_up() {
    let Some(place) = Place::new().await else { return };
    let options = place.options().connections(1).patience(Duration::from_secs(3));
    let store = PostgresStore::connect_with(options).await.unwrap();
    // A program that leaves its input unread may fail the command.
    let signal = |name: &str, pid: &str| {
        format!("COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; kill -{name} {pid}'")
    };
    let stop = signal("STOP", "%s").replace('\'', "''");
    before_each_record(&place, &format!("EXECUTE format('{stop}', pg_backend_pid())")).await;
    let error = store.swap("k", Expect::Absent, put("v"), None).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.to_string().contains("silent"), "{error:?}");
    assert_eq!(store.get("k").await.unwrap(), None, "the next call makes another connection");
    let stopped = format!(
        "SELECT pid::bigint FROM pg_stat_activity
         WHERE application_name = '{}' AND state = 'active' AND pid <> pg_backend_pid()",
        place.schema
    );
    let pid = place.number(&stopped).await;
    place.run(&signal("CONT", &pid.to_string())).await;
}

#[tokio::test]
async fn what_the_database_cannot_hold_is_refused() {
    let Some(place) = Place::new().await else { return };
    let store = place.store().await;
    let error = store.swap("a\0b", Expect::Absent, put("v"), None).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(store.list("", None, 9).await.unwrap(), []);
    // The farthest times are kept, or cut to what is as good.
    let far = Some(chrono::DateTime::<chrono::Utc>::MAX_UTC);
    let change = Change::Put { value: vec![1], expires_at: far };
    store.swap("far", Expect::Absent, change, None).await.unwrap();
    assert!(store.get("far").await.unwrap().is_some());
    let past = Some(chrono::DateTime::<chrono::Utc>::MIN_UTC);
    let change = Change::Put { value: vec![1], expires_at: past };
    store.swap("past", Expect::Absent, change, None).await.unwrap();
    assert_eq!(store.get("past").await.unwrap(), None);
    assert!(store.acquire("long", "a", Duration::MAX).await.unwrap().is_some());
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_shows_no_password() {
    let url = "host=/nonexistent user=a password=canary dbname=d";
    let error = PostgresStore::connect(url).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(!format!("{error} {error:?}").contains("canary"));
}
