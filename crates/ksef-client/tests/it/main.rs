//! The client against the sandbox: sessions by every kind of login, invoices, changes, queries,
//! refusals and lost answers.

mod changes;
mod invoices;
mod lists;
mod logins;
mod refusals;
mod sessions;
mod support;
