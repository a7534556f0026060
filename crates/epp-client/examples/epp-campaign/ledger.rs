//! What the callers were told about each order and each payment.

use common_core::money::Amount;
use epp_client::{
    batch::{BatchTag, Located},
    model::{NewPaymentOrder, PaymentOrderId},
};
use rand::{RngExt, rngs::StdRng};

/// An order, what it is, and everything that was said about it, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) external_id: String,
    pub(crate) order: NewPaymentOrder,
    pub(crate) nature: Nature,
    pub(crate) claims: Vec<(BatchTag, Claim)>,
}

/// What an order deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// To be created and paid.
    Good,
    /// To be refused.
    Wrong,
}

/// What the client said about one creation of one order, in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It was created and has this id.
    Created(PaymentOrderId),
    /// It was created and could not be found.
    Unlisted,
    /// The service refused it.
    Refused,
    /// It was certainly not created.
    NotSent,
    /// It may have been created, and the lookup after everything was over did not find it.
    Absent,
    /// It may have been created, and nothing is known yet.
    Unknown,
}

/// What the client said about one attempt to pay, in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    /// The tag of the attempt.
    pub(crate) tag: String,
    pub(crate) is_paid: bool,
}

/// What one caller knows at its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    pub(crate) entries: Vec<Entry>,
    pub(crate) payments: Vec<Payment>,
}

impl Entry {
    /// The id under which it was created.
    pub(crate) fn id(&self) -> Option<PaymentOrderId> {
        self.claims.iter().find_map(|(_, claim)| match claim {
            Claim::Created(id) => Some(*id),
            _ => None,
        })
    }

    /// Whether the documentation tells the caller to send it, for the first time or again.
    pub(crate) fn is_due(&self) -> bool {
        !self
            .claims
            .iter()
            .any(|(_, claim)| matches!(claim, Claim::Created(_) | Claim::Unlisted | Claim::Refused))
    }

    /// The amount that it asks for.
    fn amount(&self) -> Amount {
        self.order.amount.unwrap_or(Amount::ZERO)
    }
}

impl Claim {
    /// What a batch says of an order before anybody has looked again.
    pub(crate) fn of(located: &Located) -> Self {
        match located {
            Located::Created(order) => order.known_id().map_or(Self::Unlisted, Self::Created),
            Located::Refused(_) => Self::Refused,
            Located::Unlisted => Self::Unlisted,
            Located::NotSent(_) => Self::NotSent,
            _ => Self::Unknown,
        }
    }
}

/// The sum that orders ask for together.
pub(crate) fn amount_of<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Amount {
    let amounts = entries.into_iter().map(Entry::amount);
    amounts.fold(Amount::ZERO, |sum, one| sum.checked_add(one).unwrap_or(sum))
}

/// Orders from `debtor` under external ids that begin with `prefix`; one in eight is wrong, and
/// some are alike in everything but the external id.
pub(crate) fn orders(prefix: &str, debtor: &str, count: i64, rng: &mut StdRng) -> Vec<Entry> {
    let make = |number: i64| {
        let external_id = format!("{prefix}-{number}");
        let amount = Amount::from_minor(rng.random_range(100..=40_000), 2);
        let amount = amount.unwrap_or(Amount::ZERO);
        let order = NewPaymentOrder::new(debtor, "840-235664-72", amount)
            .payment_basis("Uplata po ugovoru")
            .payment_code(221)
            .creditor_name("Izmišljeni Dobavljač")
            .creditor_address("Zamišljena 1, Beograd")
            .external_id(external_id.clone());
        if rng.random_bool(0.125) {
            let long = format!("{external_id:-<50}");
            let order = order.external_id(long.clone());
            return Entry { external_id: long, order, nature: Nature::Wrong, claims: Vec::new() };
        }
        Entry { external_id, order, nature: Nature::Good, claims: Vec::new() }
    };
    (1..=count).map(make).collect()
}
