//! What all calls of one installation share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use common_core::{
    clock::Clock,
    limit::{LimitStore, LocalLimits},
    retry::RetryPolicy,
};
use common_http::{Api, Authorise, BaseUrl, LimitPolicy, Transport};

use super::{rates::Rates, tap::Tap};
use crate::v2::{api::KsefV2, environment::Environment};

pub(super) struct Settings {
    pub(super) environment: Environment,
    pub(super) base: BaseUrl,
    pub(super) tap: Arc<Tap>,
    pub(super) rates: Rates,
    pub(super) limit_policy: LimitPolicy,
    pub(super) limit_store: Arc<dyn LimitStore>,
    pub(super) local_limits: Option<Arc<LocalLimits>>,
    pub(super) retry: RetryPolicy,
    pub(super) timeout: Duration,
    pub(super) body_limit: Option<u64>,
    /// One for all calls, because the limits are counted by its ticks.
    pub(super) clock: Arc<dyn Clock>,
    pub(super) seed: Option<AtomicU64>,
}

impl Settings {
    /// Calls of operations.
    pub(super) fn http(
        &self,
        authorise: impl Authorise + 'static,
    ) -> common_http::ClientBuilder<KsefV2> {
        self.builder(&self.base, Arc::clone(&self.tap)).authorise(authorise)
    }

    /// Calls of links.
    pub(super) fn storage<A: Api>(&self, base: &BaseUrl) -> common_http::ClientBuilder<A> {
        self.builder(base, Arc::clone(&self.tap.inner))
    }

    /// The account's name among the limits of all installations that may share a store.
    pub(super) fn account(&self, account: &str) -> String {
        let address = self.base.as_str();
        let host = address.split_once("://").map_or(address, |(_, rest)| rest);
        format!("{}/{account}", host.split('/').next().unwrap_or(host))
    }

    fn builder<A: Api>(
        &self,
        base: &BaseUrl,
        transport: impl Transport,
    ) -> common_http::ClientBuilder<A> {
        let mut http = common_http::Client::builder(base.clone(), transport)
            .limits(Arc::clone(&self.limit_store))
            .limit_policy(self.limit_policy)
            .retry(self.retry)
            .timeout(self.timeout)
            .clock(Arc::clone(&self.clock));
        if let Some(limit) = self.body_limit {
            http = http.body_limit(limit);
        }
        if let Some(seed) = &self.seed {
            http = http.seed(seed.fetch_add(1, Ordering::Relaxed));
        }
        http
    }
}
