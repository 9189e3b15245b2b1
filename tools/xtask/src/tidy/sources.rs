//! Rules about the text of the sources.

use std::path::Path;

use cargo_metadata::Metadata;

use super::{files, read};

/// A longer file has a seam somewhere.
const LINES_PER_FILE: usize = 800;

/// Files stay readable, speak of the project alone, and leave nothing half done.
pub(crate) fn check(root: &Path, _metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    // Spelled in two halves so that this rule does not find itself.
    let unfinished = [["to", "do!("].concat(), ["FIX", "ME"].concat(), ["#[ig", "nore"].concat()];
    let places = ["work", "root", "home"].map(|folder| format!("/{folder}/"));
    for path in files(root, &[".rs", ".wgsl", ".sh", ".py", ".toml", ".md"])? {
        let text = read(root, &path)?;
        let lines = text.lines().count();
        if lines > LINES_PER_FILE && Path::new(&path).extension().is_none_or(|e| e != "md") {
            findings.push(format!("{path} has {lines} lines; find the seam (limit {LINES_PER_FILE})"));
        }
        for word in unfinished.iter().filter(|word| text.contains(word.as_str())) {
            findings.push(format!("{path} contains {word}: finish it or write it down in docs/progress.md"));
        }
        for (number, line) in text.lines().enumerate() {
            let machine = places.iter().find(|place| {
                line.match_indices(place.as_str()).any(|(at, _)| {
                    line[..at]
                        .chars()
                        .next_back()
                        .is_none_or(|c| !(c.is_ascii_alphanumeric() || "_.-/$}".contains(c)))
                })
            });
            if let Some(place) = machine {
                findings.push(format!("{path}:{} names a folder of one machine ({place})", number + 1));
            }
        }
    }
    Ok(findings)
}
