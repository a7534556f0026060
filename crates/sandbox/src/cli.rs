//! The command line of the sandbox.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Parser, ValueEnum};

use crate::builder::Sandbox;
use crate::record::System;

/// Local emulators of fiscal systems, on the loopback interface only.
///
/// Prints one JSON line with the addresses when ready, and runs until SIGINT or SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "sandbox")]
pub struct Arguments {
    /// Which system gets ports, beside the control API.
    system: Choice,
    /// The seed of everything that looks random.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// No faults but scripted ones, and the shortest delays.
    #[arg(long)]
    calm: bool,
    /// The first of consecutive ports; without it any free ports.
    #[arg(long)]
    port_base: Option<u16>,
    /// When the calendar of the doubles starts (RFC 3339, such as 2026-12-31T23:30:00Z); now if absent.
    #[arg(long, value_parser = moment)]
    start: Option<DateTime<Utc>>,
    /// A folder for what was stored, written when the sandbox stops.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// The systems by their names on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// Every system.
    All,
    /// KROS Fakturácia.
    Kros,
    /// Serbian Treasury ePP.
    Epp,
    /// KSeF 1.x.
    KsefV1,
    /// KSeF 2.0.
    KsefV2,
    /// Polish Central Cash Register Repository.
    Crk,
}

impl Choice {
    /// The system that is named; `None` for all of them.
    fn only(self) -> Option<System> {
        match self {
            Self::All => None,
            Self::Kros => Some(System::Kros),
            Self::Epp => Some(System::Epp),
            Self::KsefV1 => Some(System::KsefV1),
            Self::KsefV2 => Some(System::KsefV2),
            Self::Crk => Some(System::Crk),
        }
    }
}

fn moment(text: &str) -> Result<DateTime<Utc>, chrono::ParseError> {
    DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc())
}

/// Runs the sandbox as the arguments say.
///
/// # Errors
///
/// An input/output error when a port, the standard output or the data folder fails.
pub async fn run(arguments: Arguments) -> io::Result<ExitCode> {
    let mut builder = Sandbox::builder().seed(arguments.seed);
    if arguments.calm {
        builder = builder.calm();
    }
    if let Some(system) = arguments.system.only() {
        builder = builder.only(system);
    }
    if let Some(start) = arguments.start {
        builder = builder.starting_at(start);
    }
    if let Some(port) = arguments.port_base {
        builder = builder.port_base(port);
    }
    if let Some(folder) = &arguments.data {
        builder = builder.data(folder);
    }
    let sandbox = builder.start().await?;
    let mut output = io::stdout().lock();
    // In one write, so that whoever watches a file never finds half a line.
    output.write_all(format!("{}\n", sandbox.ready()).as_bytes())?;
    output.flush()?;
    drop(output);
    asked_to_stop().await?;
    tracing::info!("stopping");
    sandbox.shutdown().await?;
    Ok(ExitCode::SUCCESS)
}

/// Returns at SIGINT, and on Unix at SIGTERM.
async fn asked_to_stop() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_have_their_fixed_names() {
        for name in ["all", "kros", "epp", "ksef-v1", "ksef-v2", "crk"] {
            assert!(Arguments::try_parse_from(["sandbox", name]).is_ok(), "{name}");
        }
        assert!(Arguments::try_parse_from(["sandbox"]).is_err());
        assert!(Arguments::try_parse_from(["sandbox", "ksef"]).is_err());
    }

    #[test]
    fn the_start_is_a_moment_with_its_offset() {
        let read = |text| Arguments::try_parse_from(["sandbox", "all", "--start", text]);
        let start = read("2026-12-31T23:30:00+01:00").unwrap().start.unwrap();
        assert_eq!(start.to_rfc3339(), "2026-12-31T22:30:00+00:00");
        for wrong in ["2026-12-31", "2026-12-31T23:30:00", "tomorrow"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
