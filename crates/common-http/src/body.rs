//! Bodies of requests and answers.

use std::{fmt, io::SeekFrom, path::PathBuf, pin::Pin};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};

use crate::transport::{TransportError, TransportErrorKind};

/// The body of a request: something that can be sent again.
#[derive(Clone, Debug)]
pub enum Body {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A stretch of a file, read while it is sent.
    File(FilePart),
}

impl Body {
    /// No body.
    pub const fn empty() -> Self {
        Self::Bytes(Bytes::new())
    }

    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(part) => part.len,
        }
    }

    /// Whether it has no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// A stretch of a file. Memory use does not depend on its length.
#[derive(Clone, Debug)]
pub struct FilePart {
    path: PathBuf,
    offset: u64,
    len: u64,
}

impl FilePart {
    const CHUNK: usize = 64 * 1024;

    /// `len` bytes of the file from `offset` on.
    pub fn new(path: impl Into<PathBuf>, offset: u64, len: u64) -> Self {
        Self { path: path.into(), offset, len }
    }

    /// Reads the stretch in pieces; a file that has become shorter is an error, so that a body
    /// never ends quietly before its announced length.
    pub fn read(self) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
        futures_util::stream::try_unfold((self, None), |(mut part, file)| async move {
            if part.len == 0 {
                return Ok(None);
            }
            let mut file = match file {
                Some(file) => file,
                None => part.open().await?,
            };
            let want = usize::try_from(part.len).unwrap_or(Self::CHUNK).min(Self::CHUNK);
            let mut chunk = BytesMut::with_capacity(want);
            let mut limited = (&mut file).take(want as u64);
            if limited.read_buf(&mut chunk).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            part.len -= chunk.len() as u64;
            Ok(Some((chunk.freeze(), (part, Some(file)))))
        })
    }

    /// Whether the stretch can be read, as far as can be told before.
    pub(crate) async fn check(&self) -> std::io::Result<()> {
        let length = File::open(&self.path).await?.metadata().await?.len();
        if length < self.offset.saturating_add(self.len) {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    async fn open(&self) -> std::io::Result<File> {
        let mut file = File::open(&self.path).await?;
        file.seek(SeekFrom::Start(self.offset)).await?;
        Ok(file)
    }
}

/// The body of an answer, as it arrives.
pub struct BodyStream(Source);

enum Source {
    Whole(Option<Bytes>),
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>),
}

impl BodyStream {
    /// A body that is there already.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self(Source::Whole(Some(bytes.into())))
    }

    /// A body that arrives in pieces.
    pub fn stream(
        stream: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
    ) -> Self {
        Self(Source::Stream(Box::pin(stream)))
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, TransportError>> {
        match &mut self.0 {
            Source::Whole(bytes) => bytes.take().map(Ok),
            Source::Stream(stream) => stream.next().await,
        }
    }

    /// The whole body, if it is not larger than `limit` bytes.
    pub async fn collect(mut self, limit: u64) -> Result<Bytes, TransportError> {
        let too_large = || TransportError::new(TransportErrorKind::TooLarge);
        let within = |bytes: &Bytes, so_far: usize| (bytes.len() + so_far) as u64 <= limit;
        let Some(first) = self.next().await.transpose()? else { return Ok(Bytes::new()) };
        if !within(&first, 0) {
            return Err(too_large());
        }
        let Some(second) = self.next().await.transpose()? else { return Ok(first) };
        let mut all = BytesMut::from(first);
        let mut piece = Some(second);
        while let Some(bytes) = piece {
            if !within(&bytes, all.len()) {
                return Err(too_large());
            }
            all.extend_from_slice(&bytes);
            piece = self.next().await.transpose()?;
        }
        Ok(all.freeze())
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyStream(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures_util::TryStreamExt;

    use super::*;

    fn pieces(pieces: &[&'static str]) -> BodyStream {
        let pieces: Vec<_> =
            pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        BodyStream::stream(futures_util::stream::iter(pieces))
    }

    #[tokio::test]
    async fn a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() {
        for body in [&["abcd"][..], &["a", "bcd"], &["ab", "", "c", "d"]] {
            assert_eq!(pieces(body).collect(4).await.unwrap(), "abcd");
            let error = pieces(body).collect(3).await.unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::TooLarge);
        }
        assert_eq!(pieces(&[]).collect(0).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_file_part_is_read_from_its_offset_to_its_length() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let content: Vec<u8> = (0..200_000u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        file.write_all(&content).unwrap();
        let part = FilePart::new(file.path(), 7, 150_000);
        let read: Vec<Bytes> = part.read().try_collect().await.unwrap();
        assert!(read.iter().all(|piece| piece.len() <= FilePart::CHUNK));
        assert_eq!(read.concat(), &content[7..150_007]);
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_is_an_error() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"short").unwrap();
        let error = FilePart::new(file.path(), 0, 6).read().try_collect::<Vec<_>>().await;
        assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    }
}
