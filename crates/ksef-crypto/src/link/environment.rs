//! The three installations of KSeF and the hosts of their verification pages.

use super::error::{LinkError, LinkPart};

/// One of the installations of KSeF.
///
/// KSeF 1.x facts §1, KSeF 2.0 facts §1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// For tests with invented data; without legal effect.
    Test,
    /// For trials with production's rules and real certificates; without legal effect.
    Demo,
    /// The real one.
    Production,
}

impl Environment {
    const ALL: [Self; 3] = [Self::Test, Self::Demo, Self::Production];

    /// The host of KSeF 2.0's verification pages.
    pub fn code_host(self) -> &'static str {
        match self {
            Self::Test => "qr-test.ksef.mf.gov.pl",
            Self::Demo => "qr-demo.ksef.mf.gov.pl",
            Self::Production => "qr.ksef.mf.gov.pl",
        }
    }

    /// The host of KSeF 1.x, for its verification pages and its API alike.
    pub fn v1_host(self) -> &'static str {
        match self {
            Self::Test => "ksef-test.mf.gov.pl",
            Self::Demo => "ksef-demo.mf.gov.pl",
            Self::Production => "ksef.mf.gov.pl",
        }
    }

    /// Splits a link into its environment, by the host, and the segments of its path.
    pub(super) fn split(
        link: &str,
        host: fn(Self) -> &'static str,
    ) -> Result<(Self, Vec<&str>), LinkError> {
        let rest = link.strip_prefix("https://").ok_or(LinkError::new(LinkPart::Scheme))?;
        let (given, path) = rest.split_once('/').ok_or(LinkError::new(LinkPart::Path))?;
        let environment = Self::ALL.into_iter().find(|environment| host(*environment) == given);
        Ok((environment.ok_or(LinkError::new(LinkPart::Host))?, path.split('/').collect()))
    }
}
