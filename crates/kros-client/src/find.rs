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

/// The largest page.
const PAGE: u32 = crate::list_request::MAX_TOP;

impl Client {
    /// The invoices with these external ids among those that changed since `since`.
    ///
    /// Pages are read by position, and a document that changes meanwhile can move another one past
    /// the reader. So when something is missing after more than one page, all of them are read once
    /// more.
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
        let list = invoices::List::new().last_modified_timestamp(since).top(PAGE);
        let mut found = BTreeMap::new();
        let read = self.collect_named(list.clone(), &wanted, &mut found).await?;
        if found.len() < wanted.len() && read >= PAGE {
            self.collect_named(list, &wanted, &mut found).await?;
        }
        Ok(found)
    }

    /// Adds the invoices of a list that have one of these external ids; how many it has read.
    async fn collect_named(
        &self,
        list: invoices::List,
        wanted: &BTreeSet<ExternalId>,
        found: &mut BTreeMap<ExternalId, Vec<InvoiceId>>,
    ) -> Result<u32, Error> {
        let mut read = 0;
        let mut invoices = std::pin::pin!(self.items(list));
        while let Some(invoice) = invoices.try_next().await? {
            read += 1;
            let id = invoice.document.external_id.as_deref().and_then(|id| id.parse().ok());
            if let Some(id) = id.filter(|id| wanted.contains(id)) {
                let known = found.entry(id).or_default();
                // A document that moved across a page's edge meanwhile is listed twice.
                if !known.contains(&invoice.id) {
                    known.push(invoice.id);
                }
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use common_http::scripted::{Scripted, Step};
    use serde_json::{Value, json};

    use super::*;
    use crate::{Environment, Limits};

    fn page(rows: impl IntoIterator<Item = (i64, &'static str)>) -> Step {
        let rows = rows.into_iter().map(|(id, name)| json!({"id": id, "externalId": name}));
        Step::answer(200, json!({"data": rows.collect::<Vec<Value>>()}).to_string())
    }

    fn client(script: &Scripted) -> Client {
        Client::builder(Environment::at("https://kros.example.test/api").unwrap())
            .token("token".into())
            .transport(script.clone())
            .limits(Limits::custom(common_core::limit::Windows::unlimited()))
            .build()
            .unwrap()
    }

    #[tokio::test]
    async fn a_document_that_moved_past_the_reader_is_found_at_the_second_reading() {
        let others = |from: i64| (from..from + 100).map(|id| (id, "other"));
        let moved = others(2).take(99).chain([(200, "order-1")]);
        let script = Scripted::new([page(others(1)), page([]), page(moved), page([])]);
        let wanted: ExternalId = "order-1".parse().unwrap();
        let since = Timestamp::from("2026-01-31T08:00:00");
        let found = client(&script).find_invoices([wanted.clone()], since).await.unwrap();
        assert_eq!(found[&wanted], [InvoiceId(200)]);
        assert_eq!(script.remaining(), 0);
    }

    #[tokio::test]
    async fn an_answer_that_is_no_list_does_not_say_that_a_document_is_missing() {
        let script = Scripted::new([Step::answer(200, r#"{"message":"later"}"#)]);
        let wanted: ExternalId = "order-1".parse().unwrap();
        let since = Timestamp::from("2026-01-31T08:00:00");
        let error = client(&script).find_invoices([wanted], since).await.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Unreadable);
    }

    #[tokio::test]
    async fn one_page_cannot_hide_anything_and_is_read_once() {
        let script = Scripted::new([page((1..=99).map(|id| (id, "other")))]);
        let wanted: ExternalId = "order-1".parse().unwrap();
        let since = Timestamp::from("2026-01-31T08:00:00");
        assert!(client(&script).find_invoices([wanted], since).await.unwrap().is_empty());
        assert_eq!(script.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_document_that_moved_to_the_next_page_is_found_once() {
        let first = (1..=99).map(|id| (id, "other")).chain([(100, "order-1")]);
        let second = [(100, "order-1"), (101, "order-2"), (102, "order-1"), (103, "")];
        let script = Scripted::new([page(first), page(second)]);
        let wanted: ExternalId = "order-1".parse().unwrap();
        let since = Timestamp::from("2026-01-31T08:00:00");
        let found = client(&script).find_invoices([wanted.clone()], since).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[&wanted], [InvoiceId(100), InvoiceId(102)]);
        let asked: Vec<_> =
            script.requests().iter().map(|one| one.uri().query().unwrap().to_owned()).collect();
        let first = "LastModifiedTimestamp=2026-01-31T08%3A00%3A00&Top=100";
        assert_eq!(asked, [first.to_owned(), format!("{first}&Skip=100")]);
    }
}
