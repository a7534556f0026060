//! A short look at every fuzz target on stable Rust, so that continuous integration can run the
//! very code that cargo-fuzz runs, without nightly Rust and in about a minute.
//!
//! The files of `fuzz/fuzz_targets` are modules here, and a macro of the same name stands in for
//! that of `libfuzzer-sys`. Each target gets its seeds (`python3 fuzz/seed.py <folder>`), then
//! changes of them that follow from a number, and no coverage guides them: this finds what broke,
//! and cargo-fuzz finds what is new.
//!
//! `cargo run -p fuzz-short -- <folder of seeds> [target]`

mod mutation;
mod run;
mod stand_in;

use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
};

// The targets name the macro by the crate that cargo-fuzz gives them.
extern crate self as libfuzzer_sys;

pub(crate) use stand_in::fuzz_target;

/// Declares the targets, each named after its file.
macro_rules! targets {
    ($($name:ident = $path:literal,)+) => {
        $(
            #[path = $path]
            mod $name;
        )+

        const TARGETS: &[run::Target] =
            &[$(run::Target { name: stringify!($name), run: $name::target },)+];
    };
}

targets! {
    amount_json = "../../fuzz_targets/amount_json.rs",
    c14n = "../../fuzz_targets/c14n.rs",
    crk_answers = "../../fuzz_targets/crk_answers.rs",
    crk_command_id = "../../fuzz_targets/crk_command_id.rs",
    crk_document = "../../fuzz_targets/crk_document.rs",
    crk_jose = "../../fuzz_targets/crk_jose.rs",
    epp_date = "../../fuzz_targets/epp_date.rs",
    epp_statement = "../../fuzz_targets/epp_statement.rs",
    kros_notification = "../../fuzz_targets/kros_notification.rs",
    ksef_check = "../../fuzz_targets/ksef_check.rs",
    ksef_v1_answers = "../../fuzz_targets/ksef_v1_answers.rs",
    ksef_v1_archive = "../../fuzz_targets/ksef_v1_archive.rs",
    numbers = "../../fuzz_targets/numbers.rs",
    package_open = "../../fuzz_targets/package_open.rs",
    xades_verify = "../../fuzz_targets/xades_verify.rs",
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        [seeds] => run::all(TARGETS.iter(), seeds.as_ref()),
        [seeds, name] => run::all(TARGETS.iter().filter(|one| one.name == name), seeds.as_ref()),
        _ => Err("usage: fuzz-short <folder of seeds> [target]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // When nobody reads stderr any more, the exit code still tells.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn every_target_of_cargo_fuzz_is_run_here() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz_targets");
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        let here: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        assert_eq!(here, names);
    }
}
