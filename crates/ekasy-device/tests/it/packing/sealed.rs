//! Packages sealed by the crypto profile, opened as the repository would.

use ekasy_device::{
    jose::{Compression, CryptoProfile, OpenLimits, RecipientKey, Trust},
    packing::{CutPolicy, DocumentKind, Limits, ProfileSealer, SealFailure, Selection},
};

use super::{
    content, data, pack, paper, plan,
    sealing::{inflate, noise},
    types,
};
use crate::jose_support::{certificate, entropy, key, now};

/// Packs a small and a large document with the profile, and opens everything.
fn opened(cut: CutPolicy, cutting: &CryptoProfile) -> Vec<Vec<u8>> {
    let profile = CryptoProfile::default();
    let recipient = RecipientKey::from_certificate(&certificate("repository")).unwrap();
    let register = key("register");
    let mut drawn = 0_u8;
    let draw = || {
        drawn += 1;
        Ok::<_, SealFailure>(entropy(drawn))
    };
    let sealer = ProfileSealer::new(&profile, &recipient, &register, draw);
    let papers =
        [paper(1, DocumentKind::Receipt, "x"), paper(2, DocumentKind::Receipt, &noise(5, 40_000))];
    let limits = Limits::default().request(16_000).head(1_000);
    let plan = plan(Selection::scheduled(types("ALL"))).limits(limits).cut(cut);
    let packages = pack(plan, sealer, &papers).unwrap();
    assert!(packages.len() > 3);
    let trust = Trust::issued_by([certificate("root")]);
    let repository = key("repository");
    let open = |profile: &CryptoProfile, text: &str| {
        let opened = profile.open(text, &repository, &trust, now(), &OpenLimits::default());
        opened.unwrap().payload().to_vec()
    };
    packages
        .iter()
        .map(|package| {
            assert!(package.body().len() <= 15_000);
            open(if package.is_part() { cutting } else { &profile }, &data(package))
        })
        .collect()
}

#[test]
fn packages_and_parts_open_with_the_profile_that_sealed_them() {
    let mut structures = opened(CutPolicy::Plaintext, &CryptoProfile::default());
    assert_eq!(content(&structures.remove(0)).len(), 1);
    let large = content(&structures.concat());
    assert!(large[0].len() > 40_000);
}

#[test]
fn parts_of_compressed_bytes_are_sealed_without_compression() {
    let mut profile = CryptoProfile::default();
    profile.writing.data_compression = Compression::None;
    let mut parts = opened(CutPolicy::Compressed, &profile);
    assert_eq!(content(&parts.remove(0)).len(), 1);
    assert_eq!(content(&inflate(&parts.concat())).len(), 1);
}
