//! The forms of VAT numbers in the European Union, as KSeF 2.0's contract lists them for
//! [`NipVatUe`](super::NipVatUe).

use super::pattern::matches;

/// One row per form; the symbols are those of [`matches`].
const FORMS: [&str; 45] = [
    "ATU99999999",
    "BEb999999999",
    "BG999999999",
    "BG9999999999",
    "CY99999999a",
    "CZ99999999",
    "CZ999999999",
    "CZ9999999999",
    "DE999999999",
    "DK99999999",
    "EE999999999",
    "EL999999999",
    "ESa99999999",
    "ES99999999a",
    "ESa9999999a",
    "FI99999999",
    "FRxx999999999",
    "HR99999999999",
    "HU99999999",
    "IE9999999aa",
    "IE9s99999a",
    "IT99999999999",
    "LT999999999",
    "LT999999999999",
    "LU99999999",
    "LV99999999999",
    "MT99999999",
    "NLssssssssssss",
    "PT999999999",
    "RO99",
    "RO999",
    "RO9999",
    "RO99999",
    "RO999999",
    "RO9999999",
    "RO99999999",
    "RO999999999",
    "RO9999999999",
    "SE999999999999",
    "SI99999999",
    "SK9999999999",
    "XI999999999",
    "XI999999999999",
    "XIGD999",
    "XIHA999",
];

pub(super) fn is_eu_vat(text: &str) -> bool {
    FORMS.iter().any(|form| matches(form, text))
}
