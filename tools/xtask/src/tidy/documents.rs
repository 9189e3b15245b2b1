//! The map names every crate, and no document points at a file that is not there.

use std::path::Path;

use cargo_metadata::Metadata;

use super::{files, read};

/// ARCHITECTURE.md has a line for each crate.
pub(crate) fn map(root: &Path, metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let text = read(root, "ARCHITECTURE.md")?;
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().and_then(|p| p.strip_prefix(root).ok());
        let folder = folder.map(ToString::to_string).unwrap_or_default();
        if !text.contains(&format!("`{folder}`")) {
            findings.push(format!("ARCHITECTURE.md does not name `{folder}`"));
        }
    }
    Ok(findings)
}

/// Every relative link of every Markdown file leads somewhere.
pub(crate) fn links(root: &Path, _metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in files(root, &[".md"])? {
        let text = read(root, &path)?;
        let folder = root.join(&path).parent().map(Path::to_path_buf).unwrap_or_default();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or_default();
            let outside = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !outside && !folder.join(target).exists() {
                findings.push(format!("{path} links to {target}, which is not there"));
            }
        }
    }
    Ok(findings)
}
