//! What Latarnia says about KSeF, as carriers heed it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use common_core::open::Open;
use tokio::time::Instant;

use super::Outbox;
use crate::v2::{
    durable::DurableError,
    latarnia::{Latarnia, State},
};

/// How long what Latarnia said is believed.
const LIFE: Duration = Duration::from_secs(60);

/// How long an answer is waited for: sending does not depend on it.
const ANSWER: Duration = Duration::from_secs(5);

/// Asks Latarnia now and then.
pub(super) struct Lamp {
    latarnia: Latarnia,
    told: Mutex<Option<(Instant, Option<Open<State>>)>>,
}

impl Lamp {
    pub(super) fn new(latarnia: Latarnia) -> Self {
        Self { latarnia, told: Mutex::default() }
    }

    /// How KSeF stands if it does not work; asked at most once a minute. What Latarnia tells of
    /// outages is kept in the outbox; while it is silent, nothing is known to be wrong.
    pub(super) async fn outage(
        &self,
        outbox: &Outbox,
        now: DateTime<Utc>,
    ) -> Result<Option<Open<State>>, DurableError> {
        let told = self.told().clone();
        if let Some((asked, state)) = told
            && asked.elapsed() < LIFE
        {
            return Ok(state);
        }
        let news = self.latarnia.news(now, ANSWER).await;
        outbox.hear(&news).await?;
        let state = news.state.filter(is_outage);
        *self.told() = Some((Instant::now(), state.clone()));
        Ok(state)
    }

    fn told(&self) -> MutexGuard<'_, Option<(Instant, Option<Open<State>>)>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_outage(state: &Open<State>) -> bool {
    matches!(state.known(), Some(State::Maintenance | State::Failure | State::TotalFailure))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use common_core::clock::SystemClock;
    use common_http::scripted::{Scripted, Step};
    use common_store::MemoryStore;

    use super::*;
    use crate::v2::latarnia::Site;

    #[tokio::test(start_paused = true)]
    async fn what_was_heard_is_believed_for_a_minute_also_when_it_was_nothing() {
        const MESSAGES: &str = r#"[{"eventId":7,"category":"FAILURE","type":"FAILURE_START","start":"2026-03-02T08:00:00Z"}]"#;

        let store = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
        let outbox = Outbox::new(store, "test").unwrap();
        let script = Scripted::default();
        let site = Site::at("https://latarnia.example.test").unwrap();
        let latarnia = Latarnia::builder(site).transport(script.clone()).build().unwrap();
        let lamp = Lamp::new(latarnia);
        let now = "2026-03-02T09:00:00Z".parse().unwrap();
        script.push(Step::answer(200, r#"{"status":"FAILURE"}"#));
        script.push(Step::answer(200, MESSAGES));
        for _ in 0..2 {
            let state = lamp.outage(&outbox, now).await.unwrap();
            assert_eq!(state, Some(State::Failure.into()));
            assert_eq!(script.requests().len(), 2);
        }
        tokio::time::advance(LIFE).await;
        for _ in 0..2 {
            script.push(Step::answer(200, "{}").after(Duration::from_secs(3600)));
        }
        for _ in 0..2 {
            assert_eq!(lamp.outage(&outbox, now).await.unwrap(), None);
            assert_eq!(script.requests().len(), 4);
        }
        let known = outbox.outages().await.unwrap();
        assert_eq!((known.len(), known[0].end), (1, None), "what was told stays known");
    }
}
