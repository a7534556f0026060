//! Discounts and surcharges.

use serde::{Deserialize, Serialize};

use super::Grosze;

/// A discount or surcharge (`rabat`), within an item or as a position of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// `nazwa`: what it is for; seen where it is a position of its own.
    #[serde(rename = "nazwa", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `opis`: a code; only `"1"` was seen, and its meaning is not known.
    #[serde(rename = "opis", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `oper`: `true` cancels a discount that was given before.
    #[serde(rename = "oper", skip_serializing_if = "Option::is_none")]
    pub storno: Option<bool>,
    /// `wart`: a discount is negative and a surcharge positive, a cancelled one the opposite.
    #[serde(rename = "wart")]
    pub amount: Grosze,
    /// `wartWgPTU`: the amount by tax rate.
    #[serde(rename = "wartWgPTU", default, skip_serializing_if = "Vec::is_empty")]
    pub by_rate: Vec<RateDiscount>,
}

/// The part of a discount that belongs to one tax rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateDiscount {
    /// `idStPTU`: the letter of the rate.
    #[serde(rename = "idStPTU")]
    pub rate: String,
    /// `wartStPTU`: the amount, with the sign of the whole.
    #[serde(rename = "wartStPTU")]
    pub amount: Grosze,
}
