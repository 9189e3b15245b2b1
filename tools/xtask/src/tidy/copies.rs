//! One copy of what must be one copy, and no licence that binds the user unawares. `deny.toml` says the same to
//! `cargo deny`, which is used where it is installed; this rule needs nothing but cargo.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::Metadata;

/// A second copy of one of these means two devices, two UI contexts or two kinds of vector in one process.
const ONE_COPY: [&str; 7] = ["wgpu", "wgpu-core", "naga", "bevy_app", "egui", "glam", "openxr"];

/// Licences that may be linked; each dependency must offer at least one choice made of these.
const LICENCES: [&str; 20] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "CC0-1.0",
    "Unlicense",
    "Unicode-3.0",
    "BSL-1.0",
    "MPL-2.0",
    "CDLA-Permissive-2.0",
    "OFL-1.1",
    "bzip2-1.0.6",
    "Ubuntu-font-1.0",
    "IJG",
];

#[expect(clippy::unnecessary_wraps, reason = "every rule has one signature")]
pub(crate) fn check(_root: &Path, metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut findings = Vec::new();
    for package in &metadata.packages {
        versions.entry(package.name.as_str()).or_default().insert(package.version.to_string());
        let Some(licence) = package.license.as_deref().filter(|_| package.source.is_some()) else { continue };
        if !allowed(licence) {
            findings.push(format!(
                "{} {} is under {licence}, which is not in the list",
                package.name, package.version
            ));
        }
    }
    for (name, found) in versions.iter().filter(|(name, found)| ONE_COPY.contains(*name) && found.len() > 1) {
        findings
            .push(format!("more than one {name}: {}", found.iter().cloned().collect::<Vec<_>>().join(", ")));
    }
    Ok(findings)
}

/// Whether an SPDX expression of ANDs, ORs and brackets offers a choice within [`LICENCES`].
fn allowed(expression: &str) -> bool {
    let flat = expression.replace('/', " OR ");
    let spaced = flat.replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "_WITH_");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any_of(&words, &mut at)
}

fn any_of(words: &[&str], at: &mut usize) -> bool {
    let mut ok = all_of(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        ok |= all_of(words, at);
    }
    ok
}

fn all_of(words: &[&str], at: &mut usize) -> bool {
    let mut ok = one(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        ok &= one(words, at);
    }
    ok
}

fn one(words: &[&str], at: &mut usize) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word != "(" {
        return LICENCES.contains(&word.replace("_WITH_", " WITH ").as_str());
    }
    let inside = any_of(words, at);
    *at += 1;
    inside
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn a_choice_is_enough_and_a_must_is_a_must() {
        assert!(allowed("MIT OR GPL-3.0-only"));
        assert!(allowed("MIT/Apache-2.0"));
        assert!(allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(allowed("Apache-2.0 WITH LLVM-exception OR GPL-2.0"));
        assert!(!allowed("AGPL-3.0"));
        assert!(!allowed("MIT AND GPL-3.0-only"));
    }
}
