//! Invoices of an invented bakery in the form FA(3), made as they are asked for.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Warsaw;

/// The baker, a sole trader with an invented NIP and PESEL.
pub(crate) const BAKER: Party =
    Party { nip: "9990000209", name: "Piekarnia Zmyślona Sigma", street: "ul. Wymyślona 4" };

/// The wholesaler that buys; the double knows it.
pub(crate) const BUYER: Party =
    Party { nip: "9990000126", name: "Hurtownia Zmyślona Beta", street: "ul. Fikcyjna 12" };

/// A company for which the baker may not issue anything.
pub(crate) const STRANGER: Party =
    Party { nip: "9990000103", name: "Piekarnia Wymyślona Alfa", street: "ul. Zmyślona 1" };

/// What is sold: name, unit, net price in hundredths, tax in percent.
const GOODS: [(&str, &str, i64, i64); 5] = [
    ("chleb wymyślony na zakwasie 1 kg", "szt.", 742, 5),
    ("bułki &amp; rogale, mieszane", "szt.", 119, 5),
    ("tort urodzinowy na zamówienie", "szt.", 13_900, 8),
    ("sernik krojony", "kg", 4_650, 8),
    ("dowóz własnym samochodem", "kurs", 3_500, 23),
];

/// The fields of sums by tax in percent, in the order of the form.
const SUMS: [(i64, &str); 3] = [(23, "1"), (8, "2"), (5, "3")];

/// A company on an invoice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Party {
    pub(crate) nip: &'static str,
    name: &'static str,
    street: &'static str,
}

/// An invoice that is ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    /// The name of its file.
    pub(crate) name: String,
    /// The date of issue.
    pub(crate) issued: NaiveDate,
    /// The file, which is never changed.
    pub(crate) bytes: Vec<u8>,
}

/// When the invoices of a run are made; they are issued on the day that Poland has then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Desk(pub(crate) DateTime<Utc>);

impl Desk {
    /// The invoice of that series and number, from a seller to the wholesaler.
    pub(crate) fn invoice(self, seller: Party, series: &str, number: usize) -> Invoice {
        let issued = self.0.with_timezone(&Warsaw).date_naive();
        let made = self.0.format("%Y-%m-%dT%H:%M:%SZ");
        let full = format!("{series}/{number}/{}", issued.format("%m/%Y"));
        let lines = lines(number);
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\">\n<Naglowek>\
             <KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
             <WariantFormularza>3</WariantFormularza>\
             <DataWytworzeniaFa>{made}</DataWytworzeniaFa></Naglowek>\n\
             <Podmiot1>{}</Podmiot1>\n<Podmiot2>{}<JST>2</JST><GV>2</GV></Podmiot2>\n\
             <Fa><KodWaluty>PLN</KodWaluty><P_1>{issued}</P_1><P_2>{full}</P_2>\n{}\
             <Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18><P_18A>2</P_18A>\
             <Zwolnienie><P_19N>1</P_19N></Zwolnienie>\
             <NoweSrodkiTransportu><P_22N>1</P_22N></NoweSrodkiTransportu><P_23>2</P_23>\
             <PMarzy><P_PMarzyN>1</P_PMarzyN></PMarzy></Adnotacje>\n\
             <RodzajFaktury>VAT</RodzajFaktury>\n{}</Fa>\n</Faktura>\n",
            party(seller),
            party(BUYER),
            sums(&lines),
            rows(&lines),
        );
        Invoice { name: format!("{series}-{number:04}.xml"), issued, bytes: text.into_bytes() }
    }

    /// So many invoices of the baker, one after the other.
    pub(crate) fn series(
        self,
        series: &'static str,
        count: usize,
    ) -> impl Iterator<Item = Invoice> + Send + 'static {
        (1..=count).map(move |number| self.invoice(BAKER, series, number))
    }
}

/// Something sold, and how many of it.
type Line = (&'static (&'static str, &'static str, i64, i64), i64);

/// One to five lines; every number has others.
fn lines(number: usize) -> Vec<Line> {
    let count = 1 + number % GOODS.len();
    let line = |place: usize| {
        let pieces = 1 + (number * 7 + place * 13) % 40;
        (&GOODS[(number + place) % GOODS.len()], i64::try_from(pieces).unwrap_or(1))
    };
    (0..count).map(line).collect()
}

fn party(party: Party) -> String {
    let Party { nip, name, street } = party;
    format!(
        "<DaneIdentyfikacyjne><NIP>{nip}</NIP><Nazwa>{name}</Nazwa></DaneIdentyfikacyjne>\
         <Adres><KodKraju>PL</KodKraju><AdresL1>{street}</AdresL1>\
         <AdresL2>00-000 Nigdzie</AdresL2></Adres>"
    )
}

/// Net and tax of every rate, and what is to be paid.
fn sums(lines: &[Line]) -> String {
    let (mut text, mut gross) = (String::new(), 0);
    for (rate, place) in SUMS {
        let of_rate = lines.iter().filter(|((.., percent), _)| *percent == rate);
        let net: i64 = of_rate.map(|((_, _, price, _), pieces)| price * pieces).sum();
        if net == 0 {
            continue;
        }
        let tax = (net * rate + 50) / 100;
        gross += net + tax;
        let (net, tax) = (amount(net), amount(tax));
        // Writing to a string cannot fail.
        let _ =
            write!(text, "<P_13_{place}>{net}</P_13_{place}><P_14_{place}>{tax}</P_14_{place}>");
    }
    format!("{text}<P_15>{}</P_15>\n", amount(gross))
}

fn rows(lines: &[Line]) -> String {
    let rows = lines.iter().zip(1..).map(|(((name, unit, price, percent), pieces), number)| {
        format!(
            "<FaWiersz><NrWierszaFa>{number}</NrWierszaFa><P_7>{name}</P_7><P_8A>{unit}</P_8A>\
             <P_8B>{pieces}</P_8B><P_9A>{}</P_9A><P_11>{}</P_11><P_12>{percent}</P_12></FaWiersz>\n",
            amount(*price),
            amount(price * pieces),
        )
    });
    rows.collect()
}

/// Hundredths as an amount.
fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
