//! Finding out what became of a document whose answer was lost.
//!
//! Invoices cannot be listed by external id, so everything that changed since is read and compared
//! (KROS facts §5).

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;

use crate::{
    client::Client,
    error::Error,
    invoices,
    model::{ExternalId, InvoiceId, Timestamp},
};

impl Client {
    /// The invoices with these external ids among those that changed since `since`.
    ///
    /// The service creates documents some time after it has accepted them: an id that is missing
    /// from the answer may still appear. Nothing tells when processing is over but the
    /// notification, so wait generously (minutes) before taking a missing id as not accepted. More
    /// than one invoice under an id means that it was sent twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use kros_client::{Client, Environment, model::{ExternalId, Timestamp}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sandbox = sandbox::Sandbox::builder().calm().start().await?;
    /// # let (address, token) = (sandbox.kros().base_url(), sandbox.kros().token("0").ok_or("no token")?);
    /// # let client = Client::builder(Environment::at(address)?).token(token.into()).build()?;
    /// let order: ExternalId = "order-101".parse()?;
    /// let since = Timestamp::from("2026-01-31T00:00:00");
    /// let found = client.find_invoices([order.clone()], since).await?;
    /// assert!(!found.contains_key(&order));
    /// # Ok(()) }
    /// ```
    pub async fn find_invoices(
        &self,
        external_ids: impl IntoIterator<Item = ExternalId>,
        since: Timestamp,
    ) -> Result<BTreeMap<ExternalId, Vec<InvoiceId>>, Error> {
        let wanted: BTreeSet<ExternalId> = external_ids.into_iter().collect();
        let list = invoices::List::new().last_modified_timestamp(since).top(100);
        let mut invoices = std::pin::pin!(self.items(list));
        let mut found: BTreeMap<ExternalId, Vec<InvoiceId>> = BTreeMap::new();
        while let Some(invoice) = invoices.try_next().await? {
            let id = invoice.document.external_id.as_deref().and_then(|id| id.parse().ok());
            if let Some(id) = id.filter(|id| wanted.contains(id)) {
                let known = found.entry(id).or_default();
                // A document that moved across a page's edge meanwhile is listed twice.
                if !known.contains(&invoice.id) {
                    known.push(invoice.id);
                }
            }
        }
        Ok(found)
    }
}
