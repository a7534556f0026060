//! Requests and answers as bytes.

use super::*;
use crate::v2::client::testing::{bare, read, read_example, refused, shown};

#[test]
fn providers_are_asked_for_without_a_login() {
    assert_eq!(shown(&List::new()), bare("GET", "/peppol/query?pageOffset=0&pageSize=100"));
    assert_eq!(refused(&List::new().page_size(9)), "pageSize");
}

#[test]
fn providers_are_read_page_by_page() {
    let page = r#"{"hasMore":true,"peppolProviders":[{"id":"PPL000001","name":"invented"}]}"#;
    let page = read::<List>(page).unwrap();
    assert_eq!(List::new().next(&page), Some(List::new().page_index(1)));
    assert_eq!(List::items(page)[0].id.as_deref(), Some("PPL000001"));
    // The example's own identifier does not fit the contract's pattern, and is read all the same.
    if let Some(page) = read_example::<List>("200") {
        assert_eq!(List::new().next(&page), None);
        assert_eq!(page.peppol_providers.len(), 1);
    }
}
