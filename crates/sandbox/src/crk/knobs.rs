//! What a test can set on the double.

use std::sync::PoisonError;
use std::time::Duration;

use chrono::TimeDelta;

use super::sas::Sas;
use super::{Crk, Keep, Profile, Spelling, Timetable, codes};

impl Crk {
    /// The profile of cryptography in use.
    pub fn profile(&self) -> Profile {
        self.with_store(|store| store.settings.profile)
    }

    /// Sets how commands and documents are signed, encrypted and written from now on.
    pub fn set_profile(&self, profile: Profile) {
        self.with_store(|store| store.settings.profile = profile);
    }

    /// Sets the timetable that fiscalisation gives from now on; every two hours, polling every
    /// half an hour, everything in detail at first.
    pub fn set_timetable(&self, timetable: Timetable) {
        self.with_store(|store| store.settings.timetable = timetable);
    }

    /// Sets how the shipment type is spelled.
    pub fn set_spelling(&self, spelling: Spelling) {
        self.with_store(|store| store.settings.spelling = spelling);
    }

    /// Sets how long tokens live that are given from now on; an hour at first, and a hostile
    /// double gives down to a quarter of it.
    pub fn set_token_life(&self, life: Duration) {
        let life = TimeDelta::from_std(life).unwrap_or(TimeDelta::MAX);
        // Longer ones would leave the calendar.
        let life = life.min(TimeDelta::days(36_500));
        self.with_store(|store| store.settings.token_life = life);
    }

    /// Makes every token that was given bad.
    pub fn expire_tokens(&self) {
        let new = Sas::new(&self.context().chance.bytes::<32>());
        *self.0.sas.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// Sets how many bytes a whole request to the Event Hub may have; 256000 at first, and 262144
    /// is the other reading of "256 kB".
    pub fn set_hub_limit(&self, bytes: usize) {
        self.with_store(|store| store.settings.hub_limit = bytes);
    }

    /// Sets what is kept of documents from now on, for every register.
    pub fn set_keep(&self, keep: Keep) {
        self.with_store(|store| {
            store.settings.keep = keep;
            for record in store.registers.values_mut() {
                record.ledger.set_keep(keep);
            }
        });
    }

    /// Sets how long the repository takes for a package after the Event Hub has answered; no time
    /// at first, up to two seconds in a hostile double.
    pub fn set_processing(&self, delay: Duration) {
        let delay = TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX);
        self.with_store(|store| store.settings.processing = delay);
    }

    /// Lets CMD10 refuse programs with this checksum.
    pub fn refuse_firmware(&self, checksum: &str) {
        self.with_store(|store| {
            store.settings.refused_firmware.insert(checksum.to_ascii_lowercase());
        });
    }

    /// Lets the next CMD09 of a register that gets as far be answered with this fiscalisation
    /// status; false for a code or a number that does not exist.
    pub fn refuse_fiscalisation(&self, unique_number: &str, code: u8) -> bool {
        codes::status(code).is_some_and(|_| code > 0)
            && self.with_store(|store| {
                let record = store.registers.get_mut(unique_number);
                record.map(|record| record.refusal = Some(code)).is_some()
            })
    }
}
