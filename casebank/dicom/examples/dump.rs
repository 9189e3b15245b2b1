//! Writes every volume and every frame of every picture under the given paths as raw little-endian numbers with a line of
//! JSON, for comparison with other readers: `dump OUT PATH…`.

use std::io::Write as _;
use std::path::PathBuf;

use casebank_dicom::PictureFrame;
use meshing_volume::Voxels;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let out = arguments.next().ok_or("dump OUT PATH…")?;
    std::fs::create_dir_all(&out)?;
    let import = casebank_dicom::read_paths(&arguments.collect::<Vec<_>>(), &meshing_volume::Silent)?;
    let mut list = std::fs::File::create(out.join("list.jsonl"))?;
    for (number, read) in import.volumes.iter().enumerate() {
        let file = format!("volume{number}.raw");
        let (bytes, kind): (Vec<u8>, _) = match read.volume.voxels() {
            Voxels::I16(values) => (values.iter().flat_map(|v| v.to_le_bytes()).collect(), "<i2"),
            Voxels::F32(values) => (values.iter().flat_map(|v| v.to_le_bytes()).collect(), "<f4"),
        };
        std::fs::write(out.join(&file), bytes)?;
        let slices: Vec<_> = read.slices.iter().map(|slice| &slice.path).collect();
        let findings: Vec<_> = read.entry.findings.iter().map(|finding| finding.code.as_str()).collect();
        let entry = serde_json::to_value(&read.entry)?;
        let line = serde_json::json!({"volume": file, "type": kind, "entry": entry, "slices": slices, "findings": findings});
        writeln!(list, "{line}")?;
    }
    for (number, picture) in import.pictures.iter().enumerate() {
        for frame in 0..picture.frames {
            let file = format!("picture{number}-{frame}.raw");
            let (bytes, samples): (Vec<u8>, _) = match picture.frame(frame) {
                Ok(PictureFrame::Grey { values, .. }) => {
                    (values.iter().flat_map(|v| v.to_le_bytes()).collect(), 1)
                }
                Ok(PictureFrame::Rgb(bytes)) => (bytes, 3),
                Ok(_) => continue,
                Err(error) => {
                    let line =
                        serde_json::json!({"path": picture.path, "frame": frame, "error": error.to_string()});
                    writeln!(list, "{line}")?;
                    continue;
                }
            };
            std::fs::write(out.join(&file), bytes)?;
            let line = serde_json::json!({
                "picture": file, "path": picture.path, "frame": frame, "size": picture.size, "samples": samples,
                "unit": picture.spacing.unit(), "step": picture.spacing.step(),
            });
            writeln!(list, "{line}")?;
        }
    }
    for rejected in &import.rejected {
        writeln!(list, "{}", serde_json::json!({"path": rejected.path, "rejected": rejected.reason}))?;
    }
    Ok(())
}
