//! Which command of the CPD server may answer which code (source document, sections 2.4.1 to
//! 2.4.9).

use super::CpdCode::{
    self, Broker, Certificate, CommandIdOrHeader, Database, ForeignUniqueNumber, General,
    InputMessage, NoCertificates, NoRepositoryCertificates, NotFiscalised, NotStarted,
    ProgramNotVerified, ServiceBus, TaxpayerOfCertificate, Technician, UnknownRegister,
    WrongCommand,
};

/// What the document tells of the errors of one command of the CPD server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Documented {
    /// Name of the endpoint, as in errors: `cpd.fiscalise`.
    pub endpoint: &'static str,
    /// Number of the command, as `CMD09`.
    pub command: &'static str,
    /// The codes that the section of the command lists.
    pub codes: &'static [CpdCode],
    /// Whether the certificate of the connection must be the one of the register in the command
    /// identifier (B10 otherwise). For CMD16 the certificate alone says which register asks.
    pub certificate_must_match: bool,
}

const fn row(
    endpoint: &'static str,
    command: &'static str,
    codes: &'static [CpdCode],
) -> Documented {
    // The certificate is held against the number exactly where the table lists B10.
    let mut index = 0;
    let mut certificate_must_match = false;
    while index < codes.len() {
        certificate_must_match |= matches!(codes[index], Certificate);
        index += 1;
    }
    Documented { endpoint, command, codes, certificate_must_match }
}

#[rustfmt::skip] // One row per command, as the source has one table per command.
const ALL: &[Documented] = &[
    row("cpd.fetch_keys", "CMD07", &[WrongCommand, NoRepositoryCertificates, ForeignUniqueNumber, CommandIdOrHeader, InputMessage, Database, General, Broker]),
    row("cpd.send_certificates", "CMD08", &[WrongCommand, ForeignUniqueNumber, Certificate, TaxpayerOfCertificate, CommandIdOrHeader, InputMessage, Database, General, Broker, ServiceBus]),
    row("cpd.fiscalise", "CMD09", &[WrongCommand, ForeignUniqueNumber, Technician, NoCertificates, Certificate, TaxpayerOfCertificate, ProgramNotVerified, CommandIdOrHeader, InputMessage, Database, General, Broker]),
    row("cpd.check_firmware", "CMD10", &[WrongCommand, ForeignUniqueNumber, Certificate, CommandIdOrHeader, InputMessage, Database, General, Broker]),
    row("cpd.test", "CMD11", &[WrongCommand, ForeignUniqueNumber, CommandIdOrHeader, InputMessage, Database, General, Broker]),
    row("cpd.fetch_state", "CMD12", &[WrongCommand, ForeignUniqueNumber, UnknownRegister, Certificate, CommandIdOrHeader, InputMessage, Database, General, Broker]),
    row("cpd.finish_fiscalisation", "CMD14", &[WrongCommand, ForeignUniqueNumber, NotStarted, Certificate, CommandIdOrHeader, InputMessage, Database, General, Broker, ServiceBus]),
    row("cpd.enter_read_only", "CMD15", &[WrongCommand, ForeignUniqueNumber, NotFiscalised, Certificate, CommandIdOrHeader, InputMessage, Database, General, Broker]),
    row("cpd.fetch_shared_keys", "CMD16", &[General]),
];

impl Documented {
    /// Every command of the CPD server, in the document's order.
    pub const ALL: &'static [Self] = ALL;
}

/// What the document tells of the errors of the endpoint with that name; `None` for endpoints of
/// the other channels.
///
/// A server may answer any code of the common list; this table is for those who want to be told
/// of a surprise.
///
/// ```
/// use ekasy_device::code::{CpdCode, documented};
///
/// let state = documented("cpd.fetch_state").ok_or("no such command")?;
/// assert!(state.codes.contains(&CpdCode::UnknownRegister));
/// assert!(state.certificate_must_match);
/// assert_eq!(documented("web_api.ping"), None);
/// # Ok::<(), &str>(())
/// ```
pub fn documented(endpoint: &str) -> Option<Documented> {
    Documented::ALL.iter().find(|row| row.endpoint == endpoint).copied()
}
