//! Which documents go out in detail, and how the others look.

use std::sync::Arc;

use ekasy_device::{
    ident::JpkRange,
    packing::{DocumentKind, InfoTable, Item, PackError, Packer, Plan, Selection, Unrequested},
};

use super::{
    Paper, content, data, id, pack, paper, plan,
    sealing::{Deflating, open},
    types,
};

const KINDS: [DocumentKind; 9] = [
    DocumentKind::Receipt,
    DocumentKind::CancelledReceipt,
    DocumentKind::Invoice,
    DocumentKind::CancelledInvoice,
    DocumentKind::DailyReport,
    DocumentKind::NonFiscalPrint,
    DocumentKind::Event(14),
    DocumentKind::FiscalisationReport,
    DocumentKind::Unlisted,
];

fn one_of_each() -> Vec<Paper> {
    (1..).zip(KINDS).map(|(number, kind)| paper(number, kind, "x")).collect()
}

/// The elements of the only package.
fn elements(plan: Plan, papers: &[Paper]) -> Vec<String> {
    let packages = pack(plan, Deflating::default(), papers).unwrap();
    assert_eq!(packages.len(), 1);
    content(&open(&data(&packages[0])))
}

fn info(number: u64, kind: u16) -> String {
    format!(r#"{{"info":{{"JPKID":{number},"typObiektu":{kind}}}}}"#)
}

fn detail(number: u64) -> String {
    format!(r#"{{"paragon":{{"JPKID":{number},"text":"x"}}}}"#)
}

#[test]
fn types_that_are_not_listed_go_out_in_the_short_form() {
    let plan = plan(Selection::scheduled(types("FK;RD")));
    let expected = [
        info(1, 1),
        info(2, 2),
        detail(3),
        info(4, 4),
        detail(5),
        info(6, 6),
        info(7, 7),
        info(8, 8),
        info(9, 10),
    ];
    assert_eq!(elements(plan, &one_of_each()), expected);
}

#[test]
fn all_means_every_kind_that_has_a_row() {
    let plan = plan(Selection::scheduled(types("ALL")));
    let expected: Vec<_> = (1..=8).map(detail).chain([info(9, 10)]).collect();
    assert_eq!(elements(plan, &one_of_each()), expected);
}

#[test]
fn four_events_are_always_detailed() {
    let events: Vec<_> =
        (1..=20).map(|number| paper(u64::from(number), DocumentKind::Event(number), "x")).collect();
    let elements = elements(plan(Selection::scheduled(types("PR"))), &events);
    let detailed = (1..).zip(&elements).filter(|(number, element)| **element == detail(*number));
    assert_eq!(detailed.map(|(number, _)| number).collect::<Vec<_>>(), [12, 13, 15, 18]);
}

#[test]
fn a_short_receipt_of_a_software_register_is_a_ten() {
    let plan = plan(Selection::scheduled(types("RD"))).short_form(Arc::new(InfoTable::software()));
    assert_eq!(elements(plan, &one_of_each())[..2], [info(1, 10), info(2, 2)]);
}

#[test]
fn each_missing_number_is_a_nine() {
    let mut packer = Packer::new(plan(Selection::scheduled(types("PR"))), Deflating::default());
    let first = paper(1, DocumentKind::Receipt, "x");
    assert!(packer.push(item(&first)).unwrap().is_empty());
    let gap = JpkRange::new(id(2), id(4)).unwrap();
    assert!(packer.push(Item::Gap(gap)).unwrap().is_empty());
    let packages = packer.finish().unwrap();
    assert_eq!(packages[0].range(), JpkRange::new(id(1), id(4)).ok());
    let expected = [detail(1), info(2, 9), info(3, 9), info(4, 9)];
    assert_eq!(content(&open(&data(&packages[0]))), expected);
}

#[test]
fn an_answer_without_a_document_is_one_empty_package() {
    let selection = Selection::requested(types("ALL"), Unrequested::Short);
    for gaps in [&[][..], &[3, 7][..]] {
        let mut packer = Packer::new(plan(selection.clone()), Deflating::default());
        for gap in gaps {
            let gap = JpkRange::new(id(*gap), id(*gap)).unwrap();
            assert!(packer.push(Item::Gap(gap)).unwrap().is_empty());
        }
        let packages = packer.finish().unwrap();
        assert_eq!(packages.len(), 1);
        assert_eq!((packages[0].number(), packages[0].is_last()), (0, true));
        assert_eq!(packages[0].range(), None);
        assert!(content(&open(&data(&packages[0]))).is_empty());
    }
}

#[test]
fn gaps_before_the_first_document_of_an_answer_are_told() {
    let selection = Selection::requested(types("ALL"), Unrequested::Short);
    let mut packer = Packer::new(plan(selection), Deflating::default());
    let gap = JpkRange::new(id(1), id(2)).unwrap();
    assert!(packer.push(Item::Gap(gap)).unwrap().is_empty());
    let third = paper(3, DocumentKind::Receipt, "x");
    assert!(packer.push(item(&third)).unwrap().is_empty());
    let packages = packer.finish().unwrap();
    assert_eq!(content(&open(&data(&packages[0]))), [info(1, 9), info(2, 9), detail(3)]);
}

#[test]
fn unrequested_documents_of_an_answer_are_short_or_stay_out() {
    let short = plan(Selection::requested(types("PR"), Unrequested::Short));
    assert_eq!(elements(short, &one_of_each()).len(), 9);
    let omit = plan(Selection::requested(types("PR"), Unrequested::Omit));
    assert_eq!(elements(omit, &one_of_each()), [detail(1), info(9, 10)]);
}

#[test]
fn an_answer_whose_documents_all_stay_out_is_one_empty_package() {
    let selection = Selection::requested(types("FK"), Unrequested::Omit);
    let gap = JpkRange::new(id(2), id(3)).unwrap();
    let [first, last] = [1, 4].map(|number| paper(number, DocumentKind::Receipt, "x"));
    let pushed = |invoice: Option<&Paper>| {
        let mut packer = Packer::new(plan(selection.clone()), Deflating::default());
        for item in [item(&first), Item::Gap(gap), item(&last)].into_iter().chain(invoice.map(item))
        {
            assert!(packer.push(item).unwrap().is_empty());
        }
        let packages = packer.finish().unwrap();
        assert_eq!(packages.len(), 1);
        (packages[0].range(), content(&open(&data(&packages[0]))))
    };
    assert_eq!(pushed(None), (None, Vec::new()));
    let invoice = paper(5, DocumentKind::Invoice, "x");
    let range = JpkRange::new(id(2), id(5)).ok();
    assert_eq!(pushed(Some(&invoice)), (range, vec![info(2, 9), info(3, 9), detail(5)]));
}

#[test]
fn a_schedule_without_documents_has_no_package() {
    let packages = pack(plan(Selection::scheduled(types("ALL"))), Deflating::default(), &[]);
    assert!(packages.unwrap().is_empty());
}

#[test]
fn only_a_daily_report_flushes() {
    let flushing: Vec<_> = KINDS.into_iter().filter(|kind| kind.flushes()).collect();
    assert_eq!(flushing, [DocumentKind::DailyReport]);
}

#[test]
fn numbers_must_grow() {
    let mut packer = Packer::new(plan(Selection::scheduled(types("ALL"))), Deflating::default());
    let seventh = paper(7, DocumentKind::Receipt, "x");
    packer.push(item(&seventh)).unwrap();
    let error = packer.push(item(&seventh)).unwrap_err();
    assert!(matches!(error, PackError::Order { id, after } if id == after), "{error}");
}

fn item(paper: &Paper) -> Item<'_> {
    Item::Document { id: paper.id, kind: paper.kind, bytes: &paper.bytes }
}
