//! The archives as files.

use serde_json::json;

use super::{Archive, Crk};

impl Crk {
    /// The archives as `--data` writes them: a file name and JSON lines for each register that
    /// sent something, a line per document and a last one with the analysis.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let numbers: Vec<String> =
            self.with_store(|store| store.registers.keys().cloned().collect());
        let archives = numbers.into_iter().map(|number| (self.archive(&number), number));
        archives
            .filter(|(archive, _)| archive.packages > 0)
            .map(|(archive, number)| (format!("crk-{number}.jsonl"), lines(archive)))
            .collect()
    }
}

fn lines(mut archive: Archive) -> String {
    let documents = std::mem::take(&mut archive.documents);
    let mut text = String::new();
    for document in documents {
        text.push_str(&json!(document).to_string());
        text.push('\n');
    }
    let mut analysis = json!(archive);
    if let Some(members) = analysis.as_object_mut() {
        members.remove("documents");
    }
    text.push_str(&json!({"analysis": analysis}).to_string());
    text.push('\n');
    text
}
