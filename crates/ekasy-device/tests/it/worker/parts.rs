//! Documents that are too large for one request.

use std::time::Duration;

use sandbox::crk::{Command, Kind};

use super::{Running, queue, settle, trouble::large};
use crate::till::{Till, calm, hours, pass};

/// Parts are told by the identifier of their shipment and their number, and both documents begin
/// with part 1.
#[tokio::test(start_paused = true)]
async fn two_documents_in_parts_of_one_shipment_are_told_apart() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    for number in 2..=4 {
        running.handle.append(large(number, 500_000)).await.unwrap();
    }
    running.report(5).await;
    pass(hours(1)).await;
    settle(&till).await;
    let archive = till.archive();
    assert_eq!((archive.numbers, archive.gaps.len(), archive.waiting_parts), (5, 0, 0));
    assert_eq!(archive.joined, 3);

    queue(&till, Command::Documents { from: 2, to: 4, shipment_type: "ALL".to_owned() });
    running.handle.poll_now();
    pass(hours(1)).await;
    settle(&till).await;
    assert_eq!(till.archive().requested, 3);
    running.stop().await;
    till.assert_expected();
}
