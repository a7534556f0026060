//! The service's request limits, as replaceable profiles.

use std::time::Duration;

use common_core::limit::{Window, Windows};

/// How much longer than the service's every window is kept, to cover the difference between two
/// requests' travelling times. An assumption of ours.
const MARGIN: Duration = Duration::from_millis(50);

/// How many requests one token may make.
///
/// Clones of a client share one limit; so do clients of one token that are built over the same
/// [`LimitStore`](common_core::limit::LimitStore).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits(Windows);

impl Limits {
    /// 5 requests in a second (source document, status 429). The default: it satisfies every
    /// known version of the documentation.
    pub fn documented() -> Self {
        Self::custom(Windows::new([Window::per_second(5)]).margin(MARGIN))
    }

    /// 10 requests in a second and 300 in a minute: newer versions of the documentation
    /// (KROS facts §0).
    pub fn current() -> Self {
        Self::custom(Windows::new([Window::per_second(10), Window::per_minute(300)]).margin(MARGIN))
    }

    /// Any other windows.
    pub fn custom(windows: Windows) -> Self {
        Self(windows)
    }

    pub(crate) fn into_windows(self) -> Windows {
        self.0
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::documented()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(limits: Limits) -> Vec<(u32, u64)> {
        limits.into_windows().iter().map(|one| (one.limit(), one.per().as_secs())).collect()
    }

    #[test]
    fn the_profiles_are_those_of_the_documentation() {
        assert_eq!(windows(Limits::documented()), [(5, 1)]);
        assert_eq!(windows(Limits::current()), [(10, 1), (300, 60)]);
        assert_eq!(Limits::default(), Limits::documented());
        assert_ne!(Limits::current(), Limits::documented());
    }
}
