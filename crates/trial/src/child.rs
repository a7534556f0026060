//! Child processes of a campaign: the same program with other arguments, heard line by line and
//! killed with SIGKILL.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    process::{self, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use crate::Failure;

/// A running child; it is killed when it is dropped.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    words: Option<Words>,
}

/// What a child says, apart from the child: to be heard by a thread of its own.
#[derive(Debug)]
pub struct Words(BufReader<ChildStdout>);

impl Child {
    /// Starts this very program with other arguments.
    ///
    /// # Errors
    ///
    /// When the process cannot be started.
    pub fn start(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = process.stdout.take().ok_or("the child has no output")?;
        Ok(Self { process, words: Some(Words(BufReader::new(out))) })
    }

    /// The next whole line that it says, as [`Words::hear`]; `None` also when its words were taken.
    ///
    /// # Errors
    ///
    /// As those of [`Words::hear`].
    pub fn hear(&mut self) -> Result<Option<String>, Failure> {
        self.words.as_mut().map_or(Ok(None), Words::hear)
    }

    /// Takes what it says away from it; `None` when that was done before.
    pub fn words(&mut self) -> Option<Words> {
        self.words.take()
    }

    /// Waits until it ends by itself; whether it reported success.
    ///
    /// # Errors
    ///
    /// When the process cannot be waited for.
    pub fn wait(&mut self) -> Result<bool, Failure> {
        Ok(self.process.wait()?.success())
    }

    /// Kills it with SIGKILL after a pause; whether it was still running then.
    ///
    /// What it had said before stays to be [heard](Self::hear).
    ///
    /// # Errors
    ///
    /// When the process cannot be killed.
    #[expect(clippy::disallowed_methods, reason = "a kill between two moments needs a real pause")]
    pub fn kill_after(&mut self, pause: Duration) -> Result<bool, Failure> {
        thread::sleep(pause);
        let was_running = self.process.try_wait()?.is_none();
        self.process.kill()?;
        self.process.wait()?;
        Ok(was_running)
    }
}

impl Words {
    /// The next whole line, without its end; `None` when the child says no more. A line that a kill
    /// cut off was never said.
    ///
    /// # Errors
    ///
    /// When the pipe breaks, or the line is not UTF-8.
    pub fn hear(&mut self) -> Result<Option<String>, Failure> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        Ok(line.strip_suffix('\n').map(str::to_owned))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
