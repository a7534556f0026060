//! The endpoints against the generated table of operations: every fact that both state is the same.

use common_http::{Endpoint, Info};

use super::{
    KsefV1, batch, common, credentials, invoices, operations, payment_identifiers, pki, queries,
    scam, session, tokens, visibility,
};

fn info<E: Endpoint<Api = KsefV1>>() -> Info {
    E::INFO
}

/// The endpoint of each operation; other versions of the same one are not in the table.
fn endpoints() -> Vec<Info> {
    vec![
        info::<batch::Init>(),
        info::<batch::Upload>(),
        info::<batch::Finish>(),
        info::<common::Status>(),
        info::<common::Upo>(),
        info::<common::UpoOnDemand>(),
        info::<common::FetchInvoice>(),
        info::<common::DownloadInvoice>(),
        info::<common::VerifyInvoice>(),
        info::<common::ListAccessPoints>(),
        info::<common::RegisterAccessPoint>(),
        info::<session::Challenge>(),
        info::<session::InitSigned>(),
        info::<session::InitToken>(),
        info::<session::Status>(),
        info::<session::StatusOf>(),
        info::<session::Terminate>(),
        info::<session::GenerateInternalIdentifier>(),
        info::<invoices::Send>(),
        info::<invoices::Status>(),
        info::<invoices::Fetch>(),
        info::<visibility::Hide>(),
        info::<visibility::Show>(),
        info::<visibility::Status>(),
        info::<visibility::Fetch>(),
        info::<scam::Report>(),
        info::<scam::Cancel>(),
        info::<scam::Status>(),
        info::<scam::Fetch>(),
        info::<tokens::Generate>(),
        info::<tokens::Revoke>(),
        info::<credentials::Grant>(),
        info::<credentials::Revoke>(),
        info::<credentials::ContextGrant>(),
        info::<credentials::ContextRevoke>(),
        info::<credentials::AccountingGrant>(),
        info::<credentials::AccountingRevoke>(),
        info::<credentials::Status>(),
        info::<credentials::Thumbprint>(),
        info::<queries::Invoices>(),
        info::<queries::StartInvoices>(),
        info::<queries::InvoicesStatus>(),
        info::<queries::FetchInvoices>(),
        info::<queries::Credentials>(),
        info::<queries::ContextCredentials>(),
        info::<queries::AccountingCredentials>(),
        info::<queries::PaymentIdentifiers>(),
        info::<queries::Certificates>(),
        info::<payment_identifiers::Request>(),
        info::<payment_identifiers::Status>(),
        info::<payment_identifiers::ListInvoices>(),
        info::<payment_identifiers::ListOfInvoice>(),
        info::<pki::CsrData>(),
        info::<pki::GenerateCertificate>(),
        info::<pki::Status>(),
        info::<pki::FetchCertificate>(),
        info::<pki::RetrieveCertificates>(),
        info::<pki::RevokeCertificate>(),
    ]
}

#[test]
fn every_operation_has_an_endpoint_that_states_the_same_facts() {
    let endpoints = endpoints();
    assert_eq!(endpoints.len(), operations::ALL.len());
    for row in operations::ALL {
        let found = endpoints.iter().find(|info| info.name == row.name);
        let info = found.unwrap_or_else(|| panic!("{} has no endpoint", row.name));
        assert_eq!((&info.method, info.path), (&row.method, row.path), "{}", row.name);
        assert_eq!((info.effect, info.auth), (row.effect, row.auth), "{}", row.name);
        assert_eq!(info.limit, row.limit, "{}", row.name);
        assert!(info.section.contains("specification 1.9") || info.section.contains("facts §"));
    }
}
