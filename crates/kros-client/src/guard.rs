//! The local memory of what was accepted in the last 120 seconds.
//!
//! The service refuses a request that it accepted within 120 s with 409 (source document,
//! status 409). The guard knows such a request without asking, which saves the limit, and keeps
//! knowing it when several parts of a program hold clones of one client.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest;
use common_core::clock::Tick;
use common_http::Body;

/// How long the service remembers an accepted request.
const MEMORY: Duration = Duration::from_secs(120);

/// What happens to a request that was accepted within the last 120 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Duplicates {
    /// It is refused before it is sent ([`ErrorKind::Duplicate`](crate::ErrorKind::Duplicate)).
    #[default]
    Refuse,
    /// It is sent, and the service refuses it with 409.
    Send,
}

/// What identifies a request: its path and its body, byte for byte. One client has one company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a request; `None` when its body is not in memory.
    pub(crate) fn of(request: &http::Request<Body>) -> Option<Self> {
        let Body::Bytes(body) = request.body() else { return None };
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(request.method().as_str().as_bytes());
        context.update(b" ");
        context.update(request.uri().path().as_bytes());
        context.update(b"\n");
        context.update(body);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Some(Self(bytes))
    }
}

/// The accepted requests, by fingerprint.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    accepted: Mutex<BTreeMap<Fingerprint, Tick>>,
}

impl Guard {
    /// How long the same request would still be refused; `None` when it would not.
    pub(crate) fn remaining(&self, request: Fingerprint, now: Tick) -> Option<Duration> {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        let until = *accepted.get(&request)? + MEMORY;
        let remaining = until.since(now);
        (!remaining.is_zero()).then_some(remaining)
    }

    /// Remembers a request that the service has accepted.
    pub(crate) fn remember(&self, request: Fingerprint, now: Tick) {
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.retain(|_, at| now.since(*at) < MEMORY);
        accepted.insert(request, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(path: &str, body: &'static str) -> Fingerprint {
        let request = http::Request::post(path).body(Body::from(body.as_bytes().to_vec()));
        Fingerprint::of(&request.unwrap()).unwrap()
    }

    fn at(seconds: u64) -> Tick {
        Tick::new(Duration::from_secs(seconds))
    }

    #[test]
    fn a_request_is_known_for_120_seconds_and_no_longer() {
        let (guard, request) = (Guard::default(), fingerprint("/api/invoices", "{}"));
        assert_eq!(guard.remaining(request, at(5)), None);
        guard.remember(request, at(10));
        assert_eq!(guard.remaining(request, at(129)), Some(Duration::from_secs(1)));
        assert_eq!(guard.remaining(request, at(130)), None);
    }

    #[test]
    fn another_path_or_body_is_another_request() {
        let guard = Guard::default();
        guard.remember(fingerprint("/api/invoices", "{}"), at(0));
        for other in [fingerprint("/api/payments", "{}"), fingerprint("/api/invoices", "{ }")] {
            assert_eq!(guard.remaining(other, at(1)), None);
        }
    }

    #[test]
    fn what_is_forgotten_takes_no_room() {
        let guard = Guard::default();
        for (second, body) in (0..).zip(["1", "2", "3"]) {
            guard.remember(fingerprint("/", body), at(second * 120));
        }
        assert_eq!(guard.accepted.lock().unwrap().len(), 1);
    }
}
