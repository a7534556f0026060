//! What a register of a campaign produces: it follows from the seed and the number, so that a
//! judge can make it again.

use ekasy_device::{
    ident::{JpkId, JpkRange},
    journal::{Document, Journalled},
    packing::{DocumentKind, InfoTable, Limits},
    worker::Options,
};
use trial::Failure;

use crate::register::{Make, frame};

/// Small requests, so that few documents make several packages and some documents come in parts.
pub(crate) fn options(make: Make, seed: u64) -> Options {
    let short = match make {
        Make::Hardware => InfoTable::hardware(),
        Make::Software => InfoTable::software(),
    };
    let limits = Limits::default().request(12_000);
    Options::new(frame).short_form(short).limits(limits).seed(seed)
}

/// What a register of this seed produces under that number: mostly receipts, now and then a daily
/// report, a receipt that is too large for one request, or two numbers without a document.
pub(crate) fn entry(seed: u64, number: u64) -> Result<Journalled, Failure> {
    let id = JpkId::new(number)?;
    if is_in_gap(number) {
        return Ok(Journalled::Gap(JpkRange::new(id, JpkId::new(number + 1)?)?));
    }
    let (kind, member) = match number {
        _ if number.is_multiple_of(11) => (DocumentKind::DailyReport, "rapDob"),
        _ if number.is_multiple_of(7) => (DocumentKind::NonFiscalPrint, "wydrNiefisk"),
        _ if number.is_multiple_of(5) => (DocumentKind::CancelledReceipt, "paragonAnul"),
        _ => (DocumentKind::Receipt, "paragon"),
    };
    let length = if number % 19 == seed % 19 { 14_000 } else { 40 + (number * 37) % 300 };
    let text = noise(seed.wrapping_mul(1_000_003) ^ number, length);
    let value = (seed * 31 + number * 7) % 100_000;
    let bytes = format!(
        r#"{{"{member}":{{"JPKID":{number},"pamiecChr":1,"nrDok":{number},"wart":{value},"opis":"{text}"}}}}"#
    );
    Ok(Journalled::Document(Document::new(id, kind, bytes.into_bytes())?))
}

/// Whether there is no document under that number: gaps are two numbers long.
pub(crate) fn is_in_gap(number: u64) -> bool {
    number > 1 && number % 23 < 2
}

/// How many numbers come when these are asked for: a range without a document is answered by a
/// package without content.
pub(crate) fn answered(from: u64, to: u64) -> u64 {
    if (from..=to).all(is_in_gap) { 0 } else { to - from + 1 }
}

/// Text that compresses badly.
fn noise(start: u64, length: u64) -> String {
    let mut state = start;
    let letters = (0..length).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from_u32(u32::from(b'a') + u32::try_from((state >> 33) % 26).unwrap_or_default())
    });
    letters.map(Option::unwrap_or_default).collect()
}
