//! A register in software that does what it is asked, and its way into the sandbox.

use std::fmt;

use common_core::store::BoxFuture;
use common_http::{Body, BodyStream, Transport, TransportError, TransportErrorKind};
use ekasy_device::{
    channel::Wires,
    client::Credentials,
    code::ReadOnlyReason,
    command::QrPrinting,
    device::{Device, DeviceError, DeviceResult, Firmware, FiscalFacts, FiscalWrite},
    ident::{FirmwareChecksum, FirmwareVersion, JpkId},
    jose::{Certificate, SoftwareKey},
    journal::{Document, Schedule},
    packing::{DocumentKind, Frame, FrameError},
    worker::FrameFacts,
};
use futures_util::TryStreamExt;
use sandbox::{
    ClientCertificate, Entrance,
    crk::{Crk, Register},
};

use crate::Fallible;

/// Its memories are of no interest here.
#[derive(Debug)]
pub(crate) struct SoftwareRegister;

fn done<'a>() -> BoxFuture<'a, DeviceResult> {
    Box::pin(async { Ok(()) })
}

impl Device for SoftwareRegister {
    fn write<'a>(&'a self, _: FiscalWrite, _: &'a FiscalFacts) -> BoxFuture<'a, DeviceResult> {
        done()
    }

    fn issue_report<'a>(
        &'a self,
        id: JpkId,
        facts: &'a FiscalFacts,
    ) -> BoxFuture<'a, DeviceResult<Vec<u8>>> {
        let number = facts.evidence_number.as_str();
        let report = format!(r#"{{"rapFisk":{{"JPKID":{id},"nrEwid":"{number}"}}}}"#);
        Box::pin(async move { Ok(report.into_bytes()) })
    }

    fn take_schedule<'a>(&'a self, _: &'a Schedule) -> BoxFuture<'a, DeviceResult> {
        done()
    }

    fn print_qr_code(&self, _: QrPrinting) -> BoxFuture<'_, DeviceResult> {
        done()
    }

    fn become_read_only(&self, _: ReadOnlyReason) -> BoxFuture<'_, DeviceResult> {
        Box::pin(async { Err(DeviceError::new("this register trades on")) })
    }

    fn firmware(&self) -> Option<Firmware> {
        let version = FirmwareVersion::parse("year 1.0").ok()?;
        Some(Firmware { version, checksum: FirmwareChecksum::of_hash(&[7; 32]).ok()? })
    }
}

/// A receipt of two lines, of the size that receipts have.
pub(crate) fn document(number: u64) -> Fallible<Document> {
    let (one, other) = (100 + number % 900, 250 + number % 700);
    let total = one * 2 + other;
    let bytes = format!(
        r#"{{"paragon":{{"JPKID":{number},"pamiecChr":1,"nrDok":{number},"pozycja":[{{"towar":{{"nazwa":"CHLEB A","ilosc":"2","cena":{one},"brutto":{},"idStPTU":"A","oper":false}}}},{{"towar":{{"nazwa":"MLEKO B","ilosc":"1","cena":{other},"brutto":{other},"idStPTU":"B","oper":false}}}}],"stPTU":[{{"id":"A","wart":2300}},{{"id":"B","wart":800}}],"podsum":{{"sumaBrutto":{total},"waluta":"PLN"}},"total":{{"zaplZwrot":{total}}},"platnosc":[{{"forma":"1","wart":{total}}}],"nrParag":{},"nrKasy":"1","kasjer":"KASJER"}}}}"#,
        one * 2,
        number % 3000
    );
    Ok(Document::new(JpkId::new(number)?, DocumentKind::Receipt, bytes.into_bytes())?)
}

/// A daily report.
pub(crate) fn report(number: u64) -> Fallible<Document> {
    let bytes = format!(
        r#"{{"rapDob":{{"JPKID":{number},"pamiecChr":1,"nrDok":{number},"waluta":"PLN"}}}}"#
    );
    Ok(Document::new(JpkId::new(number)?, DocumentKind::DailyReport, bytes.into_bytes())?)
}

/// What stands around the documents of a shipment.
pub(crate) fn frame(nip: &str, facts: &FrameFacts<'_>) -> Result<Frame, FrameError> {
    let evidence = facts.evidence_number.map_or("", |number| number.as_str());
    let number = facts.unique_number;
    let header = format!(r#"{{"wersja":"JPK_KASA_v2-0","dataJPK":"{}"}}"#, facts.now.to_rfc3339());
    let subject = format!(r#"{{"NIP":"{nip}","nrUnik":"{number}","nrEwid":"{evidence}"}}"#);
    Frame::new(&header, &subject)
}

pub(crate) fn credentials(register: &Register) -> Fallible<Credentials> {
    let tls = Certificate::from_der(register.tls().certificate_der())?;
    let own = register.encryption();
    let chain = vec![
        Certificate::from_der(own.certificate_der())?,
        Certificate::from_der(register.producer_der())?,
    ];
    Ok(Credentials::new(tls, SoftwareKey::from_der(own.key_der(), chain)?))
}

/// The way into the sandbox without sockets.
pub(crate) fn wires(crk: &Crk, register: &Register) -> Wires {
    let shown = ClientCertificate::new(register.tls().certificate_der());
    let mutual = |entrance| InProcess { entrance, shown: Some(shown.clone()) };
    let hub = InProcess { entrance: crk.hub_service(), shown: None };
    Wires::new(mutual(crk.cpd_service()), mutual(crk.webapi_service()), hub)
}

struct InProcess {
    entrance: Entrance,
    shown: Option<ClientCertificate>,
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
            let (mut parts, body) = request.into_parts();
            let Body::Bytes(body) = body else {
                return Err(TransportError::new(TransportErrorKind::Request));
            };
            if let Some(shown) = &self.shown {
                parts.extensions.insert(shown.clone());
            }
            let request = http::Request::from_parts(parts, axum::body::Body::from(body));
            let interrupted = || TransportError::new(TransportErrorKind::Interrupted);
            let answer = self.entrance.send(request).await.map_err(|_| interrupted())?;
            Ok(answer.map(|body| {
                let pieces = body.into_data_stream();
                BodyStream::stream(pieces.map_err(move |_: axum::Error| interrupted()))
            }))
        })
    }
}
