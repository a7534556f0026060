//! The accept loop and the socket that can misbehave.
//!
//! A finished server library writes every answer whole, so the sandbox wraps each connection in
//! [`Wire`], which cuts or splits what is written as the answer's [`WirePlan`] says.
//! Under TLS the wire lies above the encryption, so that faults count the bytes of HTTP.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as Polling, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use http::Request;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::front::{Entrance, WirePlan};
use crate::tasks::Tasks;
use crate::tls::ClientCertificate;

/// The pause between two pieces of a split answer, so that they travel apart.
const BETWEEN_PIECES: Duration = Duration::from_millis(1);

/// Opens a port on the loopback interface; 0 means any free one.
pub(crate) async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Serves `entrance` on `listener` until the tasks are aborted.
pub(crate) fn serve(listener: TcpListener, entrance: Entrance, tasks: &Tasks) {
    accept(listener, tasks, move |stream, peer| {
        converse(stream, Caller { peer, certificate: None }, entrance.clone())
    });
}

/// Serves `entrance` under TLS; a handshake that fails closes the connection.
pub(crate) fn serve_tls(
    listener: TcpListener,
    entrance: Entrance,
    config: Arc<ServerConfig>,
    tasks: &Tasks,
) {
    let acceptor = TlsAcceptor::from(config);
    accept(listener, tasks, move |stream, peer| {
        let (acceptor, entrance) = (acceptor.clone(), entrance.clone());
        async move {
            match acceptor.accept(stream).await {
                Ok(stream) => {
                    let certificate = ClientCertificate::of(stream.get_ref().1);
                    converse(stream, Caller { peer, certificate }, entrance).await;
                }
                Err(error) => tracing::debug!(%error, "the TLS handshake failed"),
            }
        }
    });
}

/// Who is at the other end of a connection.
struct Caller {
    peer: IpAddr,
    certificate: Option<ClientCertificate>,
}

fn accept<C, W>(listener: TcpListener, tasks: &Tasks, conversation: C)
where
    C: Fn(TcpStream, IpAddr) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let connections = tasks.clone();
    tasks.spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    // Without it the kernel would join the pieces of a split answer.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "the socket keeps joining small writes");
                    }
                    connections.spawn(conversation(stream, peer.ip()));
                }
                // The usual cause is that no more files may be opened: it passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    });
}

async fn converse<S>(stream: S, caller: Caller, entrance: Entrance)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let gate = Gate::default();
    let wire = Wire { stream, gate: gate.clone(), pause: None };
    let service = service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(caller.peer);
        if let Some(certificate) = caller.certificate.clone() {
            request.extensions_mut().insert(certificate);
        }
        let (entrance, gate) = (entrance.clone(), gate.clone());
        async move {
            let response = entrance.send(request.map(Body::new)).await?;
            gate.arm(response.extensions().get::<WirePlan>().copied().unwrap_or_default());
            Ok::<_, crate::front::ConnectionLost>(response)
        }
    });
    // An error of the service closes the connection without a byte, which is the fault wanted.
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(wire), service).await {
        tracing::debug!(%error, "connection ended");
    }
}

/// The plan of the answer that is being written, shared by the service and the socket.
#[derive(Clone, Debug, Default)]
struct Gate(Arc<Mutex<WirePlan>>);

impl Gate {
    fn arm(&self, plan: WirePlan) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    fn plan(&self) -> WirePlan {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn written(&self, count: usize) {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        plan.cut = plan.cut.map(|left| left.saturating_sub(count));
    }
}

/// A socket whose writing follows a [`Gate`].
#[derive(Debug)]
struct Wire<S> {
    stream: S,
    gate: Gate,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        polling: &mut Polling<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(polling, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        polling: &mut Polling<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(pause) = self.pause.as_mut() {
            ready!(pause.as_mut().poll(polling));
            self.pause = None;
        }
        let plan = self.gate.plan();
        if plan.cut == Some(0) {
            // TLS may still hold bytes that were written before the cut.
            ready!(Pin::new(&mut self.stream).poll_flush(polling))?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let allowed = bytes.len().min(plan.cut.unwrap_or(usize::MAX));
        let allowed = allowed.min(plan.piece.unwrap_or(usize::MAX));
        let count = ready!(Pin::new(&mut self.stream).poll_write(polling, &bytes[..allowed]))?;
        self.gate.written(count);
        if plan.piece.is_some() {
            self.pause = Some(Box::pin(tokio::time::sleep(BETWEEN_PIECES)));
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, polling: &mut Polling<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(polling)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, polling: &mut Polling<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(polling)
    }
}
