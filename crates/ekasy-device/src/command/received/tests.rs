//! Commands as the repository may write them, and as it must not.

use proptest::prelude::*;

use super::*;
use crate::{
    command::testing::id,
    ident::{DocumentType, Interval, JpkId},
};

fn decode(kind: &str, plaintext: &str) -> Result<Received, CommandError> {
    Received::decode(&id(kind), plaintext.as_bytes())
}

fn timetable() -> Received {
    Received::Timetable(Timetable {
        send: SendFrequency::Every(Interval::new(7200).unwrap()),
        check: CheckFrequency::Every(Interval::new(1800).unwrap()),
        shipment: ShipmentTypes::parse("PA;RD").unwrap(),
    })
}

const TIMETABLE: &str =
    r#""sendFreqEventHub":7200,"checkFreqWebApi":1800,"shipmentType":"PA;RD","later":[1]"#;

#[test]
fn each_command_is_read_in_both_shapes() {
    let range = JpkRange::new(JpkId::new(5).unwrap(), JpkId::new(9).unwrap()).unwrap();
    let wanted = DetailedDocuments { scope: range, shipment: ShipmentTypes::all() };
    for (kind, attributes, expected) in [
        (
            "CCS",
            r#""CPDServiceName":"KFD""#,
            Received::CallCpd(CallCpd { service: CpdService::SendCertificates.into() }),
        ),
        ("TFD", TIMETABLE, timetable()),
        ("CQC", r#""qrCode":-1"#, Received::QrCode(QrPrinting::Off)),
        ("CQC", r#""qrCode":0"#, Received::QrCode(QrPrinting::Always)),
        ("CQC", r#""qrCode":1000"#, Received::QrCode(QrPrinting::Above(1000))),
        ("DDD", r#""scope":"5-9","shipmentType":"ALL""#, Received::DetailedDocuments(wanted)),
    ] {
        let value = format!(r#"{{"attributes":{{{attributes}}}}}"#);
        let own = id(kind);
        for plaintext in [
            value.clone(),
            format!(r#"{{"command":{value}}}"#),
            format!(r#"{{"commandId":"{own}","command":{value}}}"#),
        ] {
            assert_eq!(decode(kind, &plaintext), Ok(expected.clone()), "{plaintext}");
        }
        assert_eq!(expected.kind().raw(), kind);
    }
}

#[test]
fn an_inner_identifier_must_be_the_outer_one() {
    let inner =
        |id: &str| format!(r#"{{"commandId":"{id}","command":{{"attributes":{{"qrCode":0}}}}}}"#);
    assert!(decode("CQC", &inner(id("CQC").as_str())).is_ok());
    let other = inner("CQC.WTE2001000009.2026-02-01T08:00:00.124Z");
    assert_eq!(decode("CQC", &other), Err(CommandError::OtherIdentifier));
    assert!(matches!(decode("CQC", &inner("x")), Err(CommandError::Field(_))));
}

#[test]
fn a_replayed_command_is_read_under_a_new_identifier_of_its_kind_and_of_no_other() {
    let range = JpkRange::new(JpkId::new(5).unwrap(), JpkId::new(9).unwrap()).unwrap();
    let wanted = DetailedDocuments { scope: range, shipment: ShipmentTypes::all() };
    let call = CallCpd { service: CpdService::FetchKeys.into() };
    let commands = [
        Received::CallCpd(call),
        timetable(),
        Received::QrCode(QrPrinting::Off),
        Received::DetailedDocuments(wanted),
    ];
    for command in &commands {
        for other in &commands {
            let code = other.kind().raw();
            let id = CommandId::parse(&format!("{code}.WTE2001000009.2030-01-01T00:00:00.000Z"));
            let read = Received::decode(&id.unwrap(), &command.plaintext());
            assert_eq!(read.is_ok(), command.kind() == other.kind(), "{command:?} as {code}");
        }
    }
}

#[test]
fn a_command_with_a_wrong_or_missing_field_says_which() {
    for (kind, attributes, field) in [
        ("CCS", "", "CPDServiceName"),
        ("CCS", r#""CPDServiceName":"kfd""#, "CPDServiceName"),
        ("CCS", r#""CPDServiceName":7"#, "CPDServiceName"),
        ("TFD", &TIMETABLE.replace("7200", "30"), "sendFreqEventHub"),
        ("TFD", &TIMETABLE.replace("1800", "0"), "checkFreqWebApi"),
        ("TFD", &TIMETABLE.replace("1800", "\"\""), "checkFreqWebApi"),
        ("TFD", &TIMETABLE.replace("PA;RD", ""), "shipmentType"),
        ("TFD", &TIMETABLE.replace("PA;RD", "XX"), "shipmentType"),
        ("CQC", r#""qrCode":-2"#, "qrCode"),
        ("CQC", r#""qrCode":2147483648"#, "qrCode"),
        ("CQC", r#""qrCode":1.5"#, "qrCode"),
        ("DDD", r#""scope":"9-5","shipmentType":"ALL""#, "scope"),
        ("DDD", r#""shipmentType":"ALL""#, "scope"),
        ("DDD", r#""scope":"5-9""#, "shipmentType"),
    ] {
        let error = decode(kind, &format!(r#"{{"attributes":{{{attributes}}}}}"#)).unwrap_err();
        let CommandError::Field(found) = error else { panic!("{error}") };
        assert_eq!(found.field, field, "{attributes}");
        assert!(error.to_string().chars().count() <= 200);
    }
}

#[test]
fn a_command_that_says_two_things_is_not_carried_out() {
    for (kind, attributes, field) in [
        ("CQC", r#""qrCode":0,"qrCode":-1"#, "qrCode"),
        ("CCS", r#""CPDServiceName":"KCS","CPDServiceName":"KFD""#, "CPDServiceName"),
        ("DDD", r#""scope":"5-9","shipmentType":"ALL","scope":"1-9""#, "scope"),
        ("TFD", &format!(r#"{TIMETABLE},"sendFreqEventHub":0"#), "sendFreqEventHub"),
        ("TFD", &format!(r#"{TIMETABLE},"shippmentType":"PR""#), "shipmentType"),
    ] {
        let error = decode(kind, &format!(r#"{{"attributes":{{{attributes}}}}}"#)).unwrap_err();
        let CommandError::Field(found) = error else { panic!("{error}") };
        assert_eq!((found.field, found.reason), (field, "is there twice with two values"));
    }
}

#[test]
fn a_command_that_no_register_receives_is_told_apart() {
    for kind in ["MFP", "DFD", "XYZ"] {
        assert_eq!(decode(kind, r#"{"attributes":{}}"#), Err(CommandError::UnknownKind));
    }
    let other = decode("CCS", r#"{"attributes":{"CPDServiceName":"GIS"}}"#).unwrap();
    let Received::CallCpd(call) = other else { panic!("{other:?}") };
    assert_eq!((call.service.known(), call.service.raw()), (None, "GIS"));
}

#[test]
fn undefined_and_suspended_schedules_are_values() {
    let text = TIMETABLE.replace("7200", "-1").replace("1800", "-2");
    let read = decode("TFD", &format!(r#"{{"attributes":{{{text}}}}}"#)).unwrap();
    let Received::Timetable(table) = read else { panic!("{read:?}") };
    assert_eq!((table.send, table.check), (SendFrequency::Suspended, CheckFrequency::Undefined));
}

fn any_command() -> impl Strategy<Value = Received> {
    let service = proptest::sample::select(CpdService::ALL)
        .prop_map(|service| Received::CallCpd(CallCpd { service: service.into() }));
    let types = proptest::sample::subsequence(DocumentType::ALL, 1..=8)
        .prop_map(|types| ShipmentTypes::of(&types).unwrap());
    let seconds = (60..=2_678_400_u32).prop_map(|seconds| Interval::new(seconds).unwrap());
    let table = (seconds, types.clone()).prop_map(|(interval, shipment)| {
        let (send, check) = (SendFrequency::Every(interval), CheckFrequency::Every(interval));
        Received::Timetable(Timetable { send, check, shipment })
    });
    let qr = (-1..i64::from(i32::MAX))
        .prop_map(|wire| Received::QrCode(QrPrinting::from_wire(wire).unwrap()));
    let wanted = (1..1000_u64, 0..1000_u64, types).prop_map(|(first, more, shipment)| {
        let (first, last) = (JpkId::new(first).unwrap(), JpkId::new(first + more).unwrap());
        let scope = JpkRange::new(first, last).unwrap();
        Received::DetailedDocuments(DetailedDocuments { scope, shipment })
    });
    prop_oneof![service, table, qr, wanted]
}

proptest! {
    #[test]
    fn any_command_is_read_as_it_was_written(command in any_command()) {
        let id = id(command.kind().raw());
        prop_assert_eq!(Received::decode(&id, &command.plaintext()), Ok(command));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Received::decode(&id("TFD"), &bytes).is_err());
    }
}
