//! The audit finds whatever does not add up, and nothing in a statement that does.

use proptest::prelude::*;

use super::{super::*, samples::xml, strict};

fn found(xml: &str) -> Vec<(AuditRule, Option<u64>)> {
    strict(xml).unwrap().audit().iter().map(|finding| (finding.rule, finding.item_index)).collect()
}

#[test]
fn a_statement_in_order_has_no_findings() {
    assert_eq!(found(&xml()), []);
}

#[test]
fn each_wrong_figure_is_found() {
    let whole = |rule| (rule, None);
    for (old, new, expected) in [
        ("<Saldo>3860.34", "<Saldo>3860.35", vec![whole(AuditRule::Balance)]),
        ("<BrNalogaDuguje>1", "<BrNalogaDuguje>2", vec![whole(AuditRule::DebitCount)]),
        ("<BrNalogaPotrazuje>1", "<BrNalogaPotrazuje>0", vec![whole(AuditRule::CreditCount)]),
        ("<Iznos>9001.10", "<Iznos>9001.09", vec![whole(AuditRule::DebitTotal)]),
        ("<Iznos>12000.00", "<Iznos>12000.01", vec![whole(AuditRule::CreditTotal)]),
        ("<Iznos>12000.00", "<Iznos>", vec![(AuditRule::AmountMissing, Some(2))]),
        ("<Iznos>77.00", "<Iznos>77.001", vec![(AuditRule::AmountDecimals, Some(1))]),
        (
            "<DatumIzvoda>24.04.2024</DatumIzvoda>\n    <TipSloga>0",
            "<DatumIzvoda>25.04.2024</DatumIzvoda>\n    <TipSloga>0",
            vec![whole(AuditRule::Day)],
        ),
        (
            "<RacunZaduzenja>840000000010284941</RacunZaduzenja>\n    <IzvorInformacije>13",
            "<RacunZaduzenja>840000000000199269</RacunZaduzenja>\n    <IzvorInformacije>13",
            vec![(AuditRule::OtherAccount, Some(1))],
        ),
        ("<PrethodniSaldo>861.44", "<PrethodniSaldo>", vec![whole(AuditRule::SummaryIncomplete)]),
    ] {
        assert!(xml().contains(old), "{old}");
        assert_eq!(found(&xml().replacen(old, new, 1)), expected, "{new}");
    }
}

#[test]
fn a_wrong_account_of_the_statement_is_found() {
    let wrong = xml().replace("840000000010284941", "840000000010284914");
    assert_eq!(found(&wrong), [(AuditRule::Account, None)]);
}

#[test]
fn an_item_without_a_source_is_placed_by_its_accounts() {
    let by_account = xml().replace("<IzvorInformacije>20<", "<IzvorInformacije><");
    assert_eq!(found(&by_account), []);
    let nowhere = by_account
        .replace("<RacunOdobrenja>840000000010284941<", "<RacunOdobrenja>840000000000199269<");
    assert_eq!(
        found(&nowhere),
        [
            (AuditRule::SideUnknown, Some(2)),
            (AuditRule::CreditCount, None),
            (AuditRule::CreditTotal, None)
        ]
    );
}

/// The values of the status are not published, so a caller who learns them can say so.
#[test]
fn execution_can_be_judged_by_the_status() {
    let timed = xml().replace("<VremeIzvrsenja></", "<VremeIzvrsenja>24.04.2024 13:41:00</");
    assert_eq!(found(&timed).len(), 2, "count and sum of the debits");
    let statement = strict(&timed).unwrap();
    let mut audit = Audit::new(Some(super::ACCOUNT)).with_unexecuted_statuses(["9"]);
    for item in &statement.items {
        audit.add(item);
    }
    assert_eq!(audit.finish(None, statement.summary.as_ref()), []);
}

#[test]
fn a_statement_without_sums_says_so() {
    assert_eq!(found("<Dokument/>"), [(AuditRule::SummaryIncomplete, None)]);
    assert_eq!(found("<Dokument><Zbirni/></Dokument>").len(), 7);
}

#[test]
fn sums_that_do_not_fit_are_findings() {
    let huge = "79228162514264337593543950335";
    let xml = format!(
        "<Dokument><Zbirni><RacunIzvoda>840000000010284941</RacunIzvoda>
        <BrNalogaDuguje>0</BrNalogaDuguje><BrNalogaPotrazuje>2</BrNalogaPotrazuje>
        <PrethodniSaldo>{huge}</PrethodniSaldo><IznosDuguje>0</IznosDuguje>
        <IznosPotrazuje>{huge}</IznosPotrazuje><Saldo>0</Saldo></Zbirni>{0}{0}</Dokument>",
        format_args!(
            "<Stavka><IzvorInformacije>2</IzvorInformacije><RacunOdobrenja>840000000010284941</RacunOdobrenja>
            <Iznos>{huge}</Iznos><VremeIzvrsenja>24.04.2024</VremeIzvrsenja></Stavka>"
        ),
    );
    let rules: Vec<_> = found(&xml).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules.iter().filter(|rule| **rule == AuditRule::TooLarge).count(), 2, "{rules:?}");
}

#[test]
fn a_finding_is_printable_and_machine_readable() {
    let statement = strict(&xml().replace("<Saldo>3860.34", "<Saldo>3860.35")).unwrap();
    let findings = statement.audit();
    assert_eq!(
        findings[0].to_string(),
        "the closing balance should be 3860.34 and is stated as 3860.35"
    );
    assert_eq!(
        serde_json::to_string(&findings[0]).unwrap(),
        concat!(
            r#"{"itemIndex":null,"rule":"balance","#,
            r#""message":"the closing balance should be 3860.34 and is stated as 3860.35"}"#,
        )
    );
}

proptest! {
    /// Any statement whose figures are computed from its items is in order, and any one cent more is found.
    #[test]
    fn one_cent_is_always_found(
        debits in prop::collection::vec(1_i64..100_000_000, 0..20),
        credits in prop::collection::vec(1_i64..100_000_000, 0..20),
        opening in 0_i64..100_000_000_000,
        slip in 0_usize..4,
    ) {
        let mut sums = [opening, debits.iter().sum(), credits.iter().sum(), 0];
        sums[3] = sums[0] + sums[2] - sums[1];
        let items = debits.iter().map(|amount| (1, *amount)).chain(credits.iter().map(|amount| (2, *amount)));
        let items: Vec<(u8, i64)> = items.collect();
        let counts = (debits.len(), credits.len());
        prop_assert_eq!(found(&made(sums, counts, &items)), []);
        sums[slip] += 1;
        prop_assert!(!found(&made(sums, counts, &items)).is_empty());
    }
}

/// A statement with these sums, in cents: opening, debits, credits, closing.
fn made(sums: [i64; 4], counts: (usize, usize), items: &[(u8, i64)]) -> String {
    let account = super::ACCOUNT;
    let cents = |cents: i64| common_core::money::Money::<2>::from_minor(cents);
    let items = items.iter().map(|(source, amount)| {
        format!(
            "<Stavka><RacunZaduzenja>{account}</RacunZaduzenja><IzvorInformacije>{source}</IzvorInformacije>\
             <Iznos>{}</Iznos><RacunOdobrenja>{account}</RacunOdobrenja>\
             <VremeIzvrsenja>24.04.2024 10:00:00</VremeIzvrsenja></Stavka>",
            cents(*amount)
        )
    });
    format!(
        "<Dokument><Zbirni><RacunIzvoda>{account}</RacunIzvoda><BrNalogaDuguje>{}</BrNalogaDuguje>\
         <BrNalogaPotrazuje>{}</BrNalogaPotrazuje><PrethodniSaldo>{}</PrethodniSaldo>\
         <IznosDuguje>{}</IznosDuguje><IznosPotrazuje>{}</IznosPotrazuje><Saldo>{}</Saldo></Zbirni>{}</Dokument>",
        counts.0,
        counts.1,
        cents(sums[0]),
        cents(sums[1]),
        cents(sums[2]),
        cents(sums[3]),
        items.collect::<String>(),
    )
}
