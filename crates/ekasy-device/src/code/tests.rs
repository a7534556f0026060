//! What must hold for every code.

use common_core::{
    effect::Effect,
    open::{Code, Open},
};
use common_http::Endpoint;

use super::*;
use crate::{
    command::cpd::{
        CheckFirmware, EnterReadOnly, FetchKeys, FetchSharedKeys, FetchState, FinishFiscalisation,
        Fiscalise, SendCertificates, Test,
    },
    ident::CommandKind,
};

/// The words of a code: meaning, gist and advice.
fn assert_words<C: std::fmt::Debug + Copy>(codes: &[C], words: impl Fn(C) -> [&'static str; 3]) {
    let mut seen = Vec::new();
    for code in codes {
        let [meaning, polish, advice] = words(*code);
        for text in [meaning, polish, advice] {
            assert!(text.len() > 6 && !text.ends_with('.') && text == text.trim(), "{code:?}");
        }
        assert!(!seen.contains(&meaning) && !seen.contains(&polish), "{code:?}");
        seen.extend([meaning, polish]);
    }
}

#[test]
fn every_code_has_words_of_its_own() {
    assert_words(CpdCode::ALL, |code| [code.meaning(), code.polish(), code.advice()]);
    assert_words(WebApiCode::ALL, |code| [code.meaning(), code.polish(), code.advice()]);
    let status = |code: FiscalisationStatus| [code.meaning(), code.polish(), code.advice()];
    assert_words(FiscalisationStatus::ALL, status);
}

#[test]
fn fiscalisation_has_twenty_statuses_that_are_compared_as_numbers() {
    let numbers: Vec<_> = FiscalisationStatus::ALL.iter().map(|status| status.raw()).collect();
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
    for text in ["0", "00", "000"] {
        let status: Open<FiscalisationStatus> = serde_json::from_str(&format!("{text:?}")).unwrap();
        assert_eq!(status, FiscalisationStatus::Success);
    }
    let later: Open<FiscalisationStatus> = serde_json::from_str("\"20\"").unwrap();
    assert_eq!((later.known(), later.raw()), (None, 20));
    let software = |status: &&FiscalisationStatus| status.software_only();
    let software: Vec<_> = FiscalisationStatus::ALL.iter().filter(software).collect();
    assert_eq!(
        software,
        [&FiscalisationStatus::TaxpayerOfCertificate, &FiscalisationStatus::ProgramNotApproved]
    );
    let retryable: Vec<_> =
        FiscalisationStatus::ALL.iter().filter(|code| code.retryable()).collect();
    assert_eq!(retryable, [&FiscalisationStatus::Technical]);
}

#[test]
fn codes_of_the_cpd_server_follow_their_letter() {
    for code in CpdCode::ALL {
        let (letter, number) = code.raw().split_at(1);
        let number: u8 = number.parse().unwrap();
        let status = match (letter, number) {
            ("B", 1..=13) => 406,
            ("E", 1..=3) => 400,
            ("E", 4..=7) => 500,
            _ => panic!("{code:?}"),
        };
        assert_eq!(code.http_status(), status, "{code:?}");
        assert_eq!(code.is_refusal(), letter == "B", "{code:?}");
        assert!(!(code.retryable() && status == 400), "{code:?}");
        let believed = letter == "B" || matches!(number, 1 | 2);
        assert_eq!(code.says_nothing_was_done(), believed, "{code:?}");
    }
    assert_eq!(CpdCode::ALL.len(), 20);
    assert_eq!(
        WebApiCode::ALL.iter().map(|code| code.http_status()).collect::<Vec<_>>(),
        [400, 400]
    );
}

#[test]
fn the_table_has_every_code_but_those_that_stand_in_the_common_list_alone() {
    let rows = Documented::ALL;
    let listed = |code: &&CpdCode| rows.iter().any(|row| row.codes.contains(code));
    let unlisted: Vec<_> = CpdCode::ALL.iter().filter(|code| !listed(code)).copied().collect();
    assert_eq!(unlisted, [CpdCode::UniqueNumberForm, CpdCode::DataLength, CpdCode::OutputMessage]);
    let unchecked: Vec<_> =
        rows.iter().filter(|row| !row.certificate_must_match).map(|row| row.command).collect();
    assert_eq!(unchecked, ["CMD07", "CMD11", "CMD16"]);
    for row in rows {
        let mut codes = row.codes.to_vec();
        codes.dedup();
        assert!(row.codes.is_sorted() && codes.len() == row.codes.len(), "{row:?}");
    }
    let cloud = |row: &&Documented| row.codes.contains(&CpdCode::ServiceBus);
    let cloud: Vec<_> = rows.iter().filter(cloud).map(|row| row.command).collect();
    assert_eq!(cloud, ["CMD08", "CMD14"]);
}

#[test]
fn states_tell_which_command_they_take() {
    let finish: Vec<_> =
        RegisterStatus::ALL.iter().filter(|status| status.takes_finish()).collect();
    assert_eq!(finish, [&RegisterStatus::Started, &RegisterStatus::Fiscalised]);
    let end: Vec<_> =
        RegisterStatus::ALL.iter().filter(|status| status.takes_end_of_life()).collect();
    assert_eq!(end, [&RegisterStatus::Fiscalised, &RegisterStatus::ReadOnly]);
}

/// The tables of the document as somebody else distilled them, where that folder exists.
const REFERENCE: &str = "../../../shared/reference/ekasy/protocol-tables.json";

#[test]
fn codes_and_kinds_are_those_of_the_reference_tables() {
    let place = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(REFERENCE);
    let Ok(text) = std::fs::read_to_string(&place) else {
        println!("SKIPPED: {REFERENCE} is not there");
        return;
    };
    let tables: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys = |name: &str| -> Vec<String> {
        let mut keys: Vec<_> = tables[name].as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    let raw =
        |codes: &[CpdCode]| codes.iter().map(|code| code.raw().to_owned()).collect::<Vec<_>>();
    assert_eq!(keys("cpdErrors"), raw(CpdCode::ALL));
    for code in CpdCode::ALL {
        assert_eq!(tables["cpdErrors"][code.raw()][0], code.http_status(), "{code}");
    }
    let statuses: Vec<_> =
        FiscalisationStatus::ALL.iter().map(|s| format!("{:02}", s.raw())).collect();
    assert_eq!(keys("fiscalisationStatus"), statuses);
    let web_api: Vec<_> = WebApiCode::ALL.iter().map(|code| code.raw().to_owned()).collect();
    assert_eq!(keys("webApiErrors"), web_api);
    let mut kinds = Vec::new();
    for command in tables["commands"].as_array().unwrap() {
        kinds.extend(command["id"].as_str().map(str::to_owned));
        let row = Documented::ALL.iter().find(|row| command["cmd"] == row.command);
        let Some(row) = row else { continue };
        let mut listed = raw(row.codes);
        listed.sort();
        assert_eq!(command["errors"], serde_json::json!(listed), "{}", row.command);
        let matching = command["certMustMatchUniqueNumber"].as_bool().unwrap_or(false);
        assert_eq!(matching, row.certificate_must_match, "{}", row.command);
    }
    let known: Vec<_> = CommandKind::ALL.iter().map(|kind| kind.raw().to_owned()).collect();
    assert_eq!(kinds, known);
}

#[test]
fn the_table_is_that_of_the_contract() {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/crk/contract/endpoints.json");
    let contract = std::fs::read_to_string(place).unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&contract).unwrap();
    let commands = rows.iter().filter(|row| row["channel"] == "cpd").flat_map(|row| {
        let commands = row["commands"].as_array().unwrap().clone();
        if commands.is_empty() { vec![row.clone()] } else { commands }
    });
    let mut seen = 0;
    for command in commands {
        // The row of the shared keys stands for the only command without a code of its own.
        let name = command["name"].as_str().filter(|name| name.starts_with("CMD"));
        let name = name.unwrap_or("CMD16");
        let row = Documented::ALL.iter().find(|row| row.command == name).unwrap();
        let codes: Vec<_> = row.codes.iter().map(|code| code.raw()).collect();
        assert_eq!(command["errors"], serde_json::json!(codes), "{name}");
        seen += 1;
    }
    assert_eq!(seen, Documented::ALL.len());
}

/// Name, effect and section of an endpoint.
fn facts<E: Endpoint>() -> (&'static str, Effect, &'static str) {
    (E::INFO.name, E::INFO.effect, E::INFO.section)
}

#[test]
fn every_command_has_its_row_of_codes_its_section_and_an_effect_that_is_true() {
    let commands = [
        ("CMD07", "2.4.1", Effect::Read, facts::<FetchKeys>()),
        ("CMD08", "2.4.2", Effect::Idempotent, facts::<SendCertificates>()),
        ("CMD09", "2.4.3", Effect::Once, facts::<Fiscalise>()),
        ("CMD10", "2.4.4", Effect::Idempotent, facts::<CheckFirmware>()),
        ("CMD11", "2.4.5", Effect::Read, facts::<Test>()),
        ("CMD12", "2.4.6", Effect::Read, facts::<FetchState>()),
        ("CMD14", "2.4.7", Effect::Idempotent, facts::<FinishFiscalisation>()),
        ("CMD15", "2.4.8", Effect::Idempotent, facts::<EnterReadOnly>()),
        ("CMD16", "2.4.9", Effect::Read, facts::<FetchSharedKeys>()),
    ];
    for (command, section, effect, (name, found, of)) in commands {
        assert_eq!(documented(name).map(|row| row.command), Some(command));
        assert_eq!((found, of), (effect, &*format!("source document, section {section}")));
    }
}
