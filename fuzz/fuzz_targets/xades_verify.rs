//! Nothing but what the holders of the test keys signed is ever taken for signed.
//!
//! An input that begins with `<` is a document; any other describes changes of a signed one:
//! bytes changed, parts taken out, doubled and moved, which is how signatures are wrapped.
//! Whatever verifies under the authority of the vectors must have the content of a vector.

#![cfg_attr(fuzzing, no_main)]

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use chrono::{TimeZone as _, Utc};
use ksef_crypto::{
    certificate::Certificate,
    upo::Upo,
    xades::{Policy, Profile, Sha1, Trust, Verified, verify},
};
use libfuzzer_sys::fuzz_target;

macro_rules! vectors {
    ($($name:literal),* $(,)?) => {
        [$(include_bytes!(concat!("../../fixtures/ksef/vectors/", $name)).as_slice()),*]
    };
}

/// Documents that other programs signed with keys below the authority of the vectors.
const SIGNED: [&[u8]; 26] = vectors![
    "upo/v1.xml",
    "upo/v2.xml",
    "upo/v3.xml",
    "upo/v4-2-invoice.xml",
    "upo/v4-3-session.xml",
    "upo/v9-future.xml",
    "xades/ec-c14n11.xml",
    "xades/ec-encoded.xml",
    "xades/ec-exclusive-v2.xml",
    "xades/ec-inclusive.xml",
    "xades/ec-object.xml",
    "xades/ec384-root.xml",
    "xades/rsa-encoded.xml",
    "xades/rsa-exclusive.xml",
    "xades/rsa-filter2.xml",
    "xades/rsa-inclusive.xml",
    "xades/rsa-object.xml",
    "xades/rsa-plain.xml",
    "xades/rsa-prefixes.xml",
    "xades/rsa-sha1-certificate.xml",
    "xades/rsa-with-comments.xml",
    "xades/rsa-xpath.xml",
    "xades/signxml-ec.xml",
    "xades/signxml-pss-384.xml",
    "xades/signxml-pss.xml",
    "xades/signxml-rsa.xml",
];

static AUTHORITY: LazyLock<Certificate> = LazyLock::new(|| {
    let pem = include_str!("../../fixtures/ksef/vectors/xades/ca.pem");
    Certificate::from_pem(pem).expect("the authority of the vectors")
});

/// What was signed.
static CONTENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let content = |document: &&[u8]| {
        let anchors = std::slice::from_ref(&*AUTHORITY);
        let verified = verify(document, &leniently(Policy::new(anchored(anchors))));
        verified.expect("a vector is right").content().to_vec()
    };
    SIGNED.iter().map(content).collect()
});

/// One change of a document; places count from its start and wrap around its end.
#[derive(Arbitrary, Debug)]
enum Change<'a> {
    Put { at: u16, bytes: &'a [u8] },
    Overwrite { at: u16, byte: u8 },
    Remove { from: u16, length: u16 },
    Copy { from: u16, length: u16, to: u16 },
    CopyElement { from: u16, to: u16 },
}

#[derive(Arbitrary, Debug)]
struct Plan<'a> {
    document: u8,
    changes: Vec<Change<'a>>,
}

fuzz_target!(|data: &[u8]| {
    if data.first() == Some(&b'<') {
        return judge(data);
    }
    if let Ok(plan) = Plan::arbitrary_take_rest(Unstructured::new(data)) {
        let mut document = SIGNED[usize::from(plan.document) % SIGNED.len()].to_vec();
        plan.changes.iter().take(16).for_each(|change| apply(change, &mut document));
        judge(&document);
    }
});

fn judge(document: &[u8]) {
    let anchors = std::slice::from_ref(&*AUTHORITY);
    let strict = verify(document, &Policy::new(anchored(anchors)));
    let lenient = verify(document, &leniently(Policy::new(anchored(anchors))));
    if let Ok(verified) = &lenient {
        assert!(CONTENTS.iter().any(|content| content == verified.content()), "not signed");
    }
    if let Ok(verified) = strict {
        let content = lenient.as_ref().map(Verified::content).expect("strict means lenient, too");
        assert_eq!(verified.content(), content);
    }
    // Anybody's signature is taken here, and none makes anything panic.
    let _ = verify(document, &leniently(Policy::new(Trust::AnyCertificate)));
    if let Ok(upo) = Upo::read(document) {
        assert!(upo.documents.iter().all(|one| upo.document(&one.ksef_number).is_some()));
    }
}

fn anchored(anchors: &[Certificate]) -> Trust<'_> {
    let at = Utc.with_ymd_and_hms(2030, 5, 6, 7, 8, 9).single().expect("a time");
    Trust::Anchors { anchors, at }
}

/// The least that can be demanded of the form, so that the most is looked at.
fn leniently(policy: Policy<'_>) -> Policy<'_> {
    policy.sha1(Sha1::Everywhere).profile(Profile::PlainToo)
}

fn apply(change: &Change<'_>, document: &mut Vec<u8>) {
    let end = document.len();
    let place = |at: u16| usize::from(at) % (end + 1);
    match *change {
        Change::Put { at, bytes } => insert(document, place(at), bytes),
        Change::Overwrite { at, byte } => {
            if let Some(old) = document.get_mut(place(at)) {
                *old = byte;
            }
        }
        Change::Remove { from, length } => {
            let from = place(from);
            document.drain(from..(from + usize::from(length)).min(end));
        }
        Change::Copy { from, length, to } => {
            let from = place(from);
            let part = document[from..(from + usize::from(length)).min(end)].to_vec();
            insert(document, place(to), &part);
        }
        Change::CopyElement { from, to } => copy_element(document, from, to),
    }
}

/// Puts a copy of one element before another, so that the document stays well-formed.
fn copy_element(document: &mut Vec<u8>, from: u16, to: u16) {
    let Ok(text) = str::from_utf8(document) else { return };
    let Ok(tree) = roxmltree::Document::parse(text) else { return };
    let elements: Vec<_> =
        tree.descendants().filter(|node| node.is_element()).map(|node| node.range()).collect();
    let element = |number: u16| elements[usize::from(number) % elements.len()].clone();
    let copy = text.as_bytes()[element(from)].to_vec();
    let at = element(to).start;
    insert(document, at, &copy);
}

fn insert(document: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    document.splice(at..at, bytes.iter().copied());
}
