//! The gate: each step is one command that also runs alone.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail};

/// Crates that need the window stack; everything else builds and tests without it.
const WINDOW_CRATES: [&str; 1] = ["app_client"];

/// Runs all steps, or the one named.
///
/// # Errors
/// Names the first step that failed.
pub(crate) fn run(root: &Path, fast: bool, only: Option<&str>) -> anyhow::Result<()> {
    let mut scope = vec!["--workspace".to_owned()];
    if fast {
        scope.extend(WINDOW_CRATES.iter().flat_map(|name| ["--exclude".to_owned(), (*name).to_owned()]));
    }
    let cargo = |words: &[&str], tail: &[&str]| {
        let mut command = Command::new("cargo");
        command.current_dir(root).args(words).args(&scope).args(tail);
        command
    };
    let mut documentation = cargo(&["doc", "--no-deps", "--quiet"], &[]);
    documentation
        .env("RUSTDOCFLAGS", "-D rustdoc::broken_intra_doc_links -D rustdoc::private_intra_doc_links");
    let mut format = Command::new("cargo");
    format.current_dir(root).args(["fmt", "--all", "--check"]);
    let steps: [(&str, Option<Command>); 5] = [
        ("fmt", Some(format)),
        ("tidy", None),
        ("clippy", Some(cargo(&["clippy", "--all-targets"], &["--", "-D", "warnings"]))),
        ("test", Some(cargo(&["test"], &["--no-fail-fast"]))),
        ("doc", Some(documentation)),
    ];
    if let Some(name) = only.filter(|name| !steps.iter().any(|(step, _)| step == name)) {
        bail!("there is no step {name:?}; the steps are fmt, tidy, clippy, test, doc");
    }
    let mut took = Vec::new();
    for (name, command) in steps {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        println!("── {name}");
        let start = Instant::now();
        match command {
            None => crate::tidy::run(root)?,
            Some(mut command) => {
                let status = command.status().with_context(|| format!("start {command:?}"))?;
                if !status.success() {
                    bail!("step {name} failed; run it alone with: cargo xtask ci --only {name}");
                }
            }
        }
        took.push(format!("{name} {:.0} s", start.elapsed().as_secs_f64()));
    }
    println!("── passed: {}", took.join(", "));
    Ok(())
}
