//! Packages: stored before they are sent, sent with the same bytes however often, and removed.

use common_core::store::{Entries, Position};

use super::{
    Journal, JournalError,
    outbox::{
        Outbox, PackageHead, Purpose, Stored, Waiting, decode_package, encode_package,
        encode_withdrawal,
    },
    session::{Session, State, decode},
};
use crate::{
    ident::{CommandId, JpkId, JpkRange},
    packing::Package,
};

/// Packages that are read together when a journal is opened.
const PAGE: usize = 8;

impl Journal {
    /// Stores packages before the first of them is sent, all or none, with one commit.
    ///
    /// Packages of the schedule must go on where packing stopped ([`Progress::packed`]), those of an
    /// answer behind what was packed for the same command ([`packed_for`](Self::packed_for)), and a
    /// document in parts must come with all its parts. Cut off, it has happened or not; then ask
    /// for the progress again: packing the same documents once more is refused, because sealing
    /// anew gives other bytes.
    ///
    /// [`Progress::packed`]: super::Progress::packed
    ///
    /// # Errors
    ///
    /// [`Refused`](super::JournalErrorKind::Refused) when the packages do not go on as they must.
    pub async fn store_packages(
        &self,
        purpose: &Purpose,
        packages: &[Package],
    ) -> Result<(), JournalError> {
        let mut state = self.session.lock().await?;
        if packages.is_empty() {
            return Ok(());
        }
        self.session.check_order(&state, purpose, packages).await?;
        check_parts(packages)?;
        let encode = |package| encode_package(package, purpose);
        let encoded = || packages.iter().map(encode).collect();
        let outbox = &self.session.names.outbox;
        let positions = self.session.append(&mut state, outbox, encoded).await?;
        for (position, package) in positions.into_iter().zip(packages) {
            state.outbox.add(position, PackageHead::of(package, purpose));
        }
        let packed = state.outbox.packed();
        state.flush = state.flush.filter(|flush| Some(*flush) > packed);
        Ok(())
    }

    /// The package that goes out next, byte for byte as it was stored; the same one until it is
    /// [`sent`](Self::sent) or [withdrawn](Self::withdraw).
    pub async fn next_package(&self) -> Result<Option<Stored>, JournalError> {
        let state = self.session.lock().await?;
        let Some(next) = state.outbox.next() else { return Ok(None) };
        let before = Position::new(next.position.number().saturating_sub(1));
        let entries =
            self.session.engine.read(&self.session.names.outbox, Entries::Open, before, 1);
        let entry =
            entries.await?.into_iter().next().filter(|entry| entry.position == next.position);
        let stored = entry.as_ref().and_then(decode_package);
        stored.map(Some).ok_or_else(|| JournalError::corrupt("a package that waits is not there"))
    }

    /// How many packages wait.
    pub async fn waiting(&self) -> Result<usize, JournalError> {
        let state = self.session.lock().await?;
        Ok(state.outbox.waiting().iter().filter(|waiting| !waiting.is_sent).count())
    }

    /// Takes note that the event hub has taken the package: only after its 201.
    ///
    /// Cut off, the package goes out once more with the same bytes, which the repository must take
    /// (CRK facts §5). Repeating it does no harm. When no package waits any more, what was sent is
    /// removed; the documents stay.
    ///
    /// # Errors
    ///
    /// [`Refused`](super::JournalErrorKind::Refused) when another package goes out before this one.
    pub async fn sent(&self, position: Position) -> Result<(), JournalError> {
        let mut state = self.session.lock().await?;
        match state.outbox.next() {
            Some(next) if next.position == position => {}
            Some(next) if next.position < position => {
                return Err(JournalError::refused("another package goes out before this one"));
            }
            _ => return Ok(()),
        }
        let outbox = &self.session.names.outbox;
        self.session.acknowledge(&mut state, outbox, &[position]).await?;
        state.outbox.mark_sent(position);
        if state.outbox.next().is_none() {
            // The package counts as sent, whatever becomes of this; it is tried again another time.
            let _ = self.session.clear(&mut state).await;
        }
        Ok(())
    }

    /// Takes back a package that the event hub will not take (400, 413), with all parts of its
    /// document and everything that was packed behind it for the same purpose. Their documents are
    /// to be packed anew, smaller.
    ///
    /// Packages that went out already stay with the repository, so that it may see a part of a
    /// document twice, under different command ids.
    ///
    /// # Errors
    ///
    /// [`Refused`](super::JournalErrorKind::Refused) when no package waits at that place.
    pub async fn withdraw(&self, position: Position) -> Result<(), JournalError> {
        let mut state = self.session.lock().await?;
        let gone = || JournalError::refused("no package waits at that place");
        let positions = state.outbox.withdrawn_with(position).ok_or_else(gone)?;
        let note = || vec![encode_withdrawal(positions.clone())];
        let outbox = &self.session.names.outbox;
        let notes = self.session.append(&mut state, outbox, note).await?;
        state.outbox.forget(&positions);
        let marked = [&positions[..], &notes].concat();
        self.session.acknowledge(&mut state, outbox, &marked).await?;
        let packed = state.outbox.packed();
        state.flush = self.session.find_flush(packed, state.tail).await?;
        Ok(())
    }

    /// The highest number that was packed for the answer to a command; the outer `None` when
    /// nothing was, the inner one when the answer is an empty package.
    ///
    /// Kept until the command is [finished](Self::finish_command), so that an answer which was cut
    /// off goes on where it stopped.
    pub async fn packed_for(
        &self,
        command: &CommandId,
    ) -> Result<Option<Option<JpkId>>, JournalError> {
        let state = self.session.lock().await?;
        Ok(state.outbox.answers(command).map(Waiting::last).max())
    }
}

impl Session {
    async fn check_order(
        &self,
        state: &State,
        purpose: &Purpose,
        packages: &[Package],
    ) -> Result<(), JournalError> {
        let refused = || JournalError::refused("the packages do not go on where packing stopped");
        let mut last = match purpose {
            Purpose::Schedule => {
                let packed = state.outbox.packed();
                let next = match packed {
                    Some(packed) => packed.next(),
                    None => self.first_entry().await?,
                };
                let first = packages.first().and_then(Package::range).map(JpkRange::first);
                if first.is_none() || first != next {
                    return Err(refused());
                }
                packed
            }
            Purpose::Request(id) => match state.outbox.answers(id).map(Waiting::last).max() {
                Some(None) => return Err(refused()),
                Some(packed) => packed,
                None => None,
            },
            Purpose::Repeat => None,
        };
        for package in packages {
            let first = package.range().map(JpkRange::first);
            let fits = match (first, last) {
                (None, _) => packages.len() == 1,
                (Some(first), Some(last)) if package.number() > 1 => first == last,
                // The schedule leaves nothing out; where it begins was looked at before.
                (Some(first), Some(last)) if *purpose == Purpose::Schedule => {
                    Some(first) == last.next()
                }
                (first, last) => first > last,
            };
            if !fits {
                return Err(refused());
            }
            last = package.range().map(JpkRange::last);
        }
        let is_known = last <= state.tail.last;
        if is_known { Ok(()) } else { Err(JournalError::refused("a document is not journalled")) }
    }

    async fn first_entry(&self) -> Result<Option<JpkId>, JournalError> {
        let entry = self.entry_behind(0).await?;
        entry.as_ref().map(decode).transpose().map(|entry| entry.map(|entry| entry.first()))
    }

    /// Removes what was sent, if nothing can be lost by it: the cursor is written down first.
    pub(super) async fn clear(&self, state: &mut State) -> Result<(), JournalError> {
        if !state.outbox.can_be_cleared() {
            return Ok(());
        }
        for command in state.outbox.commands() {
            if !self.is_finished(&command).await? {
                return Ok(());
            }
        }
        let sent = state.outbox.sent();
        self.put_cursor(state, sent).await?;
        self.compact(state, &self.names.outbox).await?;
        state.outbox.clear(sent);
        Ok(())
    }

    /// Reads the packages, and finishes what was withdrawn.
    pub(super) async fn load_outbox(&self, state: &mut State) -> Result<(), JournalError> {
        let mut outbox = Outbox::new(self.cursor().await?);
        let mut after = Position::START;
        loop {
            let page = self.engine.read(&self.names.outbox, Entries::All, after, PAGE).await?;
            let Some(end) = page.last().map(|entry| entry.position) else { break };
            let unreadable = || JournalError::corrupt("a package has another form");
            for entry in &page {
                outbox.take(entry).ok_or_else(unreadable)?;
            }
            after = end;
        }
        let unfinished = outbox.take_unfinished();
        state.outbox = outbox;
        if unfinished.is_empty() {
            return Ok(());
        }
        self.acknowledge(state, &self.names.outbox, &unfinished).await
    }
}

/// Whether each document in parts comes whole.
fn check_parts(packages: &[Package]) -> Result<(), JournalError> {
    let mut next = 0;
    for package in packages {
        let fits = if next == 0 { package.number() <= 1 } else { package.number() == next };
        if !fits {
            return Err(JournalError::refused("a document in parts does not come in order"));
        }
        next = if package.is_last() { 0 } else { package.number() + 1 };
    }
    if next == 0 { Ok(()) } else { Err(JournalError::refused("a document in parts is not whole")) }
}
