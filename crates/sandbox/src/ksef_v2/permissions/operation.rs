//! Operations on permissions take time and end with a code (KSeF 2.0 facts §8).

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::ksef::numbers;
use crate::ksef_v2::KsefV2;
use crate::ksef_v2::auth;
use crate::ksef_v2::people::{Identity, Permission};
use crate::ksef_v2::problem::Problem;
use crate::ksef_v2::request::Request;
use crate::ksef_v2::store::Store;
use crate::reply::Reply;

/// How long an operation can be asked for.
const RETENTION: TimeDelta = TimeDelta::days(30);

/// One grant or one revocation.
#[derive(Debug)]
pub(in crate::ksef_v2) struct Operation {
    context: Identity,
    started: DateTime<Utc>,
    outcome: Outcome,
}

/// How an operation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Pending,
    Done,
    Failed,
    /// 410.
    WrongRelation,
    /// 420.
    Unauthorized,
    /// 430.
    WrongContext,
    /// 440.
    Unlinked,
    /// 450.
    WrongIdentifier,
    /// 550.
    Cancelled,
}

impl Outcome {
    fn json(self) -> Value {
        let (code, about) = match self {
            Self::Pending => (100, "Operacja w toku"),
            Self::Done => (200, "Operacja wykonana"),
            Self::Failed => (400, "Operacja nieudana"),
            Self::WrongRelation => (410, "Identyfikatory nie pasują do siebie"),
            Self::Unauthorized => (420, "Poświadczenia nie pozwalają na operację"),
            Self::WrongContext => (430, "Kontekst nie ma wymaganej roli lub uprawnienia"),
            Self::Unlinked => (440, "Powiązania identyfikatorów nie pozwalają na operację"),
            Self::WrongIdentifier => (450, "Identyfikator lub jego typ nie pozwala na operację"),
            Self::Cancelled => (550, "Operację anulował system"),
        };
        let mut status = json!({"code": code, "description": about});
        if self == Self::Cancelled {
            status["details"] = json!(["Przerwano z przyczyn wewnętrznych, można ponowić."]);
        }
        status
    }
}

/// Starts an operation, which ends as `act` says; a hostile service cancels some.
///
/// What the caller may do is looked at again in the end, because it may have lost it meanwhile.
pub(super) fn start(
    ksef: &KsefV2,
    request: &Request<'_>,
    act: impl FnOnce(&mut Store) -> Result<(), Outcome> + Send + 'static,
) -> Result<Reply, Problem> {
    let caller = request.caller()?.clone();
    let reference = numbers::reference("EG", request.now, &ksef.context().chance);
    let started = request.now;
    let operation =
        Operation { context: caller.context.clone(), started, outcome: Outcome::Pending };
    ksef.with_store(|store| {
        store.resources.permissions.operations.push(&reference, operation);
    });
    let (handle, key) = (ksef.clone(), reference.clone());
    let wanted: Vec<Permission> =
        request.operation.permissions.iter().filter_map(|name| Permission::read(name)).collect();
    ksef.context().tasks.spawn_job(async move {
        handle.pace().await;
        let cancelled = handle.is_unlucky();
        handle.with_store(|store| {
            let held = auth::held(store, &caller);
            let outcome = if cancelled {
                Err(Outcome::Cancelled)
            } else if wanted.iter().any(|one| held.contains(one)) {
                act(store)
            } else {
                Err(Outcome::Unauthorized)
            };
            if let Some(operation) = store.resources.permissions.operations.get_mut(&key) {
                operation.outcome = outcome.err().unwrap_or(Outcome::Done);
            }
        });
    });
    Ok(ksef.json(202, json!({"referenceNumber": reference})))
}

/// `GET /permissions/operations/{referenceNumber}`.
pub(in crate::ksef_v2) fn status(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (caller, reference) = (request.caller()?, request.path("referenceNumber"));
    ksef.with_store(|store| {
        let operation = store.resources.permissions.operations.get(reference);
        let operation = operation.ok_or_else(|| {
            Problem::misfits(vec![format!("Operacja {reference} nie została znaleziona.")])
        })?;
        if operation.context != caller.context {
            return Err(Problem::not_yours());
        }
        if request.now - operation.started > RETENTION {
            return Err(Problem::Gone);
        }
        Ok(ksef.json(200, json!({"status": operation.outcome.json()})))
    })
}
