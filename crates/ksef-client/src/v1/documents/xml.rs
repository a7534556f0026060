//! Elements in their namespaces, and the parts that several documents have.

use std::io;

use common_http::BuildError;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::Encryption;
use crate::v1::{context::Context, form::FormCode};

/// All namespaces of the gateway begin with this and end with [`VERSION`].
const GATEWAY: &str = "http://ksef.mf.gov.pl/schema/gtw/svc";
const VERSION: &str = "2021/10/01/0001";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The authority's RSA keys have 2048 bits, which are 344 characters of Base64.
pub(super) const WRAPPED: usize = 344;

pub(super) type Xml<'a> = &'a mut Writer<Vec<u8>>;
type Content<'a> = &'a dyn Fn(Xml<'_>) -> io::Result<()>;

/// A whole document: the declaration, the root with its namespaces (prefix and path of each), and
/// the content.
pub(super) fn document(
    root: &str,
    namespaces: &[(&str, &str)],
    content: Content<'_>,
) -> Result<Vec<u8>, BuildError> {
    let mut xml = Writer::new(Vec::new());
    let written =
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None))).and_then(|()| {
            let mut element = xml.create_element(root);
            for (prefix, path) in namespaces {
                let (name, address) =
                    (format!("xmlns:{prefix}"), format!("{GATEWAY}/{path}/{VERSION}"));
                element = element.with_attribute((name.as_str(), address.as_str()));
            }
            element.with_attribute(("xmlns:xsi", XSI)).write_inner_content(|xml| content(xml))?;
            Ok(())
        });
    // Memory does not fail; the writer's signature allows it.
    written.map_err(|error| BuildError::new("document", error.to_string()))?;
    Ok(xml.into_inner())
}

/// An element with others in it.
pub(super) fn group(xml: Xml<'_>, name: &str, content: Content<'_>) -> io::Result<()> {
    xml.create_element(name).write_inner_content(|xml| content(xml)).map(drop)
}

/// An element with text in it.
pub(super) fn text(xml: Xml<'_>, name: &str, value: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(value)).map(drop)
}

/// Elements with text, one after the other.
pub(super) fn texts(xml: Xml<'_>, values: &[(&str, &str)]) -> io::Result<()> {
    values.iter().try_for_each(|(name, value)| text(xml, name, value))
}

/// `Identifier`, `DocumentType` and `Encryption`, as children in the namespace of `prefix`; their
/// own children are in that of the gateway's types, `t`.
pub(super) fn declarations(
    xml: Xml<'_>,
    prefix: &str,
    context: &Context,
    form: &FormCode,
    encryption: Option<&Encryption>,
) -> io::Result<()> {
    xml.create_element(format!("{prefix}:Identifier").as_str())
        .with_attribute(("xsi:type", format!("t:{}", context.xml_type()).as_str()))
        .write_inner_content(|xml| text(xml, "t:Identifier", context.value()))?;
    group(xml, &format!("{prefix}:DocumentType"), &|xml| {
        text(xml, "t:Service", "KSeF")?;
        group(xml, "t:FormCode", &|xml| {
            texts(
                xml,
                &[
                    ("t:SystemCode", form.system_code()),
                    ("t:SchemaVersion", form.schema_version()),
                    ("t:TargetNamespace", form.target_namespace()),
                    ("t:Value", form.value()),
                ],
            )
        })
    })?;
    match encryption {
        Some(encryption) => {
            group(xml, &format!("{prefix}:Encryption"), &|xml| declare(xml, encryption))
        }
        None => Ok(()),
    }
}

fn declare(xml: Xml<'_>, encryption: &Encryption) -> io::Result<()> {
    group(xml, "t:EncryptionKey", &|xml| {
        texts(
            xml,
            &[
                ("t:Encoding", "Base64"),
                ("t:Algorithm", "AES"),
                ("t:Size", "256"),
                ("t:Value", &encryption.wrapped_key),
            ],
        )
    })?;
    group(xml, "t:EncryptionInitializationVector", &|xml| {
        texts(xml, &[("t:Encoding", "Base64"), ("t:Bytes", "16"), ("t:Value", &encryption.vector)])
    })?;
    for (name, [algorithm, mode, padding]) in [
        ("t:EncryptionAlgorithmKey", ["RSA", "ECB", "PKCS#1"]),
        ("t:EncryptionAlgorithmData", ["AES", "CBC", "PKCS#7"]),
    ] {
        group(xml, name, &|xml| {
            texts(xml, &[("t:Algorithm", algorithm), ("t:Mode", mode), ("t:Padding", padding)])
        })?;
    }
    Ok(())
}

/// The wrapped key must have the length that the schema fixes.
pub(super) fn check_key(encryption: Option<&Encryption>) -> Result<(), BuildError> {
    match encryption {
        Some(encryption) if encryption.wrapped_key.len() != WRAPPED => {
            Err(BuildError::new("EncryptionKey", "must be wrapped by an RSA key of 2048 bits"))
        }
        _ => Ok(()),
    }
}
