//! Processes that change something small: credentials, marks on invoices, payment identifiers,
//! certificates. They all go the way of chapter 15.7 of the specification 1.9.

use serde_json::json;

use super::KsefV1;
use super::answer::{Answered, Ask, Caller, progress};
use super::exception::Exception;
use super::process::{Process, Stage, Step, description};
use super::roles::Role;
use super::routes::Call;
use super::store::{Outcome, Store, Verdict, Work, WorkKind};
use crate::reply::Reply;

/// What a process does at its last step.
pub(super) type Act = Box<dyn FnOnce(&mut Store) -> Result<Outcome, Exception> + Send>;

/// Starts a process and answers with its element number.
pub(super) fn start(
    ask: &Ask<'_>,
    caller: &Caller,
    kind: WorkKind,
    status: u16,
    act: Act,
) -> Reply {
    let reference = register(ask, caller, kind, act);
    let answer = progress(ask, &caller.session, &reference, 100, description(100));
    Reply::json(status, answer)
}

/// Starts a process and gives its element number.
pub(super) fn register(ask: &Ask<'_>, caller: &Caller, kind: WorkKind, act: Act) -> String {
    let reference = ask.new_reference(letters(kind));
    let work = Work {
        session: caller.session.clone(),
        context: caller.context.clone(),
        kind,
        code: 100,
        description: description(100).to_owned(),
        result: Outcome::None,
    };
    ask.ksef.with_store(|store| store.works.insert(reference.clone(), work));
    run(ask.ksef, reference.clone(), caller.session.clone(), act);
    reference
}

fn letters(kind: WorkKind) -> &'static str {
    match kind {
        WorkKind::Credentials => "EC",
        WorkKind::Query => "EH",
        WorkKind::Visibility => "EV",
        WorkKind::Scam => "EM",
        WorkKind::Payment => "EP",
        WorkKind::Certificate => "EK",
    }
}

fn run(ksef: &KsefV1, reference: String, session: String, act: Act) {
    let ksef = ksef.clone();
    ksef.context().tasks.clone().spawn_job(async move {
        let mut act = Some(act);
        for stage in Process::Credentials.stages() {
            ksef.pace().await;
            let mut outcome = ksef.scripted(Process::Credentials, stage.step).map(|()| None);
            if outcome.is_ok() {
                outcome = match stage.step {
                    Step::Authorise => authorised(&ksef, &session).map(|()| None),
                    Step::Security => secure(&ksef, &session).await.map(|()| None),
                    _ => match act.take() {
                        Some(act) => ksef.with_store(act).map(Some),
                        None => Ok(None),
                    },
                };
            }
            if !reached(&ksef, &reference, *stage, outcome) {
                break;
            }
        }
    });
}

/// A session that lost all of its roles starts nothing any more.
pub(super) fn authorised(ksef: &KsefV1, session: &str) -> Result<(), Exception> {
    ksef.with_store(|store| {
        let session = store.sessions.get(session).ok_or_else(|| Exception::new(21149))?;
        let held = store.people.roles(&session.vector, &session.context);
        if held.is_empty() { Err(Exception::new(21301)) } else { Ok(()) }
    })
}

/// Waits until the session is authenticated.
pub(super) async fn secure(ksef: &KsefV1, session: &str) -> Result<(), Exception> {
    let verdict = ksef
        .with_store(|store| store.sessions.get(session).map(|session| session.verdict.subscribe()));
    let Some(mut verdict) = verdict else { return Err(Exception::new(21149)) };
    match verdict.wait_for(|verdict| *verdict != Verdict::Pending).await.map(|it| it.clone()) {
        Ok(Verdict::Failed(exception)) => Err(exception),
        _ => Ok(()),
    }
}

/// Writes what a step came to; false when it failed.
pub(super) fn reached(
    ksef: &KsefV1,
    reference: &str,
    stage: Stage,
    outcome: Result<Option<Outcome>, Exception>,
) -> bool {
    ksef.with_store(|store| {
        let Some(work) = store.works.get_mut(reference) else { return false };
        match outcome {
            Ok(result) => {
                work.code = stage.success;
                description(stage.success).clone_into(&mut work.description);
                if let Some(result) = result {
                    work.result = result;
                }
                true
            }
            Err(exception) => {
                work.code = stage.failure;
                work.description = exception.in_process();
                false
            }
        }
    })
}

/// The process of an element number, if it is of that kind and of the caller's context.
pub(super) fn find<'a>(
    store: &'a Store,
    caller: &Caller,
    kind: WorkKind,
    reference: &str,
) -> Option<&'a Work> {
    let work = store.works.get(reference)?;
    (work.kind == kind && work.context == caller.context).then_some(work)
}

/// The status of a process.
pub(super) fn status(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let reference = ask.reference(0)?;
    let (kind, absent) = match ask.found.call {
        Call::VisibilityStatus => (WorkKind::Visibility, 21164),
        Call::ScamStatus => (WorkKind::Scam, 21164),
        Call::PaymentStatus => (WorkKind::Payment, 21184),
        Call::CertificateStatus => (WorkKind::Certificate, 21168),
        _ => (WorkKind::Credentials, 21168),
    };
    ask.ksef.with_store(|store| {
        let work = find(store, caller, kind, reference);
        let work = work.ok_or_else(|| Exception::new(absent))?;
        let mut answer = progress(ask, &work.session, reference, work.code, &work.description);
        if let (200, Outcome::Payment(identifier)) = (work.code, &work.result) {
            answer["paymentIdentifier"] = json!(identifier);
        }
        Ok(Reply::json(200, answer))
    })
}

/// The roles of a request, each with its words.
pub(super) fn names(roles: &[(Role, String)]) -> impl Iterator<Item = Role> + '_ {
    roles.iter().map(|(role, _)| *role)
}
