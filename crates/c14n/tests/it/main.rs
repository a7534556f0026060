//! What must hold for canonical forms as a whole: equal to libxml2, equal to the recommendations, and lawful for any document.

#![expect(clippy::unwrap_used, reason = "a test's own preparations stop the test when they fail")]

mod case;
mod differential;
mod documents;
mod libxml2;
mod parts;
mod properties;
mod recommendations;
mod vectors;
