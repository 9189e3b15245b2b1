//! Runs a model by its card on an image, or on a made-up cube, and tells what it found and how long it took.
//!
//! ```text
//! cargo run -p meshing_segment --example run_model -- assets/models/fixture.toml SCAN.nii.gz --out LABELS.nrrd
//! /usr/bin/time -v target/debug/examples/run_model assets/models/fixture.toml --cube 512 0.7
//! ```
#![expect(clippy::print_stdout, reason = "a program for the shell")]

use std::error::Error;
use std::fs::{File, read, read_to_string};
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::time::Instant;

use meshing_segment::models::{Card, Model};
use meshing_space::Point;
use meshing_volume::formats::{Format, Limits, Payload, WriteOptions, open, write};
use meshing_volume::{Grid, Silent, Volume, VolumeMeta, Voxels};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "run_model CARD.toml IMAGE [--out LABELS.nrrd] | CARD.toml --cube N SPACING_MM";
    let [card, image, rest @ ..] = arguments.as_slice() else { return Err(usage.into()) };
    let text = read_to_string(card)?;
    let file = Path::new(card).with_file_name(Card::read(&text)?.file);
    let model = Model::load(&text, &read(file)?)?;
    let (volume, out) = match (image.as_str(), rest) {
        ("--cube", [side, spacing]) => (cube(side.parse()?, spacing.parse()?)?, None),
        (image, []) => (file_volume(image, &model.card().modality)?, None),
        (image, [option, out]) if option == "--out" => {
            (file_volume(image, &model.card().modality)?, Some(out))
        }
        _ => return Err(usage.into()),
    };
    let start = Instant::now();
    let (map, report) = model.segment(&volume, &Silent)?;
    println!("{:.1} s, {report:#?}", start.elapsed().as_secs_f64());
    if let Some(out) = out {
        let format = Format::of_name(out).ok_or("the ending of the file to write is not known")?;
        let mut file = BufWriter::new(File::create(out)?);
        let options = WriteOptions { packed: true, ..WriteOptions::default() };
        write(format, Payload::Labels(&map), options, &mut file, &Silent)?;
    }
    Ok(())
}

fn file_volume(path: &str, modality: &str) -> Result<Volume, Box<dyn Error>> {
    let format = Format::of_name(path).ok_or("the ending of the file is not known")?;
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let opened = open(format, BufReader::new(file), bytes, Limits::default())?;
    let meta = VolumeMeta { modality: modality.to_owned(), ..VolumeMeta::default() };
    let mut frames = opened.volumes(&meta, &Silent)?;
    Ok(frames.pop().ok_or("the file holds no image")?.content)
}

/// A ball of 20 HU with a bright and a dark one inside.
fn cube(side: usize, spacing_mm: f64) -> Result<Volume, Box<dyn Error>> {
    let grid = Grid::axis_aligned([side; 3], Point::origin(), [spacing_mm; 3])?;
    let value = |n: usize| {
        let at = [n % side, n / side % side, n / (side * side)].map(|x| (x as f64 + 0.5) / side as f64);
        let within = |middle: [f64; 3], radius: f64| {
            at.iter().zip(middle).map(|(x, m)| (x - m) * (x - m)).sum::<f64>() <= radius * radius
        };
        match () {
            () if within([0.35, 0.4, 0.6], 0.14) => -480,
            () if within([0.65, 0.6, 0.4], 0.15) => 320,
            () if within([0.5; 3], 0.49) => 20,
            () => 0,
        }
    };
    let meta = VolumeMeta { modality: "CT".to_owned(), ..VolumeMeta::default() };
    Ok(Volume::new(grid, Voxels::I16((0..grid.len()).map(value).collect()), meta)?)
}
