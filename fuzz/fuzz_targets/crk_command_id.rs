//! Identifiers of commands and their parts: what is read is written so that it reads the same,
//! and the identifier that is given out next lies behind the one that was read.

#![cfg_attr(fuzzing, no_main)]

use chrono::{DateTime, Utc};
use ekasy_device::ident::{
    CommandId, CommandIds, CommandKind, EvidenceNumber, JpkRange, Moment, ShipmentTypes,
    TaxpayerId, UniqueNumber,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for id in [CommandId::parse(text), CommandId::parse_lenient(text)].into_iter().flatten() {
        assert_eq!(id.as_str(), text);
        assert_eq!(format!("{}.{}.{}", id.code(), id.unique_number(), id.moment()), text);
        assert_eq!(CommandId::parse_lenient(id.as_str()).as_ref(), Ok(&id));
        follows(&id);
    }
    if CommandId::parse(text).is_ok() {
        assert_eq!(text.len(), CommandId::LENGTH);
    }
    same(text, UniqueNumber::parse_lenient(text));
    same(text, EvidenceNumber::parse(text));
    same(text, TaxpayerId::parse(text));
    same(text, Moment::parse(text));
    same(text, JpkRange::parse(text));
    same(text, ShipmentTypes::parse(text));
});

/// Whoever resumes behind an identifier never gives out the same again, whatever the clock says.
fn follows(id: &CommandId) {
    let mut ids = CommandIds::resume(id.unique_number().clone(), Some(id.moment()));
    for clock in [DateTime::<Utc>::MIN_UTC, id.moment().instant(), DateTime::<Utc>::MAX_UTC] {
        let before = ids.last();
        match ids.next(CommandKind::Documents, clock) {
            Ok(next) => assert!(Some(next.moment()) > before && Some(next.moment()) == ids.last()),
            Err(_) => {
                assert_eq!(ids.last(), before, "nothing was given out");
                let least = before.max(Some(clock.into())).map_or(0, Moment::timestamp_millis);
                assert!(Moment::MAX.timestamp_millis() - least < 10, "the end of time is near");
            }
        }
    }
}

fn same<T: std::fmt::Display, E>(text: &str, read: Result<T, E>) {
    if let Ok(value) = read {
        assert_eq!(value.to_string(), text);
    }
}
