//! Canonicalisation of invoices against libxml2, each measured inside its own process in the same run.
//!
//! libxml2 is called through Python, because binding it needs foreign code in the build.
//! The program times its own loops, so its start is not part of a figure, and takes off the cost of a foreign call that does nothing.
//! Both give the canonical form as bytes in memory, and both frees are inside the measured time.

use std::{
    fmt::Write as _,
    hint::black_box,
    io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use c14n::Canonicalizer;
use criterion::{Criterion, Throughput};
use roxmltree::Document;

/// How many runs are made; the fastest counts, because other work on the machine only slows. The program for libxml2 does alike.
const RUNS: usize = 9;

/// An invented invoice in the manner of FA(3): short elements, few attributes, Polish text.
fn invoice(lines: u32) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
         <Faktura xmlns=\"http://crd.example.test/wzor/2025/06/25/13775/\" xmlns:etd=\"http://crd.example.test/xml/schematy/dziedzinowe/mf/2022/01/05/eD/DefinicjeTypy/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n\
         \x20 <Naglowek>\n    <KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\n    <WariantFormularza>3</WariantFormularza>\n    <DataWytworzeniaFa>2026-02-01T00:00:00Z</DataWytworzeniaFa>\n    <SystemInfo>Przykład &amp; Próba</SystemInfo>\n  </Naglowek>\n\
         \x20 <Podmiot1>\n    <DaneIdentyfikacyjne>\n      <NIP>9999999999</NIP>\n      <Nazwa>Zmyślona Spółka z o.o.</Nazwa>\n    </DaneIdentyfikacyjne>\n    <Adres>\n      <KodKraju>PL</KodKraju>\n      <AdresL1>ul. Żadna 1/2</AdresL1>\n      <AdresL2>00-000 Nigdzie</AdresL2>\n    </Adres>\n  </Podmiot1>\n\
         \x20 <Fa>\n    <KodWaluty>PLN</KodWaluty>\n    <P_1>2026-02-01</P_1>\n    <P_2>FV/1/02/2026</P_2>\n    <P_15>1234.56</P_15>\n    <Adnotacje>\n      <P_16>2</P_16>\n      <Zwolnienie>\n        <P_19N>1</P_19N>\n      </Zwolnienie>\n    </Adnotacje>\n",
    );
    for line in 1..=lines {
        let _ = write!(
            xml,
            "    <FaWiersz>\n      <NrWierszaFa>{line}</NrWierszaFa>\n      <UU_ID>wiersz-{line:08}</UU_ID>\n      <P_7>Usługa próbna nr {line}: młotek &gt; 2 kg</P_7>\n      <P_8A>szt.</P_8A>\n      <P_8B>{line}</P_8B>\n      <P_9A>{line}.50</P_9A>\n      <P_11>{line}.50</P_11>\n      <P_12>23</P_12>\n      <Procedura/>\n    </FaWiersz>\n",
        );
    }
    xml.push_str("  </Fa>\n</Faktura>\n");
    xml
}

/// The time of one round in the fastest run.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn fastest(rounds: u32, mut work: impl FnMut()) -> Duration {
    (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..rounds {
                work();
            }
            start.elapsed() / rounds
        })
        .min()
        .unwrap_or_default()
}

fn canonicalise(document: &Document<'_>) -> usize {
    black_box(Canonicalizer::exclusive().document(document).to_vec()).len()
}

fn parse_and_canonicalise(xml: &str) -> usize {
    Document::parse(xml).map_or(0, |document| canonicalise(&document))
}

/// Seconds of libxml2 for one round: canonicalisation alone, and with parsing.
fn libxml2(xml: &str, rounds: u32) -> io::Result<(f64, f64)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/libxml2.py");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}.xml", xml.len()));
    std::fs::write(&file, xml)?;
    let output = Command::new("python3")
        .arg(script)
        .arg("--time")
        .arg(file)
        .arg(rounds.to_string())
        .stderr(Stdio::inherit())
        .output()?;
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    match (figures["canonicalise"].as_f64(), figures["parse_and_canonicalise"].as_f64()) {
        (Some(alone), Some(both)) => Ok((alone, both)),
        _ => Err(io::Error::other("no figures came")),
    }
}

/// Prints a figure in the one form that scripts read.
#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
#[expect(clippy::cast_precision_loss, reason = "some megabytes at most")]
fn row(figure: &str, bytes: usize, ours: Duration, theirs: f64) {
    let seconds = ours.as_secs_f64();
    let speed = bytes as f64 / seconds / 1e6;
    println!("{figure}: {speed:.0} MB/s, {:.2} of libxml2 (goal >= 1)", theirs / seconds);
}

#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn rows(name: &str, xml: &str, document: &Document<'_>, rounds: u32) {
    let theirs = match libxml2(xml, rounds) {
        Ok(theirs) => theirs,
        Err(error) => return println!("no figure for {name}, libxml2 cannot be asked: {error}"),
    };
    let alone = fastest(rounds, || {
        canonicalise(document);
    });
    let both = fastest(rounds, || {
        parse_and_canonicalise(xml);
    });
    row(&format!("c14n of {name}"), xml.len(), alone, theirs.0);
    row(&format!("parse and c14n of {name}"), xml.len(), both, theirs.1);
}

fn main() {
    // `cargo test --benches` runs this file without `--bench` and optimisation, where no figure would mean anything.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let mut criterion = Criterion::default().configure_from_args();
    for (name, lines, rounds) in [("an 8 kB invoice", 23, 400), ("a 1 MB invoice", 3250, 6)] {
        let xml = invoice(lines);
        let Ok(document) = Document::parse(&xml) else {
            unreachable!("the invoice is well-formed")
        };
        assert!(canonicalise(&document) > xml.len() / 2, "the work must be done to count");
        let mut group = criterion.benchmark_group(format!("c14n/{name}"));
        group.throughput(Throughput::Bytes(xml.len() as u64));
        group.bench_function("c14n", |bencher| bencher.iter(|| canonicalise(&document)));
        group.bench_function("parse", |bencher| bencher.iter(|| Document::parse(&xml).is_ok()));
        group.bench_function("parse and c14n", |bencher| {
            bencher.iter(|| parse_and_canonicalise(&xml));
        });
        group.finish();
        if is_bench {
            rows(name, &xml, &document, rounds);
        }
    }
    criterion.final_summary();
}
