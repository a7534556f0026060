//! The Rust type of a value on the wire, and how serde has to be told to read it leniently.

/// A type of a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    Text,
    /// Text that must not be shown.
    Secret,
    Whole(&'static str),
    Boolean,
    /// A boolean that may travel as a number.
    Flag,
    /// A decimal number, written as a JSON number.
    Amount,
    /// A decimal number, written as text.
    AmountText,
    Time,
    Date,
    /// Anything.
    Json,
    /// An open enumeration of that name.
    Code(String),
    /// A generated struct or union of that name.
    Named(String),
    List(Box<Self>),
    Map(Box<Self>),
    /// An element of a list or a map that may be `null`.
    Nullable(Box<Self>),
}

/// How sure a field is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Needed,
    Optional,
}

/// A type as Rust writes it, with the attributes that serde needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Written {
    pub(crate) rust: String,
    pub(crate) serde: Vec<String>,
}

impl Type {
    /// The type without regard to its presence.
    pub(crate) fn rust(&self) -> String {
        match self {
            Self::Text => "String".to_owned(),
            Self::Secret => "SecretText".to_owned(),
            Self::Whole(name) => (*name).to_owned(),
            Self::Boolean | Self::Flag => "bool".to_owned(),
            Self::Amount | Self::AmountText => "Amount".to_owned(),
            Self::Time => "DateTime<Utc>".to_owned(),
            Self::Date => "NaiveDate".to_owned(),
            Self::Json => "Value".to_owned(),
            Self::Code(name) => format!("Open<{name}>"),
            Self::Named(name) => name.clone(),
            Self::List(item) => format!("Vec<{}>", item.rust()),
            Self::Map(item) => format!("BTreeMap<String, {}>", item.rust()),
            Self::Nullable(item) => format!("Option<{}>", item.rust()),
        }
    }

    /// The type of a field, with its attributes.
    ///
    /// A list is never optional: none, `null` and an empty list are the same.
    pub(crate) fn field(&self, presence: Presence) -> Written {
        let mut serde = Vec::new();
        let optional = presence == Presence::Optional;
        let prefix = if optional { "optional_" } else { "" };
        let mut with = |what: &str, function: &str| {
            serde.push(format!("{what}_with = \"crate::lenient::{prefix}{function}\""));
        };
        match self {
            Self::Time => with("deserialize", "time"),
            Self::Flag => with("deserialize", "flag"),
            Self::AmountText => with("serialize", "amount_text"),
            Self::List(_) | Self::Map(_) => {
                serde.push("deserialize_with = \"crate::lenient::null_is_empty\"".to_owned());
            }
            _ => {}
        }
        let (collection, rust) = match self {
            Self::List(_) => (Some("Vec::is_empty"), self.rust()),
            Self::Map(_) => (Some("BTreeMap::is_empty"), self.rust()),
            _ if optional => (None, format!("Option<{}>", self.rust())),
            _ => (None, self.rust()),
        };
        if optional || collection.is_some() {
            serde.insert(0, "default".to_owned());
        }
        if optional {
            let skip = collection.unwrap_or("Option::is_none");
            serde.push(format!("skip_serializing_if = \"{skip}\""));
        }
        Written { rust, serde }
    }

    /// The type that a constructor or a setter takes, and what turns it into that of the field.
    pub(crate) fn argument(&self) -> (String, &'static str) {
        match self {
            Self::Text | Self::Code(_) => (format!("impl Into<{}>", self.rust()), ".into()"),
            _ => (self.rust(), ""),
        }
    }

    /// The generated type that the value is or holds.
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::List(item) | Self::Map(item) | Self::Nullable(item) => item.named(),
            _ => None,
        }
    }

    /// Whether any value of the type is a secret itself.
    pub(crate) fn is_secret(&self) -> bool {
        match self {
            Self::Secret => true,
            Self::List(item) | Self::Map(item) | Self::Nullable(item) => item.is_secret(),
            _ => false,
        }
    }

    /// Whether serde needs an attribute on the field itself, so that the type cannot stand in a list.
    pub(crate) fn is_read_by_attribute(&self) -> bool {
        matches!(self, Self::Time | Self::Flag | Self::AmountText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_optional_value_is_an_option_and_a_list_is_a_list() {
        let time = Type::Time.field(Presence::Optional);
        assert_eq!(time.rust, "Option<DateTime<Utc>>");
        assert_eq!(
            time.serde,
            [
                "default",
                "deserialize_with = \"crate::lenient::optional_time\"",
                "skip_serializing_if = \"Option::is_none\""
            ]
        );
        let list = Type::List(Box::new(Type::Text));
        assert_eq!(list.field(Presence::Optional).rust, "Vec<String>");
        assert_eq!(
            list.field(Presence::Needed).serde,
            ["default", "deserialize_with = \"crate::lenient::null_is_empty\""]
        );
        assert_eq!(Type::Text.field(Presence::Needed).serde, Vec::<String>::new());
    }
}
