//! Which form of invoice a session takes (KSeF 2.0 facts §1).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::v2::{environment::Environment, wire};

/// The form that is declared when a session is opened, and that binds all its invoices.
///
/// | form | interactive | batch | environments |
/// |---|---|---|---|
/// | [`FA_2`](Self::FA_2) | yes | yes | test |
/// | [`FA_3`](Self::FA_3) | yes | yes | all |
/// | [`PEF`](Self::PEF), [`PEF_KOR`](Self::PEF_KOR) | yes | no | all |
/// | [`FA_RR`](Self::FA_RR) | yes | yes | all |
///
/// Whether the service takes a form is the service's to say; [`in_batch`](Self::in_batch) and
/// [`accepted_at`](Self::accepted_at) tell what is published, and unknown forms are let through.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormCode {
    system_code: Cow<'static, str>,
    schema_version: Cow<'static, str>,
    value: Cow<'static, str>,
}

impl FormCode {
    /// FA(2), the structured invoice until January 2026.
    pub const FA_2: Self = Self::known("FA (2)", "1-0E", "FA");
    /// FA(3), the structured invoice.
    pub const FA_3: Self = Self::known("FA (3)", "1-0E", "FA");
    /// PEF, the invoice of public procurement, in UBL.
    pub const PEF: Self = Self::known("PEF (3)", "2-1", "PEF");
    /// PEF KOR, the correction of such an invoice.
    pub const PEF_KOR: Self = Self::known("PEF_KOR (3)", "2-1", "PEF");
    /// FA RR, the invoice of flat-rate farmers.
    pub const FA_RR: Self = Self::known("FA_RR (1)", "1-1E", "FA_RR");

    const fn known(
        system_code: &'static str,
        schema_version: &'static str,
        value: &'static str,
    ) -> Self {
        Self {
            system_code: Cow::Borrowed(system_code),
            schema_version: Cow::Borrowed(schema_version),
            value: Cow::Borrowed(value),
        }
    }

    /// Another form: system code, as `FA (4)`, version of the schema, as `1-0E`, and value, as `FA`.
    pub fn new(
        system_code: impl Into<String>,
        schema_version: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        Self {
            system_code: Cow::Owned(system_code.into()),
            schema_version: Cow::Owned(schema_version.into()),
            value: Cow::Owned(value.into()),
        }
    }

    /// The system code, as `FA (3)`, with its blank.
    pub fn system_code(&self) -> &str {
        &self.system_code
    }

    /// The version of the schema, as `1-0E`.
    pub fn schema_version(&self) -> &str {
        &self.schema_version
    }

    /// The value, as `FA`.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether batches take it.
    pub fn in_batch(&self) -> bool {
        ![Self::PEF, Self::PEF_KOR].contains(self)
    }

    /// Whether that environment takes it.
    pub fn accepted_at(&self, environment: &Environment) -> bool {
        *self != Self::FA_2 || matches!(environment, Environment::Test | Environment::Custom(_))
    }

    pub(crate) fn to_wire(&self) -> wire::FormCode {
        wire::FormCode::new(self.schema_version(), self.system_code(), self.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_accepted_where_they_are_published_to_be() {
        assert!(FormCode::FA_2.accepted_at(&Environment::Test));
        assert!(!FormCode::FA_2.accepted_at(&Environment::Production));
        assert!(FormCode::FA_3.accepted_at(&Environment::Production));
        assert!(FormCode::FA_RR.in_batch() && !FormCode::PEF_KOR.in_batch());
        assert!(FormCode::new("FA (4)", "1-0E", "FA").in_batch());
    }
}
