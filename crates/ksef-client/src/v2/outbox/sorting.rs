//! Putting invoices together into parcels.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use common_core::store::{Change, Entries, Expect, Lease, Position, Swap};

use super::{
    Carrier,
    draft::Waiting,
    parcel::{Letter, Parcel, Way},
};
use crate::v2::{
    FormCode,
    durable::{DurableError, under_lease},
    offline::Outage,
};

/// So many invoices are read from the store at a time.
const SLICE: usize = 100;

/// Parcels that share their form and their way.
struct Group {
    form: FormCode,
    offline: bool,
    corrects: bool,
    letters: Vec<(Option<DateTime<Utc>>, Letter)>,
}

impl Carrier {
    /// Puts invoices that are in no parcel into parcels, and answers how many parcels it made.
    ///
    /// One carrier does it at a time. Cut off, it begins again where it was: a parcel that was made
    /// is stored, and its invoices are passed over.
    pub(super) async fn sort(&self, outages: &[Outage]) -> Result<usize, DurableError> {
        let work = |lease| async move { self.sort_under(&lease, outages).await };
        let name = self.outbox.names.sorting();
        let made = under_lease(&*self.outbox.store, name, self.holder(), work).await?;
        Ok(made.unwrap_or(0))
    }

    async fn sort_under(&self, lease: &Lease, outages: &[Outage]) -> Result<usize, DurableError> {
        let (store, names) = (&self.outbox.store, &self.outbox.names);
        let parcels = self.parcels().await?;
        if parcels.len() >= self.options.most_parcels {
            return Ok(0);
        }
        let cursor = self.cursor().await?;
        let mut known = Known::of(parcels.iter().map(|(_, parcel)| parcel));
        let mut groups = Vec::new();
        let mut through = cursor;
        let mut count = 0;
        while count < self.options.batch {
            let entries = store.read(names.journal(), Entries::Open, through, SLICE).await?;
            let Some(last) = entries.last() else { break };
            through = last.position;
            for entry in entries {
                let waiting = Waiting::decode(entry.position, &entry.payload)?;
                if self.is_new(&waiting, &mut known, lease).await? {
                    count += 1;
                    add(&mut groups, waiting, outages);
                }
            }
        }
        let mut made = 0;
        for parcel in groups.into_iter().flat_map(|group| self.parcels_of(group)) {
            let key = names.parcel(parcel.number());
            let change = Change::Put { value: parcel.encode(), expires_at: None };
            match store.swap(&key, Expect::Absent, change, Some(lease)).await? {
                Swap::Done(_) => made += 1,
                Swap::Conflict(_) => {
                    return Err(DurableError::Corrupt("two parcels of one number"));
                }
            }
        }
        if through > cursor {
            let value = through.number().to_string().into_bytes();
            let change = Change::Put { value, expires_at: None };
            store.swap(names.cursor(), Expect::Anything, change, Some(lease)).await?;
        }
        Ok(made)
    }

    /// Whether an invoice has to be put into a parcel. One whose bytes are in another parcel, or are
    /// decided about, is done with: the other one stands for it.
    async fn is_new(
        &self,
        waiting: &Waiting,
        known: &mut Known,
        lease: &Lease,
    ) -> Result<bool, DurableError> {
        if known.positions.contains(&waiting.position) {
            return Ok(false);
        }
        let fate = self.outbox.fate(&waiting.hash).await?;
        let is_decided = fate.is_some_and(|fate| fate.is_final());
        if !is_decided && known.hashes.insert(waiting.hash.base64()) {
            return Ok(true);
        }
        let journal = self.outbox.names.journal();
        self.outbox.store.acknowledge(journal, &[waiting.position], Some(lease)).await?;
        Ok(false)
    }

    /// How far the outbox was put into parcels.
    async fn cursor(&self) -> Result<Position, DurableError> {
        let record = self.outbox.store.get(self.outbox.names.cursor()).await?;
        let Some(record) = record else { return Ok(Position::START) };
        let text = std::str::from_utf8(&record.value).ok();
        let number = text.and_then(|text| text.parse().ok());
        number.map(Position::new).ok_or(DurableError::Corrupt("how far invoices were sorted"))
    }

    /// The parcels of a group: those with the nearest deadlines first.
    fn parcels_of(&self, mut group: Group) -> Vec<Parcel> {
        let Group { form, offline, corrects, .. } = group;
        // What has no deadline has the time of day as one: it is issued by being sent.
        group.letters.sort_by_key(|(due, letter)| (*due, letter.position));
        let letters: Vec<_> = group.letters.into_iter().map(|(_, letter)| letter).collect();
        let may_batch = self.options.folder.is_some() && form.in_batch() && !corrects;
        let (way, most) = if may_batch && letters.len() >= self.options.batch_from {
            (Way::Batch, self.options.batch)
        } else {
            (Way::Online, self.options.session)
        };
        let parcels = letters.chunks(most.max(1)).map(|letters| Parcel {
            form: form.clone(),
            way,
            offline,
            letters: letters.to_vec(),
            session: None,
        });
        parcels.collect()
    }
}

/// What is in parcels already.
struct Known {
    positions: HashSet<Position>,
    hashes: HashSet<String>,
}

impl Known {
    fn of<'a>(parcels: impl Iterator<Item = &'a Parcel> + Clone) -> Self {
        let letters = parcels.flat_map(|parcel| &parcel.letters);
        Self {
            positions: letters.clone().map(|letter| letter.position).collect(),
            hashes: letters.map(|letter| letter.hash.clone()).collect(),
        }
    }
}

fn add(groups: &mut Vec<Group>, waiting: Waiting, outages: &[Outage]) {
    let due = waiting.issue.and_then(|issue| issue.deadline(outages).moment());
    let letter = Letter { position: waiting.position, hash: waiting.hash.base64() };
    let (offline, corrects) = (waiting.issue.is_some(), waiting.corrects);
    let fits = |group: &&mut Group| {
        (&group.form, group.offline, group.corrects) == (&waiting.form, offline, corrects)
    };
    if let Some(group) = groups.iter_mut().find(fits) {
        group.letters.push((due, letter));
    } else {
        let form = waiting.form;
        groups.push(Group { form, offline, corrects, letters: vec![(due, letter)] });
    }
}
