//! Each hazard names the test that guards it, and that test exists.

use std::path::Path;

use cargo_metadata::Metadata;

use super::{files, read};

/// Rows of `docs/hazards.md` look like `| H7 | what may go wrong | … | `crate::test_name` |`.
pub(crate) fn check(root: &Path, _metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let table = read(root, "docs/hazards.md")?;
    let sources = files(root, &[".rs"])?;
    let mut findings = Vec::new();
    for row in table.lines().filter(|line| line.starts_with("| H")) {
        let id = row.split('|').nth(1).unwrap_or_default().trim();
        let tests: Vec<&str> = row.split('`').skip(1).step_by(2).filter(|word| word.contains("::")).collect();
        if tests.is_empty() {
            findings.push(format!("docs/hazards.md: {id} names no test"));
        }
        for test in tests {
            if !exists(root, &sources, test)? {
                findings.push(format!("docs/hazards.md: {id}: there is no test {test}"));
            }
        }
    }
    Ok(findings)
}

/// Whether `crate_name::…::function` is a function marked `#[test]` somewhere in that crate.
fn exists(root: &Path, sources: &[String], test: &str) -> anyhow::Result<bool> {
    let (Some((crate_name, _)), Some((_, function))) = (test.split_once("::"), test.rsplit_once("::")) else {
        return Ok(false);
    };
    let folder = format!("{}/", crate_name.replacen('_', "/", 1));
    let signature = format!("fn {function}(");
    for path in sources.iter().filter(|path| path.starts_with(&folder)) {
        let text = read(root, path)?;
        let found = text.match_indices(&signature).any(|(at, _)| {
            let before: Vec<&str> = text[..at].lines().rev().take(8).collect();
            before.iter().any(|line| line.contains("#[test]") || line.contains("::test"))
        });
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}
