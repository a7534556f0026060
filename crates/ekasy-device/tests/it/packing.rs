//! Packing: every document in one package or in one run of parts, nothing above the limit, and the
//! same bytes when all of it is opened again.

mod cuts;
mod forms;
mod properties;
mod sealed;
pub(crate) mod sealing;

use ekasy_device::{
    ident::{JpkId, ShipmentTypes},
    packing::{DocumentKind, Frame, Item, PackError, Package, Packer, Plan, Sealer, Selection},
};
use serde_json::Value;

/// A document of the tests: what a journal would give.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    pub(crate) id: JpkId,
    pub(crate) kind: DocumentKind,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn id(number: u64) -> JpkId {
    JpkId::new(number).unwrap()
}

pub(crate) fn paper(number: u64, kind: DocumentKind, text: &str) -> Paper {
    let bytes = format!(r#"{{"paragon":{{"JPKID":{number},"text":{}}}}}"#, Value::from(text));
    Paper { id: id(number), kind, bytes: bytes.into_bytes() }
}

pub(crate) fn frame() -> Frame {
    Frame::new(r#"{"wersja":"JPK_KASA_v2-0"}"#, r#"{"NIP":"1111111111"}"#).unwrap()
}

pub(crate) fn types(text: &str) -> ShipmentTypes {
    ShipmentTypes::parse(text).unwrap()
}

pub(crate) fn plan(selection: Selection) -> Plan {
    let command = "DFD.ABC1700000017.2026-03-01T10:00:00.000Z".parse().unwrap();
    Plan::new(command, frame(), selection)
}

pub(crate) fn pack(
    plan: Plan,
    sealer: impl Sealer,
    papers: &[Paper],
) -> Result<Vec<Package>, PackError> {
    let mut packer = Packer::new(plan, sealer);
    let mut packages = Vec::new();
    for Paper { id, kind, bytes } in papers {
        packages.extend(packer.push(Item::Document { id: *id, kind: *kind, bytes })?);
    }
    packages.extend(packer.finish()?);
    Ok(packages)
}

/// The value of `encryptedData`, after the rest of the body was held against the package.
pub(crate) fn data(package: &Package) -> String {
    let body: Value = serde_json::from_slice(package.body()).unwrap();
    assert_eq!(body["commandId"], package.command_id().as_str());
    assert_eq!(body["packageNr"], package.number());
    assert_eq!(body["isLast"], u8::from(package.is_last()));
    assert_eq!(body.as_object().unwrap().len(), 4);
    body["encryptedData"].as_str().unwrap().to_owned()
}

/// The elements of `content`, as text, of a structure that is opened.
pub(crate) fn content(structure: &[u8]) -> Vec<String> {
    let value: Value = serde_json::from_slice(structure).unwrap();
    assert_eq!(value["JPK"]["naglowek"]["wersja"], "JPK_KASA_v2-0");
    assert_eq!(value["JPK"]["podmiot1"]["NIP"], "1111111111");
    value["JPK"]["content"].as_array().unwrap().iter().map(ToString::to_string).collect()
}
