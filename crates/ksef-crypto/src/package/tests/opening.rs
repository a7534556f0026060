//! The way back, and what stands in it.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::seal::Measure;

fn files() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = "[a-zA-Z0-9ąćęłńóśźż _.()-]{1,40}\\.xml";
    let content = prop_oneof![
        vec(any::<u8>(), 0..3_000),
        (any::<u8>(), 0_usize..30_000).prop_map(|(byte, size)| vec![byte; size]),
    ];
    btree_map(name, content, 1..20).prop_map(|files| files.into_iter().collect())
}

proptest! {
    #[test]
    fn what_was_packed_comes_out_again(
        files in files(),
        part in 20_u64..5_000,
        format in prop::sample::select(FORMATS.to_vec()),
        level in 1_u8..=12,
    ) {
        let key = key();
        let limits = PackLimits::v2().part(PartLimit::Plain(part)).parts(u32::MAX);
        let packer = Packer::new(&key, limits).format(format).level(Level::new(level).unwrap());
        let (summary, parts) = packed(&packer, &files);
        let mut opened = Vec::new();
        let count = open_package(
            &key,
            sealed_parts(&summary, &parts),
            format,
            &OpenLimits::default(),
            &mut Cursor::new(Vec::new()),
            |name, bytes| {
                opened.push((name.to_owned(), bytes.to_vec()));
                Ok(())
            },
        );
        prop_assert_eq!(count.unwrap(), summary.entries);
        prop_assert_eq!(opened, files);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in vec(any::<u8>(), 0..2_000),
        format in prop::sample::select(FORMATS.to_vec()),
    ) {
        // Random bytes are no archive; what is asked is that they are refused in good order.
        prop_assert!(read_all(format, &bytes, &OpenLimits::default()).is_err());
    }

    #[test]
    fn a_damaged_archive_never_gives_content_that_was_not_packed(
        index in any::<prop::sample::Index>(),
        bits in 1_u8..,
        cut in proptest::option::of(any::<prop::sample::Index>()),
        format in prop::sample::select(FORMATS.to_vec()),
    ) {
        let files = invoices(5);
        let mut archive = archive(format, &files);
        let index = index.index(archive.len());
        archive[index] ^= bits;
        if let Some(cut) = cut {
            archive.truncate(cut.index(archive.len()));
        }
        if let Ok(read) = read_all(format, &archive, &OpenLimits::default()) {
            for (name, content) in read {
                let known = files.iter().any(|(_, packed)| *packed == content);
                prop_assert!(known, "{} has other content", name);
            }
        }
    }
}

#[test]
fn each_changed_byte_of_a_part_is_found() {
    let (key, files) = (key(), invoices(4));
    let packer = Packer::new(&key, PackLimits::v2().part(PartLimit::Plain(600)));
    let (summary, parts) = packed(&packer, &files);
    assert!(parts.len() >= 3);
    for part in 0..parts.len() {
        for byte in 0..parts[part].len() {
            let mut damaged = parts.clone();
            damaged[part][byte] ^= 0x40;
            let result = unseal(&key, sealed_parts(&summary, &damaged), &mut io::sink());
            let ordinal = u32::try_from(part + 1).unwrap();
            assert!(matches!(result, Err(OpenError::PartDiffers { ordinal: o }) if o == ordinal));
        }
    }
}

#[test]
fn parts_that_are_short_long_missing_or_out_of_order_are_found() {
    let (key, files) = (key(), invoices(4));
    let packer = Packer::new(&key, PackLimits::v2().part(PartLimit::Plain(600)));
    let (summary, parts) = packed(&packer, &files);
    let open = |parts: Vec<SealedPart<&[u8]>>| {
        let mut store = Cursor::new(Vec::new());
        let limits = OpenLimits::default();
        open_package(&key, parts, ArchiveFormat::Zip, &limits, &mut store, |_, _| Ok(()))
    };
    let all = || sealed_parts(&summary, &parts).collect::<Vec<_>>();
    assert_eq!(open(all()).unwrap(), 4);

    let mut short = all();
    short[1].content = &parts[1][..parts[1].len() - 16];
    assert!(matches!(open(short), Err(OpenError::PartDiffers { ordinal: 2 })));

    let mut longer = parts[1].clone();
    longer.extend_from_slice(&[0; 16]);
    let mut long = all();
    long[1].content = &longer;
    assert!(matches!(open(long), Err(OpenError::PartDiffers { ordinal: 2 })));

    let mut swapped = all();
    swapped.swap(0, 1);
    assert!(matches!(open(swapped), Err(OpenError::PartOrder { expected: 1, found: 2 })));

    let mut gap = all();
    gap.remove(1);
    assert!(matches!(open(gap), Err(OpenError::PartOrder { expected: 2, found: 3 })));

    let mut cut = all();
    cut.pop();
    assert!(matches!(open(cut), Err(OpenError::Archive(_))));

    assert!(matches!(open(Vec::new()), Err(OpenError::Archive(_))));
}

#[test]
fn a_part_under_another_key_and_one_with_another_plain_hash_fail_alike() {
    let (key, files) = (key(), invoices(4));
    let (summary, parts) = packed(&Packer::new(&key, PackLimits::v2()), &files);
    let plain = summary.archive;
    let part = || SealedPart::new(&summary.parts[0], parts[0].as_slice());
    assert!(unseal(&key, [part().plain(plain)], &mut io::sink()).is_ok());

    let other = SessionKey::from_random([9; 48]);
    let wrong_key = unseal(&other, [part().plain(plain)], &mut io::sink()).unwrap_err();
    let wrong_plain = part().plain(Measure { size: plain.size, sha256: [0; 32] });
    let wrong_plain = unseal(&key, [wrong_plain], &mut io::sink()).unwrap_err();
    for error in [&wrong_key, &wrong_plain] {
        assert!(matches!(error, OpenError::PartSealed { ordinal: 1 }));
        assert!(std::error::Error::source(error).is_none(), "no word on what was wrong");
    }
    assert_eq!(wrong_key.to_string(), wrong_plain.to_string());
}

#[test]
fn the_limits_of_opening_hold_to_the_byte() {
    let files = invoices(10);
    let sizes: Vec<u64> = files.iter().map(|(_, bytes)| bytes.len() as u64).collect();
    let (total, largest) = (sizes.iter().sum(), *sizes.iter().max().unwrap());
    for format in FORMATS {
        let archive = archive(format, &files);
        let exact = OpenLimits::default().entries(10).total_bytes(total).entry_bytes(largest);
        assert_eq!(read_all(format, &archive, &exact).unwrap(), files);
        let refused = |limits| read_all(format, &archive, &limits).unwrap_err();
        assert!(matches!(refused(exact.entries(9)), OpenError::TooManyEntries { limit: 9 }));
        let too_large = refused(exact.total_bytes(total - 1));
        assert!(matches!(too_large, OpenError::TooLarge { name } if name == "fa-9.xml"));
        assert!(matches!(refused(exact.entry_bytes(largest - 1)), OpenError::TooLarge { .. }));
    }
}

#[test]
fn a_visitor_that_fails_ends_the_reading() {
    for format in FORMATS {
        let archive = archive(format, &invoices(3));
        let mut seen = 0;
        let limits = OpenLimits::default();
        let result = read_entries(format, Cursor::new(archive), &limits, |_, _| {
            seen += 1;
            if seen == 2 { Err(io::Error::other("disk full")) } else { Ok(()) }
        });
        assert!(matches!(result, Err(OpenError::Visit { name, .. }) if name == "fa-1.xml"));
        assert_eq!(seen, 2);
    }
}
