//! Cuts the archive into parts, seals each part, and measures everything on the way.
//!
//! The archive is cut as plain bytes and every part is encrypted on its own, with the same key and
//! the same initialisation vector: specification 1.9, chapter 11.2; KSeF 2.0 facts §0 (2).

use std::collections::BTreeMap;
use std::io;

use super::error::PackError;
use super::limits::PackLimits;
use super::sink::PartSink;
use super::summary::PartSummary;
use crate::seal::{Encryptor, Measure, Meter, SessionKey};

/// Bytes that are encrypted at a time, so that they are still in the cache when they are hashed.
const CHUNK: usize = 64 * 1024;

/// What an earlier run found out about a part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) sealed: Measure,
    pub(crate) delivery: Delivery,
}

/// Whether the sink still wants a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Wanted,
    Done,
}

pub(crate) struct Cutter<'a> {
    key: &'a SessionKey,
    limits: PackLimits,
    part_bytes: u64,
    known: &'a BTreeMap<u32, Known>,
    sink: &'a mut dyn PartSink,
    archive: Meter,
    archive_bytes: u64,
    open: Option<OpenPart>,
    parts: Vec<PartSummary>,
    sealed: Vec<u8>,
}

struct OpenPart {
    encryptor: Encryptor,
    room: u64,
    facts: PartFacts,
}

struct PartFacts {
    ordinal: u32,
    known: Option<Known>,
    meter: Meter,
}

impl PartFacts {
    fn is_wanted(&self) -> bool {
        self.known.is_none_or(|known| known.delivery == Delivery::Wanted)
    }
}

impl<'a> Cutter<'a> {
    pub(crate) fn new(
        key: &'a SessionKey,
        limits: PackLimits,
        known: &'a BTreeMap<u32, Known>,
        sink: &'a mut dyn PartSink,
    ) -> Self {
        Self {
            key,
            limits,
            part_bytes: limits.part.plain_bytes(),
            known,
            sink,
            archive: Meter::new(),
            archive_bytes: 0,
            open: None,
            parts: Vec::new(),
            sealed: Vec::new(),
        }
    }

    /// Takes the next bytes of the archive.
    pub(crate) fn put(&mut self, mut bytes: &[u8]) -> Result<(), PackError> {
        let limit = self.limits.archive_bytes;
        self.archive_bytes += bytes.len() as u64;
        if self.archive_bytes > limit {
            return Err(PackError::ArchiveTooLarge { limit });
        }
        while !bytes.is_empty() {
            let mut part = match self.open.take() {
                Some(part) => part,
                None => self.begin()?,
            };
            let room = usize::try_from(part.room).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK).min(room));
            self.archive.update(now);
            part.room -= now.len() as u64;
            self.sealed.clear();
            part.encryptor.update(now, &mut self.sealed);
            self.deliver(&mut part.facts)?;
            if part.room == 0 {
                self.end(part)?;
            } else {
                self.open = Some(part);
            }
            bytes = later;
        }
        Ok(())
    }

    /// Ends the last part; gives the measure of the archive and the parts.
    pub(crate) fn finish(mut self) -> Result<(Measure, Vec<PartSummary>), PackError> {
        if let Some(part) = self.open.take() {
            self.end(part)?;
        }
        let count = self.parts.len();
        // A part that was there and is no longer: the archive has become shorter.
        match self.known.keys().find(|&&known| known as usize > count) {
            Some(&ordinal) => Err(PackError::PartChanged { ordinal }),
            None => Ok((self.archive.finish(), self.parts)),
        }
    }

    pub(crate) fn archive_bytes(&self) -> u64 {
        self.archive_bytes
    }

    /// How many parts are finished.
    pub(crate) fn parts(&self) -> u32 {
        self.parts.last().map_or(0, |part| part.ordinal)
    }

    fn begin(&mut self) -> Result<OpenPart, PackError> {
        if self.parts() == self.limits.parts {
            return Err(PackError::TooManyParts { limit: self.limits.parts });
        }
        let ordinal = self.parts() + 1;
        let known = self.known.get(&ordinal).copied();
        let facts = PartFacts { ordinal, known, meter: Meter::new() };
        if facts.is_wanted() {
            self.sink.begin(ordinal).map_err(|source| refused(ordinal, source))?;
        }
        Ok(OpenPart { encryptor: Encryptor::new(self.key), room: self.part_bytes, facts })
    }

    /// Measures what was just encrypted and hands it to the sink.
    fn deliver(&mut self, part: &mut PartFacts) -> Result<(), PackError> {
        part.meter.update(&self.sealed);
        if part.is_wanted() && !self.sealed.is_empty() {
            let written = self.sink.write(&self.sealed);
            written.map_err(|source| refused(part.ordinal, source))?;
        }
        Ok(())
    }

    fn end(&mut self, part: OpenPart) -> Result<(), PackError> {
        let OpenPart { encryptor, mut facts, .. } = part;
        self.sealed.clear();
        encryptor.finish(&mut self.sealed);
        self.deliver(&mut facts)?;
        let (ordinal, wanted) = (facts.ordinal, facts.is_wanted());
        let summary = PartSummary { ordinal, sealed: facts.meter.finish() };
        if facts.known.is_some_and(|known| known.sealed != summary.sealed) {
            return Err(PackError::PartChanged { ordinal });
        }
        if wanted {
            self.sink.finish(&summary).map_err(|source| refused(ordinal, source))?;
        }
        self.parts.push(summary);
        Ok(())
    }
}

fn refused(ordinal: u32, source: io::Error) -> PackError {
    PackError::Sink { ordinal, source }
}
