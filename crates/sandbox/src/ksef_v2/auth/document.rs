//! The document that is signed to log in (KSeF 2.0 facts §4.2).

use roxmltree::{Document, Node};

use super::AllowedIps;
use crate::ksef::numbers;
use crate::ksef::xml::{Children, Misfit};
use crate::ksef_v2::people::{Identity, IdentityKind};

const SPACES: [&str; 2] =
    ["http://ksef.mf.gov.pl/auth/token/2.0", "http://ksef.mf.gov.pl/auth/token/2.1"];

/// What the document asks for.
#[derive(Debug)]
pub(super) struct LoginDocument {
    pub(super) challenge: String,
    pub(super) context: Identity,
    pub(super) by: SubjectBy,
    pub(super) allowed: AllowedIps,
}

/// How the subject is taken from the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubjectBy {
    Subject,
    Fingerprint,
}

impl LoginDocument {
    /// Reads the signed part of the document.
    pub(super) fn read(signed: &[u8]) -> Result<Self, Misfit> {
        let wrong = || Misfit("AuthTokenRequest".to_owned());
        let text = std::str::from_utf8(signed).map_err(|_| wrong())?;
        let document = Document::parse(text).map_err(|_| wrong())?;
        let root = document.root_element();
        let space = root.tag_name().namespace().unwrap_or_default();
        if !SPACES.contains(&space) || root.tag_name().name() != "AuthTokenRequest" {
            return Err(wrong());
        }
        let mut parts = Children::of(root)?;
        let challenge = parts.text(space, "Challenge", numbers::is_reference)?;
        let context = context(parts.take(space, "ContextIdentifier")?, space)?;
        let kinds = ["certificateSubject", "certificateFingerprint"];
        let by = parts.text(space, "SubjectIdentifierType", |it| kinds.contains(&it))?;
        let allowed = match parts.optional(space, "AuthorizationPolicy") {
            Some(policy) => allowed(policy, space)?,
            None => AllowedIps::default(),
        };
        parts.end()?;
        let by = if by == kinds[0] { SubjectBy::Subject } else { SubjectBy::Fingerprint };
        Ok(Self { challenge, context, by, allowed })
    }
}

fn context(node: Node<'_, '_>, space: &str) -> Result<Identity, Misfit> {
    let mut parts = Children::of(node)?;
    let kinds = [
        IdentityKind::Nip,
        IdentityKind::InternalId,
        IdentityKind::NipVatUe,
        IdentityKind::PeppolId,
    ];
    for kind in kinds {
        if let Some(node) = parts.optional(space, kind.as_str()) {
            let value = crate::ksef::xml::plain(node).unwrap_or_default();
            parts.end()?;
            let context = Identity::new(kind, &value);
            let fits = context.is_shaped();
            return if fits { Ok(context) } else { Err(Misfit(kind.as_str().to_owned())) };
        }
    }
    Err(Misfit("ContextIdentifier".to_owned()))
}

fn allowed(policy: Node<'_, '_>, space: &str) -> Result<AllowedIps, Misfit> {
    let mut parts = Children::of(policy)?;
    let mut allowed = AllowedIps::default();
    if let Some(list) = parts.optional(space, "AllowedIps") {
        let mut list = Children::of(list)?;
        for name in ["Ip4Address", "Ip4Range", "Ip4Mask"] {
            let mut count = 0;
            while let Some(node) = list.optional(space, name) {
                count += 1;
                let text = crate::ksef::xml::plain(node).unwrap_or_default();
                if count > 10 || !allowed.add(&text) {
                    return Err(Misfit(name.to_owned()));
                }
            }
        }
        list.end()?;
    }
    parts.end()?;
    Ok(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(inner: &str) -> String {
        format!(
            "<AuthTokenRequest xmlns=\"http://ksef.mf.gov.pl/auth/token/2.1\">\
             <Challenge>20260131-CR-0123456789-0123456789-AB</Challenge>{inner}</AuthTokenRequest>"
        )
    }

    #[test]
    fn every_context_is_read() {
        for (name, value) in [
            ("Nip", "9990000103"),
            ("InternalId", "9990000103-12345"),
            ("NipVatUe", "9990000103-DE123456789"),
            ("PeppolId", "PPL000001"),
        ] {
            let inner = format!(
                "<ContextIdentifier><{name}>{value}</{name}></ContextIdentifier>\
                 <SubjectIdentifierType>certificateSubject</SubjectIdentifierType>"
            );
            let read = LoginDocument::read(document(&inner).as_bytes()).unwrap();
            assert_eq!((read.context.kind.as_str(), read.context.value.as_str()), (name, value));
            assert_eq!(read.by, SubjectBy::Subject);
        }
    }

    #[test]
    fn disorder_is_a_misfit() {
        let inner = "<SubjectIdentifierType>certificateSubject</SubjectIdentifierType>\
                     <ContextIdentifier><Nip>9990000103</Nip></ContextIdentifier>";
        assert!(LoginDocument::read(document(inner).as_bytes()).is_err());
    }
}
