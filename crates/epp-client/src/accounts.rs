//! Bank accounts and their statements (source document, Bank Accounts).

mod download;
mod link;

use bytes::Bytes;
use common_core::{effect::Effect, open::Open};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::Method;

pub use download::StatementFile;
pub use link::{StatementFormat, StatementLink, StatementUrl};

use crate::{
    api::{Answer, Epp, LIMIT, decode},
    list_request::list_request,
    model::{
        AccountPermission, AccountType, BankAccount, BankAccountNumber, Jbkjs, RequestStatus,
        UnitNumber,
    },
};

list_request! {
    /// `GET bank-accounts`: the accounts that fit every filter (source document, GET
    /// bank-accounts).
    pub struct List -> BankAccount {
        info: Info {
            name: "accounts.list",
            method: Method::GET,
            path: "/bank-accounts",
            effect: Effect::Read,
            auth: Auth::Required,
            limit: LIMIT,
            section: "source document, GET bank-accounts",
        },
        filters {
            /// With that number (partija).
            number: BankAccountNumber = "Number",
            /// With that name.
            name: String = "Name",
            /// Of that organisation.
            organization_id: Jbkjs = "OrganizationId",
            /// Kept by that unit of the Treasury.
            organizational_unit_number: UnitNumber = "OrganizationalUnitNumber",
            /// Whose request has that status.
            request_status: Open<RequestStatus> = "RequestStatus",
            /// With which the user may do that. The document lists the filter under a name that no
            /// attribute has; it is taken to mean `permission` (ePP facts §4, trap 8).
            request_permission: Open<AccountPermission> = "RequestPermission",
            /// Of that type.
            account_type: Open<AccountType> = "Type",
        }
    }
}

/// `GET bank-accounts/{number}`: one account (source document, GET
/// bank-accounts/`<BankAccountNumber>`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch(pub BankAccountNumber);

impl Endpoint for Fetch {
    type Api = Epp;
    type Response = Answer<BankAccount>;

    const INFO: Info = Info {
        name: "accounts.fetch",
        method: Method::GET,
        path: "/bank-accounts/{number}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LIMIT,
        section: "source document, GET bank-accounts/<BankAccountNumber>",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).param("number", &self.0)?.finish()
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Answer<BankAccount>, DecodeError> {
        decode(parts, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::testing::{get, read, refused, shown},
        page::{Listing, SortDirection},
    };

    fn number() -> BankAccountNumber {
        "1624".parse().unwrap()
    }

    #[test]
    fn trap_1_and_5_and_6_a_list_carries_its_query_in_the_spelling_of_the_table() {
        let list = List::new()
            .request_status(RequestStatus::Approved)
            .per_page(10)
            .page(2)
            .sort_by("number", SortDirection::Descending);
        let query = "PerPage=10&Page=2&SortBy=number&SortDesc=desc&filter%5BRequestStatus%5D=2";
        assert_eq!(shown(&list), get(&format!("/bank-accounts?{query}")));
        assert_eq!(shown(&List::new()), get("/bank-accounts"));
    }

    #[test]
    fn trap_8_every_filter_goes_under_its_listed_name() {
        let list = List::new()
            .number(number())
            .name("FOND")
            .organization_id("10523".parse::<Jbkjs>().unwrap())
            .organizational_unit_number("40200".parse::<UnitNumber>().unwrap())
            .request_permission(AccountPermission::Payment)
            .account_type(Open::Unknown(7));
        let query = "filter%5BNumber%5D=0000000001624&filter%5BName%5D=FOND\
            &filter%5BOrganizationId%5D=10523&filter%5BOrganizationalUnitNumber%5D=40200\
            &filter%5BRequestPermission%5D=1&filter%5BType%5D=7";
        assert_eq!(shown(&list), get(&format!("/bank-accounts?{query}")));
        assert_eq!(refused(&List::new().per_page(0)), "PerPage");
        assert_eq!(refused(&List::new().page(0)), "Page");
    }

    #[test]
    fn accounts_are_read_from_a_page_and_the_next_page_is_asked_for() {
        let body = r#"{"status":{"code":"Success"},"payload":
            {"items":[{"number":1624,"controlNumber":9,"new":true}],"total":1}}"#;
        let page = read::<List>(body).unwrap().unwrap();
        assert_eq!(page.items[0].number.as_ref(), Some(&number()));
        assert_eq!(page.items[0].extra["new"], true);
        let next = List::new().name("A").per_page(1).next();
        assert_eq!(next, List::new().name("A").per_page(1).page(2));
        assert_eq!(next.next(), List::new().name("A").per_page(1).page(3));
    }

    #[test]
    fn one_account_is_asked_for_by_its_13_digits() {
        assert_eq!(shown(&Fetch(number())), get("/bank-accounts/0000000001624"));
    }

    #[test]
    fn one_account_is_read() {
        let body =
            r#"{"status":{"code":"Success"},"payload":{"number":"0000000001624","status":0}}"#;
        let account = read::<Fetch>(body).unwrap().unwrap();
        assert_eq!(account.number, Some(number()));
        assert!(read::<Fetch>(r#"{"status":{"code":"403"}}"#).unwrap().is_err());
    }
}
