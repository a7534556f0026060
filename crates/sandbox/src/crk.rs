//! A double of the Polish Central Repository of Cash Registers (Centralne Repozytorium Kas;
//! source document "Specyfikacja komend" 2.0.4, CRK facts).
//!
//! [`Crk`] is the test's side of it: registers with keys and certificates, commands to queue, the
//! archive of what arrived.
//! It answers at three addresses, as the repository does: the CPD server and the WebApi with
//! mutual TLS, the Event Hub with the server's certificate only.

mod archive;
mod certificate;
mod codes;
mod command;
pub(crate) mod control;
mod cpd;
mod delivery;
mod files;
mod gate;
mod hub;
mod ident;
mod jose;
mod keys;
mod knobs;
mod parcel;
mod pki;
mod profile;
mod register;
mod request;
mod routes;
mod sas;
mod seed;
mod store;
mod webapi;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use ring::hmac;
use ring::rand::{self, SystemRandom};
use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::ServerConfig;

pub use archive::{Archive, Document, Keep};
pub use command::{Command, Confirmation, Queued, Spelling, Timetable};
pub use profile::{
    Compression, Content, Cut, Form, KeyId, KeyWrap, Outer, Plaintext, Profile, Signature, Signer,
};
pub use register::{Credential, IssueError, Kind, NewRegister, Register, State};
pub use routes::{Channel, routes};
pub use store::Statistics;

use crate::fault::Script;
use crate::front::{Context, Entrance, Incoming, Mood};
use crate::record::{Exchange, System, Unexpected};
use crate::tls::{self, Ask};
use delivery::Delivery;
use gate::Gate;
use pki::{Pki, Purpose, Subject};
use request::Request;
use sas::Sas;
use store::Store;

/// Numbers of RSA keys below this one are the repository's.
const FIRST_REGISTER_KEY: usize = 1;

/// The handle of the CRK double; clones share one state.
#[derive(Clone)]
pub struct Crk(Arc<Inner>);

struct Inner {
    context: Arc<Context>,
    script: Script,
    store: Mutex<Store>,
    sas: Mutex<Sas>,
    /// Makes the keys of CMD16.
    shared_secret: hmac::Key,
    pki: Pki,
    addresses: Addresses,
    pending: Mutex<VecDeque<Delivery>>,
}

/// Where the three channels are, without a slash at the end.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) cpd: String,
    pub(crate) webapi: String,
    pub(crate) hub: String,
}

/// What a certificate is for that [`Crk::sign`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Mutual TLS.
    Tls,
    /// Encryption and signature of commands and documents.
    Encryption,
}

/// What the repository holds about a register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Standing {
    /// Where fiscalisation is; `None` before CMD09.
    pub state: Option<State>,
    /// The evidence number of CMD09.
    pub evidence_number: Option<String>,
    /// The NIP of CMD09.
    pub taxpayer: Option<String>,
    /// The serial number of CMD09.
    pub serial_number: Option<String>,
    /// How many TLS certificates came with CMD08.
    pub certificates: usize,
}

/// Keys and tokens are part of the state, so nothing of it is shown.
impl fmt::Debug for Crk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crk").field("addresses", &self.0.addresses).finish_non_exhaustive()
    }
}

/// The settings of the three TLS servers.
pub(crate) struct Tls {
    pub(crate) cpd: Arc<ServerConfig>,
    pub(crate) webapi: Arc<ServerConfig>,
    pub(crate) hub: Arc<ServerConfig>,
}

impl Crk {
    pub(crate) fn new(context: Arc<Context>, addresses: Addresses) -> io::Result<Self> {
        let pki = Pki::new().map_err(io::Error::other)?;
        let sas = Mutex::new(Sas::new(&secret()?));
        Ok(Self(Arc::new(Inner {
            store: Mutex::new(seed::store()),
            script: Script::default(),
            sas,
            shared_secret: hmac::Key::new(hmac::HMAC_SHA256, &secret()?),
            pki,
            addresses,
            pending: Mutex::default(),
            context,
        })))
    }

    /// What the three servers show and ask for.
    ///
    /// The CPD server refuses strangers in the handshake; the WebApi answers them 403, so it has
    /// to let them in; the Event Hub asks only to find out who offers what it must not.
    pub(crate) fn tls(&self) -> io::Result<Tls> {
        let pki = self.pki();
        Ok(Tls {
            cpd: tls::config(pki.cpd(), Ask::Trusted(vec![pki.producer().clone()]))?,
            webapi: tls::config(pki.webapi(), Ask::Anything)?,
            hub: tls::config(pki.hub(), Ask::Anything)?,
        })
    }

    /// The address of the CPD server, without a path.
    pub fn cpd_url(&self) -> &str {
        &self.0.addresses.cpd
    }

    /// The address of the WebApi, without a path.
    pub fn webapi_url(&self) -> &str {
        &self.0.addresses.webapi
    }

    /// The address of the Event Hub; a register learns the whole URL with its token.
    pub fn hub_url(&self) -> &str {
        &self.0.addresses.hub
    }

    /// The root that the servers of the repository chain to, in PEM form.
    ///
    /// The Event Hub has another root, which CMD07 tells.
    pub fn ca_pem(&self) -> String {
        register::pem("CERTIFICATE", &self.0.pki.root)
    }

    /// The same root in DER form.
    pub fn ca_der(&self) -> &[u8] {
        &self.0.pki.root
    }

    /// The CPD server as a service in this process; the certificate of the caller is an extension
    /// of the request, a [`ClientCertificate`](crate::ClientCertificate).
    pub fn cpd_service(&self) -> Entrance {
        Entrance::in_process(Arc::new(self.gate(Channel::Cpd)))
    }

    /// The WebApi as a service in this process, with certificates as [`Crk::cpd_service`] has it.
    pub fn webapi_service(&self) -> Entrance {
        Entrance::in_process(Arc::new(self.gate(Channel::WebApi)))
    }

    /// The Event Hub as a service in this process.
    pub fn hub_service(&self) -> Entrance {
        Entrance::in_process(Arc::new(self.gate(Channel::EventHub)))
    }

    pub(crate) fn socket_service(&self, channel: Channel) -> Entrance {
        Entrance::behind_socket(Arc::new(self.gate(channel)))
    }

    fn gate(&self, channel: Channel) -> Gate {
        Gate { crk: self.clone(), channel }
    }

    /// The scripted faults of all three channels; a rule may name the command, such as `MFP`.
    pub fn faults(&self) -> &Script {
        &self.0.script
    }

    /// All registers whose keys were made here; the first three exist from the start, hardware,
    /// software, hardware.
    ///
    /// The first call in a process makes RSA keys and takes a second or so.
    pub fn registers(&self) -> Vec<Register> {
        while let Some(new) = self.with_store(|store| store.unmade.pop_front()) {
            if let Err(error) = self.issue(&new) {
                tracing::error!(%error, "a register could not be made");
            }
        }
        self.with_store(|store| {
            store.registers.values().filter_map(|record| record.credentials.clone()).collect()
        })
    }

    /// The register with this unique number, if its keys were made here.
    pub fn register(&self, unique_number: &str) -> Option<Register> {
        self.registers().into_iter().find(|register| register.unique_number == unique_number)
    }

    /// Makes keys and certificates and adds the unique number to the pool; for a number that is
    /// known it makes new ones, as before a renewal.
    ///
    /// # Errors
    ///
    /// [`IssueError`] for a number or NIP that is none.
    pub fn issue(&self, new: &NewRegister) -> Result<Register, IssueError> {
        new.check()?;
        let number = self.with_store(|store| {
            store.made += 1;
            FIRST_REGISTER_KEY + store.made - 1
        });
        let register = Register::make(&self.0.pki, new, number)?;
        self.with_store(|store| {
            let record = store.admit(&new.unique_number, &new.nip, new.kind);
            record.credentials = Some(register.clone());
        });
        Ok(register)
    }

    /// Signs a PKCS#10 request in PEM with the producer's authority and adds the unique number in
    /// its common name to the pool; the certificate comes back in PEM.
    ///
    /// Keys are RSA or P-256, signed with SHA-256.
    ///
    /// # Errors
    ///
    /// [`IssueError`] for a request that is none, or whose common name is no unique number.
    pub fn sign(
        &self,
        request_pem: &str,
        purpose: Use,
        nip: &str,
        kind: Kind,
    ) -> Result<String, IssueError> {
        let request = Request::read(request_pem).ok_or(IssueError::Request)?;
        NewRegister::new(&request.common_name, nip, kind).check()?;
        let subject = Subject {
            unique_number: &request.common_name,
            nip: (kind == Kind::Software).then_some(nip),
            until: None,
        };
        let purpose = match purpose {
            Use::Tls => Purpose::Tls,
            Use::Encryption => Purpose::Encryption,
        };
        let certificate = self.0.pki.issue(&subject, purpose, &request.key);
        let certificate = certificate.map_err(|_| IssueError::Certificate)?;
        self.with_store(|store| {
            store.admit(&request.common_name, nip, kind);
        });
        Ok(register::pem("CERTIFICATE", &certificate))
    }

    /// What the repository holds about a register; `None` for a number outside the pool.
    pub fn standing(&self, unique_number: &str) -> Option<Standing> {
        self.with_store(|store| {
            let record = store.registers.get(unique_number)?;
            Some(Standing {
                state: record.state,
                evidence_number: record.evidence_number.clone(),
                taxpayer: record.taxpayer.clone(),
                serial_number: record.serial_number.clone(),
                certificates: record.tls.len(),
            })
        })
    }

    /// Where fiscalisation of a register is.
    pub fn state(&self, unique_number: &str) -> Option<State> {
        self.standing(unique_number)?.state
    }

    /// Queues a command with priority 0 and gives its identifier; `None` for a number outside the
    /// pool.
    pub fn queue(&self, unique_number: &str, command: Command) -> Option<String> {
        self.queue_with_priority(unique_number, command, 0)
    }

    /// Queues a command; the higher priority is delivered first.
    pub fn queue_with_priority(
        &self,
        unique_number: &str,
        command: Command,
        priority: u8,
    ) -> Option<String> {
        let now = self.now();
        self.with_store(|store| {
            let record = store.registers.get_mut(unique_number)?;
            if let Command::Documents { from, to, .. } = command {
                record.ledger.ask(from, to);
            }
            Some(record.queue(unique_number, command, priority, now))
        })
    }

    /// The commands of a register with their confirmations, in the order of queueing; of very
    /// many only the latest.
    pub fn commands(&self, unique_number: &str) -> Vec<Queued> {
        self.with_store(|store| {
            store
                .registers
                .get(unique_number)
                .map(|record| record.queue.clone())
                .unwrap_or_default()
        })
    }

    /// What arrived from a register, analysed; empty for a number outside the pool.
    pub fn archive(&self, unique_number: &str) -> Archive {
        self.with_store(|store| {
            let record = store.registers.get(unique_number);
            record.map(|record| record.ledger.view(record.parcels.waiting())).unwrap_or_default()
        })
    }

    /// What was counted so far.
    pub fn statistics(&self) -> Statistics {
        self.with_store(|store| store.statistics.clone())
    }

    /// Every request to the three channels so far.
    pub fn requests(&self) -> Vec<Exchange> {
        self.context().journal.exchanges_with(System::Crk)
    }

    /// What no correct register sends; a test ends by asserting that it is empty.
    pub fn unexpected(&self) -> Vec<Unexpected> {
        self.context().journal.unexpected_at(System::Crk)
    }

    /// Returns when every package that the Event Hub took has been processed.
    pub async fn settle(&self) {
        self.context().tasks.idle().await;
    }

    fn context(&self) -> &Context {
        &self.0.context
    }

    fn now(&self) -> DateTime<Utc> {
        self.context().clock.now()
    }

    fn pki(&self) -> &Pki {
        &self.0.pki
    }

    fn shared_secret(&self) -> &hmac::Key {
        &self.0.shared_secret
    }

    /// Works on the state; no await point may lie inside.
    fn with_store<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        act(&mut self.0.store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_sas<T>(&self, act: impl FnOnce(&Sas) -> T) -> T {
        act(&self.0.sas.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a command that the CPD server took up.
    fn count(&self, command: &str) {
        self.with_store(|store| *store.statistics.cpd.entry(command.to_owned()).or_default() += 1);
    }

    /// Notes what no correct register sends.
    fn note(&self, incoming: &Incoming, what: impl Into<String>) {
        self.context().journal.unexpected(incoming.unexpected(System::Crk, what));
    }

    /// Notes what is wrong inside a package.
    fn violate(&self, unique_number: &str, what: String) {
        let path = format!("{}{unique_number}/messages", routes::PUBLISHERS);
        let entry =
            Unexpected { system: System::Crk, what: what.clone(), method: "POST".to_owned(), path };
        self.context().journal.unexpected(entry);
        self.with_store(|store| {
            store.statistics.violations += 1;
            if let Some(record) = store.registers.get_mut(unique_number) {
                record.ledger.violate(what);
            }
        });
    }

    /// The name of the shipment type; a hostile double that nobody told otherwise has both.
    fn spelled(&self, spelling: Spelling, table: &'static str) -> &'static str {
        let context = self.context();
        let other = context.mood == Mood::Hostile
            && spelling == Spelling::Table
            && context.chance.hits(500);
        match (other, table) {
            (false, _) => spelling.name(table),
            (true, "shipmentType") => "shippmentType",
            (true, _) => "shipmentType",
        }
    }
}

/// Chance of its own, so that the draws of the other systems stay as their seed makes them.
fn secret() -> io::Result<[u8; 32]> {
    let drawn = rand::generate(&SystemRandom::new());
    Ok(drawn.map_err(|_| io::Error::other("the system has no randomness"))?.expose())
}
