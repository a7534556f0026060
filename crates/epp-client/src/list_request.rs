//! One way to declare a list: paging, sorting, and filters under the service's names (source
//! document, GET bank-accounts and GET payment-orders).
//!
//! The document spells the paging parameters in two ways and names range filters in two ways; sent
//! are the forms of its tables (ePP facts §4, traps 1, 5, 6, 7).

use common_http::BuildError;

/// Declares a paged list.
macro_rules! list_request {
    (
        $(#[$meta:meta])*
        pub struct $name:ident -> $item:ty {
            info: $info:expr,
            filters { $( $(#[$doc:meta])* $field:ident: $type:ty = $wire:literal, )* }
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[must_use = "a request does nothing until a client sends it"]
        pub struct $name {
            $( $field: Option<$type>, )*
            per_page: Option<u32>,
            page: Option<u64>,
            sort: Option<(String, $crate::page::SortDirection)>,
        }

        impl $name {
            /// Everything, from the first page on, in pages of the service's own size.
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

            /// Sets how many items a page holds, at least 1 (`PerPage`).
            pub fn per_page(mut self, items: u32) -> Self {
                self.per_page = Some(items);
                self
            }

            /// Sets which page is asked for, counted from 1 (`Page`).
            pub fn page(mut self, number: u64) -> Self {
                self.page = Some(number);
                self
            }

            /// Sorts by an attribute of the items, under the service's name of it (`SortBy`,
            /// `SortDesc`).
            pub fn sort_by(
                mut self,
                attribute: impl Into<String>,
                direction: $crate::page::SortDirection,
            ) -> Self {
                self.sort = Some((attribute.into(), direction));
                self
            }
        }

        impl common_http::Endpoint for $name {
            type Api = $crate::api::Epp;
            type Response = $crate::api::Answer<$crate::page::Page<$item>>;

            const INFO: common_http::Info = $info;

            fn request(
                &self,
                base: &common_http::BaseUrl,
            ) -> Result<http::Request<common_http::Body>, common_http::BuildError> {
                $crate::list_request::at_least_one("PerPage", self.per_page.map(u64::from))?;
                $crate::list_request::at_least_one("Page", self.page)?;
                let (by, direction) = self.sort.as_ref().map(|(by, way)| (by, way)).unzip();
                common_http::RequestBuilder::new(&Self::INFO, base)
                    .query_opt("PerPage", self.per_page)
                    .query_opt("Page", self.page)
                    .query_opt("SortBy", by)
                    .query_opt("SortDesc", direction)
                    $( .query_opt(concat!("filter[", $wire, "]"), self.$field.as_ref()) )*
                    .finish()
            }

            fn response(
                parts: &common_http::Parts,
                body: &bytes::Bytes,
            ) -> Result<Self::Response, common_http::DecodeError> {
                $crate::page::Page::decode(parts, body)
            }
        }

        impl $crate::page::Listing for $name {
            type Item = $item;

            fn next(&self) -> Self {
                Self { page: Some(self.page.unwrap_or(1).saturating_add(1)), ..self.clone() }
            }

            fn page_size(&self) -> Option<u32> {
                self.per_page
            }
        }
    };
}

pub(crate) use list_request;

pub(crate) fn at_least_one(field: &'static str, value: Option<u64>) -> Result<(), BuildError> {
    match value {
        Some(0) => Err(BuildError::new(field, "must be at least 1")),
        _ => Ok(()),
    }
}
