//! Which permissions and roles there are (KSeF 2.0 facts §11).
//!
//! All lists have pages of 10 to 100 rows, the newest first; the stream of a client's `items` reads
//! them all.

mod entities;
mod people;

use common_core::open::{Code, Open};

use crate::v2::{api::LimitGroup, endpoint::PageSizes};

pub use entities::{Authorizations, Entities, EntityRoles, EuEntities, SubordinateRoles};
pub use people::{Author, Personal, Persons, Subunits};

const OTHER: &str = LimitGroup::Other.name();
const SIZES: PageSizes = PageSizes(100);

/// Declares how a query is asked and how its pages follow each other.
macro_rules! query {
    ($name:ident -> $response:ident.$rows:ident: $item:ident, $info:expr $(, $filter:ident)?) => {
        page_setters!($name: page);

        endpoint!($name -> wire::$response {
            $info,
            request: |this, request| {
                let request = request.page(this.page, SIZES)?;
                $(let request = request.json(&this.$filter)?;)?
                request.finish()
            },
            response: $crate::v2::endpoint::counted,
        });

        impl Paged for $name {
            type Item = wire::$item;

            fn items(page: Self::Response) -> Vec<Self::Item> {
                page.$rows
            }

            fn next(&self, page: &Self::Response) -> Option<Self> {
                let page = self.page.after(page.has_more)?;
                Some(Self { page, ..self.clone() })
            }
        }
    };
}

use query;

/// Codes as they travel.
fn known<T: Code>(codes: impl IntoIterator<Item = T>) -> Vec<Open<T>> {
    codes.into_iter().map(Open::Known).collect()
}

#[cfg(test)]
mod tests;
