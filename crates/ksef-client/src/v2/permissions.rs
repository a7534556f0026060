//! Permissions: who may do what in a context (KSeF 2.0 facts §11).
//!
//! Grants and revocations are asynchronous.
//! [`Account::change_permissions`](crate::v2::Account::change_permissions) sends one and gives a
//! [`PermissionChange`], which waits for its end and can be resumed by its number. What has been
//! granted is listed by [`permission_queries`](crate::v2::permission_queries).

mod change;
mod entity_grants;
mod eu_grants;
pub(crate) mod identifier;
mod person_grants;
mod revocations;
mod subject;

use common_core::open::{Code, Open};
use common_http::BuildError;

use crate::v2::{api::LimitGroup, endpoint::check_count};

pub use change::PermissionChange;
pub use entity_grants::{Authorization, GrantAuthorization, GrantEntity};
pub use eu_grants::{EuEntity, GrantEuAdministration, GrantEuEntity};
pub use identifier::{
    Entity, Fingerprint, Identifier, IdentifierError, PermissionId, PersonalNumber, Target, Unit,
};
pub use person_grants::{GrantIndirect, GrantPerson, GrantSubunit, Subunit};
pub use revocations::{AttachmentStatus, OperationStatus, Revoke, RevokeAuthorization};
pub use subject::{Document, EuSubject, Person};

const OTHER: &str = LimitGroup::Other.name();
/// Descriptions, names of units and of entities of the European Union, in characters.
const DESCRIPTION: (usize, usize) = (5, 256);
/// A grant of nothing makes no sense, and no operation has more than eight permissions to give.
const PERMISSIONS: (usize, usize) = (1, 8);

/// The permissions as they travel, of which there must be one.
fn known<T: Code>(permissions: &[T]) -> Result<Vec<Open<T>>, BuildError> {
    check_count("permissions", permissions.len(), PERMISSIONS)?;
    Ok(permissions.iter().copied().map(Open::Known).collect())
}

#[cfg(test)]
mod tests;
