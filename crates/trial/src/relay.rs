//! The wire between client and sandbox: it passes bytes on, and tears some connections in the
//! middle of a request, before the service has read its body.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rand::{RngExt, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, copy, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// How often and where connections tear.
#[derive(Clone, Copy, Debug)]
pub struct Tearing {
    /// Of ten connections, how many tear.
    pub in_ten: u32,
    /// A torn connection carries fewer bytes of requests than this.
    pub before: u64,
}

impl Default for Tearing {
    /// Two of ten, from none of the head to several whole requests.
    fn default() -> Self {
        Self { in_ten: 2, before: 12_000 }
    }
}

/// A relay that runs until it is dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    service: SocketAddr,
    tearing: Tearing,
    calm: AtomicBool,
    torn: AtomicU64,
    chance: Mutex<StdRng>,
}

impl Relay {
    /// Starts a relay to `service` on the loopback interface.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start(service: SocketAddr, tearing: Tearing, chance: StdRng) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            service,
            tearing,
            calm: AtomicBool::new(false),
            torn: AtomicU64::new(0),
            chance: Mutex::new(chance),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { address, state, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were torn.
    pub fn torn(&self) -> u64 {
        self.state.torn.load(Ordering::Relaxed)
    }

    /// Tears no connection that is made from now on.
    pub fn calm_down(&self) {
        self.state.calm.store(true, Ordering::Relaxed);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Dropped with this future, which ends every connection.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(carry(client, Arc::clone(&state)));
    }
}

async fn carry(mut client: TcpStream, state: Arc<State>) {
    let Ok(mut service) = TcpStream::connect(state.service).await else { return };
    let Some(limit) = state.tear() else {
        // A broken end is what the other end is to notice.
        let _ = copy_bidirectional(&mut client, &mut service).await;
        return;
    };
    let (from_client, mut to_client) = client.split();
    let (mut from_service, mut to_service) = service.split();
    let mut requests = from_client.take(limit);
    tokio::select! {
        sent = copy(&mut requests, &mut to_service) => {
            if sent.is_ok_and(|bytes| bytes == limit) {
                state.torn.fetch_add(1, Ordering::Relaxed);
            }
        }
        _ = copy(&mut from_service, &mut to_client) => {}
    }
}

impl State {
    /// After how many bytes of requests the next connection tears.
    fn tear(&self) -> Option<u64> {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        let tears = chance.random_range(0..10) < self.tearing.in_ten;
        let limit = chance.random_range(0..self.tearing.before.max(1));
        (tears && !self.calm.load(Ordering::Relaxed)).then_some(limit)
    }
}
