//! `theatron edge`: the edge renderer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use app_edge::{BankSource, Edge, EdgeSettings};
use app_engine::{Fault, FaultKind};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::bank::{BankArguments, actor};
use crate::answer::Answer;
use crate::terminal::{answer, catch_signals, stopped};

/// Where an edge listens unless told otherwise.
const LISTEN: &str = "127.0.0.1:7443";

/// Serve the volumes of a bank to clients.
#[derive(clap::Args)]
#[command(
    after_help = "Example: theatron edge --bank bank --pki edge-1 --listen 0.0.0.0:7443\n\nListens on loopback unless told otherwise. Prints one line when ready; stops cleanly on SIGTERM or Ctrl-C."
)]
pub(crate) struct Arguments {
    /// TOML file with any of: listen, pki, name, bank. An unknown key is an error.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// UDP address; port 0 picks one.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Folder with the edge's certificate (see `theatron pki`).
    #[arg(long, value_name = "DIR")]
    pki: Option<PathBuf>,
    /// Name of this edge, shown to clients.
    #[arg(long)]
    name: Option<String>,
    /// Show the effective settings and where each comes from, then stop.
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    bank: BankArguments,
}

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<SocketAddr>,
    pki: Option<PathBuf>,
    name: Option<String>,
    bank: Option<PathBuf>,
}

/// A setting and where it comes from.
#[derive(Debug, Serialize)]
struct Setting<T> {
    value: T,
    origin: &'static str,
}

fn setting<T>(argument: Option<T>, file: Option<T>, default: T) -> Setting<T> {
    match (argument, file) {
        (Some(value), _) => Setting { value, origin: "command line" },
        (None, Some(value)) => Setting { value, origin: "file" },
        (None, None) => Setting { value: default, origin: "default" },
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let file = read(arguments)?;
    let listen = setting(
        arguments.listen,
        file.listen,
        LISTEN.parse().unwrap_or_else(|_| ([127, 0, 0, 1], 7443).into()),
    );
    let pki = setting(arguments.pki.clone(), file.pki, PathBuf::from("edge"));
    let name = setting(arguments.name.clone(), file.name, "edge".to_owned());
    let bank = setting(arguments.bank.bank.clone(), file.bank, arguments.bank.folder());
    if arguments.print_config {
        let json = json!({"listen": listen, "pki": pki, "name": name, "bank": bank});
        let text = format!(
            "listen = \"{}\"  # {}\npki = \"{}\"  # {}\nname = \"{}\"  # {}\nbank = \"{}\"  # {}\n",
            listen.value,
            listen.origin,
            pki.value.display(),
            pki.origin,
            name.value,
            name.origin,
            bank.value.display(),
            bank.origin
        );
        return Answer::new(&json, text);
    }
    let bank = BankArguments { bank: Some(bank.value) }.open()?;
    let source = BankSource::new(Arc::new(bank), actor()?);
    let settings = EdgeSettings { listen: listen.value, pki: pki.value, name: name.value };
    catch_signals();
    let edge = Edge::start(settings, Arc::new(source))?;
    answer(&format!("{}\n", json!({"listening": edge.addr()})));
    while !stopped() {
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(edge);
    Answer::new(&json!({"stopped": true}), "stopped\n")
}

fn read(arguments: &Arguments) -> Result<File, Fault> {
    let Some(path) = &arguments.config else { return Ok(File::default()) };
    let wrong = |problem: String| {
        Fault::new(
            FaultKind::Usage,
            format!("The settings in {} cannot be used: {problem}.", path.display()),
            "The edge was not started.",
            "Mend the file; `theatron edge --print-config` shows what is in effect.",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    toml::from_str(&text).map_err(|error| wrong(error.to_string()))
}
