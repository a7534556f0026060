//! A rehearsal: everything that can be found out without changing anything at the repository.

use super::{Fiscalisation, FiscalisationError, Order};
use crate::{Client, Error, ident::CommandKind, jose::Certificate, journal::Pins};

/// What a rehearsal found.
#[derive(Debug, Default)]
pub struct Rehearsal {
    objections: Vec<Objection>,
}

/// Why a fiscalisation would fail.
#[derive(Debug)]
#[non_exhaustive]
pub enum Objection {
    /// The CPD server cannot be reached, or does not know the register.
    Cpd(Error),
    /// The repository's certificates cannot be used.
    Keys(Box<dyn std::error::Error + Send + Sync>),
    /// A certificate of the register carries another unique number (B10).
    OtherNumber(&'static str),
    /// A certificate of the register is not valid now.
    NotValid(&'static str),
    /// The certificate of a register in software does not carry the taxpayer (B11).
    OtherTaxpayer,
    /// The signer has no certificate to be encrypted for.
    NoCertificate,
    /// The taxpayer's number fails its check digit (status 4).
    TaxpayerChecksum,
    /// A register in software names no program (row 2).
    NoProgram,
    /// Identifiers lie too far ahead of the clock; what to do,
    /// [`Outcome::Clock`](super::Outcome::Clock) says.
    Clock,
    /// The journal holds documents of an earlier life already.
    UsedJournal,
}

impl Rehearsal {
    /// Why a fiscalisation would fail; empty when nothing speaks against it.
    pub fn objections(&self) -> &[Objection] {
        &self.objections
    }
}

impl Fiscalisation {
    /// A dry run: CMD11 and CMD07, which change nothing, and everything that can be looked at
    /// here. Nothing is journalled but the identifiers of the two commands.
    ///
    /// CMD10 is left out, since the repository remembers its verdict.
    ///
    /// # Errors
    ///
    /// [`FiscalisationError`] when the journal fails.
    pub async fn rehearse(&self) -> Result<Rehearsal, FiscalisationError> {
        let (client, journal, device, order) = self.parts();
        let failed =
            |error: crate::journal::JournalError| FiscalisationError::new(None, error.into());
        let mut objections = certificates(client, order);
        if order.is_software() && device.firmware().is_none() {
            objections.push(Objection::NoProgram);
        }
        if !order.taxpayer().checksum_ok() {
            objections.push(Objection::TaxpayerChecksum);
        }
        let now = client.clock().now();
        let test = journal.next_command_id(CommandKind::TestCpd, now).await.map_err(failed)?;
        let request = order.request(test.clone());
        if !request.fits_clock(now) {
            objections.push(Objection::Clock);
        }
        let is_begun = journal.registration().await.map_err(failed)?.fiscalisation.is_some();
        let is_used = journal.progress().await.map_err(failed)?.journalled.is_some();
        if is_used && !is_begun {
            objections.push(Objection::UsedJournal);
        }
        if let Err(error) = client.test(test).await {
            objections.push(Objection::Cpd(error));
        }
        let keys = journal.next_command_id(CommandKind::RepositoryKeys, now).await;
        match client.fetch_keys(keys.map_err(failed)?).await {
            Ok(keys) => {
                // Whether they can be used is found out without using them.
                if let Err(error) = client.read_pins(&Pins::from(keys)) {
                    objections.push(Objection::Keys(error.into()));
                }
            }
            Err(error) => objections.push(Objection::Cpd(error)),
        }
        Ok(Rehearsal { objections })
    }
}

fn certificates(client: &Client, order: &Order) -> Vec<Objection> {
    let mut objections = Vec::new();
    let now = client.clock().now();
    let credentials = client.credentials();
    let tls = ("the register's TLS certificate", Some(credentials.tls()));
    let encryption = ("the register's encryption certificate", credentials.encryption());
    for (name, certificate) in [tls, encryption] {
        let Some(certificate) = certificate else {
            objections.push(Objection::NoCertificate);
            continue;
        };
        if certificate.common_name() != Some(client.unique_number().as_str()) {
            objections.push(Objection::OtherNumber(name));
        }
        if !certificate.is_valid_at(now) {
            objections.push(Objection::NotValid(name));
        }
    }
    if order.is_software() && !carries(credentials.tls(), order.taxpayer().as_str()) {
        objections.push(Objection::OtherTaxpayer);
    }
    objections
}

/// Where the certificate carries the taxpayer is not known, so any text of the subject will do
/// (CRK facts §1.1).
fn carries(certificate: &Certificate, taxpayer: &str) -> bool {
    certificate.subject_texts().any(|text| text.contains(taxpayer))
}
