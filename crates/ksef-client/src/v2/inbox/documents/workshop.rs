//! Where documents lie until their package was read to its end and found to be whole.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    thread,
};

use common_core::store::Lease;

use super::{STEP, corrupt};
use crate::v2::error::{Error, ErrorKind};

/// The subfolder of all workshops.
const DRAFTS: &str = ".drafts";

/// So many files are forced to the disk at a time: file systems do that together. More threads than
/// that would cost memory, because an allocator keeps some for each.
const HANDS: usize = 4;

/// A folder for one step.
///
/// Its name bears the number of the lease, so that a process that has lost its lease and does not
/// know it yet works in another one. What a dead process leaves is removed by the next one that can:
/// somebody who was held up, or a step that was dropped in mid-write, may still be writing there.
pub(super) struct Workshop {
    folder: PathBuf,
    drafts: PathBuf,
}

impl Workshop {
    /// Makes an empty one, whose name begins so, and removes those of earlier leases, as far as they
    /// let themselves be removed, and one with this number, which a store that began anew gave before.
    /// Whoever has a later one has taken over meanwhile.
    pub(super) async fn open(folder: &Path, name: String, lease: &Lease) -> Result<Self, Error> {
        let (folder, fence) = (folder.to_owned(), lease.fence.number());
        let open = move || {
            let all = folder.join(DRAFTS);
            fs::create_dir_all(&all)?;
            for entry in fs::read_dir(&all)?.flatten() {
                let found = entry.file_name();
                let number = found.to_str().and_then(|found| found.strip_prefix(&name));
                if number
                    .is_some_and(|number| number.parse().is_ok_and(|found: u64| found <= fence))
                {
                    fs::remove_dir_all(entry.path()).ok();
                }
            }
            let drafts = all.join(format!("{name}{fence}"));
            fs::create_dir(&drafts)?;
            Ok::<_, io::Error>(Self { folder, drafts })
        };
        blocking(move || open().map_err(file)).await
    }

    pub(super) fn drafts(&self) -> &Path {
        &self.drafts
    }

    /// What writes a document here.
    pub(super) fn visit(&self) -> impl FnMut(&str, &[u8]) -> io::Result<()> + Send + 'static {
        let drafts = self.drafts.clone();
        move |name, content| {
            let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
            fs::write(drafts.join(plain(name).map_err(invalid)?), content)
        }
    }

    /// Gives the documents with those numbers their names, for good: first the contents survive a loss
    /// of power, then the names.
    pub(super) async fn publish(&self, numbers: Vec<String>) -> Result<(), Error> {
        let (folder, drafts) = (self.folder.clone(), self.drafts.clone());
        let publish = move || {
            let names: Vec<_> = numbers.iter().map(|number| format!("{number}.xml")).collect();
            sync_all(&drafts, &names)?;
            for name in &names {
                fs::rename(drafts.join(name), folder.join(name)).map_err(file)?;
            }
            // Elsewhere a folder cannot be forced to the disk.
            if cfg!(unix) {
                File::open(&folder).and_then(|folder| folder.sync_all()).map_err(file)?;
            }
            Ok(())
        };
        blocking(publish).await
    }

    /// Removes what is left here.
    pub(super) async fn close(self) {
        // What stays is removed by the next one.
        let close = move || fs::remove_dir_all(&self.drafts).map_err(file);
        blocking(close).await.ok();
    }
}

/// Forces files to the disk.
fn sync_all(drafts: &Path, names: &[String]) -> Result<(), Error> {
    let sync = |names: &[String]| {
        names.iter().try_for_each(|name| {
            let draft = File::options().write(true).open(drafts.join(plain(name)?));
            match draft.and_then(|draft| draft.sync_all()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Err(corrupt("an invoice of the metadata is not in the package"))
                }
                synced => synced.map_err(file),
            }
        })
    };
    thread::scope(|scope| {
        let shares = names.chunks(names.len().div_ceil(HANDS).max(1));
        let hands: Vec<_> = shares.map(|share| scope.spawn(move || sync(share))).collect();
        let ended = |hand: thread::ScopedJoinHandle<'_, _>| {
            hand.join().unwrap_or_else(|_| Err(file("a thread was broken off")))
        };
        hands.into_iter().map(ended).collect::<Result<Vec<()>, _>>().map(drop)
    })
}

/// The name of a file, and no way to another folder.
fn plain(name: &str) -> Result<&str, Error> {
    let is_plain = Path::new(name).file_name().is_some_and(|plain| plain == name);
    if is_plain { Ok(name) } else { Err(corrupt("the name of a document is a path")) }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(file(error)))
}

fn file(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::local(ErrorKind::File, STEP, error)
}

#[cfg(test)]
mod tests {
    use common_core::store::Fence;

    use super::*;

    async fn open(folder: &Path, fence: u64) -> Workshop {
        let until = "2026-01-01T00:00:00Z".parse().unwrap();
        let (name, holder) = ("inbox".to_owned(), "a".to_owned());
        let lease = Lease { name, holder, fence: Fence::new(fence), until };
        Workshop::open(folder, "role-".to_owned(), &lease).await.unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn whoever_is_still_writing_keeps_nobody_from_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let mut threads = Vec::new();
        for fence in 0..50 {
            let workshop = open(folder.path(), fence).await;
            let mut write = workshop.visit();
            write("first.xml", b"").unwrap();
            let rest = move || (0..300).try_for_each(|number| write(&number.to_string(), b""));
            threads.push(thread::spawn(rest));
        }
        for thread in threads {
            // Fails where the folder was removed meanwhile.
            thread.join().unwrap().ok();
        }
        let last = open(folder.path(), 50).await;
        assert_eq!(names(&folder.path().join(DRAFTS)), ["role-50"]);
        assert!(names(last.drafts()).is_empty());
    }

    #[tokio::test]
    async fn whoever_was_held_up_removes_nothing_of_its_successor() {
        let folder = tempfile::tempdir().unwrap();
        let successor = open(folder.path(), 6).await;
        successor.visit()("a.xml", b"whole").unwrap();
        open(folder.path(), 5).await.close().await;
        assert_eq!(fs::read(successor.drafts().join("a.xml")).unwrap(), b"whole");
    }

    #[tokio::test]
    async fn a_store_that_began_anew_finds_its_number_free() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path(), 1).await.visit()("a.xml", b"of another life").unwrap();
        assert!(names(open(folder.path(), 1).await.drafts()).is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_removed_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let drafts = folder.path().join(DRAFTS);
        fs::create_dir(&drafts).unwrap();
        fs::write(drafts.join("role-1"), b"no folder").unwrap();
        open(folder.path(), 2).await.close().await;
        assert_eq!(fs::read(drafts.join("role-1")).unwrap(), b"no folder");
    }
}
