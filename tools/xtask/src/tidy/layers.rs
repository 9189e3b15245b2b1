//! The folder is the layer: an edge between folders must stand in `[workspace.metadata.layers]`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, Metadata};

/// Dev-dependencies are exempt: a test may use whatever shows it right.
pub(crate) fn check(root: &Path, metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let layers =
        metadata.workspace_metadata.get("layers").context("[workspace.metadata.layers] in Cargo.toml")?;
    let allowed: BTreeMap<String, Vec<String>> =
        serde_json::from_value(layers.clone()).context("layers are lists of names")?;
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        let Some(from) = layer(root, package.manifest_path.as_std_path()) else { continue };
        let expected = package.manifest_path.parent().and_then(|p| p.strip_prefix(root).ok());
        let expected = expected.map(|path| path.as_str().replace('/', "_")).unwrap_or_default();
        if package.name.as_str() != expected && package.name.as_str() != "xtask" {
            findings.push(format!("{} should be named {expected}: a crate's name is its path", package.name));
        }
        let Some(may_use) = allowed.get(&from) else {
            findings.push(format!("{} lies in {from}/, which is not a layer", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(path) =
                dependency.path.as_ref().filter(|_| dependency.kind != DependencyKind::Development)
            else {
                continue;
            };
            let Some(to) = layer(root, &path.join("Cargo.toml").into_std_path_buf()) else { continue };
            if to == "tools" || (to != from && !may_use.contains(&to)) {
                findings.push(format!(
                    "{} may not use {}: {from}/ → {to}/ is not an edge",
                    package.name, dependency.name
                ));
            }
        }
    }
    findings.extend(bevy_only_in_the_client(metadata));
    Ok(findings)
}

/// Only the window may know Bevy; everything else stays fast to build.
fn bevy_only_in_the_client(metadata: &Metadata) -> Vec<String> {
    let knows_bevy = |package: &&cargo_metadata::Package| {
        package.name.as_str() != "app_client"
            && package.dependencies.iter().any(|d| d.name.starts_with("bevy"))
    };
    let packages = metadata.workspace_packages();
    packages
        .into_iter()
        .filter(knows_bevy)
        .map(|p| format!("{} uses Bevy; only app/client may", p.name))
        .collect()
}

/// First folder below the root.
fn layer(root: &Path, manifest: &Path) -> Option<String> {
    let first = manifest.strip_prefix(root).ok()?.components().next()?;
    first.as_os_str().to_str().map(str::to_owned)
}
