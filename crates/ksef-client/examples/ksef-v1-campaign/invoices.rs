//! The invoices of a seed, and what is to become of each.

use bytes::Bytes;
use ksef_client::v1::Outgoing;
use ksef_crypto::link::InvoiceHash;
use rand::{RngExt, rngs::StdRng};

/// The company that sends, and one in whose name it may not.
pub(crate) const SELLER: &str = "9990000103";
const OTHER: &str = "9990000126";

/// What is right or wrong with an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It is to be issued.
    Good,
    /// The very bytes of the one before, under another name.
    Copy,
    /// Its seller is somebody else: the service refuses it.
    Foreign,
    /// It has a DTD: the service refuses it.
    Forbidden,
}

/// One invoice.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
    pub(crate) nature: Nature,
}

impl Invoice {
    pub(crate) fn outgoing(&self) -> Outgoing {
        Outgoing::bytes(&self.name, self.bytes.clone())
    }

    pub(crate) fn hash(&self) -> String {
        InvoiceHash::of(&self.bytes).base64()
    }
}

/// Some invoices whose names begin with `prefix`.
pub(crate) fn mixed(prefix: &str, count: usize, rng: &mut StdRng) -> Vec<Invoice> {
    let mut all: Vec<Invoice> = Vec::with_capacity(count);
    for number in 0..count {
        let name = format!("{prefix}-{number}");
        let nature = match rng.random_range(0..20) {
            0 => Nature::Foreign,
            1 => Nature::Forbidden,
            2 if all.last().is_some_and(|last| last.nature == Nature::Good) => Nature::Copy,
            _ => Nature::Good,
        };
        let bytes = match (nature, all.last()) {
            (Nature::Copy, Some(last)) => last.bytes.clone(),
            _ => content(&name, nature, rng).into(),
        };
        all.push(Invoice { name, bytes, nature });
    }
    all
}

/// Good invoices, with one that is not among them if `spoilt` says so.
pub(crate) fn package(prefix: &str, count: usize, spoilt: bool, rng: &mut StdRng) -> Vec<Invoice> {
    let at = rng.random_range(0..count);
    let invoice = |number: usize| {
        let name = format!("{prefix}-{number}.xml");
        let nature = if spoilt && number == at { Nature::Foreign } else { Nature::Good };
        Invoice { bytes: content(&name, nature, rng).into(), name, nature }
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
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2023/06/29/12648/\">\n<Naglowek>\
         <KodFormularza kodSystemowy=\"FA (2)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
         <WariantFormularza>2</WariantFormularza>\
         <DataWytworzeniaFa>2026-01-31T10:30:00Z</DataWytworzeniaFa></Naglowek>\n\
         <Podmiot1>{}</Podmiot1>\n<Podmiot2>{}</Podmiot2>\n<Fa><KodWaluty>PLN</KodWaluty>\
         <P_1>2026-01-31</P_1><P_2>{number}</P_2><P_13_1>200.00</P_13_1><P_14_1>46.00</P_14_1>\
         <P_15>246.00</P_15><Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18></Adnotacje>\
         <RodzajFaktury>VAT</RodzajFaktury><!-- {noise} --></Fa>\n</Faktura>\n",
        party(seller),
        party("9990000190"),
    )
    .into_bytes()
}
