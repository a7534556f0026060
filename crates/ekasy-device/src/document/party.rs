//! Whose documents they are (`podmiot1`).

use serde::{Deserialize, Serialize};

/// The taxpayer and the register. Texts are kept as they are; only what was always seen is
/// demanded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taxpayer {
    /// `nazwaPod`: the name.
    #[serde(rename = "nazwaPod")]
    pub name: String,
    /// `NIP`: the tax number, ten digits.
    #[serde(rename = "NIP")]
    pub nip: String,
    /// `adresPod`: the address.
    #[serde(rename = "adresPod", skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// `nrUnik`: the unique number of the register.
    #[serde(rename = "nrUnik")]
    pub unique_number: String,
    /// `nrFabr`: the serial number; the unique number again with software registers.
    #[serde(rename = "nrFabr", skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// `nrEwid`: the evidence number.
    #[serde(rename = "nrEwid", skip_serializing_if = "Option::is_none")]
    pub evidence_number: Option<String>,
}

/// An address (`adresPod`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// `ulica`: the street.
    #[serde(rename = "ulica", skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// `nrDomu`: the number of the house.
    #[serde(rename = "nrDomu", skip_serializing_if = "Option::is_none")]
    pub house: Option<String>,
    /// `nrLok`: the number of the flat.
    #[serde(rename = "nrLok", skip_serializing_if = "Option::is_none")]
    pub flat: Option<String>,
    /// `kodPoczt`: the postal code.
    #[serde(rename = "kodPoczt", skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// `miejsc`: the town.
    #[serde(rename = "miejsc", skip_serializing_if = "Option::is_none")]
    pub town: Option<String>,
    /// `poczta`: the post office.
    #[serde(rename = "poczta", skip_serializing_if = "Option::is_none")]
    pub post_office: Option<String>,
}
