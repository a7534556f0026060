//! The logins of a context: which there are, and ending them (KSeF 2.0 facts §4.4).

use common_core::effect::Effect;
use common_http::{Auth, Endpoint, Info, Paged};
use http::Method;
use ksef_crypto::number::ReferenceNumber;

use crate::v2::{
    api::LimitGroup,
    endpoint::{PageSizes, RequestExt, Slice, endpoint, nothing, page_setters},
    wire,
};

const OTHER: &str = LimitGroup::Other.name();
const SIZES: PageSizes = PageSizes(100);

/// `GET /auth/sessions`: the logins that are in force, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    slice: Slice,
}

impl List {
    /// All of them, 100 to a page.
    pub fn new() -> Self {
        Self { slice: Slice::first(SIZES) }
    }
}

impl Default for List {
    fn default() -> Self {
        Self::new()
    }
}

page_setters!(List: slice);

endpoint!(List -> wire::AuthenticationListResponse {
    Info {
        name: "auth_sessions.list",
        method: Method::GET,
        path: "/auth/sessions",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §4.4",
    },
    request: |this, request| request.slice(&this.slice, SIZES)?.finish(),
});

impl Paged for List {
    type Item = wire::AuthenticationListItem;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.items
    }

    fn next(&self, page: &<Self as Endpoint>::Response) -> Option<Self> {
        Some(Self { slice: self.slice.after(page.continuation_token.as_deref())? })
    }
}

/// `DELETE /auth/sessions/current`: ends the login that the call is made with.
///
/// Its refresh token is void then; access tokens work on until they end, some minutes later (KSeF
/// 2.0 facts §0, 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokeCurrent;

endpoint!(RevokeCurrent -> () {
    Info {
        name: "auth_sessions.revoke_current",
        method: Method::DELETE,
        path: "/auth/sessions/current",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §4.4",
    },
    request: |_this, request| request.finish(),
    response: nothing,
});

/// `DELETE /auth/sessions/{referenceNumber}`: ends another login, as
/// [`RevokeCurrent`] does its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoke(pub ReferenceNumber);

endpoint!(Revoke -> () {
    Info {
        name: "auth_sessions.revoke",
        method: Method::DELETE,
        path: "/auth/sessions/{referenceNumber}",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §4.4",
    },
    request: |this, request| request.param("referenceNumber", &this.0)?.finish(),
    response: nothing,
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::client::testing::{LOGIN, bare, read, read_example, reference, refused, shown};

    #[test]
    fn logins_are_listed_page_by_page() {
        assert_eq!(shown(&List::new()), bare("GET", "/auth/sessions?pageSize=100"));
        assert_eq!(refused(&List::new().page_size(101)), "pageSize");
        let page = read::<List>(r#"{"continuationToken":"next","items":[{"future":1}]}"#).unwrap();
        let next = List::new().page_size(10).next(&page).unwrap();
        assert!(
            shown(&next)
                .ends_with("?pageSize=10\naccept: application/json\nx-continuation-token: next")
        );
        let last = read::<List>(r#"{"continuationToken":"","items":null}"#).unwrap();
        assert_eq!(next.next(&last), None);
        if let Some(page) = read_example::<List>("200") {
            assert!(List::new().next(&page).is_some());
            assert_eq!(page.items[0].is_token_redeemed, Some(true));
        }
    }

    #[test]
    fn logins_are_ended_with_an_empty_answer() {
        assert_eq!(shown(&RevokeCurrent), bare("DELETE", "/auth/sessions/current"));
        let revoke = Revoke(reference(LOGIN));
        assert_eq!(shown(&revoke), bare("DELETE", &format!("/auth/sessions/{LOGIN}")));
        assert!(read::<RevokeCurrent>("").is_ok() && read::<Revoke>("").is_ok());
    }
}
