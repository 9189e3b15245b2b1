//! Sends files and prints the rate: `cargo run -p net_dimse --example send_rate -- AE@HOST:PORT FILE...`

use std::path::PathBuf;
use std::time::Instant;

use meshing_volume::Silent;
use net_dimse::{Outgoing, Peer, Settings, send};

#[expect(clippy::print_stdout, reason = "the figure is what the program is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let peer: Peer = arguments.next().unwrap_or_default().parse()?;
    let objects: Vec<Outgoing> = arguments.map(PathBuf::from).map(Outgoing::File).collect();
    let started = Instant::now();
    let report = send(&peer, &objects, &Settings::default(), &Silent)?;
    let seconds = started.elapsed().as_secs_f64();
    let rate = f64::from(report.stored) / seconds;
    let megabytes = report.bytes as f64 / 1e6;
    println!(
        "{} stored, {} failed, {megabytes:.1} MB in {seconds:.2} s: {rate:.1} objects/s",
        report.stored,
        report.failed.len()
    );
    Ok(())
}
