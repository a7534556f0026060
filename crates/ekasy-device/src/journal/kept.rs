//! Small records that belong to those who drive the register: when something is due next, and what
//! was begun.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{Journal, JournalError};
use crate::ident::JpkId;

impl Journal {
    /// The number that the next document gets; `None` when all are used up.
    pub(crate) async fn next_number(&self) -> Result<Option<JpkId>, JournalError> {
        let state = self.session.lock().await?;
        Ok(state.next(self.session.first))
    }

    /// A value that was kept under that name.
    pub(crate) async fn kept<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>, JournalError> {
        drop(self.session.lock().await?);
        self.session.fetch(name).await
    }

    /// Keeps a value under that name. Cut off, the old one or the new one stands.
    pub(crate) async fn keep(
        &self,
        name: &str,
        value: &(impl Serialize + Sync),
    ) -> Result<(), JournalError> {
        let mut state = self.session.lock().await?;
        let value = json!(value).to_string().into_bytes();
        let name = self.session.names.record(name);
        self.session.put(&mut state, &name, value).await
    }
}
