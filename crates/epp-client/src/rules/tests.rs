//! What must hold for the checks of whole orders, and for the vectors of the two check digits.

use std::{collections::BTreeSet, path::Path};

use common_core::{money::Amount, open::Open};
use serde::Deserialize;

use super::*;
use crate::model::{BankAccount, Moment, ReferenceModel};

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn sound() -> NewPaymentOrder {
    NewPaymentOrder::new("840000000010284941", "840000000023566472", amount("3.21"))
        .payment_basis("Uplata po ugovoru")
        .payment_code(270)
        .debtor_code_model(ReferenceModel::Model97)
        .debtor_code("28070794239110001820")
        .creditor_name("Izmišljeni Dobavljač")
        .creditor_address("Zamišljena 1, Beograd")
        .creditor_code("220216")
        .urgent_payment(false)
        .expected_payment_date("2024-03-05T09:17:57")
        .external_id("uplata-1")
        .user_group_name("")
        .user_tags(["test"])
        .comment("")
}

fn limited() -> Profile {
    let account: BankAccount = serde_json::from_str(
        r#"{"bank": "840", "number": "102849", "controlNumber": "41", "maxAmount": 1000.00}"#,
    )
    .unwrap();
    Profile::documented().with_limit_of(&account)
}

/// Orders that are wrong in one way each, with the rule and the attribute that must be named.
fn broken() -> Vec<(Rule, &'static str, NewPaymentOrder)> {
    let model = |raw| Open::<ReferenceModel>::from_raw(raw);
    vec![
        (Rule::Required, "PaymentBasis", sound().payment_basis(" ")),
        (Rule::Required, "PaymentCode", NewPaymentOrder { payment_code: None, ..sound() }),
        (Rule::Required, "Amount", NewPaymentOrder { amount: None, ..sound() }),
        (Rule::Required, "DebtorBankAccount", sound().debtor_bank_account("")),
        (Rule::Required, "CreditorName", sound().creditor_name("")),
        (Rule::Required, "CreditorAddress", sound().creditor_address("")),
        (Rule::Required, "CreditorBankAccount", sound().creditor_bank_account("")),
        (Rule::TooLong, "PaymentBasis", sound().payment_basis("ž".repeat(106))),
        (Rule::TooLong, "CreditorCode", sound().creditor_code("1".repeat(24))),
        (Rule::TooLong, "DebtorCode", sound().debtor_code("98000000000000000000000")),
        (Rule::TooLong, "CreditorAddress", sound().creditor_address("ž".repeat(201))),
        (Rule::TooLong, "ExternalId", sound().external_id("x".repeat(50))),
        (Rule::Character, "CreditorName", sound().creditor_name("Peki\u{fffd}")),
        (Rule::Character, "PaymentBasis", sound().payment_basis("a\nb")),
        (Rule::Account, "CreditorBankAccount", sound().creditor_bank_account("84000000002356647")),
        (Rule::Account, "DebtorBankAccount", sound().debtor_bank_account("84000000001028494O")),
        (
            Rule::AccountControl,
            "CreditorBankAccount",
            sound().creditor_bank_account("840-235664-27"),
        ),
        (
            Rule::AccountSpelling,
            "CreditorBankAccount",
            sound().creditor_bank_account("840-235664-72"),
        ),
        (Rule::DebtorBank, "DebtorBankAccount", sound().debtor_bank_account("160000000011111135")),
        (
            Rule::SameAccount,
            "CreditorBankAccount",
            sound().creditor_bank_account("840000000010284941"),
        ),
        (Rule::Reference, "DebtorCode", sound().debtor_code("98a")),
        (Rule::ReferenceControl, "DebtorCode", sound().debtor_code("28070794239110001802")),
        (Rule::ReferenceModel, "DebtorCodeModel", sound().debtor_code("")),
        (Rule::ReferenceModel, "CreditorCodeModel", sound().creditor_code_model(model(5))),
        (Rule::PaymentCode, "PaymentCode", sound().payment_code(21)),
        (Rule::PaymentCodeUnknown, "PaymentCode", sound().payment_code(299)),
        (Rule::PaymentForm, "PaymentCode", sound().payment_code(165)),
        (Rule::AmountNotPositive, "Amount", sound().amount(amount("0.00"))),
        (Rule::AmountNotPositive, "Amount", sound().amount(amount("-3.21"))),
        (Rule::AmountDecimals, "Amount", sound().amount(amount("3.215"))),
        (Rule::AmountLimit, "Amount", sound().amount(amount("1000.01"))),
        (Rule::Date, "ExpectedPaymentDate", sound().expected_payment_date("5.3.2024")),
        (Rule::Date, "ExpectedPaymentDate", sound().expected_payment_date("sutra")),
    ]
}

fn named(findings: &[Finding]) -> Vec<(Rule, &'static str)> {
    findings.iter().map(|finding| (finding.rule, finding.attribute)).collect()
}

#[test]
fn a_sound_order_has_no_findings() {
    assert_eq!(order(&sound(), &limited()), []);
    assert_eq!(order(&sound(), &Profile::strict()), []);
}

#[test]
fn each_broken_attribute_gives_exactly_its_finding() {
    let profile = limited();
    for (rule, attribute, broken) in broken() {
        let findings = order(&broken, &profile);
        assert_eq!(named(&findings), [(rule, attribute)], "{broken:?}");
        assert_eq!(findings[0].severity, profile.severity(rule));
    }
}

#[test]
fn every_rule_is_provoked_by_some_test() {
    let mut provoked: BTreeSet<_> = broken().iter().map(|(rule, ..)| *rule).collect();
    // These two concern several orders and have tests of their own.
    provoked.extend([Rule::DuplicateExternalId, Rule::BatchSize]);
    assert_eq!(provoked, Rule::ALL.iter().copied().collect());
}

#[test]
fn all_findings_of_an_order_are_named_at_once() {
    let findings = order(&NewPaymentOrder::default(), &Profile::documented());
    assert_eq!(findings.len(), 7, "every required attribute is named: {findings:?}");
    let wrong = sound().amount(amount("0.001")).creditor_bank_account("840-235664-27");
    let wrong = wrong.debtor_code("98001").payment_code(1000);
    assert_eq!(order(&wrong, &Profile::documented()).len(), 4);
}

#[test]
fn values_on_the_border_pass() {
    let border = sound()
        .payment_basis("ž".repeat(105))
        .creditor_address("ž".repeat(200))
        .creditor_code("1".repeat(23))
        .external_id("x".repeat(49))
        .amount(amount("1000.0000"))
        .expected_payment_date(Moment::from("2024-03-05"));
    assert_eq!(order(&border, &limited()), []);
    assert_eq!(order(&sound().amount(amount("0.01")), &limited()), []);
}

#[test]
fn references_of_other_models_are_passed_through() {
    for model in [ReferenceModel::Model11, ReferenceModel::Unchecked] {
        let order_of = sound().debtor_code_model(model).debtor_code("8523201");
        assert_eq!(order(&order_of, &Profile::documented()), []);
    }
}

#[test]
fn orders_of_a_batch_are_told_apart_by_index_and_external_id() {
    let batch = [sound(), sound().external_id("uplata-2"), sound(), sound().amount(amount("0"))];
    let findings = orders(&batch, &Profile::documented());
    let places: Vec<_> = findings.iter().map(|f| (f.order_index, f.rule)).collect();
    assert_eq!(
        places,
        [
            (Some(2), Rule::DuplicateExternalId),
            (Some(3), Rule::AmountNotPositive),
            (Some(3), Rule::DuplicateExternalId),
        ]
    );
    let nameless = NewPaymentOrder { external_id: None, ..sound() };
    assert_eq!(orders(&[nameless.clone(), nameless], &Profile::documented()), []);
}

#[test]
fn a_request_takes_1_to_5000_orders() {
    let profile = Profile::documented();
    assert_eq!(request_size(1, &profile), None);
    assert_eq!(request_size(5000, &profile), None);
    for count in [0, 5001] {
        let finding = request_size(count, &profile).unwrap();
        assert_eq!((finding.rule, finding.is_error()), (Rule::BatchSize, true));
        assert!(finding.to_string().ends_with(&format!("not {count}")), "{finding}");
    }
}

#[test]
fn a_finding_is_printable_and_machine_readable_and_holds_no_value() {
    let wrong = [sound(), sound().external_id("x").creditor_bank_account("840-235664-27")];
    let findings = orders(&wrong, &Profile::documented());
    assert_eq!(
        findings[0].to_string(),
        "order 1: CreditorBankAccount: correct the account, its control number does not fit"
    );
    assert_eq!(
        serde_json::to_string(&findings[0]).unwrap(),
        concat!(
            r#"{"orderIndex":1,"attribute":"CreditorBankAccount","severity":"error","#,
            r#""rule":"account-control","#,
            r#""message":"correct the account, its control number does not fit"}"#,
        )
    );
    for (_, _, broken) in broken() {
        for finding in order(&broken, &limited()) {
            let secret = broken.creditor_name.as_deref().unwrap_or("Izmišljeni");
            assert!(secret.is_empty() || !finding.message.contains(secret), "{finding}");
        }
    }
}

#[test]
fn names_of_rules_are_stable_and_different() {
    let names: BTreeSet<_> = Rule::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), Rule::ALL.len());
    assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
}

/// The demo sends these orders; what is wrong with them must be found where their README says.
#[test]
fn the_example_orders_have_exactly_the_findings_their_readme_names() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/epp/examples");
    let mut examples: Vec<NewPaymentOrder> = Vec::new();
    for file in 1..=10 {
        let text = std::fs::read_to_string(folder.join(format!("orders-{file:03}.json"))).unwrap();
        examples.extend(serde_json::from_str::<Vec<NewPaymentOrder>>(&text).unwrap());
    }
    assert_eq!(examples.len(), 500);
    assert!(examples.iter().all(|order| order.extra.is_empty()));
    let account: BankAccount = serde_json::from_str(
        r#"{"bank": "840", "number": "910000", "controlNumber": "96", "maxAmount": 10000000}"#,
    )
    .unwrap();
    let told = |profile: &Profile| -> Vec<_> {
        let findings = orders(&examples, profile);
        findings.iter().map(|f| (f.order_index.unwrap() + 1, f.rule, f.is_error())).collect()
    };
    let found = [
        (57, Rule::AccountControl, true),
        (188, Rule::ReferenceControl, true),
        (311, Rule::TooLong, false),
    ];
    assert_eq!(told(&Profile::documented()), found);
    let with_limit = [found.as_slice(), &[(444, Rule::AmountLimit, true)]].concat();
    assert_eq!(told(&Profile::documented().with_limit_of(&account)), with_limit);
}

/// The form of the vector files.
#[derive(Deserialize)]
struct Vectors {
    accounts: Vec<AccountRow>,
    references: Vec<ReferenceRow>,
}

#[derive(Deserialize)]
struct AccountRow {
    account: String,
    short: Option<String>,
    valid: bool,
}

#[derive(Deserialize)]
struct ReferenceRow {
    reference: String,
    control: Option<String>,
    body: Option<String>,
    valid: bool,
}

fn hold(vectors: &Vectors) {
    for row in &vectors.accounts {
        let parsed = Account::parse(&row.account);
        assert_eq!(parsed.is_ok(), row.valid, "{}", row.account);
        if let (Ok(account), Some(short)) = (parsed, &row.short) {
            assert_eq!(account.short(), *short);
            assert_eq!(Account::parse(short), Ok(account));
        }
    }
    for row in &vectors.references {
        let parsed = Reference::parse(&row.reference);
        assert_eq!(parsed.is_ok(), row.valid, "{}", row.reference);
        if let (Ok(reference), Some(control), Some(body)) = (parsed, &row.control, &row.body) {
            assert_eq!(reference.as_str(), format!("{control}{body}"));
            assert_eq!(Reference::with_control(body), Ok(reference));
        }
    }
}

#[test]
fn the_vectors_computed_elsewhere_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/epp/vectors");
    let text = std::fs::read_to_string(folder.join("check-digits.json")).unwrap();
    let vectors: Vectors = serde_json::from_str(&text).unwrap();
    let of = |valid| vectors.accounts.iter().filter(move |row| row.valid == valid).count();
    assert!(of(true) > 100 && of(false) > 100, "the vectors are not empty");
    hold(&vectors);
}

#[test]
fn the_vectors_of_the_reference_folder_hold() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/epp/check-digit-vectors.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: there is no file {}", path.display());
        return;
    };
    let vectors: Vectors = serde_json::from_str(&text).unwrap();
    assert!(vectors.accounts.len() >= 19 && vectors.references.len() >= 15);
    hold(&vectors);
}
