//! Catalogue items (cenník): list.

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;

use crate::{
    api::LIMIT,
    list_request::list_request,
    model::{CatalogItem, Timestamp},
};

list_request! {
    /// `GET /catalog-items`: the catalogue items that fit every filter (KROS facts §1).
    pub struct List -> CatalogItem {
        info: Info {
            name: "catalog_items.list",
            method: Method::GET,
            path: "/catalog-items",
            effect: Effect::Read,
            auth: Auth::Required,
            limit: LIMIT,
            section: "KROS facts §1",
        },
        filters {
            /// With that code, at most 25 characters.
            item_code: String = "ItemCode" max 25,
            /// With that text in their names, at most 255 characters.
            name: String = "Name" max 255,
            /// Marked for the shop, or not.
            only_marked_for_eshop: bool = "OnlyMarkedForEshop",
            /// Changed since; this list has a timestamp of its own (KROS facts §4).
            catalog_item_changed_timestamp: Timestamp = "CatalogItemChangedTimestamp",
        }
    }
}
