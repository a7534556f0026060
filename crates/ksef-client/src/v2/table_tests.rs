//! The endpoints against the generated table of operations: every fact that both state is the same.

use std::marker::PhantomData;

use bytes::Bytes;
use common_core::{retry::RetryPolicy, store::BoxFuture};
use common_http::{
    BaseUrl, Body, BuildError, CallOptions, DecodeError, Endpoint, Info, Parts, RequestBuilder,
    scripted::{Scripted, Step},
};

use super::{
    Error, KsefV2, auth, auth_sessions, batch, certificates, client::testing,
    collective_identifiers, exports, invoices, limits, online, operations, peppol,
    permission_queries, permissions, security, sessions, test_data, tokens,
};

/// The error of a call, and how many requests were sent.
type Failing = BoxFuture<'static, (Option<Error>, usize)>;

/// An endpoint as a value.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) info: Info,
    /// Reads a successful answer with that body.
    pub(super) read: fn(Bytes) -> Result<(), DecodeError>,
    /// Makes the call, which gets those answers, and gives its error and how much was sent.
    pub(super) fail: fn(Vec<Step>) -> Failing,
}

impl Row {
    /// The operation's name in the contract.
    pub(super) fn operation(&self) -> String {
        format!("{} {}", self.info.method, self.info.path)
    }
}

/// A call to an endpoint whose input does not matter.
struct Any<E>(PhantomData<fn() -> E>);

impl<E: Endpoint> Endpoint for Any<E> {
    type Api = E::Api;
    type Response = ();

    const INFO: Info = E::INFO;

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let info = E::INFO;
        let names = info
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')));
        let mut request = RequestBuilder::new(&info, base);
        for name in names {
            request = request.param(name, "x")?;
        }
        request.finish()
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<(), DecodeError> {
        E::response(parts, body).map(drop)
    }
}

fn row<E: Endpoint<Api = KsefV2> + 'static>() -> Row {
    Row {
        info: E::INFO,
        read: |body| testing::read::<E>(body).map(drop),
        fail: |steps| {
            Box::pin(async move {
                let (account, script): (_, Scripted) = testing::account(steps).await;
                let once = CallOptions::new().retry(RetryPolicy::never());
                let outcome = account.send_with(&Any::<E>(PhantomData), once).await;
                (outcome.err(), script.requests().len())
            })
        },
    }
}

/// All endpoints.
pub(super) fn rows() -> Vec<Row> {
    [core(), resources()].concat()
}

/// Logins, sessions, and invoices.
fn core() -> Vec<Row> {
    vec![
        row::<auth::Challenge>(),
        row::<auth::StartWithSignature>(),
        row::<auth::StartWithToken>(),
        row::<auth::Status>(),
        row::<auth::Redeem>(),
        row::<auth::Refresh>(),
        row::<auth_sessions::List>(),
        row::<auth_sessions::RevokeCurrent>(),
        row::<auth_sessions::Revoke>(),
        row::<security::PublicKeys>(),
        row::<online::Open>(),
        row::<online::Send>(),
        row::<online::Close>(),
        row::<batch::Open>(),
        row::<batch::Close>(),
        row::<sessions::List>(),
        row::<sessions::Status>(),
        row::<sessions::Invoices>(),
        row::<sessions::FailedInvoices>(),
        row::<sessions::InvoiceStatus>(),
        row::<sessions::UpoByKsefNumber>(),
        row::<sessions::UpoOfInvoice>(),
        row::<sessions::Upo>(),
        row::<invoices::Fetch>(),
        row::<invoices::Query>(),
        row::<exports::Start>(),
        row::<exports::Status>(),
    ]
}

/// Permissions, tokens, certificates, limits, and everything else.
fn resources() -> Vec<Row> {
    vec![
        row::<certificates::Enroll>(),
        row::<certificates::EnrollmentData>(),
        row::<certificates::EnrollmentStatus>(),
        row::<certificates::Limits>(),
        row::<certificates::List>(),
        row::<certificates::Retrieve>(),
        row::<certificates::Revoke>(),
        row::<collective_identifiers::Generate>(),
        row::<collective_identifiers::ListInvoices>(),
        row::<collective_identifiers::ListOfInvoice>(),
        row::<collective_identifiers::List>(),
        row::<limits::Context>(),
        row::<limits::Subject>(),
        row::<peppol::List>(),
        row::<permissions::AttachmentStatus>(),
        row::<permissions::GrantAuthorization>(),
        row::<permissions::RevokeAuthorization>(),
        row::<permissions::Revoke>(),
        row::<permissions::GrantEntity>(),
        row::<permissions::GrantEuAdministration>(),
        row::<permissions::GrantEuEntity>(),
        row::<permissions::GrantIndirect>(),
        row::<permissions::OperationStatus>(),
        row::<permissions::GrantPerson>(),
        row::<permission_queries::Authorizations>(),
        row::<permission_queries::Entities>(),
        row::<permission_queries::EntityRoles>(),
        row::<permission_queries::EuEntities>(),
        row::<permission_queries::Personal>(),
        row::<permission_queries::Persons>(),
        row::<permission_queries::SubordinateRoles>(),
        row::<permission_queries::Subunits>(),
        row::<permissions::GrantSubunit>(),
        row::<limits::Rates>(),
        row::<test_data::AllowAttachments>(),
        row::<test_data::ForbidAttachments>(),
        row::<test_data::UpdateCertificate>(),
        row::<test_data::BlockContext>(),
        row::<test_data::UnblockContext>(),
        row::<test_data::ResetSessionLimits>(),
        row::<test_data::SetSessionLimits>(),
        row::<test_data::ResetCertificateLimits>(),
        row::<test_data::SetCertificateLimits>(),
        row::<test_data::GrantPermissions>(),
        row::<test_data::RevokePermissions>(),
        row::<test_data::CreatePerson>(),
        row::<test_data::RemovePerson>(),
        row::<test_data::ResetRateLimits>(),
        row::<test_data::SetRateLimits>(),
        row::<test_data::UseProductionRateLimits>(),
        row::<test_data::CreateSubject>(),
        row::<test_data::RemoveSubject>(),
        row::<tokens::List>(),
        row::<tokens::Generate>(),
        row::<tokens::Revoke>(),
        row::<tokens::Status>(),
    ]
}

#[test]
fn every_operation_has_an_endpoint_that_states_the_same_facts() {
    let endpoints: Vec<Info> = rows().into_iter().map(|row| row.info).collect();
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
