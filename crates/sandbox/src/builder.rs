//! Starting and stopping a sandbox.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::chance::Chance;
use crate::control;
use crate::crk::{Addresses, Channel, Crk};
use crate::epp::Epp;
use crate::front::{Context, Entrance, Mood};
use crate::kros::Kros;
use crate::ksef_v1::KsefV1;
use crate::ksef_v2::KsefV2;
use crate::record::{Exchange, Journal, System, Unexpected};
use crate::server;
use crate::tasks::Tasks;
use crate::time::{Clock, today};

/// A running sandbox; dropping it stops it.
#[derive(Debug)]
pub struct Sandbox {
    seed: u64,
    context: Arc<Context>,
    kros: Kros,
    epp: Epp,
    crk: Crk,
    ksef_v1: KsefV1,
    ksef_v2: KsefV2,
    control: Option<String>,
    only: Option<System>,
    data: Option<PathBuf>,
}

/// How a sandbox shall run; see [`Sandbox::builder`].
#[derive(Clone, Debug, Default)]
pub struct Builder {
    seed: u64,
    mood: Mood,
    sockets: Sockets,
    only: Option<System>,
    start: Option<DateTime<Utc>>,
    data: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Sockets {
    #[default]
    AnyPort,
    From(u16),
    None,
}

impl Builder {
    /// The seed of everything that looks random; 0 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// No faults but the scripted ones, and the shortest delays.
    #[must_use]
    pub fn calm(mut self) -> Self {
        self.mood = Mood::Calm;
        self
    }

    /// Seeded trouble; the default.
    #[must_use]
    pub fn hostile(mut self) -> Self {
        self.mood = Mood::Hostile;
        self
    }

    /// The control API listens on this port, the doubles on the next ones: KROS, ePP, the web host
    /// of ePP, KSeF 1.x, KSeF 2.0, from the tenth on CPD, WebApi and Event Hub of CRK; without it
    /// any free ports.
    #[must_use]
    pub fn port_base(mut self, port: u16) -> Self {
        self.sockets = Sockets::From(port);
        self
    }

    /// No port is opened: the doubles are reached through [`Kros::service`], [`Epp::service`],
    /// [`Epp::web_service`], [`KsefV1::service`], [`KsefV2::service`], [`Crk::cpd_service`], [`Crk::webapi_service`] and
    /// [`Crk::hub_service`].
    #[must_use]
    pub fn without_sockets(mut self) -> Self {
        self.sockets = Sockets::None;
        self
    }

    /// Opens the ports of this system only, beside that of the control API; every system has its
    /// ports by default.
    ///
    /// The other doubles are there as without sockets.
    #[must_use]
    pub fn only(mut self, system: System) -> Self {
        self.only = Some(system);
        self
    }

    /// The date and time at which the sandbox's calendar starts, in place of today's.
    #[must_use]
    pub fn starting_at(mut self, start: DateTime<Utc>) -> Self {
        self.start = Some(start);
        self
    }

    /// [`Sandbox::shutdown`] writes what the doubles stored into this folder.
    #[must_use]
    pub fn data(mut self, folder: &Path) -> Self {
        self.data = Some(folder.to_owned());
        self
    }

    /// Starts the sandbox on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// An input/output error when a port cannot be opened.
    pub async fn start(self) -> io::Result<Sandbox> {
        let context = Arc::new(Context {
            clock: Clock::starting_at(self.start.unwrap_or_else(today)),
            chance: Chance::seeded(self.seed),
            mood: self.mood,
            tasks: Tasks::new(),
            journal: Journal::default(),
        });
        let doors = Doors { sockets: self.sockets, only: self.only };
        let tasks = &context.tasks;
        let control_listener = self.sockets.bind(0).await?;

        let door = doors.open(System::Kros, 1, "localhost").await?;
        let kros = Kros::new(context.clone(), door.http());
        door.serve(kros.socket_service(), tasks);

        let door = doors.open(System::Epp, 2, "localhost").await?;
        // The doubles share a host, so the port tells the web host from the API.
        let web = doors.open(System::Epp, 3, "localhost:81").await?;
        let epp = Epp::new(context.clone(), &door.http(), web.http());
        door.serve(epp.socket_service(), tasks);
        web.serve(epp.web_socket_service(), tasks);

        let door = doors.open(System::KsefV1, 4, "localhost:83").await?;
        let ksef_v1 = KsefV1::new(context.clone(), &door.http());
        door.serve(ksef_v1.socket_service(), tasks);

        let door = doors.open(System::KsefV2, 5, "localhost:84").await?;
        let ksef_v2 = KsefV2::new(context.clone(), &door.http());
        door.serve(ksef_v2.socket_service(), tasks);

        let crk = open_crk(&context, doors).await?;
        let mut sandbox = Sandbox {
            seed: self.seed,
            context: context.clone(),
            kros,
            epp,
            crk,
            ksef_v1,
            ksef_v2,
            control: None,
            only: self.only,
            data: self.data,
        };
        if let Some(listener) = control_listener {
            sandbox.control = Some(format!("http://{}", listener.local_addr()?));
            let app = control::router(&sandbox, context);
            sandbox.context.tasks.spawn(async move {
                if let Err(error) = axum::serve(listener, app).await {
                    tracing::error!(%error, "the control API stopped");
                }
            });
        }
        Ok(sandbox)
    }
}

impl Sandbox {
    /// A sandbox that is hostile, has seed 0 and opens any free ports, until told otherwise.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The double of KROS Fakturácia.
    pub fn kros(&self) -> &Kros {
        &self.kros
    }

    /// The double of ePP.
    pub fn epp(&self) -> &Epp {
        &self.epp
    }

    /// The double of CRK.
    pub fn crk(&self) -> &Crk {
        &self.crk
    }

    /// The double of KSeF 1.x.
    pub fn ksef_v1(&self) -> &KsefV1 {
        &self.ksef_v1
    }

    /// The double of KSeF 2.0.
    pub fn ksef_v2(&self) -> &KsefV2 {
        &self.ksef_v2
    }

    /// The address of the control API; `None` without sockets.
    pub fn control_url(&self) -> Option<&str> {
        self.control.as_deref()
    }

    /// The seed in use.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Every request to any system so far.
    pub fn requests(&self) -> Vec<Exchange> {
        self.context.journal.exchanges()
    }

    /// What no correct client sends, of any system.
    pub fn unexpected(&self) -> Vec<Unexpected> {
        self.context.journal.unexpected_ones()
    }

    /// What a program that started the sandbox needs to know: the addresses and the seed.
    ///
    /// With [`Builder::only`] it has the addresses of that system and the control API.
    pub fn ready(&self) -> Value {
        let (kros, epp, crk) = (&self.kros, &self.epp, &self.crk);
        let members = [
            (System::Kros, "kros", kros.base_url().to_owned()),
            (System::Epp, "epp", epp.base_url().to_owned()),
            (System::Epp, "epp_web", epp.web_url().to_owned()),
            (System::KsefV1, "ksef_v1", self.ksef_v1.base_url().to_owned()),
            (System::KsefV2, "ksef_v2", self.ksef_v2.base_url()),
            (System::KsefV2, "latarnia", self.ksef_v2.latarnia_url()),
            (System::Crk, "crk_cpd", crk.cpd_url().to_owned()),
            (System::Crk, "crk_webapi", crk.webapi_url().to_owned()),
            (System::Crk, "event_hub", crk.hub_url().to_owned()),
            (System::Crk, "ca_pem", crk.ca_pem()),
        ];
        let mut ready = json!({"control": self.control, "seed": self.seed});
        for (system, name, value) in members {
            if self.only.is_none_or(|only| only == system) {
                ready[name] = Value::from(value);
            }
        }
        ready
    }

    /// The present moment of the doubles' common calendar.
    pub fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }

    /// Puts the calendar forward, so that tokens, sessions and links end without waiting; false,
    /// and nothing happens, when it would leave the year 9000.
    ///
    /// Work that has begun, such as the processing of an invoice, takes its time as before.
    /// Under tokio's paused time, `tokio::time::advance` moves both.
    pub fn advance(&self, by: Duration) -> bool {
        self.context.clock.advance(by)
    }

    /// Waits for all background work of all systems.
    pub async fn settle(&self) {
        self.context.tasks.idle().await;
    }

    /// Stops the sandbox and writes its data if a folder was given.
    ///
    /// # Errors
    ///
    /// An input/output error when the data cannot be written.
    pub async fn shutdown(self) -> io::Result<()> {
        self.context.tasks.abort();
        let Some(folder) = &self.data else { return Ok(()) };
        tokio::task::yield_now().await;
        std::fs::create_dir_all(folder)?;
        write(&folder.join("kros-documents.json"), &json!(self.kros.documents()))?;
        write(&folder.join("kros-payments.json"), &json!(self.kros.payments()))?;
        write(&folder.join("kros-notifications.json"), &json!(self.kros.notifications()))?;
        write(&folder.join("epp-orders.json"), &json!(self.epp.orders()))?;
        write(&folder.join("epp-payments.json"), &json!(self.epp.payments()))?;
        write(&folder.join("ksef-v1-invoices.json"), &json!(self.ksef_v1.invoices()))?;
        write(&folder.join("ksef-v2-invoices.json"), &json!(self.ksef_v2.invoices()))?;
        for (name, lines) in self.crk.files() {
            std::fs::write(folder.join(name), lines)?;
        }
        Ok(())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.context.tasks.abort();
    }
}

impl Sockets {
    /// The listener of the port with this distance from the first; `None` without sockets.
    async fn bind(self, distance: u16) -> io::Result<Option<TcpListener>> {
        let port = match self {
            Self::AnyPort | Self::From(0) => 0,
            Self::From(first) => first.saturating_add(distance),
            Self::None => return Ok(None),
        };
        server::bind(port).await.map(Some)
    }
}

/// What decides which doubles get ports.
#[derive(Clone, Copy)]
struct Doors {
    sockets: Sockets,
    only: Option<System>,
}

impl Doors {
    /// The way to a double of `system`, which has this name where no port is opened for it.
    async fn open(self, system: System, distance: u16, name: &str) -> io::Result<Door> {
        let wanted = self.only.is_none_or(|only| only == system);
        let listener = if wanted { self.sockets.bind(distance).await? } else { None };
        let authority = match &listener {
            Some(listener) => listener.local_addr()?.to_string(),
            None => name.to_owned(),
        };
        Ok(Door { listener, authority })
    }
}

/// The way to a double: a port, or only a name.
struct Door {
    listener: Option<TcpListener>,
    authority: String,
}

impl Door {
    fn http(&self) -> String {
        format!("http://{}", self.authority)
    }

    fn https(&self) -> String {
        format!("https://{}", self.authority)
    }

    fn serve(self, entrance: Entrance, tasks: &Tasks) {
        if let Some(listener) = self.listener {
            server::serve(listener, entrance, tasks);
        }
    }
}

/// The double of CRK behind three ports with TLS.
async fn open_crk(context: &Arc<Context>, doors: Doors) -> io::Result<Crk> {
    // CMD09 wants addresses of at least twenty characters, so each name has a port.
    let cpd = doors.open(System::Crk, 10, "localhost:5062").await?;
    let webapi = doors.open(System::Crk, 11, "localhost:8443").await?;
    let hub = doors.open(System::Crk, 12, "localhost:9443").await?;
    let addresses = Addresses { cpd: cpd.https(), webapi: webapi.https(), hub: hub.https() };
    let crk = Crk::new(context.clone(), addresses)?;
    if cpd.listener.is_none() {
        return Ok(crk);
    }
    let tls = crk.tls()?;
    let channels = [
        (cpd, Channel::Cpd, tls.cpd),
        (webapi, Channel::WebApi, tls.webapi),
        (hub, Channel::EventHub, tls.hub),
    ];
    for (door, channel, config) in channels {
        if let Some(listener) = door.listener {
            server::serve_tls(listener, crk.socket_service(channel), config, &context.tasks);
        }
    }
    Ok(crk)
}

fn write(path: &Path, value: &Value) -> io::Result<()> {
    std::fs::write(path, format!("{value:#}\n"))
}
