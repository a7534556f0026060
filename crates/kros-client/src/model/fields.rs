//! One way to declare a wire type, so that every property is read and written by the same rules.
//!
//! `optional` properties are `Option`s that are left out when `None`, `lists` are vectors that are left out when empty,
//! and what neither names is kept in `extra`.
//! A `request!` has a setter for each of them besides; an `answer!` may also have `required` properties.

use serde::{Deserialize, Deserializer};

/// Declares a type that the service answers.
macro_rules! answer {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $(required { $( $(#[$required_doc:meta])* $required:ident: $required_type:ty, )* })?
            optional { $( $(#[$optional_doc:meta])* $optional:ident: $optional_type:ty, )* }
            $(lists { $( $(#[$list_doc:meta])* $list:ident: $list_type:ty, )* })?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name {
            $($( $(#[$required_doc])* pub $required: $required_type, )*)?
            $(
                $(#[$optional_doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $optional: Option<$optional_type>,
            )*
            $($(
                $(#[$list_doc])*
                #[serde(
                    default,
                    skip_serializing_if = "Vec::is_empty",
                    deserialize_with = "crate::model::fields::null_as_empty"
                )]
                pub $list: Vec<$list_type>,
            )*)?
            /// Properties this version does not know, kept as they came and written back unchanged.
            #[serde(flatten)]
            pub extra: serde_json::Map<String, serde_json::Value>,
        }
    };
}

/// Declares a type that is sent: an `answer!` with a setter per property and an empty beginning.
macro_rules! request {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            optional { $( $(#[$optional_doc:meta])* $optional:ident: $optional_type:ty, )* }
            $(lists { $( $(#[$list_doc:meta])* $list:ident: $list_type:ty, )* })?
        }
    ) => {
        answer! {
            $(#[$meta])*
            #[derive(Default)]
            pub struct $name {
                optional { $( $(#[$optional_doc])* $optional: $optional_type, )* }
                $(lists { $( $(#[$list_doc])* $list: $list_type, )* })?
            }
        }

        impl $name {
            $(
                /// Sets the field of this name.
                #[must_use]
                pub fn $optional(mut self, value: impl Into<$optional_type>) -> Self {
                    self.$optional = Some(value.into());
                    self
                }
            )*
            $($(
                /// Sets the list of this name, replacing what it held.
                #[must_use]
                pub fn $list(
                    mut self,
                    values: impl IntoIterator<Item = impl Into<$list_type>>,
                ) -> Self {
                    self.$list = values.into_iter().map(Into::into).collect();
                    self
                }
            )*)?
            /// Sets a property this version has no field for, by the name the service uses.
            ///
            /// A name that has a field would be written twice: use its setter.
            #[must_use]
            pub fn extra(
                mut self,
                name: impl Into<String>,
                value: impl Into<serde_json::Value>,
            ) -> Self {
                self.extra.insert(name.into(), value.into());
                self
            }
        }
    };
}

/// Reads `null` as an empty list.
pub(crate) fn null_as_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
