//! The check before sending against samples, and against xmllint on invoices made and changed by
//! chance.

mod breaking;
mod facts;
mod making;
mod mutation;
mod tree;
mod xmllint;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use ksef_client::{
    check::{Finding, FindingKind, Profile, Report, check},
    v2::Environment,
};
use rand::{SeedableRng as _, rngs::StdRng};
use tempfile::TempDir;

use self::{
    facts::Facts,
    mutation::{Kind, Mutated},
    tree::Element,
    xmllint::Verdict,
};

/// The forms: the file of their facts, and the authority's file.
const FORMS: [(&str, &str); 3] = [
    ("fa-2", "fa/schemat_FA(2)_v1-0E.xsd"),
    ("fa-3", "fa/schemat_FA(3)_v1-0E.xsd"),
    ("fa-rr-1", "rr/schemat_FA_RR(1)_v1-1E.xsd"),
];

fn checked(document: &[u8]) -> Report {
    check(document, &Profile::at(&Environment::Test))
}

fn is_valid(report: &Report) -> bool {
    let is_schema = |kind: FindingKind| kind.is_of_schema() || kind == FindingKind::Form;
    !report.findings().iter().any(|finding| is_schema(finding.kind()))
}

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn reference() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/ksef-v2");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: the reference folder is not beside the repository");
    None
}

#[expect(clippy::disallowed_methods, reason = "CI sets a variable to forbid skipping")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn has_xmllint() -> bool {
    let is_there = xmllint::is_there();
    assert!(is_there || std::env::var_os("FISKUS_REQUIRE_ORACLES").is_none(), "xmllint is missing");
    if !is_there {
        println!("SKIPPED: xmllint is not installed");
    }
    is_there
}

/// The samples of the reference folder for a form, templates with values in their blanks.
fn samples(reference: &Path, form: &Facts) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in SAMPLES {
        for entry in fs::read_dir(reference.join("samples").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = filled(&fs::read_to_string(&path).unwrap());
            if text.contains(form.namespace()) {
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

const SAMPLES: [&str; 5] =
    ["fa3-ministry", "fa3-types", "csharp-templates", "java-templates", "pdf-generator"];

/// A template with a value in every blank, as `#nip#`: all blanks but those of dates and numbers of
/// invoices are tax numbers.
fn filled(text: &str) -> String {
    let pieces: Vec<_> = text.split('#').collect();
    if text.contains("&#") || pieces.len() % 2 == 0 {
        return text.to_owned();
    }
    let fill = |(number, piece): (usize, &&str)| match *piece {
        piece if number % 2 == 0 => piece.to_owned(),
        piece if piece.contains("date") => "2026-02-01".to_owned(),
        piece if piece.contains("number") => "FV/1".to_owned(),
        _ => "9990000103".to_owned(),
    };
    pieces.iter().enumerate().map(fill).collect()
}

/// The published schema of a form with its imports found beside it, or the one that the facts tell.
fn schema(form: usize, reference: Option<&Path>, folder: &Path) -> PathBuf {
    let (facts, file) = FORMS[form];
    let Some(reference) = reference else {
        Facts::of(facts).write_schemas(folder);
        return folder.join("form.xsd");
    };
    let base = "http://crd.gov.pl/xml/schematy/dziedzinowe/mf/2022/01/05/eD/DefinicjeTypy/";
    let localised = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        text.replace(&format!("schemaLocation=\"{base}"), "schemaLocation=\"")
    };
    for entry in fs::read_dir(reference.join("xsd/fa/bazowe")).unwrap() {
        let path = entry.unwrap().path();
        fs::write(folder.join(path.file_name().unwrap()), localised(&path)).unwrap();
    }
    fs::write(folder.join("form.xsd"), localised(&reference.join("xsd").join(file))).unwrap();
    folder.join("form.xsd")
}

/// The schemas to ask xmllint with: the one that the facts tell, and the published one where it is.
fn schemas(form: usize) -> Vec<(TempDir, PathBuf)> {
    let sources = [None, reference()];
    let with_published = sources.iter().enumerate().filter(|(at, one)| *at == 0 || one.is_some());
    with_published
        .map(|(_, source)| {
            let folder = tempfile::tempdir().unwrap();
            let path = schema(form, source.as_deref(), folder.path());
            (folder, path)
        })
        .collect()
}

#[test]
fn samples_of_the_reference_folder_pass() {
    let Some(reference) = reference() else { return };
    let mut count = 0;
    for (form, (name, _)) in FORMS.iter().enumerate() {
        let samples = samples(&reference, &Facts::of(name));
        assert!(!samples.is_empty(), "{name}");
        let documents: Vec<_> = samples.iter().map(|(_, text)| text.clone().into_bytes()).collect();
        let folder = tempfile::tempdir().unwrap();
        let verdicts = if has_xmllint() {
            let schema = schema(form, Some(&reference), folder.path());
            xmllint::verdicts(&schema, &documents)
        } else {
            Vec::new()
        };
        for (number, (path, text)) in samples.iter().enumerate() {
            let report = checked(text.as_bytes());
            let shown = shown(report.findings());
            // Two templates stay wrong when their blanks are filled, as xmllint says.
            let is_template = path.to_string_lossy().contains("templates");
            assert!(report.passes() || is_template, "{} {shown}", path.display());
            if let Some(verdict) = verdicts.get(number) {
                assert_eq!(is_valid(&report), verdict.is_valid, "{} {shown}", path.display());
            }
            count += usize::from(report.passes());
        }
    }
    println!("{count} samples pass");
    assert!(count >= 24, "{count} samples pass");
}

#[test]
fn examples_of_the_repository_pass_but_for_the_one_with_a_wrong_day() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ksef/examples");
    let mut failed = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            let report = checked(&fs::read(&path).unwrap());
            failed.extend(report.findings().iter().map(|finding| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, finding.kind(), finding.path().to_owned())
            }));
        }
    }
    let wrong_day = ("fa2-0007.xml".to_owned(), FindingKind::Value, "/Faktura/Fa/P_1".to_owned());
    assert_eq!(failed, [wrong_day]);
}

#[test]
fn invoices_made_from_the_schemas_pass_and_are_valid_by_xmllint() {
    for (form, (name, _)) in FORMS.iter().enumerate() {
        let facts = Facts::of(name);
        let made: Vec<_> = (0..MADE)
            .map(|seed| {
                making::invoice(&facts, &mut StdRng::seed_from_u64(seed)).write().into_bytes()
            })
            .collect();
        for (seed, document) in made.iter().enumerate() {
            let report = checked(document);
            assert!(report.passes(), "{name} {seed} {}", shown(report.findings()));
        }
        if has_xmllint() {
            for (_folder, schema) in schemas(form) {
                let invalid = xmllint::verdicts(&schema, &made).into_iter().enumerate();
                let invalid: Vec<_> = invalid.filter(|(_, verdict)| !verdict.is_valid).collect();
                assert!(invalid.is_empty(), "{name} {invalid:?}");
            }
        }
    }
}

/// How many invoices are made for each form.
const MADE: u64 = 60;
/// How many changes are made of invoices of each form.
const CHANGES: usize = 600;

/// The seed, which a longer run by hand changes.
#[expect(clippy::disallowed_methods, reason = "a longer run is asked for by hand")]
fn seed() -> u64 {
    std::env::var("CHECK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

#[test]
fn changed_invoices_are_judged_as_by_xmllint_and_the_place_is_right() {
    if !has_xmllint() {
        return;
    }
    let mut tally: BTreeMap<(Kind, bool), usize> = BTreeMap::new();
    for (form, (name, _)) in FORMS.iter().enumerate() {
        let facts = Facts::of(name);
        let mut random = StdRng::seed_from_u64(seed() * 10 + form as u64);
        let mut valid: Vec<_> = (0..MADE).map(|_| making::invoice(&facts, &mut random)).collect();
        if let Some(reference) = reference() {
            let samples = samples(&reference, &facts).into_iter().map(|(_, text)| text);
            let passing = samples.filter(|text| checked(text.as_bytes()).passes());
            valid.extend(passing.map(|text| Element::read(&text)));
        }
        let mut changed = Vec::new();
        while changed.len() < CHANGES {
            let valid = &valid[changed.len() % valid.len()];
            changed.extend(mutation::mutated(valid, &mut random));
        }
        let documents: Vec<_> = changed.iter().map(|one| one.tree.write().into_bytes()).collect();
        let mut faults = Vec::new();
        for (_folder, schema) in schemas(form) {
            let verdicts = xmllint::verdicts(&schema, &documents);
            for ((changed, document), verdict) in changed.iter().zip(&documents).zip(&verdicts) {
                let report = checked(document);
                *tally.entry((changed.kind, verdict.is_valid)).or_default() += 1;
                if let Some(fault) = fault(changed, &report, verdict) {
                    faults.push(fault);
                }
            }
        }
        assert!(
            faults.is_empty(),
            "{name}: {} of {CHANGES}\n{}",
            faults.len(),
            faults[..faults.len().min(15)].join("\n\n")
        );
    }
    for ((kind, is_valid), count) in &tally {
        println!("{kind:?} {}: {count}", if *is_valid { "valid" } else { "invalid" });
    }
    let invalid: usize = tally.iter().filter(|((_, is_valid), _)| !is_valid).map(|(_, n)| n).sum();
    assert!(invalid > 1000, "{invalid} changes make an invoice invalid");
}

/// How many texts are broken for each form.
const BROKEN: usize = 600;

#[test]
fn broken_texts_are_refused_as_by_xmllint() {
    if !has_xmllint() {
        return;
    }
    for (form, (name, _)) in FORMS.iter().enumerate() {
        let facts = Facts::of(name);
        let mut random = StdRng::seed_from_u64(seed() * 10 + 5 + form as u64);
        let valid = making::invoice(&facts, &mut random).write();
        let documents: Vec<_> =
            (0..BROKEN).map(|_| breaking::broken(&valid, &mut random)).collect();
        let folder = tempfile::tempdir().unwrap();
        let verdicts = xmllint::verdicts(&schema(form, None, folder.path()), &documents);
        let differs = |(document, verdict): &(&Vec<u8>, &Verdict)| {
            let report = checked(document);
            is_valid(&report) != verdict.is_valid && !is_stricter(&report, verdict)
        };
        let faults: Vec<_> = documents.iter().zip(&verdicts).filter(differs).collect();
        let shown = faults.iter().take(12).map(|(document, verdict)| {
            let (ours, text) = (shown(checked(document).findings()), difference(&valid, document));
            format!("ours: {ours}\nxmllint: {}\n{text}", verdict.says.join("\n"))
        });
        let shown: Vec<_> = shown.collect();
        assert!(faults.is_empty(), "{name}: {} of {BROKEN}\n{}", faults.len(), shown.join("\n\n"));
    }
}

/// Whether KSeF is known to refuse, or XML 1.0 forbids, what xmllint takes: other names of UTF-8 and
/// other encodings, and versions such as `1.`.
fn is_stricter(report: &Report, verdict: &Verdict) -> bool {
    let names_encoding =
        report.findings().iter().any(|finding| finding.kind() == FindingKind::Encoding);
    let warns_of_version = verdict.says.iter().any(|says| says.contains("Unsupported version"));
    names_encoding && is_valid(report) || warns_of_version && verdict.is_valid
}

/// The lines of a broken text that are not in the valid one.
fn difference(valid: &str, document: &[u8]) -> String {
    let text = String::from_utf8_lossy(document);
    let lines: Vec<_> =
        text.lines().filter(|line| !valid.lines().any(|one| one == *line)).collect();
    format!("{lines:?}")
}

/// What the check and xmllint see differently, or a place that is wrong.
fn fault(changed: &Mutated, report: &Report, verdict: &Verdict) -> Option<String> {
    let findings = report.findings();
    let told = || {
        format!(
            "{:?} at {}\nours: {}\nxmllint: {}",
            changed.kind,
            changed.path,
            shown(findings),
            verdict.says.join("\n")
        )
    };
    if is_valid(report) != verdict.is_valid {
        return Some(format!("VERDICT {}", told()));
    }
    // xmllint gives up a content after its first complaint, so that more may be found here.
    if let Some(line) = verdict.lines.first()
        && !findings.iter().any(|finding| is_told(finding, *line, &changed.tree))
    {
        return Some(format!("LINE {line} {}", told()));
    }
    let wrong = findings.iter().find(|finding| !is_placed(finding, &changed.tree));
    if let Some(wrong) = wrong {
        return Some(format!(
            "PATH {wrong} but {:?}\n{}",
            changed.tree.path_at(wrong.line()),
            told()
        ));
    }
    let is_named = findings.iter().any(|finding| names_change(finding, changed));
    (!verdict.is_valid && !is_named).then(|| format!("CHANGE {}", told()))
}

/// Whether a finding is what xmllint tells of in a line. An element in a value is told of where it
/// stands, and by xmllint in the line of the value.
fn is_told(finding: &Finding, line: usize, tree: &Element) -> bool {
    let path = without_numbers(finding.path());
    let parent = path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
    let is_in_value = finding.what().contains("in a value");
    finding.line() == line || is_in_value && parent.is_some() && tree.path_at(line) == parent
}

/// Whether the path of a finding is that of the element in its line, or of a part of it.
fn is_placed(finding: &Finding, tree: &Element) -> bool {
    let path = without_numbers(finding.path());
    let Some(there) = tree.path_at(finding.line()) else { return false };
    let parent = there.rsplit_once('/').map_or("", |(parent, _)| parent);
    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
    match finding.kind() {
        FindingKind::MissingElement => {
            [parent, &there].contains(&path.as_str()) || [parent, &there].contains(&above)
        }
        FindingKind::Attribute => above == there && path.contains("/@"),
        FindingKind::NotWellFormed => true,
        // What is put into a value stands in the line of the value.
        FindingKind::Unexpected => path == there || above == there,
        _ => path == there,
    }
}

/// Whether a finding speaks of the element that was changed, of its parent, or of one of its
/// parent's or its own children.
fn names_change(finding: &Finding, changed: &Mutated) -> bool {
    let path = without_numbers(finding.path());
    let at = &changed.path;
    let parent = |path: &str| path.rsplit_once('/').map_or(String::new(), |(up, _)| up.to_owned());
    if changed.kind == Kind::Value {
        let is_text = [FindingKind::Value, FindingKind::Unexpected].contains(&finding.kind());
        return path == *at && is_text;
    }
    [path.clone(), parent(&path)].iter().any(|path| *path == *at || *path == parent(at))
}

fn without_numbers(path: &str) -> String {
    let parts = path.split('/').map(|part| part.split('[').next().unwrap_or(part));
    parts.collect::<Vec<_>>().join("/")
}

fn shown(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}
