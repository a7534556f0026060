//! Which form of invoice a session or batch takes (specification 1.9, chapters 11.3 and 13.2).

use std::borrow::Cow;

use common_http::BuildError;
use serde::{Deserialize, Serialize};

/// The form that is declared when a session or batch is opened, and that binds all its invoices:
/// another one is refused with 21416.
///
/// # Examples
///
/// ```
/// use ksef_client::v1::FormCode;
///
/// assert_eq!(FormCode::FA_2.system_code(), "FA (2)");
/// assert!(FormCode::new("FA (2)", "1-0E", "", "FA").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormCode {
    system_code: Cow<'static, str>,
    schema_version: Cow<'static, str>,
    target_namespace: Cow<'static, str>,
    value: Cow<'static, str>,
}

impl FormCode {
    /// FA(1), in force from 2022 to August 2023.
    pub const FA_1: Self = Self::known("FA (1)", "http://crd.gov.pl/wzor/2021/11/29/11089/");
    /// FA(2), in force from September 2023.
    pub const FA_2: Self = Self::known("FA (2)", "http://crd.gov.pl/wzor/2023/06/29/12648/");

    const fn known(system_code: &'static str, target_namespace: &'static str) -> Self {
        Self {
            system_code: Cow::Borrowed(system_code),
            schema_version: Cow::Borrowed("1-0E"),
            target_namespace: Cow::Borrowed(target_namespace),
            value: Cow::Borrowed("FA"),
        }
    }

    /// Another form: system code (1 to 32 characters, as `FA (2)`), version of the schema (1 to
    /// 16), target namespace (1 to 256) and value (1 to 256, as `FA`).
    pub fn new(
        system_code: impl Into<String>,
        schema_version: impl Into<String>,
        target_namespace: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, BuildError> {
        let fitting = |field, text: String, most| match text.chars().count() {
            length if (1..=most).contains(&length) => Ok(Cow::Owned(text)),
            _ => Err(BuildError::new(field, format!("must have 1 to {most} characters"))),
        };
        Ok(Self {
            system_code: fitting("SystemCode", system_code.into(), 32)?,
            schema_version: fitting("SchemaVersion", schema_version.into(), 16)?,
            target_namespace: fitting("TargetNamespace", target_namespace.into(), 256)?,
            value: fitting("Value", value.into(), 256)?,
        })
    }

    /// The system code, as `FA (2)`, with its blank.
    pub fn system_code(&self) -> &str {
        &self.system_code
    }

    /// The version of the schema, as `1-0E`.
    pub fn schema_version(&self) -> &str {
        &self.schema_version
    }

    /// The namespace of the invoices.
    pub fn target_namespace(&self) -> &str {
        &self.target_namespace
    }

    /// The value, as `FA`.
    pub fn value(&self) -> &str {
        &self.value
    }
}
