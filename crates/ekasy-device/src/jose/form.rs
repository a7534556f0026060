//! The three serialisations of RFC 7515 and RFC 7516, and the JSON around them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::header::Header;
use super::{OpenError, OuterBase64};

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Serialization {
    /// Parts between dots.
    Compact,
    /// One JSON object with the one recipient or signature in it.
    Flattened,
    /// One JSON object with an array of exactly one recipient or signature.
    General,
}

impl Serialization {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Compact, Self::Flattened, Self::General];
}

/// Takes the outer Base64 off, if there is any and the profile allows it.
pub(super) fn without_base64(text: &str, rule: OuterBase64) -> Result<Cow<'_, str>, OpenError> {
    let text = text.trim_ascii();
    let is_bare = text.starts_with('{') || text.contains('.');
    match rule {
        OuterBase64::Absent => Ok(Cow::Borrowed(text)),
        OuterBase64::Auto if is_bare => Ok(Cow::Borrowed(text)),
        OuterBase64::Auto | OuterBase64::Forced => {
            let bytes = STANDARD.decode(text).map_err(|_| OpenError::Malformed("outer Base64"))?;
            let inner = String::from_utf8(bytes);
            inner.map(Cow::Owned).map_err(|_| OpenError::Malformed("outer Base64"))
        }
    }
}

/// Reads base64url without padding, refusing every spelling but the canonical one.
pub(super) fn decode(text: &str, what: &'static str) -> Result<Vec<u8>, OpenError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| OpenError::Malformed(what))
}

/// Writes base64url without padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends base64url without padding.
pub(super) fn encode_onto(bytes: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

/// The members of a JSON serialisation: those of the object, and those of its one recipient or
/// signature. In the flattened form both are the same object.
pub(super) struct Members {
    /// Which of the two JSON serialisations it is.
    pub(super) form: Serialization,
    object: Header,
    single: Option<Header>,
}

impl Members {
    /// Reads an object whose recipients or signatures stand under `list`; `own` are the members
    /// that belong to a single one.
    pub(super) fn parse(text: &str, list: &str, own: &[&str]) -> Result<Self, OpenError> {
        let object = Header::parse(text.as_bytes(), "JSON serialisation")?;
        let Some(entries) = object.find(list) else {
            return Ok(Self { form: Serialization::Flattened, object, single: None });
        };
        if own.iter().any(|name| object.find(name).is_some()) {
            return Err(OpenError::Malformed("flattened and general form at once"));
        }
        let entries = entries.as_array().ok_or(OpenError::Malformed("list of the general form"))?;
        let [entry] = entries.as_slice() else {
            return Err(OpenError::SeveralRecipients);
        };
        let entry = entry.as_object().ok_or(OpenError::Malformed("list of the general form"))?;
        let single = Header::from_pairs(entry.clone());
        Ok(Self { form: Serialization::General, object, single: Some(single) })
    }

    /// A text member of the object.
    pub(super) fn of_object(&self, name: &'static str) -> Result<&str, OpenError> {
        self.object.text(name).ok_or(OpenError::Malformed(name))
    }

    /// A text member of the one recipient or signature.
    pub(super) fn of_single(&self, name: &'static str) -> Result<&str, OpenError> {
        let single = self.single.as_ref().unwrap_or(&self.object);
        single.text(name).ok_or(OpenError::Malformed(name))
    }

    /// Whether the object has a member.
    pub(super) fn has(&self, name: &str) -> bool {
        self.object.find(name).is_some()
    }

    /// Refuses headers that are not integrity-protected where they matter or clash.
    ///
    /// Names must be disjoint (RFC 7515, section 7.2.1). What decides how the object is read
    /// must be protected; other parameters outside are ignored.
    pub(super) fn check_unprotected(&self, protected: &Header) -> Result<(), OpenError> {
        const DECISIVE: [&str; 8] = ["alg", "enc", "zip", "crit", "b64", "x5c", "x5t#S256", "epk"];
        let single = self.single.as_ref().unwrap_or(&self.object);
        let outside = [self.object.find("unprotected"), single.find("header")];
        let mut seen: Vec<&str> = protected.iter().map(|(name, _)| name).collect();
        for header in outside.into_iter().flatten() {
            let header = header.as_object().ok_or(OpenError::Malformed("unprotected header"))?;
            for name in header.keys() {
                if seen.contains(&name.as_str()) {
                    return Err(OpenError::HeaderConflict);
                }
                if DECISIVE.contains(&name.as_str()) {
                    return Err(OpenError::Unprotected);
                }
                seen.push(name);
            }
        }
        Ok(())
    }
}
