//! A register for campaigns and scenes: what it is asked for it notes, line by line, and its
//! documents follow from a seed and their numbers, so that a judge can make them again.

use std::{fmt, sync::Arc};

use common_core::store::BoxFuture;
use ekasy_device::{
    client::Credentials,
    code::ReadOnlyReason,
    command::QrPrinting,
    device::{Device, DeviceResult, Firmware, FiscalFacts, FiscalWrite},
    fiscalisation::Order,
    ident::{
        FirmwareChecksum, FirmwareVersion, JpkId, JpkRange, SerialNumber, TechnicianId,
        UniqueNumber,
    },
    jose::{Certificate, SoftwareKey},
    journal::{Document, Journalled, Schedule},
    packing::{DocumentKind, Frame, FrameError, InfoTable, Limits},
    worker::{FrameFacts, Options, Timing},
};
use trial::Failure;

/// The taxpayer of the sandbox's registers; invented.
pub(crate) const TAXPAYER: &str = "1234563218";

/// Takes a line about something that the register did; durable when it returns.
pub(crate) type Note = Arc<dyn Fn(String) -> DeviceResult + Send + Sync>;

/// What a register is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Make {
    Hardware,
    Software,
}

/// The register's own side.
pub(crate) struct Till {
    make: Make,
    note: Note,
}

impl Till {
    pub(crate) fn new(make: Make, note: Note) -> Self {
        Self { make, note }
    }

    fn done(&self, line: String) -> BoxFuture<'_, DeviceResult> {
        Box::pin(async move { (self.note)(line) })
    }
}

impl fmt::Debug for Till {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Till({:?})", self.make)
    }
}

impl Device for Till {
    fn write<'a>(
        &'a self,
        write: FiscalWrite,
        facts: &'a FiscalFacts,
    ) -> BoxFuture<'a, DeviceResult> {
        self.done(format!("write {write:?} {}", facts.evidence_number))
    }

    fn issue_report<'a>(
        &'a self,
        id: JpkId,
        facts: &'a FiscalFacts,
    ) -> BoxFuture<'a, DeviceResult<Vec<u8>>> {
        Box::pin(async move {
            (self.note)(format!("report {id}"))?;
            Ok(fiscalisation_report(id, facts.evidence_number.as_str()))
        })
    }

    fn take_schedule<'a>(&'a self, schedule: &'a Schedule) -> BoxFuture<'a, DeviceResult> {
        self.done(format!("schedule {:?}", schedule.send))
    }

    fn print_qr_code(&self, printing: QrPrinting) -> BoxFuture<'_, DeviceResult> {
        self.done(format!("qr {printing:?}"))
    }

    fn become_read_only(&self, reason: ReadOnlyReason) -> BoxFuture<'_, DeviceResult> {
        self.done(format!("read-only {reason:?}"))
    }

    fn firmware(&self) -> Option<Firmware> {
        let version = FirmwareVersion::parse("till 1.0").ok()?;
        let checksum = FirmwareChecksum::of_hash(&[7; 32]).ok()?;
        (self.make == Make::Software).then_some(Firmware { version, checksum })
    }
}

/// The report that a fiscalisation ends with.
pub(crate) fn fiscalisation_report(id: JpkId, evidence: &str) -> Vec<u8> {
    format!(r#"{{"rapFisk":{{"JPKID":{id},"nrEwid":"{evidence}"}}}}"#).into_bytes()
}

/// What a register of this seed produces under that number: mostly receipts, now and then a daily
/// report, a receipt that is too large for one request, or two numbers without a document.
pub(crate) fn entry(seed: u64, number: u64) -> Result<Journalled, Failure> {
    let id = JpkId::new(number)?;
    if is_in_gap(number) {
        return Ok(Journalled::Gap(JpkRange::new(id, JpkId::new(number + 1)?)?));
    }
    let (kind, member) = match number {
        _ if number.is_multiple_of(11) => (DocumentKind::DailyReport, "rapDob"),
        _ if number.is_multiple_of(7) => (DocumentKind::NonFiscalPrint, "wydrNiefisk"),
        _ if number.is_multiple_of(5) => (DocumentKind::CancelledReceipt, "paragonAnul"),
        _ => (DocumentKind::Receipt, "paragon"),
    };
    let length = if number % 19 == seed % 19 { 14_000 } else { 40 + (number * 37) % 300 };
    let text = noise(seed.wrapping_mul(1_000_003) ^ number, length);
    let value = (seed * 31 + number * 7) % 100_000;
    let bytes = format!(
        r#"{{"{member}":{{"JPKID":{number},"pamiecChr":1,"nrDok":{number},"wart":{value},"opis":"{text}"}}}}"#
    );
    Ok(Journalled::Document(Document::new(id, kind, bytes.into_bytes())?))
}

/// Whether there is no document under that number: gaps are two numbers long.
pub(crate) fn is_in_gap(number: u64) -> bool {
    number > 1 && number % 23 < 2
}

/// Text that compresses badly.
fn noise(start: u64, length: u64) -> String {
    let mut state = start;
    let letters = (0..length).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from_u32(u32::from(b'a') + u32::try_from((state >> 33) % 26).unwrap_or_default())
    });
    letters.map(Option::unwrap_or_default).collect()
}

/// Who is fiscalised for whom.
pub(crate) fn order(make: Make, number: &UniqueNumber) -> Result<Order, Failure> {
    let taxpayer = TAXPAYER.parse()?;
    Ok(match make {
        Make::Software => Order::software(number, taxpayer)?,
        Make::Hardware => {
            let serial = SerialNumber::parse("WYMYSL-0001")?;
            Order::hardware(serial, taxpayer, TechnicianId::parse("T-1")?)
        }
    })
}

/// Small requests, so that few documents make several packages and some documents come in parts.
pub(crate) fn options(make: Make, seed: u64) -> Options {
    let short = match make {
        Make::Hardware => InfoTable::hardware(),
        Make::Software => InfoTable::software(),
    };
    let limits = Limits::default().request(12_000);
    Options::new(frame).short_form(short).limits(limits).seed(seed)
}

/// The same on virtual time, where a lease lasts long and is renewed rarely.
pub(crate) fn slow_options(make: Make, seed: u64) -> Options {
    let hour = std::time::Duration::from_secs(3600);
    options(make, seed).timing(Timing::default().renew_lease(hour))
}

/// What stands around the documents of a shipment.
fn frame(facts: &FrameFacts<'_>) -> Result<Frame, FrameError> {
    let evidence = facts.evidence_number.map_or("", |number| number.as_str());
    let header = format!(r#"{{"wersja":"JPK_KASA_v2-0","dataJPK":"{}"}}"#, facts.now.to_rfc3339());
    let number = facts.unique_number;
    let subject = format!(r#"{{"NIP":"{TAXPAYER}","nrUnik":"{number}","nrEwid":"{evidence}"}}"#);
    Frame::new(&header, &subject)
}

/// What the producer gave the register: certificates and keys in DER form.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) tls: &'a [u8],
    pub(crate) encryption: &'a [u8],
    pub(crate) key: &'a [u8],
    pub(crate) producer: &'a [u8],
}

pub(crate) fn credentials(given: Given<'_>) -> Result<Credentials, Failure> {
    let tls = Certificate::from_der(given.tls)?;
    let chain =
        vec![Certificate::from_der(given.encryption)?, Certificate::from_der(given.producer)?];
    Ok(Credentials::new(tls, SoftwareKey::from_der(given.key, chain)?))
}
