//! The client as a person starts it: in a window, without a display, in a headset.

mod edge;
mod headset;
mod window;

use std::path::{Path, PathBuf};
use std::process::Command;

use casebank_case::Actor;
use casebank_dicom::{SeriesInfo, write_series};
use casebank_store::Bank;
use meshing_volume::Silent;

/// The program under test.
pub(crate) fn client() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_theatron-client"))
}

/// A bank in `folder` with the phantom head as its only case; the case's id.
pub(crate) fn bank_with_a_head(folder: &Path) -> String {
    let slices = folder.join("slices");
    std::fs::create_dir_all(&slices).expect("a temporary folder can be written");
    let phantom = meshing_phantom::Phantom::head();
    let volume = phantom.volume(&phantom.default_grid());
    let info = SeriesInfo {
        seed: "client test".to_owned(),
        description: "Phantom head".to_owned(),
        body_part: "HEAD".to_owned(),
        number: 1,
        ..SeriesInfo::default()
    };
    write_series(&volume, &info, &slices).expect("a phantom can be written");
    let bank = Bank::open(folder.join("bank")).expect("a bank can be made");
    let actor = Actor::new("test").expect("a plain name");
    let imported =
        app_engine::import::import(&bank, &actor, &[slices], &Silent).expect("our own slices are read");
    imported.report.cases[0].case.to_string()
}

/// Runs a command and returns its exit code and what it wrote to standard error.
pub(crate) fn run(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().expect("the program can be started");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The report that a run wrote.
pub(crate) fn report(path: &Path) -> serde_json::Value {
    let bytes = std::fs::read(path).expect("the run wrote its report");
    serde_json::from_slice(&bytes).expect("the report is JSON")
}
