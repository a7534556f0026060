//! Answers of any size, as they arrive.

use std::{fmt, path::Path};

use bytes::Bytes;
use common_core::effect::{ErrorKind, Phase};
use tokio::io::AsyncWriteExt;

use crate::{
    api::Api,
    body::BodyStream,
    client::{CallOptions, Client},
    endpoint::{Endpoint, Info, Parts},
    error::Error,
};

/// A successful answer whose body has not been read yet. Memory use does not depend on its size.
pub struct Download {
    api: &'static str,
    info: Info,
    parts: Parts,
    body: BodyStream,
}

impl<A: Api> Client<A> {
    /// Makes a call and leaves the reading of the answer to the caller.
    ///
    /// Retries cover the way to the answer's first byte; a body that breaks off is an error of
    /// [`Download::chunk`], and the call can be made again.
    pub async fn download<E: Endpoint<Api = A>>(
        &self,
        endpoint: &E,
        options: CallOptions,
    ) -> Result<Download, Error> {
        let (parts, body) = self.open(endpoint, options).await?;
        Ok(Download { api: A::NAME, info: E::INFO, parts, body })
    }
}

impl Download {
    /// Status and headers.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The next piece; `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.body.next().await.transpose().map_err(|error| {
            Error::new(self.api, &self.info, error.error_kind(), error.phase())
                .maybe_because(error.into_source())
        })
    }

    /// Writes the body to a new file and answers its length in bytes.
    ///
    /// The file appears under its name only when it is complete; a file of that name is replaced.
    pub async fn save(mut self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let path = path.as_ref();
        let mut partial = path.as_os_str().to_owned();
        partial.push(".part");
        let partial = Path::new(&partial);
        let written = self.write(partial).await;
        if written.is_err() {
            // The error of the download matters, not that of tidying up after it.
            let _ = tokio::fs::remove_file(partial).await;
        }
        let written = written?;
        tokio::fs::rename(partial, path).await.map_err(|error| self.file_error(error))?;
        Ok(written)
    }

    async fn write(&mut self, path: &Path) -> Result<u64, Error> {
        let mut written = 0;
        let mut file =
            tokio::fs::File::create(path).await.map_err(|error| self.file_error(error))?;
        while let Some(bytes) = self.chunk().await? {
            written += bytes.len() as u64;
            file.write_all(&bytes).await.map_err(|error| self.file_error(error))?;
        }
        file.sync_all().await.map_err(|error| self.file_error(error))?;
        Ok(written)
    }

    fn file_error(&self, error: std::io::Error) -> Error {
        Error::new(self.api, &self.info, ErrorKind::Store, Phase::Answered).because(error)
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
