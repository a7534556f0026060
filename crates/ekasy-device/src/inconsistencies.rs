//! The 28 places where the source document contradicts itself or says too little, each with what
//! this crate makes of it (CRK facts §7). A test that counts them is at the end.
//!
//! What is decided elsewhere in the crate, above all how documents are packed and how the steps
//! of the fiscalisation are driven, has tests of its own there.

use std::{fs, num::NonZeroU32, path::Path, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use common_core::open::{Code as _, Open};
use common_http::{Api as _, Endpoint};
use http::Method;

use crate::{
    Environment, ErrorKind,
    api::{Cpd, WebApi},
    code::{CpdCode, FiscalisationStatus, ReadOnlyReason, documented},
    command::{
        CommandError, FiscalisationStep, QrPrinting, Received,
        cpd::{
            CheckFirmware, EnterReadOnly, FetchKeys, FetchSharedKeys, FetchState,
            FinishFiscalisation, FiscalisationAnswer, Fiscalise, Test,
        },
        event_hub::{LARGEST_REQUEST, Package, Place, Publish},
        testing::{base, id, read, shown},
        web_api::{ConfirmCommand, FetchCommand, FetchToken, Ping, SasToken},
    },
    ident::{
        CheckFrequency, CommandId, CommandIds, CommandKind, EvidenceNumber, JpkId, Moment,
        SendFrequency, SerialNumber, ShipmentTypes, TaxpayerId, TechnicianId, UniqueNumber,
    },
};

fn received(kind: &str, plaintext: &str) -> Result<Received, CommandError> {
    Received::decode(&id(kind), plaintext.as_bytes())
}

fn fiscalisation(body: &str) -> FiscalisationAnswer {
    read::<Fiscalise>(200, body).unwrap()
}

fn fiscalise() -> Fiscalise {
    Fiscalise::new(
        id("MFP"),
        SerialNumber::parse("KASA-7").unwrap(),
        TaxpayerId::parse("1234563218").unwrap(),
        TechnicianId::of_software_register(),
    )
}

fn token(url: &str) -> SasToken {
    SasToken::new(url.to_owned(), "SharedAccessSignature x".into(), Duration::from_secs(60))
}

fn at() -> DateTime<Utc> {
    "2026-02-01T08:00:00Z".parse().unwrap()
}

#[test]
fn inconsistency_01_identifiers_follow_the_example_and_not_the_printed_pattern() {
    assert!(CommandId::parse("MFP.ZTE1701000901.2017-08-14T16:50:03.342Z").is_ok());
    for text in [
        "MFP]xZTE1701000901.2017-08-14T16:50:03.342Z",
        "MFP]ZTE1701000901.2017-08-14T16:50:03.342Z",
        "MFP.ZTE1701000901.2017-1|-14T16:50:03.342Z",
        "MFP.ZTE1701000901.2017-08-00T16:50:03.342Z",
        "MFP.ZTE1701000901.2017-08-14T165003.342Z",
    ] {
        assert!(CommandId::parse(text).is_err(), "{text}");
    }
}

#[test]
fn inconsistency_02_a_unique_number_has_13_characters_and_12_only_on_request() {
    assert_eq!(UniqueNumber::parse("ZTE1701000901").unwrap().as_str().len(), 13);
    assert!(UniqueNumber::parse("TT1701003001").is_err());
    assert!(UniqueNumber::parse_lenient("TT1701003001").is_ok());
}

#[test]
fn inconsistency_03_a_command_identifier_has_42_characters_and_not_37() {
    let id = CommandId::parse("MFP.ZTE1701000901.2017-08-14T16:50:03.342Z").unwrap();
    assert_eq!((id.as_str().len(), CommandId::LENGTH), (42, 42));
    assert!(CommandId::parse(&id.as_str()[..37]).is_err());
}

#[test]
fn inconsistency_04_an_evidence_number_has_nine_digits_behind_its_slash() {
    assert!(EvidenceNumber::parse("2017/000000101").is_ok());
    for text in ["2017/0000000101", "2017\\V000000101", "'2017/000000101'"] {
        assert!(EvidenceNumber::parse(text).is_err(), "{text}");
    }
}

#[test]
fn inconsistency_05_statuses_are_compared_as_numbers_and_never_by_their_words() {
    for (code, words) in [("4", "fiskalizacja poprawna"), ("04", "Sukces"), ("004", "")] {
        let body = format!(
            r#"{{"command":{{"attributes":{{"statusFisc":{{"code":"{code}","desc":"{words}"}}}}}}}}"#
        );
        let FiscalisationAnswer::Refused(refusal) = fiscalisation(&body) else { panic!("{code}") };
        assert_eq!(refusal.status, FiscalisationStatus::TaxpayerId);
    }
}

#[test]
fn inconsistency_06_both_spellings_of_shipment_type_are_read_and_a_contradiction_is_not() {
    let table = |types: &str| {
        received(
            "TFD",
            &format!(r#"{{"attributes":{{"sendFreqEventHub":0,"checkFreqWebApi":60,{types}}}}}"#),
        )
    };
    for types in [
        r#""shipmentType":"PA""#,
        r#""shippmentType":"PA""#,
        r#""shipmentType":"PA","shippmentType":"PA""#,
    ] {
        let Ok(Received::Timetable(table)) = table(types) else { panic!("{types}") };
        assert_eq!(table.shipment, ShipmentTypes::parse("PA").unwrap());
    }
    let both = table(r#""shipmentType":"PA","shippmentType":"FA""#);
    assert!(matches!(both, Err(CommandError::Field(error)) if error.field == "shipmentType"));
}

#[test]
fn inconsistency_07_a_refusal_is_read_with_its_fields_outside_and_empty() {
    let refusal = r#"{"commandId":"MFP.WTE2001000009.2026-02-01T08:00:00.123Z","command":
        {"attributes":{"cashRegisterNr":"","statusFisc":{"code":"4","desc":"x"}}},
        "addressWebAPI":"","sendFreqEventHub":-2,"checkFreqWebApi":-2,"shipmentType":""}"#;
    assert!(matches!(fiscalisation(refusal), FiscalisationAnswer::Refused(_)));
    let granted = refusal
        .replace(r#""cashRegisterNr":"""#, r#""cashRegisterNr":"2026/000000417""#)
        .replace(r#""code":"4""#, r#""code":"0""#)
        .replace(r#""addressWebAPI":"""#, r#""addressWebAPI":"https://a.example.test""#)
        .replace(r#""shipmentType":"""#, r#""shipmentType":"ALL""#);
    let FiscalisationAnswer::Granted(granted) = fiscalisation(&granted) else { panic!() };
    assert_eq!((granted.send, granted.doubts), (SendFrequency::Undefined, Vec::new()));
    assert_eq!(granted.shipment, Some(ShipmentTypes::all()));
}

#[test]
fn inconsistency_08_printing_errors_are_not_a_format() {
    let trailing =
        r#"{"attributes":{"sendFreqEventHub":0,"checkFreqWebApi":60,"shipmentType":"PA",}}"#;
    assert!(received("TFD", trailing).is_err());
    let missing = r#"{"command":{"attributes":{"maxDocId":1 "addressWebAPI":""}}}"#;
    assert!(read::<FetchState>(200, missing).is_err());
    let brace = r#"{"command":{"attributes":{"statusFisc":{"code":"4"}}}}}"#;
    assert!(matches!(fiscalisation(brace), FiscalisationAnswer::Unclear(_)));
}

#[test]
fn inconsistency_09_attributes_are_read_at_both_depths_and_written_at_one() {
    let keys = r#""digitalCertificateWebApiTLS":"MAMCAQE=","digitalCertificateCPDServerTLS":"MAMCAQI=","digitalCertificateRepositoryEncrypt":"MAMCAQM=""#;
    let hub = r#""digitalCertificateAzureEventHubTLS":["MAMCAQQ="]"#;
    let inside = format!(r#"{{"command":{{"attributes":{{{keys},{hub}}}}}}}"#);
    let above = format!(r#"{{"command":{{"attributes":{{{keys}}},{hub}}}}}"#);
    let [inside, above] = [inside, above].map(|body| read::<FetchKeys>(200, &body).unwrap());
    assert_eq!((inside.event_hub.len(), &inside), (1, &above));
    let state = r#"{"command":{"attributes":{"maxDocId":7},"maxMemNr":3}}"#;
    assert_eq!(read::<FetchState>(200, state).unwrap().memory, Some(3));
    let state = r#"{"command":{"attributes":{"maxDocId":7}}}"#;
    assert_eq!(read::<FetchState>(200, state).unwrap().memory, None);
    let end = EnterReadOnly::new(id("EFL"), ReadOnlyReason::MemoryFull, JpkId::MIN);
    assert!(shown(&end).ends_with(r#""attributes":{"reasonReadOnly":0,"lastJPKId":1}}}"#));
}

#[test]
fn inconsistency_10_the_value_and_the_whole_object_are_read_and_identifiers_must_agree() {
    let value = r#"{"attributes":{"qrCode":0}}"#;
    let whole = |inner: CommandId| format!(r#"{{"commandId":"{inner}","command":{value}}}"#);
    let expected = Ok(Received::QrCode(QrPrinting::Always));
    assert_eq!(received("CQC", value), expected);
    assert_eq!(received("CQC", &whole(id("CQC"))), expected);
    assert_eq!(received("CQC", &whole(id("TFD"))), Err(CommandError::OtherIdentifier));
}

#[test]
fn inconsistency_11_a_confirmation_is_quoted_mixed_in_case_and_posted_to_the_right_host() {
    let confirm = ConfirmCommand::failed(id("DDD"), Moment::from(at()), "x");
    let text = shown(&confirm);
    let order = ["\"commandId\":", "\"ExecTime\":", "\"Code\":\"1\"", "\"Message\":\"x\""];
    let places: Vec<_> = order.iter().map(|field| text.find(field).unwrap()).collect();
    assert!(places.is_sorted());
    assert_eq!(
        (ConfirmCommand::INFO.method, FetchCommand::INFO.method),
        (Method::POST, Method::GET)
    );
    assert_eq!(ConfirmCommand::INFO.path, FetchCommand::INFO.path);
    let host = Environment::Test.web_api().unwrap();
    assert_eq!(host.as_str(), "https://test-e-kasy.mf.gov.pl");
}

#[test]
fn inconsistency_12_errors_are_read_in_any_case_and_their_body_is_kept() {
    let (parts, ()) = http::Response::builder().status(400).body(()).unwrap().into_parts();
    for body in [r#"{"Message":"m","Code":"100","requestId":"r"}"#, r#"{"message":"m","CODE":100}"#]
    {
        let problem = WebApi::problem(&parts, &Bytes::from_static(body.as_bytes()));
        assert_eq!((problem.code.as_deref(), problem.message.as_deref()), (Some("100"), Some("m")));
        assert!(problem.details.iter().any(|detail| detail.message.as_deref() == Some(body)));
    }
}

#[test]
fn inconsistency_13_refusals_come_with_406_or_200_and_only_their_codes_count() {
    let (parts, ()) = http::Response::builder().status(406).body(()).unwrap().into_parts();
    for words in ["Bledny NIP", "Błędny NIP", ""] {
        let body = format!(r#"{{"Code":"B11","Message":"{words}"}}"#);
        let problem = Cpd::problem(&parts, &body.into());
        let kind = Cpd::kind(406, &problem);
        assert_eq!(kind, common_core::effect::ErrorKind::Conflict, "{words}");
    }
    let unlisted = [CpdCode::UniqueNumberForm, CpdCode::DataLength, CpdCode::OutputMessage];
    assert_eq!(unlisted.map(CpdCode::raw), ["B05", "B13", "E03"]);
    let refusal = r#"{"command":{"attributes":{"statusFisc":{"code":"16"}}}}"#;
    assert!(matches!(fiscalisation(refusal), FiscalisationAnswer::Refused(_)));
}

#[test]
fn inconsistency_14_not_found_may_mean_too_large_and_204_is_success_by_any_name() {
    let kind = ErrorKind::from(common_core::effect::ErrorKind::NotFound);
    assert!(kind.describe().contains("too large"));
    read::<Ping>(204, "").unwrap();
    assert_eq!(read::<FetchCommand>(204, "").unwrap(), None);
}

#[test]
fn inconsistency_15_both_headers_go_with_every_request_to_both_servers() {
    let requests = [
        shown(&FetchKeys::new(id("KCS"))),
        shown(&Test::new(id("TCS"))),
        shown(&FinishFiscalisation::new(id("FPD"))),
        shown(&FetchSharedKeys),
        shown(&Ping),
        shown(&FetchCommand),
        shown(&FetchToken),
        shown(&ConfirmCommand::executed(id("CQC"), Moment::from(at()))),
    ];
    for request in requests {
        let lines: Vec<_> = request.lines().collect();
        assert_eq!(lines[1..3], ["accept: application/json", "content-type: application/json"]);
    }
}

#[test]
fn inconsistency_16_an_amount_above_the_copied_maximum_is_taken_and_told() {
    let Ok(Received::QrCode(large)) = received("CQC", r#"{"attributes":{"qrCode":2678401}}"#)
    else {
        panic!();
    };
    assert_eq!((large, large.exceeds_documented_maximum()), (QrPrinting::Above(2_678_401), true));
    assert!(!QrPrinting::Above(QrPrinting::DOCUMENTED_MAXIMUM).exceeds_documented_maximum());
}

#[test]
fn inconsistency_17_thirteen_commands_have_a_code_and_shared_keys_have_none() {
    assert_eq!(CommandKind::ALL.len(), 13);
    assert!(!shown(&FetchSharedKeys).contains("commandId"));
    assert_eq!(documented("cpd.fetch_shared_keys").unwrap().command, "CMD16");
}

#[test]
fn inconsistency_18_b10_names_both_its_meanings_and_e07_belongs_to_two_commands() {
    let advice = CpdCode::Certificate.advice();
    assert!(advice.contains("of this register") && advice.contains("another register has sent"));
    let lists = |endpoint: &str| documented(endpoint).unwrap().codes.contains(&CpdCode::ServiceBus);
    assert!(lists("cpd.send_certificates") && lists("cpd.finish_fiscalisation"));
    assert!(!lists("cpd.fiscalise") && !lists("cpd.enter_read_only"));
}

#[test]
fn inconsistency_19_the_limit_is_the_smaller_one_and_counts_the_whole_request() {
    assert_eq!(LARGEST_REQUEST, 256 * 1000);
    let token = token("https://crk.example.test:5062/hub");
    let room = LARGEST_REQUEST - Publish::overhead(&token);
    let body = Bytes::from(vec![b'x'; usize::try_from(room).unwrap()]);
    assert_eq!(Publish::new(&token, body).wire_length(), LARGEST_REQUEST);
}

#[test]
fn inconsistency_20_complete_documents_are_the_last_package_and_parts_count_from_one() {
    let text = |package: Package| String::from_utf8(package.to_bytes().to_vec()).unwrap();
    let complete = Package::complete(id("DFD"), "e".to_owned()).unwrap();
    assert!(text(complete).contains(r#""packageNr":0,"isLast":1"#));
    let first = Package::part(id("DFD"), NonZeroU32::MIN, Place::Middle, "e".to_owned()).unwrap();
    assert!(text(first).contains(r#""packageNr":1,"isLast":0"#));
}

#[test]
fn inconsistency_21_a_token_ends_when_it_says_so_or_at_the_latest_its_duration_allows() {
    let url = || "https://hub.example.test/h".to_owned();
    let told = SasToken::new(
        url(),
        "SharedAccessSignature sr=h&sig=s&se=1769932830&skn=k".into(),
        Duration::from_secs(3600),
    );
    assert_eq!(told.expires_at(at()), at() + TimeDelta::seconds(30));
    let silent = SasToken::new(url(), "opaque".into(), Duration::from_secs(3600));
    assert_eq!(silent.expires_at(at()), at() + TimeDelta::hours(1));
}

#[test]
fn inconsistency_22_fiscalisation_has_fifteen_rows_of_which_one_is_for_software_only() {
    let rows: Vec<_> = FiscalisationStep::ALL.iter().map(|step| step.row()).collect();
    assert_eq!(rows, (0..15).collect::<Vec<_>>());
    let software: Vec<_> =
        FiscalisationStep::ALL.iter().filter(|step| step.software_only()).collect();
    assert_eq!(software, [&FiscalisationStep::CheckFirmware]);
    assert_eq!(FiscalisationStep::SendReport.command(), Some(CommandKind::Documents));
    assert_eq!(FiscalisationStep::FetchTimetable.command(), Some(CommandKind::Timetable));
    assert_eq!(FiscalisationStep::FetchTimetable.next(), None);
}

#[test]
fn inconsistency_23_minus_two_is_no_schedule_and_polling_is_never_suspended() {
    assert_eq!(SendFrequency::from_wire(-2), Ok(SendFrequency::Undefined));
    assert_eq!(CheckFrequency::from_wire(-2), Ok(CheckFrequency::Undefined));
    assert_eq!(SendFrequency::from_wire(-1), Ok(SendFrequency::Suspended));
    assert!(CheckFrequency::from_wire(-1).is_err() && CheckFrequency::from_wire(0).is_err());
}

#[test]
fn inconsistency_24_identifiers_of_one_millisecond_differ_and_the_window_of_the_clock_is_known() {
    let mut ids = CommandIds::new(UniqueNumber::parse("WTE2001000009").unwrap());
    let [one, two] = [0, 1].map(|_| ids.next(CommandKind::Fiscalise, at()).unwrap());
    assert!(one < two);
    let moment = fiscalise_moment();
    for (clock, fits) in [
        (moment + TimeDelta::hours(24), true),
        (moment + TimeDelta::hours(24) + TimeDelta::milliseconds(1), false),
        (moment - TimeDelta::hours(2), true),
        (moment - TimeDelta::hours(2) - TimeDelta::milliseconds(1), false),
    ] {
        assert_eq!(fiscalise().fits_clock(clock), fits, "{clock}");
    }
}

fn fiscalise_moment() -> DateTime<Utc> {
    id("MFP").moment().instant()
}

#[test]
fn inconsistency_25_a_taxpayer_with_a_wrong_check_digit_can_be_sent() {
    let taxpayer = TaxpayerId::parse("3360002458").unwrap();
    assert!(!taxpayer.checksum_ok());
    assert!(serde_json::to_string(&taxpayer).is_ok_and(|text| text == "\"3360002458\""));
}

#[test]
fn inconsistency_26_colons_of_an_identifier_stay_colons_in_a_query() {
    let version = "1:2".parse().unwrap();
    let checksum = "ab".repeat(32).parse().unwrap();
    let text = shown(&CheckFirmware::new(id("CNF"), version, checksum));
    assert!(text.contains("?commandId=CNF.WTE2001000009.2026-02-01T08:00:00.123Z&"), "{text}");
    assert!(text.contains("firmwareMetadata=1%3A2"), "{text}");
}

#[test]
fn inconsistency_27_what_a_later_document_adds_is_passed_over_or_kept() {
    let state =
        r#"{"later":{"x":[1]},"command":{"attributes":{"maxDocId":7,"later":null},"later":2}}"#;
    assert_eq!(read::<FetchState>(200, state).unwrap().last_document, JpkId::new(7).ok());
    let status: Open<FiscalisationStatus> = serde_json::from_str("\"21\"").unwrap();
    assert_eq!((status.known(), status.to_string()), (None, "21".to_owned()));
}

#[test]
fn inconsistency_28_the_address_of_the_hub_is_used_as_it_came_whatever_its_spelling() {
    for publisher in ["publisher", "publishers"] {
        let url = format!("https://crk.example.test:5062/hub/{publisher}/p/messages?timeout=60");
        let publish = Publish::new(&token(&url), "{}".into());
        assert_eq!(publish.request(&base()).unwrap().uri().to_string(), url);
    }
}

#[test]
fn each_of_the_28_inconsistencies_has_a_test_that_names_it() {
    let mut numbers = Vec::new();
    numbers_below(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut numbers);
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (1..=28).collect::<Vec<u32>>());
}

/// Collects the numbers of functions that are tests and are named after an inconsistency.
fn numbers_below(folder: &Path, numbers: &mut Vec<u32>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            numbers_below(&path, numbers);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let tests = lines.windows(2).filter(|pair| matches!(pair[0], "#[test]" | "#[tokio::test]"));
        let named = tests.filter_map(|pair| {
            let function = pair[1].strip_prefix("async ").unwrap_or(pair[1]);
            let rest = function.strip_prefix("fn inconsistency_")?;
            rest.split('_').next()?.parse::<u32>().ok()
        });
        numbers.extend(named);
    }
}
