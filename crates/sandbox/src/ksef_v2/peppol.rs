//! The providers of Peppol services (KSeF 2.0 facts §12.3).

use chrono::{DateTime, Utc};
use serde_json::json;

use super::KsefV2;
use super::permissions;
use super::problem::moment;
use super::request::Request;
use crate::reply::Reply;

/// The registered providers.
#[derive(Debug, Default)]
pub(super) struct Peppol {
    providers: Vec<Provider>,
}

#[derive(Debug)]
struct Provider {
    id: String,
    name: String,
    since: DateTime<Utc>,
}

impl Peppol {
    /// Twelve invented providers, so that there is more than one page.
    pub(super) fn seeded(since: DateTime<Utc>) -> Self {
        let provider = |number: u32| Provider {
            id: format!("PPL{number:06}"),
            name: format!("Dostawca Zmyślony {number}"),
            since,
        };
        Self { providers: (1..=12).map(provider).collect() }
    }

    /// Whether a provider is registered.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.providers.iter().any(|one| one.id == id)
    }
}

/// `GET /peppol/query`.
pub(super) fn query(ksef: &KsefV2, request: &Request<'_>) -> Reply {
    let body = ksef.with_store(|store| {
        let providers = store.resources.peppol.providers.iter();
        let items = providers
            .map(|one| json!({"id": one.id, "name": one.name, "dateCreated": moment(one.since)}));
        permissions::page(request, "peppolProviders", items.collect())
    });
    ksef.json(200, body)
}
