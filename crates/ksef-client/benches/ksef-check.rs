//! The check before sending against libxml2's validation by the same schema, in the same run.
//!
//! The check reads the bytes and does everything: XML, schema, and the rules of the service. It is
//! held against libxml2 parsing and validating the same bytes; what libxml2 takes to validate a
//! document that it has parsed before stands beside it. libxml2 is called through Python, which times its own loops and takes
//! off the cost of a foreign call; its schema is the one that the facts in `fixtures/ksef/schemas`
//! tell.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench stops when its own preparations fail"
)]

#[path = "../tests/it/check/facts.rs"]
mod facts;

use std::{
    fmt::Write as _,
    hint::black_box,
    io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use ksef_client::{
    check::{Profile, check},
    v2::{Environment, FormCode},
};

/// How many runs are made; the fastest counts, because other work on the machine only slows. The
/// program for libxml2 does alike.
const RUNS: usize = 40;

/// An invented invoice in FA(3) with so many lines.
fn invoice(lines: u32) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\">\n\
         \x20 <Naglowek>\n    <KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\n    <WariantFormularza>3</WariantFormularza>\n    <DataWytworzeniaFa>2026-02-01T00:00:00Z</DataWytworzeniaFa>\n    <SystemInfo>Przykład &amp; Próba</SystemInfo>\n  </Naglowek>\n\
         \x20 <Podmiot1>\n    <DaneIdentyfikacyjne>\n      <NIP>9990000103</NIP>\n      <Nazwa>Zmyślona Spółka z o.o.</Nazwa>\n    </DaneIdentyfikacyjne>\n    <Adres>\n      <KodKraju>PL</KodKraju>\n      <AdresL1>ul. Żadna 1/2</AdresL1>\n      <AdresL2>00-000 Nigdzie</AdresL2>\n    </Adres>\n  </Podmiot1>\n\
         \x20 <Podmiot2>\n    <DaneIdentyfikacyjne>\n      <NIP>9990000126</NIP>\n      <Nazwa>Wymyślona Firma</Nazwa>\n    </DaneIdentyfikacyjne>\n    <Adres>\n      <KodKraju>PL</KodKraju>\n      <AdresL1>ul. Inna 3</AdresL1>\n    </Adres>\n    <JST>2</JST>\n    <GV>2</GV>\n  </Podmiot2>\n\
         \x20 <Fa>\n    <KodWaluty>PLN</KodWaluty>\n    <P_1>2026-02-01</P_1>\n    <P_2>FV/1/02/2026</P_2>\n    <P_13_1>1000.00</P_13_1>\n    <P_14_1>230.00</P_14_1>\n    <P_15>1230.00</P_15>\n    <Adnotacje>\n      <P_16>2</P_16>\n      <P_17>2</P_17>\n      <P_18>2</P_18>\n      <P_18A>2</P_18A>\n      <Zwolnienie>\n        <P_19N>1</P_19N>\n      </Zwolnienie>\n      <NoweSrodkiTransportu>\n        <P_22N>1</P_22N>\n      </NoweSrodkiTransportu>\n      <P_23>2</P_23>\n      <PMarzy>\n        <P_PMarzyN>1</P_PMarzyN>\n      </PMarzy>\n    </Adnotacje>\n    <RodzajFaktury>VAT</RodzajFaktury>\n",
    );
    for line in 1..=lines {
        let _ = write!(
            xml,
            "    <FaWiersz>\n      <NrWierszaFa>{line}</NrWierszaFa>\n      <UU_ID>wiersz-{line:08}</UU_ID>\n      <P_7>Usługa próbna nr {line}: młotek &gt; 2 kg</P_7>\n      <P_8A>szt.</P_8A>\n      <P_8B>{line}</P_8B>\n      <P_9A>{line}.50</P_9A>\n      <P_11>{line}.50</P_11>\n      <P_12>23</P_12>\n    </FaWiersz>\n",
        );
    }
    xml.push_str("  </Fa>\n</Faktura>\n");
    xml
}

/// The time of one round in the fastest run.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn fastest(rounds: u32, mut work: impl FnMut()) -> Duration {
    let run = |_| {
        let start = Instant::now();
        for _ in 0..rounds {
            work();
        }
        start.elapsed() / rounds
    };
    (0..RUNS).map(run).min().unwrap_or_default()
}

/// Seconds of libxml2 for one round: validation alone, and with parsing.
fn libxml2(xml: &str, rounds: u32) -> io::Result<(f64, f64)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/libxml2_schema.py");
    let folder = tempfile::tempdir()?;
    facts::Facts::of("fa-3").write_schemas(folder.path());
    let file = folder.path().join("invoice.xml");
    std::fs::write(&file, xml)?;
    let output = Command::new("python3")
        .arg(script)
        .arg(folder.path().join("form.xsd"))
        .arg(file)
        .arg(rounds.to_string())
        .stderr(Stdio::inherit())
        .output()?;
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    match (figures["validate"].as_f64(), figures["parse_and_validate"].as_f64()) {
        (Some(alone), Some(both)) => Ok((alone, both)),
        _ => Err(io::Error::other("no figures came")),
    }
}

/// Prints the figure in the one form that scripts read, and what validation alone would be.
#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
#[expect(clippy::cast_precision_loss, reason = "a megabyte at most")]
fn row(name: &str, bytes: usize, ours: Duration, alone: f64, both: f64) {
    let seconds = ours.as_secs_f64();
    let speed = bytes as f64 / seconds / 1e6;
    let (of_both, of_alone) = (both / seconds, alone / seconds);
    println!(
        "check of {name}: {speed:.0} MB/s, {of_both:.2} of libxml2 parsing and validating (goal >= 3)"
    );
    println!("check of {name} beside libxml2 validating what it has parsed before, {of_alone:.2}");
}

#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn main() {
    // `cargo test --benches` runs this file without `--bench` and optimisation, where no figure
    // would mean anything.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let profile = Profile::at(&Environment::Production).form(FormCode::FA_3);
    for (name, lines, rounds) in [("an 8 kB invoice", 23, 50), ("a 900 kB invoice", 3050, 1)] {
        let xml = invoice(lines);
        let report = check(xml.as_bytes(), &profile);
        assert!(report.passes(), "{:?}", report.findings());
        if !is_bench {
            continue;
        }
        let mut work = || {
            black_box(check(black_box(xml.as_bytes()), &profile));
        };
        // Before and after libxml2, so that what else the machine does weighs on both alike.
        let ours = fastest(rounds, &mut work);
        match libxml2(&xml, rounds) {
            Ok((alone, both)) => {
                let ours = ours.min(fastest(rounds, &mut work));
                row(name, xml.len(), ours, alone, both);
            }
            Err(error) => println!("no figure for {name}, libxml2 cannot be asked: {error}"),
        }
    }
}
