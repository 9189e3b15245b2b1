//! `theatron dicom`: DICOM objects from the shell.

mod convert;
mod deid;
mod look;

use std::path::PathBuf;

use app_engine::Fault;

use crate::answer::Answer;

/// Look into DICOM objects, check them, rewrite them, de-identify them.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron dicom dump REPORT.dcm\n  theatron dicom deid CT_FOLDER OUT --secret-file project.secret"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print the elements of an object. They say who the patient is.
    #[command(after_help = "Example: theatron dicom dump REPORT.dcm")]
    Dump {
        /// The object.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Tell which attributes an object lacks; asks dciodvfy too where it is installed.
    #[command(after_help = "Example: theatron dicom validate REPORT.dcm")]
    Validate {
        /// The object.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    Convert(convert::Arguments),
    Deid(deid::Arguments),
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    match &arguments.what {
        What::Dump { file } => look::dump_file(file),
        What::Validate { file } => look::validate_file(file),
        What::Convert(arguments) => convert::run(arguments),
        What::Deid(arguments) => deid::run(arguments),
    }
}
