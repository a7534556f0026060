//! Edges of questions: many invoices of one moment, long times without any, marks and clocks that
//! are behind.

use ksef_client::v2::ErrorKind;
use sandbox::fault::Rule;

use super::*;

fn kind(step: Result<Collected, DurableError>) -> ErrorKind {
    match step {
        Err(DurableError::Ksef(error)) => error.kind(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn more_invoices_of_one_moment_than_a_step_reads_hold_nobody_up() {
    let house = House::empty(TimeDelta::hours(2)).await;
    house.add_at_once(600, TimeDelta::hours(1));
    house.add_at_once(3, TimeDelta::minutes(50));
    assert_eq!(collect(&house.collector(house.options().pages(1))).await, 603);
    house.assert_arrived(603).await;
    assert_expected(&house.sandbox);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_cut_between_invoices_of_one_moment_leaves_none_out() {
    for way in [Way::Pages, Way::Packages] {
        let house = House::empty(TimeDelta::hours(2)).await;
        house.sandbox.ksef_v2().set_largest_result(10);
        for minutes in [60, 50, 40] {
            house.add_at_once(9, TimeDelta::minutes(minutes));
        }
        let collector = house.inbox.collector(house.account.clone(), {
            let options = house.options().pages(1);
            house.by(way, options)
        });
        assert_eq!(collect(&collector).await, 27, "{way:?}");
        house.assert_arrived(27).await;
        house.assert_documents(way).await;
    }
}

#[tokio::test(start_paused = true)]
async fn more_invoices_of_one_moment_than_an_answer_holds_are_an_error_and_no_gap() {
    for way in [Way::Pages, Way::Packages] {
        let house = House::empty(TimeDelta::hours(2)).await;
        house.sandbox.ksef_v2().set_largest_result(10);
        house.add_at_once(4, TimeDelta::minutes(61));
        house.add_at_once(10, TimeDelta::minutes(60));
        house.add_at_once(1, TimeDelta::minutes(60));
        let collector = house.collector_of(way, "first");
        assert_eq!(kind(collector.step(Subject2).await), ErrorKind::LimitReached, "{way:?}");
        let error = collector.run(&[Subject2], |_, _| ()).await;
        assert_eq!(kind(Err(error)), ErrorKind::LimitReached, "{way:?}");
        let arrived = house.arrived(Subject2).await;
        assert!(arrived.len() >= 4, "{way:?} {arrived:?}");
        house.sandbox.ksef_v2().set_largest_result(11);
        collect(&collector).await;
        house.assert_arrived(15).await;
    }
}

/// Windows without an invoice lead on, too, one by one.
#[tokio::test(start_paused = true)]
async fn years_without_an_invoice_are_walked_through() {
    for (way, pages) in [(Way::Pages, 1), (Way::Pages, 40), (Way::Packages, 1)] {
        let house = House::empty(TimeDelta::days(56 * 365)).await;
        house.add_at_once(3, TimeDelta::days(4_000));
        house.add_at_once(3, TimeDelta::hours(1));
        let options = house.options().pages(pages);
        let collector = house.inbox.collector(house.account.clone(), house.by(way, options));
        assert_eq!(collect(&collector).await, 6, "{way:?} {pages}");
        house.assert_arrived(6).await;
        assert_expected(&house.sandbox);
    }
}

/// By the time a question has arrived, a hundred days may have become more.
#[tokio::test(start_paused = true)]
async fn a_beginning_nearly_a_hundred_days_ago_is_never_too_long_ago() {
    for way in [Way::Pages, Way::Packages] {
        for millis in [-10, -1, 0, 1, 10] {
            let house = House::empty(TimeDelta::days(100) + TimeDelta::milliseconds(millis)).await;
            house.add_at_once(3, TimeDelta::hours(1));
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert_eq!(collect(&house.collector_of(way, "first")).await, 3, "{way:?} {millis}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_beginning_behind_the_mark_waits_for_it() {
    for way in [Way::Pages, Way::Packages] {
        let house = House::empty(TimeDelta::zero()).await;
        house.sandbox.ksef_v2().set_high_water_lag(Duration::from_secs(60));
        let collector = house.collector_of(way, "first");
        assert_eq!(collector.step(Subject2).await.unwrap(), Collected::All(0), "{way:?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
        house.sandbox.ksef_v2().add_invoice(invoice(ALFA, BETA, "FV/1").into()).unwrap();
        assert_eq!(collector.step(Subject2).await.unwrap(), Collected::All(0), "{way:?}");
        tokio::time::sleep(Duration::from_secs(61)).await;
        assert_eq!(collector.step(Subject2).await.unwrap(), Collected::All(1), "{way:?}");
        assert_expected(&house.sandbox);
    }
}

/// Until the mark has passed a moment, invoices that were stored before it may still appear.
#[tokio::test(start_paused = true)]
async fn an_invoice_that_appears_late_is_not_passed_by() {
    for way in [Way::Pages, Way::Packages] {
        let house = House::empty(TimeDelta::hours(2)).await;
        let ksef = house.sandbox.ksef_v2();
        let collector = house.collector_of(way, "first");
        ksef.set_high_water_lag(Duration::from_secs(300));
        let begun = tokio::time::Instant::now();
        let mut numbers = 0;
        for _ in 0..12 {
            // Each one is stored at a moment that lies before now and behind the mark.
            let passed = TimeDelta::from_std(begun.elapsed()).unwrap();
            house.add_at_once(1, TimeDelta::seconds(120) - passed);
            numbers += 1;
            tokio::time::sleep(Duration::from_secs(60)).await;
            collect(&collector).await;
        }
        assert!(house.arrived(Subject2).await.len() < numbers, "{way:?}");
        tokio::time::sleep(Duration::from_secs(600)).await;
        collect(&collector).await;
        house.assert_arrived(numbers).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_goes_back_takes_nothing_back_and_doubles_nothing() {
    for way in [Way::Pages, Way::Packages] {
        let house = House::new(20, 1).await;
        let collector = house.collector_of(way, "first");
        assert_eq!(collect(&collector).await, 20, "{way:?}");
        house.sandbox.ksef_v2().set_high_water_lag(Duration::from_secs(3600));
        assert_eq!(collector.step(Subject2).await.unwrap(), Collected::All(0), "{way:?}");
        house.sandbox.ksef_v2().set_high_water_lag(Duration::ZERO);
        tokio::time::sleep(Duration::from_secs(1)).await;
        house.sandbox.ksef_v2().add_invoice(invoice(ALFA, BETA, "FV/1").into()).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(collect(&collector).await, 1, "{way:?}");
        house.assert_arrived(21).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_costs_no_invoice() {
    let wrong = [TimeDelta::hours(-3), TimeDelta::hours(3), TimeDelta::days(200)];
    for (way, wrong) in
        [Way::Pages, Way::Packages].into_iter().flat_map(|way| wrong.map(|by| (way, by)))
    {
        let house = House::with(40, 1, &[130, 90, 1].map(TimeDelta::days)).await;
        let clock = Arc::new(ManualClock::at(house.account.clock().now() + wrong));
        let client = beside(&house.sandbox).clock(clock).build().unwrap();
        let account = account(&client, &house.sandbox, BETA);
        let collector = house.inbox.collector(account, house.by(way, house.options()));
        assert_eq!(collect(&collector).await, 120, "{way:?} {wrong}");
        tokio::time::sleep(Duration::from_secs(1)).await;
        house.sandbox.ksef_v2().add_invoice(invoice(ALFA, BETA, "FV/1").into()).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(collect(&collector).await, 1, "{way:?} {wrong}");
        house.assert_arrived(121).await;
    }
}

/// The first question is refused for good, and so is every one once both roles were collected.
#[tokio::test(start_paused = true)]
async fn a_role_that_fails_for_good_ends_no_other_one() {
    let house = House::new(10, 1).await;
    let refuse = || Rule::new(Fault::Reply { status: 403, retry_after: None });
    let path = "/invoices/query/metadata";
    house.sandbox.ksef_v2().faults().push(refuse().on(&Method::POST, path).once());
    let [interval, pause] = [1, 10].map(Duration::from_millis);
    let collector = house.collector(house.options().interval(interval).pause(pause));
    let (mut told, mut is_refused) = (Vec::new(), false);
    let hear = |role, step: &Result<Collected, DurableError>| {
        if matches!(step, Ok(Collected::Nothing)) {
            return;
        }
        told.push((role, step.as_ref().ok().copied()));
        if told.len() > 1 && role == Subject1 && !is_refused {
            is_refused = true;
            house.sandbox.ksef_v2().faults().push(refuse().on(&Method::POST, path));
        }
    };
    let error = collector.run(&[Subject1, Subject2], hear).await;
    assert_eq!(kind(Err(error)), ErrorKind::Forbidden);
    house.assert_arrived(10).await;
    let of = |role| told.iter().filter(move |(one, _)| *one == role).map(|(_, step)| *step);
    let (seller, buyer): (Vec<_>, Vec<_>) = (of(Subject1).collect(), of(Subject2).collect());
    assert_eq!(seller[..2], [None, Some(Collected::All(0))]);
    assert_eq!(buyer[0], Some(Collected::All(10)));
    assert_eq!((seller.last(), buyer.last()), (Some(&None), Some(&None)));
}
