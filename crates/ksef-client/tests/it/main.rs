//! The client against the sandbox: sessions by every kind of login, invoices, changes, queries,
//! refusals and lost answers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's own preparations stop the test when they fail"
)]

mod batches;
mod cancellation;
mod causes;
mod changes;
mod check;
mod coverage;
mod exports;
mod invoices;
mod lists;
mod logins;
mod many;
mod operations;
mod refusals;
mod secrecy;
mod sessions;
mod steps;
mod support;
mod v2_batch;
mod v2_brittle;
mod v2_certificates;
mod v2_contexts;
mod v2_coverage;
mod v2_deadlines;
mod v2_facts;
mod v2_forms;
mod v2_inbox;
mod v2_latarnia;
mod v2_limits;
mod v2_login;
mod v2_offline;
mod v2_outbox;
mod v2_outbox_batches;
mod v2_outbox_fates;
mod v2_permissions;
mod v2_receiving;
mod v2_refusals;
mod v2_sending;
mod v2_support;
mod v2_test_data;
mod v2_test_data_support;
mod v2_tokens;
mod v2_weather;
