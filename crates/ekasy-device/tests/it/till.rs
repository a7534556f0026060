//! A software till and a hardware one against the sandbox: the device double, the way into the
//! sandbox without sockets, and everything that stands around a register.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use common_core::{clock::Clock, secret::secret_bytes, store::BoxFuture};
use common_http::{Body, BodyStream, Transport, TransportError, TransportErrorKind, VirtualClock};
use common_store::{MemoryStore, SealKey};
use ekasy_device::{
    Client, Environment,
    channel::Wires,
    client::Credentials,
    code::ReadOnlyReason,
    command::QrPrinting,
    device::{Device, DeviceError, DeviceResult, Firmware, FiscalFacts, FiscalWrite},
    fiscalisation::{Fiscalisation, Order, Outcome},
    ident::{FirmwareChecksum, FirmwareVersion, JpkId, SerialNumber, TechnicianId, UniqueNumber},
    jose::{Certificate, SoftwareKey},
    journal::{Document, Engine, Journal, Options as JournalOptions, Schedule},
    packing::{DocumentKind, Frame, FrameError, InfoTable},
    worker::{FrameFacts, Options, Timing},
};
use futures_util::TryStreamExt;
use sandbox::{
    ClientCertificate, Entrance, Sandbox,
    crk::{Kind, Register},
};

/// The morning on which every story begins.
pub(crate) const MORNING: &str = "2026-03-02T06:00:00Z";

/// The taxpayer of the sandbox's registers; invented.
pub(crate) const TAXPAYER: &str = "1234563218";

/// A calm sandbox without sockets.
pub(crate) async fn calm() -> Sandbox {
    start(Sandbox::builder().calm()).await
}

/// A hostile sandbox without sockets.
pub(crate) async fn hostile(seed: u64) -> Sandbox {
    start(Sandbox::builder().seed(seed)).await
}

async fn start(builder: sandbox::Builder) -> Sandbox {
    let builder = builder.without_sockets().starting_at(MORNING.parse().unwrap());
    builder.start().await.unwrap()
}

/// One register of a sandbox, with its store, which outlives its journals.
pub(crate) struct Till {
    pub(crate) register: Register,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) device: Arc<Paper>,
    pub(crate) sandbox: Sandbox,
}

impl Till {
    /// The first register of that kind. To be made right after the sandbox, whose time it shares.
    pub(crate) fn of(sandbox: Sandbox, kind: Kind) -> Self {
        let clock = Arc::new(VirtualClock::starting_at(MORNING.parse().unwrap()));
        let mut registers = sandbox.crk().registers().into_iter();
        let register = registers.find(|register| register.kind == kind).unwrap();
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let device = Arc::new(Paper::new(kind));
        Self { register, clock, store, device, sandbox }
    }

    pub(crate) fn number(&self) -> UniqueNumber {
        self.register.unique_number.parse().unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        self.client_over(
            InProcess::wires(&self.sandbox, &self.register),
            environment(&self.sandbox),
        )
    }

    pub(crate) fn client_over(
        &self,
        connect: impl ekasy_device::channel::Connect + 'static,
        environment: Environment,
    ) -> Client {
        let builder =
            Client::builder(self.number(), environment, connect, credentials(&self.register));
        builder.clock(self.clock.clone()).build().unwrap()
    }

    pub(crate) async fn journal(&self) -> Journal {
        self.journal_in(self.store.clone()).await.unwrap()
    }

    pub(crate) async fn journal_in(
        &self,
        engine: Arc<dyn Engine>,
    ) -> Result<Journal, ekasy_device::journal::JournalError> {
        Journal::open(engine, self.journal_options().lease(hours(24 * 30))).await
    }

    /// A journal with the lease that it has unless somebody says otherwise.
    pub(crate) async fn leased_journal(&self) -> Journal {
        Journal::open(self.store.clone(), self.journal_options()).await.unwrap()
    }

    fn journal_options(&self) -> JournalOptions {
        let key = SealKey::new(1, secret_bytes(vec![7; 32])).unwrap();
        JournalOptions::new(self.number(), "till", key)
    }

    pub(crate) fn order(&self) -> Order {
        let taxpayer = TAXPAYER.parse().unwrap();
        match self.register.kind {
            Kind::Software => Order::software(&self.number(), taxpayer).unwrap(),
            Kind::Hardware => {
                let serial = SerialNumber::parse("WYMYSL-0001").unwrap();
                Order::hardware(serial, taxpayer, TechnicianId::parse("T-1").unwrap())
            }
        }
    }

    pub(crate) fn fiscalisation(&self, journal: Journal) -> Fiscalisation {
        self.fiscalisation_by(journal, self.order())
    }

    pub(crate) fn fiscalisation_by(&self, journal: Journal, order: Order) -> Fiscalisation {
        Fiscalisation::new(self.client(), journal, self.device.clone(), self.options(), order)
    }

    /// A journal of a register that is fiscalised.
    pub(crate) async fn fiscalised(&self) -> Journal {
        let journal = self.journal().await;
        let outcome = self.fiscalisation(journal.clone()).run().await.unwrap();
        assert!(matches!(outcome, Outcome::Fiscalised(_)), "{outcome:?}");
        journal
    }

    pub(crate) fn options(&self) -> Options {
        let short = match self.register.kind {
            Kind::Hardware => InfoTable::hardware(),
            Kind::Software => InfoTable::software(),
        };
        Options::new(frame)
            .short_form(short)
            .timing(Timing::default().renew_lease(Duration::from_secs(3600)))
            .seed(self.sandbox.seed())
    }

    /// The evidence number that the repository gave.
    pub(crate) fn evidence(&self) -> Option<String> {
        self.sandbox.crk().standing(&self.register.unique_number)?.evidence_number
    }

    pub(crate) fn archive(&self) -> sandbox::crk::Archive {
        self.sandbox.crk().archive(&self.register.unique_number)
    }

    #[track_caller]
    pub(crate) fn assert_expected(&self) {
        assert_eq!(self.sandbox.crk().unexpected(), []);
    }
}

pub(crate) fn environment(sandbox: &Sandbox) -> Environment {
    let crk = sandbox.crk();
    Environment::at(crk.cpd_url(), crk.webapi_url(), crk.hub_url()).unwrap()
}

pub(crate) fn credentials(register: &Register) -> Credentials {
    let read = |der: &[u8]| Certificate::from_der(der).unwrap();
    let tls = read(register.tls().certificate_der());
    let encryption = register.encryption();
    let chain = vec![read(encryption.certificate_der()), read(register.producer_der())];
    Credentials::new(tls, SoftwareKey::from_der(encryption.key_der(), chain).unwrap())
}

/// A receipt or another document of that number.
pub(crate) fn document(number: u64, kind: DocumentKind) -> Document {
    let key = match kind {
        DocumentKind::DailyReport => "rapDob",
        _ => "paragon",
    };
    let bytes = format!(
        r#"{{"{key}":{{"JPKID":{number},"pamiecChr":1,"nrDok":{number},"wart":{}}}}}"#,
        number * 7
    );
    Document::new(JpkId::new(number).unwrap(), kind, bytes.into_bytes()).unwrap()
}

/// A register that writes down what it was asked to do.
pub(crate) struct Paper {
    kind: Kind,
    lines: Mutex<Vec<String>>,
    /// Fails while this is not empty, from the end.
    pub(crate) failures: Mutex<Vec<&'static str>>,
}

impl Paper {
    fn new(kind: Kind) -> Self {
        Self { kind, lines: Mutex::default(), failures: Mutex::default() }
    }

    /// What was asked, each thing once: a register does nothing twice.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn write_down(&self, line: String) -> DeviceResult {
        if let Some(failure) = self.failures.lock().unwrap().pop() {
            return Err(DeviceError::new(failure));
        }
        let mut lines = self.lines.lock().unwrap();
        if !lines.contains(&line) {
            lines.push(line);
        }
        Ok(())
    }
}

impl fmt::Debug for Paper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Paper")
    }
}

impl Device for Paper {
    fn write<'a>(
        &'a self,
        write: FiscalWrite,
        facts: &'a FiscalFacts,
    ) -> BoxFuture<'a, DeviceResult> {
        let line = format!("{write:?} {}", facts.evidence_number);
        Box::pin(async move { self.write_down(line) })
    }

    fn issue_report<'a>(
        &'a self,
        id: JpkId,
        facts: &'a FiscalFacts,
    ) -> BoxFuture<'a, DeviceResult<Vec<u8>>> {
        Box::pin(async move {
            self.write_down(format!("report {id}"))?;
            let number = facts.evidence_number.as_str();
            Ok(format!(r#"{{"rapFisk":{{"JPKID":{id},"nrEwid":"{number}"}}}}"#).into_bytes())
        })
    }

    fn take_schedule<'a>(&'a self, schedule: &'a Schedule) -> BoxFuture<'a, DeviceResult> {
        let line = format!("schedule {:?}", schedule.send);
        Box::pin(async move { self.write_down(line) })
    }

    fn print_qr_code(&self, printing: QrPrinting) -> BoxFuture<'_, DeviceResult> {
        Box::pin(async move { self.write_down(format!("qr {printing:?}")) })
    }

    fn become_read_only(&self, reason: ReadOnlyReason) -> BoxFuture<'_, DeviceResult> {
        Box::pin(async move { self.write_down(format!("read-only {reason:?}")) })
    }

    fn firmware(&self) -> Option<Firmware> {
        (self.kind == Kind::Software).then(|| Firmware {
            version: FirmwareVersion::parse("till 1.0").unwrap(),
            checksum: FirmwareChecksum::of_hash(&[7; 32]).unwrap(),
        })
    }
}

/// The way into the sandbox without sockets: a wire to one of its services, with the register's
/// certificate where mutual TLS would show it.
#[derive(Clone)]
pub(crate) struct InProcess {
    entrance: Entrance,
    certificate: Option<ClientCertificate>,
}

impl InProcess {
    pub(crate) fn wires(sandbox: &Sandbox, register: &Register) -> Wires {
        let crk = sandbox.crk();
        let shown = Some(ClientCertificate::new(register.tls().certificate_der()));
        let mutual = |entrance| Self { entrance, certificate: shown.clone() };
        let hub = Self { entrance: crk.hub_service(), certificate: None };
        Wires::new(mutual(crk.cpd_service()), mutual(crk.webapi_service()), hub)
    }

    /// A wire that shows no certificate.
    pub(crate) fn bare(entrance: Entrance) -> Self {
        Self { entrance, certificate: None }
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl Transport for InProcess {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        Box::pin(async move {
            let interrupted = || TransportError::new(TransportErrorKind::Interrupted);
            tokio::task::yield_now().await;
            let mut request = request.map(|body| axum::body::Body::from(whole(body)));
            if let Some(certificate) = &self.certificate {
                request.extensions_mut().insert(certificate.clone());
            }
            let answer = self.entrance.send(request).await.map_err(|_| interrupted())?;
            tokio::task::yield_now().await;
            Ok(answer.map(|body| {
                let pieces = body.into_data_stream();
                BodyStream::stream(pieces.map_err(move |_: axum::Error| interrupted()))
            }))
        })
    }
}

fn whole(body: Body) -> Bytes {
    match body {
        Body::Bytes(bytes) => bytes,
        Body::File(_) => panic!("this client sends no files"),
    }
}

/// What stands around the documents of a shipment.
fn frame(facts: &FrameFacts<'_>) -> Result<Frame, FrameError> {
    let header = format!(
        r#"{{"wersja":"JPK_KASA_v2-0","dataJPK":"{}"}}"#,
        facts.now.format("%Y-%m-%dT%H:%M:%S.%3fZ")
    );
    let evidence = facts.evidence_number.map_or("", |number| number.as_str());
    let subject = format!(
        r#"{{"NIP":"{TAXPAYER}","nrUnik":"{}","nrEwid":"{evidence}"}}"#,
        facts.unique_number
    );
    Frame::new(&header, &subject)
}

/// Time on the till's clock.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

pub(crate) fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

/// What the till's clock shows.
pub(crate) fn now(till: &Till) -> chrono::DateTime<chrono::Utc> {
    till.clock.now()
}
