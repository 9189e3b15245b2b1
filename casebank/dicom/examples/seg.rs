//! Writes and reads segmentations for comparisons with other software (`tools/peers/scripts/seg_vs_peers.py`).
//!
//! ```text
//! seg write LABELS.raw GRID.json SOURCE_FOLDER|- OUT.dcm [labelmap|rtstruct]
//! seg read IN.dcm GRID.json|SERIES_FOLDER|- OUT        (OUT.json and OUT.N.raw, one a segment)
//! ```
//!
//! Raw files hold one byte a voxel, i fastest; the JSON of a grid is that of `meshing_volume::Grid`.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::error::Error;
use std::path::PathBuf;

use casebank_dicom::objects::rtstruct::{self, RtInfo};
use casebank_dicom::objects::seg::{Onto, SegInfo, SegKind, SegOptions, Segment, read, write};
use casebank_dicom::objects::{SegmentFacts, SourceSeries, read_segments};
use casebank_dicom::{ReadVolume, SeriesInfo, read_paths};
use meshing_volume::{Grid, LabelMap, Silent};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["write", labels, grid, source, out] => {
            to_dicom(labels, grid, source, out, Form::Seg(SegKind::Binary))
        }
        ["write", labels, grid, source, out, "labelmap"] => {
            to_dicom(labels, grid, source, out, Form::Seg(SegKind::LabelMap))
        }
        ["write", labels, grid, source, out, "rtstruct"] => {
            to_dicom(labels, grid, source, out, Form::Rtstruct)
        }
        ["read", file, grid, out] => from_dicom(file, grid, out),
        _ => Err("seg write LABELS GRID SOURCE OUT [labelmap] | seg read FILE GRID OUT".into()),
    }
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Seg(SegKind),
    Rtstruct,
}

fn grid(path: &str) -> Result<Grid, Box<dyn Error>> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

fn series(folder: &str) -> Result<ReadVolume, Box<dyn Error>> {
    let import = read_paths(&[PathBuf::from(folder)], &Silent)?;
    import.volumes.into_iter().next().ok_or_else(|| "no volume in the folder".into())
}

fn to_dicom(labels: &str, json: &str, source: &str, out: &str, form: Form) -> Result<(), Box<dyn Error>> {
    let map = LabelMap::new(grid(json)?, std::fs::read(labels)?)?;
    let source = if source == "-" { None } else { Some(series(source)?) };
    let there: Vec<u8> = (1..=u8::MAX).filter(|&label| map.count(label) > 0).collect();
    let segments: Vec<Segment<'_>> = there
        .iter()
        .zip(1..)
        .map(|(&label, number)| Segment {
            facts: SegmentFacts {
                algorithm_name: "test".to_owned(),
                colour: Some([200, 50, 10]),
                ..SegmentFacts::named(number, &format!("label {label}"))
            },
            mask: &map,
            label,
        })
        .collect();
    let mut series =
        SeriesInfo { seed: format!("{out} {form:?}"), time: "120000".to_owned(), ..SeriesInfo::default() };
    series.number = 700;
    if let Some(read) = &source {
        (series.patient, series.study) = (read.patient.clone(), read.study.clone());
    }
    let frame_of_reference = source.as_ref().map(|s| s.entry.frame_of_reference.clone()).unwrap_or_default();
    let (source, date) = (source.as_ref().map(SourceSeries::of), "20260101".to_owned());
    let bytes = match form {
        Form::Seg(kind) => {
            let info = SegInfo { series, frame_of_reference, source, kind, date, ..SegInfo::default() };
            write(&segments, &info)?
        }
        Form::Rtstruct => {
            let info = RtInfo { series, frame_of_reference, source, date, ..RtInfo::default() };
            rtstruct::write(&segments, &info)?
        }
    };
    std::fs::write(out, bytes)?;
    Ok(())
}

fn from_dicom(file: &str, onto: &str, out: &str) -> Result<(), Box<dyn Error>> {
    let (target, frame) = match onto {
        "-" => (None, String::new()),
        json if std::path::Path::new(json).is_file() => (Some(grid(json)?), String::new()),
        folder => {
            let read = series(folder)?;
            (Some(*read.volume.grid()), read.entry.frame_of_reference)
        }
    };
    let onto = target.as_ref().map(|grid| Onto { grid, frame_of_reference: &frame });
    let read = match &onto {
        Some(onto) => read_segments(std::path::Path::new(file), onto, 4 << 30)?,
        None => read(&std::fs::read(file)?, &SegOptions::default())?,
    };
    for finding in &read.findings {
        println!("{} {}: {}", finding.severity, finding.code, finding.message);
    }
    let mut names = Vec::new();
    for segment in &read.segments {
        let mask = read.mask(segment).ok_or("a segment without a map")?;
        std::fs::write(format!("{out}.{}.raw", segment.facts.number), mask.labels())?;
        names.push(serde_json::json!({
            "number": segment.facts.number,
            "label": segment.facts.label,
            "voxels": segment.voxels,
            "colour": segment.facts.colour,
        }));
    }
    let grid = read.maps.first().map(LabelMap::grid);
    std::fs::write(format!("{out}.json"), serde_json::json!({"grid": grid, "segments": names}).to_string())?;
    Ok(())
}
