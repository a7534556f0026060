//! What the status service of KSeF 2.0 says while an outage comes and goes.

use ksef_client::v2::latarnia::{Category, Event, State};
use sandbox::ksef_v2::{Outage, OutageKind};

use crate::{v2_support::in_process, v2_test_data_support::latarnia};

#[tokio::test]
async fn an_outage_is_told_from_its_beginning_to_its_end() {
    let sandbox = in_process().await;
    let latarnia = latarnia(&sandbox);
    assert_eq!(latarnia.status().await.unwrap().status, State::Available);
    assert_eq!(latarnia.messages().await.unwrap(), []);
    let start = "2026-01-01T10:00:00Z".parse().unwrap();
    let outage = sandbox.ksef_v2().announce_outage(&Outage::new(OutageKind::Failure, start));
    let status = latarnia.status().await.unwrap();
    assert_eq!(status.status, State::Failure);
    assert_eq!(status.messages[0].event, Some(Event::FailureStart.into()));
    assert_eq!(status.messages[0].start, Some(start));
    assert!(sandbox.ksef_v2().end_outage(outage));
    assert_eq!(latarnia.status().await.unwrap().status, State::Available);
    let messages = latarnia.messages().await.unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].event, Some(Event::FailureEnd.into()));
    assert!(messages.iter().all(|message| message.category == Some(Category::Failure.into())));
    assert_eq!(messages[0].event_id, messages[1].event_id);
}
