//! PEF: invoices and credit notes in UBL (KSeF 2.0 facts §1).

use roxmltree::Node;

use super::{Invoice, Party, amount, date, number};
use crate::ksef::numbers;
use crate::ksef::xml::at;

/// Reads `Invoice` or `CreditNote`.
pub(super) fn read(root: Node<'_, '_>) -> Option<Invoice> {
    let kind = match root.tag_name().name() {
        "Invoice" => "VatPef",
        "CreditNote" => "KorPef",
        _ => return None,
    };
    let total = root.children().find(|node| node.tag_name().name() == "LegalMonetaryTotal")?;
    let money = |name: &str| amount(at(total, &[name]).as_deref());
    let (net, gross) = (money("TaxExclusiveAmount")?, money("TaxInclusiveAmount")?);
    let seller = party(root, "AccountingSupplierParty")?;
    seller.nip()?;
    Some(Invoice {
        seller,
        buyer: party(root, "AccountingCustomerParty")?,
        thirds: Vec::new(),
        authorized: None,
        number: number(at(root, &["ID"]))?,
        issued: date(at(root, &["IssueDate"]))?,
        kind,
        currency: at(root, &["DocumentCurrencyCode"]).filter(|code| code.len() == 3)?,
        net,
        vat: gross - net,
        gross,
        self_invoicing: false,
        attachment: false,
    })
}

fn party(root: Node<'_, '_>, name: &str) -> Option<Party> {
    let party = root.children().find(|node| node.tag_name().name() == name)?;
    let party = party.children().find(|node| node.tag_name().name() == "Party")?;
    let number = at(party, &["PartyTaxScheme", "CompanyID"]);
    let number = number.or_else(|| at(party, &["PartyLegalEntity", "CompanyID"]));
    let name = at(party, &["PartyLegalEntity", "RegistrationName"]);
    let (kind, value) = match number {
        Some(text) => {
            let digits = text.strip_prefix("PL").unwrap_or(&text);
            if numbers::is_nip(digits) {
                ("Nip", Some(digits.to_owned()))
            } else {
                ("Other", Some(text))
            }
        }
        None => ("None", None),
    };
    Some(Party { kind, value, name })
}
