//! Rate limits that hold before a request is sent.
//!
//! A [`SlidingLog`] keeps the moments of the last calls and answers with the earliest moment at
//! which the next one stays inside every window at once. It is pure: time comes in as a [`Tick`].
//! A [`LimitStore`] is what clients hold: one process keeps its logs in [`LocalLimits`]; a store
//! shared between processes implements the same trait.
//!
//! Reserve, then wait: a caller takes its place first and sleeps afterwards, so callers are served
//! in the order in which they asked and none is starved. A caller that goes away before its moment
//! gives the place back.
//!
//! [`Tick`]: crate::clock::Tick

mod local;
mod log;
mod shared;
mod window;

pub use local::LocalLimits;
pub use log::{Grant, LimitSnapshot, Refused, SlidingLog};
pub use shared::{Ask, LimitKey, LimitStore};
pub use window::{Window, Windows};
