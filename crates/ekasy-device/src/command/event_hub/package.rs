//! One package: the object around encrypted documents.

use std::num::NonZeroU32;

use bytes::Bytes;
use serde::{Serialize, Serializer};

use crate::ident::{CommandId, CommandKind, IdentError};

/// Number of a package: 0 for complete documents, 1 and up for the parts of a document that is too
/// large for one package (source document, section 2.3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PackageNumber {
    /// A package of complete documents.
    Complete,
    /// A part, counted from 1.
    Part(NonZeroU32),
}

impl PackageNumber {
    /// The number on the wire.
    pub const fn to_wire(self) -> u32 {
        match self {
            Self::Complete => 0,
            Self::Part(number) => number.get(),
        }
    }
}

impl Serialize for PackageNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.to_wire())
    }
}

/// Whether another part of the same document follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// At least one more part follows: `isLast` is 0.
    Middle,
    /// The document ends here: `isLast` is 1.
    Last,
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(u8::from(*self == Self::Last))
    }
}

/// What is sent to the Event Hub: an identifier that all packages of a shipment share, the place
/// of this package, and the encrypted documents.
///
/// ```
/// use ekasy_device::{command::event_hub::Package, ident::CommandId};
///
/// let id = CommandId::parse("DFD.WTE2001000009.2026-02-01T08:00:00.000Z")?;
/// let package = Package::complete(id, "a.b.c.d.e".to_owned())?;
/// let json = r#"{"commandId":"DFD.WTE2001000009.2026-02-01T08:00:00.000Z","packageNr":0,"isLast":1,"encryptedData":"a.b.c.d.e"}"#;
/// assert_eq!(package.to_bytes(), json);
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    command_id: CommandId,
    #[serde(rename = "packageNr")]
    number: PackageNumber,
    #[serde(rename = "isLast")]
    place: Place,
    encrypted_data: String,
}

impl Package {
    /// A package of complete documents. It says that it is the last one, which the document leaves
    /// open for the number 0 (CRK facts §7, 20).
    ///
    /// Identifiers are those of a sending register (DFD), or of the command that asked for the
    /// documents (DDD); which of the two the repository expects for the latter is unknown.
    pub fn complete(id: CommandId, encrypted_data: String) -> Result<Self, IdentError> {
        Self::new(id, PackageNumber::Complete, Place::Last, encrypted_data)
    }

    /// One part of a document that is too large for a package.
    pub fn part(
        id: CommandId,
        number: NonZeroU32,
        place: Place,
        encrypted_data: String,
    ) -> Result<Self, IdentError> {
        Self::new(id, PackageNumber::Part(number), place, encrypted_data)
    }

    /// The body of the request. Store it before it is sent: only the same bytes may be sent again.
    pub fn to_bytes(&self) -> Bytes {
        // Texts and numbers alone cannot fail to be written.
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    fn new(
        command_id: CommandId,
        number: PackageNumber,
        place: Place,
        encrypted_data: String,
    ) -> Result<Self, IdentError> {
        let kinds = [CommandKind::Documents, CommandKind::DetailedDocuments];
        if kinds.iter().any(|kind| command_id.kind() == *kind) {
            Ok(Self { command_id, number, place, encrypted_data })
        } else {
            Err(IdentError::new("an identifier of a shipment", "the kind DFD or DDD"))
        }
    }
}
