//! What a signature shall look like.
//!
//! Both generations of KSeF take enveloped and enveloping signatures and refuse detached ones
//! (specification 1.9, chapter 4.2; KSeF 2.0 facts §4.2).

use chrono::{DateTime, Utc};

use crate::certificate::Certificate;

/// How the document and its signature are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Packaging {
    /// The signature becomes the last child of the document's root (chapter 4.2.1).
    Enveloped,
    /// The document becomes the content of a `ds:Object` in the signature (chapter 4.2.2); its
    /// byte order mark and XML declaration, which cannot stand there, are left out.
    Enveloping,
    /// The bytes of the document stand in the `ds:Object` in Base64 (chapter 4.2.2).
    EnvelopingBase64,
}

/// The canonical form of everything that is digested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// Exclusive C14N 1.0, named as a transform of every reference.
    Exclusive,
    /// Canonical XML 1.0, which references have without naming it.
    Inclusive,
}

/// How the signed properties name the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateReference {
    /// `SigningCertificate`: digest, issuer and serial number.
    V1,
    /// `SigningCertificateV2`: the digest alone.
    V2,
}

/// What a signature shall look like. The digests are SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub(crate) signing_time: DateTime<Utc>,
    pub(crate) packaging: Packaging,
    pub(crate) form: Form,
    pub(crate) certificate_reference: CertificateReference,
    pub(crate) id: String,
    pub(crate) chain: Vec<Certificate>,
}

impl Options {
    /// What KSeF 1.x takes: the transforms of specification 1.9, chapter 4.2, and no others.
    ///
    /// The time is the claimed `SigningTime`, written in UTC with whole seconds.
    pub fn v1(signing_time: DateTime<Utc>) -> Self {
        Self { form: Form::Inclusive, ..Self::v2(signing_time) }
    }

    /// What KSeF 2.0 takes: the shape of the reference client (KSeF 2.0 facts §4.2).
    ///
    /// The time is the claimed `SigningTime`, written in UTC with whole seconds; a minute before
    /// now allows for clocks that differ.
    pub fn v2(signing_time: DateTime<Utc>) -> Self {
        Self {
            signing_time,
            packaging: Packaging::Enveloped,
            form: Form::Exclusive,
            certificate_reference: CertificateReference::V1,
            id: "Signature".to_owned(),
            chain: Vec::new(),
        }
    }

    /// How document and signature are put together; [`Packaging::Enveloped`] if not said.
    #[must_use]
    pub fn packaging(mut self, packaging: Packaging) -> Self {
        self.packaging = packaging;
        self
    }

    /// The canonical form of everything that is digested.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// How the certificate is named; [`CertificateReference::V1`] if not said.
    #[must_use]
    pub fn certificate_reference(mut self, reference: CertificateReference) -> Self {
        self.certificate_reference = reference;
        self
    }

    /// The certificates of the issuers, which stand behind the signer's own in the signature and
    /// are not signed; none if not said.
    ///
    /// They help a reader who trusts the root only.
    #[must_use]
    pub fn chain(mut self, chain: impl Into<Vec<Certificate>>) -> Self {
        self.chain = chain.into();
        self
    }

    /// The `Id` of the signature, `Signature` if not said.
    ///
    /// It must be an XML name of ASCII letters, digits, `-`, `_` and `.` that begins with a letter
    /// or `_`. The other ids are made from it by appending `-SignedProperties` and `-Document`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }
}
