//! Project tasks: what the continuous integration runs and what keeps the house in order.
//!
//! `cargo xtask ci` is the whole gate; `cargo xtask ci --fast` leaves out the crates that need the window stack;
//! `cargo xtask tidy` only reads files and takes a second.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people and logs")]

mod ci;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// Project tasks of Theatron.
#[derive(Parser)]
#[command(name = "xtask", after_help = "Example: cargo xtask ci --fast")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Format, tidy, lints, tests, documentation: all that must pass before a change lands.
    Ci {
        /// Leave out the crates that need Bevy.
        #[arg(long)]
        fast: bool,
        /// Run only the step of this name (fmt, tidy, clippy, test, doc).
        #[arg(long)]
        only: Option<String>,
    },
    /// Check layers, map, hazards, links, licences and second copies.
    Tidy,
}

fn main() -> ExitCode {
    let result = root().and_then(|root| match Arguments::parse().task {
        Task::Ci { fast, only } => ci::run(&root, fast, only.as_deref()),
        Task::Tidy => tidy::run(&root),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace, from wherever the task is called.
fn root() -> anyhow::Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(Path::to_path_buf).context("the workspace root above tools/xtask")
}
