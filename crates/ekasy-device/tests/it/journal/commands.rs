//! Commands of the repository: each one once.

use ekasy_device::{
    ident::{CommandId, CommandKind},
    journal::{Acceptance, JournalErrorKind, Outcome},
};

use super::{memory, open};

fn command(second: u8) -> CommandId {
    format!("TFD.ABC1700000017.2026-03-01T10:00:{second:02}.000Z").parse().unwrap()
}

#[tokio::test]
async fn a_command_that_is_offered_again_is_known_with_its_outcome() {
    let store = memory();
    let journal = open(store.clone()).await;
    let accepted = journal.accept_command(&command(1), r#"{"a":"ł"}"#).await.unwrap();
    assert_eq!(accepted, Acceptance::New);
    let at = "2026-03-01T10:01:00.000Z".parse().unwrap();
    let failed = Outcome::Failed("the printer has no paper".into());
    let open_ones = open(store.clone()).await.open_commands().await.unwrap();
    assert_eq!(open_ones.len(), 1);
    assert_eq!(open_ones[0].1.plaintext, r#"{"a":"ł"}"#);
    let journal = open(store.clone()).await;
    journal.finish_command(&command(1), failed.clone(), at).await.unwrap();
    let later = "2026-03-01T10:02:00.000Z".parse().unwrap();
    let state = journal.finish_command(&command(1), Outcome::Executed, later).await.unwrap();
    assert_eq!(state.finished, Some((failed.clone(), at)), "the first outcome stays");
    journal.confirm_command(&command(1)).await.unwrap();
    let journal = open(store).await;
    let Acceptance::Known(known) = journal.accept_command(&command(1), "other").await.unwrap()
    else {
        panic!("it was forgotten");
    };
    assert_eq!((known.finished, known.is_confirmed), (Some((failed, at)), true));
    assert!(journal.open_commands().await.unwrap().is_empty());
}

#[tokio::test]
async fn only_what_was_accepted_is_finished_and_only_that_confirmed() {
    let journal = open(memory()).await;
    let at = "2026-03-01T10:01:00.000Z".parse().unwrap();
    let error = journal.finish_command(&command(1), Outcome::Executed, at).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Refused);
    journal.accept_command(&command(1), "{}").await.unwrap();
    let error = journal.confirm_command(&command(1)).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Refused);
}

#[tokio::test]
async fn old_confirmed_commands_can_be_forgotten() {
    let journal = open(memory()).await;
    let at = "2026-03-01T10:01:00.000Z".parse().unwrap();
    for second in 0..4 {
        journal.accept_command(&command(second), "{}").await.unwrap();
        if second != 1 {
            journal.finish_command(&command(second), Outcome::Executed, at).await.unwrap();
            journal.confirm_command(&command(second)).await.unwrap();
        }
    }
    let before = "2026-03-01T10:00:03.000Z".parse().unwrap();
    assert_eq!(journal.forget_commands(before).await.unwrap(), 2);
    for (second, is_kept) in [(0, false), (1, true), (2, false), (3, true)] {
        assert_eq!(journal.command(&command(second)).await.unwrap().is_some(), is_kept);
    }
}

#[tokio::test]
async fn ids_grow_whatever_the_clock_and_the_process_do() {
    let store = memory();
    let mut last = None;
    for now in ["2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z", "2026-02-01T10:00:00Z"] {
        let journal = open(store.clone()).await;
        for _ in 0..2 {
            let now = now.parse().unwrap();
            let id = journal.next_command_id(CommandKind::Documents, now).await.unwrap();
            assert!(Some(&id) > last.as_ref(), "{id}");
            last = Some(id);
        }
    }
}
