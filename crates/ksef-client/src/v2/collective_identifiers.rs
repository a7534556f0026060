//! Identifiers under which several invoices are paid at once (KSeF 2.0 facts §12.4).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use common_core::{effect::Effect, money::Amount};
use common_http::{Auth, BuildError, Info, Paged};
use http::Method;
use ksef_crypto::number::{CollectiveIdentifier, KsefNumber};

use crate::v2::{
    api::LimitGroup,
    endpoint::{PageSizes, RequestExt, Slice, check_count, check_length, endpoint, page_setters},
    wire,
};

const GROUP: &str = LimitGroup::CollectiveIdentifier.name();
const SIZES: PageSizes = PageSizes(200);
const INVOICE_SIZES: PageSizes = PageSizes(500);
/// The context's own limit is 500 without a raise; no context may have more than this.
const INVOICES: (usize, usize) = (2, 5000);
/// Identifiers in one question for their invoices.
const NUMBERS: (usize, usize) = (1, 10);
/// The longest range of dates, in days.
const RANGE: TimeDelta = TimeDelta::days(100);

/// An invoice that is to be paid together with others.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "it is a part of a request"]
pub struct Invoice {
    number: KsefNumber,
    payment: Option<(Amount, String)>,
    description: Option<String>,
}

impl Invoice {
    /// That invoice, paid in full.
    pub fn new(number: KsefNumber) -> Self {
        Self { number, payment: None, description: None }
    }

    /// Sets how much of it is paid, and the currency as three letters.
    pub fn payment(mut self, amount: Amount, currency: impl Into<String>) -> Self {
        self.payment = Some((amount, currency.into()));
        self
    }

    /// Sets a note of up to 512 characters.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    fn to_wire(&self) -> Result<wire::CollectiveIdentifierInvoice, BuildError> {
        let mut invoice = wire::CollectiveIdentifierInvoice::new(self.number.as_str());
        if let Some((amount, currency)) = &self.payment {
            check_length("currency", currency, (3, 3))?;
            let payment = wire::CollectiveIdentifierInvoicePayment::new(*amount, &**currency);
            invoice.payment = Some(payment);
        }
        if let Some(description) = &self.description {
            check_length("description", description, (0, 512))?;
            invoice.description = Some(description.clone());
        }
        Ok(invoice)
    }
}

/// `POST /collective-identifiers`: makes an identifier for invoices of one seller.
///
/// Repeating it makes another one; when its outcome is unknown, [`ListOfInvoice`] tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Generate(Vec<Invoice>);

impl Generate {
    /// For those invoices, each once: at least 2, and at most as many as
    /// [`limits::Context`](crate::v2::limits::Context) says, usually 500.
    pub fn new(invoices: impl IntoIterator<Item = Invoice>) -> Self {
        Self(invoices.into_iter().collect())
    }
}

endpoint!(Generate -> wire::GenerateCollectiveIdentifierResponse {
    Info {
        name: "collective_identifiers.generate",
        method: Method::POST,
        path: "/collective-identifiers",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: GROUP,
        section: "KSeF 2.0 facts §12.4",
    },
    request: |this, request| {
        check_count("invoices", this.0.len(), INVOICES)?;
        let distinct: BTreeSet<_> = this.0.iter().map(|invoice| invoice.number.compact()).collect();
        if distinct.len() != this.0.len() {
            return Err(BuildError::new("invoices", "must name each invoice once"));
        }
        let invoices = this.0.iter().map(Invoice::to_wire).collect::<Result<_, _>>()?;
        request.json(&wire::GenerateCollectiveIdentifierRequest::new(invoices))?.finish()
    },
});

/// `POST /collective-identifiers/query`: the identifiers that were made in some time, in pages of 10
/// to 200 rows.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    filter: wire::CollectiveIdentifiersQueryRequest,
    slice: Slice,
}

impl List {
    /// Those made from `from` to `to`, which may be 100 days apart.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        let filter = wire::CollectiveIdentifiersQueryRequest::new(from, to);
        Self { filter, slice: Slice::first(SIZES) }
    }

    /// Only that one.
    #[must_use]
    pub fn number(mut self, number: &CollectiveIdentifier) -> Self {
        self.filter.collective_identifier_number = Some(number.to_string());
        self
    }

    /// Only those of that many invoices or more.
    #[must_use]
    pub fn at_least(mut self, invoices: u16) -> Self {
        self.filter.invoice_count_from = Some(invoices.into());
        self
    }

    /// Only those of that many invoices or fewer.
    #[must_use]
    pub fn at_most(mut self, invoices: u16) -> Self {
        self.filter.invoice_count_to = Some(invoices.into());
        self
    }

    /// Only those that were made in the current context.
    #[must_use]
    pub fn of_this_context(mut self) -> Self {
        self.filter.created_in_current_context = Some(true);
        self
    }

    /// Only those that were made in other contexts.
    #[must_use]
    pub fn of_other_contexts(mut self) -> Self {
        self.filter.created_in_current_context = Some(false);
        self
    }
}

page_setters!(List: slice);

endpoint!(List -> wire::CollectiveIdentifiersQueryResponse {
    Info {
        name: "collective_identifiers.list",
        method: Method::POST,
        path: "/collective-identifiers/query",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: GROUP,
        section: "KSeF 2.0 facts §12.4",
    },
    request: |this, request| {
        let range = this.filter.date_created_to - this.filter.date_created_from;
        if range < TimeDelta::zero() || range > RANGE {
            return Err(BuildError::new("dateCreatedTo", "must be 0 to 100 days after the beginning"));
        }
        request.slice(&this.slice, SIZES)?.json(&this.filter)?.finish()
    },
});

impl Paged for List {
    type Item = wire::CollectiveIdentifiersQueryResponseItem;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.collective_identifiers
    }

    fn next(&self, page: &Self::Response) -> Option<Self> {
        let slice = self.slice.after(page.continuation_token.as_deref())?;
        Some(Self { slice, ..self.clone() })
    }
}

/// `POST /collective-identifiers/invoices`: the invoices of up to 10 identifiers, in pages of 10 to
/// 500 rows.
///
/// What is paid of them is hidden (`details_hidden`) where it is not the context's to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListInvoices {
    numbers: Vec<CollectiveIdentifier>,
    slice: Slice,
}

impl ListInvoices {
    /// Those of 1 to 10 identifiers, 500 rows to a page.
    pub fn new(numbers: impl IntoIterator<Item = CollectiveIdentifier>) -> Self {
        Self { numbers: numbers.into_iter().collect(), slice: Slice::first(INVOICE_SIZES) }
    }
}

page_setters!(ListInvoices: slice);

endpoint!(ListInvoices -> wire::CollectiveIdentifierInvoicesQueryResponse {
    Info {
        name: "collective_identifiers.list_invoices",
        method: Method::POST,
        path: "/collective-identifiers/invoices",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: GROUP,
        section: "KSeF 2.0 facts §12.4",
    },
    request: |this, request| {
        check_count("collectiveIdentifierNumbers", this.numbers.len(), NUMBERS)?;
        let numbers = this.numbers.iter().map(ToString::to_string).collect();
        let body = wire::CollectiveIdentifierInvoicesQueryRequest::new(numbers);
        request.slice(&this.slice, INVOICE_SIZES)?.json(&body)?.finish()
    },
});

impl Paged for ListInvoices {
    type Item = wire::CollectiveIdentifierInvoicesQueryResponseItem;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.invoices
    }

    fn next(&self, page: &Self::Response) -> Option<Self> {
        let slice = self.slice.after(page.continuation_token.as_deref())?;
        Some(Self { slice, ..self.clone() })
    }
}

/// `GET /collective-identifiers/ksef/{ksefNumber}`: the identifiers that an invoice stands under, in
/// pages of 10 to 200 rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListOfInvoice {
    number: KsefNumber,
    slice: Slice,
}

impl ListOfInvoice {
    /// Those of that invoice, 200 rows to a page.
    pub fn new(number: KsefNumber) -> Self {
        Self { number, slice: Slice::first(SIZES) }
    }
}

page_setters!(ListOfInvoice: slice);

endpoint!(ListOfInvoice -> wire::CollectiveIdentifiersByKsefNumberQueryResponse {
    Info {
        name: "collective_identifiers.list_of_invoice",
        method: Method::GET,
        path: "/collective-identifiers/ksef/{ksefNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: GROUP,
        section: "KSeF 2.0 facts §12.4",
    },
    request: |this, request| {
        request.param("ksefNumber", &this.number)?.slice(&this.slice, SIZES)?.finish()
    },
});

impl Paged for ListOfInvoice {
    type Item = wire::CollectiveIdentifiersByKsefNumberQueryResponseItem;

    fn items(page: Self::Response) -> Vec<Self::Item> {
        page.collective_identifiers
    }

    fn next(&self, page: &Self::Response) -> Option<Self> {
        let slice = self.slice.after(page.continuation_token.as_deref())?;
        Some(Self { slice, ..self.clone() })
    }
}

#[cfg(test)]
mod tests;
