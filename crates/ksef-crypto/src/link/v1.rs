//! The verification links of KSeF 1.x (specification 1.9, chapter 16; KSeF 1.x facts §8).
//!
//! Hash and signature are in ordinary Base64 with padding, and `+`, `/` and `=` of it are written
//! as percent and hexadecimal digits.

mod offline;
mod online;

use base64::{Engine, engine::general_purpose::STANDARD};

pub use offline::{InternalCertificateSerial, OfflineLink};
pub use online::OnlineLink;

/// Base64 for a segment of a path.
fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// Reads Base64 from a segment of a path, with the percent escapes in any case, or without those
/// that an address does not need.
fn decode(segment: &str) -> Option<Vec<u8>> {
    let mut text = segment.to_owned();
    for (escape, character) in [("%2B", "+"), ("%2F", "/"), ("%3D", "=")] {
        text = text.replace(escape, character).replace(&escape.to_ascii_lowercase(), character);
    }
    STANDARD.decode(text).ok()
}
