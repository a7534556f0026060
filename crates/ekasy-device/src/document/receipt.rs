//! Receipts (`paragon`), as seen in public data (CRK facts §2.1). Not the authority's schema.

use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Discount, Grosze, Quantity, TaxRate};
use crate::ident::JpkId;

/// A receipt (`paragon`).
///
/// A typed view: fields that were never seen are not here, but stay in the text that it was read
/// from. Times are texts as `2026-03-02T10:00:00.000Z`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// `JPKID`: the number of the document in the protected memory.
    #[serde(rename = "JPKID")]
    pub jpk_id: JpkId,
    /// `pamiecChr`: the number of the protected memory.
    #[serde(rename = "pamiecChr", skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// `nrDok`: the number of the document.
    #[serde(rename = "nrDok")]
    pub number: u64,
    /// `pozycja`: what was sold, and discounts of their own, in order.
    #[serde(rename = "pozycja")]
    pub positions: Vec<Position>,
    /// `stPTU`: the tax rates.
    #[serde(rename = "stPTU", default)]
    pub rates: Vec<TaxRate>,
    /// `podsum`: the sums.
    #[serde(rename = "podsum")]
    pub subtotal: Subtotal,
    /// `total`: what is to be paid.
    #[serde(rename = "total", skip_serializing_if = "Option::is_none")]
    pub total: Option<Total>,
    /// `opak`: packaging, which is not part of the sale.
    #[serde(rename = "opak", skip_serializing_if = "Option::is_none")]
    pub packaging: Option<Packaging>,
    /// `platnosc`: how it was paid.
    #[serde(rename = "platnosc", default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    /// `nrParag`: the number among the receipts of the day.
    #[serde(rename = "nrParag", skip_serializing_if = "Option::is_none")]
    pub receipt_number: Option<u64>,
    /// `nrKasy`: the name of the till.
    #[serde(rename = "nrKasy", skip_serializing_if = "Option::is_none")]
    pub till: Option<String>,
    /// `zakSprzed`: when the sale ended.
    #[serde(rename = "zakSprzed")]
    pub ended: String,
    /// `kasjer`: the name of the cashier.
    #[serde(rename = "kasjer", skip_serializing_if = "Option::is_none")]
    pub cashier: Option<String>,
}

/// A position of a receipt: an object with one member, whose name is the kind.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Position {
    /// `towar`: goods or a service.
    Item(Item),
    /// `rabat`: a discount or surcharge that is a position of its own.
    Discount(Discount),
    /// Another kind, with its text.
    Other(String, Box<RawValue>),
}

/// Goods or a service (`towar`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// `nazwa`: the name; it may be padded and end with the letter of the rate.
    #[serde(rename = "nazwa")]
    pub name: String,
    /// `ilosc`: how much.
    #[serde(rename = "ilosc")]
    pub quantity: Quantity,
    /// `cena`: the price of one, never negative.
    #[serde(rename = "cena")]
    pub price: Grosze,
    /// `brutto`: the gross amount, after a discount within the item.
    #[serde(rename = "brutto")]
    pub gross: Grosze,
    /// `idStPTU`: the letter of the tax rate.
    #[serde(rename = "idStPTU")]
    pub rate: String,
    /// `oper`: `true` cancels an item that was sold before.
    #[serde(rename = "oper", default)]
    pub storno: bool,
    /// `jm`: the unit.
    #[serde(rename = "jm", skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// `rabat`: a discount within the item.
    #[serde(rename = "rabat", skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
}

/// The sums (`podsum`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subtotal {
    /// `waluta`: the currency.
    #[serde(rename = "waluta")]
    pub currency: String,
    /// `sumaBrutto`: the gross sum of the sale.
    #[serde(rename = "sumaBrutto")]
    pub gross: Grosze,
    /// `sumaPod`: the sum of the tax.
    #[serde(rename = "sumaPod", skip_serializing_if = "Option::is_none")]
    pub tax: Option<Grosze>,
    /// `sumaOpust`: the sum of all discounts and surcharges.
    #[serde(rename = "sumaOpust", skip_serializing_if = "Option::is_none")]
    pub discounts: Option<Grosze>,
    /// `sumaNetto`: the sums by tax rate. In spite of the name they hold gross amounts.
    #[serde(rename = "sumaNetto", default, skip_serializing_if = "Vec::is_empty")]
    pub by_rate: Vec<RateTotal>,
}

/// The sum of one tax rate on a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateTotal {
    /// `idStPTU`: the letter of the rate.
    #[serde(rename = "idStPTU")]
    pub rate: String,
    /// `brutto`: the gross sum.
    #[serde(rename = "brutto")]
    pub gross: Grosze,
    /// `vat`: the tax in it.
    #[serde(rename = "vat")]
    pub tax: Grosze,
}

/// What is to be paid (`total`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// `zaplZwrot`: to be paid, or negative to be given back; the sale and the packaging.
    #[serde(rename = "zaplZwrot")]
    pub due: Grosze,
}

/// Packaging (`opak`): returned negative, handed out positive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packaging {
    /// `daneOpak`: the lines.
    #[serde(rename = "daneOpak", default)]
    pub lines: Vec<PackagingLine>,
    /// `wart`: the sum.
    #[serde(rename = "wart")]
    pub amount: Grosze,
}

/// A line of packaging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackagingLine {
    /// `nazwa`: the name.
    #[serde(rename = "nazwa")]
    pub name: String,
    /// `cena`: the price of one.
    #[serde(rename = "cena")]
    pub price: Grosze,
    /// `ilosc`: how many; pieces on some receipts and thousandths of a piece on others.
    #[serde(rename = "ilosc")]
    pub quantity: i64,
}

/// A payment (`platnosc`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// `reszta`: `true` when it is change that was given back.
    #[serde(rename = "reszta", default)]
    pub change: bool,
    /// `forma`: a code; `1` was seen with cash, `2` and `10` with cards.
    #[serde(rename = "forma")]
    pub form: String,
    /// `wart`: the amount.
    #[serde(rename = "wart")]
    pub amount: Grosze,
    /// `nazwa`: the name of the form.
    #[serde(rename = "nazwa", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Texts of other kinds are compared byte by byte.
impl PartialEq for Position {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Item(one), Self::Item(two)) => one == two,
            (Self::Discount(one), Self::Discount(two)) => one == two,
            (Self::Other(kind, one), Self::Other(other, two)) => {
                kind == other && one.get() == two.get()
            }
            _ => false,
        }
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Item(item) => map.serialize_entry("towar", item)?,
            Self::Discount(discount) => map.serialize_entry("rabat", discount)?,
            Self::Other(kind, raw) => map.serialize_entry(kind, raw)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PositionVisitor)
    }
}

struct PositionVisitor;

impl<'de> Visitor<'de> for PositionVisitor {
    type Value = Position;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with one member")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Position, A::Error> {
        let kind: String =
            members.next_key()?.ok_or_else(|| A::Error::custom("an empty position"))?;
        let position = match kind.as_str() {
            "towar" => Position::Item(members.next_value()?),
            "rabat" => Position::Discount(members.next_value()?),
            _ => Position::Other(kind, members.next_value()?),
        };
        match members.next_key::<String>()? {
            None => Ok(position),
            Some(_) => Err(A::Error::custom("a position with several members")),
        }
    }
}
