//! Real peers and real data for tests: Orthanc and DCMTK as child processes, scans unpacked once.
//!
//! ```no_run
//! use tools_peers::{Orthanc, OrthancOptions};
//!
//! // #[test]
//! fn a_pacs_answers() {
//!     tools_peers::in_private_network!();
//!     let Some(pacs) = Orthanc::start(&OrthancOptions::default()) else { return };
//!     assert_eq!(pacs.json("/instances"), serde_json::json!([]));
//! }
//! ```
//!
//! A peer that is not installed skips the test with a line on standard error, or fails it where `THEATRON_PEERS=required`
//! (as in CI). Nothing here is depended on outside of tests.

pub mod data;
pub mod dcmtk;
pub mod monado;
pub mod namespace;
pub mod orthanc;
pub mod process;

pub use dcmtk::{DcmQrScp, StoreScp};
pub use orthanc::{Modality, Orthanc, OrthancOptions};

/// A line for the person who reads the test's output.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen; nothing else carries it in a test")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}
