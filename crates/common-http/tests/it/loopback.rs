//! Small servers on the loopback interface that behave as badly as a test needs.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use common_http::BaseUrl;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

/// A server that stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: mpsc::UnboundedReceiver<Vec<u8>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Gives each connection to `answer`, which returns what it has read of the request.
    pub(crate) async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(TcpStream) -> A + Send + 'static,
        A: Future<Output = Vec<u8>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (heard, requests) = mpsc::unbounded_channel();
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (answered, heard) = (answer(stream), heard.clone());
                // A test that does not listen any more is none of the server's business.
                tokio::spawn(async move { heard.send(answered.await) });
            }
        });
        Self { address, connections, requests, task }
    }

    /// Answers every request with these bytes and closes the connection.
    pub(crate) async fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Vec<u8> = bytes.into();
        Self::start(move |mut stream| {
            let bytes = bytes.clone();
            async move {
                let head = head(&mut stream).await;
                stream.write_all(&bytes).await.unwrap();
                stream.shutdown().await.unwrap();
                head
            }
        })
        .await
    }

    /// Its address in plain http.
    pub(crate) fn base(&self) -> BaseUrl {
        format!("http://{}", self.address).parse().unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections it has accepted.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The next request that it has dealt with.
    pub(crate) async fn request(&mut self) -> String {
        String::from_utf8(self.requests.recv().await.unwrap()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An address at which nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Reads up to and with the empty line after a request's head.
pub(crate) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    head
}

/// An answer of status 200 with that body.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}
