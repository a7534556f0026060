//! The short form of a document (`info`).

use serde::{Deserialize, Serialize};

use crate::ident::JpkId;

/// A document in the short form, or a number without a document.
///
/// Only the name `info` and its `typObiektu` are the source document's (section 2.3.1.4.1.4);
/// that the number stands under `JPKID` is an assumption (CRK facts §2.2). What stands for which
/// kind is in [`InfoTable`](crate::packing::InfoTable).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// `JPKID`: the number that it stands for.
    #[serde(rename = "JPKID", skip_serializing_if = "Option::is_none")]
    pub jpk_id: Option<JpkId>,
    /// `typObiektu`: what it is.
    #[serde(rename = "typObiektu")]
    pub object_type: u32,
}

impl Info {
    /// `typObiektu` of a number that no document has.
    pub const GAP: u32 = 9;
    /// `typObiektu` of a document whose kind has no row in the table of section 2.2.5, and of a
    /// receipt of a software register in the short form.
    pub const UNLISTED: u32 = 10;

    /// A number that no document has.
    pub fn gap(jpk_id: JpkId) -> Self {
        Self { jpk_id: Some(jpk_id), object_type: Self::GAP }
    }

    /// A document whose kind has no row in the table.
    pub fn unlisted(jpk_id: JpkId) -> Self {
        Self { jpk_id: Some(jpk_id), object_type: Self::UNLISTED }
    }
}
