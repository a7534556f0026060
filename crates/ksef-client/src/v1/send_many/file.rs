//! A log in a file, one JSON object on a line.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use common_core::store::BoxFuture;

use super::note::{Note, NoteState, SendLog, SendProgress};
use crate::private::private;

/// A log in a file, to which notes are appended; [`Sending`](NoteState::Sending) ones are on the
/// disk before the invoice goes out.
///
/// It holds reference numbers, which open confirmations to whoever knows them: on Unix a new one is
/// its owner's alone. It is locked as long
/// as the value and its clones live: one run at a time writes it.
#[derive(Clone, Debug)]
pub struct SendFile(Arc<Mutex<File>>);

impl SendFile {
    /// Opens the log, or begins one, and gives what earlier runs wrote.
    ///
    /// A last line that a crash left unfinished is taken away: its invoice was not sent, or its
    /// note is not needed. Any other line that is no note is an error, and so is a log that another
    /// run still writes ([`WouldBlock`](io::ErrorKind::WouldBlock)).
    pub async fn open(path: impl AsRef<Path>) -> io::Result<(Self, SendProgress)> {
        for _ in 0..PATIENCE {
            let path = path.as_ref().to_owned();
            let opened = tokio::task::spawn_blocking(move || open(&path));
            match opened.await.map_err(io::Error::other)? {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tokio::time::sleep(PAUSE).await;
                }
                opened => return opened,
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// How often to look whether a run that was dropped has finished its last line: ten seconds, for a
/// disk that is slow to confirm.
const PATIENCE: u32 = 500;
const PAUSE: Duration = Duration::from_millis(20);

fn open(path: &Path) -> io::Result<(SendFile, SendProgress)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = private(&mut options).open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
        Err(TryLockError::Error(error)) => return Err(error),
        Ok(()) => {}
    }
    let mut reader = BufReader::new(&mut file);
    let (mut progress, mut whole, mut line) = (SendProgress::default(), 0, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            break;
        }
        progress.apply(serde_json::from_slice(&line)?);
        whole += length as u64;
    }
    file.set_len(whole)?;
    if whole == 0 {
        keep_name(path)?;
    }
    file.seek(SeekFrom::Start(whole))?;
    Ok((SendFile(Arc::new(Mutex::new(file))), progress))
}

/// Forces the name of a new log to the disk, without which a loss of power would take its lines.
fn keep_name(path: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be forced to the disk.
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

impl SendLog for SendFile {
    fn write<'a>(&'a self, note: &'a Note) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            let mut line = serde_json::to_vec(note)?;
            line.push(b'\n');
            let is_urgent = note.state == NoteState::Sending;
            let file = Arc::clone(&self.0);
            // The line is written as a whole even when nobody waits for it any more.
            let written = tokio::task::spawn_blocking(move || {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                append(&mut file, &line)?;
                if is_urgent { file.sync_data() } else { Ok(()) }
            });
            written.await.map_err(io::Error::other)?
        })
    }
}

/// Appends a line, or nothing: half a line would spoil the next one.
fn append(file: &mut File, line: &[u8]) -> io::Result<()> {
    let end = file.stream_position()?;
    file.write_all(line).inspect_err(|_| {
        // If this fails, too, the next opening finds the broken line and says so.
        let _ = file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end)));
    })
}
