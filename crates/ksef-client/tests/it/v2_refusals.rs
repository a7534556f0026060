//! What the double refuses, at every operation and in both forms of errors: with a code of the
//! contract, for lack of a permission, without a login, and above a limit.

use std::marker::PhantomData;

use bytes::Bytes;
use common_core::store::BoxFuture;
use common_http::{BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder};
use ksef_client::{
    operation::Operation,
    v2::{
        Account, Error, ErrorCode, ErrorFormat, ErrorKind, KsefV2, auth, auth_sessions, batch,
        certificates, collective_identifiers, exports, invoices, limits, online, operations,
        peppol, permission_queries, permissions, security, sessions, test_data, tokens,
        wire::TestDataPermissionType,
    },
};
use sandbox::{
    Sandbox,
    fault::{Code, Fault},
    ksef_v2::{Limits, Rate},
};

use crate::{
    support::ALFA,
    v2_support::{account, assert_expected, beside, in_process, once},
    v2_test_data_support::{by_certificate, client, nip, person},
};

/// A call to an endpoint whose input does not matter, because it is refused.
struct Any<E>(PhantomData<fn() -> E>);

impl<E: Endpoint> Endpoint for Any<E> {
    type Api = E::Api;
    type Response = ();

    const INFO: Info = E::INFO;

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let info = E::INFO;
        let parts = info.path.split('/');
        let names = parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let mut request = RequestBuilder::new(&info, base);
        for name in names {
            request = request.param(name, "x")?;
        }
        request.finish()
    }

    fn response(_: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_session_holds_is_not_found_whatever_code_says_it() {
    let sandbox = in_process().await;
    let account = account(&beside(&sandbox).build().unwrap(), &sandbox, ALFA);
    let session = || "20260131-SO-0000000000-0000000000-00".parse().unwrap();
    let invoice = || "20260131-EE-0000000000-0000000000-00".parse().unwrap();
    let number = "9990000103-20260131-000000000000-00".parse().unwrap();
    let page = "20260131-EU-0000000000-0000000000-00".parse().unwrap();
    let refused = [
        account.send(&sessions::Status(session())).await.err(),
        account.send(&sessions::Invoices::new(session())).await.err(),
        account.send(&sessions::Upo::new(session(), page)).await.err(),
        account.send(&sessions::UpoByKsefNumber::new(session(), number)).await.err(),
        account.send(&sessions::InvoiceStatus::new(session(), invoice())).await.err(),
        account.send(&sessions::UpoOfInvoice::new(session(), invoice())).await.err(),
    ];
    let codes = [21173, 21173, 21173, 21178, 21405, 21405];
    for (error, code) in refused.into_iter().zip(codes) {
        let error = error.unwrap();
        let told = (error.code().map(ErrorCode::number), error.kind());
        assert_eq!(told, (Some(code), ErrorKind::NotFound), "{error}");
    }
    assert_expected(&sandbox);
}

/// How an operation is called.
type Call = for<'a> fn(&'a Account) -> BoxFuture<'a, Result<(), Error>>;

/// One operation.
struct Row {
    info: Info,
    call: Call,
}

fn row<E: Endpoint<Api = KsefV2> + 'static>() -> Row {
    let call: Call = |account| Box::pin(async move { account.send(&Any::<E>(PhantomData)).await });
    Row { info: E::INFO, call }
}

macro_rules! rows {
    ($($module:ident: $($endpoint:ident),+;)+) => {
        vec![$($(row::<$module::$endpoint>(),)+)+]
    };
}

fn rows() -> Vec<Row> {
    let rows = rows! {
        auth: Challenge, StartWithSignature, StartWithToken, Status, Redeem, Refresh;
        auth_sessions: List, RevokeCurrent, Revoke;
        security: PublicKeys;
        online: Open, Send, Close;
        batch: Open, Close;
        sessions: List, Status, Invoices, FailedInvoices, InvoiceStatus, UpoByKsefNumber,
            UpoOfInvoice, Upo;
        invoices: Fetch, Query;
        exports: Start, Status;
        certificates: Enroll, EnrollmentData, EnrollmentStatus, Limits, List, Retrieve, Revoke;
        collective_identifiers: Generate, ListInvoices, ListOfInvoice, List;
        limits: Context, Subject, Rates;
        peppol: List;
        permissions: AttachmentStatus, GrantAuthorization, RevokeAuthorization, Revoke, GrantEntity,
            GrantEuAdministration, GrantEuEntity, GrantIndirect, OperationStatus, GrantPerson,
            GrantSubunit;
        permission_queries: Authorizations, Entities, EntityRoles, EuEntities, Personal, Persons,
            SubordinateRoles, Subunits;
        test_data: AllowAttachments, ForbidAttachments, UpdateCertificate, BlockContext,
            UnblockContext, ResetSessionLimits, SetSessionLimits, ResetCertificateLimits,
            SetCertificateLimits, GrantPermissions, RevokePermissions, CreatePerson, RemovePerson,
            ResetRateLimits, SetRateLimits, UseProductionRateLimits, CreateSubject, RemoveSubject;
        tokens: List, Generate, Revoke, Status;
    };
    assert_eq!(rows.len(), operations::ALL.len());
    rows
}

const FORMATS: [ErrorFormat; 2] = [ErrorFormat::ProblemDetails, ErrorFormat::Envelope];

/// What the contract says of the operation of that row.
fn facts(row: &Row) -> &'static Operation {
    operations::ALL.iter().find(|operation| operation.name == row.info.name).unwrap()
}

/// The account of Alfa with that form of errors, logged in.
async fn logged_in(sandbox: &Sandbox, format: ErrorFormat) -> Account {
    let alfa = account(&beside(sandbox).error_format(format).build().unwrap(), sandbox, ALFA);
    alfa.send(&limits::Context).await.unwrap();
    alfa
}

/// What belongs to the form itself: problem details have a title, the envelope has a service's name.
fn has_the_form(error: &Error, format: ErrorFormat) {
    let problem = error.problem().unwrap();
    let found = (problem.title.is_some(), problem.service_name.is_some());
    assert_eq!(found, (format == ErrorFormat::ProblemDetails, format == ErrorFormat::Envelope));
}

#[tokio::test(start_paused = true)]
async fn every_code_of_every_operation_comes_in_both_forms() {
    let sandbox = in_process().await;
    sandbox.ksef_v2().set_limits(Limits::none());
    let mut told = 0;
    for format in FORMATS {
        let alfa = logged_in(&sandbox, format).await;
        for row in rows() {
            for number in facts(&row).codes {
                let code = Code::new(&number.to_string()).unwrap();
                once(&sandbox, &row.info.method, row.info.path, Fault::Code(code));
                let error = (row.call)(&alfa).await.unwrap_err();
                assert_eq!(error.code(), Some(ErrorCode::new(*number)), "{}", row.info.name);
                assert!(!error.may_have_happened(), "{} {number}", row.info.name);
                let meaning = error.code().and_then(ErrorCode::meaning).unwrap();
                assert!(error.to_string().contains(meaning), "{error}");
                has_the_form(&error, format);
                told += 1;
            }
        }
    }
    assert!(told > 250, "{told} refusals");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_number_is_refused_at_every_operation_that_takes_one() {
    let sandbox = in_process().await;
    sandbox.ksef_v2().set_limits(Limits::none());
    for format in FORMATS {
        let alfa = logged_in(&sandbox, format).await;
        let mut refused = 0;
        for row in rows() {
            let own = ["auth.status", "auth_sessions.revoke"];
            let takes_one = row.info.path.contains('{') && !own.contains(&row.info.name);
            let has_body = row.info.method == http::Method::POST
                && !row.info.path.ends_with("close")
                || row.info.method == http::Method::PUT;
            if !takes_one || has_body {
                continue;
            }
            let error = (row.call)(&alfa).await.unwrap_err();
            assert_eq!(error.code(), Some(ErrorCode::new(21405)), "{}: {error:?}", row.info.name);
            assert!(!error.problem().unwrap().findings[0].details.is_empty());
            has_the_form(&error, format);
            refused += 1;
        }
        assert!(refused > 12, "{refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_without_its_permission_says_which_ones_would_do() {
    let sandbox = in_process().await;
    sandbox.ksef_v2().set_limits(Limits::none());
    let client = client(&sandbox);
    let clerk = person("00810100026").identifier();
    let grant = test_data::GrantPermissions::new(nip(ALFA), clerk)
        .permission(TestDataPermissionType::Introspection, "wgląd w sesje");
    client.send(&grant).await.unwrap();
    let clerk = by_certificate(&client, &sandbox, "stranger", ALFA).await.unwrap();
    let mut forbidden = 0;
    for row in rows() {
        let wanted = facts(&row).permissions;
        if wanted.is_empty() || wanted.contains(&"Introspection") {
            continue;
        }
        let error = (row.call)(&clerk).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{}", row.info.name);
        let problem = error.problem().unwrap();
        assert_eq!(problem.reason_code.as_deref(), Some("missing-permissions"));
        let (mut told, mut wanted) = (problem.required_permissions(), wanted.to_vec());
        told.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(told, wanted, "{}", row.info.name);
        forbidden += 1;
    }
    assert!(forbidden > 25, "{forbidden}");
}

#[tokio::test(start_paused = true)]
async fn every_operation_is_counted_and_refused_above_its_limit_in_both_forms() {
    let sandbox = in_process().await;
    for format in FORMATS {
        sandbox.ksef_v2().set_limits(Limits::none());
        let alfa = logged_in(&sandbox, format).await;
        for row in rows() {
            let none = Limits::none().with(row.info.limit, Rate::new(0, -1, -1));
            sandbox.ksef_v2().set_limits(none);
            let error = (row.call)(&alfa).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooManyRequests, "{}", row.info.name);
            assert!(error.retry_after().is_some() && !error.may_have_happened());
            let has_title = error.problem().unwrap().title.is_some();
            assert_eq!(has_title, format == ErrorFormat::ProblemDetails, "{}", row.info.name);
        }
    }
}
