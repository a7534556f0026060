//! The three channels, each with its own trust (source document, chapter 2 and section 2.3.2.1;
//! CRK facts §1.1).
//!
//! | channel | the register shows | the server must show |
//! |---|---|---|
//! | CPD server, for the keys (CMD07) | its certificate | what the ministry's authorities issued |
//! | CPD server, for everything else | its certificate | as [`Pinning`] says |
//! | WebApi | its certificate | as [`Pinning`] says |
//! | Event Hub | **nothing** | what the authorities of CMD07 issued, and those alone |
//!
//! Before the first CMD07 there are no pins: the CPD server is reached by the ministry's
//! authorities, which the caller gives, and the other two channels are closed.
//! CMD07 always goes by the authorities, so that a server whose certificate was renewed cannot
//! lock a register with old pins out for ever: the [worker](crate::worker) fetches the keys by
//! itself when it cannot reach a server again and again, and so does a
//! [fiscalisation](crate::fiscalisation). Whoever works without them does that.
//! Former pins are not believed beside new ones, since a certificate may have been replaced because
//! somebody else has its key; a server that does not show yet what CMD07 tells is tried until it
//! does.
//! The Event Hub has wires of its own, since an identity belongs to a pool of connections: the
//! register's certificate cannot be offered there by mistake.

mod tls;

use std::{fmt, sync::Arc};

use common_http::{OptionsError, Transport};

pub use tls::{Pinning, Tls};

use crate::{jose::Certificate, journal::Pins};

/// One of the three channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// The CPD server: what the register asks by itself.
    Cpd,
    /// The WebApi: commands for the register, and tokens.
    WebApi,
    /// The Event Hub: documents.
    EventHub,
}

/// Makes the wires of a register, anew whenever its pins change.
///
/// [`Tls`] goes over sockets; [`Wires`] by itself are always the same, for tests without sockets
/// and for gateways that look after trust themselves.
pub trait Connect: Send + Sync + fmt::Debug {
    /// The wires under these pins; `None` before the first CMD07.
    ///
    /// # Errors
    ///
    /// [`ChannelError`] when a certificate or the identity cannot be used. Nothing was sent.
    fn wires(&self, pins: Option<&Pins>) -> Result<Wires, ChannelError>;

    /// The authorities that are believed besides the pins, for warnings before they end; none
    /// unless the implementation knows them.
    fn authorities(&self) -> Vec<Certificate> {
        Vec::new()
    }
}

/// What carries the requests of each channel.
#[derive(Clone, Debug)]
pub struct Wires {
    keys: Arc<dyn Transport>,
    cpd: Arc<dyn Transport>,
    web_api: Option<Arc<dyn Transport>>,
    event_hub: Option<Arc<dyn Transport>>,
}

impl Wires {
    /// Wires for the CPD server, the WebApi and the Event Hub.
    pub fn new(cpd: impl Transport, web_api: impl Transport, event_hub: impl Transport) -> Self {
        let cpd: Arc<dyn Transport> = Arc::new(cpd);
        Self {
            keys: Arc::clone(&cpd),
            cpd,
            web_api: Some(Arc::new(web_api)),
            event_hub: Some(Arc::new(event_hub)),
        }
    }

    /// The same wires with something around each: to count, to record, to go through a gateway.
    #[must_use]
    pub fn map(self, around: impl Fn(Channel, Arc<dyn Transport>) -> Arc<dyn Transport>) -> Self {
        Self {
            keys: around(Channel::Cpd, self.keys),
            cpd: around(Channel::Cpd, self.cpd),
            web_api: self.web_api.map(|wire| around(Channel::WebApi, wire)),
            event_hub: self.event_hub.map(|wire| around(Channel::EventHub, wire)),
        }
    }

    /// The wire for CMD07.
    pub(crate) fn keys(&self) -> &Arc<dyn Transport> {
        &self.keys
    }

    /// The wire for the other commands of the CPD server.
    pub(crate) fn cpd(&self) -> &Arc<dyn Transport> {
        &self.cpd
    }

    /// The wire to the WebApi; `None` without pins.
    pub(crate) fn web_api(&self) -> Option<&Arc<dyn Transport>> {
        self.web_api.as_ref()
    }

    /// The wire to the Event Hub; `None` without pins.
    pub(crate) fn event_hub(&self) -> Option<&Arc<dyn Transport>> {
        self.event_hub.as_ref()
    }
}

impl Connect for Wires {
    fn wires(&self, _: Option<&Pins>) -> Result<Wires, ChannelError> {
        Ok(self.clone())
    }
}

/// A channel cannot be made: a certificate or the identity cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the connections of {channel:?} cannot be set up")]
pub struct ChannelError {
    channel: Channel,
    source: OptionsError,
}

impl ChannelError {
    /// Which channel.
    pub fn channel(&self) -> Channel {
        self.channel
    }
}
