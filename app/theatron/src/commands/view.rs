//! `theatron view`: starts the window beside this program.

use std::path::PathBuf;
use std::process::Command;

use app_engine::{Fault, FaultKind};
use serde_json::json;

use super::bank::BankArguments;
use crate::answer::Answer;

/// Open the window, or the headset.
#[derive(clap::Args)]
#[command(
    after_help = "Example: theatron view --edge 10.0.0.5:7443 --pki tablet\n         theatron view CASE --bank bank --xr"
)]
pub(crate) struct Arguments {
    /// A case of the bank.
    case: Option<String>,
    /// Stream from this edge.
    #[arg(long, value_name = "HOST:PORT", requires = "pki")]
    edge: Option<String>,
    /// Folder with this device's certificate.
    #[arg(long, value_name = "DIR")]
    pki: Option<PathBuf>,
    /// Use the headset.
    #[arg(long)]
    xr: bool,
    #[command(flatten)]
    bank: BankArguments,
}

/// The window's program, beside this one.
pub(crate) fn client_program() -> Result<PathBuf, Fault> {
    let beside = std::env::current_exe().ok().map(|exe| exe.with_file_name("theatron-client"));
    beside.filter(|program| program.is_file()).ok_or_else(|| {
        Fault::new(
            FaultKind::Internal,
            "The window's program, theatron-client, is not beside this one.",
            "Everything but the window works.",
            "Build it with `cargo build -p app_client`, or run the demo with --headless.",
        )
    })
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let mut command = Command::new(client_program()?);
    command.arg("--bank").arg(arguments.bank.folder());
    if let Some(case) = &arguments.case {
        command.args(["--case", case]);
    }
    if let (Some(edge), Some(pki)) = (&arguments.edge, &arguments.pki) {
        command.args(["--edge", edge]).arg("--pki").arg(pki);
    }
    if arguments.xr {
        command.arg("--xr");
    }
    let status = command.status().map_err(|error| {
        Fault::told(FaultKind::Internal, format!("The window's program could not be started: {error}."))
    })?;
    if status.success() {
        return Answer::new(&json!({"closed": true}), "");
    }
    let kind = match status.code() {
        Some(2) => FaultKind::Usage,
        Some(3) => FaultKind::Refused,
        Some(4) => FaultKind::Peer,
        _ => FaultKind::Internal,
    };
    Err(Fault::new(
        kind,
        "The window ended with an error; it is told above.",
        "",
        "`theatron doctor` checks this machine.",
    ))
}
