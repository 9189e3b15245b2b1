//! What is written beside a picture: distances for reprojection, tiles with their hashes.

use std::fmt::Write as _;
use std::path::Path;

use image::{ImageBuffer, Luma, RgbaImage};
use meshing_volume::Words;
use render_volume::{DepthPicture, Depths, NOTHING_MM, ViewMatrices, tiles};
use serde::Serialize;
use serde_json::json;

use crate::mesh::write_whole;
use crate::{Fault, FaultKind};

/// The tiles of a picture have this edge.
const TILE: u32 = 64;

/// How distances were written.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DistancesWritten {
    /// Distance that a step of the 16-bit file stands for, mm; `None` where the file holds millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mm_per_step: Option<f64>,
    /// Least distance of what is seen, mm from the near plane.
    pub nearest_mm: Option<f32>,
    /// Greatest one.
    pub farthest_mm: Option<f32>,
    /// Share of the pixels that show something.
    pub seen_share: f64,
}

/// Whether a file may hold distances.
pub fn holds_distances(file: &Path) -> bool {
    matches!(crate::mesh::ending(file).as_str(), "nrrd" | "png")
}

/// Writes how far away each pixel lies, in mm along its ray from the near plane. `.nrrd`: 32-bit floats, for each pixel
/// the first hit, the weighted mean and the opacity ([`Depths`]), `1e30` where nothing is, and the eye's matrices by row
/// as key/value pairs `view_from_lps` (3×4) and `clip_from_view` (4×4). `.png`: the first hit alone in 16 bits, 0 where
/// nothing is, else the distance in steps of [`DistancesWritten::mm_per_step`].
///
/// # Errors
/// Another ending, or a file that cannot be written.
pub fn save_distances(
    drawn: &DepthPicture,
    view: &ViewMatrices,
    file: &Path,
) -> Result<DistancesWritten, Fault> {
    let firsts = || drawn.depths.iter().map(|d| d.first_mm).filter(|&mm| mm < NOTHING_MM);
    let seen = firsts().count();
    let mut written = DistancesWritten {
        mm_per_step: None,
        nearest_mm: firsts().min_by(f32::total_cmp),
        farthest_mm: firsts().max_by(f32::total_cmp),
        seen_share: seen as f64 / drawn.depths.len().max(1) as f64,
    };
    let bytes = match crate::mesh::ending(file).as_str() {
        "nrrd" => nrrd(drawn, view),
        "png" => {
            // a round step, so that what is written beside the picture is exact
            let step = (f64::from(written.farthest_mm.unwrap_or(0.0)) / 65_535.0 * 1e4).ceil().max(1.0) / 1e4;
            written.mm_per_step = Some(step);
            png(drawn, step)?
        }
        other => {
            return Err(Fault::new(
                FaultKind::Usage,
                (format!("Distances are not written as {other:?}."), format!("距离不能写成 {other:?}。")),
                ("Nothing was drawn.", "没有绘制任何内容。"),
                (
                    "Give a file .nrrd (32-bit mm) or .png (16 bits).",
                    "请给出 .nrrd（32 位毫米）或 .png（16 位）文件。",
                ),
            ));
        }
    };
    write_whole(file, &bytes)?;
    Ok(written)
}

fn nrrd(drawn: &DepthPicture, view: &ViewMatrices) -> Vec<u8> {
    let [width, height] = [drawn.colour.width(), drawn.colour.height()];
    let numbers = |numbers: &[f64]| {
        let mut text = String::new();
        for number in numbers {
            write!(text, " {number:?}").unwrap_or_default();
        }
        text.trim_start().to_owned()
    };
    let (v, p) = (view_rows(view), projection_rows(view));
    let header = format!(
        "NRRD0005\n# Distances of each pixel in mm along its ray from the near plane; 1e30 where nothing is.\n\
         type: float\ndimension: 3\nsizes: 3 {width} {height}\nkinds: vector domain domain\n\
         labels: \"first_mm mean_mm opacity\" \"column\" \"row\"\nendian: little\nencoding: raw\n\
         view_from_lps:={}\nclip_from_view:={}\n\n",
        numbers(&v.concat()),
        numbers(&p.concat()),
    );
    let mut bytes = header.into_bytes();
    bytes.reserve(drawn.depths.len() * 12);
    for Depths { first_mm, mean_mm, opacity } in &drawn.depths {
        for number in [first_mm, mean_mm, opacity] {
            bytes.extend(number.to_le_bytes());
        }
    }
    bytes
}

fn png(drawn: &DepthPicture, step: f64) -> Result<Vec<u8>, Fault> {
    let grey = |x, y| {
        let mm = drawn.at(x, y).map_or(NOTHING_MM, |d| d.first_mm);
        let steps = (f64::from(mm) / step).round().clamp(1.0, 65_535.0) as u16;
        Luma([if mm < NOTHING_MM { steps } else { 0 }])
    };
    let picture: ImageBuffer<Luma<u16>, Vec<u16>> =
        ImageBuffer::from_fn(drawn.colour.width(), drawn.colour.height(), grey);
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).map_err(|error| not_packed(&error))?;
    Ok(bytes.into_inner())
}

/// Writes the tiles of a picture with their hashes, as JSON, by which a viewer can prove that it shows the very picture.
///
/// # Errors
/// A file that cannot be written.
pub fn save_tiles(picture: &RgbaImage, file: &Path) -> Result<usize, Fault> {
    let made = tiles(picture, TILE);
    let list: Vec<_> = made
        .iter()
        .map(|t| {
            let hash = t.hash.iter().fold(String::new(), |mut text, byte| {
                write!(text, "{byte:02x}").unwrap_or_default();
                text
            });
            json!({"x": t.x, "y": t.y, "width": t.width, "height": t.height, "hash": hash})
        })
        .collect();
    let text = json!({
        "hash": "BLAKE3 of x, y, width and height as 32-bit little-endian numbers and the pixels' red, green, blue, alpha, row by row",
        "width": picture.width(),
        "height": picture.height(),
        "edge": TILE,
        "tiles": list,
    });
    write_whole(file, format!("{text:#}\n").as_bytes())?;
    Ok(made.len())
}

/// From patient mm to the eye's space: three rows of four.
pub fn view_rows(view: &ViewMatrices) -> [[f64; 4]; 3] {
    let (m, t) = (view.view_from_lps.matrix3, view.view_from_lps.translation);
    [
        [m.x_axis.x, m.y_axis.x, m.z_axis.x, t.x],
        [m.x_axis.y, m.y_axis.y, m.z_axis.y, t.y],
        [m.x_axis.z, m.y_axis.z, m.z_axis.z, t.z],
    ]
}

/// From the eye's space to clip space (reverse-Z): four rows of four.
pub fn projection_rows(view: &ViewMatrices) -> [[f64; 4]; 4] {
    let columns = view.clip_from_view.to_cols_array_2d();
    std::array::from_fn(|row| std::array::from_fn(|column| columns[column][row]))
}

/// Writes a picture as PNG, whole or not at all.
///
/// # Errors
/// A file that cannot be written.
pub fn save(picture: &RgbaImage, file: &Path) -> Result<(), Fault> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).map_err(|error| not_packed(&error))?;
    write_whole(file, bytes.get_ref())
}

fn not_packed(error: &image::ImageError) -> Fault {
    let words = Words::new(format!("The picture could not be packed: {error}."), "无法压缩图片。");
    Fault::told(FaultKind::Internal, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_come_back_from_both_kinds_of_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let depth = |first_mm| Depths { first_mm, mean_mm: 7.0, opacity: 0.5 };
        let drawn = DepthPicture {
            colour: RgbaImage::new(3, 1),
            depths: vec![depth(NOTHING_MM), depth(12.5), depth(900.0)],
        };
        let bounds = meshing_space::Aabb {
            min: meshing_space::Point::origin(),
            max: meshing_space::Point::new(1.0, 2.0, 3.0),
        };
        let view = render_volume::Camera::anterior(&bounds).matrices(3.0);
        let png = folder.path().join("far.png");
        let written = save_distances(&drawn, &view, &png).expect("a PNG");
        let step = written.mm_per_step.expect("a scale");
        let back = image::open(&png).expect("a picture").to_luma16();
        let mm: Vec<f64> = back.iter().map(|v| f64::from(*v) * step).collect();
        assert!(mm[0] == 0.0 && (mm[1] - 12.5).abs() <= step && (mm[2] - 900.0).abs() <= step, "{mm:?}");
        assert!((written.seen_share - 2.0 / 3.0).abs() < 1e-12 && written.nearest_mm == Some(12.5));
        let nrrd = folder.path().join("far.nrrd");
        assert_eq!(save_distances(&drawn, &view, &nrrd).expect("an NRRD").mm_per_step, None);
        let bytes = std::fs::read(nrrd).expect("read");
        let body = &bytes[bytes.len() - 36..];
        assert_eq!(f32::from_le_bytes([body[12], body[13], body[14], body[15]]), 12.5);
        assert!(bytes.windows(16).any(|w| w == b"clip_from_view:="));
        assert_eq!(save_distances(&drawn, &view, Path::new("far.txt")).expect_err("no").exit_code(), 2);
    }
}
