//! Keys, documents and policies for the tests of signatures.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, TimeZone, Utc};
use ksef_crypto::{
    certificate::Certificate,
    keys::{LocalSigner, PrivateKey},
    xades::{CertificateReference, Form, Options, Packaging, Policy, Trust, sign},
};

/// All ways of putting document and signature together.
pub(crate) const PACKAGINGS: [Packaging; 3] =
    [Packaging::Enveloped, Packaging::Enveloping, Packaging::EnvelopingBase64];

/// The namespace of signatures.
pub(crate) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// A document that somebody would like to change.
pub(crate) const PAYMENT: &str = "<w:Z xmlns:w='urn:z'><Kwota>100</Kwota></w:Z>";

pub(crate) fn signed_payment(packaging: Packaging) -> String {
    let options = Options::v2(valid_time()).packaging(packaging);
    String::from_utf8(sign(PAYMENT.as_bytes(), &signer("ec"), &options).unwrap()).unwrap()
}

pub(crate) fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ksef/vectors/xades")
}

pub(crate) fn read(name: &str) -> Vec<u8> {
    fs::read(vectors().join(name)).unwrap()
}

pub(crate) fn certificate(name: &str) -> Certificate {
    let pem = fs::read_to_string(vectors().join(format!("{name}.pem"))).unwrap();
    Certificate::from_pem(&pem).unwrap()
}

/// A signer with the key `rsa` or `ec` of the vectors.
pub(crate) fn signer(name: &str) -> LocalSigner {
    let pem = fs::read_to_string(vectors().join(format!("{name}.key"))).unwrap();
    LocalSigner::new(PrivateKey::from_pem(&pem).unwrap(), certificate(name)).unwrap()
}

pub(crate) fn authority() -> Vec<Certificate> {
    vec![certificate("ca")]
}

/// A time at which all certificates of the vectors are valid.
pub(crate) fn valid_time() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2030, 5, 6, 7, 8, 9).unwrap()
}

pub(crate) fn policy(anchors: &[Certificate]) -> Policy<'_> {
    Policy::new(Trust::Anchors { anchors, at: valid_time() })
}

/// Options that differ from one number to the next until all combinations were there.
pub(crate) fn options(number: usize) -> Options {
    let form = if number.is_multiple_of(2) { Form::Exclusive } else { Form::Inclusive };
    let reference = match number / 2 % 2 {
        0 => CertificateReference::V1,
        _ => CertificateReference::V2,
    };
    Options::v2(valid_time())
        .form(form)
        .certificate_reference(reference)
        .packaging(PACKAGINGS[number / 4 % 3])
}

/// A document with what makes canonical forms hard, another for each number.
pub(crate) fn document(number: usize) -> String {
    let mut pick = Pick(0x9E37_79B9 ^ u32::try_from(number).unwrap());
    let mut text = String::new();
    for start in
        ["", "\u{feff}", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "<?order b?>\n<!-- c -->"]
    {
        if pick.below(2) == 0 || start.is_empty() {
            text = if start.starts_with('<') { text + start } else { start.to_owned() };
        }
    }
    let root = ["root", "r:root", "ds:root", "xades:root"][pick.below(4)];
    write!(text, "<{root} xmlns:r='urn:r?a=1' xmlns:ds='urn:not-signatures' xmlns:xades=\"urn:x\"")
        .unwrap();
    for attribute in [
        [" xmlns='urn:default'", " xmlns=''"][number % 2],
        " xmlns:xml='http://www.w3.org/XML/1998/namespace'",
        " xml:lang='pl'",
        " xml:space=\"preserve\"",
        " xmlns:a=\"urn:a#b\"",
        " r:z='1' b=\"2\" a='<3&#10;'",
    ] {
        if pick.below(2) == 0 {
            text.push_str(&attribute.replace('<', "&lt;"));
        }
    }
    if pick.below(6) == 0 {
        text.push_str("/>");
    } else {
        text.push('>');
        content(&mut text, &mut pick, 0);
        write!(text, "</{root}{}>", [" ", ""][pick.below(2)]).unwrap();
    }
    text.push_str(["", "\n", "<!-- end --><?last?>\r\n"][pick.below(3)]);
    text
}

fn content(text: &mut String, pick: &mut Pick, depth: usize) {
    for _ in 0..pick.below(5) {
        match pick.below(if depth < 3 { 8 } else { 5 }) {
            0 => text.push_str("Zażółć \r\n gęślą &lt;jaźń&gt; &amp; &#13;"),
            1 => text.push_str("<![CDATA[<&>\"']]>"),
            2 => text.push_str("<!-- a\r\nb --><?pi  data ?>"),
            3 => text.push_str("<r:e  b='&apos;\t' a=\"&quot;\"/>"),
            4 => text.push_str("\u{1F9FE} 1 > 0"),
            5 => wrapped(text, pick, depth, "r:deep", " xmlns:r=\"urn:other\""),
            6 => wrapped(text, pick, depth, "plain", " xmlns=\"\""),
            _ => wrapped(text, pick, depth, "n:x", " xmlns:n='urn:n' n:at='v' at='w'"),
        }
    }
}

fn wrapped(text: &mut String, pick: &mut Pick, depth: usize, name: &str, attributes: &str) {
    write!(text, "<{name}{attributes}>").unwrap();
    content(text, pick, depth + 1);
    write!(text, "</{name}>").unwrap();
}

/// A small generator of numbers (xorshift), the same on every machine.
pub(crate) struct Pick(pub(crate) u32);

impl Pick {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        usize::try_from(self.0).unwrap() % limit
    }
}
