//! What xmllint says of many documents at once.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What xmllint says of one document.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) is_valid: bool,
    /// The lines of its complaints, in its order.
    pub(crate) lines: Vec<usize>,
    pub(crate) says: Vec<String>,
}

/// Whether the program is there.
pub(crate) fn is_there() -> bool {
    Command::new("xmllint").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Validates documents against a schema, by their numbers.
pub(crate) fn verdicts(schema: &Path, documents: &[Vec<u8>]) -> Vec<Verdict> {
    let folder = tempfile::tempdir().unwrap();
    let mut verdicts = Vec::new();
    for (chunk, documents) in documents.chunks(500).enumerate() {
        let paths: Vec<PathBuf> = (0..documents.len())
            .map(|number| folder.path().join(format!("{chunk}-{number}.xml")))
            .collect();
        for (path, document) in paths.iter().zip(documents) {
            fs::write(path, document).unwrap();
        }
        let mut command = Command::new("xmllint");
        let output = command
            .args(["--noout", "--nonet", "--schema"])
            .arg(schema)
            .args(&paths)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("failed to compile"), "{said}");
        let mut by_path: BTreeMap<&str, Verdict> = BTreeMap::new();
        for line in said.lines() {
            if let Some(path) = line.strip_suffix(" validates") {
                by_path.entry(path).or_default().is_valid = true;
            } else if let Some((path, rest)) = line.split_once(".xml:") {
                let path = &line[..path.len() + 4];
                let verdict = by_path.entry(path).or_default();
                let number = rest.split(':').next().and_then(|number| number.parse::<usize>().ok());
                verdict.lines.extend(number);
                verdict.says.push(rest.to_owned());
            }
        }
        for path in &paths {
            verdicts.push(by_path.remove(path.to_str().unwrap()).unwrap_or_default());
        }
    }
    verdicts
}
