//! Secondary captures: validated, and read pixel for pixel by DCMTK.

use std::path::Path;
use std::process::Command;

use casebank_dicom::objects::capture::{Capture, LossyMethod, Samples, write};
use casebank_dicom::objects::{Made, Side};
use casebank_dicom::{SeriesInfo, WriteError};
use tools_peers::process::installed;

use crate::reports::dcmtk;
use crate::samples::{capture, captures, made, samples};
use crate::support::{dciodvfy, info};

/// The samples of one frame as DCMTK draws it, without any window. `None` where it is not installed.
fn drawn(path: &Path, frame: usize, out: &Path, wide: bool) -> Option<Vec<u16>> {
    let mut command = Command::new(installed("dcm2pnm", "dcmtk")?);
    command.args(["-W", if wide { "+opw" } else { "+opb" }, "+F", &frame.to_string()]);
    let status = command.arg(path).arg(out).output().unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let text = std::fs::read_to_string(out).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    // Kind, columns, rows, maximum.
    Some(lines.skip(4).map(|number| number.parse().unwrap()).collect())
}

#[test]
fn captures_validate_and_show_their_pixels() {
    let dir = tempfile::tempdir().unwrap();
    let (path, out) = (dir.path().join("capture.dcm"), dir.path().join("frame.ppm"));
    for capture in captures() {
        for (part, side) in [("HEAD", None), ("KNEE", Some(Side::Right))] {
            let series = SeriesInfo { body_part: part.to_owned(), ..info("capture") };
            std::fs::write(&path, write(&capture, &series, &Made { side, ..made() }).unwrap()).unwrap();
            if let Some(errors) = dciodvfy(&path) {
                assert!(errors.is_empty(), "{capture:?} {errors:#?}");
            }
        }
        let frames = capture.frames as usize;
        for frame in 1..=frames {
            let wide = matches!(capture.samples, Samples::Grey16(_));
            let Some(shown) = drawn(&path, frame, &out, wide) else { return };
            let expected: Vec<u16> = match &capture.samples {
                Samples::Grey8(all) | Samples::Rgb(all) => all.iter().map(|&v| v.into()).collect(),
                Samples::Grey16(all) => all.clone(),
            };
            let size = expected.len() / frames;
            assert_eq!(shown, expected[(frame - 1) * size..frame * size], "{capture:?} frame {frame}");
        }
    }
}

#[test]
fn the_header_says_what_was_lost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("capture.dcm");
    std::fs::write(&path, write(&captures()[2], &info("capture"), &made()).unwrap()).unwrap();
    let Some(out) = dcmtk("dcmdump", &[], &path) else { return };
    let text = String::from_utf8_lossy(&out.stdout);
    for expected in [
        "(0028,2110) CS [01]",
        "(0028,2112) DS [24.5\\8]",
        "(0028,2114) CS [ISO_14496_10\\ISO_10918_1]",
        "(0028,0301) CS [YES]",
        "(0008,0064) CS [SYN]",
        "(0010,0020) LO [T-1]",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert!(!text.contains("(0028,0030)"), "no spacing was given, so none is written");
}

#[test]
fn what_contradicts_itself_is_not_written() {
    let good = || capture(Samples::Grey8(samples(15)), 1);
    for wrong in [
        Capture { size: [5, 4], ..good() },
        Capture { frames: 0, ..good() },
        Capture { frames: 2, ..good() },
        Capture { samples: Samples::Rgb(samples(15)), ..good() },
        Capture { lossy: vec![(LossyMethod::Jpeg, 0.0)], ..good() },
        Capture { spacing_mm: Some([0.5, f64::NAN]), ..good() },
        Capture { frame_ms: 0.0, ..capture(Samples::Grey8(samples(30)), 2) },
    ] {
        assert!(matches!(write(&wrong, &info("capture"), &made()), Err(WriteError::Content(_))), "{wrong:?}");
    }
}
