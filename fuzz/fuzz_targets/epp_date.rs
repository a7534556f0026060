//! The tolerant date of ePP keeps every text, and what it reads in one says the same everywhere.

#![cfg_attr(fuzzing, no_main)]

use epp_client::model::Moment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let moment = Moment::from(text);
    assert_eq!(moment.as_str(), text);
    its_parts_agree(&moment);
    its_request_says_the_same(&moment);
    json_keeps_it(&moment);
    // Whatever kind of JSON value stands where a date should, it is read or refused.
    if let Ok(read) = serde_json::from_str::<Moment>(text) {
        its_parts_agree(&read);
    }
});

fn its_parts_agree(moment: &Moment) {
    let (day, local, instant) = (moment.day(), moment.local(), moment.instant());
    assert!(local.is_none_or(|local| day == Some(local.date())));
    assert!(instant.is_none_or(|instant| local == Some(instant.naive_local())));
    assert!(day.is_some() || !moment.is_iso());
}

/// What is sent names the same day and second, in the one official form.
fn its_request_says_the_same(moment: &Moment) {
    let sent = moment.to_request();
    assert_eq!(sent.to_request(), sent);
    assert_eq!(sent.day(), moment.day());
    assert_eq!(sent.is_iso(), moment.day().is_some());
    assert!(sent.instant().is_none(), "a request carries no offset");
    if let Some(local) = moment.local() {
        assert!(sent.local().is_some_and(|sent| (local - sent).num_seconds() == 0));
        assert_eq!(Moment::from(local).day(), Some(local.date()));
    }
    if let Some(day) = moment.day() {
        assert_eq!(Moment::from(day).local(), Some(day.and_time(chrono::NaiveTime::MIN)));
    }
}

/// Blanks around it are no part of a date in JSON, and a text of nothing else is none.
fn json_keeps_it(moment: &Moment) {
    let json = serde_json::to_string(moment).expect("a date has a form in JSON");
    match serde_json::from_str::<Moment>(&json) {
        Ok(read) => {
            assert_eq!(read.as_str(), moment.as_str().trim());
            assert_eq!((read.local(), read.is_iso()), (moment.local(), moment.is_iso()));
        }
        Err(_) => assert!(moment.as_str().trim().is_empty()),
    }
}
