//! The background work of a sandbox: connections that end with it, and jobs that a test can wait
//! for. Dropping the sandbox aborts both.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinSet;

/// Spawned work of one sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Tasks {
    running: Arc<Mutex<JoinSet<()>>>,
    open: watch::Sender<usize>,
}

/// Counts one open job down when it ends, is cancelled or panics.
struct Open(watch::Sender<usize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Tasks {
    /// No work yet.
    pub(crate) fn new() -> Self {
        Self { running: Arc::default(), open: watch::Sender::new(0) }
    }

    /// Runs `work` until it ends or the sandbox is dropped.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while running.try_join_next().is_some() {}
        running.spawn(work);
    }

    /// Runs `job` as [`Tasks::spawn`] does, and lets [`Tasks::idle`] wait for it.
    pub(crate) fn spawn_job(&self, job: impl Future<Output = ()> + Send + 'static) {
        self.open.send_modify(|count| *count += 1);
        let open = Open(self.open.clone());
        self.spawn(async move {
            let _open = open;
            job.await;
        });
    }

    /// Returns when no job is open.
    pub(crate) async fn idle(&self) {
        // Waiting fails only without a sender, and `self` holds one.
        let _ = self.open.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Stops everything at its next await point.
    pub(crate) fn abort(&self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn idle_waits_for_jobs_started_by_jobs() {
        let tasks = Tasks::new();
        let inner = tasks.clone();
        let (done, mut seen) = watch::channel(false);
        tasks.spawn_job(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            inner.spawn_job(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                done.send_replace(true);
            });
        });
        tasks.idle().await;
        assert!(*seen.borrow_and_update());
    }

    #[tokio::test(start_paused = true)]
    async fn aborted_jobs_do_not_hold_idle_up() {
        let tasks = Tasks::new();
        tasks.spawn_job(std::future::pending());
        tasks.abort();
        tasks.idle().await;
        assert_eq!(*tasks.open.borrow(), 0);
    }
}
