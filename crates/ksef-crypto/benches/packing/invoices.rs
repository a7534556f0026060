//! Invoices that look like FA(3) to a compressor: 2 to 10 kB, always the same for a seed.
//!
//! Everything in them is invented.

use std::fmt::Write as _;

const GOODS: [&str; 12] = [
    "Papier ksero A4 80 g",
    "Usługa transportowa",
    "Śruba M8 ocynkowana",
    "Kabel sieciowy kat. 6",
    "Licencja roczna na program",
    "Wynajem sali szkoleniowej",
    "Olej napędowy",
    "Deska sosnowa 25 mm",
    "Przegląd klimatyzacji",
    "Farba emulsyjna biała 10 l",
    "Toner do drukarki",
    "Filtr powietrza",
];
const FIRMS: [&str; 6] =
    ["Zielona Łąka", "Trzy Młyny", "Niebieski Parowóz", "Stary Kajak", "Szara Chmura", "Piąty Dąb"];
const STREETS: [&str; 5] = ["Długa", "Kwiatowa", "Mostowa", "Źródlana", "Polna"];

/// Gives invoices one after the other.
#[derive(Debug)]
pub(crate) struct Invoices {
    state: u64,
    count: u64,
}

impl Invoices {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed | 1, count: 0 }
    }

    /// The next invoice, and the name it has in a package.
    pub(crate) fn next(&mut self) -> (String, Vec<u8>) {
        self.count += 1;
        let mut xml = String::with_capacity(12 * 1024);
        // Writing into a string succeeds.
        let _ = self.head(&mut xml);
        let rows = 2 + self.below(34);
        for row in 1..=rows {
            let _ = self.row(row, &mut xml);
        }
        xml.push_str("</Fa></Faktura>\n");
        (format!("fa-{:08}.xml", self.count), xml.into_bytes())
    }

    fn head(&mut self, xml: &mut String) -> std::fmt::Result {
        let (day, month) = (1 + self.below(28), 1 + self.below(12));
        write!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\">\n<Naglowek>\n\
             <KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\n\
             <WariantFormularza>3</WariantFormularza>\n\
             <DataWytworzeniaFa>2026-{month:02}-{day:02}T{:02}:{:02}:{:02}Z</DataWytworzeniaFa>\n\
             <SystemInfo>Pomiar pakowania</SystemInfo>\n</Naglowek>\n",
            self.below(24),
            self.below(60),
            self.below(60),
        )?;
        self.party(1, xml)?;
        self.party(2, xml)?;
        let (net, tax) = (self.below(9_000_000), self.below(2_000_000));
        write!(
            xml,
            "<Fa>\n<KodWaluty>PLN</KodWaluty>\n<P_1>2026-{month:02}-{day:02}</P_1>\n\
             <P_2>FV/{}/{month:02}/2026</P_2>\n<P_13_1>{}.{:02}</P_13_1>\n\
             <P_14_1>{}.{:02}</P_14_1>\n<Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18>\
             <P_18A>2</P_18A></Adnotacje>\n<RodzajFaktury>VAT</RodzajFaktury>\n",
            self.count,
            net / 100,
            net % 100,
            tax / 100,
            tax % 100,
        )
    }

    fn party(&mut self, number: u32, xml: &mut String) -> std::fmt::Result {
        write!(
            xml,
            "<Podmiot{number}>\n<DaneIdentyfikacyjne>\n<NIP>{:010}</NIP>\n\
             <Nazwa>{} {} sp. z o.o.</Nazwa>\n</DaneIdentyfikacyjne>\n<Adres>\n\
             <KodKraju>PL</KodKraju>\n<AdresL1>ul. {} {}/{}</AdresL1>\n\
             <AdresL2>{:02}-{:03} Wymyślone</AdresL2>\n</Adres>\n</Podmiot{number}>\n",
            self.below(10_000_000_000),
            self.one_of(&FIRMS),
            self.below(1_000),
            self.one_of(&STREETS),
            self.below(200),
            self.below(90),
            self.below(100),
            self.below(1_000),
        )
    }

    fn row(&mut self, row: u64, xml: &mut String) -> std::fmt::Result {
        let (amount, price) = (1 + self.below(120), self.below(80_000));
        let net = amount * price;
        write!(
            xml,
            "<FaWiersz>\n<NrWierszaFa>{row}</NrWierszaFa>\n<UU_ID>{:08x}-{:04x}</UU_ID>\n\
             <P_7>{}, nr kat. {}</P_7>\n<Indeks>{}</Indeks>\n<P_8A>szt.</P_8A>\n\
             <P_8B>{amount}</P_8B>\n<P_9A>{}.{:02}</P_9A>\n<P_11>{}.{:02}</P_11>\n\
             <P_12>23</P_12>\n</FaWiersz>\n",
            self.below(1 << 32),
            self.below(1 << 16),
            self.one_of(&GOODS),
            self.below(100_000),
            self.below(10_000_000),
            price / 100,
            price % 100,
            net / 100,
            net % 100,
        )
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        let index = self.below(words.len() as u64);
        words[usize::try_from(index).unwrap_or(0)]
    }

    /// A number below the bound, by xorshift64*.
    fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % bound
    }
}
