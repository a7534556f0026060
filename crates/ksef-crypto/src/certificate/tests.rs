//! Certificates made by another program are read alike, and every rule about them is tried.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use common_core::ident::{Nip, Pesel};
use serde_json::Value;

use super::chain::{ChainErrorKind, check_chain};
use super::name::AttributeType;
use super::vector::{Objection, Reason, Vector, VectorKind};
use super::*;

fn text(name: &str) -> String {
    let folder = "../../fixtures/ksef/vectors/certificates";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(&text(&format!("{name}.pem"))).unwrap()
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// 2026-01-01.
fn now() -> DateTime<Utc> {
    time(1_767_225_600)
}

#[test]
fn everything_read_equals_what_other_programs_read() {
    let rows: Vec<Value> = serde_json::from_str(&text("expected.json")).unwrap();
    assert_eq!(rows.len(), 26);
    for row in rows {
        let file = row["file"].as_str().unwrap();
        let read = Certificate::from_pem(&text(file)).unwrap();
        let subject: Vec<Value> = read
            .subject()
            .attributes()
            .map(|attribute| {
                Value::from(vec![attribute.kind().to_string(), attribute.text().unwrap().into()])
            })
            .collect();
        assert_eq!(Value::from(subject), row["subject"], "{file}");
        assert_eq!(read.serial_decimal(), row["serial"].as_str().unwrap(), "{file}");
        assert_eq!(read.fingerprint(), row["fingerprint"].as_str().unwrap(), "{file}");
        assert_eq!(read.not_before().timestamp().to_string(), row["not_before"].to_string());
        assert_eq!(read.not_after().timestamp().to_string(), row["not_after"].to_string());
        let spki = upper_hex(read.spki_der()).to_ascii_lowercase();
        assert_eq!(spki, row["spki"].as_str().unwrap(), "{file}");
        assert_eq!(read.public_key().unwrap().as_spki_der(), read.spki_der());
        assert_eq!(Certificate::from_base64(&read.to_base64()).unwrap(), read);
        let openssl = row["issuer_rfc2253"].as_str().unwrap();
        assert_eq!(read.issuer().to_string(), dotted(openssl), "{file}");
    }
}

/// OpenSSL's text with the names that RFC 2253 does not have as dotted numbers, and their values
/// as DER in hexadecimal.
fn dotted(openssl: &str) -> String {
    const OTHERS: [(&str, &str, u8); 5] = [
        ("GN=", "2.5.4.42", 0x0c),
        ("SN=", "2.5.4.4", 0x0c),
        ("serialNumber=", "2.5.4.5", 0x13),
        ("organizationIdentifier=", "2.5.4.97", 0x0c),
        ("x500UniqueIdentifier=", "2.5.4.45", 0x0c),
    ];
    let parts = openssl.split_inclusive(',').map(|part| {
        let found = OTHERS
            .iter()
            .find_map(|(name, oid, tag)| part.strip_prefix(name).map(|value| (*oid, *tag, value)));
        let Some((oid, tag, value)) = found else { return part.to_owned() };
        let (value, comma) = value.strip_suffix(',').map_or((value, ""), |value| (value, ","));
        let mut text = format!("{oid}=#{tag:02x}{:02x}", value.len());
        for byte in value.bytes() {
            write!(text, "{byte:02x}").unwrap();
        }
        text + comma
    });
    parts.collect()
}

#[test]
fn names_are_escaped_as_the_standard_says() {
    let expected = r#"CN=Zażółć,O=\ \"Firma\, Testowa\" \+ \<spółka\>\; \\\ +OU=\#1=2,C=PL"#;
    assert_eq!(certificate("hard-name").issuer().to_string(), expected);
}

#[test]
fn serials_are_written_as_their_readers_want_them() {
    let several = certificate("several-names");
    assert_eq!(several.serial_hex(), "01F20A5D352AE590");
    assert_eq!(several.serial_decimal(), "140185933842146704");
    assert_eq!(decimal(&[]), "0");
    assert_eq!(decimal(&[0x00, 0xff]), "255");
    assert_eq!(decimal(&[0xff]), "-1");
    assert_eq!(decimal(&[0x80, 0x00]), "-32768");
}

#[test]
fn validity_includes_both_ends() {
    let read = certificate("chain-old-middle");
    let (from, to) = (read.not_before(), read.not_after());
    assert!(read.is_valid_at(from) && read.is_valid_at(to));
    assert!(read.is_valid_at(to + chrono::TimeDelta::milliseconds(999)));
    assert!(!read.is_valid_at(from - chrono::TimeDelta::milliseconds(1)));
    assert!(!read.is_valid_at(to + chrono::TimeDelta::seconds(1)));
}

#[test]
fn key_usage_and_authority_are_read() {
    let usage = certificate("seal").key_usage().unwrap();
    assert!(usage.non_repudiation && !usage.digital_signature && !usage.key_cert_sign);
    assert_eq!(certificate("person-nip").key_usage(), None);
    assert!(certificate("chain-root").is_authority());
    assert!(!certificate("chain-no-authority").is_authority());
}

#[test]
fn damaged_certificates_are_refused_and_never_panic() {
    let der = certificate("seal").as_der().to_vec();
    for length in 0..der.len() {
        assert!(Certificate::from_der(&der[..length]).is_err(), "{length} bytes");
    }
    let mut longer = der.clone();
    longer.push(0);
    assert!(Certificate::from_der(&longer).is_err());
    let mut damaged = der.clone();
    for index in 0..der.len() {
        for bit in 0..8 {
            damaged[index] ^= 1 << bit;
            if let Ok(read) = Certificate::from_der(&damaged) {
                assert_eq!(read.as_der(), damaged);
                assert!(
                    !read.issuer().to_string().is_empty()
                        || read.subject().attributes().count() > 0
                );
            }
            damaged[index] ^= 1 << bit;
        }
    }
}

#[test]
fn every_kind_of_subject_gets_its_vector() {
    let pesel = || Vector::SignaturePesel(Pesel::parse("01020300001").unwrap());
    let nip = || Nip::parse("1111111111").unwrap();
    let rows = [
        ("person-pesel", pesel()),
        ("person-pesel-word", pesel()),
        ("person-nip", Vector::SignatureNip(nip())),
        ("person-nip-word", Vector::SignatureNip(nip())),
        ("several-names", pesel()),
        ("seal", Vector::Seal(nip())),
    ];
    for (name, expected) in rows {
        for rules in [SubjectRules::Version1, SubjectRules::Version2] {
            let found = authentication_vector(&certificate(name), rules);
            assert_eq!(found.vector, expected, "{name} {rules:?}");
        }
    }
}

#[test]
fn other_subjects_get_the_fingerprint_and_the_reasons() {
    use AttributeType as A;
    let signature = |reason| Objection { against: VectorKind::Signature, reason };
    let seal = |reason| Objection { against: VectorKind::Seal, reason };
    let no_names = [
        seal(Reason::Missing(A::ORGANIZATION_IDENTIFIER)),
        seal(Reason::Forbidden(A::GIVEN_NAME)),
        seal(Reason::Forbidden(A::SURNAME)),
    ];
    let mut without = vec![signature(Reason::Missing(A::SERIAL_NUMBER))];
    without.extend(no_names);
    let mut foreign = vec![signature(Reason::Unrecognised(A::SERIAL_NUMBER))];
    foreign.extend([
        seal(Reason::Missing(A::ORGANIZATION_IDENTIFIER)),
        seal(Reason::Forbidden(A::SERIAL_NUMBER)),
        seal(Reason::Forbidden(A::GIVEN_NAME)),
        seal(Reason::Forbidden(A::SURNAME)),
    ]);
    let foreign_seal = vec![
        signature(Reason::Missing(A::GIVEN_NAME)),
        signature(Reason::Missing(A::SURNAME)),
        signature(Reason::Missing(A::SERIAL_NUMBER)),
        signature(Reason::Forbidden(A::ORGANIZATION_IDENTIFIER)),
        seal(Reason::Unrecognised(A::ORGANIZATION_IDENTIFIER)),
    ];
    for (name, objections) in [
        ("person-without-number", without),
        ("person-foreign", foreign),
        ("seal-foreign", foreign_seal),
    ] {
        let read = certificate(name);
        let found = authentication_vector(&read, SubjectRules::Version1);
        assert_eq!(found.vector, Vector::Fingerprint(read.fingerprint()), "{name}");
        assert_eq!(found.objections, objections, "{name}");
    }
}

#[test]
fn the_generations_differ_where_their_rules_do() {
    let vector = |name, rules| authentication_vector(&certificate(name), rules).vector;
    let of_company = "person-of-company";
    assert!(matches!(vector(of_company, SubjectRules::Version1), Vector::Fingerprint(_)));
    assert!(matches!(vector(of_company, SubjectRules::Version2), Vector::SignaturePesel(_)));
    assert!(matches!(vector("seal-with-number", SubjectRules::Version1), Vector::Fingerprint(_)));
    assert!(matches!(vector("seal-with-number", SubjectRules::Version2), Vector::Seal(_)));
}

#[test]
fn a_chain_to_an_anchor_is_accepted() {
    let root = [certificate("chain-root")];
    let middle = [certificate("chain-middle")];
    check_chain(&certificate("chain-leaf"), &middle, &root, now()).unwrap();
    check_chain(&certificate("chain-leaf"), &[], &middle, now()).unwrap();
    let own = certificate("person-pesel");
    check_chain(&own, &[], std::slice::from_ref(&own), now()).unwrap();
}

#[test]
fn every_broken_chain_is_refused_for_its_reason() {
    use ChainErrorKind::{BadSignature, NotAnIssuer, NotValidNow, UnknownIssuer};
    let rows: [(&str, &[&str], &str, ChainErrorKind); 10] = [
        ("chain-leaf", &[], "chain-root", UnknownIssuer),
        ("chain-leaf", &["chain-middle"], "person-pesel", UnknownIssuer),
        ("chain-leaf", &["chain-middle"], "chain-other-root", BadSignature),
        ("chain-forged", &["chain-middle"], "chain-root", BadSignature),
        ("chain-under-old", &["chain-old-middle"], "chain-root", NotValidNow),
        ("chain-under-no-authority", &["chain-no-authority"], "chain-root", NotAnIssuer),
        ("chain-under-no-usage", &["chain-no-usage"], "chain-root", NotAnIssuer),
        ("chain-under-no-usage", &[], "chain-no-usage", UnknownIssuer),
        ("chain-under-old", &[], "chain-old-middle", UnknownIssuer),
        (
            "chain-too-deep",
            &["chain-too-deep-middle", "chain-short-middle"],
            "chain-root",
            NotAnIssuer,
        ),
    ];
    for (leaf, between, anchor, expected) in rows {
        let between: Vec<_> = between.iter().map(|name| certificate(name)).collect();
        let refused =
            check_chain(&certificate(leaf), &between, &[certificate(anchor)], now()).unwrap_err();
        assert_eq!(refused.kind(), expected, "{leaf} under {anchor}: {refused:?}");
    }
    let leaf = certificate("chain-leaf");
    let late = leaf.not_after() + chrono::TimeDelta::seconds(1);
    let refused = check_chain(&leaf, &[], std::slice::from_ref(&leaf), late).unwrap_err();
    assert_eq!(refused.kind(), NotValidNow);
}
