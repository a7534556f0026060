//! What stands in a record of its own: pins, secrets, the cursor, the moment of the last command id.

use std::{borrow::Cow, time::Duration};

use chrono::{DateTime, Utc};
use common_core::{
    secret::{ExposeSecret, SecretBytes, secret_bytes},
    store::{Change, Expect, Lease, Records, Swap},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    Journal, JournalError,
    session::{Session, State},
};
use crate::{
    command::{Certificate, cpd::RepositoryKeys, web_api::SasToken},
    ident::{CommandId, CommandIds, CommandKind, IdentError, JpkId, Moment},
};

/// The record of the cursor.
const CURSOR: &str = "cursor";

/// The record of the last command id's moment.
const LAST_ID: &str = "last-command-id";

/// The record of the pinned certificates.
const PINS: &str = "pins";

/// The secret that is the token.
const TOKEN: &str = "sas-token";

/// The certificates of the repository that are pinned, as CMD07 gave them (source document,
/// section 2.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pins {
    /// Certificate of the WebApi's connections.
    pub web_api: Certificate,
    /// Certificate of the CPD server's connections.
    pub cpd: Certificate,
    /// Certificate under which documents are encrypted.
    pub encryption: Certificate,
    /// The authorities of the event hub's connections.
    pub event_hub: Vec<Certificate>,
}

impl From<RepositoryKeys> for Pins {
    fn from(keys: RepositoryKeys) -> Self {
        let RepositoryKeys { web_api, cpd, encryption, event_hub, .. } = keys;
        Self { web_api, cpd, encryption, event_hub }
    }
}

/// Pins as they stand in the record: base64 of DER.
#[derive(Serialize, Deserialize)]
struct PinsRecord {
    web_api: String,
    cpd: String,
    encryption: String,
    event_hub: Vec<String>,
}

impl From<&Pins> for PinsRecord {
    fn from(pins: &Pins) -> Self {
        Self {
            web_api: pins.web_api.to_base64(),
            cpd: pins.cpd.to_base64(),
            encryption: pins.encryption.to_base64(),
            event_hub: pins.event_hub.iter().map(Certificate::to_base64).collect(),
        }
    }
}

impl TryFrom<PinsRecord> for Pins {
    type Error = IdentError;

    fn try_from(record: PinsRecord) -> Result<Self, IdentError> {
        let authorities = record.event_hub.iter().map(|text| Certificate::from_base64(text));
        Ok(Self {
            web_api: Certificate::from_base64(&record.web_api)?,
            cpd: Certificate::from_base64(&record.cpd)?,
            encryption: Certificate::from_base64(&record.encryption)?,
            event_hub: authorities.collect::<Result<_, _>>()?,
        })
    }
}

/// A token of the event hub, and when it ends.
#[derive(Clone, Debug)]
pub struct StoredToken {
    /// The token, with the address that it is for.
    pub token: SasToken,
    /// When it ends ([`SasToken::expires_at`]).
    pub expires_at: DateTime<Utc>,
}

/// A token as it stands in its sealed record.
#[derive(Serialize, Deserialize)]
struct TokenRecord<'a> {
    url: Cow<'a, str>,
    value: Cow<'a, str>,
    valid_for: u64,
    expires_at: DateTime<Utc>,
}

impl Journal {
    /// The pinned certificates; `None` before the first CMD07.
    pub async fn pins(&self) -> Result<Option<Pins>, JournalError> {
        let record: Option<PinsRecord> = self.session.fetch(PINS).await?;
        let read = |record: PinsRecord| Pins::try_from(record).map_err(|_| unreadable());
        record.map(read).transpose()
    }

    /// Puts other pins in the place of the old ones. Cut off, the old ones or the new ones stand.
    pub async fn set_pins(&self, pins: &Pins) -> Result<(), JournalError> {
        let mut state = self.session.lock().await?;
        let value = json!(PinsRecord::from(pins)).to_string().into_bytes();
        let name = self.session.names.record(PINS);
        self.session.put(&mut state, &name, value).await
    }

    /// The token of the event hub, whether it has ended or not.
    pub async fn token(&self) -> Result<Option<StoredToken>, JournalError> {
        let Some(secret) = self.secret(TOKEN).await? else { return Ok(None) };
        let record: TokenRecord<'_> =
            serde_json::from_slice(secret.expose_secret()).map_err(|_| unreadable())?;
        let TokenRecord { url, value, valid_for, expires_at } = record;
        let valid_for = Duration::from_secs(valid_for);
        let token = SasToken::new(url.into_owned(), value.into_owned().into(), valid_for);
        Ok(Some(StoredToken { token, expires_at }))
    }

    /// Keeps a token, sealed. Cut off, the old one or the new one stands, or none.
    pub async fn set_token(&self, stored: &StoredToken) -> Result<(), JournalError> {
        let record = TokenRecord {
            url: Cow::Borrowed(stored.token.url_to_send()),
            value: Cow::Borrowed(stored.token.value().expose_secret()),
            valid_for: stored.token.valid_for().as_secs(),
            expires_at: stored.expires_at,
        };
        let plain = serde_json::to_vec(&record).map_err(|_| unreadable())?;
        self.set_secret(TOKEN, &secret_bytes(plain)).await
    }

    /// A secret that was kept under that name.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](super::JournalErrorKind::Corrupt) when none of the keys opens it.
    pub async fn secret(&self, name: &str) -> Result<Option<SecretBytes>, JournalError> {
        drop(self.session.lock().await?);
        let record = self.session.secrets.get(&self.session.names.secret(name)).await?;
        Ok(record.map(|record| secret_bytes(record.value)))
    }

    /// Keeps a secret, such as the shared keys of CMD16, sealed under a name of up to 100
    /// characters. Cut off, the old one or the new one stands.
    pub async fn set_secret(&self, name: &str, secret: &SecretBytes) -> Result<(), JournalError> {
        if name.len() > 100 {
            return Err(JournalError::refused("the name of a secret is too long"));
        }
        let mut state = self.session.lock().await?;
        let name = self.session.names.secret(name);
        self.session.seal(&mut state, &name, secret).await
    }

    /// An id for a command of that kind that was never given out before, by this process or an
    /// earlier one, whatever the clock does ([`CommandIds`]).
    ///
    /// Durable when it returns. Cut off, the id may be used up; none is given twice.
    pub async fn next_command_id(
        &self,
        kind: CommandKind,
        now: DateTime<Utc>,
    ) -> Result<CommandId, JournalError> {
        self.change_ids(|ids| ids.next(kind, now)).await
    }

    /// Goes on with command ids from `now`, after a clock that was ahead has taken some: otherwise
    /// they would lie ahead for as long as that clock was, and CMD09 be refused
    /// ([`CommandIds::set_back`]). None that this journal gave out is given again, if it has given
    /// them out by the rule of the last digit from its beginning.
    ///
    /// For a person who has put the clock right, and not to be called otherwise. Durable when it
    /// returns. Cut off, the old moment or the new one stands.
    ///
    /// # Errors
    ///
    /// [`Refused`](super::JournalErrorKind::Refused) at the tenth time in the register's life.
    pub async fn set_back_command_ids(&self, now: DateTime<Utc>) -> Result<(), JournalError> {
        self.change_ids(|ids| ids.set_back(now)).await
    }

    async fn change_ids<T>(
        &self,
        change: impl FnOnce(&mut CommandIds) -> Result<T, IdentError>,
    ) -> Result<T, JournalError> {
        let mut state = self.session.lock().await?;
        let mut ids = state.ids.clone();
        let done = change(&mut ids).map_err(|error| JournalError::refused(error.to_string()))?;
        let value = json!(ids.last()).to_string().into_bytes();
        let name = self.session.names.record(LAST_ID);
        self.session.put(&mut state, &name, value).await?;
        state.ids = ids;
        Ok(done)
    }
}

impl Session {
    /// Puts a value into a record. The lease's fence makes sure that nobody else writes there.
    pub(super) async fn put(
        &self,
        state: &mut State,
        name: &str,
        value: Vec<u8>,
    ) -> Result<(), JournalError> {
        self.swap(state, name, Expect::Anything, value).await.map(drop)
    }

    /// Puts a value into a record that is as it is expected.
    pub(super) async fn swap(
        &self,
        state: &mut State,
        name: &str,
        expect: Expect,
        value: Vec<u8>,
    ) -> Result<Swap, JournalError> {
        let put = &Change::Put { value, expires_at: None };
        let swap = |lease: Lease| async move {
            self.engine.swap(name, expect, put.clone(), Some(&lease)).await
        };
        self.write(state, swap).await
    }

    /// Puts a sealed value into a record.
    pub(super) async fn seal(
        &self,
        state: &mut State,
        name: &str,
        secret: &SecretBytes,
    ) -> Result<(), JournalError> {
        let swap = |lease: Lease| async move {
            // Sealing encrypts this copy where it lies.
            let put = Change::Put { value: secret.expose_secret().to_vec(), expires_at: None };
            self.secrets.swap(name, Expect::Anything, put, Some(&lease)).await
        };
        self.write(state, swap).await.map(drop)
    }

    /// Reads a record of JSON.
    pub(super) async fn fetch<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>, JournalError> {
        let record = self.engine.get(&self.names.record(name)).await?;
        let read = |value: &[u8]| serde_json::from_slice(value).map_err(|_| unreadable());
        record.map(|record| read(&record.value)).transpose()
    }

    pub(super) async fn cursor(&self) -> Result<Option<JpkId>, JournalError> {
        Ok(self.fetch::<Option<JpkId>>(CURSOR).await?.flatten())
    }

    pub(super) async fn put_cursor(
        &self,
        state: &mut State,
        cursor: Option<JpkId>,
    ) -> Result<(), JournalError> {
        let value = json!(cursor).to_string().into_bytes();
        self.put(state, &self.names.record(CURSOR), value).await
    }

    pub(super) async fn load_ids(&self) -> Result<CommandIds, JournalError> {
        let last: Option<Option<Moment>> = self.fetch(LAST_ID).await?;
        Ok(CommandIds::resume(self.number().clone(), last.flatten()))
    }
}

pub(super) fn unreadable() -> JournalError {
    JournalError::corrupt("a record of the journal has another form")
}
