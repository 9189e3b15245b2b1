//! Prints the text elements of the given files: path in the file, tags, value, separated by tabs. With `--write FOLDER NAME`
//! writes a small series of a patient of that name instead. For `tools/peers/scripts/text_vs_pydicom.py`.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::path::Path;

use casebank_case::{PatientInfo, Phi};
use casebank_dicom::{SeriesInfo, write_series};
use meshing_space::{Point, Vector};
use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, folder, name] = arguments.as_slice()
        && flag == "--write"
    {
        return write(Path::new(folder), name);
    }
    for path in arguments {
        let (texts, problem) = casebank_dicom::text::texts(&std::fs::read(&path)?)?;
        for element in texts {
            println!("{path}\t{}\t{}", element.path, element.text.expose().escape_debug());
        }
        println!("{path}\tproblem\t{}", problem.map_or_else(String::new, |problem| problem.to_string()));
    }
    Ok(())
}

fn write(folder: &Path, name: &str) -> Result<(), Box<dyn std::error::Error>> {
    let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
    let grid = Grid::new([4, 4, 2], Point::new(0.0, 0.0, 0.0), axes, [1.0; 3])?;
    let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: "1.2.3".into() };
    let volume = Volume::new(grid, Voxels::I16(vec![0; 32]), meta)?;
    let patient = PatientInfo { name: name.to_owned(), id: "T-1".into(), ..PatientInfo::default() };
    let info = SeriesInfo {
        seed: name.to_owned(),
        patient: Phi::new(patient),
        description: name.chars().take(20).collect(),
        ..SeriesInfo::default()
    };
    write_series(&volume, &info, folder)?;
    Ok(())
}
