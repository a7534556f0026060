//! Whatever the documents and the limit are.

use ekasy_device::packing::{CutPolicy, DocumentKind, Limits, PackError, Package, Selection};
use proptest::prelude::*;

use super::{
    Paper, content, data, pack, paper, plan,
    sealing::{Deflating, compressed, inflate, noise, open},
    types,
};

fn kind() -> impl Strategy<Value = DocumentKind> {
    prop_oneof![
        Just(DocumentKind::Receipt),
        Just(DocumentKind::DailyReport),
        (1_u32..20).prop_map(DocumentKind::Event),
        Just(DocumentKind::Unlisted),
    ]
}

/// A run of documents, of which some are large and some compress well.
fn run() -> impl Strategy<Value = Vec<Paper>> {
    let size = prop_oneof![8 => 0_usize..400, 1 => 3_000_usize..20_000];
    let one = (1_u64..3, kind(), size, any::<bool>());
    prop::collection::vec(one, 1..60).prop_map(|run| {
        let mut number = 0;
        let mut papers = Vec::new();
        for (step, kind, size, is_noise) in run {
            number += step;
            let text = if is_noise { noise(number, size) } else { "zł ".repeat(size / 4) };
            papers.push(paper(number, kind, &text));
        }
        papers
    })
}

fn cut() -> impl Strategy<Value = CutPolicy> {
    prop_oneof![
        Just(CutPolicy::Plaintext),
        Just(CutPolicy::Compressed),
        Just(CutPolicy::SealedText),
    ]
}

/// The structures of the packages, parts joined as the policy says.
fn structures(packages: &[Package], cut: CutPolicy) -> Vec<Vec<u8>> {
    let mut structures = Vec::new();
    let mut parts: Vec<String> = Vec::new();
    for package in packages {
        let expected = if package.is_part() { parts.len() + 1 } else { 0 };
        assert_eq!(package.number() as usize, expected, "parts come in one run");
        parts.push(data(package));
        if package.is_last() {
            let parts = std::mem::take(&mut parts);
            structures.push(match cut {
                CutPolicy::Compressed => {
                    inflate(&parts.iter().flat_map(|part| compressed(part)).collect::<Vec<_>>())
                }
                CutPolicy::SealedText => open(&parts.concat()),
                _ => parts.iter().flat_map(|part| open(part)).collect(),
            });
        }
    }
    assert!(parts.is_empty(), "the last run of parts is complete");
    structures
}

/// What must go out for the document.
fn element(paper: &Paper) -> String {
    let short = match paper.kind {
        DocumentKind::DailyReport | DocumentKind::Event(12 | 13 | 15 | 18) => None,
        DocumentKind::Receipt => Some(1),
        DocumentKind::Event(_) => Some(7),
        _ => Some(10),
    };
    match short {
        None => serde_json::from_slice::<serde_json::Value>(&paper.bytes).unwrap().to_string(),
        Some(kind) => format!(r#"{{"info":{{"JPKID":{},"typObiektu":{kind}}}}}"#, paper.id),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_document_goes_out_once_and_in_order(
        papers in run(),
        request in 600_usize..12_000,
        cut in cut(),
    ) {
        let limits = Limits::default().request(request).head(100);
        let plan = plan(Selection::scheduled(types("RD"))).limits(limits).cut(cut);
        let packages = pack(plan, Deflating::default(), &papers).unwrap();
        let mut next = 0;
        for package in &packages {
            prop_assert!(package.body().len() + 100 <= request);
            prop_assert!(package.range().unwrap().first().get() >= next);
            next = package.range().unwrap().last().get();
        }
        let sent: Vec<_> =
            structures(&packages, cut).iter().flat_map(|structure| content(structure)).collect();
        let due: Vec<_> = papers.iter().map(element).collect();
        prop_assert_eq!(sent, due);
    }

    #[test]
    fn any_limit_ends_in_packages_or_in_an_error(
        papers in run(),
        request in 0_usize..600,
        cut in cut(),
    ) {
        let limits = Limits::default().request(request).head(100);
        let plan = plan(Selection::scheduled(types("RD"))).limits(limits).cut(cut);
        match pack(plan, Deflating::default(), &papers) {
            Ok(packages) => {
                prop_assert!(packages.iter().all(|package| package.body().len() + 100 <= request));
            }
            Err(error) => {
                let is_limit = matches!(error, PackError::LimitTooSmall { id: Some(_), .. });
                prop_assert!(is_limit, "{}", error);
            }
        }
    }
}
