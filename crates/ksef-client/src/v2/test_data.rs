//! Data of the test environment: taxpayers, people, permissions, limits (KSeF 2.0 facts §12.5).
//!
//! Only test environments and the sandbox know these operations. Whatever is created there is seen by
//! all users of the environment, so everything is to be invented.

mod certificates;
mod contexts;
mod limits;
mod permissions;
mod subjects;

use crate::v2::api::LimitGroup;

pub use certificates::UpdateCertificate;
pub use contexts::{BlockContext, UnblockContext};
pub use limits::{
    ResetCertificateLimits, ResetRateLimits, ResetSessionLimits, SessionLimits,
    SetCertificateLimits, SetRateLimits, SetSessionLimits, UseProductionRateLimits,
};
pub use permissions::{AllowAttachments, ForbidAttachments, GrantPermissions, RevokePermissions};
pub use subjects::{CreatePerson, CreateSubject, RemovePerson, RemoveSubject};

const ANONYMOUS: &str = LimitGroup::Anonymous.name();
const OTHER: &str = LimitGroup::Other.name();
/// Descriptions of anything, in characters.
const DESCRIPTION: (usize, usize) = (5, 256);

#[cfg(test)]
mod tests;
