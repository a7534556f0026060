//! Requests and answers of the fiscalisation.

use super::*;
use crate::{
    command::testing::{id, post, read, refused, shown},
    ident::{DocumentType, Interval},
};

fn fiscalise(kind: &str) -> Fiscalise {
    Fiscalise::new(
        id(kind),
        SerialNumber::parse("KASA-7").unwrap(),
        TaxpayerId::parse("1234563218").unwrap(),
        TechnicianId::of_software_register(),
    )
}

fn answer(body: &str) -> FiscalisationAnswer {
    read::<Fiscalise>(200, body).unwrap()
}

fn granted(body: &str) -> Granted {
    match answer(body) {
        FiscalisationAnswer::Granted(granted) => *granted,
        other => panic!("{other:?}"),
    }
}

const GRANTED: &str = r#"{"commandId":"MFP.WTE2001000009.2026-02-01T08:00:00.123Z","command":
    {"attributes":{"cashRegisterNr":"2026/000000417","statusFisc":{"code":"0","desc":"przyjęto"},
    "addressWebAPI":"https://e-kasy.example.test:443","sendFreqEventHub":7200,
    "checkFreqWebApi":1800,"shippmentType":"PA;RD"}}}"#;

#[test]
fn a_first_fiscalisation_sends_an_empty_evidence_number() {
    let body = r#"{"commandId":"MFP.WTE2001000009.2026-02-01T08:00:00.123Z","command":{"attributes":{"cashRegisterSN":"KASA-7","cashRegisterNr":"","taxpayerId":"1234563218","monterId":"KW123"}}}"#;
    assert_eq!(shown(&fiscalise("MFP")), post("/api/SerwerCPD/Command", body));
    assert_eq!(refused(&fiscalise("FPD")), "commandId");
}

#[test]
fn a_repeated_fiscalisation_sends_the_number_it_has() {
    let number = EvidenceNumber::parse("2024/000000009").unwrap();
    let again = Fiscalise::evidence_number(fiscalise("MFP"), &number);
    assert!(shown(&again).contains(r#""cashRegisterNr":"2024/000000009","taxpayerId""#));
}

#[test]
fn an_evidence_number_comes_with_its_schedule() {
    let granted = granted(GRANTED);
    assert_eq!(granted.command_id, Some(id("MFP")));
    assert_eq!(granted.evidence_number.as_str(), "2026/000000417");
    assert_eq!(
        granted.web_api.unwrap().base_url().unwrap().as_str(),
        "https://e-kasy.example.test"
    );
    let interval = |seconds| Interval::new(seconds).unwrap();
    assert_eq!(granted.send, SendFrequency::Every(interval(7200)));
    assert_eq!(granted.check, CheckFrequency::Every(interval(1800)));
    assert!(granted.shipment.unwrap().contains(DocumentType::CancelledReceipt));
    assert_eq!(
        (granted.doubts, granted.body),
        (Vec::new(), Bytes::from_static(GRANTED.as_bytes()))
    );
}

#[test]
fn nothing_beside_it_hides_an_evidence_number() {
    for (from, to, field) in [
        ("7200", "30", "sendFreqEventHub"),
        ("1800", "\"soon\"", "checkFreqWebApi"),
        ("PA;RD", "PA,RD", "shipmentType"),
        ("\"https://e-kasy.example.test:443\"", "7", "addressWebAPI"),
        ("MFP.WTE", "MFP.wte", "commandId"),
        ("\"shippmentType\":\"PA;RD\"", "\"later\":1", "shipmentType"),
        ("7200", "7200,\"sendFreqEventHub\":60", "sendFreqEventHub"),
    ] {
        let granted = granted(&GRANTED.replace(from, to));
        assert_eq!(granted.evidence_number.as_str(), "2026/000000417");
        let fields: Vec<_> = granted.doubts.iter().map(|doubt| doubt.field).collect();
        assert_eq!(fields, [field]);
    }
    let bare =
        r#"{"command":{"attributes":{"statusFisc":{"code":0},"cashRegisterNr":"2026/000000417"}}}"#;
    let bare = granted(bare);
    assert_eq!((bare.send, bare.check), (SendFrequency::Undefined, CheckFrequency::Undefined));
    assert_eq!(bare.doubts.len(), 4);
}

#[test]
fn every_refusal_is_a_value() {
    for status in FiscalisationStatus::ALL {
        let number = common_core::open::Code::raw(*status);
        for code in [format!("{number}"), format!("\"{number}\""), format!("\"{number:02}\"")] {
            let body = GRANTED.replace("\"0\"", &code);
            match answer(&body) {
                FiscalisationAnswer::Granted(_) => assert!(status.is_success()),
                FiscalisationAnswer::Refused(refusal) => {
                    assert_eq!(
                        (refusal.status, refusal.description.as_deref()),
                        ((*status).into(), Some("przyjęto"))
                    );
                }
                FiscalisationAnswer::Unclear(unclear) => panic!("{unclear:?}"),
            }
        }
    }
    let bare = GRANTED.replace("2026/000000417", "").replace("\"0\"", "\"77\"");
    let FiscalisationAnswer::Refused(later) = answer(&bare) else { panic!() };
    assert_eq!((later.status, later.body), (Open::Unknown(77), bare.into()));
}

#[test]
fn a_number_beside_a_status_that_is_not_known_is_not_thrown_away() {
    for number in ["2026/000000417", "2026/417"] {
        let body = GRANTED.replace("\"0\"", "77").replace("2026/000000417", number);
        let FiscalisationAnswer::Unclear(unclear) = answer(&body) else { panic!("{number}") };
        assert_eq!((unclear.reason.field, unclear.body), ("cashRegisterNr", body.into()));
    }
}

#[test]
fn what_cannot_be_read_is_kept_whole() {
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"command":{"attributes":{}}}"#,
        &GRANTED.replace("2026/000000417", "2026/0000000417"),
        &GRANTED.replace("2026/000000417", ""),
        &GRANTED.replace("\"0\"", "\"ok\""),
    ] {
        match answer(body) {
            FiscalisationAnswer::Unclear(unclear) => assert_eq!(unclear.body, body),
            other => panic!("{other:?}"),
        }
    }
    let odd = read::<Fiscalise>(202, GRANTED).unwrap();
    assert!(matches!(odd, FiscalisationAnswer::Unclear(unclear) if unclear.body == GRANTED));
}
