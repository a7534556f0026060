//! Generated Rust as `cargo fmt` would write it, so that formatting a checkout changes nothing.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::shell::{self, Failure, Outcome};

/// The text as `rustfmt` writes it; fails when it is no Rust.
pub(crate) fn formatted(text: &str) -> Outcome<String> {
    let config = shell::root().join("rustfmt.toml");
    let mut command: Command = shell::command("rustfmt", &["--emit", "stdout", "--quiet"]);
    command.arg("--config-path").arg(config);
    let cannot = |cause| Failure::new(format!("cannot run `rustfmt`: {cause}"));
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().map_err(cannot)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).map_err(cannot)?;
    }
    let output = child.wait_with_output().map_err(cannot)?;
    if !output.status.success() {
        let says = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("generated text is no Rust: {says}")));
    }
    String::from_utf8(output.stdout).map_err(|_| Failure::new("rustfmt printed no UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_is_formatted_in_the_manner_of_the_house() {
        assert_eq!(formatted("struct  A { a :u8 }").unwrap(), "struct A {\n    a: u8,\n}\n");
    }

    #[test]
    fn what_is_no_rust_is_refused() {
        let failure = formatted("struct {").unwrap_err().to_string();
        assert!(failure.starts_with("generated text is no Rust: "), "{failure}");
    }
}
