//! What must hold for the client as a whole: on a scripted transport with paused time, and over
//! real sockets on the loopback interface.

#![expect(clippy::unwrap_used, reason = "a test's own preparations stop the test when they fail")]

mod authority;
mod canary;
mod cancellation;
mod credentials;
mod deadline;
mod download;
mod happened;
mod limits;
mod loopback;
mod order;
mod paging;
mod properties;
mod retries;
mod sockets;
mod support;
mod throughput;
mod tls;
