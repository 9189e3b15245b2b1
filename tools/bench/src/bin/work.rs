//! Runs one item of work several times and prints its times as one line of JSON, for `compare.py`.
#![expect(clippy::print_stdout, reason = "a command for scripts")]

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use tools_bench::work::{Inputs, WORK, measure};

/// One item of work, timed.
#[derive(Parser)]
#[command(
    after_help = "Example: work isosurface --volume head.i16 --size 256,256,256 --spacing 0.9,0.9,0.9 --param level=300"
)]
struct Arguments {
    /// The item; `list` names them all.
    item: String,
    /// Voxels: raw little-endian 16-bit integers, i fastest.
    #[arg(long)]
    volume: Option<PathBuf>,
    /// Voxels along i, j, k.
    #[arg(long, value_delimiter = ',')]
    size: Option<Vec<usize>>,
    /// Millimetres between voxel centres along i, j, k.
    #[arg(long, value_delimiter = ',')]
    spacing: Option<Vec<f64>>,
    /// Labels or markers: raw bytes, one a voxel.
    #[arg(long)]
    labels: Option<PathBuf>,
    /// A field: raw little-endian 32-bit floats, one a voxel.
    #[arg(long)]
    field: Option<PathBuf>,
    /// Meshes: STEM.positions (32-bit floats, x y z) and STEM.triangles (32-bit indices); may be given several times.
    #[arg(long = "mesh")]
    meshes: Vec<PathBuf>,
    /// Any other file.
    #[arg(long)]
    file: Option<PathBuf>,
    /// A number that the item knows, KEY=VALUE.
    #[arg(long = "param", value_name = "KEY=VALUE")]
    params: Vec<String>,
    /// How often.
    #[arg(long, default_value_t = 5)]
    reps: usize,
    /// Write the last result to files of this stem.
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.item == "list" {
        for work in WORK {
            println!("{}: {}", work.id, work.doc);
        }
        return Ok(());
    }
    let work = WORK.iter().find(|work| work.id == arguments.item);
    let work = work.with_context(|| format!("no item {:?}; `work list` names them", arguments.item))?;
    let mut inputs = Inputs {
        volume: arguments.volume,
        size: arguments.size.map(three).transpose()?,
        spacing_mm: arguments.spacing.map_or(Ok([1.0; 3]), three)?,
        labels: arguments.labels,
        field: arguments.field,
        meshes: arguments.meshes,
        file: arguments.file,
        ..Inputs::default()
    };
    for param in &arguments.params {
        let (key, value) = param.split_once('=').context("--param takes KEY=VALUE")?;
        inputs.params.insert(key.to_owned(), value.parse()?);
    }
    let times = measure(work, &inputs, arguments.reps, arguments.out.as_deref())?;
    println!("{}", serde_json::to_string(&times)?);
    Ok(())
}

/// Exactly three values.
fn three<T: std::fmt::Debug>(values: Vec<T>) -> anyhow::Result<[T; 3]> {
    values
        .try_into()
        .map_err(|values: Vec<T>| anyhow::anyhow!("three values are needed, not {}", values.len()))
}
