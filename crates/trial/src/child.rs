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
    out: BufReader<ChildStdout>,
}

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
        Ok(Self { process, out: BufReader::new(out) })
    }

    /// The next whole line that it says, without its end; `None` when it says no more. A line that
    /// a kill cut off was never said.
    ///
    /// # Errors
    ///
    /// When the pipe breaks, or the line is not UTF-8.
    pub fn hear(&mut self) -> Result<Option<String>, Failure> {
        let mut line = String::new();
        self.out.read_line(&mut line)?;
        Ok(line.strip_suffix('\n').map(str::to_owned))
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

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
