//! One-time passwords of the Authenticator channel (RFC 6238 over RFC 4226; source document, POST
//! payments).
//!
//! The service takes a password once and answers `UsedToken` the second time, so a [`Totp`] gives
//! one password per window of time and says how long to wait for the next one. It reads no clock:
//! the time comes in.

use std::{fmt, time::Duration};

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use common_core::secret::{ExposeSecret, SecretBytes, SecretString, Zeroizing};

use crate::payments::Otp;

/// The length of a window.
const PERIOD: u64 = 30;

/// The passwords' number of digits.
const DIGITS: usize = 6;

/// Makes passwords of a secret, each of another window: HMAC-SHA-1, 30 seconds, 6 digits.
///
/// # Examples
///
/// ```
/// use epp_client::totp::{Totp, TotpError};
///
/// let mut totp = Totp::from_base32(&"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".into())?;
/// let now = "2026-02-01T08:00:10Z".parse()?;
/// let password = totp.password(now)?;
/// assert!(matches!(totp.password(now), Err(TotpError::WindowUsed { .. })));
/// assert_eq!(totp.wait(now).as_secs(), 20);
/// # let _ = password;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Totp {
    key: hmac::Key,
    last: Option<u64>,
}

impl Totp {
    /// The generator of a secret as bytes.
    pub fn new(secret: &SecretBytes) -> Result<Self, TotpError> {
        if secret.expose_secret().is_empty() {
            return Err(TotpError::Secret);
        }
        // SHA-1 is what authenticators use; its weaknesses do not touch HMAC.
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose_secret());
        Ok(Self { key, last: None })
    }

    /// The generator of a secret as authenticators show it: base32 (RFC 4648, section 6), in
    /// letters of any case, with blanks, hyphens and padding or without.
    pub fn from_base32(secret: &SecretString) -> Result<Self, TotpError> {
        let bytes = base32(secret.expose_secret()).ok_or(TotpError::Secret)?;
        Self::new(&SecretBytes::new(bytes.to_vec().into_boxed_slice()))
    }

    /// Takes up where another run ended: windows up to that one are used.
    #[must_use]
    pub fn after(mut self, window: Option<u64>) -> Self {
        self.last = self.last.max(window);
        self
    }

    /// The newest window of which a password was given, to be stored for another run.
    pub fn last_window(&self) -> Option<u64> {
        self.last
    }

    /// The password of the window that `now` lies in; an error when that window, or a later one,
    /// has been used already.
    pub fn password(&mut self, now: DateTime<Utc>) -> Result<Otp, TotpError> {
        let window = window(now)?;
        if self.last.is_some_and(|last| window <= last) {
            return Err(TotpError::WindowUsed { wait: self.wait(now) });
        }
        self.last = Some(window);
        Ok(Otp::new(&self.code(window, DIGITS)))
    }

    /// How long after `now` the next unused window begins; zero when a password can be had.
    pub fn wait(&self, now: DateTime<Utc>) -> Duration {
        let next = self.last.map_or(0, |last| last.saturating_add(1));
        let begin = i64::try_from(next.saturating_mul(PERIOD)).ok();
        let begin = begin.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        begin.and_then(|begin| (begin - now).to_std().ok()).unwrap_or_default()
    }

    /// RFC 4226, section 5.3.
    fn code(&self, window: u64, digits: usize) -> SecretString {
        let tag = hmac::sign(&self.key, &window.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[tag.len() - 1] & 0x0f);
        let bytes = [tag[offset] & 0x7f, tag[offset + 1], tag[offset + 2], tag[offset + 3]];
        let number = u64::from(u32::from_be_bytes(bytes));
        let modulus = (0..digits).fold(1, |power, _| power * 10);
        format!("{:0digits$}", number % modulus).into()
    }
}

fn window(now: DateTime<Utc>) -> Result<u64, TotpError> {
    u64::try_from(now.timestamp()).map(|seconds| seconds / PERIOD).map_err(|_| TotpError::Time)
}

/// The bytes of a base32 text; `None` when it is none or has nothing in it.
fn base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let letters = text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'-');
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 5 / 8));
    let (mut bits, mut count, mut padded) = (0_u32, 0_u32, false);
    for letter in letters {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a',
            b'2'..=b'7' => letter - b'2' + 26,
            b'=' => {
                padded = true;
                continue;
            }
            _ => return None,
        };
        if padded {
            return None;
        }
        bits = (bits << 5 | u32::from(value)) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Totp").field("last_window", &self.last).finish_non_exhaustive()
    }
}

/// Why there is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TotpError {
    /// The secret is no base32, or empty.
    #[error("the authenticator's secret is no base32 text")]
    Secret,
    /// The password of this window, or of a later one, was given already.
    #[error("the password of this window was given already")]
    WindowUsed {
        /// How long until the next one can be had.
        wait: Duration,
    },
    /// The time lies before 1970.
    #[error("the time lies before 1970")]
    Time,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B, for SHA-1, in base32.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn totp() -> Totp {
        Totp::from_base32(&SECRET.into()).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_vectors_of_the_rfc_hold() {
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let window = window(at(seconds)).unwrap();
            assert_eq!(totp().code(window, 8).expose_secret(), code);
            let password = totp().password(at(seconds)).unwrap();
            assert_eq!(password.password().expose_secret(), &code[2..]);
        }
    }

    #[test]
    fn no_window_is_used_twice_even_if_the_clock_goes_back() {
        let mut totp = totp();
        assert!(totp.password(at(60)).is_ok());
        for (now, wait) in [(60, 30), (89, 1), (30, 60)] {
            let wait = Duration::from_secs(wait);
            assert_eq!(totp.password(at(now)).unwrap_err(), TotpError::WindowUsed { wait });
            assert_eq!(totp.wait(at(now)), wait);
        }
        assert_eq!((totp.wait(at(90)), totp.last_window()), (Duration::ZERO, Some(2)));
        assert!(totp.password(at(90)).is_ok());
    }

    #[test]
    fn another_run_does_not_use_a_window_again() {
        let mut next = totp().after(Some(2));
        assert!(next.password(at(89)).is_err() && next.password(at(90)).is_ok());
        assert_eq!(next.after(Some(1)).last_window(), Some(3));
        assert_eq!(totp().password(at(-1)).unwrap_err(), TotpError::Time);
    }

    #[test]
    fn secrets_are_read_as_people_type_them() {
        let bytes = |text: &str| base32(text).map(|bytes| bytes.to_vec());
        assert_eq!(bytes(SECRET).unwrap(), b"12345678901234567890");
        assert_eq!(bytes("gezd gnbv-GY3T QOJQ"), bytes("GEZDGNBVGY3TQOJQ"));
        assert_eq!(bytes("MZXW6YQ=").unwrap(), b"foob");
        for bad in ["", "=", "A", "GEZ1", "GE=ZD", "ŽZ"] {
            assert!(Totp::from_base32(&bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_secret_shows_in_debug() {
        let shown = format!("{:?} {:?}", totp(), Totp::from_base32(&"canary1".into()));
        assert!(!shown.contains("GEZD") && !shown.contains("canary"), "{shown}");
    }

    #[test]
    fn passwords_agree_with_the_reference_data() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/reference/epp/totp-rfc6238-vectors.json"
        );
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("SKIPPED: no reference data at ../shared/reference/epp");
            return;
        };
        let data: serde_json::Value = serde_json::from_str(&text).unwrap();
        let secret = data["secrets_base32"]["SHA1"].as_str().unwrap();
        let totp = Totp::from_base32(&secret.into()).unwrap();
        let rows = data["vectors"].as_array().unwrap().iter();
        let mut checked = 0;
        for row in rows.filter(|row| row["algorithm"] == "SHA1") {
            let window = row["unix_time"].as_u64().unwrap() / PERIOD;
            let digits = usize::try_from(row["digits"].as_u64().unwrap()).unwrap();
            assert_eq!(totp.code(window, digits).expose_secret(), row["code"].as_str().unwrap());
            checked += 1;
        }
        assert!(checked >= 8, "{checked}");
    }
}
