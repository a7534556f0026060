//! The wire between client and sandbox: it passes bytes on, tears some connections in the middle of
//! a request, before the service has read its body, and holds some requests back, so that they
//! arrive when their sender has given them up or is dead.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{RngExt, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// So long the service may work at what has arrived from a sender that is gone.
const WORK: Duration = Duration::from_secs(1);

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

/// How often and for how long requests are held back on the way.
#[derive(Clone, Copy, Debug)]
pub struct Holding {
    /// Of ten connections, how many hold something back, once each.
    pub in_ten: u32,
    /// They do so before this many bytes of requests have passed.
    pub before: u64,
    /// And for at most this time.
    pub longest: Duration,
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
    holding: Mutex<Option<Holding>>,
    calm: AtomicBool,
    torn: AtomicU64,
    held: AtomicU64,
    orphaned: AtomicU64,
    chance: Mutex<StdRng>,
}

/// What becomes of a connection.
enum Course {
    Whole,
    /// It tears after so many bytes of requests.
    Torn(u64),
    /// What comes after so many bytes is held back for a while.
    Held(u64, Duration),
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
            holding: Mutex::default(),
            calm: AtomicBool::new(false),
            torn: AtomicU64::new(0),
            held: AtomicU64::new(0),
            orphaned: AtomicU64::new(0),
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

    /// Holds requests back from now on.
    pub fn hold(&self, holding: Holding) {
        *self.state.holding.lock().unwrap_or_else(PoisonError::into_inner) = Some(holding);
    }

    /// How many requests were held back.
    pub fn held(&self) -> u64 {
        self.state.held.load(Ordering::Relaxed)
    }

    /// How many of these arrived when their sender was gone.
    pub fn orphaned(&self) -> u64 {
        self.state.orphaned.load(Ordering::Relaxed)
    }

    /// Tears no connection that is made from now on, and holds nothing back.
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
    match state.course() {
        Course::Whole => {
            // A broken end is what the other end is to notice.
            let _ = copy_bidirectional(&mut client, &mut service).await;
        }
        Course::Torn(limit) => state.tear(client, service, limit).await,
        Course::Held(after, pause) => state.hold(client, service, after, pause).await,
    }
}

impl State {
    /// What becomes of the next connection.
    fn course(&self) -> Course {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        let tears = chance.random_range(0..10) < self.tearing.in_ten;
        let limit = chance.random_range(0..self.tearing.before.max(1));
        if self.calm.load(Ordering::Relaxed) {
            return Course::Whole;
        }
        if tears {
            return Course::Torn(limit);
        }
        let holding = *self.holding.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(holding) = holding.filter(|it| chance.random_range(0..10) < it.in_ten) else {
            return Course::Whole;
        };
        let after = chance.random_range(0..holding.before.max(1));
        Course::Held(after, holding.longest.mul_f64(chance.random_range(0.1..1.0)))
    }

    async fn tear(&self, mut client: TcpStream, mut service: TcpStream, limit: u64) {
        let (from_client, mut to_client) = client.split();
        let (mut from_service, mut to_service) = service.split();
        let mut requests = from_client.take(limit);
        tokio::select! {
            sent = copy(&mut requests, &mut to_service) => {
                if sent.is_ok_and(|bytes| bytes == limit) {
                    self.torn.fetch_add(1, Ordering::Relaxed);
                }
            }
            _ = copy(&mut from_service, &mut to_client) => {}
        }
    }

    /// What has left arrives, whatever becomes of its sender meanwhile.
    async fn hold(
        &self,
        mut client: TcpStream,
        mut service: TcpStream,
        after: u64,
        pause: Duration,
    ) {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_service, mut to_service) = service.split();
        let requests = async {
            copy(&mut (&mut from_client).take(after), &mut to_service).await?;
            let mut bytes = vec![0; 64 * 1024];
            let count = from_client.read(&mut bytes).await?;
            if count > 0 {
                self.held.fetch_add(1, Ordering::Relaxed);
                sleep(pause).await;
            }
            to_service.write_all(&bytes[..count]).await?;
            let rest = copy(&mut from_client, &mut to_service).await;
            if count > 0 && rest.as_ref().map_or(true, |bytes| *bytes == 0) {
                self.orphaned.fetch_add(1, Ordering::Relaxed);
                sleep(WORK).await;
            }
            rest
        };
        tokio::select! {
            _ = requests => {}
            _ = copy(&mut from_service, &mut to_client) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[tokio::test]
    async fn what_has_left_arrives_when_its_sender_is_gone() {
        let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let never = Tearing { in_ten: 0, ..Tearing::default() };
        let chance = StdRng::seed_from_u64(1);
        let relay = Relay::start(service.local_addr().unwrap(), never, chance).await.unwrap();
        relay.hold(Holding { in_ten: 10, before: 1, longest: Duration::from_millis(300) });
        let mut sender = TcpStream::connect(relay.address()).await.unwrap();
        sender.write_all(b"a request").await.unwrap();
        let (mut arrived, _) = service.accept().await.unwrap();
        sleep(Duration::from_millis(10)).await;
        drop(sender);
        let mut request = [0; 9];
        arrived.read_exact(&mut request).await.unwrap();
        assert_eq!((&request, relay.held()), (b"a request", 1));
    }
}
