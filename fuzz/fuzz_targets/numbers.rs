//! Whatever a parser of numbers takes, it writes so that it reads the same again.

#![cfg_attr(fuzzing, no_main)]

use std::{fmt::Debug, fmt::Display, str::FromStr};

use common_core::ident::{Dic, Iban, IcDph, Ico, Nip, Pesel};
use ksef_crypto::{
    link::{Link, v1::InternalCertificateSerial},
    number::{
        CertificateSerial, CollectiveIdentifier, ContextIdentifier, InternalId, KsefNumber,
        NipVatUe, PeppolId, ReferenceNumber,
    },
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    national(text);
    of_ksef(text);
    links(text);
});

/// Parsing what was written gives the same value; the value comes back for its other questions.
fn reads_back<T>(text: &str) -> Option<T>
where
    T: FromStr + Display + PartialEq + Debug,
    T::Err: Debug,
{
    let value: T = text.parse().ok()?;
    let again: T = value.to_string().parse().expect("what was written can be read");
    assert_eq!(again, value);
    Some(value)
}

fn national(text: &str) {
    reads_back::<Nip>(text).inspect(|nip| assert_eq!(nip.as_str().len(), 10));
    if let Some(pesel) = reads_back::<Pesel>(text) {
        assert_eq!(pesel.as_str().len(), 11);
        let _ = (pesel.checksum_ok(), pesel.birth_date());
    }
    let _ = reads_back::<Ico>(text).map(|ico| ico.checksum_ok());
    let _ = reads_back::<Dic>(text).map(|dic| dic.checksum_ok());
    let _ = reads_back::<IcDph>(text).map(|number| number.checksum_ok());
    let _ = reads_back::<Iban>(text).map(|iban| iban.checksum_ok());
}

fn of_ksef(text: &str) {
    if let Some(number) = reads_back::<KsefNumber>(text) {
        assert_eq!(number.as_str(), text, "numbers of KSeF keep their text");
        assert_eq!(number.compact().as_str().len(), 35);
        assert_eq!(number.compact().compact(), number.compact());
        let _ = (number.checksum_ok(), number.date(), number.nip());
    }
    if let Some(number) = reads_back::<ReferenceNumber>(text) {
        assert_eq!(number.as_str(), text);
        let _ = (number.checksum_ok(), number.date(), number.kind());
    }
    if let Some(number) = reads_back::<CollectiveIdentifier>(text) {
        assert_eq!(number.as_str(), text);
        let _ = (number.checksum_ok(), number.month(), number.nip());
    }
    if let Some(id) = reads_back::<InternalId>(text) {
        assert!(text.starts_with(id.nip().as_str()));
        let _ = id.checksum_ok();
    }
    if let Some(id) = reads_back::<NipVatUe>(text) {
        assert_eq!(format!("{}-{}", id.nip(), id.vat()), text);
    }
    reads_back::<PeppolId>(text);
    reads_back::<CertificateSerial>(text);
    if let Some((kind, value)) = text.split_once('/')
        && let Ok(context) = ContextIdentifier::parse(kind, value)
    {
        assert_eq!(context.to_string(), text);
    }
}

fn links(text: &str) {
    if let Ok(link) = Link::parse(text) {
        let again = Link::parse(&link.to_string()).expect("what was written can be read");
        assert_eq!(again, link);
        assert_eq!(again.environment(), link.environment());
        assert!(!link.matches(text.as_bytes()), "no text holds its own hash");
    }
    if let Ok(serial) = InternalCertificateSerial::parse(text) {
        assert_eq!(serial.as_str(), text);
    }
}
