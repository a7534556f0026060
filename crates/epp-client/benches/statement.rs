//! What reading an XML statement costs, as a share of the speed of a bare event loop of the XML
//! library over the same bytes.
//!
//! `cargo bench -p epp-client --bench epp`, or `cargo xtask bench epp`. Every reading is checked:
//! all items must be there and their amounts must sum up.

use std::hint::black_box;

use common_core::{
    clock::{Clock, SystemClock},
    money::Amount,
};
use epp_client::statement::{Audit, Reading, XmlStatement};
use quick_xml::{Reader, events::Event};

/// What a bench may fail with.
type Failure = Box<dyn std::error::Error>;

/// The share of the bare event loop's speed that reading has to reach.
const GOAL: f64 = 0.33;

fn main() -> Result<(), Failure> {
    // `cargo test --benches` runs this file without `--bench`: then a look is enough.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let (items, rounds) = if measured { (100_000, 7) } else { (100, 1) };
    let xml = statement(items);
    let clock = SystemClock::new();

    for (name, reading) in
        [("statement xml", Reading::Strict), ("statement xml, lenient reading", Reading::Lenient)]
    {
        let (mut works, mut bares) = (Vec::new(), Vec::new());
        // In turns, so that a slow moment of the machine meets both.
        for _ in 0..rounds {
            let start = clock.tick();
            read(&xml, reading, items)?;
            let middle = clock.tick();
            let events = bare(&xml)?;
            let end = clock.tick();
            assert!(events > items * 40, "the bare loop must see every element");
            works.push(middle.since(start).as_secs_f64());
            bares.push(end.since(middle).as_secs_f64());
        }
        let (work, bare) = (median(works), median(bares));
        #[expect(clippy::cast_precision_loss, reason = "a size in megabytes is rounded anyway")]
        let megabytes = xml.len() as f64 / 1e6;
        row(name, megabytes / work, bare / work);
    }
    Ok(())
}

/// Reads and audits a statement as a stream.
fn read(xml: &[u8], reading: Reading, items: u64) -> Result<(), Failure> {
    let mut statement = XmlStatement::new(xml, reading)?;
    let mut audit = Audit::new(statement.summary().map(|summary| summary.account.as_str()));
    let mut count = 0;
    for item in statement.by_ref() {
        audit.add(black_box(&item?));
        count += 1;
    }
    let findings = audit.finish(statement.header(), statement.summary());
    if count == items && findings.is_empty() {
        return Ok(());
    }
    Err(format!("{count} of {items} items were read, with findings: {findings:?}").into())
}

/// The reference: every event of the file, and nothing done with it.
fn bare(xml: &[u8]) -> Result<u64, Failure> {
    let mut reader = Reader::from_reader(xml);
    let mut buffer = Vec::new();
    let mut events = 0;
    loop {
        buffer.clear();
        match black_box(reader.read_event_into(&mut buffer)?) {
            Event::Eof => return Ok(events),
            _ => events += 1,
        }
    }
}

/// An invented statement whose sums are right.
fn statement(items: u64) -> Vec<u8> {
    let cents = |item: u64| i64::try_from(10_000 + item * 37 % 900_000).unwrap_or_default();
    let money = |cents: i64| Amount::from_minor(cents, 2).unwrap_or_default();
    let total: i64 = (0..items).map(cents).sum();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Dokument>\n  <Zbirni>\n\
         <RacunIzvoda>840000000010284941</RacunIzvoda><BrNalogaDuguje>{items}</BrNalogaDuguje>\
         <BrNalogaPotrazuje>0</BrNalogaPotrazuje><PrethodniSaldo>0.00</PrethodniSaldo>\
         <IznosDuguje>{}</IznosDuguje><IznosPotrazuje>0.00</IznosPotrazuje>\
         <Saldo>{}</Saldo>\n  </Zbirni>\n",
        money(total),
        money(-total),
    );
    for item in 0..items {
        xml.push_str(&element(item, money(cents(item))));
    }
    xml.push_str("</Dokument>\n");
    xml.into_bytes()
}

fn element(item: u64, amount: Amount) -> String {
    let fields = [
        ("RacunZaduzenja", "840000000010284941"),
        ("NazivZaduzenja", "IZMIŠLJENA USTANOVA"),
        ("MestoZaduzenja", "BEOGRAD"),
        ("IzvorInformacije", "1"),
        ("ModelPozivaZaduzenja", "97"),
        ("PozivZaduzenja", "28070794239110001820"),
        ("SifraPlacanja", "221"),
        ("Iznos", &amount.to_string()),
        ("RacunOdobrenja", "999000000010004343"),
        ("NazivOdobrenja", &format!("IZMIŠLJENI DOBAVLJAČ {item}")),
        ("MestoOdobrenja", "NOVI SAD"),
        ("ModelPozivaOdobrenja", ""),
        ("PozivOdobrenja", "3965040"),
        ("SvrhaDoznake", &format!("Kancelarijski materijal po računu {item}/2026")),
        ("PodatakZaReklamaciju", &format!("EPP{item}")),
        ("DatumValute", "24.04.2026"),
        ("NacinObracuna", "1"),
        ("PrioritetNaloga", "50"),
        ("VremeUnosa", "24.04.2026 12:16:46"),
        ("VremeIzvrsenja", "24.04.2026 13:40:35"),
        ("StatusNaloga", "2"),
        ("TipSloga", "1"),
    ];
    let fields = fields.map(|(name, text)| format!("    <{name}>{text}</{name}>\n"));
    format!("  <Stavka>\n{}  </Stavka>\n", fields.concat())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Prints a figure in the one form that scripts read.
#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn row(figure: &str, speed: f64, ratio: f64) {
    println!("{figure}: {speed:.0} MB/s, {ratio:.2} of bare quick-xml event loop (goal >= {GOAL})");
}
