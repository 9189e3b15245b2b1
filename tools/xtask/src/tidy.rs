//! House rules that a compiler does not know.

mod copies;
mod documents;
mod hazards;
mod layers;
mod sources;

use std::path::Path;

use anyhow::{Context as _, bail};
use cargo_metadata::{Metadata, MetadataCommand};

/// One rule: its name and what it finds wrong.
type Rule = (&'static str, fn(&Path, &Metadata) -> anyhow::Result<Vec<String>>);

/// Every rule of the house, in the order they are reported.
const RULES: [Rule; 6] = [
    ("layers", layers::check),
    ("map", documents::map),
    ("links", documents::links),
    ("hazards", hazards::check),
    ("sources", sources::check),
    ("copies", copies::check),
];

/// Runs every rule and prints what each finds.
///
/// # Errors
/// When a rule finds something, or cannot be run.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let metadata = MetadataCommand::new().current_dir(root).exec().context("cargo metadata")?;
    let mut wrong = 0;
    for (name, rule) in RULES {
        for finding in rule(root, &metadata).with_context(|| format!("rule {name}"))? {
            println!("tidy: {name}: {finding}");
            wrong += 1;
        }
    }
    if wrong > 0 {
        bail!("{wrong} findings; each line above says what to change");
    }
    println!("tidy: {} rules hold", RULES.len());
    Ok(())
}

/// Paths of tracked and new files below the root that end in one of the endings, relative to the root.
fn files(root: &Path, endings: &[&str]) -> anyhow::Result<Vec<String>> {
    let output = std::process::Command::new("git")
        .current_dir(root)
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("git ls-files")?;
    let listing = String::from_utf8(output.stdout).context("file names are UTF-8")?;
    let wanted =
        |path: &&str| endings.iter().any(|ending| path.ends_with(ending)) && root.join(path).is_file();
    Ok(listing.lines().filter(wanted).map(str::to_owned).collect())
}

/// The text of a file below the root.
fn read(root: &Path, path: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(root.join(path)).with_context(|| format!("read {path}"))
}
