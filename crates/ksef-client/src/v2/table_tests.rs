//! The endpoints against the generated table of operations: every fact that both state is the same.

use common_http::{Endpoint, Info};

use super::{
    KsefV2, auth, auth_sessions, batch, exports, invoices, online, operations, security, sessions,
};

fn info<E: Endpoint<Api = KsefV2>>() -> Info {
    E::INFO
}

/// The endpoints of the core; those of resources are checked by `cargo xtask tidy` alone.
fn endpoints() -> Vec<Info> {
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

#[test]
fn every_endpoint_states_the_facts_of_its_operation() {
    for info in endpoints() {
        let found = operations::ALL.iter().find(|row| row.name == info.name);
        let row = found.unwrap_or_else(|| panic!("{} is no operation", info.name));
        assert_eq!((&info.method, info.path), (&row.method, row.path), "{}", row.name);
        assert_eq!((info.effect, info.auth), (row.effect, row.auth), "{}", row.name);
        assert_eq!(info.limit, row.limit, "{}", row.name);
        assert!(info.section.starts_with("KSeF 2.0 facts §"), "{}", row.name);
    }
}
