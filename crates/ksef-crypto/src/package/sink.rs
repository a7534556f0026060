//! Where finished parts go.

use std::io::{self, Write};

use super::summary::PartSummary;

/// Takes encrypted parts, one after the other: into memory, files, or an upload.
///
/// For every part [`begin`](Self::begin) is called once, [`write`](Self::write) any number of
/// times and [`finish`](Self::finish) once.
/// A part without `finish` is not whole: packing failed, or the part is not the one that was
/// expected, and what was written of it must not be used.
pub trait PartSink: Send {
    /// A part begins; parts are counted from 1.
    fn begin(&mut self, ordinal: u32) -> io::Result<()>;

    /// Takes the next bytes of the part.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// The part is whole.
    fn finish(&mut self, part: &PartSummary) -> io::Result<()>;
}

/// Keeps nothing: to learn the summary, which the authority wants before the first part.
///
/// Packing is deterministic, so the same entries packed again give the parts that were announced,
/// and nothing has to be stored between.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoParts;

impl PartSink for NoParts {
    fn begin(&mut self, _ordinal: u32) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _part: &PartSummary) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps the finished parts in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryParts {
    finished: Vec<(PartSummary, Vec<u8>)>,
    open: Vec<u8>,
}

impl MemoryParts {
    /// An empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// The finished parts in order.
    pub fn parts(&self) -> &[(PartSummary, Vec<u8>)] {
        &self.finished
    }

    /// Takes the finished parts out.
    pub fn into_parts(self) -> Vec<(PartSummary, Vec<u8>)> {
        self.finished
    }
}

impl PartSink for MemoryParts {
    fn begin(&mut self, _ordinal: u32) -> io::Result<()> {
        self.open.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.open.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&mut self, part: &PartSummary) -> io::Result<()> {
        self.finished.push((*part, std::mem::take(&mut self.open)));
        Ok(())
    }
}

/// Writes every part to a writer of its own, for example a file.
#[derive(Debug)]
pub struct WriterParts<F, W> {
    create: F,
    open: Option<W>,
}

impl<F, W> WriterParts<F, W>
where
    F: FnMut(u32) -> io::Result<W> + Send,
    W: Write + Send,
{
    /// Makes the writer of a part with `create`, which is given the number of the part, from 1.
    ///
    /// A writer is flushed when its part is whole, and dropped.
    pub fn new(create: F) -> Self {
        Self { create, open: None }
    }
}

impl<F, W> PartSink for WriterParts<F, W>
where
    F: FnMut(u32) -> io::Result<W> + Send,
    W: Write + Send,
{
    fn begin(&mut self, ordinal: u32) -> io::Result<()> {
        self.open = Some((self.create)(ordinal)?);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.open {
            Some(writer) => writer.write_all(bytes),
            None => Err(io::Error::other("no part has begun")),
        }
    }

    fn finish(&mut self, _part: &PartSummary) -> io::Result<()> {
        match self.open.take() {
            Some(mut writer) => writer.flush(),
            None => Err(io::Error::other("no part has begun")),
        }
    }
}
