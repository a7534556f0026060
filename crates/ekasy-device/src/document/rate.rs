//! Tax rates and the letters that stand for them.

use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::Grosze;

/// A row of `stPTU`: which rate a letter stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRate {
    /// The letter, `A` to `G`.
    pub id: String,
    /// The rate.
    #[serde(rename = "wart")]
    pub rate: Rate,
}

/// A tax rate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rate {
    /// Hundredths of a per cent: 2300 is 23 %.
    BasisPoints(u32),
    /// `"ZW"`: exempt.
    Exempt,
    /// Another text; none was seen.
    Unknown(String),
}

impl Rate {
    /// Basis points for computing; an exempt sale has none of tax. `None` for unknown texts.
    pub fn basis_points(&self) -> Option<u32> {
        match self {
            Self::BasisPoints(points) => Some(*points),
            Self::Exempt => Some(0),
            Self::Unknown(_) => None,
        }
    }

    /// Whether the tax fits the gross amount: tax = gross × rate / (1 + rate), less than one
    /// grosz away from the exact value, because the documents' rounding rule is not known.
    /// `None` when the rate is unknown.
    pub(super) fn fits_gross(&self, gross: Grosze, tax: Grosze) -> Option<bool> {
        let points = i128::from(self.basis_points()?);
        let whole = 10_000 + points;
        let difference = i128::from(tax.0) * whole - i128::from(gross.0) * points;
        Some(difference.abs() < whole)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::BasisPoints(points) => serializer.serialize_u32(*points),
            Self::Exempt => serializer.serialize_str("ZW"),
            Self::Unknown(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RateVisitor)
    }
}

struct RateVisitor;

impl<'de> Visitor<'de> for RateVisitor {
    type Value = Rate;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a rate in hundredths of a per cent or a text")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Rate, E> {
        u32::try_from(value).map(Rate::BasisPoints).map_err(|_| E::custom("the rate is too large"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Rate, E> {
        Ok(if text == "ZW" { Rate::Exempt } else { Rate::Unknown(text.to_owned()) })
    }

    /// With `arbitrary_precision`, numbers that are not small integers come as a map.
    fn visit_map<A: serde::de::MapAccess<'de>>(self, _: A) -> Result<Rate, A::Error> {
        Err(A::Error::custom("the rate is no whole number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_numbers_or_texts_and_are_written_as_they_were() {
        for json in ["2300", "0", "\"ZW\"", "\"NP\""] {
            let rate: Rate = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&rate).unwrap(), json);
        }
        for json in ["-1", "23.5", "null", "4294967296", "{}", "1e3"] {
            assert!(serde_json::from_str::<Rate>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn tax_may_be_rounded_either_way_and_no_further() {
        let rate = Rate::BasisPoints(2300);
        let fits = |gross, tax| rate.fits_gross(Grosze(gross), Grosze(tax)).unwrap();
        // 350 × 23 / 123 = 65.44…
        assert_eq!([64, 65, 66, 67].map(|tax| fits(350, tax)), [false, true, true, false]);
        // 1230 × 23 / 123 = 230 exactly.
        assert_eq!([229, 230, 231].map(|tax| fits(1230, tax)), [false, true, false]);
        assert!(Rate::Exempt.fits_gross(Grosze(1000), Grosze(0)).unwrap());
        assert_eq!(Rate::Unknown("X".into()).fits_gross(Grosze(1), Grosze(0)), None);
        assert!(!fits(i64::MIN, i64::MAX) && !fits(i64::MAX, i64::MIN));
    }
}
