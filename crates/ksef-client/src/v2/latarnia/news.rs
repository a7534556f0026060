//! What is heard when Latarnia is asked for everything at once.

use std::time::Duration;

use chrono::{DateTime, Utc};
use common_core::open::Open;
use futures_util::future::join;
use tokio::time::timeout;

use super::{Latarnia, Message, State};

/// What Latarnia says at some moment. What it did not say is missing; a program that waits for it
/// does not depend on it.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// When it was asked.
    pub asked: DateTime<Utc>,
    /// How KSeF stands.
    pub state: Option<Open<State>>,
    /// All messages.
    pub messages: Option<Vec<Message>>,
}

impl Latarnia {
    /// Asks how KSeF stands and for all messages, both at once and waiting no longer than that; now
    /// is the moment of the caller's clock.
    pub async fn news(&self, now: DateTime<Utc>, patience: Duration) -> News {
        let state = timeout(patience, self.status());
        let messages = timeout(patience, self.messages());
        let (state, messages) = join(state, messages).await;
        News {
            asked: now,
            state: state.ok().and_then(Result::ok).map(|told| told.status),
            messages: messages.ok().and_then(Result::ok),
        }
    }
}
