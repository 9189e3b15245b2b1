//! Compressed pixels are decoded in a child process that can do no harm.

use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use casebank_dicom::{SeriesInfo, write_series};
use meshing_space::{Point, Vector};
use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};

use crate::theatron;

/// A series of noise over a ramp, without and with a compression.
fn series(dir: &Path, compress: Option<(&Path, &[&str])>) {
    let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
    let grid = Grid::new([64, 48, 6], Point::origin(), axes, [0.5, 0.5, 1.0]).unwrap();
    let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: "1.2.3".into() };
    let voxels = (0..64 * 48 * 6_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 22) as i16 - 500).collect();
    let volume = Volume::new(grid, Voxels::I16(voxels), meta).unwrap();
    let info = SeriesInfo { seed: "codec".into(), ..SeriesInfo::default() };
    for file in write_series(&volume, &info, dir).unwrap() {
        let Some((program, arguments)) = compress else { continue };
        let small = file.with_extension("small");
        assert!(Command::new(program).args(arguments).args([&file, &small]).status().unwrap().success());
        std::fs::rename(&small, &file).unwrap();
    }
}

#[test]
fn a_compressed_series_gives_the_same_voxels_through_the_child() {
    let dir = tempfile::tempdir().unwrap();
    let file_of = |name: &str, compress: Option<(&Path, &[&str])>| {
        let folder = dir.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        series(&folder, compress);
        let out = dir.path().join(format!("{name}.nii"));
        let output = theatron(&["convert", folder.to_str().unwrap(), out.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(out).unwrap()
    };
    let plain = file_of("plain", None);
    for (name, arguments) in [("dcmcjpls", &[][..]), ("dcmcjpeg", &["--encode-lossless-sv1"][..])] {
        let Some(program) = tools_peers::process::installed(name, "dcmtk") else { return };
        assert!(file_of(name, Some((&program, arguments))) == plain, "{name}");
    }
}

/// Asks `theatron codec-worker` for one frame; its answer, empty where it broke down.
fn ask(request: &str, frame: &[u8]) -> String {
    let mut memory = tempfile::tempfile().unwrap();
    memory.write_all(frame).unwrap();
    memory.rewind().unwrap();
    let mut worker = Command::new(env!("CARGO_BIN_EXE_theatron"))
        .arg("codec-worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(memory)
        .spawn()
        .unwrap();
    writeln!(worker.stdin.take().unwrap(), "{request}").unwrap();
    let mut answer = String::new();
    worker.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    worker.wait().unwrap();
    answer
}

#[test]
fn a_frame_that_asks_for_all_memory_gets_none() {
    // The head of a JPEG 2000 stream of 60,000 x 60,000 samples: 14 GB of coefficients. The data set says 64 x 64.
    let mut stream = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0];
    for word in [60_000_u32, 60_000, 0, 0, 60_000, 60_000, 0, 0] {
        stream.extend(word.to_be_bytes());
    }
    stream.extend([0, 1, 15, 1, 1]);
    stream.extend([0xFF, 0x52, 0, 12, 0, 0, 0, 1, 0, 5, 4, 4, 0, 1]);
    stream.extend([0xFF, 0x5C, 0, 19, 0x20]);
    stream.extend([0x48; 16]);
    stream.extend([0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0x93]);
    stream.extend([0; 64]);
    stream.extend([0xFF, 0xD9]);
    let request = format!("1.2.840.10008.1.2.4.90 64 64 1 16 16 15 0 MONOCHROME2 {}", stream.len());
    let answer = ask(&request, &stream);
    assert!(answer.is_empty() || answer.starts_with("damaged "), "{answer}");
    assert!(ask("nonsense", &[]).starts_with("damaged "));
}
