//! The shared keys of CMD16 (source document, section 2.4.9; CRK facts §3), sealed as other secrets.
//!
//! The sealed value is one entry of 40 bytes for each day: eight digits of the day, as on the wire,
//! and the 32 bytes of its key.

use chrono::{Days, NaiveDate};
use common_core::{
    secret::{ExposeSecret, SecretBytes, secret_bytes},
    store::Records,
};

use super::{Journal, JournalError, JournalErrorKind, records::unreadable};
use crate::{command::cpd::SharedKeys, ident::SharedKey};

/// The record of the keys; secrets of the caller stand under names of another form.
const KEYS: &str = "shared-keys";

/// The form of a day.
const DAY: &str = "%Y%m%d";

/// Digits of a day.
const DIGITS: usize = 8;

/// For how many days ahead earlier keys stay; an answer brings three.
const AHEAD: u64 = 30;

impl Journal {
    /// The shared keys that were kept, by day; none of them before the first CMD16.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](super::JournalErrorKind::Corrupt) when none of the seal's keys opens them.
    pub async fn shared_keys(&self) -> Result<SharedKeys, JournalError> {
        drop(self.session.lock().await?);
        self.kept_keys().await
    }

    /// Keeps the keys of an answer, whatever their days, beside those that are there; what the
    /// answer says of a day replaces what was kept for it.
    ///
    /// Earlier keys stay when they are for `today`, the day before it or the thirty days behind it,
    /// and likewise around the first day of the answer: either calendar may be wrong, and no key of
    /// a day on which something is sold must go because of it. The others go, since nothing is sold
    /// on them, and so do keys that no seal opens: the repository gives them again. Gives what is
    /// kept now.
    ///
    /// Durable when it returns. Cut off, the old ones or the new ones stand.
    ///
    /// # Errors
    ///
    /// [`Refused`](super::JournalErrorKind::Refused) when they are another register's.
    pub async fn set_shared_keys(
        &self,
        keys: &SharedKeys,
        today: NaiveDate,
    ) -> Result<SharedKeys, JournalError> {
        if keys.unique_number() != self.unique_number() {
            return Err(JournalError::refused("the shared keys are those of another register"));
        }
        let mut state = self.session.lock().await?;
        let earlier = match self.kept_keys().await {
            Err(error) if error.kind() == JournalErrorKind::Corrupt => {
                SharedKeys::of(self.unique_number().clone(), Vec::new())
            }
            kept => kept?,
        };
        let of = |keys: &SharedKeys, day| keys.for_day(day).cloned().map(|key| (day, key));
        let is_near = |day| is_near(today, day) || keys.days().take(1).any(|of| is_near(of, day));
        let stays = |day: &NaiveDate| is_near(*day) && keys.for_day(*day).is_none();
        let earlier_days = earlier.days().filter(stays).filter_map(|day| of(&earlier, day));
        let new = keys.days().filter_map(|day| of(keys, day));
        let kept = SharedKeys::of(self.unique_number().clone(), earlier_days.chain(new).collect());
        let sealed = encode(&kept);
        let name = self.session.names.record(KEYS);
        self.session.seal(&mut state, &name, &sealed).await?;
        Ok(kept)
    }

    async fn kept_keys(&self) -> Result<SharedKeys, JournalError> {
        let record = self.session.secrets.get(&self.session.names.record(KEYS)).await?;
        let plain = record.map(|record| secret_bytes(record.value));
        let days = plain.map(|plain| decode(&plain).ok_or_else(unreadable)).transpose()?;
        Ok(SharedKeys::of(self.unique_number().clone(), days.unwrap_or_default()))
    }
}

/// Whether a day is the one before that one, or not far behind it.
fn is_near(of: NaiveDate, day: NaiveDate) -> bool {
    let first = of.pred_opt().unwrap_or(of);
    let last = of.checked_add_days(Days::new(AHEAD)).unwrap_or(NaiveDate::MAX);
    (first..=last).contains(&day)
}

fn encode(keys: &SharedKeys) -> SecretBytes {
    let mut plain = Vec::with_capacity(keys.days().count() * (DIGITS + SharedKey::LENGTH));
    for day in keys.days() {
        if let Some(key) = keys.for_day(day) {
            plain.extend(day.format(DAY).to_string().bytes());
            plain.extend(key.expose_bytes());
        }
    }
    secret_bytes(plain)
}

/// `None` when it is something else than whole entries.
fn decode(plain: &SecretBytes) -> Option<Vec<(NaiveDate, SharedKey)>> {
    let entries = plain.expose_secret().chunks(DIGITS + SharedKey::LENGTH);
    let read = |entry: &[u8]| {
        let (day, key) = entry.split_at_checked(DIGITS)?;
        let day = NaiveDate::parse_from_str(std::str::from_utf8(day).ok()?, DAY).ok()?;
        Some((day, SharedKey::from_bytes(secret_bytes(key.to_vec())).ok()?))
    };
    entries.map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> SharedKeys {
        let day = |day| NaiveDate::from_ymd_opt(2026, 2, day).unwrap();
        let key = |byte| SharedKey::from_bytes(secret_bytes(vec![byte; 32])).unwrap();
        let days = vec![(day(28), key(2)), (day(27), key(1))];
        SharedKeys::of("WTE2001000009".parse().unwrap(), days)
    }

    #[test]
    fn keys_are_read_as_they_were_written() {
        let written = encode(&keys());
        assert_eq!(written.expose_secret().len(), 80);
        let read = decode(&written).unwrap();
        assert_eq!(read.len(), 2);
        for (day, key) in read {
            assert_eq!(key.expose_bytes(), keys().for_day(day).unwrap().expose_bytes());
        }
        assert_eq!(decode(&secret_bytes(Vec::new())).map(|none| none.len()), Some(0));
    }

    #[test]
    fn what_is_no_row_of_entries_is_refused() {
        let written = encode(&keys()).expose_secret().to_vec();
        for length in (1..80).filter(|length| *length != 40) {
            assert!(decode(&secret_bytes(written[..length].to_vec())).is_none(), "{length}");
        }
        let mut other = written;
        other[4] = b'9';
        assert!(decode(&secret_bytes(other)).is_none(), "a month of 92");
    }
}
