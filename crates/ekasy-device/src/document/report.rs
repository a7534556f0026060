//! Daily reports (`rapDob`), as seen in one public source (CRK facts §2.1). Not the authority's
//! schema.

use serde::{Deserialize, Serialize};

use super::{DocumentSeal, Grosze, TaxRate};
use crate::ident::JpkId;

/// A daily report (`rapDob`).
///
/// A typed view: fields that were never seen, such as the sales by invoice that must exist, are
/// not here, but stay in the text that it was read from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DailyReport {
    /// `JPKID`: the number of the document in the protected memory.
    #[serde(rename = "JPKID")]
    pub jpk_id: JpkId,
    /// `pamiecChr`: the number of the protected memory.
    #[serde(rename = "pamiecChr", skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// `nrDok`: the number of the document.
    #[serde(rename = "nrDok")]
    pub number: u64,
    /// `nrRap`: the number of the report.
    #[serde(rename = "nrRap")]
    pub report_number: u64,
    /// `rozpSprzed`: when the first sale began.
    #[serde(rename = "rozpSprzed", skip_serializing_if = "Option::is_none")]
    pub sales_began: Option<String>,
    /// `zakSprzed`: when the last sale ended.
    #[serde(rename = "zakSprzed", skip_serializing_if = "Option::is_none")]
    pub sales_ended: Option<String>,
    /// `stPTU`: the tax rates.
    #[serde(rename = "stPTU", default)]
    pub rates: Vec<TaxRate>,
    /// `sprzedPar`: the sales by receipt.
    #[serde(rename = "sprzedPar", skip_serializing_if = "Option::is_none")]
    pub receipts: Option<ReceiptSales>,
    /// `podatekNal`: the tax of all sales.
    #[serde(rename = "podatekNal", skip_serializing_if = "Option::is_none")]
    pub tax: Option<Grosze>,
    /// `sprzedBrutto`: the gross sum of all sales.
    #[serde(rename = "sprzedBrutto", skip_serializing_if = "Option::is_none")]
    pub gross: Option<Grosze>,
    /// `sprzedNO`: sales that no rate applies to.
    #[serde(rename = "sprzedNO", skip_serializing_if = "Option::is_none")]
    pub untaxed: Option<Grosze>,
    /// `waluta`: the currency.
    #[serde(rename = "waluta", skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// `sytAwaryjne`: how many failures.
    #[serde(rename = "sytAwaryjne", skip_serializing_if = "Option::is_none")]
    pub failures: Option<u64>,
    /// `zdarzProgramL`: how many events of the program, locally.
    #[serde(rename = "zdarzProgramL", skip_serializing_if = "Option::is_none")]
    pub local_program_events: Option<u64>,
    /// `zdarzProgramO`: how many events of the program, otherwise; the letter is not explained.
    #[serde(rename = "zdarzProgramO", skip_serializing_if = "Option::is_none")]
    pub other_program_events: Option<u64>,
    /// `zmBazyTow`: how many changes of the goods.
    #[serde(rename = "zmBazyTow", skip_serializing_if = "Option::is_none")]
    pub goods_changes: Option<u64>,
    /// `liczbaPar`: how many receipts.
    #[serde(rename = "liczbaPar", skip_serializing_if = "Option::is_none")]
    pub receipt_count: Option<u64>,
    /// `liczbaParAnul`: how many cancelled receipts.
    #[serde(rename = "liczbaParAnul", skip_serializing_if = "Option::is_none")]
    pub cancelled_count: Option<u64>,
    /// `wartParAnul`: the amount of the cancelled receipts.
    #[serde(rename = "wartParAnul", skip_serializing_if = "Option::is_none")]
    pub cancelled_amount: Option<Grosze>,
    /// `dokNiefisk`: how many prints without fiscal meaning.
    #[serde(rename = "dokNiefisk", skip_serializing_if = "Option::is_none")]
    pub non_fiscal_prints: Option<u64>,
    /// `zakRap`: when the report ended.
    #[serde(rename = "zakRap")]
    pub ended: String,
    /// `nrKasy`: the name of the till.
    #[serde(rename = "nrKasy", skip_serializing_if = "Option::is_none")]
    pub till: Option<String>,
    /// `kasjer`: the name of the cashier.
    #[serde(rename = "kasjer", skip_serializing_if = "Option::is_none")]
    pub cashier: Option<String>,
    /// `podpis`: the seal of the document.
    #[serde(rename = "podpis", skip_serializing_if = "Option::is_none")]
    pub seal: Option<DocumentSeal>,
}

/// The sales by receipt of one report (`sprzedPar`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptSales {
    /// `sumaBrutto`: the gross sum.
    #[serde(rename = "sumaBrutto")]
    pub gross: Grosze,
    /// `sumaPod`: the sum of the tax.
    #[serde(rename = "sumaPod")]
    pub tax: Grosze,
    /// `wartWgPTU`: the sums by tax rate.
    #[serde(rename = "wartWgPTU", default)]
    pub by_rate: Vec<RateSales>,
    /// `sprzedNO`: sales that no rate applies to.
    #[serde(rename = "sprzedNO", skip_serializing_if = "Option::is_none")]
    pub untaxed: Option<Grosze>,
}

/// The sales of one tax rate in a report. Here, unlike on receipts, `netto` is net.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateSales {
    /// `idStPTU`: the letter of the rate.
    #[serde(rename = "idStPTU")]
    pub rate: String,
    /// `netto`: the net sum.
    #[serde(rename = "netto")]
    pub net: Grosze,
    /// `vat`: the tax on it.
    #[serde(rename = "vat")]
    pub tax: Grosze,
}
