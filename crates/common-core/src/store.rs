//! Durable state as the clients see it: traits, and nothing that stores anything.
//!
//! Clients depend on these traits only; an engine (a file, a database of a fleet, memory for
//! tests) implements all of them over one place. Each method says what is durable when it
//! returns: a crash right after that cannot undo it, and a crash before it leaves either all of
//! it or nothing.

mod error;
mod journal;
mod lease;
mod record;

use std::{future::Future, pin::Pin};

pub use error::{StoreError, StoreErrorKind};
pub use journal::{Entries, Entry, Journals, Position};
pub use lease::{Fence, Lease, Leases};
pub use record::{Change, Expect, Record, Records, Swap, Version};

use crate::limit::LimitStore;

/// A boxed future, so that traits with asynchronous methods can be held as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The answer of a store.
pub type StoreResult<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Everything that an engine does, over one place.
pub trait Store: Journals + Records + Leases + LimitStore {}

impl<T: Journals + Records + Leases + LimitStore> Store for T {}
