//! Who issues and who receives: names, identifiers and accounts.

use common_core::ident::{Dic, Iban, IcDph, Ico};

use super::report::filled;
use super::{Report, Rule};
use crate::model::{Address, NewInvoice, Partner};

/// The ways in which documents name Slovakia, in small letters.
const SLOVAKIA: [&str; 6] =
    ["sk", "svk", "slovensko", "slovakia", "slovenská republika", "slovak republic"];

/// The identifiers of one party, and the property they are found under.
struct Identifiers<'a> {
    at: &'static str,
    registration_id: Option<&'a str>,
    tax_id: Option<&'a str>,
    vat_id: Option<&'a str>,
}

pub(super) fn inspect(report: &mut Report<'_>, invoice: &NewInvoice) {
    partner(report, invoice.partner.as_ref());
    if let Some(company) = &invoice.my_company
        && is_slovak(company.address.as_ref())
    {
        let identifiers = Identifiers {
            at: "myCompany",
            registration_id: company.registration_id.as_deref(),
            tax_id: company.tax_id.as_deref(),
            vat_id: company.vat_id.as_deref(),
        };
        slovak_identifiers(report, &identifiers);
    }
    if let Some(account) = &invoice.bank_account {
        iban(report, "bankAccount.iban", account.iban.as_deref());
    }
}

fn partner(report: &mut Report<'_>, partner: Option<&Partner>) {
    let path = "partner.address.businessName";
    let name = partner.and_then(Partner::name);
    if filled(name).is_none() {
        report.add(Rule::PartnerName, path, "give the partner's name");
    }
    report.length(path, name, report.profile.lengths.partner_name);
    let Some(partner) = partner.filter(|partner| is_slovak(partner.address.as_ref())) else {
        return;
    };
    let identifiers = Identifiers {
        at: "partner",
        registration_id: partner.registration_id.as_deref(),
        tax_id: partner.tax_id.as_deref(),
        vat_id: partner.vat_id.as_deref(),
    };
    slovak_identifiers(report, &identifiers);
}

/// Whether a party is Slovak: its country says so, or there is none.
fn is_slovak(address: Option<&Address>) -> bool {
    let country = address.and_then(|address| address.country.as_deref());
    filled(country).is_none_or(|country| SLOVAKIA.contains(&country.trim().to_lowercase().as_str()))
}

fn slovak_identifiers(report: &mut Report<'_>, party: &Identifiers<'_>) {
    let at = party.at;
    let path = format_args!("{at}.registrationId");
    let ico = report.identifier(Rule::Ico, path, party.registration_id, Ico::parse);
    if ico.is_some_and(|ico| !ico.checksum_ok()) {
        report.add(Rule::IcoCheckDigit, path, "look the IČO up again, its check digit is wrong");
    }

    report.identifier(Rule::Dic, format_args!("{at}.taxId"), party.tax_id, Dic::parse);

    let path = format_args!("{at}.vatId");
    let vat_id = report.identifier(Rule::IcDph, path, party.vat_id, IcDph::parse);
    if vat_id.is_some_and(|vat_id| !vat_id.checksum_ok()) {
        report.add(
            Rule::IcDphCheckDigit,
            path,
            "look the IČ DPH up again, it is not divisible by 11",
        );
    }
}

fn iban(report: &mut Report<'_>, path: &str, text: Option<&str>) {
    let iban = report.identifier(Rule::Iban, path, text, Iban::parse);
    if iban.is_some_and(|iban| !iban.checksum_ok()) {
        report.add(Rule::Iban, path, "correct the IBAN, its check digits are wrong");
    }
}
