//! The receipt that a buyer takes away, and the books that decide how the scene ends.

use std::{fs::File, io::BufReader, path::Path};

use common_core::clock::Clock;
use ekasy_device::{
    continuity::{Archive, Checker, Report},
    ident::JpkId,
    jose::{Certificate, CryptoProfile, OpenLimits, SoftwareKey, Trust},
    receipt::SignedReceipt,
};
use serde_json::json;

use crate::{Outcome, goods, register::TAXPAYER, shop::Shop};

/// Signs a receipt as a buyer gets it, writes it, and reads it again as the buyer would.
pub(crate) fn give_receipt(shop: &Shop, folder: &Path) -> Outcome {
    let number = &shop.register.unique_number;
    let evidence = shop.crk.standing(number).and_then(|standing| standing.evidence_number);
    let at = shop.clock.now();
    let document = json!({"dokument": {
        "naglowek": {"wersja": "JPK_KASA_PARAGON_v2-0", "dataJPK": goods::moment(at)},
        "podmiot1": {
            "nazwaPod": "Sklep Wymyślony", "NIP": TAXPAYER,
            "nrUnik": number, "nrEwid": evidence,
        },
        "paragon": goods::receipt(2000, 660, at),
    }});
    let own = shop.register.encryption();
    let producer = Certificate::from_der(shop.register.producer_der())?;
    let chain = vec![Certificate::from_der(own.certificate_der())?, producer.clone()];
    let key = SoftwareKey::from_der(own.key_der(), chain)?;
    let profile = CryptoProfile::default();
    let signed = profile.sign(document.to_string().as_bytes(), &key)?;
    std::fs::write(folder.join("receipt.jws"), signed.as_str())?;

    let limits = OpenLimits::default();
    let receipt = SignedReceipt::parse(signed.as_str(), &limits)?;
    let receipt = receipt.verify(&profile, &Trust::issued_by([producer]), at, &limits)?;
    let findings = receipt.document().receipt.findings();
    if !receipt.doubts().is_empty() || !findings.is_empty() {
        return Err(format!("the receipt is not good: {findings:?}").into());
    }
    let total = receipt.document().receipt.subtotal.gross;
    println!("\nA buyer's receipt over {} grosze is signed, verified, and adds up.", total.0);
    Ok(())
}

/// Reads the archive as the repository wrote it and checks every number. This decides.
pub(crate) fn check(shop: &Shop, written: &Path, folder: &Path, last: u64) -> Outcome {
    let name = format!("crk-{}.jsonl", shop.register.unique_number);
    let archive = folder.join("archive.jsonl");
    std::fs::copy(written.join(name), &archive)?;
    let checker = Checker::new(JpkId::MIN).findings(10_000);
    let file = BufReader::new(File::open(&archive)?);
    let report = Archive::new(file).check(checker, Some(JpkId::new(last)?))?;
    let view = shop.crk.archive(&shop.register.unique_number);
    let text = summary(&report, &view, last);
    println!("\n{text}");
    std::fs::write(folder.join("summary.txt"), &text)?;
    let is_complete = report.is_continuous() && report.numbers == last;
    let commands = shop.crk.commands(&shop.register.unique_number);
    let confirmed = |code: &str| {
        let codes = commands.iter().filter_map(|one| one.confirmation.as_ref());
        codes.filter(|confirmation| confirmation.code == code).count()
    };
    if !is_complete {
        return Err(format!("the archive is not complete: {:?}", report.findings).into());
    }
    if confirmed("0") != commands.len() || view.announced != Some(last) {
        return Err("the repository still waits for something".into());
    }
    Ok(())
}

fn summary(report: &Report, view: &sandbox::crk::Archive, last: u64) -> String {
    let verdict = if report.is_continuous() { "continuous" } else { "NOT continuous" };
    let kinds = view.kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    format!(
        "The repository's archive is {verdict}:\n  numbers   {} of {last}, {} missing, {} \
         violations\n  arrived   {} times, {} of them on request\n  kinds     {kinds}\n  packages  \
         {}, {} of them once more with the same bytes\n",
        report.numbers,
        report.missing,
        report.violations,
        report.seen,
        view.requested,
        view.packages,
        view.resends,
    )
}
