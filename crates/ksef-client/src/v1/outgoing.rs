//! Invoices on their way out, read when their turn comes, so that any number of them fits.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tokio::io::AsyncReadExt;

/// One invoice that is to be sent, under a name by which its result is told.
///
/// Its bytes are sent as they are; a file is read when its turn has come.
#[derive(Clone)]
pub struct Outgoing {
    name: String,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Bytes(Bytes),
    File(PathBuf),
}

impl Outgoing {
    /// An invoice in memory, under any name of the caller's.
    ///
    /// In a batch the name is that of a file in the package: at most 128 bytes, without a folder,
    /// and each another.
    pub fn bytes(name: impl Into<String>, invoice: impl Into<Bytes>) -> Self {
        Self { name: name.into(), content: Content::Bytes(invoice.into()) }
    }

    /// An invoice in a file, under the file's name without its folder.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self { name, content: Content::File(path) }
    }

    /// The same invoice under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes; of a file at most one more than `limit`, which is enough to see that it is too
    /// large.
    pub(crate) async fn load(self, limit: u64) -> io::Result<Bytes> {
        match self.content {
            Content::Bytes(bytes) => Ok(bytes),
            Content::File(path) => {
                let file = tokio::fs::File::open(path).await?;
                let mut bytes = Vec::new();
                file.take(limit.saturating_add(1)).read_to_end(&mut bytes).await?;
                Ok(bytes.into())
            }
        }
    }

    /// The name, and a reader that opens its file when it is read first.
    pub(crate) fn into_reader(self) -> (String, impl Read + Send) {
        let reader: Box<dyn Read + Send> = match self.content {
            Content::Bytes(bytes) => Box::new(io::Cursor::new(bytes)),
            Content::File(path) => Box::new(LateFile::Closed(path)),
        };
        (self.name, reader)
    }
}

/// Without the invoice.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A file that is opened by the first read.
enum LateFile {
    Closed(PathBuf),
    Open(File),
}

impl Read for LateFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Self::Closed(path) = self {
            *self = Self::Open(File::open(path)?);
        }
        match self {
            Self::Open(file) => file.read(buffer),
            Self::Closed(_) => Ok(0),
        }
    }
}

/// The invoices of a folder: its files whose names end in `.xml`, in the order of their names.
///
/// The names are in memory together; the files are read one by one when their turn comes.
pub async fn folder(path: impl AsRef<Path>) -> io::Result<Vec<Outgoing>> {
    let mut entries = tokio::fs::read_dir(path).await?;
    let mut paths = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        let path = entry.path();
        let is_xml = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xml"));
        if is_xml && tokio::fs::metadata(&path).await?.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths.into_iter().map(Outgoing::file).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_gives_its_invoices_by_name_and_reads_no_more_than_it_must() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("z.xml")).unwrap();
        for (name, content) in [("b.xml", "<b/>"), ("a.XML", "<a/>"), ("c.txt", "no invoice")] {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let found = super::folder(folder.path()).await.unwrap();
        let names: Vec<_> = found.iter().map(Outgoing::name).collect();
        assert_eq!(names, ["a.XML", "b.xml"]);
        assert_eq!(found[0].clone().load(10).await.unwrap(), "<a/>");
        assert_eq!(found[0].clone().load(2).await.unwrap(), "<a/");
        let mut read = String::new();
        let (name, mut reader) = found[1].clone().into_reader();
        reader.read_to_string(&mut read).unwrap();
        assert_eq!((name.as_str(), read.as_str()), ("b.xml", "<b/>"));
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_an_error_when_its_turn_comes() {
        let absent = Outgoing::file("/nowhere/at/all.xml").named("first");
        assert_eq!(absent.name(), "first");
        assert_eq!(absent.clone().load(9).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        let (_, mut reader) = absent.into_reader();
        assert_eq!(reader.read(&mut [0; 4]).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
