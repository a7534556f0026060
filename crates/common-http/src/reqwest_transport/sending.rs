//! What becomes of a request while it is sent: whether its body moves, and whether its file breaks.
//!
//! reqwest's own limit on silence would run from the start of the request to the head of the answer,
//! however well the body moves meanwhile; and a file that breaks looks to it as a connection does.

use std::{
    io,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;

use super::transport_error;
use crate::transport::{TransportError, TransportErrorKind};

/// One request that is on its way.
#[derive(Default)]
pub(super) struct Sending {
    /// How many pieces of the body the connection has taken.
    taken: AtomicU64,
    /// Why the body could not be read on.
    broken: Mutex<Option<io::Error>>,
}

impl Sending {
    /// The pieces of the body, each noted when the connection takes it.
    pub(super) fn watched(
        self: Arc<Self>,
        pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        pieces.map(move |piece| {
            self.taken.fetch_add(1, Ordering::Relaxed);
            piece.map_err(|error| {
                let kind = error.kind();
                *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                kind.into()
            })
        })
    }

    /// The head of the answer. Nothing may stand still for so long: a body that is taken may take
    /// its time as a whole, and once it is gone, the server may.
    ///
    /// That it stands still is noticed after one to two such times.
    pub(super) async fn answer<T>(
        &self,
        exchange: impl Future<Output = reqwest::Result<T>>,
        silence: Duration,
    ) -> Result<T, TransportError> {
        let mut exchange = pin!(exchange);
        loop {
            let taken = self.taken.load(Ordering::Relaxed);
            match timeout(silence, &mut exchange).await {
                Ok(answer) => return answer.map_err(|error| self.failure(error)),
                Err(_) if self.taken.load(Ordering::Relaxed) > taken => {}
                Err(_) => return Err(TransportError::new(TransportErrorKind::Timeout)),
            }
        }
    }

    fn failure(&self, error: reqwest::Error) -> TransportError {
        match self.broken.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(broken) => TransportError::new(TransportErrorKind::File).because(broken),
            None => transport_error(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use tokio::time::{Instant, sleep};

    use super::*;

    const SILENCE: Duration = Duration::from_secs(100);

    /// A connection that takes a piece of the body every 90 seconds, so many in all, and then does
    /// what comes after.
    async fn sent(
        pieces: usize,
        after: impl Future<Output = reqwest::Result<u32>>,
    ) -> (Result<u32, TransportErrorKind>, Duration) {
        let (sending, start) = (Arc::new(Sending::default()), Instant::now());
        let body = stream::repeat_with(|| Ok(Bytes::from_static(b"piece")));
        let mut body = pin!(Arc::clone(&sending).watched(body));
        let exchange = async move {
            for _ in 0..pieces {
                sleep(Duration::from_secs(90)).await;
                body.next().await;
            }
            after.await
        };
        let outcome = sending.answer(exchange, SILENCE).await;
        (outcome.map_err(|error| error.kind()), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_moves_may_take_longer_than_silence_may() {
        let answered = async {
            sleep(Duration::from_secs(90)).await;
            Ok(7)
        };
        assert_eq!(sent(20, answered).await, (Ok(7), 21 * Duration::from_secs(90)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_and_an_answer_that_does_not_come_are_given_up() {
        for pieces in [0, 1, 20] {
            let (outcome, took) = sent(pieces, std::future::pending()).await;
            assert_eq!(outcome, Err(TransportErrorKind::Timeout));
            let moved = Duration::from_secs(90) * u32::try_from(pieces).unwrap();
            assert!(took >= moved && took <= moved + 2 * SILENCE, "{pieces}: {took:?}");
        }
    }
}
