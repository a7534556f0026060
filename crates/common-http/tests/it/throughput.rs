//! Many calls through many clones: never above a window, and nearly as fast as the windows allow.

use std::time::Duration;

use common_core::limit::{Window, Windows};
use tokio::task::JoinSet;

use crate::support::{Always, Find, Stopwatch, builder};

const CALLS: usize = 600;
const CLONES: usize = 8;

/// The earliest moment of the last of so many calls that the windows allow.
fn optimum(calls: usize, windows: &Windows) -> Duration {
    let mut moments: Vec<Duration> = Vec::with_capacity(calls);
    for number in 0..calls {
        let blocked = windows.iter().filter_map(|window| {
            let earlier = number.checked_sub(window.limit() as usize)?;
            Some(moments[earlier] + window.per())
        });
        let moment = blocked.max().unwrap_or_default();
        moments.push(moment.max(moments.last().copied().unwrap_or_default()));
    }
    moments.last().copied().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn six_hundred_calls_keep_both_windows_and_lose_no_time() {
    let windows = Windows::new([Window::per_second(10), Window::per_minute(300)]);
    let watch = Stopwatch::new(Always);
    let client = builder(watch.clone()).limit("a", "reads", windows.clone()).build();
    let clones: Vec<_> = (0..CLONES).map(|_| client.clone()).collect();
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        let client = clones[number % CLONES].clone();
        calls.spawn(async move { client.send(&Find::new(number)).await });
    }
    for answer in calls.join_all().await {
        assert_eq!(answer.unwrap(), 7);
    }

    let times = watch.times();
    assert_eq!((times.len(), times[0]), (CALLS, Duration::ZERO));
    assert!(times.is_sorted());
    for window in windows.iter() {
        let limit = window.limit() as usize;
        for (earlier, later) in times.iter().zip(&times[limit..]) {
            assert!(*later >= *earlier + window.per(), "{earlier:?} {later:?} {window:?}");
        }
    }
    let (best, total) = (optimum(CALLS, &windows), times[CALLS - 1]);
    assert_eq!(best, Duration::from_secs(89));
    assert!(total >= best && total * 10 <= best * 11, "{total:?} against {best:?}");
}
