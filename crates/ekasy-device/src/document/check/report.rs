//! The arithmetic of a daily report.

use super::super::sum::{ByRate, sum};
use super::super::{DailyReport, Finding, Grosze, Rate, Receipt, ReceiptSales, Rule};
use super::{check_time, rates};

impl DailyReport {
    /// Everything that does not add up within the report. Nothing: it adds up.
    ///
    /// The totals of all sales are compared with those by receipt only from below: the sales by
    /// invoice have fields that are not known.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let rates = rates(&self.rates, &mut findings);
        if let Some(sales) = &self.receipts {
            check_sales(sales, &mut findings);
            for (index, row) in sales.by_rate.iter().enumerate() {
                let path = format!("sprzedPar.wartWgPTU[{index}]");
                match rates.get(row.rate.as_str()) {
                    None => findings.push(Finding::new(Rule::KnownRate, format!("{path}.idStPTU"))),
                    Some(Rate::Exempt | Rate::BasisPoints(0)) if row.tax != Grosze(0) => {
                        findings.push(Finding::new(Rule::RateTax, format!("{path}.vat")));
                    }
                    Some(_) => {}
                }
            }
            self.check_totals(sales, &mut findings);
        }
        self.check_times(&mut findings);
        findings
    }

    /// What does not fit the receipts of the day: count, sum and tax, as a whole and by rate.
    ///
    /// Give it every receipt that the report covers and none besides; cancelled ones do not
    /// belong. The receipts are read once, one after the other.
    pub fn findings_with<'r>(
        &self,
        receipts: impl IntoIterator<Item = &'r Receipt>,
    ) -> Vec<Finding> {
        let (mut count, mut gross, mut tax) = (0_u64, 0, ByRate::default());
        for receipt in receipts {
            count += 1;
            gross += i128::from(receipt.subtotal.gross.0);
            for row in &receipt.subtotal.by_rate {
                tax.add(&row.rate, i128::from(row.tax.0));
            }
        }
        let mut findings = Vec::new();
        if self.receipt_count.is_some_and(|found| found != count) {
            findings.push(Finding::new(Rule::ReceiptCount, "liczbaPar"));
        }
        if let Some(sales) = &self.receipts {
            let mut compare = |path: &str, expected: i128, found: Grosze| {
                if i128::from(found.0) != expected {
                    findings.push(Finding::amounts(Rule::ReceiptSum, path, expected, found));
                }
            };
            compare("sprzedPar.sumaBrutto", gross, sales.gross);
            for (index, row) in sales.by_rate.iter().enumerate() {
                let path = format!("sprzedPar.wartWgPTU[{index}].vat");
                compare(&path, tax.take(&row.rate), row.tax);
            }
            if tax.left().next().is_some() {
                findings.push(Finding::new(Rule::ReceiptSum, "sprzedPar.wartWgPTU"));
            }
        }
        findings
    }

    fn check_totals(&self, sales: &ReceiptSales, findings: &mut Vec<Finding>) {
        for (path, whole, part) in
            [("sprzedBrutto", self.gross, sales.gross), ("podatekNal", self.tax, sales.tax)]
        {
            if let Some(whole) = whole.filter(|whole| *whole < part) {
                let part = i128::from(part.0);
                findings.push(Finding::amounts(Rule::SumOfRates, path, part, whole));
            }
        }
    }

    fn check_times(&self, findings: &mut Vec<Finding>) {
        let mut last = None;
        for (path, text) in [
            ("rozpSprzed", self.sales_began.as_deref()),
            ("zakSprzed", self.sales_ended.as_deref()),
            ("zakRap", Some(self.ended.as_str())),
        ] {
            let Some(moment) = text.and_then(|text| check_time(text, path, findings)) else {
                continue;
            };
            if last.is_some_and(|last| moment < last) {
                findings.push(Finding::new(Rule::TimeOrder, path));
            }
            last = Some(moment);
        }
    }
}

fn check_sales(sales: &ReceiptSales, findings: &mut Vec<Finding>) {
    let tax = sum(sales.by_rate.iter().map(|row| row.tax));
    if tax != i128::from(sales.tax.0) {
        findings.push(Finding::amounts(Rule::TaxSum, "sprzedPar.sumaPod", tax, sales.tax));
    }
    let net = sum(sales.by_rate.iter().map(|row| row.net).chain(sales.untaxed));
    if net + tax != i128::from(sales.gross.0) {
        let path = "sprzedPar.sumaBrutto";
        findings.push(Finding::amounts(Rule::SumOfRates, path, net + tax, sales.gross));
    }
}
