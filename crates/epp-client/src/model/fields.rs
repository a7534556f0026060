//! One way to declare a wire type, so that every attribute is read and written by the same rules.

/// Declares a type whose attributes are all optional, and keeps what it does not know in `extra`.
///
/// The literal is the spelling of the attributes: `camelCase` for answers, `PascalCase` for requests.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident in $case:literal {
            $( $(#[$doc:meta])* $field:ident: $type:ty, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = $case, default)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$doc])*
                #[serde(
                    skip_serializing_if = "Option::is_none",
                    deserialize_with = "crate::model::scalar::optional"
                )]
                pub $field: Option<$type>,
            )*
            /// Attributes this version does not know, kept as they came and written back unchanged.
            #[serde(flatten)]
            pub extra: serde_json::Map<String, serde_json::Value>,
        }
    };
}

/// Declares setters named after the fields.
macro_rules! setters {
    ($name:ident { $( $field:ident: $type:ty, )* }) => {
        impl $name {
            $(
                /// Sets the field of this name.
                #[must_use]
                pub fn $field(mut self, value: impl Into<$type>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*
        }
    };
}
