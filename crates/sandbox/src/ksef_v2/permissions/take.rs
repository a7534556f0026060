//! Taking permissions back (KSeF 2.0 facts §11).

use std::collections::BTreeSet;

use super::operation::{self, Outcome};
use super::{Grant, Permissions, Way};
use crate::ksef_v2::KsefV2;
use crate::ksef_v2::auth;
use crate::ksef_v2::people::{Identity, Permission};
use crate::ksef_v2::problem::Problem;
use crate::ksef_v2::request::Request;
use crate::reply::Reply;

/// `DELETE /permissions/common/grants/{permissionId}` and
/// `DELETE /permissions/authorizations/grants/{permissionId}`.
pub(in crate::ksef_v2) fn take(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?.clone();
    let id = request.path("permissionId").to_owned();
    if request.operation.template.starts_with("/permissions/authorizations") {
        return operation::start(ksef, request, move |store| {
            store.resources.permissions.take_authorization(&id, &caller.context)
        });
    }
    operation::start(ksef, request, move |store| {
        let held = auth::held(store, &caller);
        store.resources.permissions.take_grant(&id, &caller.context, &held)
    })
}

impl Permissions {
    /// Removes a grant that works or was given in this context.
    fn take_grant(
        &mut self,
        id: &str,
        context: &Identity,
        held: &BTreeSet<Permission>,
    ) -> Result<(), Outcome> {
        let grant = self.grants.iter().find(|grant| grant.id == id).ok_or(Outcome::Failed)?;
        if grant.within != *context && grant.context != *context {
            return Err(Outcome::WrongRelation);
        }
        if !held.contains(&managed_by(grant)) && !held.contains(&Permission::CredentialsManage) {
            return Err(Outcome::Unauthorized);
        }
        self.grants.retain(|grant| grant.id != id);
        Ok(())
    }

    fn take_authorization(&mut self, id: &str, context: &Identity) -> Result<(), Outcome> {
        let known = self.authorizations.iter().find(|one| one.id == id).ok_or(Outcome::Failed)?;
        if known.authorizing != *context {
            return Err(Outcome::WrongRelation);
        }
        self.authorizations.retain(|one| one.id != id);
        Ok(())
    }
}

/// The permission beside `CredentialsManage` with which a grant can be taken back.
fn managed_by(grant: &Grant) -> Permission {
    match grant.way {
        Way::Subunit => Permission::SubunitManage,
        Way::EuAdministration | Way::EuRepresentative => Permission::VatUeManage,
        Way::Person | Way::Entity | Way::Indirect => Permission::CredentialsManage,
    }
}
