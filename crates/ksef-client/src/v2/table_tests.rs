//! The endpoints against the generated table of operations: every fact that both state is the same.

use common_http::{Endpoint, Info};

use super::{
    KsefV2, auth, auth_sessions, batch, certificates, collective_identifiers, exports, invoices,
    limits, online, operations, peppol, permission_queries, permissions, security, sessions,
    test_data, tokens,
};

fn info<E: Endpoint<Api = KsefV2>>() -> Info {
    E::INFO
}

/// Logins, sessions, and invoices.
fn core() -> Vec<Info> {
    vec![
        info::<auth::Challenge>(),
        info::<auth::StartWithSignature>(),
        info::<auth::StartWithToken>(),
        info::<auth::Status>(),
        info::<auth::Redeem>(),
        info::<auth::Refresh>(),
        info::<auth_sessions::List>(),
        info::<auth_sessions::RevokeCurrent>(),
        info::<auth_sessions::Revoke>(),
        info::<security::PublicKeys>(),
        info::<online::Open>(),
        info::<online::Send>(),
        info::<online::Close>(),
        info::<batch::Open>(),
        info::<batch::Close>(),
        info::<sessions::List>(),
        info::<sessions::Status>(),
        info::<sessions::Invoices>(),
        info::<sessions::FailedInvoices>(),
        info::<sessions::InvoiceStatus>(),
        info::<sessions::UpoByKsefNumber>(),
        info::<sessions::UpoOfInvoice>(),
        info::<sessions::Upo>(),
        info::<invoices::Fetch>(),
        info::<invoices::Query>(),
        info::<exports::Start>(),
        info::<exports::Status>(),
    ]
}

/// Permissions, tokens, certificates, limits, and everything else.
fn resources() -> Vec<Info> {
    vec![
        info::<certificates::Enroll>(),
        info::<certificates::EnrollmentData>(),
        info::<certificates::EnrollmentStatus>(),
        info::<certificates::Limits>(),
        info::<certificates::List>(),
        info::<certificates::Retrieve>(),
        info::<certificates::Revoke>(),
        info::<collective_identifiers::Generate>(),
        info::<collective_identifiers::ListInvoices>(),
        info::<collective_identifiers::ListOfInvoice>(),
        info::<collective_identifiers::List>(),
        info::<limits::Context>(),
        info::<limits::Subject>(),
        info::<peppol::List>(),
        info::<permissions::AttachmentStatus>(),
        info::<permissions::GrantAuthorization>(),
        info::<permissions::RevokeAuthorization>(),
        info::<permissions::Revoke>(),
        info::<permissions::GrantEntity>(),
        info::<permissions::GrantEuAdministration>(),
        info::<permissions::GrantEuEntity>(),
        info::<permissions::GrantIndirect>(),
        info::<permissions::OperationStatus>(),
        info::<permissions::GrantPerson>(),
        info::<permission_queries::Authorizations>(),
        info::<permission_queries::Entities>(),
        info::<permission_queries::EntityRoles>(),
        info::<permission_queries::EuEntities>(),
        info::<permission_queries::Personal>(),
        info::<permission_queries::Persons>(),
        info::<permission_queries::SubordinateRoles>(),
        info::<permission_queries::Subunits>(),
        info::<permissions::GrantSubunit>(),
        info::<limits::Rates>(),
        info::<test_data::AllowAttachments>(),
        info::<test_data::ForbidAttachments>(),
        info::<test_data::UpdateCertificate>(),
        info::<test_data::BlockContext>(),
        info::<test_data::UnblockContext>(),
        info::<test_data::ResetSessionLimits>(),
        info::<test_data::SetSessionLimits>(),
        info::<test_data::ResetCertificateLimits>(),
        info::<test_data::SetCertificateLimits>(),
        info::<test_data::GrantPermissions>(),
        info::<test_data::RevokePermissions>(),
        info::<test_data::CreatePerson>(),
        info::<test_data::RemovePerson>(),
        info::<test_data::ResetRateLimits>(),
        info::<test_data::SetRateLimits>(),
        info::<test_data::UseProductionRateLimits>(),
        info::<test_data::CreateSubject>(),
        info::<test_data::RemoveSubject>(),
        info::<tokens::List>(),
        info::<tokens::Generate>(),
        info::<tokens::Revoke>(),
        info::<tokens::Status>(),
    ]
}

#[test]
fn every_operation_has_an_endpoint_that_states_the_same_facts() {
    let endpoints = [core(), resources()].concat();
    assert_eq!(endpoints.len(), operations::ALL.len());
    for row in operations::ALL {
        let found = endpoints.iter().find(|info| info.name == row.name);
        let info = found.unwrap_or_else(|| panic!("{} has no endpoint", row.name));
        assert_eq!((&info.method, info.path), (&row.method, row.path), "{}", row.name);
        assert_eq!((info.effect, info.auth), (row.effect, row.auth), "{}", row.name);
        assert_eq!(info.limit, row.limit, "{}", row.name);
        assert!(info.section.starts_with("KSeF 2.0 facts §"), "{}", row.name);
    }
}
