//! Starts real peers (Orthanc, DCMTK, Monado) for tests.

pub mod data;

/// A line for the person who reads the test's output.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen; nothing else carries it in a test")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}
