//! Packages: none that need not be made, none made twice, and their documents.

use ksef_client::v2::ErrorKind;

use super::*;

#[tokio::test(start_paused = true)]
async fn for_nothing_new_no_package_is_made() {
    let house = House::new(20, 1).await;
    let collector = house.collector_of(Way::Packages, "first");
    assert_eq!(collect(&collector).await, 20);
    let made = || house.sandbox.ksef_v2().statistics().exports;
    assert_eq!(made(), 1);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(900)).await;
        assert_eq!(collect(&collector).await, 0);
    }
    assert_eq!(made(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_package_that_takes_longer_than_anybody_waits_is_received_in_a_later_step() {
    let house = House::empty(TimeDelta::hours(2)).await;
    let collector = house.collector_of(Way::Packages, "first");
    assert_eq!(collect(&collector).await, 0);
    house.add_at_once(20, TimeDelta::zero());
    tokio::time::sleep(Duration::from_secs(600)).await;
    house.sandbox.ksef_v2().set_pace(Duration::from_secs(200));
    let mut failures = 0;
    let arrived = loop {
        match collector.step(Subject2).await {
            Ok(Collected::All(arrived)) => break arrived,
            Err(DurableError::Ksef(error)) => {
                assert_eq!(error.kind(), ErrorKind::NotFinished, "{error:?}");
            }
            other => panic!("{other:?}"),
        }
        failures += 1;
    };
    assert_eq!((arrived, house.sandbox.ksef_v2().statistics().exports), (20, 1));
    assert!(failures > 3, "{failures}");
    house.assert_arrived(20).await;
    house.assert_documents(Way::Packages).await;
}

#[tokio::test(start_paused = true)]
async fn a_package_that_could_not_be_fetched_is_fetched_in_a_later_step() {
    let house = House::new(20, 1).await;
    house.sandbox.ksef_v2().set_export_part(5_000);
    let collector = house.collector_of(Way::Packages, "first");
    let part = "/storage/invoice-part";
    for fault in [Fault::DropRequest, Fault::CutAnswer { after: 900 }] {
        once(&house.sandbox, &Method::GET, part, fault);
        assert!(collector.step(Subject2).await.is_err());
        assert_eq!(house.files(), 0);
    }
    assert_eq!(collector.step(Subject2).await.unwrap(), Collected::All(20));
    assert_eq!(house.sandbox.ksef_v2().statistics().exports, 1);
    house.assert_documents(Way::Packages).await;
}

#[tokio::test(start_paused = true)]
async fn links_that_have_expired_need_no_other_step() {
    for status in [401, 403] {
        let house = House::new(20, 1).await;
        let expired = Fault::Reply { status, retry_after: None };
        once(&house.sandbox, &Method::GET, "/storage/invoice-part", expired);
        let collector = house.collector_of(Way::Packages, "first");
        assert_eq!(collector.step(Subject2).await.unwrap(), Collected::All(20), "{status}");
        assert_eq!(house.sandbox.ksef_v2().statistics().exports, 1);
        house.assert_documents(Way::Packages).await;
    }
}

/// A package that was begun is of no use to whoever begins elsewhere.
#[tokio::test(start_paused = true)]
async fn a_package_that_was_begun_is_left_when_somebody_else_came_first() {
    let house = House::new(20, 1).await;
    let part = "/storage/invoice-part";
    let [first, second] = ["first", "second"].map(|name| house.collector_of(Way::Packages, name));
    once(&house.sandbox, &Method::GET, part, Fault::DropRequest);
    assert!(first.step(Subject2).await.is_err());
    assert_eq!(second.step(Subject2).await.unwrap(), Collected::All(20));
    tokio::time::sleep(Duration::from_secs(1)).await;
    house.sandbox.ksef_v2().add_invoice(invoice(ALFA, BETA, "FV/1").into()).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(first.step(Subject2).await.unwrap(), Collected::All(1));
    house.assert_arrived(21).await;
    house.assert_documents(Way::Packages).await;
}

/// Whoever takes arrivals takes their documents, too; one at the edge is in the next package again.
#[tokio::test(start_paused = true)]
async fn documents_that_were_taken_do_not_come_back() {
    let house = House::empty(TimeDelta::hours(2)).await;
    house.sandbox.ksef_v2().set_largest_result(10);
    house.add_at_once(9, TimeDelta::minutes(60));
    house.add_at_once(9, TimeDelta::minutes(50));
    let collector = house.collector(house.by(Way::Packages, house.options().pages(1)));
    assert_eq!(collector.step(Subject2).await.unwrap(), Collected::Some(10));
    for number in house.arrived(Subject2).await {
        std::fs::remove_file(house.documents.path().join(format!("{number}.xml"))).unwrap();
    }
    assert_eq!(collect(&collector).await, 8);
    assert_eq!(house.files(), 8);
}
