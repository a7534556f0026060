//! The arithmetic of a receipt.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::sum::{ByRate, sum};
use super::super::{
    Discount, Finding, Grosze, Item, Packaging, Position, Rate, Receipt, Rule, Subtotal,
};

impl Receipt {
    /// Everything that does not add up, in the order of the document. Nothing: it adds up.
    ///
    /// The rules are observed ones (CRK facts §2.1). That a cancelled item (`oper` true) counts
    /// against the sum with a positive amount is an assumption: no receipt with one was seen.
    pub fn findings(&self) -> Vec<Finding> {
        let mut work = Work::default();
        let rates = super::rates(&self.rates, &mut work.findings);
        for (index, position) in self.positions.iter().enumerate() {
            work.position(position, &format!("pozycja[{index}]"), &rates);
        }
        work.subtotal(&self.subtotal, &rates);
        if let Some(packaging) = &self.packaging {
            work.findings.extend(packaging_finding(packaging));
        }
        self.check_due(&mut work.findings);
        super::check_time(&self.ended, "zakSprzed", &mut work.findings);
        work.findings
    }

    fn check_due(&self, findings: &mut Vec<Finding>) {
        let packaging = self.packaging.as_ref().map(|packaging| packaging.amount);
        let due = sum([self.subtotal.gross].into_iter().chain(packaging));
        let Some(total) = &self.total else {
            return;
        };
        if due != i128::from(total.due.0) {
            findings.push(Finding::amounts(Rule::Due, "total.zaplZwrot", due, total.due));
        }
        let side = |change: bool| {
            let chosen = self.payments.iter().filter(move |payment| payment.change == change);
            sum(chosen.map(|payment| payment.amount))
        };
        let paid = side(false) - side(true);
        if !self.payments.is_empty() && paid != i128::from(total.due.0) {
            findings.push(Finding::amounts(Rule::Payments, "platnosc", paid, total.due));
        }
    }
}

/// What was found and summed on the way.
#[derive(Default)]
struct Work<'a> {
    findings: Vec<Finding>,
    gross: i128,
    discounts: i128,
    by_rate: ByRate<'a>,
    /// A discount of its own does not say which rates it belongs to.
    is_rate_unknown: bool,
    /// A position of an unknown kind may hold any amount.
    is_sum_unknown: bool,
}

impl<'a> Work<'a> {
    fn position(
        &mut self,
        position: &'a Position,
        path: &str,
        rates: &BTreeMap<&'a str, &'a Rate>,
    ) {
        match position {
            Position::Item(item) => self.item(item, &format!("{path}.towar"), rates),
            Position::Discount(discount) => {
                let path = format!("{path}.rabat");
                self.gross += i128::from(discount.amount.0);
                self.discounts += i128::from(discount.amount.0);
                self.discount(discount, &path);
                self.is_rate_unknown |= discount.by_rate.is_empty();
                for (index, part) in discount.by_rate.iter().enumerate() {
                    self.by_rate.add(&part.rate, i128::from(part.amount.0));
                    let path = format!("{path}.wartWgPTU[{index}].idStPTU");
                    self.rate(&part.rate, path, rates);
                }
            }
            Position::Other(kind, _) => {
                self.is_sum_unknown = true;
                self.findings.push(Finding::new(Rule::NotChecked, format!("{path}.{kind}")));
            }
        }
    }

    fn item(&mut self, item: &'a Item, path: &str, rates: &BTreeMap<&'a str, &'a Rate>) {
        if item.price.0 < 0 {
            self.findings.push(Finding::new(Rule::PositivePrice, format!("{path}.cena")));
        }
        self.rate(&item.rate, format!("{path}.idStPTU"), rates);
        let discount = item.discount.as_ref().map_or(Grosze(0), |discount| discount.amount);
        match item.quantity.value() {
            None => {
                self.findings.push(Finding::new(Rule::QuantityText, format!("{path}.ilosc")));
            }
            Some(quantity) => {
                if let Some(expected) = misfit(item, quantity, discount) {
                    let path = format!("{path}.brutto");
                    let finding = Finding::amounts(Rule::ItemAmount, path, expected, item.gross);
                    self.findings.push(finding);
                }
            }
        }
        if let Some(discount) = &item.discount {
            self.discount(discount, &format!("{path}.rabat"));
        }
        let sign = if item.storno { -1 } else { 1 };
        let gross = sign * i128::from(item.gross.0);
        self.gross += gross;
        self.discounts += sign * i128::from(discount.0);
        self.by_rate.add(&item.rate, gross);
    }

    fn discount(&mut self, discount: &Discount, path: &str) {
        let parts = || discount.by_rate.iter().map(|part| part.amount);
        let is_opposed = parts().any(|part| part.0.signum() * discount.amount.0.signum() < 0);
        if !discount.by_rate.is_empty()
            && (is_opposed || sum(parts()) != i128::from(discount.amount.0))
        {
            let path = format!("{path}.wartWgPTU");
            let finding =
                Finding::amounts(Rule::DiscountByRate, path, sum(parts()), discount.amount);
            self.findings.push(finding);
        }
    }

    fn rate(&mut self, rate: &str, path: String, rates: &BTreeMap<&'a str, &'a Rate>) {
        if !rates.contains_key(rate) {
            self.findings.push(Finding::new(Rule::KnownRate, path));
        }
    }

    fn subtotal(&mut self, subtotal: &Subtotal, rates: &BTreeMap<&'a str, &'a Rate>) {
        self.amount(Rule::GrossSum, "podsum.sumaBrutto", self.gross, Some(subtotal.gross));
        self.amount(Rule::DiscountSum, "podsum.sumaOpust", self.discounts, subtotal.discounts);
        if subtotal.by_rate.is_empty() {
            return;
        }
        for (index, row) in subtotal.by_rate.iter().enumerate() {
            let path = format!("podsum.sumaNetto[{index}]");
            self.rate(&row.rate, format!("{path}.idStPTU"), rates);
            let expected = self.by_rate.take(&row.rate);
            if !self.is_rate_unknown {
                let path = format!("{path}.brutto");
                self.amount(Rule::RateSum, &path, expected, Some(row.gross));
            }
            let fits = rates.get(row.rate.as_str()).map(|rate| rate.fits_gross(row.gross, row.tax));
            if fits == Some(Some(false)) {
                self.findings.push(Finding::new(Rule::RateTax, format!("{path}.vat")));
            }
        }
        let left: Vec<_> = self.by_rate.left().collect();
        if !self.is_rate_unknown && !left.is_empty() {
            self.findings.push(Finding::new(Rule::RateSum, "podsum.sumaNetto"));
        }
        let whole = sum(subtotal.by_rate.iter().map(|row| row.gross));
        if whole != i128::from(subtotal.gross.0) {
            let path = "podsum.sumaNetto";
            self.findings.push(Finding::amounts(Rule::SumOfRates, path, whole, subtotal.gross));
        }
        let tax = sum(subtotal.by_rate.iter().map(|row| row.tax));
        if let Some(found) = subtotal.tax.filter(|found| i128::from(found.0) != tax) {
            self.findings.push(Finding::amounts(Rule::TaxSum, "podsum.sumaPod", tax, found));
        }
    }

    /// Compares an amount with what the positions give, where they are all known.
    fn amount(&mut self, rule: Rule, path: &str, expected: i128, found: Option<Grosze>) {
        if self.is_sum_unknown {
            return;
        }
        if let Some(found) = found.filter(|found| i128::from(found.0) != expected) {
            self.findings.push(Finding::amounts(rule, path, expected, found));
        }
    }
}

/// The amount that an item should have had, when its own is a grosz or more away from it.
fn misfit(item: &Item, quantity: Decimal, discount: Grosze) -> Option<i128> {
    // A price and a quantity that are too large to be multiplied cannot fit any amount.
    let Some(exact) = Decimal::from(item.price.0)
        .checked_mul(quantity)
        .and_then(|value| value.checked_add(Decimal::from(discount.0)))
    else {
        return Some(i128::MAX);
    };
    let difference = exact - Decimal::from(item.gross.0);
    if difference.abs() < Decimal::ONE {
        return None;
    }
    let rounded =
        exact.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    Some(i128::try_from(rounded).unwrap_or(i128::MAX))
}

/// Packaging counts pieces or thousandths of a piece; either may give the sum.
fn packaging_finding(packaging: &Packaging) -> Option<Finding> {
    let product =
        |line: &super::super::PackagingLine| i128::from(line.price.0) * i128::from(line.quantity);
    // Two such products already fill the range.
    let whole = packaging.lines.iter().map(product).fold(0, i128::saturating_add);
    let found = i128::from(packaging.amount.0);
    if packaging.lines.is_empty() || whole == found || whole == found * 1000 {
        return None;
    }
    Some(Finding::amounts(Rule::PackagingSum, "opak.wart", whole, packaging.amount))
}
