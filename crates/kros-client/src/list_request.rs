//! One way to declare a list: filters with the service's names, a page size and a position.
//!
//! Every list answers `{"data": […]}` without a total, so the last page is the one that is shorter
//! than its size (KROS facts §1).

use common_http::BuildError;

/// How many items a page holds unless `Top` says otherwise (KROS facts §1).
pub(crate) const DEFAULT_TOP: u32 = 50;

/// The largest page (KROS facts §1).
pub(crate) const MAX_TOP: u32 = 100;

/// Declares a paged list.
macro_rules! list_request {
    (
        $(#[$meta:meta])*
        pub struct $name:ident -> $item:ty {
            info: $info:expr,
            filters {
                $( $(#[$doc:meta])* $field:ident: $type:ty = $wire:literal $(max $max:literal)?, )*
            }
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[must_use = "a request does nothing until a client sends it"]
        pub struct $name {
            $( $field: Option<$type>, )*
            top: Option<u32>,
            skip: u64,
        }

        impl $name {
            /// All items, from the first on, in pages of 50.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[$doc])*
                pub fn $field(mut self, value: impl Into<$type>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*

            /// Sets how many items a page holds, 1 to 100 (`Top`).
            pub fn top(mut self, items: u32) -> Self {
                self.top = Some(items);
                self
            }

            /// Sets how many items are left out before the first page (`Skip`).
            pub fn skip(mut self, items: u64) -> Self {
                self.skip = items;
                self
            }
        }

        impl common_http::Endpoint for $name {
            type Api = $crate::api::Kros;
            type Response = Vec<$item>;

            const INFO: common_http::Info = $info;

            fn request(
                &self,
                base: &common_http::BaseUrl,
            ) -> Result<http::Request<common_http::Body>, common_http::BuildError> {
                use $crate::list_request::{check_top, Filter as _};

                check_top(self.top)?;
                $($( if let Some(value) = &self.$field {
                    $crate::list_request::check_length($wire, value, $max)?;
                } )?)*
                common_http::RequestBuilder::new(&Self::INFO, base)
                    $( .query_opt($wire, self.$field.as_ref().map(|value| value.text())) )*
                    .query_opt("Top", self.top)
                    .query_opt("Skip", (self.skip > 0).then_some(self.skip))
                    .finish()
            }

            fn response(
                _: &common_http::Parts,
                body: &bytes::Bytes,
            ) -> Result<Self::Response, common_http::DecodeError> {
                $crate::api::decode_list(body)
            }
        }

        impl common_http::Paged for $name {
            type Item = $item;

            fn items(page: Self::Response) -> Vec<$item> {
                page
            }

            fn next(&self, page: &Self::Response) -> Option<Self> {
                let skip = $crate::list_request::next_skip(self.top, self.skip, page.len())?;
                Some(Self { skip, ..self.clone() })
            }
        }
    };
}

pub(crate) use list_request;

/// A value that a filter can carry.
pub(crate) trait Filter {
    /// The value as the query carries it.
    fn text(&self) -> String;
}

impl Filter for String {
    fn text(&self) -> String {
        self.clone()
    }
}

impl Filter for bool {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Filter for crate::model::Date {
    fn text(&self) -> String {
        self.to_plain().as_str().to_owned()
    }
}

impl Filter for crate::model::Timestamp {
    fn text(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Filter for crate::model::AccountId {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Filter for crate::model::ExternalId {
    fn text(&self) -> String {
        self.as_str().to_owned()
    }
}

impl<E: common_core::open::Code> Filter for common_core::open::Open<E>
where
    common_core::open::Open<E>: std::fmt::Display,
{
    fn text(&self) -> String {
        self.to_string()
    }
}

pub(crate) fn check_top(top: Option<u32>) -> Result<(), BuildError> {
    match top {
        Some(top) if !(1..=MAX_TOP).contains(&top) => {
            Err(BuildError::new("Top", format!("must be 1 to {MAX_TOP}, and is {top}")))
        }
        _ => Ok(()),
    }
}

pub(crate) fn check_length(field: &'static str, text: &str, max: usize) -> Result<(), BuildError> {
    let length = text.chars().count();
    if length > max {
        let reason = format!("must have at most {max} characters, and has {length}");
        return Err(BuildError::new(field, reason));
    }
    Ok(())
}

/// The position of the next page; `None` after a page that is shorter than its size.
pub(crate) fn next_skip(top: Option<u32>, skip: u64, page: usize) -> Option<u64> {
    let top = top.unwrap_or(DEFAULT_TOP) as usize;
    (page >= top).then_some(skip + page as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_counts_characters() {
        assert!(check_length("Name", &"ľ".repeat(5), 5).is_ok());
        let error = check_length("Name", &"ľ".repeat(6), 5).unwrap_err();
        assert_eq!(error.to_string(), "Name: must have at most 5 characters, and has 6");
    }

    #[test]
    fn a_page_has_1_to_100_items() {
        let refused = |top| check_top(Some(top)).is_err();
        assert_eq!([0, 1, 100, 101].map(refused), [true, false, false, true]);
        assert!(check_top(None).is_ok());
    }

    #[test]
    fn only_a_full_page_has_a_next_one() {
        assert_eq!(next_skip(Some(10), 20, 10), Some(30));
        assert_eq!(next_skip(Some(10), 20, 9), None);
        assert_eq!(next_skip(None, 0, 50), Some(50));
        assert_eq!(next_skip(None, 0, 49), None);
        // A service that gives more than was asked for does not hold the paging up.
        assert_eq!(next_skip(Some(10), 0, 12), Some(12));
    }
}
