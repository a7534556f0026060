//! `cargo xtask`: the commands of the people who maintain fiskus.
//!
//! Everything that is longer than one cargo command lives here, in Rust, so that it runs alike on every machine.
//! Nothing here depends on a crate of the workspace: demos, benches and campaigns are examples and benches of those crates, and xtask starts them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to its user on stdout and stderr"
)]

mod bench;
mod campaign;
mod ci;
mod codegen;
mod contract;
mod demo;
mod fixtures;
mod fuzz;
mod metadata;
mod rust_text;
mod shell;
mod tidy;
mod tree;
mod xsd;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::shell::Outcome;

/// Commands for maintaining fiskus.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a scene against the sandbox; all scenes when none is named.
    Demo { scene: Option<String> },
    /// Run all tests: units, integration, doctests. Needs nothing but Rust.
    Test,
    /// Run the steps of continuous integration, or one of them.
    Ci {
        /// The only step to run.
        step: Option<String>,
        /// A step to leave out; may be given several times.
        #[arg(long)]
        skip: Vec<String>,
    },
    /// Write the generated files.
    Codegen {
        /// Compare instead of writing, and fail on a difference.
        #[arg(long)]
        check: bool,
    },
    /// Write generated examples and the hashes of all fixtures.
    #[command(args_conflicts_with_subcommands = true)]
    Fixtures {
        /// Compare instead of writing, and fail on a difference.
        #[arg(long)]
        check: bool,
        #[command(subcommand)]
        action: Option<fixtures::Action>,
    },
    /// Check the invariants of the workspace.
    Tidy,
    /// Run a campaign of many seeds under faults.
    Campaign {
        name: String,
        /// How many seeds to run.
        #[arg(long, default_value_t = campaign::SEEDS)]
        seeds: u32,
    },
    /// Run the benches, or one of them, and compare the figures with their goals.
    Bench { name: Option<String> },
    /// Fuzz a target; needs nightly Rust and cargo-fuzz.
    Fuzz {
        target: String,
        /// How long to fuzz.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Outcome {
    match command {
        Command::Demo { scene } => demo::run(scene.as_deref()),
        Command::Test => ci::test(),
        Command::Ci { step, skip } => ci::run(step.as_deref(), &skip),
        Command::Codegen { check } => codegen::run(shell::Mode::from_check_flag(check)),
        Command::Fixtures { action: Some(action), .. } => fixtures::act(&action),
        Command::Fixtures { check, action: None } => {
            fixtures::run(shell::Mode::from_check_flag(check))
        }
        Command::Tidy => tidy::run(),
        Command::Campaign { name, seeds } => campaign::run(&name, seeds),
        Command::Bench { name } => bench::run(name.as_deref()),
        Command::Fuzz { target, seconds } => fuzz::run(&target, seconds),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn fixtures_take_a_flag_or_an_action() {
        let check = Arguments::try_parse_from(["xtask", "fixtures", "--check"]).unwrap();
        assert!(matches!(check.command, Command::Fixtures { check: true, action: None }));
        let diff = ["xtask", "fixtures", "diff", "kros", "--from", "new.json"];
        let diff = Arguments::try_parse_from(diff).unwrap();
        assert!(matches!(diff.command, Command::Fixtures { check: false, action: Some(_) }));
        let both = ["xtask", "fixtures", "--check", "diff", "kros", "--from", "new.json"];
        assert!(Arguments::try_parse_from(both).is_err());
    }
}
