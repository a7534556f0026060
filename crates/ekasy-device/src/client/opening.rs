//! Opening what the repository sends.

use super::Client;
use crate::{
    command::web_api::EncryptedCommand,
    jose::{OpenError, Trust},
};

/// A command was not opened, so nothing of it was done. Nothing of its contents is told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenCommandError {
    /// Its identifier names another register.
    #[error("the command is for another register")]
    OtherRegister,
    /// The certificates of the repository are not known yet.
    #[error("the certificates of the repository are not known")]
    NoPins,
    /// It cannot be decrypted, or was signed by nobody who is trusted.
    #[error("the command cannot be opened")]
    Open(#[source] OpenError),
    /// What came out is no text.
    #[error("the command is no text")]
    NotText,
}

impl Client {
    /// Decrypts a command for this register and verifies its signature: its text, to be journalled
    /// and then read by [`Received::decode`](crate::command::Received::decode).
    ///
    /// The signature does not hold the identifier ([why, and what follows](crate::command::Received#what-is-not-authenticated)).
    ///
    /// # Errors
    ///
    /// [`OpenCommandError`].
    pub fn open_command(&self, command: &EncryptedCommand) -> Result<String, OpenCommandError> {
        if command.command_id.unique_number() != self.unique_number() {
            return Err(OpenCommandError::OtherRegister);
        }
        let pinned = self.with_lines(|lines| lines.pinned.clone());
        let pinned = pinned.ok_or(OpenCommandError::NoPins)?;
        let trust = Trust::pinned([pinned.signer.clone()]).or(self.0.trust.clone());
        let now = self.clock().now();
        let (text, decryptor) = (&command.encrypted_command, self.credentials().decrypts());
        let opened = self.0.profile.open(text, decryptor, &trust, now, &self.0.limits);
        let payload = opened.map_err(OpenCommandError::Open)?.into_payload();
        String::from_utf8(payload).map_err(|_| OpenCommandError::NotText)
    }
}
