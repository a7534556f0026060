//! Where packages end, and documents that are too large for one.

use ekasy_device::packing::{
    CutPolicy, DocumentKind, Limits, PackError, Package, Packer, Plan, SealFailure, Sealer,
    Selection,
};

use super::{
    Paper, content, data, frame, pack, paper, plan,
    sealing::{Deflating, compressed, inflate, noise, open},
    types,
};

fn limits(request: usize) -> Limits {
    Limits::default().request(request).head(100)
}

/// A receipt with a signature in it, which does not compress.
fn receipts(count: u64) -> Vec<Paper> {
    let receipt = |number| paper(number, DocumentKind::Receipt, &noise(number, 500));
    (1..=count).map(receipt).collect()
}

fn everything() -> Selection {
    Selection::scheduled(types("ALL"))
}

#[test]
fn packages_are_filled_with_few_attempts() {
    let papers = receipts(4_000);
    let mut sealer = Deflating::default();
    let packages = pack(plan(everything()), &mut sealer, &papers).unwrap();
    let room = Limits::default().body();
    assert!(packages.len() > 5);
    for package in &packages {
        assert!(package.body().len() <= room);
        assert_eq!((package.number(), package.is_last()), (0, true));
    }
    for package in &packages[..packages.len() - 1] {
        assert!(package.body().len() >= room - room / 16, "{}", package.body().len());
    }
    let (seals, packages) = (sealer.seals, packages.len());
    assert!(seals < packages * 2, "{seals} attempts for {packages} packages");
}

#[test]
fn the_plaintext_limit_ends_a_package_too() {
    let papers: Vec<_> =
        (1..=2_000).map(|number| paper(number, DocumentKind::Receipt, "same")).collect();
    let plan = plan(everything()).limits(Limits::default().plaintext(10_000));
    let packages = pack(plan, Deflating::default(), &papers).unwrap();
    assert!(packages.len() > 8);
    let mut elements = 0;
    for package in &packages {
        let structure = open(&data(package));
        assert!(structure.len() <= 10_000);
        elements += content(&structure).len();
    }
    assert_eq!(elements, 2_000);
}

/// One small document, a large one, and a small one again.
fn with_large_one() -> [Paper; 3] {
    // Signs of several bytes, so that a cut in the midst of one would show.
    let large: String = noise(7, 30_000).replace('A', "ł").replace('B', "€").replace('C', "𝄞");
    [
        paper(1, DocumentKind::Receipt, "x"),
        paper(2, DocumentKind::NonFiscalPrint, &large),
        paper(3, DocumentKind::Receipt, "x"),
    ]
}

/// Packs, looks at the shape, and gives the data of the parts.
fn parts(cut: CutPolicy) -> Vec<String> {
    let plan = plan(everything()).limits(limits(5_000)).cut(cut);
    let packages = pack(plan, Deflating::default(), &with_large_one()).unwrap();
    let (first, rest) = packages.split_first().unwrap();
    let (last, parts) = rest.split_last().unwrap();
    assert_eq!(content(&open(&data(first))).len(), 1);
    assert_eq!(content(&open(&data(last))).len(), 1);
    assert!(parts.len() > 3);
    for (number, part) in (1..).zip(parts) {
        assert!(part.body().len() <= 4_900);
        assert_eq!(part.number(), number);
        assert_eq!(part.is_last(), number as usize == parts.len());
        assert_eq!(part.range().unwrap().to_string(), "2-2");
        assert_eq!(part.command_id(), first.command_id());
    }
    for part in &parts[..parts.len() - 1] {
        assert!(part.body().len() > 4_500, "{}", part.body().len());
    }
    parts.iter().map(data).collect()
}

fn assert_is_the_large_one(structure: &[u8]) {
    let expected = with_large_one()[1].bytes.clone();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    assert_eq!(content(structure), [expected.to_string()]);
}

#[test]
fn parts_of_the_plaintext_rejoin_and_each_is_text() {
    let parts = parts(CutPolicy::Plaintext);
    let plain = parts.iter().map(|part| String::from_utf8(open(part)).unwrap());
    assert_is_the_large_one(plain.collect::<String>().as_bytes());
}

#[test]
fn parts_of_the_compressed_bytes_rejoin() {
    let parts = parts(CutPolicy::Compressed);
    let bytes: Vec<_> = parts.iter().flat_map(|part| compressed(part)).collect();
    assert_is_the_large_one(&inflate(&bytes));
}

#[test]
fn parts_of_the_sealed_text_rejoin() {
    assert_is_the_large_one(&open(&parts(CutPolicy::SealedText).concat()));
}

#[test]
fn a_limit_without_room_is_an_error_and_no_loop() {
    let papers = with_large_one();
    for request in [0, 1, 99, 100, 150, 200, 220] {
        for cut in [CutPolicy::Plaintext, CutPolicy::Compressed, CutPolicy::SealedText] {
            let plan = plan(everything()).limits(limits(request)).cut(cut);
            let error = pack(plan, Deflating::default(), &papers).unwrap_err();
            let PackError::LimitTooSmall { id, limit } = error else { panic!("{error:?}") };
            assert_eq!((id.map(ekasy_device::ident::JpkId::get), limit), (Some(1), request));
        }
    }
}

#[test]
fn an_id_of_another_command_is_refused() {
    let command = "GIS.ABC1700000017.2026-03-01T10:00:00.000Z".parse().unwrap();
    let plan = Plan::new(command, frame(), everything());
    let error = pack(plan, Deflating::default(), &receipts(1)).unwrap_err();
    assert!(matches!(error, PackError::Identifier(_)), "{error:?}");
}

#[test]
fn an_empty_answer_needs_room_as_well() {
    let selection = Selection::requested(types("ALL"), ekasy_device::packing::Unrequested::Short);
    let packer = Packer::new(plan(selection).limits(limits(150)), Deflating::default());
    let error = packer.finish().unwrap_err();
    assert!(matches!(error, PackError::LimitTooSmall { id: None, limit: 150 }), "{error:?}");
}

/// Fails at the third attempt.
struct Failing(Deflating);

impl Sealer for Failing {
    fn seal(&mut self, plaintext: &[u8]) -> Result<String, SealFailure> {
        if self.0.seals == 2 {
            return Err("the card was taken out".into());
        }
        self.0.seal(plaintext)
    }
}

#[test]
fn what_the_sealer_says_is_the_cause() {
    let plan = plan(everything()).limits(limits(5_000));
    let error = pack(plan, Failing(Deflating::default()), &with_large_one()).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "the card was taken out");
}

#[test]
fn equal_inputs_give_equal_packages() {
    let run = || pack(plan(everything()), Deflating::default(), &receipts(1_500)).unwrap();
    let bodies =
        |packages: Vec<Package>| packages.iter().map(Package::body).cloned().collect::<Vec<_>>();
    assert_eq!(bodies(run()), bodies(run()));
}
