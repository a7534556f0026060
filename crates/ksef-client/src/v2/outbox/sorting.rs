//! Putting invoices together into parcels.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use common_core::store::{Change, Entries, Expect, Lease, Position, Swap};

use super::{
    Carrier,
    carrier::Stored,
    draft::Waiting,
    fate::Known,
    parcel::{Kind, Letter, Parcel, Way},
};
use crate::v2::{
    durable::{DurableError, under_lease},
    offline::Outage,
};

/// So many invoices are read from the store at a time.
const SLICE: usize = 32;

/// So many are put into parcels at a time.
const MOST_SORTED: usize = 10_000;

/// While there are so many parcels, what is put in waits outside of them.
const MOST_PARCELS: usize = 256;

/// What is to be done with an invoice.
enum Sieve {
    New,
    Known,
    Later,
}

/// Letters of one kind.
struct Group {
    kind: Kind,
    letters: Vec<Letter>,
}

impl Carrier {
    /// Puts invoices that are in no parcel into parcels: into those that are at home and have room,
    /// and into new ones.
    ///
    /// One carrier does it at a time. Cut off, it begins again where it was: a parcel that was made
    /// is stored, and its invoices are passed over.
    pub(super) async fn sort(&self, outages: &[Outage]) -> Result<(), DurableError> {
        let (store, names) = (&self.outbox.store, &self.outbox.names);
        let cursor = self.cursor().await?;
        if store.read(names.journal(), Entries::Open, cursor, 1).await?.is_empty() {
            return Ok(());
        }
        let work = |lease| async move { self.sort_under(&lease, outages).await };
        under_lease(&**store, names.sorting(), self.holder(), work).await?;
        Ok(())
    }

    async fn sort_under(&self, lease: &Lease, outages: &[Outage]) -> Result<(), DurableError> {
        let (store, names) = (&self.outbox.store, &self.outbox.names);
        let mut parcels: Vec<_> = self.parcels().await?.into_iter().flatten().collect();
        if parcels.len() >= MOST_PARCELS {
            return Ok(());
        }
        let cursor = self.cursor().await?;
        let letters = parcels.iter().flat_map(|one| &one.parcel.letters);
        let sorted = letters.map(|letter| letter.position).collect();
        let mut groups = Vec::new();
        let mut through = cursor;
        let (mut count, mut unread) = (0, None);
        while count < MOST_SORTED {
            let entries = store.read(names.journal(), Entries::Open, through, SLICE).await?;
            let Some(last) = entries.last() else { break };
            through = last.position;
            for entry in entries {
                let Ok(waiting) = Waiting::decode(entry.position, &entry.payload) else {
                    // It may be of a newer version of this program, which will read it.
                    unread = unread.or(Some(entry.position));
                    continue;
                };
                match self.sieve(&waiting, &sorted, lease).await? {
                    Sieve::New => {
                        count += 1;
                        add(&mut groups, waiting);
                    }
                    Sieve::Later => unread = unread.or(Some(entry.position)),
                    Sieve::Known => {}
                }
            }
        }
        let today = self.end_of_today();
        let by_due = |letter: &Letter| (letter.due(outages, today), letter.position);
        for mut group in groups {
            group.letters.sort_by_key(by_due);
            self.fill(&mut group, &mut parcels, by_due, lease).await?;
            self.make(group, lease).await?;
        }
        let before = |place: Position| Position::new(place.number().saturating_sub(1));
        let through = unread.map_or(through, before);
        if through > cursor {
            let value = through.number().to_string().into_bytes();
            let change = Change::Put { value, expires_at: None };
            store.swap(names.cursor(), Expect::Anything, change, Some(lease)).await?;
        }
        Ok(())
    }

    /// Adds letters to parcels of their kind that have not set out. One that does so meanwhile has
    /// another version then, and is left alone.
    async fn fill(
        &self,
        group: &mut Group,
        parcels: &mut [Stored],
        by_due: impl Fn(&Letter) -> (DateTime<Utc>, Position) + Copy,
        lease: &Lease,
    ) -> Result<(), DurableError> {
        let fits = |one: &&mut Stored| {
            one.parcel.kind == group.kind && one.parcel.is_at_home() && !self.rests_long(&one.key)
        };
        for Stored { key, version, parcel } in parcels.iter_mut().filter(fits) {
            let (way, most) = self.way(&group.kind, parcel.letters.len() + group.letters.len());
            let room = most.saturating_sub(parcel.letters.len()).min(group.letters.len());
            if room == 0 {
                continue;
            }
            let mut filled = Parcel { way: parcel.way.max(way), ..parcel.clone() };
            filled.letters.extend_from_slice(&group.letters[..room]);
            filled.letters.sort_by_key(by_due);
            let change = Change::Put { value: filled.encode(), expires_at: None };
            let expect = Expect::Version(*version);
            let swap = self.outbox.store.swap(key, expect, change, Some(lease)).await?;
            if matches!(swap, Swap::Done(_)) {
                group.letters.drain(..room);
            }
        }
        Ok(())
    }

    /// Puts letters into new parcels, the nearest deadlines first.
    async fn make(&self, group: Group, lease: &Lease) -> Result<(), DurableError> {
        let Group { kind, letters } = group;
        let (way, most) = self.way(&kind, letters.len());
        for letters in letters.chunks(most) {
            let number = letters.iter().map(|letter| letter.position.number()).min();
            let key = self.outbox.names.parcel(number.unwrap_or_default());
            let parcel = Parcel::new(kind.clone(), way, letters.to_vec());
            let change = Change::Put { value: parcel.encode(), expires_at: None };
            let swap = self.outbox.store.swap(&key, Expect::Absent, change, Some(lease)).await?;
            if matches!(swap, Swap::Conflict(_)) {
                return Err(DurableError::Corrupt("two parcels of one number"));
            }
        }
        Ok(())
    }

    /// How so many letters of a kind go, and how many of them together at most.
    fn way(&self, kind: &Kind, count: usize) -> (Way, usize) {
        if self.may_batch(kind) && count >= self.options.batch_from {
            (Way::Batch, self.options.batch)
        } else {
            (Way::Online, self.options.session)
        }
    }

    /// Whether letters of a kind may go as a batch.
    pub(super) fn may_batch(&self, kind: &Kind) -> bool {
        self.options.folder.is_some() && kind.form.in_batch() && !kind.corrects
    }

    /// Whether an invoice has to be put into a parcel. One that is decided about, or was put in later
    /// at a place that counts, is done with.
    async fn sieve(
        &self,
        waiting: &Waiting,
        sorted: &HashSet<Position>,
        lease: &Lease,
    ) -> Result<Sieve, DurableError> {
        let (outbox, place) = (&self.outbox, waiting.position);
        if sorted.contains(&place) {
            return Ok(Sieve::Known);
        }
        if outbox.known(&waiting.hash).await?.is_none() {
            // Whoever put it in was cut off before saying so.
            let (key, change) = (outbox.names.fate(&waiting.hash), Known::waiting(place).put());
            outbox.store.swap(&key, Expect::Absent, change, Some(lease)).await?;
        }
        let known = outbox.known(&waiting.hash).await?;
        match known.and_then(|(known, _)| known.place()) {
            Some(counts) if counts == place => Ok(Sieve::New),
            // Whoever puts it in anew may be about to say that this place counts.
            Some(counts) if counts < place => Ok(Sieve::Later),
            _ => {
                outbox.store.acknowledge(outbox.names.journal(), &[place], Some(lease)).await?;
                Ok(Sieve::Known)
            }
        }
    }

    /// How far the outbox was put into parcels.
    async fn cursor(&self) -> Result<Position, DurableError> {
        let record = self.outbox.store.get(self.outbox.names.cursor()).await?;
        let Some(record) = record else { return Ok(Position::START) };
        let text = std::str::from_utf8(&record.value).ok();
        let number = text.and_then(|text| text.parse().ok());
        number.map(Position::new).ok_or(DurableError::Corrupt("how far invoices were sorted"))
    }
}

fn add(groups: &mut Vec<Group>, waiting: Waiting) {
    let Waiting { position, hash, form, issue, corrects } = waiting;
    let letter = Letter::new(position, &hash, issue);
    let offline = issue.is_some() || corrects;
    let kind = Kind { form, offline, corrects };
    match groups.iter_mut().find(|group| group.kind == kind) {
        Some(group) => group.letters.push(letter),
        None => groups.push(Group { kind, letters: vec![letter] }),
    }
}
