//! The window at the end of the demo.

use std::path::Path;
use std::process::Command;

use app_engine::{Fault, FaultKind};

use super::stream::Served;

/// Whether a window can and should be opened.
pub(super) fn wanted(headless: bool) -> bool {
    let display =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|key| std::env::var_os(key).is_some_and(|v| !v.is_empty()));
    display && !headless
}

/// Opens the window on the demo's edge and waits until it is closed.
pub(super) fn open(served: &Served, case: &str, out: &Path) -> Result<(), Fault> {
    let program = crate::commands::view::client_program()?;
    eprintln!("  window    opening; close it to end the demo");
    let status = Command::new(&program)
        .arg("--edge")
        .arg(served.edge.addr().to_string())
        .arg("--pki")
        .arg(&served.client_pki)
        .arg("--bank")
        .arg(out.join("bank"))
        .args(["--case", case])
        .status()
        .map_err(|error| {
            Fault::told(FaultKind::Internal, format!("{} could not be started: {error}.", program.display()))
        })?;
    if status.success() {
        Ok(())
    } else {
        Err(Fault::new(
            FaultKind::Internal,
            format!("The window ended with {status}."),
            "The files of the demo are complete.",
            "Run `theatron doctor`, or the demo with --headless.",
        ))
    }
}
