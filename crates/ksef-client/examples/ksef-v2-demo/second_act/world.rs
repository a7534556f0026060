//! The rest of the world: the double of KSeF, the calendar, and the folder of the processes.

use std::{path::Path, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use common_core::store::Store;
use common_http::VirtualClock;
use common_store::SqliteStore;
use http::Method;
use ksef_client::v2::{Account, Client, Environment, inbox::Inbox, outbox::Outbox};
use sandbox::{
    Sandbox,
    fault::{Fault, Rule, Turn},
    ksef_v2::{KsefV2, Limits},
};
use tempfile::TempDir;
use tokio::time::{self, Instant, sleep, timeout};

use super::{
    papers,
    process::{Process, Shift},
    series::Series,
    till, warehouse,
};
use crate::{Outcome, invoices::BAKER, people};

/// What is waited for in the double's books has to come within that time.
const LONGEST: Duration = Duration::from_secs(180);

/// The line between the bakery and the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Works,
    IsCut,
}

/// Everything but the processes.
pub(crate) struct World {
    sandbox: Sandbox,
    /// When the act begins on the calendar, and on the clock behind it.
    start: (DateTime<Utc>, Instant),
    folder: TempDir,
    baker: Account,
}

impl World {
    /// A Tuesday morning; the bakery has its papers.
    pub(crate) async fn begin() -> Outcome<Self> {
        let start = super::days::TUESDAY.parse()?;
        let zero = Instant::now();
        let sandbox = Sandbox::builder().calm().starting_at(start).start().await?;
        let ksef = sandbox.ksef_v2();
        ksef.set_limits(Limits::none());
        let folder = tempfile::tempdir()?;
        let environment = Environment::at(&ksef.base_url())?;
        let clock = Arc::new(VirtualClock::starting_at(start));
        let client = Client::builder(environment).clock(clock).unlimited().build()?;
        people::create_baker(&client).await?;
        papers::fetch(&people::baker(&client).await?, folder.path()).await?;
        let credential = papers::credential(folder.path())?;
        let baker = client.account(people::context(BAKER)?).credential(credential).build();
        Ok(Self { sandbox, start: (start, zero), folder, baker })
    }

    pub(crate) fn ksef(&self) -> &KsefV2 {
        self.sandbox.ksef_v2()
    }

    /// The baker, who looks at what KSeF has.
    pub(crate) fn baker(&self) -> &Account {
        &self.baker
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.start.0 + self.start.1.elapsed()
    }

    /// Moves the calendar of the double forward to that moment.
    pub(crate) async fn move_to(&self, moment: &str) -> Outcome {
        let moment: DateTime<Utc> = moment.parse()?;
        let by = (moment - self.now()).to_std().map_err(|_| "the calendar moves only forward")?;
        time::pause();
        time::advance(by).await;
        time::resume();
        Ok(())
    }

    /// The outbox of the bakery and the inbox of the wholesaler, as they are on the disk.
    pub(crate) fn boxes(&self) -> Outcome<(Outbox, Inbox)> {
        let open = |file| -> Outcome<Arc<dyn Store>> {
            Ok(Arc::new(SqliteStore::open(self.folder().join(file))?))
        };
        Ok((
            Outbox::new(open(till::STORE)?, till::NAME)?,
            Inbox::new(open(warehouse::STORE)?, warehouse::NAME)?,
        ))
    }

    /// Starts the till.
    pub(crate) fn open_till(&self, series: Option<Series<'_>>, line: Line) -> Outcome<Process> {
        Process::start(till::PART, self.folder(), &self.shift(series, line)?)
    }

    /// Starts the warehouse.
    pub(crate) fn open_warehouse(&self) -> Outcome<Process> {
        Process::start(warehouse::PART, self.folder(), &self.shift(None, Line::Works)?)
    }

    fn shift<'a>(&self, series: Option<Series<'a>>, line: Line) -> Outcome<Shift<'a>> {
        let [api, latarnia] = match line {
            Line::Works => [self.ksef().base_url(), self.ksef().latarnia_url()],
            Line::IsCut => {
                // Nobody listens where somebody did a moment ago.
                let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
                [format!("http://{nobody}/v2"), format!("http://{nobody}/latarnia")]
            }
        };
        Ok(Shift { now: self.now(), api, latarnia, series })
    }

    /// Lets something happen to the request of that number among those of that method and path.
    pub(crate) fn disturb(&self, method: &Method, path: &str, nth: u64, fault: Fault) {
        self.ksef().faults().push(Rule::new(fault).on(method, path).turn(Turn::Nth(nth)));
    }

    /// Lets every call of the interface fail.
    pub(crate) fn break_down(&self) {
        for (method, path) in sandbox::ksef_v2::routes() {
            let fault = Fault::Reply { status: 503, retry_after: None };
            self.ksef().faults().push(Rule::new(fault).on(&method, path));
        }
    }

    /// Waits until the double's books are so.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&KsefV2) -> bool) -> Outcome {
        let looking = async {
            while !is_so(self.ksef()) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(LONGEST, looking).await.map_err(|_| format!("it never came to that: {what}"))?;
        Ok(())
    }

    pub(crate) async fn end(self) -> Outcome {
        Ok(self.sandbox.shutdown().await?)
    }
}

/// Fails with that sentence when it is not so.
pub(crate) fn ensure(is_so: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if is_so { Ok(()) } else { Err(otherwise().into()) }
}
