//! Commands for the CPD server (source document, section 2.4).
//!
//! Reads carry the command identifier in the query, raw, with its colons (CRK facts §7, 26);
//! changes carry it in the body. Both headers are always sent, since the document describes them
//! the wrong way round (CRK facts §7, 15). The answers of status 406 are errors of the kind
//! [`Refused`](crate::ErrorKind::Refused).

mod certificates;
mod end;
mod firmware;
mod fiscalise;
mod keys;
mod shared_keys;
mod state;

pub use certificates::SendCertificates;
pub use end::{EnterReadOnly, FinishFiscalisation};
pub use firmware::{CheckFirmware, FirmwareAnswer};
pub use fiscalise::{FiscalisationAnswer, FiscalisationRefusal, Fiscalise, Granted, UnclearAnswer};
pub use keys::{FetchKeys, RepositoryKeys};
pub use shared_keys::{FetchSharedKeys, SharedKeys};
pub use state::{FetchState, RepositoryState, Test};

use common_http::{BaseUrl, Body, BuildError, DecodeError, Info, Parts, RequestBuilder};
use http::{HeaderValue, StatusCode, Uri, header::CONTENT_TYPE};
use serde::Serialize;

use crate::ident::{CommandId, CommandKind};

/// The content type that both headers name.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Why an identifier does not fit a command.
fn check_kind(id: &CommandId, kind: CommandKind) -> Result<(), BuildError> {
    if id.kind() == kind {
        Ok(())
    } else {
        Err(BuildError::new("commandId", format!("must be an identifier of {kind}")))
    }
}

/// A read: the identifier goes into the query in front of `more`, unencoded.
fn read(
    info: &Info,
    base: &BaseUrl,
    (id, kind): (&CommandId, CommandKind),
    more: &[(&str, &str)],
) -> Result<http::Request<Body>, BuildError> {
    check_kind(id, kind)?;
    let mut builder = RequestBuilder::new(info, base).header(CONTENT_TYPE, JSON);
    for (name, value) in more {
        builder = builder.query(name, value);
    }
    let mut request = builder.finish()?;
    let address = request.uri().to_string();
    let address = match address.split_once('?') {
        Some((path, query)) => format!("{path}?commandId={id}&{query}"),
        None => format!("{address}?commandId={id}"),
    };
    *request.uri_mut() = Uri::try_from(address)
        .map_err(|_| BuildError::new("path", "the address is too long or not valid"))?;
    Ok(request)
}

/// A change: the whole command is the body.
fn change(
    info: &Info,
    base: &BaseUrl,
    (id, kind): (&CommandId, CommandKind),
    command: &impl Serialize,
) -> Result<http::Request<Body>, BuildError> {
    check_kind(id, kind)?;
    let body =
        serde_json::to_vec(command).map_err(|error| BuildError::new("body", error.to_string()))?;
    RequestBuilder::new(info, base).body(JSON, body).finish()
}

/// An answer without content; 200 is taken for 204, since both are words for success.
pub(super) fn nothing(parts: &Parts) -> Result<(), DecodeError> {
    expect(parts, &[StatusCode::NO_CONTENT, StatusCode::OK])
}

/// Whether the status is one of those that mean success here.
pub(super) fn expect(parts: &Parts, statuses: &[StatusCode]) -> Result<(), DecodeError> {
    if statuses.contains(&parts.status) {
        Ok(())
    } else {
        Err(DecodeError::new(".", format!("unexpected status {}", parts.status.as_u16())))
    }
}
