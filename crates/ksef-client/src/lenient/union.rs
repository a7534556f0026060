//! Unions that are told apart by the field `type`, and that keep what they do not know.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

/// The field that tells the variants apart.
const TAG: &str = "type";

/// A variant of a union that this version does not know, or a known one of an unexpected shape, as it came.
///
/// It is written back unchanged.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Unrecognised(Value);

impl Unrecognised {
    pub(crate) fn new(raw: Value) -> Self {
        Self(raw)
    }

    /// The value of the field `type`, if there is one.
    pub fn tag(&self) -> Option<&str> {
        tag(&self.0)
    }

    /// The whole value.
    pub fn raw(&self) -> &Value {
        &self.0
    }
}

/// The value of the field `type`.
pub(crate) fn tag(value: &Value) -> Option<&str> {
    value.get(TAG)?.as_str()
}

/// The text of a variant that holds nothing else.
pub(crate) fn read_text(value: &Value, field: &str) -> Option<String> {
    value.get(field)?.as_str().map(str::to_owned)
}

/// Writes a variant that holds nothing.
pub(crate) fn write_unit<S: Serializer>(tag: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(TAG, tag)?;
    map.end()
}

/// Writes a variant that holds one text.
pub(crate) fn write_text<S: Serializer>(
    tag: &str,
    field: &str,
    text: &str,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(2))?;
    map.serialize_entry(TAG, tag)?;
    map.serialize_entry(field, text)?;
    map.end()
}

/// Writes a variant that holds a struct, its fields beside the tag.
pub(crate) fn write_record<T: Serialize, S: Serializer>(
    tag: &str,
    record: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Tagged<'a, T> {
        #[serde(rename = "type")]
        tag: &'a str,
        #[serde(flatten)]
        record: &'a T,
    }
    Tagged { tag, record }.serialize(serializer)
}

/// Defines a union: an enum with a variant per value of the field `type`, and one for all others.
///
/// A variant holds nothing, or one text and the name of its field in brackets, or a struct.
macro_rules! tagged {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident $(($content:ty))? $([$field:literal])? = $tag:literal,
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        #[allow(
            clippy::large_enum_variant,
            reason = "the size of a variant is that of the contract, and a box in it would only be in the way"
        )]
        $vis enum $name {
            $($(#[$variant_meta])* $variant $(($content))?,)+
            /// A variant that this version does not know, as it came.
            Unknown($crate::lenient::Unrecognised),
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(
                        $crate::lenient::tagged!(@pattern content $variant $(($content))?) => {
                            $crate::lenient::tagged!(
                                @write serializer content $tag $(($content))? $([$field])?
                            )
                        }
                    )+
                    Self::Unknown(raw) => raw.serialize(serializer),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = serde_json::Value::deserialize(deserializer)?;
                let known = match $crate::lenient::tag(&raw) {
                    $(
                        Some($tag) => $crate::lenient::tagged!(
                            @read raw $variant $(($content))? $([$field])?
                        ),
                    )+
                    _ => None,
                };
                Ok(known.unwrap_or_else(|| {
                    Self::Unknown($crate::lenient::Unrecognised::new(raw))
                }))
            }
        }
    };
    (@pattern $content:ident $variant:ident ($type:ty)) => { Self::$variant($content) };
    (@pattern $content:ident $variant:ident) => { Self::$variant };
    (@write $serializer:ident $content:ident $tag:literal) => {
        $crate::lenient::write_unit($tag, $serializer)
    };
    (@write $serializer:ident $content:ident $tag:literal ($type:ty) [$field:literal]) => {
        $crate::lenient::write_text($tag, $field, $content, $serializer)
    };
    (@write $serializer:ident $content:ident $tag:literal ($type:ty)) => {
        $crate::lenient::write_record($tag, $content, $serializer)
    };
    (@read $raw:ident $variant:ident) => { Some(Self::$variant) };
    (@read $raw:ident $variant:ident ($type:ty) [$field:literal]) => {
        $crate::lenient::read_text(&$raw, $field).map(Self::$variant)
    };
    (@read $raw:ident $variant:ident ($type:ty)) => {
        <$type as serde::Deserialize>::deserialize(&$raw).ok().map(Self::$variant)
    };
}

pub(crate) use tagged;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Pair {
        one: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        two: Option<String>,
    }

    tagged! {
        /// A union of each kind of variant.
        enum Sample {
            /// Nothing.
            Nothing = "none",
            /// A text.
            Text(String)["identifier"] = "text",
            /// A struct.
            Pair(Pair) = "pair",
        }
    }

    fn read(value: &Value) -> Sample {
        serde_json::from_str(&value.to_string()).unwrap()
    }

    #[test]
    fn each_kind_of_variant_is_read_and_written() {
        let pair = Pair { one: 1, two: Some("x".to_owned()) };
        for (value, expected) in [
            (json!({"type": "none"}), Sample::Nothing),
            (json!({"type": "text", "identifier": "a"}), Sample::Text("a".to_owned())),
            (json!({"type": "pair", "one": 1, "two": "x"}), Sample::Pair(pair)),
        ] {
            assert_eq!(read(&value), expected);
            assert_eq!(serde_json::to_value(&expected).unwrap(), value);
        }
    }

    #[test]
    fn the_tag_is_written_first_and_the_fields_in_their_order() {
        let pair = Sample::Pair(Pair { one: 1, two: Some("x".to_owned()) });
        let text = serde_json::to_string(&pair).unwrap();
        assert_eq!(text, "{\"type\":\"pair\",\"one\":1,\"two\":\"x\"}");
    }

    #[test]
    fn a_known_tag_with_another_shape_is_kept() {
        for value in
            [json!({"type": "pair", "one": "x"}), json!({"type": "text"}), json!(5), json!({})]
        {
            let Sample::Unknown(kept) = read(&value) else { panic!("{value} was understood") };
            assert_eq!(kept.raw(), &value);
            assert_eq!(kept.tag(), value["type"].as_str());
        }
    }

    proptest! {
        #[test]
        fn what_is_unknown_is_written_back(tag in "[a-z_]{0,9}X", text in ".*", number: u64, float in -1e9..1e9) {
            let value = json!({"type": tag, "text": text, "number": number, "deep": [{"float": float}, null]});
            let sample = read(&value);
            prop_assert!(matches!(sample, Sample::Unknown(_)));
            prop_assert_eq!(serde_json::to_string(&sample).unwrap(), value.to_string());
        }
    }
}
