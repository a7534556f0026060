//! Whom the double knows: contexts, subjects, permissions, and how somebody logged in
//! (KSeF 2.0 facts §4 and §11).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::contract::is_shaped;
use crate::ksef::numbers;

/// A context or a subject: what kind of number it is, and the number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Identity {
    /// What kind of number.
    #[serde(rename = "type")]
    pub kind: IdentityKind,
    /// The number.
    pub value: String,
}

/// The kinds of numbers that contexts and subjects have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum IdentityKind {
    /// A tax number of ten digits.
    Nip,
    /// A unit of a taxpayer: NIP, hyphen, five digits.
    InternalId,
    /// A NIP and a VAT number of the European Union.
    NipVatUe,
    /// A provider of Peppol: `P`, two letters, six digits.
    PeppolId,
    /// A person's number of eleven digits.
    Pesel,
    /// SHA-256 of a certificate, 64 upper-case hexadecimal digits.
    Fingerprint,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are those of the contract (KSeF 2.0 facts §11)")]
pub enum Permission {
    InvoiceWrite,
    InvoiceRead,
    CredentialsManage,
    CredentialsRead,
    Introspection,
    SubunitManage,
    EnforcementOperations,
    VatUeManage,
    CollectiveIdentifierManage,
    PefInvoiceWrite,
}

/// How somebody logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoginMethod {
    Token,
    InternalCertificate,
    QualifiedSignature,
    QualifiedSeal,
    PeppolSignature,
}

/// Whoever stands behind an access token.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// In whose name requests are made.
    pub(super) context: Identity,
    /// Who makes them.
    pub(super) subject: Identity,
    pub(super) method: LoginMethod,
    /// The reference number of the authentication operation.
    pub(super) operation: String,
    /// The reference number of the KSeF token that was used.
    pub(super) token: Option<String>,
    /// What a KSeF token is limited to.
    pub(super) limited_to: Option<BTreeSet<Permission>>,
    /// The certificate that signed, DER.
    pub(super) certificate: Option<Arc<Vec<u8>>>,
    /// SHA-256 of the document that authenticated, Base64, for receipts.
    pub(super) document_hash: Option<String>,
}

impl Identity {
    /// An identity of that kind.
    pub fn new(kind: IdentityKind, value: &str) -> Self {
        Self { kind, value: value.to_owned() }
    }

    /// A tax number.
    pub fn nip(value: &str) -> Self {
        Self::new(IdentityKind::Nip, value)
    }

    /// The ten digits of the taxpayer that the identity belongs to.
    pub(super) fn owner_nip(&self) -> Option<&str> {
        match self.kind {
            IdentityKind::Nip | IdentityKind::InternalId | IdentityKind::NipVatUe => {
                self.value.get(..10)
            }
            _ => None,
        }
    }

    /// Whether the value has the shape of its kind.
    pub(super) fn is_shaped(&self) -> bool {
        let value = self.value.as_str();
        match self.kind {
            IdentityKind::Nip => numbers::is_nip(value),
            IdentityKind::InternalId => numbers::is_internal(value),
            // The contract's own examples break its pattern of VAT numbers, so this is wider.
            IdentityKind::NipVatUe => value.split_once('-').is_some_and(|(nip, vat)| {
                let letters = vat.bytes().take(2).all(|byte| byte.is_ascii_uppercase());
                numbers::is_nip(nip) && (4..=14).contains(&vat.len()) && letters
            }),
            IdentityKind::PeppolId => is_peppol(value),
            IdentityKind::Pesel => is_shaped("^\\d{2}", value),
            IdentityKind::Fingerprint => numbers::is_fingerprint(value),
        }
    }

    /// The two members as JSON.
    pub(super) fn json(&self) -> Value {
        json!({"type": self.kind.as_str(), "value": self.value})
    }

    /// Reads the two members.
    pub(super) fn read(value: &Value) -> Option<Self> {
        serde_json::from_value(value.clone()).ok()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

impl IdentityKind {
    /// The name as the contract writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nip => "Nip",
            Self::InternalId => "InternalId",
            Self::NipVatUe => "NipVatUe",
            Self::PeppolId => "PeppolId",
            Self::Pesel => "Pesel",
            Self::Fingerprint => "Fingerprint",
        }
    }
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::InvoiceWrite,
        Self::InvoiceRead,
        Self::CredentialsManage,
        Self::CredentialsRead,
        Self::Introspection,
        Self::SubunitManage,
        Self::EnforcementOperations,
        Self::VatUeManage,
        Self::CollectiveIdentifierManage,
        Self::PefInvoiceWrite,
    ];

    /// The name as the contract writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvoiceWrite => "InvoiceWrite",
            Self::InvoiceRead => "InvoiceRead",
            Self::CredentialsManage => "CredentialsManage",
            Self::CredentialsRead => "CredentialsRead",
            Self::Introspection => "Introspection",
            Self::SubunitManage => "SubunitManage",
            Self::EnforcementOperations => "EnforcementOperations",
            Self::VatUeManage => "VatUeManage",
            Self::CollectiveIdentifierManage => "CollectiveIdentifierManage",
            Self::PefInvoiceWrite => "PefInvoiceWrite",
        }
    }

    /// The permission of that name.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

impl LoginMethod {
    /// The deprecated name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Token => "Token",
            Self::InternalCertificate => "InternalCertificate",
            Self::QualifiedSignature => "QualifiedSignature",
            Self::QualifiedSeal => "QualifiedSeal",
            Self::PeppolSignature => "PeppolSignature",
        }
    }

    /// Whether a signed document was shown.
    pub(super) fn is_xades(self) -> bool {
        self != Self::Token
    }

    /// The object that replaces the deprecated name.
    pub(super) fn info(self) -> Value {
        let (category, code, name) = match self {
            Self::Token => ("Token", "token.ksef", "Token KSeF"),
            Self::InternalCertificate => {
                ("XadesSignature", "xades.ksef-certificate", "Certyfikat KSeF")
            }
            Self::QualifiedSignature => {
                ("XadesSignature", "xades.qualified-signature", "Podpis kwalifikowany")
            }
            Self::QualifiedSeal => {
                ("XadesSignature", "xades.qualified-seal", "Pieczęć kwalifikowana")
            }
            Self::PeppolSignature => {
                ("XadesSignature", "xades.peppol", "Certyfikat dostawcy Peppol")
            }
        };
        json!({"category": category, "code": code, "displayName": name})
    }
}

fn is_peppol(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() == 9
        && bytes[0] == b'P'
        && bytes[1..3].iter().all(u8::is_ascii_uppercase)
        && bytes[3..].iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_have_the_shapes_of_their_kinds() {
        use IdentityKind::{Fingerprint, InternalId, Nip, NipVatUe, PeppolId, Pesel};
        let good = [
            (Nip, "9990000103"),
            (InternalId, "9990000103-12345"),
            (NipVatUe, "9990000103-DE123456789"),
            (PeppolId, "PPL000001"),
            (Pesel, "00810100019"),
        ];
        for (kind, value) in good {
            assert!(Identity::new(kind, value).is_shaped(), "{value}");
            assert!(!Identity::new(kind, &value[1..]).is_shaped(), "{value}");
        }
        assert!(Identity::new(Fingerprint, &"A1".repeat(32)).is_shaped());
    }

    #[test]
    fn permissions_are_read_back() {
        for one in Permission::ALL {
            assert_eq!(Permission::read(one.as_str()), Some(one));
        }
    }
}
