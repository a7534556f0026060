//! Documents: the invented examples, and what must hold for any.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use ekasy_device::document::{
    Content, DailyReport, DocumentSeal, DocumentSealer, Entry, Finding, Grosze, Info, Jpk,
    JpkHeader, Kept, Receipt, ReceiptDocument, Rule, SealerError, Unsealed,
};
use ekasy_device::ident::{JpkId, Moment};
use proptest::prelude::*;

use crate::oracle::{is_required, skip};

fn example(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path.join("../../fixtures/crk/examples").join(name)).unwrap()
}

fn receipts(jpk: &Jpk) -> Vec<Receipt> {
    let contents = jpk.content().iter().map(|entry| entry.content().unwrap());
    contents
        .filter_map(|content| match content {
            Content::Receipt(receipt) => Some(*receipt),
            _ => None,
        })
        .collect()
}

fn report(jpk: &Jpk) -> DailyReport {
    let mut contents = jpk.content().iter().map(|entry| entry.content().unwrap());
    let report = contents.find_map(|content| match content {
        Content::DailyReport(report) => Some(*report),
        _ => None,
    });
    report.unwrap()
}

const RECEIPTS: [&str; 3] =
    ["receipt-inline-discount.json", "receipt-own-discount.json", "receipt-packaging.json"];

#[test]
fn the_examples_are_what_their_generator_makes() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/crk/examples");
    let made = tempfile::tempdir().unwrap();
    let run = Command::new("python3").arg(folder.join("make.py")).arg(made.path()).status();
    if run.is_err() && !is_required() {
        skip("no python3 makes the examples");
        return;
    }
    assert!(run.unwrap().success());
    let mut compared = 0;
    for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name();
        if entry.path().extension().is_some_and(|extension| extension == "json") {
            let again = fs::read_to_string(made.path().join(&name)).unwrap();
            assert!(again == fs::read_to_string(entry.path()).unwrap(), "{name:?} differs");
            compared += 1;
        }
    }
    assert_eq!((compared, fs::read_dir(made.path()).unwrap().count()), (6, 6));
}

#[test]
fn every_receipt_of_the_examples_adds_up() {
    for name in RECEIPTS {
        let document = ReceiptDocument::parse(&example(name)).unwrap();
        assert_eq!(document.receipt.findings(), [], "{name}");
        assert_eq!(document.taxpayer.nip, "1234563218");
    }
}

#[test]
fn the_report_of_the_day_fits_its_receipts() {
    let jpk = Jpk::parse(&example("day.json")).unwrap();
    let (receipts, mut report) = (receipts(&jpk), report(&jpk));
    assert_eq!(report.findings(), []);
    assert_eq!(report.findings_with(&receipts), []);
    let short = report.findings_with(&receipts[1..]);
    assert_eq!(short[0].rule, Rule::ReceiptCount);
    assert!(short.iter().any(|finding| finding.path == "sprzedPar.sumaBrutto"));
    report.ended = "2026-03-02T09:00:00.000Z".to_owned();
    assert_eq!(report.findings()[0].rule, Rule::TimeOrder);
}

#[test]
fn an_unknown_kind_keeps_every_byte() {
    let text = example("unknown-kind.json");
    let jpk = Jpk::parse(&text).unwrap();
    let [gap, print, short] = jpk.content() else { panic!("three documents") };
    assert_eq!((print.kind(), print.jpk_id()), ("wydrukNiefiskalny", Some(16)));
    assert!(matches!(print.content(), Ok(Content::Other)));
    assert!(text.contains(print.json()));
    for exact in ["1.50", "123456789012345678901234567890", "1E+2", "\\u017b", " }"] {
        assert!(print.json().contains(exact), "{exact}");
    }
    let written = jpk.to_json().unwrap();
    assert!(written.contains(print.json()));
    let id = |number| JpkId::new(number).unwrap();
    assert_eq!(gap.content(), Ok(Content::Info(Info::gap(id(15)))));
    assert_eq!(short.content(), Ok(Content::Info(Info::unlisted(id(17)))));
    assert_eq!(Jpk::parse(&written).unwrap().to_json().unwrap(), written);
}

#[test]
fn an_empty_structure_is_read_and_built() {
    let read = Jpk::parse(&example("empty.json")).unwrap();
    assert_eq!(read.content(), []);
    let made = Moment::parse("2026-03-02T20:05:00.000Z").unwrap();
    let header = Kept::new(JpkHeader::new(JpkHeader::JPK, made)).unwrap();
    let built = Jpk::new(header, Kept::new(read.taxpayer().clone().into_value()).unwrap(), []);
    let json = built.to_json().unwrap();
    assert!(json.ends_with(r#""content":[]}}"#), "{json}");
    assert_eq!(**Jpk::parse(&json).unwrap().taxpayer(), **read.taxpayer());
}

#[test]
fn typed_documents_are_written_as_they_were_read() {
    let jpk = Jpk::parse(&example("day.json")).unwrap();
    for entry in jpk.content() {
        let again = match entry.content().unwrap() {
            Content::Receipt(receipt) => Entry::receipt(&receipt).unwrap(),
            Content::DailyReport(report) => Entry::daily_report(&report).unwrap(),
            other => panic!("{other:?}"),
        };
        let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(value(again.json()), value(entry.json()));
        assert_eq!(again.jpk_id(), entry.jpk_id());
    }
}

#[test]
fn unknown_members_of_known_structures_are_kept() {
    let text = example("day.json")
        .replacen("\"wersja\"", "\"nowy\": 1.10, \"wersja\"", 1)
        .replacen("\"nazwaPod\"", "\"nowa\": [ ], \"nazwaPod\"", 1)
        .replacen("\"content\"", "\"obok\": {\"x\":1.0}, \"content\"", 1)
        .replacen("\"pozycja\"", "\"nieznane\": 2.00, \"pozycja\"", 1);
    let written = Jpk::parse(&text).unwrap().to_json().unwrap();
    for kept in ["\"nowy\": 1.10", "\"nowa\": [ ]", "\"obok\":{\"x\":1.0}", "\"nieznane\": 2.00"] {
        assert!(written.contains(kept), "{kept} in {written}");
    }
}

#[test]
fn a_wrong_document_is_refused_with_its_place_and_without_its_content() {
    let refused = |text: &str| Jpk::parse(text).unwrap_err();
    let day = example("day.json");
    let error = refused(&day.replacen("\"content\": [", "\"content\": [{}, ", 1));
    assert!(error.to_string().contains("JPK.content[0]"), "{error}");
    assert!(refused(&day.replacen("\"NIP\"", "\"NIX\"", 1)).path().contains("podmiot1"));
    assert!(Jpk::parse("{}").is_err());
    assert!(Jpk::parse(&format!("{day} 1")).is_err());
    assert!(Jpk::parse(&day.replacen("\"content\"", "\"content\": [], \"content\"", 1)).is_err());
    let entry = Entry::new("paragon", r#"{"JPKID":1,"nrDok":"canary"}"#).unwrap();
    let error = entry.content().unwrap_err();
    assert_eq!(error.path(), "paragon.nrDok");
    assert!(!error.to_string().contains("canary"), "{error}");
    for (kind, json) in [("", "{}"), ("x", "[]"), ("x", "1"), ("x", "{"), ("x", "{} {}")] {
        assert!(Entry::new(kind, json).is_err(), "{kind} {json}");
    }
}

/// Changes one thing in an example, and tells the rules that notice.
fn rules(name: &str, change: impl FnOnce(&mut Receipt)) -> Vec<(String, Rule)> {
    let mut receipt = ReceiptDocument::parse(&example(name)).unwrap().receipt.into_value();
    change(&mut receipt);
    let pair = |Finding { path, rule, .. }: Finding| (path, rule);
    receipt.findings().into_iter().map(pair).collect()
}

fn item(receipt: &mut Receipt, index: usize) -> &mut ekasy_device::document::Item {
    match &mut receipt.positions[index] {
        ekasy_device::document::Position::Item(item) => item,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_rule_names_the_place_that_breaks_it() {
    let [inline, own, pack] = RECEIPTS;
    let found = |path: &str, rule| (path.to_owned(), rule);
    assert_eq!(
        rules(pack, |receipt| receipt.total.as_mut().unwrap().due = Grosze(1)),
        [found("total.zaplZwrot", Rule::Due), found("platnosc", Rule::Payments)]
    );
    assert_eq!(
        rules(pack, |receipt| receipt.packaging.as_mut().unwrap().lines[0].quantity = 7),
        [found("opak.wart", Rule::PackagingSum)]
    );
    assert_eq!(
        rules(inline, |receipt| item(receipt, 0).quantity = 1.into()),
        [found("pozycja[0].towar.brutto", Rule::ItemAmount)]
    );
    assert_eq!(
        rules(inline, |receipt| item(receipt, 1).price = Grosze(-2500)),
        [
            found("pozycja[1].towar.cena", Rule::PositivePrice),
            found("pozycja[1].towar.brutto", Rule::ItemAmount),
        ]
    );
    assert_eq!(
        rules(inline, |receipt| receipt.subtotal.discounts = Some(Grosze(73))),
        [found("podsum.sumaOpust", Rule::DiscountSum)]
    );
    assert_eq!(
        rules(inline, |receipt| receipt.subtotal.by_rate[0].tax = Grosze(469)),
        [found("podsum.sumaNetto[0].vat", Rule::RateTax), found("podsum.sumaPod", Rule::TaxSum)]
    );
    assert_eq!(
        rules(own, |receipt| receipt.ended = "2026-03-02T11:40:00Z".to_owned()),
        [found("zakSprzed", Rule::TimeText)]
    );
    assert_eq!(
        rules(own, |receipt| receipt.rates.push(receipt.rates[0].clone())),
        [found("stPTU[2].id", Rule::KnownRate)]
    );
    assert_eq!(
        rules(own, |receipt| receipt.subtotal.gross = Grosze(1))[0],
        found("podsum.sumaBrutto", Rule::GrossSum)
    );
    assert_eq!(
        rules(own, |receipt| {
            let ekasy_device::document::Position::Discount(discount) = &mut receipt.positions[1]
            else {
                panic!("a discount");
            };
            discount.by_rate[0].amount = Grosze(640);
        })[0],
        found("pozycja[1].rabat.wartWgPTU", Rule::DiscountByRate)
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    let found = rules(RECEIPTS[0], |receipt| {
        receipt.rates.clear();
        receipt.ended.clear();
        receipt.subtotal.gross = Grosze(i64::MAX);
        item(receipt, 0).quantity = serde_json::from_str("\"dwa\"").unwrap();
    });
    let rules: Vec<Rule> = found.into_iter().map(|(_, rule)| rule).collect();
    for rule in [
        Rule::KnownRate,
        Rule::QuantityText,
        Rule::GrossSum,
        Rule::SumOfRates,
        Rule::Due,
        Rule::TimeText,
    ] {
        assert!(rules.contains(&rule), "{rule:?} in {rules:?}");
    }
}

#[test]
fn a_cancelled_item_counts_against_the_sum() {
    let found = rules(RECEIPTS[0], |receipt| {
        let mut cancelled = item(receipt, 1).clone();
        cancelled.storno = true;
        receipt.positions.push(ekasy_device::document::Position::Item(cancelled));
        receipt.positions.push(receipt.positions[1].clone());
    });
    assert_eq!(found, []);
}

/// Seals with what it was given, so that a test sees it.
#[derive(Debug)]
struct Echo;

impl DocumentSealer for Echo {
    fn seal(&self, document: &Unsealed<'_>) -> Result<DocumentSeal, SealerError> {
        if document.kind == "odmowa" {
            return Err(SealerError::new("the card is gone"));
        }
        let sha = format!("{} {} {}", document.kind, document.header, document.taxpayer);
        Ok(DocumentSeal { rsa: document.json.to_owned(), sha })
    }
}

#[test]
fn a_seal_is_the_last_member_and_changes_no_other_byte() {
    for (json, comma) in [("{}", ""), (r#"{ "a" : {"b":1.0} }"#, ",")] {
        let sealed = Entry::new("x", json).unwrap().sealed("N", "P", &Echo).unwrap();
        let body = json.strip_suffix('}').unwrap();
        assert!(sealed.json().starts_with(&format!(r#"{body}{comma}"podpis":{{"#)));
        let value: serde_json::Value = serde_json::from_str(sealed.json()).unwrap();
        assert_eq!(
            (&value["podpis"]["RSA"], &value["podpis"]["SHA"]),
            (&json.into(), &"x N P".into())
        );
        assert!(sealed.sealed("N", "P", &Echo).is_err(), "a document is sealed once");
    }
    let jpk = Jpk::parse(&example("day.json")).unwrap();
    let sealed = jpk.content()[3].sealed("N", "P", &Echo).unwrap();
    let Content::DailyReport(report) = sealed.content().unwrap() else { panic!("a report") };
    assert_eq!(report.seal.unwrap().rsa, jpk.content()[3].json());
    assert!(Entry::new("odmowa", "{}").unwrap().sealed("N", "P", &Echo).is_err());
}

proptest! {
    #[test]
    fn any_json_object_keeps_its_bytes(json in r#"\{"[a-zA-Z]{1,5}": ?(-?[1-9][0-9]{0,30}(\.[0-9]{1,3})?(E[+-]?[1-9])?|"[^"\\\p{Cc}]{0,20}"|\[ *\]|null)\}"#) {
        let entry = Entry::new("nieznany", json.clone()).unwrap();
        prop_assert_eq!(entry.json(), &json);
        let text = example("empty.json").replace("[]", &format!("[{{\"nieznany\":{json}}}]"));
        let jpk = Jpk::parse(&text).unwrap();
        prop_assert_eq!(jpk.content()[0].json(), &json);
        prop_assert!(jpk.to_json().unwrap().contains(&json));
    }

    #[test]
    fn any_amounts_are_checked_without_overflow(
        amounts in proptest::collection::vec(prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX)], 8),
        quantity in "-?[0-9]{1,18}"
    ) {
        for name in RECEIPTS {
            let mut receipt = ReceiptDocument::parse(&example(name)).unwrap().receipt.into_value();
            let first = item(&mut receipt, 0);
            first.price = Grosze(amounts[0]);
            first.gross = Grosze(amounts[1]);
            first.quantity = quantity.parse().unwrap();
            receipt.subtotal.gross = Grosze(amounts[2]);
            receipt.subtotal.by_rate[0].gross = Grosze(amounts[3]);
            receipt.subtotal.by_rate[0].tax = Grosze(amounts[4]);
            receipt.payments[0].amount = Grosze(amounts[5]);
            receipt.total.as_mut().unwrap().due = Grosze(amounts[6]);
            if let Some(packaging) = &mut receipt.packaging {
                packaging.lines[0].price = Grosze(amounts[0]);
                packaging.lines[0].quantity = amounts[7];
                packaging.lines.extend(vec![packaging.lines[0].clone(); 3]);
            }
            for finding in receipt.findings() {
                prop_assert!(finding.to_string().starts_with(&finding.path));
            }
        }
    }
}
