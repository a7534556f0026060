//! The registers that exist from the start; their taxpayer is invented.

use super::register::{Kind, NewRegister};
use super::store::Store;

/// Unique numbers and kinds.
const REGISTERS: &[(&str, Kind)] = &[
    ("TSA2601000001", Kind::Hardware),
    ("TSB2601000002", Kind::Software),
    ("TSA2601000003", Kind::Hardware),
];

/// The invented taxpayer.
const NIP: &str = "1234563218";

/// Three registers in the pool; their keys are made when somebody asks for them.
pub(super) fn store() -> Store {
    let mut store = Store::default();
    for (number, kind) in REGISTERS {
        store.admit(number, NIP, *kind);
        store.unmade.push_back(NewRegister::new(number, NIP, *kind));
    }
    store
}
