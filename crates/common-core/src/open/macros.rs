//! The macro that writes an enum of codes.

/// Defines a non-exhaustive enum whose variants stand for raw values, and implements
/// [`Code`](crate::open::Code).
///
/// After the name comes the kind of raw value, `i64` or `str`.
/// The enum also gets `ALL` (its variants in the order written), `Display` and `Serialize`; reading
/// goes through [`Open`](crate::open::Open), so that an unknown value is kept.
///
/// ```
/// use common_core::{codes, open::{Code, Open}};
///
/// codes! {
///     /// The state of a document.
///     pub enum State: str {
///         /// It waits for somebody to look at it.
///         Waiting = "Waiting",
///         /// It has been approved.
///         Approved = "Approved",
///     }
/// }
///
/// assert_eq!(State::ALL, [State::Waiting, State::Approved]);
/// assert_eq!(State::Approved.raw(), "Approved");
/// assert_eq!(serde_json::to_string(&State::Waiting)?, "\"Waiting\"");
///
/// let newer: Open<State> = serde_json::from_str("\"Archived\"")?;
/// assert_eq!(newer.raw(), "Archived");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! codes {
    ($(#[$meta:meta])* $vis:vis enum $name:ident: i64 { $($variants:tt)* }) => {
        $crate::codes! { @define [$(#[$meta])*] $vis $name (i64, i64, i64) { $($variants)* } }
    };
    ($(#[$meta:meta])* $vis:vis enum $name:ident: str { $($variants:tt)* }) => {
        $crate::codes! {
            @define [$(#[$meta])*] $vis $name (::std::string::String, &str, &'static str) {
                $($variants)*
            }
        }
    };
    (
        @define [$(#[$meta:meta])*] $vis:vis $name:ident ($raw:ty, $given:ty, $returned:ty) {
            $($(#[$variant_meta:meta])* $variant:ident = $value:literal),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[$variant_meta])* $variant),+
        }

        impl $name {
            /// All codes, in the order of the contract.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        impl $crate::open::Code for $name {
            type Raw = $raw;

            fn from_raw(raw: $given) -> ::core::option::Option<Self> {
                match raw {
                    $($value => ::core::option::Option::Some(Self::$variant),)+
                    _ => ::core::option::Option::None,
                }
            }

            fn raw(self) -> $returned {
                match self {
                    $(Self::$variant => $value),+
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&$crate::open::Code::raw(*self), f)
            }
        }

        impl $crate::open::__private::serde::Serialize for $name {
            fn serialize<S>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error>
            where
                S: $crate::open::__private::serde::Serializer,
            {
                let raw = $crate::open::Code::raw(*self);
                $crate::open::__private::serde::Serialize::serialize(&raw, serializer)
            }
        }
    };
}
