//! Points and cameras that come in small JSON files.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use meshing_space::{Lps, Point, Vector};
use meshing_volume::Words;
use render_volume::{Camera, Projection};
use serde::{Deserialize, Serialize};

use crate::faults::unreadable;
use crate::{Fault, FaultKind};

/// Such a file has at most so many bytes.
const MAX_BYTES: u64 = 4 << 20;

/// A camera as it stands in a file and in the answer of `theatron render`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CameraFile {
    /// Where it stands, LPS mm.
    pub eye: [f64; 3],
    /// What it looks at, LPS mm.
    pub target: [f64; 3],
    /// Up in the picture, LPS.
    pub up: [f64; 3],
    /// Full vertical angle of a perspective, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fov_deg: Option<f64>,
    /// Height of the picture of a parallel view, mm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height_mm: Option<f64>,
}

impl CameraFile {
    /// The same camera in words of a file.
    pub fn of(camera: &Camera) -> Self {
        let (fov_deg, height_mm) = match camera.projection {
            Projection::Perspective { fov_y } => (Some(fov_y.to_degrees()), None),
            Projection::Orthographic { height_mm } => (None, Some(height_mm)),
            _ => (None, None),
        };
        let [eye, target] = [camera.eye, camera.target].map(Point::to_array);
        Self { eye, target, up: camera.up.to_array(), fov_deg, height_mm }
    }

    /// The camera.
    ///
    /// # Errors
    /// An eye at its target, no upward direction, or an angle that is none.
    pub fn camera(&self) -> Result<Camera, Fault> {
        let [eye, target] = [self.eye, self.target].map(Point::<Lps>::from_array);
        let up = Vector::from_array(self.up);
        let away = eye.distance(target);
        let finite = eye.is_finite() && target.is_finite() && up.is_finite() && away < 1e7;
        if !finite || away < 1e-3 {
            return Err(no_camera(
                ("It stands where it looks at, so it has no direction.", "相机与目标在同一点，没有方向。"),
                (
                    "Give different places for --camera-at and --look-at.",
                    "请为 --camera-at 和 --look-at 给出不同的位置。",
                ),
            ));
        }
        let sideways =
            (eye - target).normalized().zip(up.normalized()).map(|(back, up)| back.cross(up).length());
        if sideways.is_none_or(|sine| sine < 1e-6) {
            return Err(no_camera(
                ("Up has no length or lies along the line of sight.", "向上的方向长度为零或与视线平行。"),
                ("Give another direction with --up.", "请用 --up 给出其他方向。"),
            ));
        }
        let projection = match (self.height_mm, self.fov_deg.unwrap_or(30.0)) {
            (Some(height_mm), _) if height_mm.is_finite() && height_mm > 0.0 => {
                Projection::Orthographic { height_mm }
            }
            (None, degrees) if (0.1..=170.0).contains(&degrees) => {
                Projection::Perspective { fov_y: degrees.to_radians() }
            }
            _ => {
                return Err(no_camera(
                    ("Its angle or height is out of range.", "视角或高度超出范围。"),
                    (
                        "An angle is 0.1 to 170 degrees, a height more than 0 mm.",
                        "视角为 0.1 到 170 度，高度大于 0 mm。",
                    ),
                ));
            }
        };
        Ok(Camera { eye, target, up, projection, near_mm: (away * 0.01).clamp(0.1, 10.0) })
    }

    /// A camera from a file: one that this program answered with, whole or its `camera` alone.
    ///
    /// # Errors
    /// A file that cannot be read or holds no camera.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        #[derive(Deserialize)]
        struct Answer {
            camera: CameraFile,
        }
        let bytes = bounded(path)?;
        let answer = serde_json::from_slice::<Answer>(&bytes).map(|answer| answer.camera);
        answer.or_else(|_no_answer| serde_json::from_slice(&bytes)).map_err(|_none| {
            wrong_file(
                path,
                ("a camera", "相机"),
                "{\"eye\": [x, y, z], \"target\": [x, y, z], \"up\": [x, y, z], \"fov_deg\": 30}",
            )
        })
    }
}

/// Points of a curve from a file: a list of `[x, y, z]`, LPS mm, or an object with `points_lps_mm`.
///
/// # Errors
/// A file that cannot be read or holds no points.
pub fn read_points(path: &Path) -> Result<Vec<Point<Lps>>, Fault> {
    #[derive(Deserialize)]
    struct Object {
        points_lps_mm: Vec<[f64; 3]>,
    }
    let bytes = bounded(path)?;
    let list = serde_json::from_slice::<Vec<[f64; 3]>>(&bytes);
    let list = list.or_else(|_no_list| serde_json::from_slice::<Object>(&bytes).map(|o| o.points_lps_mm));
    let points = list.map_err(|_none| wrong_file(path, ("points", "点"), "[[x, y, z], [x, y, z], …]"))?;
    Ok(points.into_iter().map(Point::from_array).collect())
}

fn bounded(path: &Path) -> Result<Vec<u8>, Fault> {
    let read = || -> std::io::Result<Vec<u8>> {
        // a pipe would keep us waiting for ever
        if !path.metadata()?.is_file() {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| {
        let mut fault = unreadable(path, &error);
        let wrong = matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::InvalidInput);
        if wrong {
            fault.kind = FaultKind::Usage;
        }
        fault
    })
}

fn no_camera(why: (&str, &str), next_step: (&str, &str)) -> Fault {
    Fault::new(FaultKind::Usage, ("There is no such camera.", "没有这样的相机。"), why, next_step)
}

fn wrong_file(path: &Path, (what, what_zh): (&str, &str), form: &str) -> Fault {
    Fault::new(
        FaultKind::Usage,
        (
            format!("{} does not hold {what}.", path.display()),
            format!("{} 中没有{what_zh}。", path.display()),
        ),
        Words::new("Nothing was drawn.", "没有绘制任何内容。"),
        (format!("It is JSON of the form {form}, LPS mm."), format!("应为 JSON，形式为 {form}，LPS 毫米。")),
    )
}

#[cfg(test)]
mod tests {
    use meshing_space::Aabb;

    use super::*;

    #[test]
    fn a_camera_comes_back_from_its_file_and_nonsense_is_refused() {
        let bounds = Aabb { min: Point::new(0.0, 0.0, 0.0), max: Point::new(10.0, 20.0, 30.0) };
        let camera = Camera::left(&bounds);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("camera.json");
        let said = CameraFile::of(&camera);
        for text in [
            serde_json::to_string(&said).expect("json"),
            serde_json::json!({"file": "x.png", "camera": said}).to_string(),
        ] {
            std::fs::write(&file, text).expect("written");
            let back = CameraFile::read(&file).and_then(|c| c.camera()).expect("a camera");
            assert!(back.eye == camera.eye && back.target == camera.target && back.up == camera.up);
        }
        let flat = CameraFile::of(&camera.orthographic()).camera().expect("a parallel one");
        assert!(matches!(flat.projection, Projection::Orthographic { .. }));
        for wrong in [
            CameraFile { eye: said.target, ..said },
            CameraFile { up: [1.0, 0.0, 0.0], ..said },
            CameraFile { up: [0.0; 3], ..said },
            CameraFile { fov_deg: Some(180.0), ..said },
            CameraFile { height_mm: Some(-1.0), ..said },
            CameraFile { eye: [f64::NAN; 3], ..said },
        ] {
            let error = wrong.camera().expect_err("no camera");
            assert!(error.exit_code() == 2 && error.chinese().is_some(), "{error}");
        }
        std::fs::write(&file, "[[1,2,3],[4,5,6]]").expect("written");
        assert_eq!(read_points(&file).expect("points").len(), 2);
        std::fs::write(&file, r#"{"points_lps_mm":[[1,2,3]]}"#).expect("written");
        assert_eq!(read_points(&file).expect("points").len(), 1);
        std::fs::write(&file, "[1,2]").expect("written");
        assert_eq!(read_points(&file).expect_err("no points").exit_code(), 2);
        assert_eq!(read_points(Path::new("/nowhere.json")).expect_err("no file").exit_code(), 2);
        assert_eq!(CameraFile::read(&file).expect_err("no camera").exit_code(), 2);
    }
}
