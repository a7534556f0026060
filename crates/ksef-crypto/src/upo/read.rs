//! Reading of all versions of a confirmation, by the local names of its elements.

use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDate};
use roxmltree::Node;

use super::{
    Upo, UpoAuthentication, UpoContext, UpoDocument, UpoError, UpoMode, UpoPage, UpoVersion,
};
use crate::xades;

const NAMESPACE: &str = "http://upo.schematy.mf.gov.pl/KSeF/";

/// Reads a confirmation.
pub(super) fn upo(document: &[u8]) -> Result<Upo, UpoError> {
    let text = xades::text(document).map_err(UpoError::Document)?;
    let tree = xades::tree(text).map_err(UpoError::Document)?;
    let root = content_root(tree.root_element());
    let name = root.tag_name();
    let version = name.namespace().and_then(|uri| uri.strip_prefix(NAMESPACE));
    let (Some(version), "Potwierdzenie") = (version, name.name()) else {
        return Err(UpoError::OtherDocument);
    };
    let login = child(root, "Uwierzytelnienie");
    let documents = root.children().filter(|node| is(*node, "Dokument")).map(read_document);
    Ok(Upo {
        version: read_version(version),
        accepting_body: required(root, "NazwaPodmiotuPrzyjmujacego")?,
        session: either(root, "NumerReferencyjnySesji", "NumerReferencyjny")?,
        context: read_context(root, login),
        authentication: read_authentication(root, login),
        page: child(root, "OpisPotwierdzenia").map(read_page).transpose()?,
        structure: required(root, "NazwaStrukturyLogicznej")?,
        form_code: required(root, "KodFormularza")?,
        documents: documents.collect::<Result<_, _>>()?,
    })
}

/// The confirmation itself when it stands in the object of an enveloping signature.
fn content_root<'a, 'input>(root: Node<'a, 'input>) -> Node<'a, 'input> {
    let object = Some(root).filter(|root| root.has_tag_name((xades::DS, "Object")));
    object.and_then(|object| object.first_element_child()).unwrap_or(root)
}

fn read_version(version: &str) -> UpoVersion {
    match version {
        "v1" => UpoVersion::V1,
        "v2" => UpoVersion::V2,
        "v3" => UpoVersion::V3,
        "v4-2" => UpoVersion::V4_2,
        "v4-3" => UpoVersion::V4_3,
        other => UpoVersion::Unknown(other.to_owned()),
    }
}

fn read_context(root: Node<'_, '_>, login: Option<Node<'_, '_>>) -> Option<UpoContext> {
    let Some(login) = login else {
        return optional(root, "IdentyfikatorPodatkowyPodmiotu").map(UpoContext::Taxpayer);
    };
    let identifier = child(login, "IdKontekstu")?.first_element_child()?;
    let value = text(identifier);
    Some(match identifier.tag_name().name() {
        "Nip" => UpoContext::Nip(value),
        "IdWewnetrzny" => UpoContext::Internal(value),
        "IdZlozonyVatUE" => UpoContext::NipVatUe(value),
        "IdDostawcyUslugPeppol" => UpoContext::Peppol(value),
        kind => UpoContext::Unknown { kind: kind.to_owned(), value },
    })
}

fn read_authentication(
    root: Node<'_, '_>,
    login: Option<Node<'_, '_>>,
) -> Option<UpoAuthentication> {
    let Some(login) = login else {
        return optional(root, "SkrotZlozonejStruktury").map(UpoAuthentication::Document);
    };
    let token = optional(login, "NumerReferencyjnyTokenaKSeF").map(UpoAuthentication::Token);
    let document = || optional(login, "SkrotDokumentuUwierzytelniajacego");
    token.or_else(|| document().map(UpoAuthentication::Document))
}

fn read_page(page: Node<'_, '_>) -> Result<UpoPage, UpoError> {
    Ok(UpoPage {
        number: parsed(page, "Strona")?,
        pages: parsed(page, "LiczbaStron")?,
        first: parsed(page, "ZakresDokumentowOd")?,
        last: parsed(page, "ZakresDokumentowDo")?,
        total: parsed(page, "CalkowitaLiczbaDokumentow")?,
    })
}

fn read_document(document: Node<'_, '_>) -> Result<UpoDocument, UpoError> {
    let issued_on = child(document, "DataWystawieniaFaktury")
        .map(|_| parsed::<NaiveDate>(document, "DataWystawieniaFaktury"))
        .transpose()?;
    let accepted = match child(document, "DataNadaniaNumeruKSeF") {
        Some(_) => "DataNadaniaNumeruKSeF",
        None => "DataPrzyjeciaDokumentu",
    };
    Ok(UpoDocument {
        seller_nip: optional(document, "NipSprzedawcy"),
        ksef_number: required(document, "NumerKSeFDokumentu")?,
        invoice_number: required(document, "NumerFaktury")?,
        issued_on,
        sent_at: instant(document, "DataPrzeslaniaDokumentu")?,
        accepted_at: instant(document, accepted)?,
        hash: required(document, "SkrotDokumentu")?,
        mode: optional(document, "TrybWysylki").map(read_mode),
    })
}

fn read_mode(mode: String) -> UpoMode {
    match mode.as_str() {
        "Online" => UpoMode::Online,
        "Offline" => UpoMode::Offline,
        _ => UpoMode::Unknown(mode),
    }
}

fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| is(*child, name))
}

/// All text in a node, with single spaces as `xsd:token` has them.
fn text(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(Node::is_text).filter_map(|part| part.text());
    let whole: String = texts.collect();
    whole.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn optional(node: Node<'_, '_>, name: &str) -> Option<String> {
    child(node, name).map(text)
}

fn required(node: Node<'_, '_>, name: &'static str) -> Result<String, UpoError> {
    optional(node, name).ok_or(UpoError::Missing(name))
}

/// The name of version 4, or else that of version 1.
fn either(
    node: Node<'_, '_>,
    newer: &'static str,
    older: &'static str,
) -> Result<String, UpoError> {
    optional(node, newer).or_else(|| optional(node, older)).ok_or(UpoError::Missing(newer))
}

fn parsed<T: FromStr>(node: Node<'_, '_>, name: &'static str) -> Result<T, UpoError> {
    required(node, name)?.parse().map_err(|_| UpoError::Value(name))
}

/// A time with an offset; its fraction has any number of digits.
fn instant(node: Node<'_, '_>, name: &'static str) -> Result<DateTime<FixedOffset>, UpoError> {
    let text = required(node, name)?;
    DateTime::parse_from_rfc3339(&text).map_err(|_| UpoError::Value(name))
}
