//! Reads the given paths and prints what was found, with the time it took.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), casebank_dicom::ImportError> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let start = Instant::now();
    let import = casebank_dicom::read_paths(&paths, &meshing_volume::Silent)?;
    let took = start.elapsed();
    for volume in &import.volumes {
        let e = &volume.entry;
        println!("{} {:?} spacing {:?} origin {:?}", e.modality, e.size, e.spacing_mm, e.origin_lps_mm);
        println!(
            "  direction {:?} range {:?} {:?} {} files",
            e.direction,
            e.range,
            e.unit,
            volume.files.len()
        );
        for f in &e.findings {
            println!("  {} {}: {}", f.severity, f.code, f.message);
        }
    }
    for other in &import.other {
        println!("other    {}: {}", other.path.display(), other.what);
    }
    for rejected in &import.rejected {
        println!("rejected {}: {}", rejected.path.display(), rejected.reason);
    }
    for f in &import.findings {
        println!("folder {} {}: {}", f.severity, f.code, f.message);
    }
    println!("{:.3} s", took.as_secs_f64());
    Ok(())
}
