//! The processes of the act, seen from outside: they are started, heard and killed.

use std::{path::Path, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use trial::child::{Child, Words};

use super::series::Series;
use crate::Outcome;

/// A process that says nothing for so long has got stuck.
const LONGEST: Duration = Duration::from_secs(180);

/// The last word of a process that has nothing left to do.
pub(crate) const DONE: &str = "done";

/// What a process is told when it starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shift<'a> {
    /// The time.
    pub(crate) now: DateTime<Utc>,
    /// Where KSeF is.
    pub(crate) api: String,
    /// Where Latarnia is.
    pub(crate) latarnia: String,
    /// What there is to issue.
    #[serde(borrow)]
    pub(crate) series: Option<Series<'a>>,
}

/// A running process; it is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    words: Option<Words>,
}

impl Process {
    /// Starts this very program in that part.
    pub(crate) fn start(part: &str, folder: &Path, shift: &Shift<'_>) -> Outcome<Self> {
        let folder = folder.to_str().ok_or("the folder has a strange name")?;
        let mut child = Child::start([part, folder, &serde_json::to_string(shift)?])?;
        let words = child.words();
        Ok(Self { child, words })
    }

    /// Hears the process until it says that word.
    pub(crate) async fn hear_until(&mut self, word: &str) -> Outcome {
        loop {
            match self.hear().await? {
                Some(said) if said == word => return Ok(()),
                Some(_) => {}
                None => return Err(format!("a process ended before it said {word:?}").into()),
            }
        }
    }

    async fn hear(&mut self) -> Outcome<Option<String>> {
        let mut words = self.words.take().ok_or("a process is not heard any more")?;
        // Reading a pipe blocks the thread, and the service lives on this one.
        let reading = tokio::task::spawn_blocking(move || {
            let said = words.hear();
            (words, said)
        });
        let (words, said) =
            timeout(LONGEST, reading).await.map_err(|_| "a process got stuck")??;
        self.words = Some(words);
        said
    }

    /// Kills the process at once, as if its plug were pulled; it must still have been running.
    pub(crate) fn kill(mut self) -> Outcome {
        if self.child.kill_after(Duration::ZERO)? {
            return Ok(());
        }
        Err("the process that was to be killed had ended by itself".into())
    }

    /// Waits for the end of a process that has said its last word.
    pub(crate) fn end(mut self) -> Outcome {
        if self.child.wait()? { Ok(()) } else { Err("a process ended with a failure".into()) }
    }
}
