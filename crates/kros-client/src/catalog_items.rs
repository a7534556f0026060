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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{get, read, refused, shown};

    #[test]
    fn every_filter_has_the_services_name() {
        let list = List::new()
            .item_code("T-001")
            .name("kľúč & zámok")
            .only_marked_for_eshop(true)
            .catalog_item_changed_timestamp("2026-01-31T08:00:00")
            .top(10)
            .skip(20);
        let query = "ItemCode=T-001&Name=k%C4%BE%C3%BA%C4%8D%20%26%20z%C3%A1mok\
            &OnlyMarkedForEshop=true&CatalogItemChangedTimestamp=2026-01-31T08%3A00%3A00\
            &Top=10&Skip=20";
        assert_eq!(shown(&list), get(&format!("/catalog-items?{query}")));
        assert_eq!(refused(&List::new().item_code("x".repeat(26))), "ItemCode");
        assert_eq!(refused(&List::new().name("x".repeat(256))), "Name");
    }

    #[test]
    fn items_are_read_in_the_envelope_and_bare() {
        let body = r#"{"data":[{"itemCode":"T-001","name":null,"price":1.10}]}"#;
        let items = read::<List>(body).unwrap();
        assert_eq!(items[0].item_code.as_deref(), Some("T-001"));
        assert_eq!((&items[0].name, items[0].extra["price"].to_string()), (&None, "1.10".into()));
        assert_eq!(read::<List>("[{}]").unwrap().len(), 1);
    }
}
