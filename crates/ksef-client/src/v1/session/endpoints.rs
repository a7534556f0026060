//! The operations on sessions (specification 1.9, chapter 13; KSeF 1.x facts §2.3).

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{Auth, BuildError, Info, Paged};
use http::Method;
use ksef_crypto::number::ReferenceNumber;

use crate::v1::{
    api::ONLINE,
    context::Context,
    endpoint::{
        NumberVariant, OCTETS, Page, PageBounds, RequestExt, V2_JSON, endpoint, page_setters,
    },
    wire,
};

/// `POST online/Session/AuthorisationChallenge`: asks for a challenge, which the document that
/// opens a session has to answer soon (chapter 13.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(pub Context);

endpoint!(Challenge -> wire::AuthorisationChallengeResponse {
    Info {
        name: "session.challenge",
        method: Method::POST,
        path: "/online/Session/AuthorisationChallenge",
        effect: Effect::Read,
        auth: Auth::None,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.2.1",
    },
    request: |this, request| {
        let identifier = this.0.wire();
        request.json(&wire::AuthorisationChallengeRequest::new(identifier))?.finish()
    },
});

/// Declares the four operations that open a session with a document of bytes.
macro_rules! open {
    ($(#[$doc:meta])* $name:ident -> $response:ty, $accept:expr, $info:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            document: Bytes,
        }

        impl $name {
            /// Sends that document, as it is.
            pub fn new(document: impl Into<Bytes>) -> Self {
                Self { document: document.into() }
            }
        }

        endpoint!($name -> $response {
            $info,
            request: |this, request| {
                let request = request.body(OCTETS, this.document.clone());
                let request = match $accept {
                    Some(media_type) => request.accept(media_type),
                    None => request,
                };
                request.finish()
            },
        });
    };
}

open!(
    /// `POST online/Session/InitToken`: opens a session by a token (chapter 13.2.3), with an answer
    /// of version 2.
    InitToken -> wire::InitSessionResponseV2, Some(V2_JSON), Info {
        name: "session.init_token",
        method: Method::POST,
        path: "/online/Session/InitToken",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.2.3",
    }
);

open!(
    /// The same with an answer of version 1, which is deprecated.
    InitTokenV1 -> wire::InitSessionResponse, None, Info {
        name: "session.init_token_v1",
        method: Method::POST,
        path: "/online/Session/InitToken",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.2.3",
    }
);

open!(
    /// `POST online/Session/InitSigned`: opens a session by a signed document (chapter 13.2.2), with
    /// an answer of version 2.
    InitSigned -> wire::InitSessionResponseV2, Some(V2_JSON), Info {
        name: "session.init_signed",
        method: Method::POST,
        path: "/online/Session/InitSigned",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.2.2",
    }
);

open!(
    /// The same with an answer of version 1, which is deprecated.
    InitSignedV1 -> wire::InitSessionResponse, None, Info {
        name: "session.init_signed_v1",
        method: Method::POST,
        path: "/online/Session/InitSigned",
        effect: Effect::Once,
        auth: Auth::None,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.2.2",
    }
);

/// Whether the status of a session lists its invoices (`IncludeDetails`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Details {
    /// With its invoices, a page at a time.
    #[default]
    Include,
    /// The session alone.
    Omit,
}

/// Declares the two operations that ask for a session's status.
macro_rules! status {
    (
        $(#[$doc:meta])* $name:ident { $($field:ident: $type:ty = $parameter:literal)? }, $info:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[must_use = "a request does nothing until a session sends it"]
        pub struct $name {
            $($field: $type,)?
            page: Page,
            details: Details,
            variant: Option<NumberVariant>,
        }

        impl $name {
            /// The session with the first 100 of its invoices.
            pub fn new($($field: $type)?) -> Self {
                Self {
                    $($field,)?
                    page: Page::first(PageBounds::SESSION),
                    details: Details::Include,
                    variant: None,
                }
            }

            /// Sets whether the session's invoices are listed.
            pub fn details(mut self, details: Details) -> Self {
                self.details = details;
                self
            }

            /// Sets the form of the KSeF numbers in the answer.
            pub fn number_variant(mut self, variant: NumberVariant) -> Self {
                self.variant = Some(variant);
                self
            }
        }

        page_setters!($name);

        endpoint!($name -> wire::SessionStatusResponse {
            $info,
            request: |this, request| {
                $(let request = request.param($parameter, &this.$field)?;)?
                request
                    .page(this.page, PageBounds::SESSION)?
                    .query("IncludeDetails", this.details == Details::Include)
                    .number_variant(this.variant)
                    .finish()
            },
        });

        impl Paged for $name {
            type Item = wire::SessionInvoiceStatus;

            fn items(page: Self::Response) -> Vec<Self::Item> {
                page.invoice_status_list
            }

            fn next(&self, page: &Self::Response) -> Option<Self> {
                if self.details == Details::Omit {
                    return None;
                }
                let rows = page.invoice_status_list.len();
                let next = self.page.after(rows, page.number_of_elements)?;
                Some(Self { page: next, ..self.clone() })
            }
        }
    };
}

impl Default for Status {
    fn default() -> Self {
        Self::new()
    }
}

status!(
    /// `GET online/Session/Status`: the session itself and its invoices (chapter 13.3.2).
    ///
    /// Pages of 10 to 100 rows, with indexes up to 1,000,000.
    Status {},
    Info {
        name: "session.status",
        method: Method::GET,
        path: "/online/Session/Status",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.3.2",
    }
);

status!(
    /// `GET online/Session/Status/{ReferenceNumber}`: any session or batch of the same context,
    /// also an ended one (chapter 13.3.1).
    StatusOf { session: ReferenceNumber = "ReferenceNumber" },
    Info {
        name: "session.status_of",
        method: Method::GET,
        path: "/online/Session/Status/{ReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.3.1",
    }
);

/// `GET online/Session/Terminate`: ends the session, whose confirmation is then made (chapter
/// 13.4). It is a `GET` although it changes something; ending twice changes nothing more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminate;

endpoint!(Terminate -> wire::TerminateSessionResponse {
    Info {
        name: "session.terminate",
        method: Method::GET,
        path: "/online/Session/Terminate",
        effect: Effect::Idempotent,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.4",
    },
    request: |_this, request| request.finish(),
});

/// `GET online/Session/GenerateInternalIdentifier/{inputDigitsSequence}`: composes the internal
/// identifier of a part of the session's taxpayer (chapter 13.5).
///
/// [`InternalId::compose`](ksef_crypto::number::InternalId::compose) does the same without a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateInternalIdentifier(u16);

impl GenerateInternalIdentifier {
    /// The part of that number, 0 to 9999; it is sent as four digits.
    pub fn new(part: u16) -> Result<Self, BuildError> {
        match part {
            0..=9999 => Ok(Self(part)),
            _ => Err(BuildError::new("inputDigitsSequence", "must have four digits")),
        }
    }
}

endpoint!(GenerateInternalIdentifier -> wire::InternalIdentifierGeneratedResponse {
    Info {
        name: "session.generate_internal_identifier",
        method: Method::GET,
        path: "/online/Session/GenerateInternalIdentifier/{inputDigitsSequence}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.5",
    },
    request: |this, request| {
        request.param("inputDigitsSequence", format_args!("{:04}", this.0))?.finish()
    },
});
