//! A register for campaigns and scenes: what it is asked for it notes, line by line.

use std::{fmt, sync::Arc};

use common_core::store::BoxFuture;
use ekasy_device::{
    client::Credentials,
    code::ReadOnlyReason,
    command::QrPrinting,
    device::{Device, DeviceResult, Firmware, FiscalFacts, FiscalWrite},
    fiscalisation::Order,
    ident::{FirmwareChecksum, FirmwareVersion, JpkId, SerialNumber, TechnicianId, UniqueNumber},
    jose::{Certificate, SoftwareKey},
    journal::Schedule,
    packing::{Frame, FrameError},
    worker::FrameFacts,
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

/// What stands around the documents of a shipment.
pub(crate) fn frame(facts: &FrameFacts<'_>) -> Result<Frame, FrameError> {
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
