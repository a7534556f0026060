//! Many tasks of one account at once, whose tokens have to be renewed all the time.

use std::time::Duration;

use futures_util::{TryStreamExt, future};
use ksef_client::v2::{Account, Error, ErrorKind};
use tokio::time::{Instant, sleep, timeout};
use trial::Failure;

use crate::{
    desk::{Desk, may_be_tried_again},
    plan::patience,
};

/// How many tasks there are, and how long they go on.
const TASKS: u64 = 6;
const TIME: Duration = Duration::from_millis(2_400);

/// Works for a while; the wire watches that the tokens are renewed by one for all.
pub(crate) async fn work(mut desk: Desk) -> Result<Desk, Failure> {
    let account = desk.log_in().await?;
    let end = Instant::now() + TIME;
    let tasks = (0..TASKS).map(|task| {
        let mut rng = trial::plan::rng(task, "crowd");
        let account = account.clone();
        tokio::spawn(async move {
            let mut failures = Vec::new();
            while Instant::now() < end {
                let call = account.logins().try_collect::<Vec<_>>();
                let outcome = match patience(&mut rng, Duration::from_millis(60)) {
                    None => Some(call.await),
                    Some(limit) => timeout(limit, call).await.ok(),
                };
                failures.extend(outcome.and_then(Result::err));
                sleep(Duration::from_millis(30)).await;
            }
            failures
        })
    });
    for failures in future::join_all(tasks).await {
        for error in failures? {
            judge(&mut desk, &account, &error)?;
        }
    }
    Ok(desk)
}

/// A list changes nothing, so nothing can have happened; and a login that works stays one.
fn judge(desk: &mut Desk, account: &Account, error: &Error) -> Result<(), Failure> {
    if error.may_have_happened() {
        desk.verdict.untrue(format!("a list that may have taken effect: {error}"));
    }
    if error.kind() == ErrorKind::NoLogin {
        let Some(cause) = error.login_failure().filter(|cause| may_be_tried_again(cause)) else {
            desk.verdict.untrue(format!("{}: there is a login: {error:?}", account.context()));
            return Ok(());
        };
        return desk.failed("a renewal", cause);
    }
    desk.failed("a list", error)
}
