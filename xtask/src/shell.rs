//! What the commands share: where the repository is, how a program is started, how a failure is told.

use std::{
    env,
    fmt::{self, Display},
    fs,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

/// A sentence for the person at the terminal; nothing reacts to it but the exit code.
#[derive(Debug)]
pub(crate) struct Failure(String);

/// The result of a command or of a part of it.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Whether a command writes what it makes or only compares it with what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write the files.
    Write,
    /// Compare, and fail on a difference.
    Check,
}

impl Failure {
    pub(crate) fn new(sentence: impl Display) -> Self {
        Self(sentence.to_string())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Mode {
    pub(crate) fn from_check_flag(check: bool) -> Self {
        if check { Self::Check } else { Self::Write }
    }
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

/// A command that runs in the folder of the workspace.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    // `cargo run` describes xtask itself in the environment.
    // Build scripts that watch these variables would run again after every change between `cargo` and `cargo xtask`.
    for (name, _) in env::vars_os() {
        if describes_this_package(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
}

/// A cargo command that runs in the folder of the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    command("cargo", arguments)
}

/// Says what runs, runs it, and fails when it does.
pub(crate) fn run(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    let status = command.status().map_err(|cause| cannot_start(command, &cause))?;
    if status.success() { Ok(()) } else { Err(ended_badly(command, status)) }
}

/// Like [`run`], and also hands back the lines of stdout, which the user sees as they come.
pub(crate) fn run_and_collect(command: &mut Command) -> Outcome<Vec<String>> {
    println!("$ {}", shown(command));
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|cause| cannot_start(command, &cause))?;
    let mut lines = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(|cause| cannot_start(command, &cause))?;
            println!("{line}");
            lines.push(line);
        }
    }
    let status = child.wait().map_err(|cause| cannot_start(command, &cause))?;
    if status.success() { Ok(lines) } else { Err(ended_badly(command, status)) }
}

/// The stdout of a command whose stderr goes to the user.
pub(crate) fn capture(command: &mut Command) -> Outcome<String> {
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|cause| cannot_start(command, &cause))?;
    if !output.status.success() {
        return Err(ended_badly(command, output.status));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::new(format!("`{}` printed no UTF-8", shown(command))))
}

/// Whether a program starts and ends well; its output is thrown away.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The text of a file; the failure names it.
pub(crate) fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path)
        .map_err(|cause| Failure::new(format!("cannot read {}: {cause}", path.display())))
}

/// Writes a file and the folders above it; the failure names it.
pub(crate) fn write(path: &Path, text: &str) -> Outcome {
    let folders = path.parent().map_or(Ok(()), fs::create_dir_all);
    folders
        .and_then(|()| fs::write(path, text))
        .map_err(|cause| Failure::new(format!("cannot write {}: {cause}", path.display())))
}

fn describes_this_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_NAME", "CARGO_CRATE_NAME"]
        .iter()
        .any(|prefix| variable.starts_with(prefix))
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}

fn cannot_start(command: &Command, cause: &io::Error) -> Failure {
    Failure::new(format!("cannot run `{}`: {cause}", shown(command)))
}

fn ended_badly(command: &Command, status: ExitStatus) -> Failure {
    Failure::new(format!("`{}` failed ({status})", shown(command)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(read(&root().join("Cargo.toml")).unwrap().contains("[workspace]"));
    }

    #[test]
    fn a_failing_program_is_named_with_its_arguments() {
        let failure = run(&mut cargo(&["no-such-subcommand"])).unwrap_err().to_string();
        assert!(failure.starts_with("`cargo no-such-subcommand` failed"), "{failure}");
    }

    #[test]
    fn lines_of_stdout_are_collected() {
        let lines = run_and_collect(&mut cargo(&["--version"])).unwrap();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("cargo "));
    }

    #[test]
    fn only_the_description_of_the_running_package_is_dropped() {
        assert!(describes_this_package("CARGO_MANIFEST_DIR"));
        assert!(describes_this_package("CARGO_PKG_NAME"));
        assert!(!describes_this_package("CARGO_HOME"));
        assert!(!describes_this_package("CARGO_TARGET_DIR"));
    }
}
