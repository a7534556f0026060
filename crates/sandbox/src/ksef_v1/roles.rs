//! Roles, and which of them each operation asks for (specification 1.9, chapter 5).

use serde::{Deserialize, Serialize};

use super::routes::Call;

/// A role in a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// The taxpayer, or who signs as the taxpayer.
    Owner,
    /// Looking at what others did.
    Introspection,
    /// Searching and reading invoices.
    InvoiceRead,
    /// Issuing invoices.
    InvoiceWrite,
    /// Confirming payments.
    PaymentConfirmationWrite,
    /// Reading credentials.
    CredentialsRead,
    /// Granting and revoking credentials.
    CredentialsManage,
    /// Issuing in the seller's name as the buyer.
    SelfInvoicing,
    /// Issuing in the seller's name as the representative.
    TaxRepresentative,
    /// Issuing in enforcement.
    EnforcementOperations,
    /// A bailiff; given by the office.
    CourtBailiff,
    /// An enforcement authority; given by the office.
    EnforcementAuthority,
    /// Managing the units below.
    SubunitManage,
    /// A local government above its units; given by the office.
    LocalGovernmentUnit,
    /// A unit of a local government; given by the office.
    LocalGovernmentSubUnit,
    /// A VAT group; given by the office.
    VatGroupUnit,
    /// A member of a VAT group; given by the office.
    VatGroupSubUnit,
    /// Managing the credentials of a foreign taxpayer.
    VatUeManage,
}

use Role::{
    CredentialsManage, CredentialsRead, EnforcementOperations, Introspection, InvoiceRead,
    InvoiceWrite, Owner, PaymentConfirmationWrite, SelfInvoicing, SubunitManage, TaxRepresentative,
    VatUeManage,
};

impl Role {
    /// The name in JSON.
    pub fn name(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

/// What a session needs any of (specification 1.9, chapter 5.7.1).
pub(super) const OPERATIONAL: &[Role] = &[
    Owner,
    Introspection,
    InvoiceRead,
    InvoiceWrite,
    PaymentConfirmationWrite,
    CredentialsRead,
    CredentialsManage,
    EnforcementOperations,
    SubunitManage,
    VatUeManage,
];

/// What `Grant` gives and `Revoke` takes (KSeF 1.x facts §5).
pub(super) const GRANTABLE: &[Role] = &[
    Introspection,
    InvoiceRead,
    InvoiceWrite,
    PaymentConfirmationWrite,
    CredentialsRead,
    CredentialsManage,
    SelfInvoicing,
    TaxRepresentative,
    EnforcementOperations,
    SubunitManage,
];

/// What a token can have.
pub(super) const OF_TOKENS: &[Role] = &[
    InvoiceRead,
    InvoiceWrite,
    PaymentConfirmationWrite,
    CredentialsRead,
    CredentialsManage,
    EnforcementOperations,
];

/// What the owner has without being given it.
pub(super) const OF_OWNERS: &[Role] = &[
    InvoiceRead,
    InvoiceWrite,
    PaymentConfirmationWrite,
    CredentialsRead,
    CredentialsManage,
    EnforcementOperations,
    SubunitManage,
    VatUeManage,
    Introspection,
];

/// How far a session must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// No session.
    Open,
    /// A session that was authorised; what is started waits for its authentication.
    Authorised,
    /// A session that is authenticated, which is step 315.
    Authenticated,
}

/// What an operation asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    pub(super) gate: Gate,
    /// Any of these; none when empty.
    pub(super) roles: &'static [Role],
}

const fn access(gate: Gate, roles: &'static [Role]) -> Access {
    Access { gate, roles }
}

const READERS: &[Role] = &[Owner, InvoiceRead];
const WRITERS: &[Role] = &[Owner, InvoiceWrite, EnforcementOperations];
const MANAGERS: &[Role] = &[Owner, CredentialsManage, SubunitManage, VatUeManage];
const KEEPERS: &[Role] = &[Owner, CredentialsRead, CredentialsManage];
const UNITS: &[Role] = &[Owner, SubunitManage];
const TOKENS: &[Role] =
    &[Owner, InvoiceRead, InvoiceWrite, CredentialsRead, CredentialsManage, EnforcementOperations];
const CERTIFIED: &[Role] = &[
    Owner,
    InvoiceRead,
    InvoiceWrite,
    CredentialsRead,
    CredentialsManage,
    EnforcementOperations,
    SubunitManage,
    VatUeManage,
];

/// The table of operations and roles (specification 1.9, chapters 5.7, 13.7 to 13.13).
pub(super) fn needs(call: Call) -> Access {
    use Gate::{Authenticated, Authorised, Open};
    match call {
        // Chapter 12: no authentication; a batch is authenticated by its signature.
        Call::BatchInit
        | Call::BatchUpload
        | Call::BatchFinish
        | Call::CommonStatus
        | Call::Upo
        | Call::UpoOnDemand
        | Call::AnonymousInvoice
        | Call::Download
        | Call::Verification
        | Call::AccessPoints
        | Call::RegisterAccessPoint
        | Call::Challenge
        | Call::InitSigned
        | Call::InitToken
        | Call::Thumbprint
        | Call::SecurityPem
        | Call::SecurityDer => access(Open, &[]),
        // Chapters 5.7.4, 13.3, 13.4: any session.
        Call::SessionStatus | Call::SessionStatusOf | Call::Terminate | Call::InvoiceStatus => {
            access(Authorised, &[])
        }
        Call::InternalIdentifier => access(Authenticated, &[]),
        // Chapters 5.7.2 and 13.7.
        Call::Send => access(Authorised, WRITERS),
        // Chapters 5.7.3, 5.7.6.2, 5.7.7, 13.8, 13.10.3 to 13.13.
        Call::InvoiceGet
        | Call::Visibility
        | Call::VisibilityStatus
        | Call::Scam
        | Call::ScamStatus
        | Call::QueryInvoices
        | Call::QueryFetch
        | Call::QueryStatus
        | Call::QueryPayments
        | Call::PaymentStatus
        | Call::PaymentNumbers
        | Call::PaymentIdentifiers => access(Authenticated, READERS),
        Call::Hide
        | Call::Show
        | Call::ScamReport
        | Call::ScamCancel
        | Call::QueryInit
        | Call::PaymentRequest => access(Authorised, READERS),
        // Chapters 5.7.5.1 and 13.9.1.
        Call::GenerateToken | Call::RevokeToken => access(Authorised, TOKENS),
        // Chapters 5.7.5.3 and 13.9.3.
        Call::Grant | Call::Revoke | Call::CredentialsStatus => access(Authorised, MANAGERS),
        Call::AccountingGrant | Call::AccountingRevoke => {
            access(Authorised, &[Owner, CredentialsManage])
        }
        // Chapter 13.9.4.
        Call::ContextGrant | Call::ContextRevoke => access(Authorised, UNITS),
        // Chapters 5.7.6.1, 13.10.1, 13.10.2.
        Call::QueryCredentials | Call::QueryAccounting => access(Authenticated, KEEPERS),
        Call::QueryContextCredentials => access(Authenticated, UNITS),
        // Chapters 5.7.5.2 and 13.9.2.
        Call::GenerateCertificate | Call::RevokeCertificate => access(Authorised, CERTIFIED),
        Call::CsrData
        | Call::CertificateStatus
        | Call::GetCertificate
        | Call::RetrieveCertificate
        | Call::QueryCertificates => access(Authenticated, CERTIFIED),
    }
}
