//! KSeF tokens, by which programs log in without a signature (KSeF 2.0 facts §12.1).
//!
//! [`Account::generate_token`](crate::v2::Account::generate_token) makes one and gives a handle that
//! waits until it can be used.

mod handle;

use common_core::{effect::Effect, open::Open};
use common_http::{Auth, Info, Paged};
use http::Method;
use ksef_crypto::number::ReferenceNumber;

use crate::v2::{
    api::LimitGroup,
    endpoint::{
        PageSizes, RequestExt, Slice, check_count, check_length, endpoint, nothing, page_setters,
    },
    permissions::Identifier,
    wire,
};

pub use handle::{NewToken, Token};

const OTHER: &str = LimitGroup::Other.name();
const SIZES: PageSizes = PageSizes(100);
const DESCRIPTION: (usize, usize) = (5, 256);
const PERMISSIONS: (usize, usize) = (1, 8);

/// `POST /tokens`: makes a token with some of the login's own permissions.
///
/// Only contexts of a NIP or an internal identifier can have tokens (26002). The answer holds the
/// token, a secret that is given this once; it can be used when its state is `Active`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generate {
    permissions: Vec<wire::TokenPermissionType>,
    description: String,
}

impl Generate {
    /// A token with those permissions, at least one, and a description of 5 to 256 characters.
    pub fn new(
        permissions: impl IntoIterator<Item = wire::TokenPermissionType>,
        description: impl Into<String>,
    ) -> Self {
        Self { permissions: permissions.into_iter().collect(), description: description.into() }
    }
}

endpoint!(Generate -> wire::GenerateTokenResponse {
    Info {
        name: "tokens.generate",
        method: Method::POST,
        path: "/tokens",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.1",
    },
    request: |this, request| {
        check_length("description", &this.description, DESCRIPTION)?;
        check_count("permissions", this.permissions.len(), PERMISSIONS)?;
        let permissions = this.permissions.iter().copied().map(Open::Known).collect();
        let body = wire::GenerateTokenRequest::new(&*this.description, permissions);
        request.json(&body)?.finish()
    },
});

/// `GET /tokens/{referenceNumber}`: the state of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status(pub ReferenceNumber);

endpoint!(Status -> wire::TokenStatusResponse {
    Info {
        name: "tokens.status",
        method: Method::GET,
        path: "/tokens/{referenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.1",
    },
    request: |this, request| request.param("referenceNumber", &this.0)?.finish(),
});

/// `DELETE /tokens/{referenceNumber}`: revokes a token.
///
/// One's own token needs no permission, those of others `CredentialsManage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoke(pub ReferenceNumber);

endpoint!(Revoke -> () {
    Info {
        name: "tokens.revoke",
        method: Method::DELETE,
        path: "/tokens/{referenceNumber}",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.1",
    },
    request: |this, request| request.param("referenceNumber", &this.0)?.finish(),
    response: nothing,
});

/// `GET /tokens`: the tokens of the current context, newest first, in pages of 10 to 100 rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    states: Vec<wire::AuthenticationTokenStatus>,
    description: Option<String>,
    author: Option<Identifier>,
    slice: Slice,
}

impl List {
    /// All of them, 100 rows to a page.
    pub fn new() -> Self {
        let slice = Slice::first(SIZES);
        Self { states: Vec::new(), description: None, author: None, slice }
    }

    /// Also those in that state; without it, those in any.
    #[must_use]
    pub fn state(mut self, state: wire::AuthenticationTokenStatus) -> Self {
        self.states.push(state);
        self
    }

    /// Only those whose description contains that text of 3 characters or more.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Only those that that subject has made.
    #[must_use]
    pub fn author(mut self, author: Identifier) -> Self {
        self.author = Some(author);
        self
    }
}

impl Default for List {
    fn default() -> Self {
        Self::new()
    }
}

page_setters!(List: slice);

endpoint!(List -> wire::QueryTokensResponse {
    Info {
        name: "tokens.list",
        method: Method::GET,
        path: "/tokens",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: OTHER,
        section: "KSeF 2.0 facts §12.1",
    },
    request: |this, request| {
        if let Some(text) = &this.description {
            check_length("description", text, (3, usize::MAX))?;
        }
        let mut request = request;
        for state in &this.states {
            request = request.query("status", Open::Known(*state));
        }
        request
            .query_opt("description", this.description.as_deref())
            .query_opt("authorIdentifier", this.author.as_ref().map(Identifier::value))
            .query_opt("authorIdentifierType", this.author.as_ref().map(Identifier::kind))
            .slice(&this.slice, SIZES)?
            .finish()
    },
});

impl Paged for List {
    type Item = wire::TokenListItem;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.tokens
    }

    fn next(&self, page: &Self::Response) -> Option<Self> {
        let slice = self.slice.after(page.continuation_token.as_deref())?;
        Some(Self { slice, ..self.clone() })
    }
}

#[cfg(test)]
mod tests;
