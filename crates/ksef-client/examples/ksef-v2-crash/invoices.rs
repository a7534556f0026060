//! The invoices of a seed, and what is to become of each.

use ksef_client::v2::{FormCode, offline::Mode, outbox::Draft};
use ksef_crypto::link::InvoiceHash;
use rand::RngExt;
use trial::plan;

/// The company that sends, the one that buys, and one in whose name nobody here may send.
pub(crate) const SELLER: &str = "9990000103";
pub(crate) const BUYER: &str = "9990000126";
const OTHER: &str = "9990000190";

/// What is to become of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It is to be issued.
    Good,
    /// It has the number of the one before and other content: one of the two is issued.
    Clash,
    /// Its seller is somebody else: it is refused.
    Foreign,
}

/// One invoice.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    pub(crate) nature: Nature,
    pub(crate) draft: Draft,
}

impl Invoice {
    pub(crate) fn hash(&self) -> InvoiceHash {
        self.draft.hash()
    }
}

/// The invoices of a seed; parent and children make the same ones.
pub(crate) fn of_seed(seed: u64) -> Vec<Invoice> {
    let mut rng = plan::rng(seed, "invoices");
    let count = rng.random_range(8..=32);
    let mut all: Vec<Invoice> = Vec::with_capacity(count);
    for at in 0..count {
        let before = all.last().map(|last| last.nature);
        let nature = match rng.random_range(0..12) {
            0 => Nature::Foreign,
            1 if before == Some(Nature::Good) => Nature::Clash,
            _ => Nature::Good,
        };
        let number = if nature == Nature::Clash { at - 1 } else { at };
        let seller = if nature == Nature::Foreign { OTHER } else { SELLER };
        let bytes = content(seller, &format!("S{seed}/{number}"), rng.random());
        let draft = Draft::new(bytes, FormCode::FA_3);
        let is_offline = rng.random_range(0..5) == 0;
        let draft = if is_offline { draft.offline(Mode::Offline24, day()) } else { draft };
        all.push(Invoice { nature, draft });
    }
    all
}

/// The day of issue of all invoices.
fn day() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 1, 31).unwrap_or_default()
}

fn content(seller: &str, number: &str, noise: u64) -> Vec<u8> {
    let party = |nip: &str| {
        format!(
            "<DaneIdentyfikacyjne><NIP>{nip}</NIP><Nazwa>Zmyślona</Nazwa></DaneIdentyfikacyjne>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\"><Naglowek>\
         <KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
         <WariantFormularza>3</WariantFormularza>\
         <DataWytworzeniaFa>2026-01-31T10:30:00Z</DataWytworzeniaFa></Naglowek>\
         <Podmiot1>{}</Podmiot1><Podmiot2>{}<JST>2</JST><GV>2</GV></Podmiot2>\
         <Fa><KodWaluty>PLN</KodWaluty><P_1>2026-01-31</P_1><P_2>{number}</P_2>\
         <P_13_1>200.00</P_13_1><P_14_1>46.00</P_14_1><P_15>246.00</P_15>\
         <Adnotacje><P_16>2</P_16><P_17>2</P_17></Adnotacje>\
         <RodzajFaktury>VAT</RodzajFaktury><!-- {noise:016x} --></Fa></Faktura>",
        party(seller),
        party(BUYER),
    )
    .into_bytes()
}
