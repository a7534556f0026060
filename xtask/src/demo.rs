//! `cargo xtask demo`: plays the scenes that show the clients at work against the sandbox.
//!
//! A scene is an example of a client crate; it gets the folder of the repository and leaves its artefacts under `target/demo/<scene>/`.

use std::path::Path;

use crate::{
    fixtures::ksef_examples,
    shell::{self, Failure, Outcome},
};

/// How many invoices the batch of the scene `ksef-v1` has.
const BATCH: u32 = 2000;

struct Scene {
    name: &'static str,
    package: &'static str,
    /// Examples of one workspace share a folder, so their names tell the crates apart.
    example: &'static str,
    /// Makes what is too much for a folder of fixtures, in the folder of the artefacts.
    prepare: fn(&Path) -> Outcome,
}

const SCENES: &[Scene] = &[
    Scene { name: "kros", package: "kros-client", example: "kros-demo", prepare: nothing },
    Scene { name: "epp", package: "epp-client", example: "epp-demo", prepare: nothing },
    Scene {
        name: "ksef-v1",
        package: "ksef-client",
        example: "ksef-v1-demo",
        prepare: batch_of_invoices,
    },
    Scene { name: "ksef-v2", package: "ksef-client", example: "ksef-v2-demo", prepare: nothing },
    Scene { name: "ekasy", package: "ekasy-device", example: "ekasy-demo", prepare: nothing },
];

/// Plays one scene, or all of them in order.
pub(crate) fn run(name: Option<&str>) -> Outcome {
    let Some(name) = name else { return SCENES.iter().try_for_each(play) };
    play(scene(name)?)
}

fn scene(name: &str) -> Outcome<&'static Scene> {
    SCENES.iter().find(|scene| scene.name == name).ok_or_else(|| {
        let known: Vec<_> = SCENES.iter().map(|scene| scene.name).collect();
        Failure::new(format!("there is no scene `{name}`; the scenes are: {}", known.join(", ")))
    })
}

fn play(scene: &Scene) -> Outcome {
    let artefacts = format!("target/demo/{}", scene.name);
    let folder = shell::root().join(&artefacts);
    std::fs::create_dir_all(&folder)
        .map_err(|cause| Failure::new(format!("cannot make {artefacts}: {cause}")))?;
    (scene.prepare)(&folder)?;
    let root = shell::root();
    let root = root.to_string_lossy();
    let mut arguments = vec!["run", "-q", "-p", scene.package, "--all-features"];
    arguments.extend(["--example", scene.example, "--", &root]);
    shell::run(&mut shell::cargo(&arguments))
}

#[expect(clippy::unnecessary_wraps, reason = "other scenes have preparations that can fail")]
fn nothing(_: &Path) -> Outcome {
    Ok(())
}

fn batch_of_invoices(folder: &Path) -> Outcome {
    let folder = folder.join("batch");
    ksef_examples::batch(BATCH).try_for_each(|(name, text)| shell::write(&folder.join(name), &text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_scene_is_refused_with_the_list_of_scenes() {
        let failure = run(Some("opera")).unwrap_err().to_string();
        let scenes = "kros, epp, ksef-v1, ksef-v2, ekasy";
        assert_eq!(failure, format!("there is no scene `opera`; the scenes are: {scenes}"));
    }
}
