//! Each role against each operation (specification 1.9, chapter 5): the table below is written from
//! the text, and not read from the double.

use http::Method;
use sandbox::ksef_v1::{IdKind, Identifier, KsefV1, Role};
use serde_json::{Value, json};

use super::batch::{Package, files, package};
use super::client::*;

use Role::{
    CredentialsManage as CM, CredentialsRead as CR, EnforcementOperations as EO, InvoiceRead as IR,
    InvoiceWrite as IW, SubunitManage as SM, VatUeManage as VM,
};

const ALL: [Role; 9] =
    [Role::Introspection, IR, IW, Role::PaymentConfirmationWrite, CR, CM, EO, SM, VM];

const NUMBER: &str = "9990000103-20260131-0123456789AB-CD";
const ELEMENT: &str = "20260131-EE-0123456789-0123456789-AB";

/// Method, path, and the roles of which any is enough beside the owner; an empty list needs none.
fn table() -> Vec<(Method, String, &'static [Role])> {
    let get = |path: &str| (Method::GET, path.to_owned());
    let post = |path: &str| (Method::POST, path.to_owned());
    let paged = "?PageSize=10&PageOffset=0";
    let rows: Vec<((Method, String), &'static [Role])> = vec![
        // Chapter 5.7.4: any session.
        (get("/online/Session/Status"), &[]),
        (get(&format!("/online/Session/Status/{ELEMENT}")), &[]),
        (get("/online/Session/GenerateInternalIdentifier/0001"), &[]),
        (get(&format!("/online/Invoice/Status/{ELEMENT}")), &[]),
        // Chapters 5.7.2 and 13.7.
        ((Method::PUT, "/online/Invoice/Send".to_owned()), &[IW, EO]),
        // Chapters 5.7.3 and 13.8.
        (get(&format!("/online/Invoice/Get/{NUMBER}")), &[IR]),
        // Chapters 13.12 and 13.13.
        (post("/online/Invoice/Visibility/Hide"), &[IR]),
        (post("/online/Invoice/Visibility/Show"), &[IR]),
        (get(&format!("/online/Invoice/Visibility/Status/{ELEMENT}")), &[IR]),
        (get(&format!("/online/Invoice/Visibility/{NUMBER}")), &[IR]),
        (post("/online/Invoice/Scam/Report"), &[IR]),
        (post("/online/Invoice/Scam/Cancel"), &[IR]),
        (get(&format!("/online/Invoice/Scam/Status/{ELEMENT}")), &[IR]),
        (get(&format!("/online/Invoice/Scam/{NUMBER}")), &[IR]),
        // Chapters 5.7.6.2 and 13.10.3.
        (post(&format!("/online/Query/Invoice/Sync{paged}")), &[IR]),
        (post("/online/Query/Invoice/Async/Init"), &[IR]),
        (get(&format!("/online/Query/Invoice/Async/Status/{ELEMENT}")), &[IR]),
        (get(&format!("/online/Query/Invoice/Async/Fetch/{ELEMENT}/{ELEMENT}")), &[IR]),
        // Chapters 5.7.7 and 13.11.
        (post("/online/Payment/Identifier/Request"), &[IR]),
        (get(&format!("/online/Payment/Identifier/Status/{ELEMENT}")), &[IR]),
        (get(&format!("/online/Payment/Identifier/GetReferenceNumbers/{NUMBER}{paged}")), &[IR]),
        (get(&format!("/online/Payment/Identifier/GetPaymentIdentifiers/{NUMBER}{paged}")), &[IR]),
        (post(&format!("/online/Query/PaymentIdentifier/Sync{paged}")), &[IR]),
        // Chapters 5.7.5.1 and 13.9.1.
        (post("/online/Credentials/GenerateToken"), &[IR, IW, CR, CM, EO]),
        (post("/online/Credentials/RevokeToken"), &[IR, IW, CR, CM, EO]),
        // Chapters 5.7.5.3, 13.9.3 and 13.9.4.
        (post("/online/Credentials/Grant"), &[CM, VM, SM]),
        (post("/online/Credentials/Revoke"), &[CM, VM, SM]),
        (get(&format!("/online/Credentials/Status/{ELEMENT}")), &[CM, VM, SM]),
        (post("/online/Credentials/ContextGrant"), &[SM]),
        (post("/online/Credentials/ContextRevoke"), &[SM]),
        (post("/online/Credentials/AccountingGrant"), &[CM]),
        (post("/online/Credentials/AccountingRevoke"), &[CM]),
        // Chapters 5.7.6.1, 13.10.1 and 13.10.2.
        (post("/online/Query/Credential/Sync"), &[CR, CM]),
        (get("/online/Query/Credential/Context/Sync"), &[SM]),
        (post(&format!("/online/Query/Credential/Accounting/Sync{paged}")), &[CR, CM]),
        // Chapters 5.7.5.2 and 13.9.2.
        (get("/online/Credentials/Pki/CsrData"), &[IR, IW, CR, CM, EO, SM, VM]),
        (post("/online/Credentials/Pki/GenerateCertificate"), &[IR, IW, CR, CM, EO, SM, VM]),
        (get(&format!("/online/Credentials/Pki/Status/{ELEMENT}")), &[IR, IW, CR, CM, EO, SM, VM]),
        (
            get(&format!("/online/Credentials/Pki/GetCertificate/{ELEMENT}")),
            &[IR, IW, CR, CM, EO, SM, VM],
        ),
        (post("/online/Credentials/Pki/RetrieveCertificate"), &[IR, IW, CR, CM, EO, SM, VM]),
        (post("/online/Credentials/Pki/RevokeCertificate"), &[IR, IW, CR, CM, EO, SM, VM]),
        (post("/online/Query/Credential/Certificates/Sync"), &[IR, IW, CR, CM, EO, SM, VM]),
        (get("/online/Session/Terminate"), &[]),
    ];
    rows.into_iter().map(|((method, path), roles)| (method, path, roles)).collect()
}

/// The operations without a session (chapters 4, 11, 12 and 13.2): no token and no role, except
/// that `batch/Init` and `InitSigned` look at the roles of whoever signed, and `InitToken` at those
/// of its token.
fn open() -> Vec<(Method, String)> {
    let get = |path: String| (Method::GET, path);
    let post = |path: &str| (Method::POST, path.to_owned());
    vec![
        post("/batch/Init"),
        (Method::PUT, format!("/batch/Upload/{ELEMENT}/{ELEMENT}")),
        post("/batch/Finish"),
        get(format!("/common/Status/{ELEMENT}")),
        get(format!("/common/Upo/{ELEMENT}/{ELEMENT}")),
        get(format!("/common/Upo/ondemand/{ELEMENT}/{NUMBER}")),
        post("/common/Invoice/KSeF"),
        post(&format!("/common/download/{NUMBER}")),
        post(&format!("/common/verification/{NUMBER}")),
        get("/common/accessPointsProvidersList?PageSize=10&PageOffset=0".to_owned()),
        post("/common/registerAccessPointProvider"),
        post("/online/Session/AuthorisationChallenge"),
        post("/online/Session/InitSigned"),
        post("/online/Session/InitToken"),
        post("/online/Credentials/GetThumbprint"),
    ]
}

/// Whether the operation refuses this session for its roles. A body off the schema is enough to
/// tell, because roles are looked at first.
async fn refuses(session: &Session, method: &Method, path: &str) -> bool {
    let body = json!({"nothing": 1});
    let answer = session.send(method.clone(), path, &body).await;
    if answer.status < 400 {
        return false;
    }
    let code = answer.code();
    assert_ne!(code, 21304, "{path}: the session is authenticated");
    code == 21301
}

/// A session of a person who has exactly this role in Beta.
async fn with_role(ksef: &KsefV1, role: Role) -> Session {
    let to = Identifier::new(IdKind::Pesel, "00810100026");
    ksef.grant(BETA, to, role);
    let session = sign_in(ksef, BETA, "stranger", "SerialNumber").await.unwrap();
    ksef.settle().await;
    session
}

#[tokio::test(start_paused = true)]
async fn each_operation_asks_for_the_roles_of_chapter_five() {
    for role in ALL {
        let sandbox = calm().await;
        let session = with_role(sandbox.ksef_v1(), role).await;
        for (method, path, roles) in table() {
            let expected = !roles.is_empty() && !roles.contains(&role);
            let found = refuses(&session, &method, &path).await;
            assert_eq!(found, expected, "{role:?} at {method} {path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_owner_may_do_everything() {
    let sandbox = calm().await;
    let session = owner(sandbox.ksef_v1()).await;
    for (method, path, _) in table() {
        assert!(!refuses(&session, &method, &path).await, "{method} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flag_alone_opens_no_session() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    for role in [Role::SelfInvoicing, Role::TaxRepresentative, Role::CourtBailiff] {
        ksef.grant(BETA, Identifier::new(IdKind::Pesel, "00810100026"), role);
        let refused = sign_in(ksef, BETA, "stranger", "SerialNumber").await.unwrap_err();
        assert_eq!(refused, 21301, "{role:?}");
    }
}

/// Chapter 11.3: whoever signs the announcement of a package must be able to issue.
#[tokio::test(start_paused = true)]
async fn a_package_is_announced_by_whoever_may_issue() {
    let announced = async |role: Option<Role>, nip: &'static str, certificate: &'static str| {
        let sandbox = calm().await;
        let ksef = sandbox.ksef_v1();
        if let Some(role) = role {
            ksef.grant(nip, Identifier::new(IdKind::Pesel, "00810100026"), role);
        }
        let package = package(&files(1), 1);
        let answer = Package { nip, certificate, ..package }.try_init(ksef).await;
        if answer.status == 201 { None } else { Some(answer.code()) }
    };
    for role in ALL {
        let expected = (![IW, EO].contains(&role)).then_some(21301);
        assert_eq!(announced(Some(role), BETA, "stranger").await, expected, "{role:?}");
    }
    for role in [Role::SelfInvoicing, Role::TaxRepresentative, Role::CourtBailiff] {
        assert_eq!(announced(Some(role), BETA, "stranger").await, Some(21301), "{role:?}");
    }
    assert_eq!(announced(None, BETA, "stranger").await, Some(21301));
    assert_eq!(announced(None, BETA, "seal-beta").await, None, "the owner");
    assert_eq!(announced(None, ALFA, "seal-beta").await, Some(21301), "the owner of another one");
}

#[tokio::test(start_paused = true)]
async fn what_needs_no_session_asks_for_none() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    for (method, path) in open() {
        let headers = [("content-type", "application/json")];
        let answer = ask(ksef, method.clone(), &path, &headers, "{}").await.unwrap();
        let refused = answer.status >= 400 && !answer.body.is_empty();
        let code = if refused { answer.code() } else { 0 };
        assert!(![21171, 21149, 21301, 21304, 21180].contains(&code), "{method} {path}: {code}");
    }
    for (method, path, _) in table() {
        let answer = ask(ksef, method, &path, &[], "{}").await.unwrap();
        assert_eq!(answer.code(), 21171, "{path}");
    }
}

#[test]
fn the_tables_cover_every_operation_once() {
    let template = |path: &str| {
        let path = path.split('?').next().unwrap();
        path.split('/')
            .map(|part| {
                if part == ELEMENT || part == NUMBER || part == "0001" { "{}" } else { part }
                    .to_owned()
            })
            .collect::<Vec<_>>()
            .join("/")
    };
    let within = table().into_iter().map(|(method, path, _)| (method, path));
    let mut covered: Vec<String> = within
        .chain(open())
        .map(|(method, path)| format!("{method} {}", template(&path)))
        .collect();
    let plain = |(method, route): (Method, &str)| {
        let parts = route.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
        format!("{method} {}", parts.collect::<Vec<_>>().join("/"))
    };
    let mut routes: Vec<String> = sandbox::ksef_v1::routes().map(plain).collect();
    covered.sort();
    routes.sort();
    assert_eq!(covered, routes);
    assert_eq!(routes.len(), 58);
}

#[tokio::test(start_paused = true)]
async fn a_token_loses_what_its_maker_loses_and_gets_it_back() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let person = sign_in(ksef, ALFA, "person-pesel", "SerialNumber").await.unwrap();
    ksef.settle().await;
    let roles = json!([{"roleType": "invoice_write", "roleDescription": "pisanie"}]);
    let body =
        json!({"generateToken": {"description": "token osoby", "credentialsRoleList": roles}});
    let answer: Value = person.post("/online/Credentials/GenerateToken", &body).await.ok(200);
    ksef.settle().await;
    let token = answer["authorisationToken"].as_str().unwrap().to_owned();
    let session = login_with(ksef, ALFA, &token).await;
    session.accepted(&invoice("T/1")).await;
    let owner = owner(ksef).await;
    let identifier = json!({"type": "pesel", "identifier": "00810100019"});
    let list = json!([{"roleType": "invoice_write"}]);
    let revoke = json!({"revokeCredentials": {"credentialsIdentifier": identifier, "credentialsRoleList": list}});
    owner.post("/online/Credentials/Revoke", &revoke).await.ok(202);
    ksef.settle().await;
    assert_eq!(session.put_plain(invoice("T/2").as_bytes()).await.code(), 21301);
    let list = json!([{"roleType": "invoice_write", "roleDescription": "znowu"}]);
    let grant = json!({"grantCredentials": {"credentialsIdentifier": identifier, "credentialsRoleList": list}});
    owner.post("/online/Credentials/Grant", &grant).await.ok(202);
    ksef.settle().await;
    session.accepted(&invoice("T/2")).await;
}
