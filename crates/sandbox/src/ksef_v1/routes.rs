//! The routes of the KSeF 1.x double (KSeF 1.x facts §2 and §13), each with the operation name that
//! exceptions carry.

use http::Method;

use crate::route;

/// Below which path the API lives.
const BASE: &str = "/api";

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Call {
    BatchInit,
    BatchUpload,
    BatchFinish,
    CommonStatus,
    Upo,
    UpoOnDemand,
    AnonymousInvoice,
    Download,
    Verification,
    AccessPoints,
    RegisterAccessPoint,
    Challenge,
    InitSigned,
    InitToken,
    SessionStatus,
    SessionStatusOf,
    Terminate,
    InternalIdentifier,
    Send,
    InvoiceStatus,
    InvoiceGet,
    Hide,
    Show,
    VisibilityStatus,
    Visibility,
    ScamReport,
    ScamCancel,
    ScamStatus,
    Scam,
    GenerateToken,
    RevokeToken,
    Grant,
    Revoke,
    ContextGrant,
    ContextRevoke,
    AccountingGrant,
    AccountingRevoke,
    CredentialsStatus,
    QueryInvoices,
    QueryInit,
    QueryStatus,
    QueryFetch,
    QueryCredentials,
    QueryContextCredentials,
    QueryAccounting,
    QueryPayments,
    PaymentRequest,
    PaymentStatus,
    PaymentNumbers,
    PaymentIdentifiers,
    CsrData,
    GenerateCertificate,
    CertificateStatus,
    GetCertificate,
    RetrieveCertificate,
    RevokeCertificate,
    QueryCertificates,
    Thumbprint,
    SecurityPem,
    SecurityDer,
}

/// One operation.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) template: &'static str,
    pub(super) call: Call,
    /// The name of the operation in exceptions.
    pub(super) operation: &'static str,
}

const fn get(template: &'static str, call: Call, operation: &'static str) -> Route {
    Route { method: Method::GET, template, call, operation }
}

const fn post(template: &'static str, call: Call, operation: &'static str) -> Route {
    Route { method: Method::POST, template, call, operation }
}

const fn put(template: &'static str, call: Call, operation: &'static str) -> Route {
    Route { method: Method::PUT, template, call, operation }
}

/// The routes below `/api`; literal segments stand before parameters, so that they win.
#[rustfmt::skip]
pub(super) const ROUTES: &[Route] = &[
    post("/batch/Init", Call::BatchInit, "batch.init"),
    put("/batch/Upload/{ReferenceNumber}/{PartName}", Call::BatchUpload, "batch.upload"),
    post("/batch/Finish", Call::BatchFinish, "batch.finish"),
    get("/common/Status/{ReferenceNumber}", Call::CommonStatus, "common.status"),
    get("/common/Upo/ondemand/{ReferenceNumber}/{KsefReferenceNumber}", Call::UpoOnDemand, "common.upo.on.demand"),
    get("/common/Upo/{ReferenceNumber}/{UpoReferenceNumber}", Call::Upo, "common.upo"),
    post("/common/Invoice/KSeF", Call::AnonymousInvoice, "common.invoice.ksef"),
    post("/common/download/{KsefReferenceNumber}", Call::Download, "common.invoice.download"),
    post("/common/verification/{KsefReferenceNumber}", Call::Verification, "common.invoice.verification"),
    get("/common/accessPointsProvidersList", Call::AccessPoints, "common.get.access.points.providers.list"),
    post("/common/registerAccessPointProvider", Call::RegisterAccessPoint, "common.register.access.point.provider"),
    post("/online/Session/AuthorisationChallenge", Call::Challenge, "online.session.authorisation.challenge"),
    post("/online/Session/InitSigned", Call::InitSigned, "online.session.session.signed.init"),
    post("/online/Session/InitToken", Call::InitToken, "online.session.session.token.init"),
    get("/online/Session/Status", Call::SessionStatus, "online.session.session.status.plain"),
    get("/online/Session/Status/{ReferenceNumber}", Call::SessionStatusOf, "online.session.session.status.reference.number"),
    get("/online/Session/Terminate", Call::Terminate, "online.session.session.terminate.plain"),
    get("/online/Session/GenerateInternalIdentifier/{inputDigitsSequence}", Call::InternalIdentifier, "online.session.internal.identifier.generate"),
    put("/online/Invoice/Send", Call::Send, "online.invoice.invoice.send"),
    get("/online/Invoice/Status/{InvoiceElementReferenceNumber}", Call::InvoiceStatus, "online.invoice.invoice.status"),
    get("/online/Invoice/Get/{KSeFReferenceNumber}", Call::InvoiceGet, "online.invoice.invoice.get"),
    post("/online/Invoice/Visibility/Hide", Call::Hide, "online.invoice.invoice.hide"),
    post("/online/Invoice/Visibility/Show", Call::Show, "online.invoice.invoice.show"),
    get("/online/Invoice/Visibility/Status/{HidingElementReferenceNumber}", Call::VisibilityStatus, "online.invoice.invoice.visibility.status"),
    get("/online/Invoice/Visibility/{KSeFReferenceNumber}", Call::Visibility, "online.invoice.invoice.visibility.get"),
    post("/online/Invoice/Scam/Report", Call::ScamReport, "online.invoice.scam.invoice.report"),
    post("/online/Invoice/Scam/Cancel", Call::ScamCancel, "online.invoice.scam.invoice.cancel"),
    get("/online/Invoice/Scam/Status/{scamElementReferenceNumber}", Call::ScamStatus, "online.invoice.scam.invoice.status"),
    get("/online/Invoice/Scam/{KSeFReferenceNumber}", Call::Scam, "online.invoice.scam.invoice.get"),
    post("/online/Credentials/GenerateToken", Call::GenerateToken, "online.credentials.generate.token"),
    post("/online/Credentials/RevokeToken", Call::RevokeToken, "online.credentials.revoke.token"),
    post("/online/Credentials/Grant", Call::Grant, "online.credentials.credentials.grant"),
    post("/online/Credentials/Revoke", Call::Revoke, "online.credentials.credentials.revoke"),
    post("/online/Credentials/ContextGrant", Call::ContextGrant, "online.credentials.credentials.context.grant"),
    post("/online/Credentials/ContextRevoke", Call::ContextRevoke, "online.credentials.credentials.context.revoke"),
    post("/online/Credentials/AccountingGrant", Call::AccountingGrant, "online.credentials.credentials.accounting.grant"),
    post("/online/Credentials/AccountingRevoke", Call::AccountingRevoke, "online.credentials.credentials.accounting.revoke"),
    get("/online/Credentials/Status/{CredentialsElementReferenceNumber}", Call::CredentialsStatus, "online.credentials.credentials.status"),
    post("/online/Query/Invoice/Sync", Call::QueryInvoices, "online.query.query.invoice"),
    post("/online/Query/Invoice/Async/Init", Call::QueryInit, "online.query.query.invoice.init"),
    get("/online/Query/Invoice/Async/Status/{QueryElementReferenceNumber}", Call::QueryStatus, "online.query.query.invoice.status"),
    get("/online/Query/Invoice/Async/Fetch/{QueryElementReferenceNumber}/{PartElementReferenceNumber}", Call::QueryFetch, "online.query.query.invoice.fetch"),
    post("/online/Query/Credential/Sync", Call::QueryCredentials, "online.query.query.credentials"),
    get("/online/Query/Credential/Context/Sync", Call::QueryContextCredentials, "online.query.query.context.credentials"),
    post("/online/Query/Credential/Accounting/Sync", Call::QueryAccounting, "online.query.query.accounting.credentials"),
    post("/online/Query/PaymentIdentifier/Sync", Call::QueryPayments, "online.query.query.payment.identifier"),
    post("/online/Payment/Identifier/Request", Call::PaymentRequest, "online.payment.payment.identifier.request"),
    get("/online/Payment/Identifier/Status/{PaymentElementReferenceNumber}", Call::PaymentStatus, "online.payment.payment.identifier.status"),
    get("/online/Payment/Identifier/GetReferenceNumbers/{PaymentIdentifier}", Call::PaymentNumbers, "online.payment.payment.identifier.get.reference.numbers"),
    get("/online/Payment/Identifier/GetPaymentIdentifiers/{KSeFReferenceNumber}", Call::PaymentIdentifiers, "online.payment.payment.identifier.get.payment.identifiers"),
    get("/online/Credentials/Pki/CsrData", Call::CsrData, "online.credentials.pki.csr.data"),
    post("/online/Credentials/Pki/GenerateCertificate", Call::GenerateCertificate, "online.credentials.pki.generate.certificate"),
    get("/online/Credentials/Pki/Status/{elementReferenceNumber}", Call::CertificateStatus, "online.credentials.pki.status"),
    get("/online/Credentials/Pki/GetCertificate/{elementReferenceNumber}", Call::GetCertificate, "online.credentials.pki.get.certificate"),
    post("/online/Credentials/Pki/RetrieveCertificate", Call::RetrieveCertificate, "online.credentials.pki.retrieve.certificate"),
    post("/online/Credentials/Pki/RevokeCertificate", Call::RevokeCertificate, "online.credentials.pki.revoke.certificate"),
    post("/online/Query/Credential/Certificates/Sync", Call::QueryCertificates, "online.query.query.certificates"),
    post("/online/Credentials/GetThumbprint", Call::Thumbprint, "online.credentials.get.thumbprint"),
];

/// Beside the API.
const FILES: &[Route] = &[
    get("/security/pem", Call::SecurityPem, "security.pem"),
    get("/security/der", Call::SecurityDer, "security.der"),
];

/// Method and path template of every route of the API.
pub fn routes() -> impl Iterator<Item = (Method, &'static str)> {
    ROUTES.iter().map(|route| (route.method.clone(), route.template))
}

/// A route that a request found.
#[derive(Clone, Debug)]
pub(super) struct Found<'a> {
    pub(super) call: Call,
    pub(super) template: &'static str,
    pub(super) operation: &'static str,
    /// The values of the path parameters.
    pub(super) values: Vec<&'a str>,
}

/// The path below the base address.
pub(super) fn below_base(path: &str) -> &str {
    route::below(BASE, path)
}

/// The route of a whole path.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Option<Found<'a>> {
    let rest = below_base(path);
    let table = if rest.len() == path.len() { FILES } else { ROUTES };
    table.iter().filter(|route| route.method == *method).find_map(|route| matched(route, rest))
}

fn matched<'a>(route: &Route, path: &'a str) -> Option<Found<'a>> {
    let found = route::parameters(route.template, path)?;
    let values = found.into_iter().map(|(_, value)| value).collect();
    let Route { template, call, operation, .. } = *route;
    Some(Found { call, template, operation, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_segments_win_over_parameters() {
        let call = |path| find(&Method::GET, path).map(|found| found.call);
        assert_eq!(call("/api/online/Invoice/Scam/Status/x"), Some(Call::ScamStatus));
        assert_eq!(call("/api/online/Invoice/Scam/x"), Some(Call::Scam));
        assert_eq!(call("/api/common/Upo/ondemand/a/b"), Some(Call::UpoOnDemand));
        assert_eq!(call("/api/common/Upo/a/b"), Some(Call::Upo));
        assert_eq!(call("/security/pem"), Some(Call::SecurityPem));
    }

    #[test]
    fn methods_and_letters_matter() {
        assert!(find(&Method::POST, "/api/online/Session/Terminate").is_none());
        assert!(find(&Method::POST, "/api/online/Invoice/Send").is_none());
        assert!(find(&Method::GET, "/api/online/session/Status").is_none());
        assert!(find(&Method::GET, "/online/Session/Status").is_none());
    }

    #[test]
    fn there_are_fifty_published_operations_and_eight_others() {
        assert_eq!(routes().count(), 58);
    }
}
