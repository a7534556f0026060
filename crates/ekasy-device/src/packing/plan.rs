//! What holds for all packages of a shipment.

use std::sync::Arc;

use super::{
    form::{InfoTable, Selection, ShortForm},
    frame::Frame,
};
use crate::{command::event_hub::LARGEST_REQUEST, ident::CommandId};

/// How large a request may be.
///
/// The limit of 256 kB holds for the whole HTTP request (source document, section 2.3.2.2).
/// Its unit is not said, so the default takes the smaller one (CRK facts §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    request: usize,
    head: usize,
    plaintext: usize,
}

impl Default for Limits {
    /// Requests of [`LARGEST_REQUEST`] with a head of 2,048 bytes, and 8 MiB before compression.
    fn default() -> Self {
        let request = usize::try_from(LARGEST_REQUEST).unwrap_or(usize::MAX);
        Self { request, head: 2_048, plaintext: 8 << 20 }
    }
}

impl Limits {
    /// The size of the whole request, in bytes: request line, headers and body.
    #[must_use]
    pub fn request(mut self, bytes: usize) -> Self {
        self.request = bytes;
        self
    }

    /// What of it is kept free for request line and headers, in bytes.
    ///
    /// The address has up to 200 characters and the token up to 750. A package is sealed before
    /// its token is known, and goes out with another one when it is repeated, so this is an
    /// allowance and not a measure.
    #[must_use]
    pub fn head(mut self, bytes: usize) -> Self {
        self.head = bytes;
        self
    }

    /// The size of a JPK structure before compression, in bytes, unless one document alone is
    /// larger. It bounds the packer's memory, and what the receiver must unpack.
    #[must_use]
    pub fn plaintext(mut self, bytes: usize) -> Self {
        self.plaintext = bytes;
        self
    }

    /// What a body may have, in bytes.
    pub fn body(&self) -> usize {
        self.request.saturating_sub(self.head)
    }

    pub(super) fn whole(&self) -> usize {
        self.request
    }

    pub(super) fn unpacked(&self) -> usize {
        self.plaintext
    }
}

/// Where a document is cut that is too large for one request.
///
/// The source document does not say; all three are **assumptions** (CRK facts §6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CutPolicy {
    /// The JPK structure is cut, between characters, and each part is sealed by itself.
    #[default]
    Plaintext,
    /// The structure is compressed, the result is cut, and each part is signed and encrypted.
    Compressed,
    /// The structure is sealed as a whole, and the sealed text is cut.
    SealedText,
}

/// How a shipment is packed.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) command_id: CommandId,
    pub(super) frame: Frame,
    pub(super) selection: Selection,
    pub(super) limits: Limits,
    pub(super) cut: CutPolicy,
    pub(super) short: Arc<dyn ShortForm>,
}

impl Plan {
    /// A shipment under that id (`DFD.…`, one for all its packages), with the defaults: the limits
    /// of [`Limits::default`], large documents cut as plaintext, and [`InfoTable::hardware`].
    pub fn new(command_id: CommandId, frame: Frame, selection: Selection) -> Self {
        Self {
            command_id,
            frame,
            selection,
            limits: Limits::default(),
            cut: CutPolicy::default(),
            short: Arc::new(InfoTable::hardware()),
        }
    }

    /// Other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Another place for cutting large documents.
    #[must_use]
    pub fn cut(mut self, cut: CutPolicy) -> Self {
        self.cut = cut;
        self
    }

    /// Another way to write the short form.
    #[must_use]
    pub fn short_form(mut self, short: Arc<dyn ShortForm>) -> Self {
        self.short = short;
        self
    }
}
