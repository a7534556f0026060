//! Making a package: three stages that work at the same time, with two batches in flight.

use std::collections::BTreeMap;
use std::mem;
use std::ops::ControlFlow;

use super::archive::{Archive, ArchiveFormat, Level};
use super::cut::{Cutter, Delivery, Known};
use super::entry::{Batch, Entry, Source};
use super::error::PackError;
use super::limits::PackLimits;
use super::sink::PartSink;
use super::summary::{PartSummary, Progress, Summary};
use crate::seal::SessionKey;

/// Makes packages of one session.
///
/// Equal entries in equal order, with equal settings, give equal bytes, as long as the version of
/// this crate and of its compressors is the same.
/// The work runs on the current pool of `rayon`; use `ThreadPool::install` to give it another one.
/// A sink that waits (for a network) holds up one thread of that pool.
#[derive(Debug)]
pub struct Packer<'k> {
    key: &'k SessionKey,
    limits: PackLimits,
    format: ArchiveFormat,
    level: Level,
    known: BTreeMap<u32, Known>,
}

impl<'k> Packer<'k> {
    /// A packer of ZIP archives at [`Level::FAST`].
    pub fn new(key: &'k SessionKey, limits: PackLimits) -> Self {
        Self {
            key,
            limits,
            format: ArchiveFormat::default(),
            level: Level::default(),
            known: BTreeMap::new(),
        }
    }

    /// Makes archives of another format.
    #[must_use]
    pub fn format(mut self, format: ArchiveFormat) -> Self {
        self.format = format;
        self
    }

    /// Compresses at another level.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Fails with [`PackError::PartChanged`] unless these parts come out again.
    ///
    /// For the second run over the entries, which delivers what the first one announced.
    #[must_use]
    pub fn expect(self, parts: &[PartSummary]) -> Self {
        self.know(parts, Delivery::Wanted)
    }

    /// As [`expect`](Self::expect), and does not give these parts to the sink again.
    ///
    /// For going on after an interruption: these parts are uploaded already.
    /// All parts of the announced package belong into `expect` beside it, before or after, because
    /// a part that is named in neither goes out as it comes.
    #[must_use]
    pub fn skip(self, parts: &[PartSummary]) -> Self {
        self.know(parts, Delivery::Done)
    }

    fn know(mut self, parts: &[PartSummary], delivery: Delivery) -> Self {
        for part in parts {
            let before = self.known.get(&part.ordinal).map(|known| known.delivery);
            // What is done stays done, whichever of the two is called first.
            let delivery = before.filter(|before| *before == Delivery::Done).unwrap_or(delivery);
            self.known.insert(part.ordinal, Known { sealed: part.sealed, delivery });
        }
        self
    }

    /// Packs the entries into parts.
    ///
    /// # Errors
    ///
    /// [`PackError`] with the first reason found; parts that the sink has finished by then are of
    /// no use, because the package is not whole.
    pub fn pack<'e, I>(&self, entries: I, sink: &mut dyn PartSink) -> Result<Summary, PackError>
    where
        I: IntoIterator<Item = Entry<'e>, IntoIter: Send>,
    {
        self.pack_observed(entries, sink, |_| ControlFlow::Continue(()))
    }

    /// Packs the entries into parts and tells the observer after every few megabytes how far it
    /// has come; the observer may break off, which gives [`PackError::Cancelled`].
    ///
    /// # Errors
    ///
    /// As [`pack`](Self::pack), and [`PackError::Cancelled`].
    pub fn pack_observed<'e, I>(
        &self,
        entries: I,
        sink: &mut dyn PartSink,
        observe: impl FnMut(Progress) -> ControlFlow<()> + Send,
    ) -> Result<Summary, PackError>
    where
        I: IntoIterator<Item = Entry<'e>, IntoIter: Send>,
    {
        let mut source = Source::new(entries.into_iter(), self.limits);
        let mut archive = Archive::new(self.format, self.level);
        let mut output = Output {
            cutter: Cutter::new(self.key, self.limits, &self.known, sink),
            progress: Progress::default(),
            observe,
        };

        // While one batch is compressed, the one before it is encrypted and delivered, and its
        // memory is filled with the entries that come next.
        let mut squeezing = Batch::default();
        let mut writing = Batch::default();
        source.fill(&mut squeezing)?;
        while !squeezing.is_empty() {
            let (written, squeezed) = rayon::join(
                || {
                    output.take(&writing)?;
                    source.fill(&mut writing)
                },
                || archive.squeeze(&mut squeezing),
            );
            written?;
            squeezed?;
            mem::swap(&mut squeezing, &mut writing);
        }
        output.take(&writing)?;

        if source.count() == 0 {
            return Err(PackError::Empty);
        }
        archive.finish(|bytes| output.cutter.put(bytes))?;
        let (archive, parts) = output.cutter.finish()?;
        Ok(Summary { archive, entries: source.count(), parts })
    }
}

struct Output<'a, O> {
    cutter: Cutter<'a>,
    progress: Progress,
    observe: O,
}

impl<O: FnMut(Progress) -> ControlFlow<()>> Output<'_, O> {
    fn take(&mut self, batch: &Batch<'_>) -> Result<(), PackError> {
        for lane in batch.lanes() {
            self.cutter.put(&lane.squeezed)?;
        }
        let (entries, bytes) = batch.counts();
        self.progress.entries += entries;
        self.progress.entry_bytes += bytes;
        self.progress.archive_bytes = self.cutter.archive_bytes();
        self.progress.parts = self.cutter.parts();
        match (self.observe)(self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(PackError::Cancelled),
        }
    }
}
