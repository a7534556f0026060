//! A package: the body of one request to the event hub.

use std::{fmt, num::NonZeroU32};

use bytes::Bytes;

use super::error::PackError;
use crate::{
    command::event_hub,
    ident::{CommandId, JpkRange},
};

/// A sealed package, ready to be journalled and then sent.
///
/// The body is sent as it is, also when it is sent again: sealing draws new randomness, so the same
/// documents sealed once more are other bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Package {
    command_id: CommandId,
    number: u32,
    is_last: bool,
    range: Option<JpkRange>,
    body: Bytes,
}

/// Where a package stands in its shipment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) number: u32,
    pub(super) is_last: bool,
    pub(super) range: Option<JpkRange>,
}

impl Place {
    /// A complete JPK structure.
    pub(super) fn whole(range: Option<JpkRange>) -> Self {
        Self { number: 0, is_last: true, range }
    }
}

impl Package {
    pub(super) fn new(
        command_id: &CommandId,
        place: Place,
        data: String,
    ) -> Result<Self, PackError> {
        let Place { number, is_last, range } = place;
        let end = if is_last { event_hub::Place::Last } else { event_hub::Place::Middle };
        let package = match NonZeroU32::new(number) {
            None => event_hub::Package::complete(command_id.clone(), data),
            Some(number) => event_hub::Package::part(command_id.clone(), number, end, data),
        };
        let body = package.map_err(PackError::Identifier)?.to_bytes();
        Ok(Self { command_id: command_id.clone(), number, is_last, range, body })
    }

    /// What a journal holds; the counterpart of the accessors.
    pub(crate) fn from_journal(
        command_id: CommandId,
        (number, is_last): (u32, bool),
        range: Option<JpkRange>,
        body: Bytes,
    ) -> Self {
        Self { command_id, number, is_last, range, body }
    }

    /// The same package under another identifier, which is as long.
    pub(crate) fn under(self, id: CommandId) -> Self {
        let (old, new) = (self.command_id.as_str().as_bytes(), id.as_str().as_bytes());
        let mut body = self.body.to_vec();
        // It stands at the beginning, before what is sealed.
        let place = body.windows(old.len()).position(|text| text == old);
        if let Some(place) = place.and_then(|at| body.get_mut(at..at + new.len())) {
            place.copy_from_slice(new);
        }
        Self { command_id: id, body: body.into(), ..self }
    }

    /// The id of the shipment, the same in all its packages.
    ///
    /// Whoever receives parts can tell them by identifier and number alone, so only one document
    /// of a shipment may go in parts under this identifier. The worker gives each further one an
    /// identifier of its own.
    pub fn command_id(&self) -> &CommandId {
        &self.command_id
    }

    /// `packageNr`: 0 for a complete JPK structure, 1 and up for parts of one document.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// `isLast`: whether a document, or the structure, ends with this package.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// Whether it is a part of a document that is too large for one request.
    pub fn is_part(&self) -> bool {
        self.number > 0
    }

    /// The numbers that it carries; `None` when its `content` is empty.
    pub fn range(&self) -> Option<JpkRange> {
        self.range
    }

    /// The body of the request ([`Publish`](event_hub::Publish)): a JSON object, in UTF-8.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

impl fmt::Debug for Package {
    /// Without the body, which is long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Package")
            .field("command_id", &self.command_id)
            .field("number", &self.number)
            .field("is_last", &self.is_last)
            .field("range", &self.range)
            .field("length", &self.body.len())
            .finish()
    }
}
