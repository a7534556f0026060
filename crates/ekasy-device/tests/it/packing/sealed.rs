//! Packages sealed by the crypto profile, opened as the repository would.

use std::{fs, path::PathBuf};

use chrono::{DateTime, Utc};
use ekasy_device::{
    jose::{Certificate, CryptoProfile, Entropy, OpenLimits, RecipientKey, SoftwareKey, Trust},
    packing::{CutPolicy, DocumentKind, Limits, ProfileSealer, SealFailure, Selection},
};

use super::{
    content, data, pack, paper, plan,
    sealing::{inflate, noise},
    types,
};

fn vector(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/crk/vectors/jose");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn key(name: &str) -> SoftwareKey {
    let chain = Certificate::chain_from_pem(&vector(&format!("{name}.crt.pem"))).unwrap();
    SoftwareKey::from_pem(&vector(&format!("{name}.key.pem")), chain).unwrap()
}

/// Packs a small and a large document with the profile, and opens everything.
fn opened(cut: CutPolicy, cutting: &CryptoProfile) -> Vec<Vec<u8>> {
    let profile = CryptoProfile::default();
    let recipient = Certificate::from_pem(&vector("repository.crt.pem")).unwrap();
    let recipient = RecipientKey::from_certificate(&recipient).unwrap();
    let register = key("register");
    let mut drawn = 0_u8;
    let entropy = || {
        drawn += 1;
        Ok::<_, SealFailure>(Entropy::from_random([drawn; Entropy::LENGTH]))
    };
    let sealer = ProfileSealer::new(&profile, &recipient, &register, entropy);
    let papers =
        [paper(1, DocumentKind::Receipt, "x"), paper(2, DocumentKind::Receipt, &noise(5, 40_000))];
    let limits = Limits::default().request(16_000).head(1_000);
    let plan = plan(Selection::scheduled(types("ALL"))).limits(limits).cut(cut);
    let packages = pack(plan, sealer, &papers).unwrap();
    assert!(packages.len() > 3);
    let trust = Trust::issued_by([Certificate::from_pem(&vector("root.crt.pem")).unwrap()]);
    let now: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
    let repository = key("repository");
    let open = |profile: &CryptoProfile, text: &str| {
        let opened = profile.open(text, &repository, &trust, now, &OpenLimits::default());
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
    profile.writing.data_compression = ekasy_device::jose::Compression::None;
    let mut parts = opened(CutPolicy::Compressed, &profile);
    assert_eq!(content(&parts.remove(0)).len(), 1);
    assert_eq!(content(&inflate(&parts.concat())).len(), 1);
}
