//! Hiding invoices and showing them again (specification 1.9, chapter 13.12; KSeF 1.x facts §2.4).
//!
//! Hiding is asynchronous: a change answers the number of an element, whose status tells the end.

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::{KsefNumber, ReferenceNumber};

use crate::v1::{
    api::ONLINE,
    endpoint::{NumberVariant, RequestExt, check_length, endpoint},
    wire,
};

const REASON: (usize, usize) = (1, 256);

/// `POST online/Invoice/Visibility/Hide`: hides an invoice from the searches of this context
/// (chapter 13.12.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hide {
    invoice: KsefNumber,
    reason: String,
}

impl Hide {
    /// Hides that invoice for that reason, 1 to 256 characters.
    pub fn new(invoice: KsefNumber, reason: impl Into<String>) -> Self {
        Self { invoice, reason: reason.into() }
    }
}

endpoint!(Hide -> wire::VisibilityChangeResponse {
    Info {
        name: "visibility.hide",
        method: Method::POST,
        path: "/online/Invoice/Visibility/Hide",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.12.1",
    },
    request: |this, request| {
        check_length("hidingReason", &this.reason, REASON)?;
        let hide = wire::HideInvoice::new(this.reason.clone(), this.invoice.as_str());
        request.json(&wire::HideInvoiceRequest::new(hide))?.finish()
    },
});

/// `POST online/Invoice/Visibility/Show`: shows a hidden invoice again (chapter 13.12.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    invoice: KsefNumber,
    reason: String,
}

impl Show {
    /// Shows that invoice again for that reason, 1 to 256 characters.
    pub fn new(invoice: KsefNumber, reason: impl Into<String>) -> Self {
        Self { invoice, reason: reason.into() }
    }
}

endpoint!(Show -> wire::VisibilityChangeResponse {
    Info {
        name: "visibility.show",
        method: Method::POST,
        path: "/online/Invoice/Visibility/Show",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.12.2",
    },
    request: |this, request| {
        check_length("hidingCancelationReason", &this.reason, REASON)?;
        let show = wire::ShowInvoice::new(this.reason.clone(), this.invoice.as_str());
        request.json(&wire::ShowInvoiceRequest::new(show))?.finish()
    },
});

/// `GET online/Invoice/Visibility/Status/{HidingElementReferenceNumber}`: how far a change has come
/// (chapter 13.12.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    element: ReferenceNumber,
    variant: Option<NumberVariant>,
}

impl Status {
    /// The change of that number.
    pub fn new(element: ReferenceNumber) -> Self {
        Self { element, variant: None }
    }

    /// Sets the form of the KSeF numbers in the answer.
    #[must_use]
    pub fn number_variant(mut self, variant: NumberVariant) -> Self {
        self.variant = Some(variant);
        self
    }
}

endpoint!(Status -> wire::VisibilityInvoiceStatusResponse {
    Info {
        name: "visibility.status",
        method: Method::GET,
        path: "/online/Invoice/Visibility/Status/{HidingElementReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.12.3",
    },
    request: |this, request| {
        let request = request.param("HidingElementReferenceNumber", &this.element)?;
        request.number_variant(this.variant).finish()
    },
});

/// `GET online/Invoice/Visibility/{KSeFReferenceNumber}`: whether an invoice is hidden, since when
/// and why (chapter 13.12.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    invoice: KsefNumber,
    variant: Option<NumberVariant>,
}

impl Fetch {
    /// That invoice.
    pub fn new(invoice: KsefNumber) -> Self {
        Self { invoice, variant: None }
    }

    /// Sets the form of the KSeF number in the answer.
    #[must_use]
    pub fn number_variant(mut self, variant: NumberVariant) -> Self {
        self.variant = Some(variant);
        self
    }
}

endpoint!(Fetch -> wire::VisibilityInvoiceGetResponse {
    Info {
        name: "visibility.fetch",
        method: Method::GET,
        path: "/online/Invoice/Visibility/{KSeFReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: ONLINE,
        section: "specification 1.9, chapter 13.12.4",
    },
    request: |this, request| {
        let request = request.param("KSeFReferenceNumber", &this.invoice)?;
        request.number_variant(this.variant).finish()
    },
});

#[cfg(test)]
mod tests;
