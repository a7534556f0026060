//! A PostgreSQL of one's own, from the distribution's package, for tests and campaigns.

use std::{
    io::{self, BufRead as _, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
};

/// Chooses the user: the server does not run as root.
const AS_USER: &str = r#"
    if [ "$(id -u)" = 0 ]; then exec runuser -u postgres -- sh -c "$1" sh "$2"; fi
    exec sh -c "$1" sh "$2"
"#;

/// Makes a server in a new folder, tells the folder, and takes everything away again once its
/// input ends: also when the process at the other end is killed.
const SERVE: &str = r#"
    cd /
    for programs in /usr/lib/postgresql/*/bin; do PATH="$PATH:$programs"; done
    command -v initdb >/dev/null && command -v pg_ctl >/dev/null || { echo missing; exit; }
    # The path of a socket is at most 107 bytes long, and $TMPDIR may be somebody else's.
    folder=$(TMPDIR= mktemp -d) || exit 1
    trap 'pg_ctl -D "$folder/data" -m immediate stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
    trap 'exit 1' INT TERM HUP
    initdb -D "$folder/data" -U fiskus -A trust -E UTF8 --locale=C --no-sync >/dev/null || exit 1
    pg_ctl -D "$folder/data" -l "$folder/log" -w -o "-k $folder -c listen_addresses= -c fsync=$1 \
        -c max_connections=200" start >/dev/null </dev/null || { cat "$folder/log" >&2; exit 1; }
    echo "$folder"
    read -r _ || true
"#;

/// Whether commits are forced to the disk.
#[derive(Clone, Copy)]
pub(crate) enum Disk {
    /// They are, as in production.
    #[allow(dead_code, reason = "the campaign alone needs it")]
    Forced,
    /// They are not; nothing in a test stops the whole machine.
    #[allow(dead_code, reason = "the tests alone need it")]
    Lazy,
}

/// A running server. It stops when this is dropped, or with the process.
pub(crate) struct Server {
    folder: String,
    input: Option<ChildStdin>,
    shell: Child,
}

impl Server {
    /// Starts a server on a socket in a folder of its own; `None` without the programs.
    pub(crate) fn start(disk: Disk) -> io::Result<Option<Self>> {
        let fsync = match disk {
            Disk::Forced => "on",
            Disk::Lazy => "off",
        };
        let mut shell = Command::new("sh")
            .args(["-c", AS_USER, "sh", SERVE, fsync])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = shell.stdin.take();
        let mut line = String::new();
        if let Some(output) = shell.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        match line.trim_end() {
            "missing" => Ok(None),
            "" => Err(io::Error::other("PostgreSQL did not start")),
            folder => Ok(Some(Self { folder: folder.to_owned(), input, shell })),
        }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("host={} user=fiskus dbname=postgres", self.folder)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.input = None;
        self.shell.wait().ok();
    }
}
