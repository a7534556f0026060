//! The process that may be killed at any moment, and the one that is started after it.

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use common_core::secret::ExposeSecret;
use futures_util::TryStreamExt;
use ksef_client::v2::{
    Account, ErrorKind, FormCode, batch::BatchState, sending::InvoiceState, sessions::SessionType,
};
use ksef_crypto::package::ArchiveFormat;
use serde::{Deserialize, Serialize};
use trial::{Failure, complain};

use super::notebook::{self, Notebook, Stage, Task};
use crate::{
    batcher::packed,
    desk::{Way, quick},
    invoices::SELLER,
    run::account,
};

/// A line of a process, before a step or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Word {
    Begun,
    Announcing,
    Announced,
    /// An upload that a dead process began is gone on with.
    Resumed,
    Part,
    Closing,
    Closed,
    Ended,
    /// The service refuses what was said to be uploaded.
    Untrue,
}

/// Does the work in that folder, or what is left of it.
pub(crate) async fn run(folder: &Path) -> ExitCode {
    match work(folder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("a process of the campaign failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn work(folder: &Path) -> Result<(), Failure> {
    let task: Task = notebook::read(folder, notebook::TASK)?;
    let notes: Notebook = notebook::read(folder, notebook::NOTES).unwrap_or_default();
    let account = account(&task.api, SELLER, &Way::Token(task.token.clone().into()))?;
    let mut process = Process { folder, task, account, notes };
    say(Word::Begun)?;
    if matches!(process.notes.stage, Stage::Announced(_)) {
        say(Word::Resumed)?;
    }
    loop {
        match process.notes.stage.clone() {
            Stage::Nothing => process.announce().await?,
            Stage::Announced(state) => process.upload(state).await?,
            Stage::Closed(reference) => process.wait(&reference).await?,
            Stage::Ended => return say(Word::Ended),
        }
    }
}

/// A line for the campaign; a process whose campaign is gone ends.
fn say(word: Word) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(&word)?)?;
    Ok(out.flush()?)
}

struct Process<'a> {
    folder: &'a Path,
    task: Task,
    account: Account,
    notes: Notebook,
}

impl Process<'_> {
    fn keep(&mut self, stage: Stage) -> Result<(), Failure> {
        self.notes.stage = stage;
        notebook::write(self.folder, notebook::NOTES, &self.notes)
    }

    /// Without a stored state the package is made anew: its key went with the process.
    async fn announce(&mut self) -> Result<(), Failure> {
        let packed = packed(self.folder, ArchiveFormat::Zip, &self.task.invoices()).await?;
        self.notes.announcements += 1;
        self.notes.parts = packed.parts().len() as u64;
        self.keep(Stage::Nothing)?;
        say(Word::Announcing)?;
        let upload = self.account.batch(FormCode::FA_3).open(&packed).await?;
        self.keep(Stage::Announced(upload.export().expose_json().expose_secret().to_owned()))?;
        say(Word::Announced)
    }

    async fn upload(&mut self, state: String) -> Result<(), Failure> {
        let mut upload = self.account.resume_batch(BatchState::from_json(&state.into())?);
        let mut outcome = Ok(());
        let note = |state: &BatchState| {
            let kept = self.keep(Stage::Announced(state.expose_json().expose_secret().to_owned()));
            let said = kept.and_then(|()| say(Word::Part));
            if let Err(error) = said {
                outcome = Err(error);
            }
        };
        upload.upload_noting(2, note).await?;
        outcome?;
        say(Word::Closing)?;
        let closing = match upload.close().await {
            Ok(closing) => closing,
            Err(unfinished) if unfinished.error().kind() == ErrorKind::Invalid => {
                say(Word::Untrue)?;
                return self.keep(Stage::Ended);
            }
            Err(unfinished) => return Err(unfinished.into()),
        };
        self.keep(Stage::Closed(closing.reference().to_string()))?;
        say(Word::Closed)
    }

    async fn wait(&mut self, reference: &str) -> Result<(), Failure> {
        let closing = self.account.closing(reference.parse()?, SessionType::Batch);
        let closed = closing.wait(&quick()).await?;
        let rows: Vec<_> = closed.invoices().try_collect().await?;
        self.notes.ended = rows
            .iter()
            .map(|row| {
                let number = match InvoiceState::of(row) {
                    InvoiceState::Accepted(accepted) => Some(accepted.number.to_string()),
                    _ => None,
                };
                (row.invoice_hash.clone().unwrap_or_default(), number)
            })
            .collect();
        self.keep(Stage::Ended)
    }
}
