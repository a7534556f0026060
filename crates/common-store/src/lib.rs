#![doc = include_str!("../README.md")]

mod limits;
mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
mod sealed;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use common_core::store::{
    BoxFuture, Change, Entries, Entry, Expect, Fence, Journals, Lease, Leases, Position, Record,
    Records, Store, StoreError, StoreErrorKind, StoreResult, Swap, Version,
};
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use sealed::{SealKey, SealKeyError, SealedRecords};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
