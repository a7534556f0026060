//! Wires on which virtual time stands still while a request is under way.
//!
//! Paused time moves on whenever nobody in the runtime has anything to do, and a task that waits
//! for a socket looks like that. Here a thread of the runtime is busy as long as a request is
//! under way, which keeps time from moving; if a request takes longer than sockets on one machine
//! do, somebody waits for time to pass, and it passes.

use std::{collections::BTreeMap, sync::Arc, sync::mpsc, time::Duration};

use common_core::store::BoxFuture;
use common_http::{Body, BodyStream, Transport, TransportError, TransportErrorKind};
use ekasy_device::{
    channel::{ChannelError, Connect, Tls, Wires},
    journal::Pins,
};
use http::Uri;

/// For so long of real time a request keeps virtual time from moving.
const LONGEST: Duration = Duration::from_millis(50);

/// No answer of the repository is larger.
const LARGEST: u64 = 8 << 20;

/// Connections with TLS, each to another port than its address names if there is a way round.
#[derive(Debug)]
pub(crate) struct Still {
    pub(crate) tls: Tls,
    /// From the port in an address to the port that is called.
    pub(crate) ways: BTreeMap<u16, u16>,
}

impl Connect for Still {
    fn wires(&self, pins: Option<&Pins>) -> Result<Wires, ChannelError> {
        let ways = Arc::new(self.ways.clone());
        let around = |_, wire| Arc::new(Wire { wire, ways: Arc::clone(&ways) }) as _;
        Ok(self.tls.wires(pins)?.map(around))
    }
}

#[derive(Debug)]
struct Wire {
    wire: Arc<dyn Transport>,
    ways: Arc<BTreeMap<u16, u16>>,
}

impl Transport for Wire {
    fn send(
        &self,
        mut request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        Box::pin(async move {
            let (done, is_done) = mpsc::channel::<()>();
            tokio::task::spawn_blocking(move || is_done.recv_timeout(LONGEST));
            *request.uri_mut() = self.way(request.uri())?;
            let answer = self.wire.send(request).await?;
            let (parts, body) = answer.into_parts();
            let body = match body.collect(LARGEST).await {
                Ok(bytes) => BodyStream::whole(bytes),
                Err(error) => BodyStream::stream(futures_util::stream::iter([Err(error)])),
            };
            drop(done);
            Ok(http::Response::from_parts(parts, body))
        })
    }
}

impl Wire {
    fn way(&self, address: &Uri) -> Result<Uri, TransportError> {
        let port = address.port_u16().and_then(|port| self.ways.get(&port));
        let Some(port) = port else { return Ok(address.clone()) };
        let wrong = |_| TransportError::new(TransportErrorKind::Request);
        let mut parts = address.clone().into_parts();
        let host = address.host().unwrap_or_default();
        parts.authority = Some(format!("{host}:{port}").parse().map_err(wrong)?);
        Uri::from_parts(parts).map_err(|_| TransportError::new(TransportErrorKind::Request))
    }
}
