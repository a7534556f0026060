//! How many calls are allowed in what time (KSeF 2.0 facts §13.1).

use std::{collections::BTreeMap, time::Duration};

use common_core::limit::{Window, Windows};
use serde::{Deserialize, Serialize};

use crate::{
    operation::Rate,
    v2::{api::LimitGroup, operations, wire},
};

/// By how much longer than the service's every window is kept, because requests that were sent a
/// window apart may arrive closer together.
const MARGIN: Duration = Duration::from_millis(100);

/// How many calls of any kind an address may make in a second.
const GLOBAL: u32 = 75;

/// The limits of all groups of one context, as plain data.
///
/// They begin with the contract's numbers. Those in force may be higher or lower:
/// [`Account::adopt_rates`](crate::v2::Account::adopt_rates) takes over what `GET /rate-limits`
/// gives. That over all calls together ([`LimitGroup::Global`]) stands with no operation, so it begins
/// with the number of the contract's example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates(BTreeMap<String, Windows>);

impl Rates {
    /// What the contract says.
    pub fn of_contract() -> Self {
        let rows = operations::ALL.iter();
        let groups = rows.map(|row| (row.limit.to_owned(), windows_of(row.rate))).collect();
        Self(groups).with(LimitGroup::Global, windows(Some(GLOBAL), None, None))
    }

    /// No limits, for a system of one's own.
    pub fn unlimited() -> Self {
        Self(BTreeMap::new())
    }

    /// The windows of a group.
    pub fn of(&self, group: LimitGroup) -> Windows {
        self.0.get(group.name()).cloned().unwrap_or_else(Windows::unlimited)
    }

    /// Sets the windows of a group.
    #[must_use]
    pub fn with(mut self, group: LimitGroup, windows: Windows) -> Self {
        self.0.insert(group.name().to_owned(), windows);
        self
    }

    /// Takes over what the service says is in force; groups that it does not name stay.
    pub(crate) fn adopt(&mut self, told: &wire::EffectiveApiRateLimits) {
        let told = [
            (LimitGroup::Anonymous, &told.anonymous),
            (LimitGroup::BatchSession, &told.batch_session),
            (LimitGroup::BatchSessionClose, &told.batch_session_close),
            (LimitGroup::CollectiveIdentifier, &told.collective_identifier),
            (LimitGroup::Global, &told.global),
            (LimitGroup::InvoiceDownload, &told.invoice_download),
            (LimitGroup::InvoiceExport, &told.invoice_export),
            (LimitGroup::InvoiceExportStatus, &told.invoice_export_status),
            (LimitGroup::InvoiceMetadata, &told.invoice_metadata),
            (LimitGroup::InvoiceSend, &told.invoice_send),
            (LimitGroup::InvoiceStatus, &told.invoice_status),
            (LimitGroup::OnlineSession, &told.online_session),
            (LimitGroup::OnlineSessionClose, &told.online_session_close),
            (LimitGroup::Other, &told.other),
            (LimitGroup::SessionInvoiceList, &told.session_invoice_list),
            (LimitGroup::SessionList, &told.session_list),
            (LimitGroup::SessionMisc, &told.session_misc),
        ];
        for (group, values) in told {
            if let Some(values) = values {
                self.0.insert(group.name().to_owned(), windows_told(values));
            }
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self::of_contract()
    }
}

fn windows_of(rate: Rate) -> Windows {
    windows(rate.per_second, rate.per_minute, rate.per_hour)
}

/// A negative number is no limit (KSeF 2.0 facts §13.1).
fn windows_told(values: &wire::EffectiveApiRateLimitValues) -> Windows {
    let limit = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    windows(limit(values.per_second), limit(values.per_minute), limit(values.per_hour))
}

fn windows(second: Option<u32>, minute: Option<u32>, hour: Option<u32>) -> Windows {
    let all = [
        second.map(Window::per_second),
        minute.map(Window::per_minute),
        hour.map(Window::per_hour),
    ];
    Windows::new(all.into_iter().flatten()).margin(MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_has_the_numbers_of_the_contract() {
        let rates = Rates::of_contract();
        for group in LimitGroup::ALL {
            assert!(rates.of(group).iter().next().is_some(), "{group:?}");
        }
        let send: Vec<_> =
            rates.of(LimitGroup::InvoiceSend).iter().map(|window| window.limit()).collect();
        assert_eq!(send, [10, 30, 180]);
        let known: Vec<_> =
            operations::ALL.iter().map(|row| LimitGroup::named(row.limit)).collect();
        assert!(known.iter().all(Option::is_some));
    }

    #[test]
    fn limits_in_force_replace_those_of_the_contract() {
        let mut rates = Rates::of_contract();
        let told = serde_json::from_str(
            r#"{"invoiceSend":{"perSecond":100,"perMinute":-1,"perHour":1800},"future":{}}"#,
        );
        rates.adopt(&told.unwrap());
        let send = rates.of(LimitGroup::InvoiceSend);
        assert_eq!(send.iter().map(|window| window.limit()).collect::<Vec<_>>(), [100, 1800]);
        assert_eq!(rates.of(LimitGroup::Other), Rates::of_contract().of(LimitGroup::Other));
        let text = serde_json::to_string(&rates).unwrap();
        assert_eq!(serde_json::from_str::<Rates>(&text).unwrap(), rates);
    }
}
