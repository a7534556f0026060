//! Starting and stopping a sandbox.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::control;
use crate::front::{Context, Mood};
use crate::kros::Kros;
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

    /// The control API listens on this port and KROS on the next; without it any free ports.
    #[must_use]
    pub fn port_base(mut self, port: u16) -> Self {
        self.sockets = Sockets::From(port);
        self
    }

    /// No port is opened: the doubles are reached through [`Kros::service`].
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

    /// [`Sandbox::shutdown`] writes documents and notifications into this folder.
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
        let ports = match self.sockets {
            Sockets::None => None,
            Sockets::AnyPort => Some((0, 0)),
            Sockets::From(port) => Some((port, port.checked_add(1).unwrap_or_default())),
        };
        let (seed, data) = (self.seed, self.data);
        let Some((control_port, kros_port)) = ports else {
            let kros = Kros::new(context.clone(), "http://localhost".to_owned());
            return Ok(Sandbox { seed, context, kros, control: None, data });
        };
        let control_listener = server::bind(control_port).await?;
        let control = format!("http://{}", control_listener.local_addr()?);
        let listener = server::bind(kros_port).await?;
        let kros = Kros::new(context.clone(), format!("http://{}", listener.local_addr()?));
        server::serve(listener, kros.socket_service(), &context.tasks);
        let app = control::router(kros.clone(), context.clone());
        context.tasks.spawn(async move {
            if let Err(error) = axum::serve(control_listener, app).await {
                tracing::error!(%error, "the control API stopped");
            }
        });
        Ok(Sandbox { seed, context, kros, control: Some(control), data })
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
        json!({"kros": self.kros.base_url(), "control": self.control, "seed": self.seed})
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
        write(&folder.join("kros-notifications.json"), &json!(self.kros.notifications()))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.context.tasks.abort();
    }
}

fn write(path: &Path, value: &Value) -> io::Result<()> {
    std::fs::write(path, format!("{value:#}\n"))
}
