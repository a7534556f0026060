//! Answers of any size, as they arrive.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use common_core::effect::{Effect, ErrorKind, Phase};
use tokio::{fs::File, io::AsyncWriteExt};

use crate::{
    api::Api,
    body::BodyStream,
    client::{CallOptions, Client},
    endpoint::{Endpoint, Info, Parts},
    error::Error,
    header,
    send::Success,
};

/// A successful answer whose body has not been read yet. Memory use does not depend on its size.
pub struct Download {
    api: &'static str,
    info: Info,
    parts: Parts,
    body: BodyStream,
    attempts: u32,
}

impl<A: Api> Client<A> {
    /// Makes a call and leaves the reading of the answer to the caller.
    ///
    /// Retries cover the way to the answer's first byte; a body that breaks off is an error of
    /// [`Download::chunk`], and the call can be made again. The size limit and the timeout of
    /// other answers do not hold for the body; the transport's read timeout does.
    pub async fn download<E: Endpoint<Api = A>>(
        &self,
        endpoint: &E,
        options: CallOptions,
    ) -> Result<Download, Error> {
        let Success { parts, body, attempts } = self.open(endpoint, options).await?;
        Ok(Download { api: A::NAME, info: E::INFO, parts, body, attempts })
    }
}

impl Download {
    /// Status and headers.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The next piece; `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let piece = self.body.next().await.transpose();
        piece.map_err(|error| self.error(error.error_kind()).maybe_because(error.into_source()))
    }

    /// Writes the body to a new file and answers its length in bytes.
    ///
    /// The file appears under its name only when it is complete; a file of that name is replaced.
    /// Until then it lies beside it under another name that ends in `.part`, and is removed when
    /// the download fails or its future is dropped.
    pub async fn save(mut self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let (partial, file) =
            Partial::create_beside(path.as_ref()).await.map_err(|error| self.file_error(error))?;
        let written = self.write(file).await?;
        let renamed = tokio::fs::rename(&partial.0, path).await;
        renamed.map_err(|error| self.file_error(error))?;
        Ok(written)
    }

    async fn write(&mut self, mut file: File) -> Result<u64, Error> {
        let mut written = 0;
        while let Some(bytes) = self.chunk().await? {
            written += bytes.len() as u64;
            file.write_all(&bytes).await.map_err(|error| self.file_error(error))?;
        }
        file.sync_all().await.map_err(|error| self.file_error(error))?;
        Ok(written)
    }

    fn file_error(&self, error: std::io::Error) -> Error {
        self.error(ErrorKind::File).because(error)
    }

    /// The server has answered with success: whatever the call does, it has done.
    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(self.api, &self.info, kind, Phase::Answered)
            .with_request_id(header::request_id(&self.parts.headers))
            .after(self.attempts, self.info.effect != Effect::Read)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("endpoint", &self.info.name)
            .field("status", &self.parts.status)
            .finish_non_exhaustive()
    }
}

/// A file that is not complete; it goes when this value does, unless it was renamed before.
struct Partial(PathBuf);

impl Partial {
    /// Creates it under a name that no other download of this or another process uses.
    ///
    /// The file and the value that removes it are made in one step, so that a future which is
    /// dropped in between leaves nothing behind.
    async fn create_beside(path: &Path) -> std::io::Result<(Self, File)> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);

        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}-{number}.part", std::process::id()));
        let create = move || {
            let partial = Self(name.into());
            let file = std::fs::File::create(&partial.0)?;
            Ok::<_, std::io::Error>((partial, file))
        };
        let (partial, file) =
            tokio::task::spawn_blocking(create).await.map_err(std::io::Error::other)??;
        Ok((partial, File::from_std(file)))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After a rename there is nothing to remove, and a failure to tidy up is no failure of
        // the download.
        let _ = std::fs::remove_file(&self.0);
    }
}
