//! Windows: how many calls in what time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// At most `limit` calls in any stretch of time of length `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    limit: u32,
    per: Duration,
}

impl Window {
    /// A window; a limit of zero counts as one, since nothing could ever be sent otherwise.
    pub const fn new(limit: u32, per: Duration) -> Self {
        Self { limit: if limit == 0 { 1 } else { limit }, per }
    }

    /// At most `limit` calls in any second.
    pub const fn per_second(limit: u32) -> Self {
        Self::new(limit, Duration::from_secs(1))
    }

    /// At most `limit` calls in any minute.
    pub const fn per_minute(limit: u32) -> Self {
        Self::new(limit, Duration::from_secs(60))
    }

    /// At most `limit` calls in any hour.
    pub const fn per_hour(limit: u32) -> Self {
        Self::new(limit, Duration::from_secs(3600))
    }

    /// How many calls.
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// In what time.
    pub const fn per(&self) -> Duration {
        self.per
    }
}

/// Several windows that hold at once, and the margin that keeps them on the server's side too.
///
/// The server counts when requests arrive, the client when it sends them. Two requests sent a
/// window apart arrive closer together when the first one travelled more slowly; every window is
/// therefore kept longer by `margin`, which must cover the usual *difference* between travelling
/// times, not the travelling time itself.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use common_core::limit::{Window, Windows};
///
/// let windows = Windows::new([Window::per_second(10), Window::per_minute(300)])
///     .margin(Duration::from_millis(50));
/// assert_eq!(windows.iter().count(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    windows: Vec<Window>,
    margin: Duration,
}

impl Windows {
    /// Windows that hold at once, without a margin; no window at all means no limit.
    pub fn new(windows: impl IntoIterator<Item = Window>) -> Self {
        Self { windows: windows.into_iter().collect(), margin: Duration::ZERO }
    }

    /// No limit.
    pub const fn unlimited() -> Self {
        Self { windows: Vec::new(), margin: Duration::ZERO }
    }

    /// Sets by how much longer than the server's every window is kept.
    #[must_use]
    pub const fn margin(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    /// The windows.
    pub fn iter(&self) -> impl Iterator<Item = Window> + '_ {
        self.windows.iter().copied()
    }

    /// How long a window blocks a place: its length and the margin.
    pub(crate) fn span(&self, window: Window) -> Duration {
        window.per.saturating_add(self.margin)
    }

    /// How far back a call can block another one.
    pub(crate) fn reach(&self) -> Duration {
        self.windows.iter().map(|window| self.span(*window)).max().unwrap_or_default()
    }
}
