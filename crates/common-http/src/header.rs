//! Headers that every system uses alike.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, header::RETRY_AFTER};

/// The longest wait a server can ask for; more is cut, so that a nonsensical value cannot stop a
/// program for good.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the server asks to wait: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use http::{HeaderMap, header::RETRY_AFTER};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(RETRY_AFTER, "30".parse()?);
/// let now = "2026-02-01T08:00:00Z".parse()?;
/// assert_eq!(common_http::retry_after(&headers, now), Some(Duration::from_secs(30)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    let wait = (date.with_timezone(&Utc) - now).to_std().unwrap_or(Duration::ZERO);
    Some(wait.min(LONGEST))
}

/// The server's name of the exchange, for support requests; from the headers in common use.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "request-id", "x-correlation-id"]
        .iter()
        .find_map(|name| headers.get(*name))
        .and_then(|value| value.to_str().ok())
        .filter(|text| text.len() <= 128)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers, "2026-02-01T08:00:00Z".parse().unwrap())
    }

    #[test]
    fn seconds_dates_and_nonsense() {
        assert_eq!(wait(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sun, 01 Feb 2026 08:01:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(wait("Sun, 01 Feb 2026 07:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("999999999999"), Some(LONGEST));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-1"), None);
    }
}
