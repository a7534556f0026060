//! A register at a stage of its life, every call it can make, and a wire that alters requests.

use std::{cell::Cell, fmt, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use common_core::store::BoxFuture;
use common_http::{Body, BodyStream, Transport, TransportError};
use ekasy_device::{
    Client, Error,
    code::{FirmwareVerdict, ReadOnlyReason},
    command::{
        cpd::{FiscalisationAnswer, Fiscalise},
        web_api::ConfirmCommand,
    },
    device::Device as _,
    ident::{CommandId, CommandKind, SerialNumber, TaxpayerId, TechnicianId, UniqueNumber},
};
use sandbox::crk::{Kind, Register};

use crate::till::{InProcess, TAXPAYER, Till, calm, credentials, environment, now};

/// How far a register has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The repository knows its number and nothing else.
    New,
    /// It has sent its certificates (CMD08).
    Sent,
    /// Its program was checked (CMD10).
    Checked,
    /// Its fiscalisation was begun (CMD09): ROZ.
    Started,
    /// It is fiscalised (CMD14): FIS.
    Fiscalised,
    /// It is read-only (CMD15): RDO.
    ReadOnly,
}

/// A register of a simulator of its own, at some stage.
pub(super) struct Scene {
    pub(super) till: Till,
    pub(super) client: Client,
    pub(super) stage: Stage,
    /// Identifiers given out, so that none comes twice.
    given: Cell<i64>,
}

impl Scene {
    pub(super) async fn of(kind: Kind, stage: Stage) -> Self {
        let till = Till::of(calm().await, kind);
        let client = till.client();
        let mut scene = Self { till, client, stage: Stage::New, given: Cell::new(0) };
        scene.advance(stage).await;
        scene
    }

    /// Goes on to a later stage.
    pub(super) async fn advance(&mut self, stage: Stage) {
        let steps = [
            (Stage::Sent, "cpd.send_certificates"),
            (Stage::Checked, "cpd.check_firmware"),
            (Stage::Started, "cpd.fiscalise"),
            (Stage::Fiscalised, "cpd.finish_fiscalisation"),
            (Stage::ReadOnly, "cpd.enter_read_only"),
        ];
        for (reached, endpoint) in steps {
            let is_due = self.stage < reached && reached <= stage;
            if is_due && (reached != Stage::Checked || self.till.register.kind == Kind::Software) {
                self.call(endpoint).await.unwrap();
            }
            self.stage = self.stage.max(reached.min(stage));
        }
    }

    /// A client of that number over the wire of that register.
    pub(super) fn client_of(&self, number: UniqueNumber, register: &Register) -> Client {
        let wires = InProcess::wires(&self.till.sandbox, register);
        let own = credentials(&self.till.register);
        let builder = Client::builder(number, environment(&self.till.sandbox), wires, own);
        builder.clock(self.till.clock.clone()).build().unwrap()
    }

    /// This register, whose requests are altered on their way.
    pub(super) fn altered(&self, alter: Alter) -> Client {
        let wires = InProcess::wires(&self.till.sandbox, &self.till.register);
        let wires = wires.map(|_, wire| Arc::new(Altered { wire, alter }));
        self.till.client_over(wires, environment(&self.till.sandbox))
    }

    /// A register of the other kind at the same repository.
    pub(super) fn other(&self) -> Register {
        let mut all = self.till.sandbox.crk().registers().into_iter();
        all.find(|register| register.kind != self.till.register.kind).unwrap()
    }

    pub(super) async fn call(&self, endpoint: &str) -> Result<(), Error> {
        self.call_as(&self.client, endpoint).await
    }

    /// The call that an endpoint's name stands for, with what this register has to say.
    pub(super) async fn call_as(&self, client: &Client, endpoint: &str) -> Result<(), Error> {
        let id = |kind| self.id_of(client.unique_number(), kind);
        match endpoint {
            "cpd.fetch_keys" => client.fetch_keys(id(CommandKind::RepositoryKeys)).await.map(drop),
            "cpd.send_certificates" => client.send_certificates(id(CommandKind::DeviceKeys)).await,
            "cpd.fiscalise" => {
                let answer = client.fiscalise(&self.wish(client).fiscalise()).await?;
                assert!(matches!(answer, FiscalisationAnswer::Granted(_)), "{answer:?}");
                Ok(())
            }
            "cpd.check_firmware" => {
                let program = self.till.device.firmware().unwrap();
                let answer = client.check_firmware(id(CommandKind::CheckFirmware), program).await?;
                assert_eq!(answer.verdict, FirmwareVerdict::Approved);
                Ok(())
            }
            "cpd.test" => client.test(id(CommandKind::TestCpd)).await,
            "cpd.fetch_state" => {
                client.fetch_state(id(CommandKind::RepositoryState)).await.map(drop)
            }
            "cpd.finish_fiscalisation" => {
                client.finish_fiscalisation(id(CommandKind::FiscalisationDone)).await
            }
            "cpd.enter_read_only" => {
                let (reason, last) = (ReadOnlyReason::MemoryFull, "1".parse().unwrap());
                client.enter_read_only(id(CommandKind::EndOfLife), reason, last).await
            }
            "cpd.fetch_shared_keys" => client.fetch_shared_keys().await.map(drop),
            "web_api.ping" => client.ping().await,
            "web_api.fetch_command" => client.fetch_command().await.map(drop),
            "web_api.confirm_command" => self.confirm_as(client).await,
            "web_api.fetch_token" => client.fetch_token().await.map(drop),
            "event_hub.publish" => {
                let token = self.client.fetch_token().await?;
                client.publish(&token, "{}".into()).await
            }
            other => panic!("{other} is no call"),
        }
    }

    /// Confirms a command that was queued and delivered just now.
    async fn confirm_as(&self, client: &Client) -> Result<(), Error> {
        let number = &self.till.register.unique_number;
        let crk = self.till.sandbox.crk();
        crk.queue_with_priority(number, sandbox::crk::Command::QrCode { threshold: 7 }, 9);
        let at = now(&self.till).into();
        // A register that the WebApi does not let in has nothing to confirm, and is told so.
        let id = match self.client.fetch_command().await {
            Ok(command) => command.unwrap().command_id,
            Err(_) => self.id(CommandKind::QrCode),
        };
        client.confirm(&ConfirmCommand::executed(id, at)).await
    }

    pub(super) fn id(&self, kind: CommandKind) -> CommandId {
        self.id_of(self.client.unique_number(), kind)
    }

    fn id_of(&self, number: &UniqueNumber, kind: CommandKind) -> CommandId {
        CommandId::new(kind, number, self.moment().into())
    }

    /// A moment that no identifier has had.
    fn moment(&self) -> DateTime<Utc> {
        self.given.set(self.given.get() + 1);
        now(&self.till) + TimeDelta::milliseconds(self.given.get())
    }

    /// What this register asks with CMD09.
    pub(super) fn wish(&self, client: &Client) -> Wish {
        let number = client.unique_number();
        let is_software = self.till.register.kind == Kind::Software;
        let serial = if is_software { number.as_str() } else { "WYMYSL-0001" };
        Wish {
            id: self.id_of(number, CommandKind::Fiscalise),
            serial: serial.to_owned(),
            evidence: None,
            taxpayer: TAXPAYER.to_owned(),
            technician: if is_software { "KW123" } else { "T-1" }.to_owned(),
        }
    }
}

/// The contents of CMD09.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) id: CommandId,
    pub(super) serial: String,
    pub(super) evidence: Option<String>,
    pub(super) taxpayer: String,
    pub(super) technician: String,
}

impl Wish {
    pub(super) fn fiscalise(&self) -> Fiscalise {
        let command = Fiscalise::new(
            self.id.clone(),
            SerialNumber::parse(&self.serial).unwrap(),
            TaxpayerId::parse(&self.taxpayer).unwrap(),
            TechnicianId::parse(&self.technician).unwrap(),
        );
        match &self.evidence {
            Some(number) => command.evidence_number(&number.parse().unwrap()),
            None => command,
        }
    }
}

/// What happens to a request on its way.
pub(super) type Alter = fn(http::Request<Body>) -> http::Request<Body>;

/// A wire that alters requests: a register that is made wrong, or a broken gateway.
struct Altered {
    wire: Arc<dyn Transport>,
    alter: Alter,
}

impl fmt::Debug for Altered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Altered")
    }
}

impl Transport for Altered {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        self.wire.send((self.alter)(request))
    }
}

/// Replaces a text in the address and in the body.
pub(super) fn replace(request: http::Request<Body>, from: &str, to: &str) -> http::Request<Body> {
    let address = request.uri().to_string().replace(from, to);
    let mut request = map_body(request, |text| text.replace(from, to));
    *request.uri_mut() = address.parse().unwrap();
    request
}

/// Changes the text of a body.
pub(super) fn map_body(
    request: http::Request<Body>,
    change: impl FnOnce(&str) -> String,
) -> http::Request<Body> {
    request.map(|body| match body {
        Body::Bytes(bytes) => Body::Bytes(change(std::str::from_utf8(&bytes).unwrap()).into()),
        Body::File(_) => panic!("this client sends no files"),
    })
}
