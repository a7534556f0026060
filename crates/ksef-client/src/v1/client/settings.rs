//! What the clients of one installation share, with and without a session.

use std::{sync::Arc, time::Duration};

use common_core::{
    clock::Clock,
    limit::{LimitStore, Windows},
    retry::RetryPolicy,
};
use common_http::{Authorise, BaseUrl, LimitPolicy, Transport};

use crate::v1::api::{KsefV1, LimitGroup};

pub(super) struct Settings {
    pub(super) base: BaseUrl,
    /// The host's own root, where the public key stands.
    pub(super) site: BaseUrl,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) limits: Vec<(LimitGroup, Windows)>,
    pub(super) limit_policy: LimitPolicy,
    pub(super) limit_store: Arc<dyn LimitStore>,
    pub(super) retry: RetryPolicy,
    pub(super) timeout: Duration,
    pub(super) body_limit: Option<u64>,
    pub(super) clock: Option<Arc<dyn Clock>>,
    pub(super) seed: Option<u64>,
}

impl Settings {
    /// A client of the operations, whose calls are counted for that account.
    pub(super) fn calls(
        &self,
        account: &str,
        authorise: impl Authorise + 'static,
    ) -> common_http::Client<KsefV1> {
        let http = self.builder(&self.base).authorise(authorise);
        let limited = self.limits.iter().fold(http, |http, (group, windows)| {
            http.limit(account, group.name(), windows.clone())
        });
        limited.build()
    }

    /// A client of what stands beside the operations.
    pub(super) fn site(&self) -> common_http::Client<KsefV1> {
        self.builder(&self.site).build()
    }

    fn builder(&self, base: &BaseUrl) -> common_http::ClientBuilder<KsefV1> {
        let mut http = common_http::Client::builder(base.clone(), Arc::clone(&self.transport))
            .limits(Arc::clone(&self.limit_store))
            .limit_policy(self.limit_policy)
            .retry(self.retry)
            .timeout(self.timeout);
        if let Some(limit) = self.body_limit {
            http = http.body_limit(limit);
        }
        if let Some(clock) = &self.clock {
            http = http.clock(Arc::clone(clock));
        }
        if let Some(seed) = self.seed {
            http = http.seed(seed);
        }
        http
    }
}
