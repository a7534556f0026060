//! What must hold together with other programs and with the authority's own files.

#![expect(clippy::unwrap_used, reason = "a test's own preparations stop the test when they fail")]

mod envelopes;
mod links;
mod oracle;
mod package;
mod published;
#[cfg(feature = "csr")]
mod requests;
mod xades_misleading;
mod xades_published;
mod xades_signing;
mod xades_support;
mod xades_tampering;
mod xades_vectors;
mod xades_wrapping;
