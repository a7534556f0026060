//! The sandbox as a program; see the crate's README.

use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use sandbox::cli::{Arguments, run};

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    run(Arguments::parse()).await
}
