//! The command line as a person or a script meets it: real files, real peers, real exit codes.

#![expect(clippy::unwrap_used, clippy::missing_assert_message, reason = "helpers of tests fail as tests do")]

mod bank;
mod chinese;
mod codecs;
mod deid;
mod demo;
mod dicom;
mod edge;
mod faults;
mod guide;
mod language;
mod measure;
mod pacs;
mod render;
mod research;
mod segments;
mod sources;

use std::path::Path;
use std::process::{Command, Output};

/// Runs `theatron` and gives its output.
pub(crate) fn theatron(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_theatron"))
        .args(arguments)
        .env("LC_ALL", "C")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("XDG_RUNTIME_DIR")
        .output()
        .unwrap()
}

/// Runs `theatron … --json` and gives exit code and answer.
pub(crate) fn json(arguments: &[&str]) -> (i32, serde_json::Value) {
    let mut all = arguments.to_vec();
    all.push("--json");
    let output = theatron(&all);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let answer = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error} in {text:?}\n{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), answer)
}

/// Runs the demo headless and gives exit code, what it said on stderr, and its report.
pub(crate) fn demo(arguments: &[&str], out: &Path) -> (i32, String, serde_json::Value) {
    let mut all = vec!["demo", "--headless", "--out", out.to_str().unwrap()];
    all.extend(arguments);
    let output = theatron(&all);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = std::fs::read_to_string(out.join("report.json")).unwrap_or_else(|_| "null".into());
    (output.status.code().unwrap(), said, serde_json::from_str(&report).unwrap())
}

/// Problems that admesh finds in an STL: degenerate facets, fixed edges, removed, added and reversed facets, wrong normals.
/// `None` where admesh is not installed (said aloud).
pub(crate) fn admesh_problems(stl: &Path) -> Option<Vec<(String, u64)>> {
    let program = tools_peers::process::installed("admesh", "admesh")?;
    let output = Command::new(program).arg(stl).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Number of parts"), "admesh did not read the file: {text}");
    let names = [
        "Degenerate facets",
        "Edges fixed",
        "Facets removed",
        "Facets added",
        "Facets reversed",
        "Backwards edges",
        "Normals fixed",
    ];
    let figure = |name: &str| {
        let after = text.split(name).nth(1)?.split(':').nth(1)?;
        after.split_whitespace().next()?.parse::<u64>().ok()
    };
    let found =
        names.map(|name| (name.to_owned(), figure(name).unwrap_or_else(|| panic!("no {name} in {text}"))));
    Some(found.into_iter().filter(|(_, count)| *count > 0).collect())
}
