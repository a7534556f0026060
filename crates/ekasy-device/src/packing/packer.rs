//! The packer: documents in, packages out.

use std::{collections::VecDeque, fmt};

use super::{
    error::{PackError, SealFailure},
    form::{Form, Short},
    item::Item,
    package::{Package, Place},
    parts,
    plan::Plan,
    search::{Tried, aim, is_full, search},
};
use crate::ident::{JpkId, JpkRange};

/// Makes `encryptedData` from a JPK structure, as the crypto profile says.
///
/// A sealer is asked several times for one package when it has to be cut, so it must not count on
/// every result being sent.
pub trait Sealer {
    /// Compresses, signs, encrypts and serialises.
    fn seal(&mut self, plaintext: &[u8]) -> Result<String, SealFailure>;

    /// Compresses alone, for [`CutPolicy::Compressed`](super::CutPolicy::Compressed).
    fn compress(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, SealFailure> {
        let _ = plaintext;
        Err("this sealer does not compress apart from sealing".into())
    }

    /// Signs, encrypts and serialises what [`compress`](Self::compress) gave.
    fn seal_compressed(&mut self, compressed: &[u8]) -> Result<String, SealFailure> {
        let _ = compressed;
        Err("this sealer does not seal apart from compressing".into())
    }
}

impl<S: Sealer + ?Sized> Sealer for &mut S {
    fn seal(&mut self, plaintext: &[u8]) -> Result<String, SealFailure> {
        (**self).seal(plaintext)
    }

    fn compress(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, SealFailure> {
        (**self).compress(plaintext)
    }

    fn seal_compressed(&mut self, compressed: &[u8]) -> Result<String, SealFailure> {
        (**self).seal_compressed(compressed)
    }
}

/// Packs the documents of one shipment in their order.
///
/// A document goes into exactly one package, or into one run of parts.
/// A package is given as soon as it is full; [`finish`](Self::finish) gives the rest.
/// What waits inside is bounded by the [plaintext limit](super::Limits::plaintext) and one document.
///
/// Given the same documents and a sealer that gives the same text for the same bytes, the packages
/// are the same.
pub struct Packer<S> {
    plan: Plan,
    sealer: S,
    window: Window,
    /// How much plaintext is likely to fill a request.
    target: usize,
    last: Option<JpkId>,
    /// Gaps at the beginning of a requested range, held back until a document goes out.
    leading_gaps: VecDeque<JpkRange>,
    /// Whether a document goes out; those that stay out are none.
    has_document: bool,
}

/// Documents that wait for a package, in their final form and separated by commas.
#[derive(Default)]
struct Window {
    elements: Vec<u8>,
    /// For each document, its number and where it ends.
    ends: Vec<(JpkId, usize)>,
}

impl<S: Sealer> Packer<S> {
    /// A packer for one shipment.
    pub fn new(plan: Plan, sealer: S) -> Self {
        let target = plan.limits.body();
        Self {
            plan,
            sealer,
            window: Window::default(),
            target,
            last: None,
            leading_gaps: VecDeque::new(),
            has_document: false,
        }
    }

    /// Takes the next document or gap; gives the packages that are full now.
    ///
    /// # Errors
    ///
    /// See [`PackError`]; the packer must not be used afterwards.
    pub fn push(&mut self, item: Item<'_>) -> Result<Vec<Package>, PackError> {
        if let Some(after) = self.last.filter(|last| item.first() <= *last) {
            return Err(PackError::Order { id: item.first(), after });
        }
        self.last = Some(item.last());
        let mut packages = Vec::new();
        match item {
            Item::Gap(gap) if !self.has_document && self.plan.selection.answers_empty() => {
                self.leading_gaps.push_back(gap);
            }
            Item::Gap(gap) => self.add_gap(gap, &mut packages)?,
            Item::Document { id, kind, bytes } => {
                let Some(form) = self.plan.selection.form(kind) else { return Ok(packages) };
                self.has_document = true;
                while let Some(gap) = self.leading_gaps.pop_front() {
                    self.add_gap(gap, &mut packages)?;
                }
                let short = &self.plan.short;
                match form {
                    Form::Detailed => self.window.add(id, |into| into.extend_from_slice(bytes)),
                    Form::Short => {
                        self.window.add(id, |into| short.write(id, Short::Document(kind), into));
                    }
                }
                self.settle(Stage::Filling, &mut packages)?;
            }
        }
        Ok(packages)
    }

    /// Gives what is left.
    ///
    /// For a requested range of which no document goes out that is one package with an empty
    /// `content`; a shipment of the schedule to which nothing was pushed has no package.
    ///
    /// # Errors
    ///
    /// See [`PackError`].
    pub fn finish(mut self) -> Result<Vec<Package>, PackError> {
        let mut packages = Vec::new();
        let is_empty = !self.has_document && self.plan.selection.answers_empty();
        if is_empty {
            packages.push(self.empty()?);
        } else {
            self.settle(Stage::Finishing, &mut packages)?;
        }
        Ok(packages)
    }

    fn add_gap(&mut self, gap: JpkRange, packages: &mut Vec<Package>) -> Result<(), PackError> {
        let mut next = Some(gap.first());
        while let Some(id) = next.filter(|id| *id <= gap.last()) {
            let short = &self.plan.short;
            self.window.add(id, |into| short.write(id, Short::Gap, into));
            self.settle(Stage::Filling, packages)?;
            next = id.next();
        }
        Ok(())
    }

    /// Makes packages from the window while there is enough for one, or anything when finishing.
    fn settle(&mut self, stage: Stage, packages: &mut Vec<Package>) -> Result<(), PackError> {
        let unpacked = self.plan.limits.unpacked();
        loop {
            let waiting = self.window.elements.len();
            let is_enough = waiting >= self.target.min(unpacked) || stage == Stage::Finishing;
            if self.window.ends.is_empty() || !is_enough {
                return Ok(());
            }
            let count =
                self.window.count_within(unpacked - self.plan.frame.overhead().min(unpacked));
            let Some((cut, package)) = self.cut(count)? else {
                packages.extend(self.split_first()?);
                continue;
            };
            let size = package.body().len();
            let weight = self.window.weight(cut);
            let (room, is_all) = (self.plan.limits.body(), cut == self.window.ends.len());
            self.target = aim(weight, size, room).max(1);
            if stage == Stage::Filling && is_all && !is_full(size, room) && weight < unpacked {
                // There is room for more: wait until there is likely to be none.
                self.target = self.target.max(waiting + 1);
                return Ok(());
            }
            self.window.remove(cut);
            packages.push(package);
        }
    }

    /// The first documents of the window, at most `count`, in one package.
    fn cut(&mut self, count: usize) -> Result<Option<(usize, Package)>, PackError> {
        let (plan, window, sealer) = (&self.plan, &self.window, &mut self.sealer);
        let attempt = |count| {
            let structure = plan.frame.around(window.first(count));
            let data = sealer.seal(&structure).map_err(PackError::Seal)?;
            let package = Package::new(&plan.command_id, Place::whole(window.range(count)), data)?;
            Ok(Tried { size: package.body().len(), result: package })
        };
        let weight = |count| window.weight(count);
        let cut = search((count, count), plan.limits.body(), weight, attempt)?;
        Ok(cut.map(|cut| (cut.count, cut.tried.result)))
    }

    /// The first document of the window, which is too large for one package, in parts.
    fn split_first(&mut self) -> Result<Vec<Package>, PackError> {
        let structure = self.plan.frame.around(self.window.first(1));
        let Some(range) = self.window.range(1) else { return Ok(Vec::new()) };
        let parts = parts::split(&self.plan, &mut self.sealer, range, &structure)?;
        self.window.remove(1);
        Ok(parts)
    }

    fn empty(&mut self) -> Result<Package, PackError> {
        let structure = self.plan.frame.around(&[]);
        let data = self.sealer.seal(&structure).map_err(PackError::Seal)?;
        let package = Package::new(&self.plan.command_id, Place::whole(None), data)?;
        if package.body().len() > self.plan.limits.body() {
            return Err(PackError::LimitTooSmall { id: None, limit: self.plan.limits.whole() });
        }
        Ok(package)
    }
}

/// Whether more may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Filling,
    Finishing,
}

impl Window {
    fn add(&mut self, id: JpkId, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.ends.is_empty() {
            self.elements.push(b',');
        }
        write(&mut self.elements);
        self.ends.push((id, self.elements.len()));
    }

    /// The length of the first documents, in bytes.
    fn weight(&self, count: usize) -> usize {
        let last = count.checked_sub(1).and_then(|last| self.ends.get(last));
        last.map_or(0, |(_, end)| *end)
    }

    /// How many documents have at most that length together, but at least one.
    fn count_within(&self, bytes: usize) -> usize {
        self.ends.partition_point(|(_, end)| *end <= bytes).max(1)
    }

    fn first(&self, count: usize) -> &[u8] {
        self.elements.get(..self.weight(count)).unwrap_or_default()
    }

    fn range(&self, count: usize) -> Option<JpkRange> {
        let taken = self.ends.get(..count)?;
        JpkRange::new(taken.first()?.0, taken.last()?.0).ok()
    }

    fn remove(&mut self, count: usize) {
        let weight = self.weight(count);
        self.ends.drain(..count);
        // With what is left goes the comma before it.
        let taken = if self.ends.is_empty() { weight } else { weight + 1 };
        self.elements.drain(..taken);
        for (_, end) in &mut self.ends {
            *end -= taken;
        }
    }
}

impl<S> fmt::Debug for Packer<S> {
    /// Without documents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packer")
            .field("command_id", &self.plan.command_id)
            .field("waiting", &self.window.ends.len())
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}
