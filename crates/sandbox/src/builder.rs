//! Starting and stopping a sandbox.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::chance::Chance;
use crate::control;
use crate::crk::{Addresses, Channel, Crk};
use crate::epp::Epp;
use crate::front::{Context, Mood};
use crate::kros::Kros;
use crate::ksef_v1::KsefV1;
use crate::ksef_v2::KsefV2;
use crate::record::{Exchange, Journal, Unexpected};
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
    data: Option<PathBuf>,
}

/// How a sandbox shall run; see [`Sandbox::builder`].
#[derive(Clone, Debug, Default)]
pub struct Builder {
    seed: u64,
    mood: Mood,
    sockets: Sockets,
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
    /// of ePP, KSeF 1.x, KSeF 2.0, from the tenth on CPD, WebApi and Event Hub of CRK; without it any free ports.
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
        let (seed, data) = (self.seed, self.data);
        let first = match self.sockets {
            Sockets::AnyPort => 0,
            Sockets::From(port) => port,
            Sockets::None => {
                let kros = Kros::new(context.clone(), "http://localhost".to_owned());
                // The doubles share a host, so the port tells the web host from the API.
                let web = "http://localhost:81".to_owned();
                let epp = Epp::new(context.clone(), "http://localhost", web);
                let crk = Crk::new(context.clone(), crk_in_process())?;
                let ksef_v1 = KsefV1::new(context.clone(), "http://localhost:83");
                let ksef_v2 = KsefV2::new(context.clone(), "http://localhost:84");
                let control = None;
                return Ok(Sandbox {
                    seed,
                    context,
                    kros,
                    epp,
                    crk,
                    ksef_v1,
                    ksef_v2,
                    control,
                    data,
                });
            }
        };
        let port = |number: u16| if first == 0 { 0 } else { first.saturating_add(number) };
        let (control_listener, control) = open(port(0)).await?;
        let (kros_listener, origin) = open(port(1)).await?;
        let kros = Kros::new(context.clone(), origin);
        server::serve(kros_listener, kros.socket_service(), &context.tasks);
        let (epp_listener, origin) = open(port(2)).await?;
        let (web_listener, web) = open(port(3)).await?;
        let epp = Epp::new(context.clone(), &origin, web);
        server::serve(epp_listener, epp.socket_service(), &context.tasks);
        server::serve(web_listener, epp.web_socket_service(), &context.tasks);
        let (ksef_listener, origin) = open(port(4)).await?;
        let ksef_v1 = KsefV1::new(context.clone(), &origin);
        server::serve(ksef_listener, ksef_v1.socket_service(), &context.tasks);
        let (ksef_listener, origin) = open(port(5)).await?;
        let ksef_v2 = KsefV2::new(context.clone(), &origin);
        server::serve(ksef_listener, ksef_v2.socket_service(), &context.tasks);
        let crk = open_crk(&context, [port(10), port(11), port(12)]).await?;
        let app = control::router(
            kros.clone(),
            epp.clone(),
            crk.clone(),
            ksef_v1.clone(),
            ksef_v2.clone(),
            context.clone(),
        );
        context.tasks.spawn(async move {
            if let Err(error) = axum::serve(control_listener, app).await {
                tracing::error!(%error, "the control API stopped");
            }
        });
        let control = Some(control);
        Ok(Sandbox { seed, context, kros, epp, crk, ksef_v1, ksef_v2, control, data })
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
    pub fn ready(&self) -> Value {
        json!({
            "kros": self.kros.base_url(),
            "epp": self.epp.base_url(),
            "epp_web": self.epp.web_url(),
            "ksef_v1": self.ksef_v1.base_url(),
            "ksef_v2": self.ksef_v2.base_url(),
            "latarnia": self.ksef_v2.latarnia_url(),
            "crk_cpd": self.crk.cpd_url(),
            "crk_webapi": self.crk.webapi_url(),
            "event_hub": self.crk.hub_url(),
            "ca_pem": self.crk.ca_pem(),
            "control": self.control,
            "seed": self.seed,
        })
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

/// The double of CRK behind three ports with TLS.
async fn open_crk(context: &Arc<Context>, ports: [u16; 3]) -> io::Result<Crk> {
    let [cpd, webapi, hub] = ports;
    let (cpd_listener, cpd) = open_tls(cpd).await?;
    let (webapi_listener, webapi) = open_tls(webapi).await?;
    let (hub_listener, hub) = open_tls(hub).await?;
    let crk = Crk::new(context.clone(), Addresses { cpd, webapi, hub })?;
    let tls = crk.tls()?;
    let serve = |listener, channel, config| {
        server::serve_tls(listener, crk.socket_service(channel), config, &context.tasks);
    };
    serve(cpd_listener, Channel::Cpd, tls.cpd);
    serve(webapi_listener, Channel::WebApi, tls.webapi);
    serve(hub_listener, Channel::EventHub, tls.hub);
    Ok(crk)
}

/// Addresses that only name the services; CMD09 wants at least twenty characters.
fn crk_in_process() -> Addresses {
    let address = |port: u16| format!("https://localhost:{port}");
    Addresses { cpd: address(5062), webapi: address(8443), hub: address(9443) }
}

/// A listener for TLS and its address.
async fn open_tls(port: u16) -> io::Result<(TcpListener, String)> {
    let listener = server::bind(port).await?;
    let address = format!("https://{}", listener.local_addr()?);
    Ok((listener, address))
}

/// A listener and its address.
async fn open(port: u16) -> io::Result<(TcpListener, String)> {
    let listener = server::bind(port).await?;
    let address = format!("http://{}", listener.local_addr()?);
    Ok((listener, address))
}

fn write(path: &Path, value: &Value) -> io::Result<()> {
    std::fs::write(path, format!("{value:#}\n"))
}
