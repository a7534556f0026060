//! The invoices of a seed, and what is to become of each.

use bytes::Bytes;
use ksef_crypto::link::InvoiceHash;
use rand::{RngExt, rngs::StdRng};

/// The company that sends, the one that buys, and one in whose name nobody here may send.
pub(crate) const SELLER: &str = "9990000103";
pub(crate) const BUYER: &str = "9990000126";
const OTHER: &str = "9990000190";

/// What is right or wrong with an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It is to be issued.
    Good,
    /// The very bytes of the one before: the service refuses it and names the first.
    Copy,
    /// Its seller is somebody else: the service refuses it.
    Foreign,
    /// It has a DTD: the service refuses it.
    Forbidden,
}

/// One invoice.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    pub(crate) number: String,
    pub(crate) bytes: Bytes,
    pub(crate) nature: Nature,
}

impl Invoice {
    pub(crate) fn hash(&self) -> String {
        InvoiceHash::of(&self.bytes).base64()
    }
}

/// Some invoices whose numbers begin with `prefix`, of all natures.
pub(crate) fn mixed(prefix: &str, count: usize, rng: &mut StdRng) -> Vec<Invoice> {
    let mut all: Vec<Invoice> = Vec::with_capacity(count);
    for at in 0..count {
        let number = format!("{prefix}-{at}");
        let nature = match rng.random_range(0..16) {
            0 => Nature::Foreign,
            1 => Nature::Forbidden,
            2 | 3 if all.last().is_some_and(|last| last.nature == Nature::Good) => Nature::Copy,
            _ => Nature::Good,
        };
        let copied = all.last().filter(|_| nature == Nature::Copy).cloned();
        all.push(match copied {
            Some(first) => Invoice { nature, ..first },
            None => Invoice { bytes: content(&number, nature, rng).into(), number, nature },
        });
    }
    all
}

/// Invoices of a package: all good, or with wrong ones among them.
pub(crate) fn package(prefix: &str, count: usize, mixed: bool, rng: &mut StdRng) -> Vec<Invoice> {
    let invoice = |at: usize| {
        let number = format!("{prefix}-{at}");
        let nature = if mixed && at % 5 == 3 { Nature::Foreign } else { Nature::Good };
        Invoice { bytes: content(&number, nature, rng).into(), number, nature }
    };
    (0..count).map(invoice).collect()
}

fn content(number: &str, nature: Nature, rng: &mut StdRng) -> Vec<u8> {
    let seller = if nature == Nature::Foreign { OTHER } else { SELLER };
    let doctype = if nature == Nature::Forbidden { "<!DOCTYPE Faktura>\n" } else { "" };
    // What does not compress away makes packages of several parts.
    let noise: Vec<_> = (0..24).map(|_| format!("{:016x}", rng.random::<u64>())).collect();
    let noise = noise.concat();
    let party = |nip: &str| {
        format!(
            "<DaneIdentyfikacyjne><NIP>{nip}</NIP><Nazwa>Zmyślona</Nazwa></DaneIdentyfikacyjne>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{doctype}\
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\">\n<Naglowek>\
         <KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
         <WariantFormularza>3</WariantFormularza>\
         <DataWytworzeniaFa>2026-01-31T10:30:00Z</DataWytworzeniaFa></Naglowek>\n\
         <Podmiot1>{}</Podmiot1>\n<Podmiot2>{}<JST>2</JST><GV>2</GV></Podmiot2>\n\
         <Fa><KodWaluty>PLN</KodWaluty><P_1>2026-01-31</P_1><P_2>{number}</P_2>\
         <P_13_1>200.00</P_13_1><P_14_1>46.00</P_14_1><P_15>246.00</P_15>\
         <Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18></Adnotacje>\
         <RodzajFaktury>VAT</RodzajFaktury><!-- {noise} --></Fa>\n</Faktura>\n",
        party(seller),
        party(BUYER),
    )
    .into_bytes()
}
