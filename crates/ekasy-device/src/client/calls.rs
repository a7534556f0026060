//! The calls.

use bytes::Bytes;

use super::Client;
use crate::{
    Error, ErrorKind,
    code::ReadOnlyReason,
    command::{
        self, FieldError,
        cpd::{
            CheckFirmware, EnterReadOnly, FetchKeys, FetchSharedKeys, FetchState,
            FinishFiscalisation, FirmwareAnswer, FiscalisationAnswer, Fiscalise, RepositoryKeys,
            RepositoryState, SendCertificates, SharedKeys, Test,
        },
        event_hub::Publish,
        web_api::{ConfirmCommand, EncryptedCommand, FetchCommand, FetchToken, Ping, SasToken},
    },
    device::Firmware,
    ident::{CommandId, JpkId},
};

impl Client {
    /// CMD07: the certificates of the repository. It reads; make it again whenever it fails.
    ///
    /// They are to be journalled and then [used](Self::use_pins).
    pub async fn fetch_keys(&self, id: CommandId) -> Result<RepositoryKeys, Error> {
        let keys = self.keys_line()?.send(&FetchKeys::new(id.clone())).await?;
        answers(keys.command_id.as_ref(), &id, "cpd.fetch_keys").map(|()| keys)
    }

    /// CMD08: the register's certificates. May be made again.
    pub async fn send_certificates(&self, id: CommandId) -> Result<(), Error> {
        let name = "cpd.send_certificates";
        let missing = || Error::not_sent(name, ErrorKind::Local, "the signer has no certificate");
        let encryption = self.credentials().encryption().ok_or_else(missing)?;
        let der = |certificate: &crate::jose::Certificate| {
            command::Certificate::from_der(certificate.as_der())
        };
        let (tls, encryption) = (der(self.credentials().tls()), der(encryption));
        Ok(self.cpd()?.send(&SendCertificates::new(id, tls, encryption)).await?)
    }

    /// CMD10: whether a program may be used. May be made again.
    pub async fn check_firmware(
        &self,
        id: CommandId,
        firmware: Firmware,
    ) -> Result<FirmwareAnswer, Error> {
        let Firmware { version, checksum } = firmware;
        let answer = self.cpd()?.send(&CheckFirmware::new(id.clone(), version, checksum)).await?;
        answers(answer.command_id.as_ref(), &id, "cpd.check_firmware").map(|()| answer)
    }

    /// CMD09: the request to be fiscalised. **Not to be made again** unless on purpose: see
    /// [`fiscalisation`](crate::fiscalisation), which looks after that.
    ///
    /// An answer that repeats the identifier of another register is
    /// [unclear](FiscalisationAnswer::Unclear), with its whole text.
    pub async fn fiscalise(&self, command: &Fiscalise) -> Result<FiscalisationAnswer, Error> {
        let answer = self.cpd()?.send(command).await?;
        Ok(match answer {
            FiscalisationAnswer::Granted(granted) if !self.is_own(granted.command_id.as_ref()) => {
                let reason = FieldError::new("commandId", "names another register");
                let body = granted.body;
                FiscalisationAnswer::Unclear(command::cpd::UnclearAnswer { reason, body })
            }
            answer => answer,
        })
    }

    /// CMD14: the fiscalisation was carried out. May be made again.
    pub async fn finish_fiscalisation(&self, id: CommandId) -> Result<(), Error> {
        Ok(self.cpd()?.send(&FinishFiscalisation::new(id)).await?)
    }

    /// CMD11: whether the CPD server answers. It reads.
    pub async fn test(&self, id: CommandId) -> Result<(), Error> {
        Ok(self.cpd()?.send(&Test::new(id)).await?)
    }

    /// CMD12: what the repository knows of the register. It reads.
    pub async fn fetch_state(&self, id: CommandId) -> Result<RepositoryState, Error> {
        let state = self.cpd()?.send(&FetchState::new(id.clone())).await?;
        answers(state.command_id.as_ref(), &id, "cpd.fetch_state").map(|()| state)
    }

    /// CMD15: the register has become read-only. May be made again.
    pub async fn enter_read_only(
        &self,
        id: CommandId,
        reason: ReadOnlyReason,
        last: JpkId,
    ) -> Result<(), Error> {
        Ok(self.cpd()?.send(&EnterReadOnly::new(id, reason, last)).await?)
    }

    /// CMD16: the keys of the verification codes, for a register in software. It reads.
    pub async fn fetch_shared_keys(&self) -> Result<SharedKeys, Error> {
        let keys = self.cpd()?.send(&FetchSharedKeys).await?;
        if keys.unique_number() == self.unique_number() {
            Ok(keys)
        } else {
            Err(Error::other_answer("cpd.fetch_shared_keys"))
        }
    }

    /// Whether the WebApi answers this register. It reads.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.web_api("web_api.ping")?.send(&Ping).await?)
    }

    /// The next command of the repository; `None` when there is none. It reads: the same command
    /// comes until it is confirmed.
    pub async fn fetch_command(&self) -> Result<Option<EncryptedCommand>, Error> {
        Ok(self.web_api("web_api.fetch_command")?.send(&FetchCommand).await?)
    }

    /// Says what became of a command. May be made again, with the same contents.
    pub async fn confirm(&self, confirmation: &ConfirmCommand) -> Result<(), Error> {
        Ok(self.web_api("web_api.confirm_command")?.send(confirmation).await?)
    }

    /// A token for the Event Hub, and its address. It reads; a token more does no harm.
    pub async fn fetch_token(&self) -> Result<SasToken, Error> {
        Ok(self.web_api("web_api.fetch_token")?.send(&FetchToken).await?)
    }

    /// Sends one package: the bytes that were journalled, however often.
    pub async fn publish(&self, token: &SasToken, body: Bytes) -> Result<(), Error> {
        let publish = Publish::new(token, body).content_type(self.0.content_type);
        Ok(self.event_hub(token.url_to_send())?.send(&publish).await?)
    }

    fn is_own(&self, answered: Option<&CommandId>) -> bool {
        answered.is_none_or(|id| id.unique_number() == self.unique_number())
    }
}

/// Whether an answer belongs to the command, as far as it says.
fn answers(
    answered: Option<&CommandId>,
    asked: &CommandId,
    endpoint: &'static str,
) -> Result<(), Error> {
    if answered.is_none_or(|id| id == asked) { Ok(()) } else { Err(Error::other_answer(endpoint)) }
}
