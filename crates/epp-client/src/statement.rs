//! Statements: reading the daily statement of an account, checking its arithmetic, matching it to orders.
//!
//! The service hands statements out as a zip with one XML or JSON file (source document, section statement-url).
//! Their elements are the ones that public readers of such files agree on (ePP facts §2.4); both forms become one model.
//!
//! * [`Archive`] opens the zip with limits and never uses an entry's name as a path.
//! * [`Statement`] holds a whole statement; [`XmlStatement`] gives the items of an XML statement one by one, in constant
//!   memory, from any [`std::io::BufRead`].
//! * [`Reading`] decides what happens to control characters, lost letters, commas in amounts: refused, or mended and counted
//!   in [`Notes`].
//! * [`Audit`] recomputes balance, counts and sums and gives [`Finding`]s; [`match_orders`] pairs items with payment orders.
//!
//! ```
//! use epp_client::statement::{Reading, Statement};
//!
//! let xml = "<Dokument>
//!   <Zbirni>
//!     <RacunIzvoda>840000000010284941</RacunIzvoda>
//!     <BrNalogaDuguje>1</BrNalogaDuguje><BrNalogaPotrazuje>0</BrNalogaPotrazuje>
//!     <PrethodniSaldo>10.00</PrethodniSaldo><IznosDuguje>3.21</IznosDuguje>
//!     <IznosPotrazuje>0.00</IznosPotrazuje><Saldo>6.80</Saldo>
//!   </Zbirni>
//!   <Stavka>
//!     <RacunZaduzenja>840000000010284941</RacunZaduzenja><IzvorInformacije>1</IzvorInformacije>
//!     <Iznos>3.21</Iznos><VremeIzvrsenja>24.04.2024 13:40:35</VremeIzvrsenja>
//!   </Stavka>
//! </Dokument>";
//! let statement = Statement::from_xml(xml.as_bytes(), Reading::Strict)?;
//! let findings = statement.audit();
//! assert_eq!(
//!     findings[0].to_string(),
//!     "the closing balance should be 6.79 and is stated as 6.80",
//! );
//! # Ok::<(), epp_client::statement::StatementError>(())
//! ```

#[macro_use]
mod fields;

mod amount;
mod archive;
mod audit;
mod error;
mod json;
mod matching;
mod mended;
mod notes;
mod records;
mod xml;

use std::io::BufRead;

use serde::Serialize;

pub use self::{
    archive::{Archive, ArchiveLimits, Entry},
    audit::{Audit, AuditRule, Finding},
    error::{StatementError, StatementErrorKind},
    matching::{Evidence, Matches, OrderKey, OrderMatching, Pair, match_orders},
    notes::{Notes, Reading},
    records::{Header, Item, Side, Summary},
    xml::XmlStatement,
};

/// A whole statement of one account and one day.
///
/// In JSON it is written with the names of the service's own files, so what was written can be read again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Statement {
    /// Who made the statement (`Zaglavlje`).
    #[serde(rename = "Zaglavlje", skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    /// The sums (`Zbirni`).
    #[serde(rename = "Zbirni", skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// The items (`Stavka`), in the order of the file, on which nobody may rely.
    #[serde(rename = "Stavka")]
    pub items: Vec<Item>,
    /// What had to be mended; always clean after strict reading.
    #[serde(skip)]
    pub notes: Notes,
}

impl Statement {
    /// Reads an XML statement.
    pub fn from_xml(xml: impl BufRead, reading: Reading) -> Result<Self, StatementError> {
        let mut stream = XmlStatement::new(xml, reading)?;
        let items = stream.by_ref().collect::<Result<Vec<_>, _>>()?;
        Ok(stream.into_statement(items))
    }

    /// Reads a JSON statement.
    pub fn from_json(json: &[u8], reading: Reading) -> Result<Self, StatementError> {
        json::read(json, reading)
    }

    /// Reads a statement of either form, told apart by the first character that is no blank.
    ///
    /// Fails with [`StatementErrorKind::Shape`] for anything else, a PDF for instance.
    pub fn read(bytes: &[u8], reading: Reading) -> Result<Self, StatementError> {
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        match text.iter().find(|byte| !byte.is_ascii_whitespace() && !byte.is_ascii_control()) {
            Some(b'<') => Self::from_xml(bytes, reading),
            Some(b'{') => Self::from_json(bytes, reading),
            _ => Err(StatementError::shape("", "is neither XML nor JSON")),
        }
    }

    /// What does not add up; empty for a statement in order.
    pub fn audit(&self) -> Vec<Finding> {
        let account = self.summary.as_ref().map(|summary| summary.account.as_str());
        let mut audit = Audit::new(account);
        for item in &self.items {
            audit.add(item);
        }
        audit.finish(self.header.as_ref(), self.summary.as_ref())
    }
}

#[cfg(test)]
mod tests;
