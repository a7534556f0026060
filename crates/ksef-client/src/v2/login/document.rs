//! `AuthTokenRequest`, the document that is signed to log in (KSeF 2.0 facts §4.2).

use std::io;

use common_http::BuildError;
use ksef_crypto::{
    certificate::{Certificate, SubjectRules, authentication_vector, vector::Vector},
    number::ContextIdentifier,
};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{Terms, allowed::AllowedIps};

/// The version of the document: the structures are the same, the later one has better patterns of
/// addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DocumentVersion {
    /// `http://ksef.mf.gov.pl/auth/token/2.0`
    V2_0,
    /// `http://ksef.mf.gov.pl/auth/token/2.1`
    #[default]
    V2_1,
}

/// By what the signer is known (`SubjectIdentifierType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectIdentification {
    /// `certificateSubject`: by the NIP or PESEL in the certificate.
    Subject,
    /// `certificateFingerprint`: by the SHA-256 of the certificate, after a permission was granted
    /// to it.
    Fingerprint,
}

impl DocumentVersion {
    const fn namespace(self) -> &'static str {
        match self {
            Self::V2_0 => "http://ksef.mf.gov.pl/auth/token/2.0",
            Self::V2_1 => "http://ksef.mf.gov.pl/auth/token/2.1",
        }
    }
}

impl SubjectIdentification {
    /// How KSeF is likely to know the holder of a certificate: by its subject when that has a number
    /// of a person or a company in the place of a signature or a seal, and by its fingerprint
    /// otherwise. [`Login::identify_by`](super::Login::identify_by) says otherwise.
    ///
    /// Attributes that the rules of 2.0 demand besides are for the service to miss.
    pub fn of(certificate: &Certificate) -> Self {
        let is_named = |rules| {
            let vector = authentication_vector(certificate, rules).vector;
            !matches!(vector, Vector::Fingerprint(_))
        };
        if is_named(SubjectRules::Version2) || is_named(SubjectRules::Version1) {
            Self::Subject
        } else {
            Self::Fingerprint
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Subject => "certificateSubject",
            Self::Fingerprint => "certificateFingerprint",
        }
    }
}

/// Writes the document without its signature.
pub(super) fn write(
    terms: &Terms,
    challenge: &str,
    by: SubjectIdentification,
) -> Result<Vec<u8>, BuildError> {
    let mut xml = Writer::new(Vec::new());
    // Memory does not fail; the writer's signature allows it.
    content(&mut xml, terms, challenge, by)
        .map_err(|error| BuildError::new("document", error.to_string()))?;
    Ok(xml.into_inner())
}

fn content(
    xml: &mut Writer<Vec<u8>>,
    terms: &Terms,
    challenge: &str,
    by: SubjectIdentification,
) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    xml.create_element("AuthTokenRequest")
        .with_attribute(("xmlns", terms.version.namespace()))
        .write_inner_content(|xml| {
            text(xml, "Challenge", challenge)?;
            xml.create_element("ContextIdentifier").write_inner_content(|xml| {
                let context: &ContextIdentifier = &terms.context;
                text(xml, context.kind(), context.value())
            })?;
            text(xml, "SubjectIdentifierType", by.text())?;
            policy(xml, &terms.allowed)
        })?;
    Ok(())
}

fn policy(xml: &mut Writer<Vec<u8>>, allowed: &AllowedIps) -> io::Result<()> {
    if allowed.is_empty() {
        return Ok(());
    }
    let kinds = [
        ("Ip4Address", &allowed.addresses),
        ("Ip4Range", &allowed.ranges),
        ("Ip4Mask", &allowed.networks),
    ];
    xml.create_element("AuthorizationPolicy").write_inner_content(|xml| {
        xml.create_element("AllowedIps").write_inner_content(|xml| {
            for (name, values) in kinds {
                values.iter().try_for_each(|value| text(xml, name, value))?;
            }
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

fn text(xml: &mut Writer<Vec<u8>>, name: &str, value: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(value)).map(drop)
}
