//! How far receiving has come: the rules, without a network.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use common_core::{open::Open, store::Position};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::v2::{
    durable::DurableError,
    receiving::OVERLAP,
    wire::{InvoiceMetadata, InvoiceQuerySubjectType},
};

/// How far receiving has come in one role, as plain data: up to which moment everything has arrived,
/// and what has arrived at its edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    #[serde(deserialize_with = "known_role")]
    role: InvoiceQuerySubjectType,
    /// The beginning that somebody chose.
    since: DateTime<Utc>,
    /// Everything that was stored before has arrived.
    through: DateTime<Utc>,
    /// The KSeF numbers of invoices at the edge, which have arrived, with the moments at which they
    /// were stored.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    edge: BTreeMap<String, DateTime<Utc>>,
}

impl Checkpoint {
    /// The beginning: everything that was stored at that moment or later is still to arrive.
    pub fn starting(role: InvoiceQuerySubjectType, at: DateTime<Utc>) -> Self {
        Self { role, since: at, through: at, edge: BTreeMap::new() }
    }

    /// The role that it belongs to; it says nothing about another one.
    pub fn role(&self) -> InvoiceQuerySubjectType {
        self.role
    }

    /// Up to when everything has arrived.
    pub fn through(&self) -> DateTime<Utc> {
        self.through
    }

    /// Where the next question begins: a little before, in case the service rounds dates when it
    /// shows them, but not before the beginning.
    pub(super) fn from(&self) -> DateTime<Utc> {
        self.since.max(self.through - OVERLAP)
    }

    /// Whether an invoice has not arrived yet, as far as questions can bring it.
    pub(super) fn is_new(&self, number: &str) -> bool {
        !self.edge.contains_key(number)
    }

    /// What is new among the rows of an answer, and the checkpoint behind them.
    ///
    /// `read_to` is the moment up to which the answer is complete; none leaves the moment as it is.
    pub(super) fn advance(
        &self,
        rows: Vec<InvoiceMetadata>,
        read_to: Option<DateTime<Utc>>,
    ) -> (Vec<InvoiceMetadata>, Self) {
        let through = read_to.map_or(self.through, |moment| moment.max(self.through));
        let mut edge = self.edge.clone();
        let mut fresh = Vec::with_capacity(rows.len());
        for row in rows {
            // What has no date is kept as if it were at the edge.
            let stored = row.permanent_storage_date.unwrap_or(through);
            if edge.insert(row.ksef_number.clone(), stored).is_none() {
                fresh.push(row);
            }
        }
        edge.retain(|_, stored| *stored >= through - OVERLAP);
        (fresh, Self { role: self.role, since: self.since, through, edge })
    }
}

fn known_role<'de, D>(deserializer: D) -> Result<InvoiceQuerySubjectType, D::Error>
where
    D: Deserializer<'de>,
{
    let role = Open::<InvoiceQuerySubjectType>::deserialize(deserializer)?;
    role.known().ok_or_else(|| D::Error::custom("the role is not known here"))
}

/// A checkpoint as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) checkpoint: Checkpoint,
    /// The last arrival before it.
    pub(super) position: Position,
    /// When everything up to the high water mark had arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) asked: Option<DateTime<Utc>>,
}

impl Mark {
    pub(super) fn encode(&self) -> Vec<u8> {
        // Texts, numbers and dates cannot fail to be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn decode(value: &[u8]) -> Result<Self, DurableError> {
        serde_json::from_slice(value).map_err(|_| DurableError::Corrupt("a checkpoint"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::v2::wire::InvoiceQuerySubjectType::Subject2;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_770_000_000_000 + millis).unwrap()
    }

    fn row(number: u32, millis: i64) -> InvoiceMetadata {
        let row = json!({"ksefNumber": format!("N{number}"), "permanentStorageDate": at(millis)});
        serde_json::from_value(row).unwrap()
    }

    /// What a service gives that has those invoices: everything from a moment on up to the mark, cut
    /// after so many; up to when the answer is complete, and whether it was cut.
    fn answer(
        all: &[(u32, i64)],
        from: DateTime<Utc>,
        mark: i64,
        most: usize,
    ) -> (Vec<InvoiceMetadata>, DateTime<Utc>, bool) {
        let mut fits: Vec<_> =
            all.iter().filter(|(_, stored)| at(*stored) >= from && *stored <= mark).collect();
        fits.sort_by_key(|(number, stored)| (*stored, *number));
        let is_cut = fits.len() > most;
        fits.truncate(most);
        let last = fits.last().map_or(from, |(_, stored)| at(*stored));
        let rows = fits.into_iter().map(|(number, stored)| row(*number, *stored)).collect();
        (rows, if is_cut { last } else { at(mark) }, is_cut)
    }

    #[test]
    fn a_beginning_asks_from_its_moment_and_what_follows_overlaps() {
        let start = Checkpoint::starting(Subject2, at(5));
        assert_eq!(start.from(), at(5));
        let (fresh, next) = start.advance(vec![row(1, 6), row(2, 9)], Some(at(9)));
        assert_eq!((fresh.len(), next.through(), next.from()), (2, at(9), at(8)));
        assert_eq!(next.edge.len(), 1);
        assert!(!next.is_new("N2") && next.is_new("N1"));
        let (fresh, same) = next.advance(vec![row(2, 9), row(3, 9)], None);
        assert_eq!((fresh[0].ksef_number.as_str(), fresh.len()), ("N3", 1));
        assert_eq!((same.through(), same.edge.len()), (at(9), 2));
        let (_, back) = same.advance(Vec::new(), Some(at(2)));
        assert_eq!(back, same, "a mark that goes backwards moves nothing");
        let (_, quiet) = back.advance(Vec::new(), Some(at(40)));
        assert_eq!((quiet.from(), quiet.edge.len()), (at(39), 0), "nothing at the edge");
    }

    #[test]
    fn a_checkpoint_is_plain_data() {
        let (_, checkpoint) =
            Checkpoint::starting(Subject2, at(0)).advance(vec![row(1, 7)], Some(at(7)));
        let mark = Mark { checkpoint, position: Position::new(9), asked: Some(at(8)) };
        assert_eq!(Mark::decode(&mark.encode()).unwrap(), mark);
        assert!(Mark::decode(b"{}").is_err());
        let newer = String::from_utf8(mark.encode()).unwrap().replace("Subject2", "Subject9");
        assert!(Mark::decode(newer.as_bytes()).is_err());
    }

    proptest! {
        /// Invoices appear while the mark grows; whoever asks again and again, from any of the
        /// checkpoints, gets each of them once.
        #[test]
        fn every_invoice_arrives_once_from_any_checkpoint(
            stored in prop::collection::vec(0_i64..60, 0..60),
            marks in prop::collection::vec(0_i64..20, 1..12),
            most in 4_usize..30,
        ) {
            let all: Vec<_> = (0..).zip(stored).collect();
            let mut checkpoints = vec![Checkpoint::starting(Subject2, at(0))];
            let mut arrived: Vec<Vec<String>> = vec![Vec::new()];
            let mut mark = 0;
            for step in marks {
                mark += step;
                for _ in 0..100 {
                    let last = checkpoints.last().unwrap();
                    let (rows, read_to, is_cut) = answer(&all, last.from(), mark, most);
                    let (fresh, next) = last.advance(rows, Some(read_to));
                    let is_stuck = is_cut && next == *last;
                    arrived.push(fresh.into_iter().map(|row| row.ksef_number).collect());
                    checkpoints.push(next);
                    // More of one moment than an answer holds is an error of its own.
                    prop_assume!(!is_stuck);
                    if !is_cut {
                        break;
                    }
                }
            }
            let expected = all.iter().filter(|(_, stored)| *stored <= mark).count();
            let mut numbers: Vec<_> = arrived.iter().flatten().collect();
            prop_assert_eq!(numbers.len(), expected);
            numbers.sort();
            numbers.dedup();
            prop_assert_eq!(numbers.len(), expected);
            for (index, checkpoint) in checkpoints.iter().enumerate() {
                let (rows, read_to, _) = answer(&all, checkpoint.from(), mark, usize::MAX);
                let (fresh, _) = checkpoint.advance(rows, Some(read_to));
                let later: usize = arrived[index + 1..].iter().map(Vec::len).sum();
                prop_assert_eq!(fresh.len(), later);
            }
        }
    }
}
