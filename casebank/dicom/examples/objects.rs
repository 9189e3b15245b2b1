//! Writes one object of each kind for other programs to read, or reads objects of others and prints what they say:
//! `objects write DIR [LANDMARKS.json]`, `objects read FILE…`. Used by `tools/peers/scripts/objects_vs_peers.py`.
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::missing_assert_message,
    clippy::panic_in_result_fn,
    reason = "shared with the tests"
)]

#[path = "../tests/it/samples.rs"]
mod samples;
#[path = "../tests/it/support.rs"]
mod support;

use std::error::Error;
use std::path::Path;

use casebank_dicom::objects::registration::Registration;
use casebank_dicom::objects::{capture, fiducials, gsps, kos, registration, tid1500};
use meshing_space::{Point, Transform, Vector};
use samples::made;
use support::info;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", dir, truth @ ..] => write(Path::new(dir), truth.first().map(Path::new)),
        ["read", files @ ..] => files.iter().try_for_each(|file| read(Path::new(file))),
        _ => Err("objects write DIR [LANDMARKS.json] | objects read FILE…".into()),
    }
}

fn write(dir: &Path, truth: Option<&Path>) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(dir)?;
    let save = |name: &str, bytes: Vec<u8>| std::fs::write(dir.join(name), bytes);
    let mut report = samples::report();
    // highdicom 0.28 cannot read a measurement without a number, which PS3.3 C.18.1 allows.
    for group in &mut report.groups {
        group.measurements.retain(|measurement| measurement.num.value.is_some());
    }
    save("report.dcm", tid1500::write(&report, &info("report"), &made())?)?;
    save("key.dcm", kos::write(&samples::selection(), &info("key"), &made())?)?;
    save("state.dcm", gsps::write(&samples::presentation(), &info("gsps"), &made())?)?;
    save("registration.dcm", registration::write(&samples::registration(), &info("reg"), &made())?)?;
    save("fiducials.dcm", fiducials::write(&samples::sets(), &info("fid"), &made())?)?;
    for (n, picture) in samples::captures().iter().enumerate() {
        let info = info(&format!("capture {n}"));
        save(&format!("capture_{n}.dcm"), capture::write(picture, &info, &made())?)?;
    }
    let Some(truth) = truth else { return Ok(()) };
    let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(truth)?)?;
    let inverse = &truth["inverse_T_moved_to_original"];
    let column = |c: usize| std::array::from_fn(|row| inverse[row][c].as_f64().unwrap_or(f64::NAN));
    let axes = [0, 1, 2].map(|c| Vector::from_array(column(c)));
    let fixed_from_moving = Transform::from_axes(Point::from_array(column(3)), axes);
    let registration = Registration { fixed_from_moving, ..samples::registration() };
    save("registration_truth.dcm", registration::write(&registration, &info("truth"), &made())?)?;
    Ok(())
}

fn read(path: &Path) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    println!("{}", path.display());
    if let Ok(read) = tid1500::read(&bytes) {
        println!("  report, evidence of {} series, left out {:?}", read.report.evidence.len(), read.left_out);
        for group in &read.report.groups {
            println!("  {} {:?} {:?}", group.tracking_id, group.sites, group.region);
            for number in &group.measurements {
                println!(
                    "    {} {:?} {:?} {:?}",
                    number.name.meaning, number.num, number.derivation, number.points
                );
            }
        }
    } else if let Ok(read) = kos::read(&bytes) {
        println!("  {:?} {:?}", read.selection.title, read.selection.images);
    } else if let Ok(read) = gsps::read(&bytes) {
        println!("  left out {:?}; {:#?}", read.left_out, read.presentation);
    } else if let Ok(read) = registration::read(&bytes) {
        println!("  to {} from {:?}", read.registered_frame, read.frames);
    } else {
        println!("  {:?}", tid1500::read(&bytes).err().map(|error| error.to_string()));
    }
    Ok(())
}
