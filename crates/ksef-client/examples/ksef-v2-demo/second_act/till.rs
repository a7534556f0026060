//! The till of the bakery: a process that issues invoices, puts them into its outbox and carries them
//! to KSeF. It knows nothing of the act; what it says is for whoever chooses the moment to kill it.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

use common_core::{poll::PollSchedule, retry::RetryPolicy, store::Position};
use common_http::VirtualClock;
use common_store::SqliteStore;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ksef_client::{
    check::Profile,
    v2::{
        Client, DurableError, Environment,
        latarnia::{Latarnia, Site},
        offline::polish_day,
        outbox::{CarrierOptions, Outbox, Step},
    },
};
use tokio::time::sleep;

use super::{
    papers,
    process::{DONE, Shift},
    series::Series,
};
use crate::{Outcome, invoices::BAKER, people};

/// The word that starts it, the file of its store and the name of its outbox.
pub(crate) const PART: &str = "--till";
pub(crate) const STORE: &str = "till.db";
pub(crate) const NAME: &str = "piekarnia";

/// The folder of what it printed: a file with both codes of an invoice.
pub(crate) const PRINTED: &str = "printed";

/// What it says: everything is put in; nothing is sent, because Latarnia says so; KSeF was not
/// reached.
pub(crate) const PUT: &str = "put";
pub(crate) const RESTED: &str = "rested";
pub(crate) const FAILED: &str = "failed";

/// So many invoices go into a package, and so few do not make one.
pub(crate) const PACKAGE: usize = 1_000;
const NO_PACKAGE: usize = 100;

/// Calls to the store that are under way at a time; it commits them together.
const AT_A_TIME: usize = 64;

const PAUSE: Duration = Duration::from_millis(50);

pub(crate) async fn work(folder: &Path, shift: Shift<'_>) -> Outcome {
    let clock = Arc::new(VirtualClock::starting_at(shift.now));
    let store = SqliteStore::open_with_clock(folder.join(STORE), clock.clone())?;
    let outbox = Outbox::new(Arc::new(store), NAME)?
        .checked(Profile::at(&Environment::Test).accepted_on(polish_day(shift.now)))
        .sealed(papers::seal(folder)?);
    if let Some(series) = shift.series {
        issue(folder, series, &outbox).await?;
    }
    say(PUT)?;

    let (client, context) = (client(&shift, clock)?, people::context(BAKER)?);
    let account = client.account(context).credential(papers::credential(folder)?).build();
    let files = folder.join("packages");
    fs::create_dir_all(&files)?;
    let options = CarrierOptions::new("till").patience(patience()).pause(PAUSE);
    let options = options.batches(files, NO_PACKAGE, PACKAGE);
    let latarnia = Latarnia::builder(Site::at(&shift.latarnia)?).retry(retry()).build()?;
    let carrier = outbox.carrier(account, options).heeding(latarnia);
    loop {
        match carrier.step().await {
            Ok(Step::Carried { decided: 1.., .. }) => continue,
            Ok(Step::Idle) if outbox.waiting(Position::START, 1).await?.is_empty() => {
                return say(DONE);
            }
            Ok(Step::Resting(_)) => say(RESTED)?,
            Ok(_) => {}
            Err(error) if error.is_transient() => say(FAILED)?,
            Err(error) => return Err(error.into()),
        }
        sleep(PAUSE).await;
    }
}

/// Issues what there is to issue. After a restart it does so again: what was put in stays as it is,
/// and so is what was printed, whose codes the outbox gives once more.
async fn issue(folder: &Path, series: Series<'_>, outbox: &Outbox) -> Outcome {
    let printed = folder.join(PRINTED);
    fs::create_dir_all(&printed)?;
    let issuer = &papers::issuer(folder)?;
    let issuing = stream::iter(series.invoices()).map(|invoice| async {
        let (name, draft) = (invoice.name.clone(), series.draft(invoice));
        if series.mode.is_none() {
            outbox.put(&draft).await?;
            return Ok::<_, DurableError>(None);
        }
        Ok(Some((name, outbox.issue(&draft, issuer).await?.codes)))
    });
    let mut done = issuing.buffered(AT_A_TIME);
    while let Some(codes) = done.try_next().await? {
        let Some((name, codes)) = codes else { continue };
        let paper = printed.join(name);
        if !paper.exists() {
            fs::write(paper, format!("{}\n{}\n", codes.invoice, codes.certificate))?;
        }
    }
    Ok(())
}

/// A client that lives by the clock of the act and does not wait long.
pub(crate) fn client(shift: &Shift<'_>, clock: Arc<VirtualClock>) -> Outcome<Client> {
    let environment = Environment::at(&shift.api)?;
    Ok(Client::builder(environment).clock(clock).unlimited().retry(retry()).build()?)
}

fn retry() -> RetryPolicy {
    RetryPolicy::default().attempts(2).cap(Duration::from_millis(50))
}

/// The double needs milliseconds; whoever waits for a package that lacks something goes on soon.
pub(crate) fn patience() -> PollSchedule {
    PollSchedule::new(Duration::from_millis(20), Duration::from_millis(100))
        .within(Duration::from_secs(30))
}

pub(crate) fn say(word: &str) -> Outcome {
    let mut out = io::stdout().lock();
    writeln!(out, "{word}")?;
    Ok(out.flush()?)
}
