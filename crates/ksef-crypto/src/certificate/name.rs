//! Names in certificates: their attributes in order, and the text that XML signatures carry.

use std::fmt;

use der::asn1::{Any, ObjectIdentifier};
use der::{Encode as _, Tag, Tagged as _};

use super::upper_hex;

/// The type of an attribute in a name, an object identifier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeType(ObjectIdentifier);

impl AttributeType {
    /// `commonName`, 2.5.4.3.
    pub const COMMON_NAME: Self = Self(ObjectIdentifier::new_unwrap("2.5.4.3"));
    /// `surname`, 2.5.4.4.
    pub const SURNAME: Self = Self(ObjectIdentifier::new_unwrap("2.5.4.4"));
    /// `serialNumber` of a person, 2.5.4.5: PESEL or NIP.
    pub const SERIAL_NUMBER: Self = Self(ObjectIdentifier::new_unwrap("2.5.4.5"));
    /// `countryName`, 2.5.4.6: two letters.
    pub const COUNTRY_NAME: Self = Self(ObjectIdentifier::new_unwrap("2.5.4.6"));
    /// `localityName`, 2.5.4.7.
    pub const LOCALITY_NAME: Self = Self(ObjectIdentifier::new_unwrap("2.5.4.7"));
    /// `organizationName`, 2.5.4.10.
    pub const ORGANIZATION_NAME: Self = Self(ObjectIdentifier::new_unwrap("2.5.4.10"));
    /// `organizationalUnitName`, 2.5.4.11.
    pub const ORGANIZATIONAL_UNIT_NAME: Self = Self(ObjectIdentifier::new_unwrap("2.5.4.11"));
    /// `givenName`, 2.5.4.42; a name may have several.
    pub const GIVEN_NAME: Self = Self(ObjectIdentifier::new_unwrap("2.5.4.42"));
    /// `uniqueIdentifier`, 2.5.4.45: the fingerprint in KSeF certificates.
    pub const UNIQUE_IDENTIFIER: Self = Self(ObjectIdentifier::new_unwrap("2.5.4.45"));
    /// `organizationIdentifier`, 2.5.4.97: the NIP in seals.
    pub const ORGANIZATION_IDENTIFIER: Self = Self(ObjectIdentifier::new_unwrap("2.5.4.97"));

    /// Reads a dotted object identifier, `None` when it is none.
    pub fn parse(dotted: &str) -> Option<Self> {
        ObjectIdentifier::new(dotted).ok().map(Self)
    }

    #[cfg(any(test, feature = "csr"))]
    pub(crate) fn oid(self) -> ObjectIdentifier {
        self.0
    }

    /// The short name in the table of RFC 4514, section 3 (the same as in RFC 2253).
    fn short_name(self) -> Option<&'static str> {
        // The table of the standard and nothing else: other programs read a name outside it
        // differently, or not at all.
        const TABLE: [(&str, ObjectIdentifier); 9] = [
            ("CN", AttributeType::COMMON_NAME.0),
            ("L", AttributeType::LOCALITY_NAME.0),
            ("ST", ObjectIdentifier::new_unwrap("2.5.4.8")),
            ("O", AttributeType::ORGANIZATION_NAME.0),
            ("OU", AttributeType::ORGANIZATIONAL_UNIT_NAME.0),
            ("C", AttributeType::COUNTRY_NAME.0),
            ("STREET", ObjectIdentifier::new_unwrap("2.5.4.9")),
            ("DC", ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25")),
            ("UID", ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1")),
        ];
        TABLE.iter().find(|(_, oid)| *oid == self.0).map(|(name, _)| *name)
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One attribute of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    kind: AttributeType,
    text: Option<String>,
    der: Vec<u8>,
}

impl Attribute {
    /// Its type.
    pub fn kind(&self) -> AttributeType {
        self.kind
    }

    /// Its value, or `None` when it is not a text.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

/// The name of a subject or issuer.
///
/// `Display` writes it by RFC 4514 (and RFC 2253), last part first, as XML signatures want it in
/// `X509IssuerName`: types outside the table of the standard as dotted numbers with the value's
/// DER in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName {
    parts: Vec<Vec<Attribute>>,
}

impl DistinguishedName {
    pub(super) fn read(name: &x509_cert::name::Name) -> Option<Self> {
        let attribute = |pair: &x509_cert::attr::AttributeTypeAndValue| {
            Some(Attribute {
                kind: AttributeType(pair.oid),
                text: text(&pair.value),
                der: pair.value.to_der().ok()?,
            })
        };
        let part = |part: &x509_cert::name::RelativeDistinguishedName| {
            part.iter().map(attribute).collect::<Option<Vec<_>>>()
        };
        Some(Self { parts: name.iter_rdn().map(part).collect::<Option<_>>()? })
    }

    /// All attributes in the order of the certificate.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.parts.iter().flatten()
    }

    /// The texts of one type of attribute in the order of the certificate.
    pub fn texts(&self, kind: AttributeType) -> impl Iterator<Item = &str> {
        self.attributes()
            .filter(move |attribute| attribute.kind == kind)
            .filter_map(|attribute| attribute.text())
    }

    /// Whether there is an attribute of this type.
    pub fn has(&self, kind: AttributeType) -> bool {
        self.attributes().any(|attribute| attribute.kind == kind)
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().rev().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            // Within a part any order is right; this is OpenSSL's.
            for (index, attribute) in part.iter().rev().enumerate() {
                if index > 0 {
                    f.write_str("+")?;
                }
                write_attribute(attribute, f)?;
            }
        }
        Ok(())
    }
}

fn write_attribute(attribute: &Attribute, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match (attribute.kind.short_name(), attribute.text()) {
        (Some(name), Some(text)) => {
            write!(f, "{name}=")?;
            write_escaped(text, f)
        }
        (name, _) => {
            match name {
                Some(name) => f.write_str(name)?,
                None => write!(f, "{}", attribute.kind)?,
            }
            write!(f, "=#{}", upper_hex(&attribute.der).to_ascii_lowercase())
        }
    }
}

/// Escapes by RFC 4514, section 2.4.
fn write_escaped(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (index, character) in text.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{character}")?,
            ' ' if index == 0 || index == last => f.write_str("\\ ")?,
            '#' if index == 0 => f.write_str("\\#")?,
            '\0' => f.write_str("\\00")?,
            _ => write!(f, "{character}")?,
        }
    }
    Ok(())
}

/// The text of a value in any of the string types of X.509; `None` for another type.
fn text(value: &Any) -> Option<String> {
    let bytes = value.value();
    match value.tag() {
        Tag::Utf8String => String::from_utf8(bytes.to_vec()).ok(),
        Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            bytes.is_ascii().then(|| bytes.iter().copied().map(char::from).collect())
        }
        // Issuers write Latin-1 into this type, whatever T.61 says.
        Tag::TeletexString => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
            rest.is_empty().then_some(())?;
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        _ => None,
    }
}
