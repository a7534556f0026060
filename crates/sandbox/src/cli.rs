//! The command line of the sandbox.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::builder::Sandbox;

/// Local emulators of fiscal systems, on the loopback interface only.
///
/// Prints one JSON line with the addresses when ready, and runs until SIGINT or SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "sandbox")]
pub struct Arguments {
    /// Which system to run; the doubles that are built run together, whichever is named.
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
    /// A folder for what was stored, written when the sandbox stops.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// The systems by their names on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// Every system that is built.
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
    if let Some(port) = arguments.port_base {
        builder = builder.port_base(port);
    }
    if let Some(folder) = &arguments.data {
        builder = builder.data(folder);
    }
    let sandbox = builder.start().await?;
    let mut output = io::stdout().lock();
    writeln!(output, "{}", sandbox.ready())?;
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
}
