//! Confirmations of all versions, signed by xmlsec1.

use std::fs;
use std::path::Path;

use chrono::{TimeZone as _, Utc};

use super::*;
use crate::xades::{Sha1, Trust};

fn read(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ksef/vectors/upo");
    fs::read(folder.join(name)).unwrap()
}

fn verified(name: &str) -> Upo {
    let anchor = read("../xades/ca.pem");
    let anchors =
        [crate::certificate::Certificate::from_pem(std::str::from_utf8(&anchor).unwrap()).unwrap()];
    let at = Utc.with_ymd_and_hms(2030, 1, 1, 0, 0, 0).unwrap();
    let policy = Policy::new(Trust::Anchors { anchors: &anchors, at });
    let older = name.starts_with(['v']) && !name.starts_with("v4") && !name.starts_with("v9");
    let strict = Upo::verify(&read(name), &policy);
    if older {
        assert!(matches!(strict, Err(UpoError::Refused(Refusal::Sha1(_)))), "{name}");
        return Upo::verify(&read(name), &policy.sha1(Sha1::CertificateDigest)).unwrap().0;
    }
    strict.unwrap().0
}

#[test]
fn the_older_versions_are_read_into_the_same_fields() {
    for (name, version) in
        [("v1.xml", UpoVersion::V1), ("v2.xml", UpoVersion::V2), ("v3.xml", UpoVersion::V3)]
    {
        let upo = verified(name);
        assert_eq!(upo.version, version);
        assert_eq!(upo.accepting_body, "Ministerstwo Finansów");
        assert_eq!(upo.session, "20231105-SE-0123456789-ABCDEF0123-4D");
        assert_eq!(upo.context, Some(UpoContext::Taxpayer("1111111111".to_owned())));
        assert!(
            matches!(&upo.authentication, Some(UpoAuthentication::Document(hash)) if hash.len() == 44)
        );
        assert_eq!((upo.structure.as_str(), upo.form_code.as_str()), ("FA 1-0E", "FA (2)"));
        assert_eq!((upo.page, upo.documents.len()), (None, 1));
        let document = &upo.documents[0];
        assert_eq!(document.sent_at.to_rfc3339(), "2023-11-05T10:11:12.013+01:00");
        assert_eq!(document.accepted_at.to_rfc3339(), "2023-11-05T10:11:14+00:00");
        assert_eq!(
            (&document.seller_nip, document.issued_on, &document.mode),
            (&None, None, &None)
        );
    }
}

#[test]
fn the_version_of_the_live_api_is_read_with_its_page_and_rows() {
    let upo = verified("v4-3-session.xml");
    assert_eq!(upo.version, UpoVersion::V4_3);
    assert_eq!(upo.accepting_body, "Ministerstwo Finansów - środowisko testowe (TE)");
    assert_eq!(upo.context, Some(UpoContext::Internal("1111111111-12345".to_owned())));
    let token = "20260101-EC-0123456789-ABCDEF0123-4D".to_owned();
    assert_eq!(upo.authentication, Some(UpoAuthentication::Token(token)));
    let page = UpoPage { number: 2, pages: 2, first: 10_001, last: 10_002, total: 10_002 };
    assert_eq!(upo.page, Some(page));
    let [first, second] = upo.documents.as_slice() else { panic!("{:?}", upo.documents) };
    assert_eq!(first.seller_nip.as_deref(), Some("1111111111"));
    assert_eq!(first.issued_on, NaiveDate::from_ymd_opt(2026, 2, 27));
    assert_eq!(first.sent_at.to_rfc3339(), "2026-02-28T23:59:59.123456700+01:00");
    assert_eq!((&first.mode, &second.mode), (&Some(UpoMode::Online), &Some(UpoMode::Offline)));
}

#[test]
fn the_confirmation_of_one_invoice_has_no_page() {
    let upo = verified("v4-2-invoice.xml");
    assert_eq!((upo.version, upo.page, upo.documents.len()), (UpoVersion::V4_2, None, 1));
    assert_eq!(upo.context, Some(UpoContext::Nip("1111111111".to_owned())));
    assert!(matches!(upo.authentication, Some(UpoAuthentication::Document(_))));
}

#[test]
fn what_is_unknown_is_kept_or_passed_over_and_a_comment_cuts_nothing() {
    let upo = verified("v9-future.xml");
    assert_eq!(upo.version, UpoVersion::Unknown("v9-1".to_owned()));
    let context = UpoContext::Unknown { kind: "IdKosmiczny".to_owned(), value: "1".to_owned() };
    assert_eq!((upo.context, upo.authentication), (Some(context), None));
    let document = &upo.documents[0];
    assert_eq!(document.ksef_number, "1111111111-20260301-0100001AF629-AF");
    assert_eq!(document.invoice_number, "FZ & 7");
    assert_eq!(document.mode, Some(UpoMode::Unknown("Gołąb".to_owned())));
}

#[test]
fn an_invoice_is_confirmed_by_its_bytes_and_found_by_its_number() {
    let (upo, invoice) = (verified("v4-3-session.xml"), read("invoice.xml"));
    let row = upo.confirmation_of(&invoice).unwrap();
    assert_eq!(row.invoice_number, "FZ/7/2026");
    assert!(row.confirms(&invoice));
    assert!(!row.confirms(&invoice[1..]));
    assert!(upo.confirmation_of(b"no invoice").is_none());
    assert_eq!(upo.document("1111111111-20260301-0100001AF629-AF"), Some(row));
    assert_eq!(upo.document("1111111111-20260301-010000-1AF629-AF"), Some(row));
    assert_eq!(upo.document("1111111111-20260301-0100001AF629-A0"), None);
}

#[test]
fn a_changed_row_is_refused_and_an_unsigned_confirmation_too() {
    let policy = Policy::new(Trust::AnyCertificate);
    let text = String::from_utf8(read("v4-3-session.xml")).unwrap();
    let changed = text.replace("FZ/8/2026", "FZ/9/2026");
    let refused = Upo::verify(changed.as_bytes(), &policy);
    assert!(matches!(refused, Err(UpoError::Refused(Refusal::Digest(_)))));
    let start = text.find("<ds:Signature ").unwrap();
    let unsigned = format!("{}</Potwierdzenie>", &text[..start]);
    let refused = Upo::verify(unsigned.as_bytes(), &policy);
    assert!(matches!(refused, Err(UpoError::Refused(Refusal::NoSignature))));
    assert_eq!(Upo::read(unsigned.as_bytes()).unwrap().documents.len(), 2);
}

#[test]
fn other_documents_and_missing_or_wrong_values_are_named() {
    let text = String::from_utf8(read("v3.xml")).unwrap();
    let error = |old: &str, new: &str| {
        assert!(text.contains(old));
        Upo::read(text.replace(old, new).as_bytes()).unwrap_err().to_string()
    };
    assert_eq!(error("mf.gov.pl", "example"), "the document is not a confirmation of receipt");
    assert_eq!(error("Potwierdzenie", "Inne"), "the document is not a confirmation of receipt");
    assert_eq!(error("SkrotDokumentu>", "Inne>"), "the confirmation has no SkrotDokumentu");
    let time = error("2023-11-05T10:11:14Z", "2023-11-05 or so");
    assert_eq!(time, "the confirmation's DataPrzyjeciaDokumentu cannot be read");
    assert_eq!(error("<Potwierdzenie ", "<"), "the confirmation cannot be read");
}
