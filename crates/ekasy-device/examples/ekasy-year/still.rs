//! A store for which virtual time stands still.
//!
//! Paused time moves on whenever nobody in the runtime has anything to do, and a task that waits
//! for the store's thread looks like that. Here a call of the store is over when it is first
//! polled.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use common_store::StoreResult;
use trial::Around;

/// Waits on the thread that calls.
#[derive(Debug)]
pub(crate) struct Still;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Around for Still {
    // Without tokio's budget, which would have the call yield to nobody.
    fn around<'a, T: Send + 'a>(&'a self, call: StoreResult<'a, T>) -> StoreResult<'a, T> {
        Box::pin(async move {
            let waker = Waker::from(Arc::new(Unpark(thread::current())));
            let mut call = pin!(tokio::task::unconstrained(call));
            loop {
                match call.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(answer) => return answer,
                    Poll::Pending => thread::park(),
                }
            }
        })
    }
}
