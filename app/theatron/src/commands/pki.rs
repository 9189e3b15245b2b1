//! `theatron pki`: certificates of a site and its devices.

use std::path::PathBuf;

use app_engine::{Fault, FaultKind};
use clap::{Subcommand, ValueEnum};
use net_link::pki::{self, Device, Identity, Role};
use serde_json::json;

use crate::answer::Answer;

/// Certificates of a site and its devices.
#[derive(clap::Args)]
#[command(
    after_help = "Example: theatron pki site --out site --name \"St Mary\"\n         theatron pki issue --site site --name edge-1 --role edge --out edge-1"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make the site's authority; keep the folder secret.
    Site {
        /// Folder to write.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Name of the site.
        #[arg(long, default_value = "site")]
        name: String,
    },
    /// Issue a device's certificate.
    Issue {
        /// Folder of the site's authority.
        #[arg(long, value_name = "DIR")]
        site: PathBuf,
        /// Name of the device, never of a person.
        #[arg(long)]
        name: String,
        /// What the device is.
        #[arg(long, value_enum)]
        role: RoleArgument,
        /// Days it is valid, at most 30.
        #[arg(long)]
        days: Option<u32>,
        /// Folder to write.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Say whose a certificate is and until when it is valid.
    Show {
        /// Folder of the device's certificate.
        folder: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArgument {
    Edge,
    Client,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    match &arguments.what {
        What::Site { out, name } => {
            pki::create_site_ca(out, name).map_err(local)?;
            let text = format!("authority of {name} in {}; keep this folder secret\n", out.display());
            Answer::new(&json!({"site": name, "folder": out}), text)
        }
        What::Issue { site, name, role, days, out } => {
            let role = match role {
                RoleArgument::Edge => Role::Edge,
                RoleArgument::Client => Role::Client,
            };
            let mut device = Device::new(name.clone(), role);
            device.days = days.unwrap_or(device.days);
            pki::issue(site, out, &device).map_err(local)?;
            show(out)
        }
        What::Show { folder } => show(folder),
    }
}

fn show(folder: &PathBuf) -> Result<Answer, Fault> {
    let identity = Identity::load(folder).map_err(local)?;
    let (device, until) = (identity.device(), identity.not_after());
    let json = json!({"device": device.device, "role": device.role.name(), "valid_until": until.to_string(), "folder": folder});
    Answer::new(
        &json,
        format!("{} ({}), valid until {until}, in {}\n", device.device, device.role.name(), folder.display()),
    )
}

/// Certificates are made on this machine: a failure is not a peer's.
fn local(error: pki::PkiError) -> Fault {
    let mut fault = Fault::from(error);
    fault.kind = FaultKind::Usage;
    fault
}
