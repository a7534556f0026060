//! What every caller has: a wire, a client on it, and its share of the verdict; and the way in, by
//! hand, step by step.

use std::{sync::Arc, time::Duration};

use common_core::{poll::PollSchedule, secret::SecretString};
use ksef_client::v2::{
    Account, Client, Error, ErrorKind, Unfinished, auth_sessions,
    login::{Authenticated, Credential},
};
use ksef_crypto::{
    keys::LocalSigner,
    number::{ContextIdentifier, ReferenceNumber},
};
use rand::rngs::StdRng;
use sandbox::ksef_v2::{KsefV2, LoginView};
use tokio::time::sleep;
use trial::Failure;

use crate::{
    plan::SETTLED,
    tally::{Row, Verdict},
    wire::{Once, Wire},
};

/// How often anything is tried that may be tried again.
pub(crate) const TRIES: u32 = 40;

/// One caller's place of work.
pub(crate) struct Desk {
    pub(crate) wire: Wire,
    pub(crate) client: Client,
    pub(crate) ksef: KsefV2,
    pub(crate) context: ContextIdentifier,
    pub(crate) way: Way,
    pub(crate) rng: StdRng,
    pub(crate) verdict: Verdict,
}

/// How a caller logs in.
#[derive(Clone)]
pub(crate) enum Way {
    Token(SecretString),
    Signature(Arc<LocalSigner>),
}

impl Way {
    pub(crate) fn credential(&self) -> Credential {
        match self {
            Self::Token(token) => Credential::token(token.clone()),
            Self::Signature(signer) => Credential::Signer(signer.clone()),
        }
    }

    fn row(&self) -> Row {
        match self {
            Self::Token(_) => Row::LoggedInByToken,
            Self::Signature(_) => Row::LoggedInBySignature,
        }
    }
}

/// The schedule of everything that is waited for.
pub(crate) fn quick() -> PollSchedule {
    PollSchedule::new(Duration::from_millis(15), Duration::from_millis(150))
        .within(Duration::from_secs(20))
}

/// What goes wrong on the way, and what may have happened without harm.
pub(crate) fn may_be_tried_again(error: &Error) -> bool {
    // A refusal that was cut off does not say why; the next one will.
    let is_cut = error.problem().is_some() && error.code().is_none();
    is_cut
        || error.is_transient()
        || error.may_have_happened()
        || error.login_failure().is_some_and(may_be_tried_again)
        || matches!(
            error.kind(),
            ErrorKind::NotFinished | ErrorKind::Unreadable | ErrorKind::Unauthenticated
        )
}

impl Desk {
    /// Takes down a failure: its sentence must say what it means, and it must leave a way on.
    pub(crate) fn failed(&mut self, what: &str, error: &Error) -> Result<(), Failure> {
        let says = error.to_string().contains("it may have taken effect");
        if says != error.may_have_happened() || says != error.recovery().is_some() {
            let sentence = format!("{what}: the sentence is not what the error means: {error}");
            self.verdict.untrue(sentence);
        }
        if may_be_tried_again(error) {
            return Ok(());
        }
        Err(format!("{what}: {error:?}").into())
    }

    /// Makes a call that is done once, and holds what is said of it against the wire.
    pub(crate) async fn once<T, E: Says>(
        &self,
        once: Once,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.wire.mean(once);
        let outcome = call.await;
        self.wire.judge(once, outcome.as_ref().map_err(E::error));
        outcome
    }

    /// Reads something until it can be read.
    pub(crate) async fn read<T, F>(
        &mut self,
        what: &str,
        mut read: impl FnMut() -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Error>>,
    {
        for _ in 0..TRIES {
            match read().await {
                Ok(value) => return Ok(value),
                Err(error) => self.failed(what, &error)?,
            }
        }
        Err(format!("{what}: it never came").into())
    }

    /// Logs in by hand, until that has succeeded; ends the logins whose tokens were lost.
    pub(crate) async fn log_in(&mut self) -> Result<Account, Failure> {
        let mut lost = Vec::new();
        for _ in 0..TRIES {
            let Some(authenticated) = self.authenticate().await? else {
                self.verdict.tally.count(Row::LoginFailed);
                continue;
            };
            let Some(account) = self.redeem(authenticated, &mut lost).await? else { continue };
            self.verdict.tally.count(self.way.row());
            for reference in lost {
                self.revoke(&account, reference).await?;
            }
            return Ok(account);
        }
        Err("a login never succeeded".into())
    }

    async fn authenticate(&mut self) -> Result<Option<Authenticated>, Failure> {
        let credential = self.way.credential();
        let login = self.client.login(self.context.clone()).by(&credential);
        let mut started = match self.once(Once::Begin, login).await {
            Ok(started) => started,
            Err(error) => {
                self.failed("a login", &error)?;
                return Ok(None);
            }
        };
        for _ in 0..TRIES {
            match started.wait(&quick()).await {
                Ok(authenticated) => return Ok(Some(authenticated)),
                Err(unfinished) => {
                    self.failed("a login that is waited for", unfinished.error())?;
                    // Broken off by the service: there is nothing more to wait for.
                    if unfinished.error().kind() == ErrorKind::Failed {
                        return Ok(None);
                    }
                    started = unfinished.into_handle();
                }
            }
        }
        Ok(None)
    }

    /// Takes the tokens; an answer that is missing is found out by another try.
    async fn redeem(
        &mut self,
        mut authenticated: Authenticated,
        lost: &mut Vec<ReferenceNumber>,
    ) -> Result<Option<Account>, Failure> {
        let reference = authenticated.reference().clone();
        let mut is_unknown = false;
        for _ in 0..TRIES {
            let given = self.login(&reference)?.redeemed;
            let unfinished = match self.once(Once::Redeem, authenticated.redeem()).await {
                Ok(account) => {
                    if given {
                        self.verdict.duplicated(format!("{reference}: tokens were given twice"));
                    }
                    self.verdict.tally.add(Row::RedeemNotArrived, u64::from(is_unknown));
                    return Ok(Some(account));
                }
                Err(unfinished) => unfinished,
            };
            let error = unfinished.error();
            if error.kind() == ErrorKind::LoginRefused {
                self.tokens_are_lost(reference, is_unknown && given, lost);
                return Ok(None);
            }
            self.failed("a redeeming", error)?;
            is_unknown |= error.may_have_happened();
            sleep(SETTLED).await;
            if !is_unknown && self.login(&reference)?.redeemed {
                self.verdict.untrue(format!("{reference}: redeemed, and certainly not: {error}"));
            }
            authenticated = unfinished.into_handle();
        }
        Ok(None)
    }

    /// The service says that the tokens were given out.
    fn tokens_are_lost(
        &mut self,
        reference: ReferenceNumber,
        is_explained: bool,
        lost: &mut Vec<ReferenceNumber>,
    ) {
        if is_explained {
            self.verdict.tally.count(Row::RedeemLost);
        } else {
            self.verdict.untrue(format!("{reference}: tokens are gone and no answer was missing"));
        }
        lost.push(reference);
    }

    /// What the books say of a login.
    fn login(&self, reference: &ReferenceNumber) -> Result<LoginView, Failure> {
        let logins = self.ksef.logins();
        let found = logins.into_iter().find(|login| login.reference == reference.as_str());
        found.ok_or_else(|| format!("{reference} is a login that the service does not know").into())
    }

    async fn revoke(&mut self, account: &Account, lost: ReferenceNumber) -> Result<(), Failure> {
        let revoke = auth_sessions::Revoke(lost.clone());
        self.read("a revocation", || account.send(&revoke)).await?;
        if self.login(&lost)?.revoked {
            self.verdict.tally.count(Row::LoginRevoked);
        } else {
            self.verdict.untrue(format!("{lost} was said to be ended"));
        }
        Ok(())
    }

    /// The verdict with what the wire has seen.
    pub(crate) fn into_verdict(mut self) -> Verdict {
        for sentence in self.wire.take_sentences(&mut self.verdict.tally) {
            self.verdict.untrue(sentence);
        }
        self.verdict
    }
}

/// A failure, with a handle or without.
pub(crate) trait Says {
    /// Why.
    fn error(&self) -> &Error;
}

impl Says for Error {
    fn error(&self) -> &Error {
        self
    }
}

impl<H> Says for Unfinished<H> {
    fn error(&self) -> &Error {
        Self::error(self)
    }
}
