//! Invoices as they are put in.

use std::fmt;

use bytes::Bytes;
use chrono::NaiveDate;
use common_core::store::Position;
use ksef_crypto::link::InvoiceHash;
use serde::{Deserialize, Serialize};

use super::DurableError;
use crate::v2::{
    FormCode,
    offline::{Deadline, Mode, Outage},
    sending::OutgoingInvoice,
};

/// An invoice that is to be sent: its bytes, its form, and how it was issued.
///
/// # Examples
///
/// ```
/// use ksef_client::v2::{FormCode, offline::Mode, outbox::Draft};
///
/// let draft = Draft::new(&b"<Faktura/>"[..], FormCode::FA_3)
///     .offline(Mode::Offline24, "2026-02-03".parse()?);
/// assert_eq!(draft.hash().base64().len(), 44);
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    bytes: Bytes,
    head: Head,
}

/// How an invoice was issued offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Issue {
    /// Why it was offline.
    pub mode: Mode,
    /// The day of issue (`P_1`).
    pub day: NaiveDate,
}

impl Issue {
    /// Until when it has to be sent, with all outages that are known.
    pub fn deadline(&self, outages: &[Outage]) -> Deadline {
        Deadline::of(self.mode, self.day, outages)
    }
}

/// An invoice that is still in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// Its place.
    pub position: Position,
    /// The hash of its bytes.
    pub hash: InvoiceHash,
    /// Its form.
    pub form: FormCode,
    /// How it was issued, if offline.
    pub issue: Option<Issue>,
    pub(super) corrects: bool,
}

/// What is known of an invoice beside its bytes; the first line of what is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    form: FormCode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issue: Option<Issue>,
    /// The hash of the refused file in Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    corrects: Option<String>,
}

impl Draft {
    /// An invoice of that form that is issued by being sent.
    pub fn new(bytes: impl Into<Bytes>, form: FormCode) -> Self {
        Self { bytes: bytes.into(), head: Head { form, issue: None, corrects: None } }
    }

    /// Declares that it was issued offline on that day, which is its `P_1`.
    ///
    /// An invoice that corrects one which was issued offline may be put in once that one has its KSeF
    /// number, and not before (KSeF 2.0 facts §16); the outbox does not know what corrects what.
    #[must_use]
    pub fn offline(mut self, mode: Mode, day: NaiveDate) -> Self {
        self.head.issue = Some(Issue { mode, day });
        self
    }

    /// Declares that it is the technical correction of an offline invoice that was refused: the same
    /// content, whose earlier file had that hash (KSeF 2.0 facts §16). It goes in an interactive
    /// session, and the codes that were printed for the earlier file lead to it.
    ///
    /// With [`offline`](Self::offline) as the earlier one had it, its deadline is known.
    #[must_use]
    pub fn correcting(mut self, refused: &InvoiceHash) -> Self {
        self.head.corrects = Some(refused.base64());
        self
    }

    /// How it was issued, if offline.
    pub fn issue(&self) -> Option<Issue> {
        self.head.issue
    }

    /// Its form.
    pub fn form(&self) -> &FormCode {
        &self.head.form
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Their hash, by which the outbox knows the invoice.
    pub fn hash(&self) -> InvoiceHash {
        InvoiceHash::of(&self.bytes)
    }

    /// One line of JSON, and the bytes behind it as they are.
    pub(super) fn encode(&self) -> Vec<u8> {
        // Texts and dates cannot fail to be written.
        let mut payload = serde_json::to_vec(&self.head).unwrap_or_default();
        payload.push(b'\n');
        payload.extend_from_slice(&self.bytes);
        payload
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, DurableError> {
        let (head, bytes) = split(payload)?;
        Ok(Self { bytes: Bytes::copy_from_slice(bytes), head })
    }

    /// The hash of the file that it corrects.
    pub(super) fn corrected(&self) -> Option<InvoiceHash> {
        self.head.corrects.as_deref().and_then(InvoiceHash::from_base64)
    }

    /// As a session sends it.
    pub(super) fn outgoing(self) -> OutgoingInvoice {
        let (is_offline, corrected) = (self.head.issue.is_some(), self.corrected());
        let invoice = OutgoingInvoice::new(self.bytes);
        match corrected {
            Some(refused) => invoice.correcting(refused),
            None if is_offline => invoice.offline(),
            None => invoice,
        }
    }
}

impl Waiting {
    pub(super) fn decode(position: Position, payload: &[u8]) -> Result<Self, DurableError> {
        let (head, bytes) = split(payload)?;
        Ok(Self {
            position,
            hash: InvoiceHash::of(bytes),
            form: head.form,
            issue: head.issue,
            corrects: head.corrects.is_some(),
        })
    }
}

fn split(payload: &[u8]) -> Result<(Head, &[u8]), DurableError> {
    let broken = DurableError::Corrupt("an invoice");
    let Some(end) = payload.iter().position(|&byte| byte == b'\n') else { return Err(broken) };
    let head = serde_json::from_slice(&payload[..end]).map_err(|_| broken)?;
    Ok((head, &payload[end + 1..]))
}

/// Without the content.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("size", &self.bytes.len()).field("head", &self.head).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_comes_back_byte_for_byte() {
        let refused = InvoiceHash::of(b"old");
        for bytes in [&b""[..], b"\n\n", b"<a>\r\n</a>", &[0, 255, b'\n']] {
            let plain = Draft::new(bytes, FormCode::FA_RR);
            let day = "2026-02-03".parse().unwrap();
            let offline = plain.clone().offline(Mode::Emergency, day).correcting(&refused);
            for draft in [plain, offline] {
                assert_eq!(Draft::decode(&draft.encode()).unwrap(), draft);
                let waiting = Waiting::decode(Position::new(7), &draft.encode()).unwrap();
                assert_eq!(waiting.hash, draft.hash());
                assert_eq!(waiting.issue, draft.head.issue);
                assert_eq!(waiting.corrects, draft.head.corrects.is_some());
                assert_eq!(draft.clone().outgoing().bytes(), draft.bytes());
            }
        }
    }

    #[test]
    fn what_others_wrote_is_no_invoice_and_no_content_is_shown() {
        for payload in [&b""[..], b"{}", b"{}\n<a/>", b"x\n"] {
            assert!(matches!(Draft::decode(payload), Err(DurableError::Corrupt(_))));
        }
        let draft = Draft::new(&b"canary"[..], FormCode::FA_3);
        assert!(!format!("{draft:?}").contains("canary"));
    }
}
