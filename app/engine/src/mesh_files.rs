//! Mesh files of any origin: read with their unit, checked for plausibility, written in another form.

use std::path::{Path, PathBuf};

use casebank_case::Words;
use meshing_space::{Aabb, Lps, Point};
use meshing_surface::{
    Mesh, MeshProblems, RepairError, Repairing, glb, measure, obj, ply, repair, stl, threemf,
};
use meshing_volume::{Progress, Told as _};
use serde::Serialize;

use crate::{Fault, FaultKind, faults, mesh};

/// Largest file that is read, bytes: 50 million triangles of binary STL.
const FILE_MAX: u64 = 2_500_000_084;
/// Most triangles that are taken.
const TRIANGLES_MAX: usize = 50_000_000;
/// Longest edge of the box around anatomy, a guide or an implant: less or more looks like another unit. mm.
pub(crate) const SIZES_MM: std::ops::RangeInclusive<f64> = 1.0..=2500.0;
/// Endings of mesh files.
const ENDINGS: [&str; 5] = ["stl", "3mf", "obj", "ply", "glb"];

/// Whether the ending is that of a mesh file.
pub fn is_mesh(path: &Path) -> bool {
    ENDINGS.contains(&ending(path).as_str())
}

fn ending(path: &Path) -> String {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase()
}

/// What was written; its JSON is the answer of `convert` for meshes.
#[derive(Clone, Debug, Serialize)]
pub struct MeshFileReport {
    /// The file.
    pub file: PathBuf,
    /// Vertices.
    pub vertices: usize,
    /// Triangles.
    pub triangles: usize,
    /// Area.
    pub area_mm2: f64,
    /// Enclosed volume.
    pub volume_mm3: f64,
    /// Whether it is closed.
    pub closed: bool,
    /// Connected parts.
    pub parts: usize,
    /// Corners of the bounding box.
    pub bbox_lps_mm: [Point<Lps>; 2],
    /// If it was repaired: the largest distance between the result and what was read, both ways (the middle of a filled hole
    /// counts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair_mm: Option<f64>,
}

/// Millimetres of a unit.
fn mm_per(unit: &str) -> Result<f64, Fault> {
    match unit {
        "mm" => Ok(1.0),
        "cm" => Ok(10.0),
        "m" => Ok(1000.0),
        "inch" => Ok(25.4),
        _ => Err(Fault::new(
            FaultKind::Usage,
            (format!("{unit:?} is not a unit."), format!("{unit:?} 不是单位。")),
            ("Nothing was read.", "没有读取。"),
            ("The units are mm, cm, m and inch.", "可用单位：mm、cm、m、inch。"),
        )),
    }
}

/// Reads a mesh file in millimetres. STL, OBJ and PLY state no unit, so it must be given for them; 3MF states its own, GLB is in
/// metres.
///
/// # Errors
/// A file that cannot be read, that is too large, whose unit is not given or contradicts what it states, or whose size in
/// millimetres no anatomy has.
pub fn read(path: &Path, unit: Option<&str>) -> Result<Mesh, Fault> {
    let scale = unit.map(mm_per).transpose()?;
    let size = std::fs::metadata(path).map_err(|error| faults::unreadable(path, &error))?.len();
    if size > FILE_MAX {
        return Err(unusable(path, ("It is larger than 2.5 GB.", "文件超过 2.5 GB。")));
    }
    let bytes = std::fs::read(path).map_err(|error| faults::unreadable(path, &error))?;
    let stated = matches!(ending(path).as_str(), "3mf" | "glb");
    if stated && unit.is_some() {
        return Err(Fault::new(
            FaultKind::Usage,
            ("This format states its unit itself.", "此格式自带单位。"),
            ("Nothing was read.", "没有读取。"),
            ("Leave --unit out.", "请不要给出 --unit。"),
        ));
    }
    let scale = if stated { 1.0 } else { scale.ok_or_else(|| no_unit(path))? };
    let mut mesh = match ending(path).as_str() {
        "stl" => stl::read(&bytes).map_err(|error| unusable(path, error.words()))?,
        "3mf" => threemf::read(&bytes).map_err(|error| unusable(path, error.words()))?,
        "obj" => obj::read(&bytes, scale).map_err(|error| unusable(path, error.words()))?,
        "ply" => ply::read(&bytes, scale).map_err(|error| unusable(path, error.words()))?,
        "glb" => glb::read(&bytes).map_err(|error| unusable(path, error.words()))?,
        _ => return Err(unusable(path, ("It is no mesh file.", "它不是网格文件。"))),
    };
    if mesh.triangles.len() > TRIANGLES_MAX {
        return Err(unusable(path, ("It has more than 50 million triangles.", "三角形超过 5000 万个。")));
    }
    if ending(path) == "stl" && scale != 1.0 {
        for position in &mut mesh.positions {
            *position = Point::from_array(position.to_array().map(|x| x * scale));
        }
    }
    plausible(path, &mesh)?;
    Ok(mesh)
}

/// Refuses a mesh whose size is that of another unit.
fn plausible(path: &Path, mesh: &Mesh) -> Result<(), Fault> {
    let size = mesh.bounds().map(Aabb::size).unwrap_or_default();
    let longest = size.x().max(size.y()).max(size.z());
    if SIZES_MM.contains(&longest) {
        return Ok(());
    }
    let (name, unit) = (path.display(), if longest < 1.0 { ("m", "米") } else { ("mm", "毫米") });
    Err(Fault::new(
        FaultKind::Refused,
        (format!("{name} would be {longest:.4} mm long."), format!("{name} 的长度将为 {longest:.4} mm。")),
        (
            "No anatomy, guide or implant is, so the unit is probably another.",
            "没有任何解剖结构、导板或植入物是这个尺寸，单位可能不对。",
        ),
        (
            format!("Perhaps it is in {}: give --unit.", unit.0),
            format!("也许单位是{}：请给出 --unit。", unit.1),
        ),
    ))
}

fn no_unit(path: &Path) -> Fault {
    let name = path.display();
    Fault::new(
        FaultKind::Usage,
        (format!("{name} does not state its unit."), format!("{name} 没有说明单位。")),
        ("A wrong guess would print a wrong size.", "猜错会打印出错误的尺寸。"),
        ("Give --unit mm, cm, m or inch.", "请给出 --unit mm、cm、m 或 inch。"),
    )
}

fn unusable(path: &Path, why: impl Into<Words>) -> Fault {
    let name = path.display();
    Fault::new(
        FaultKind::Refused,
        (format!("{name} cannot be used."), format!("无法使用 {name}。")),
        faults::sentence(why),
        ("Export it again from the program that made it.", "请从生成它的程序重新导出。"),
    )
}

/// Reads a mesh file and writes it in the form of the other's ending; repaired first if that is asked for.
///
/// # Errors
/// As [`read`], an ending that cannot be written, a mesh that is no closed manifold, or one that cannot be repaired.
pub fn convert(
    input: &Path,
    output: &Path,
    unit: Option<&str>,
    mend: bool,
    progress: &dyn Progress,
) -> Result<MeshFileReport, Fault> {
    let mut mesh = read(input, unit)?;
    let mut moved_mm = 0.0;
    if mend {
        let repaired = repair(&mesh, Repairing::default(), progress).map_err(|error| match error {
            RepairError::Cancelled(cancelled) => cancelled.into(),
            error => unusable(input, error.words()),
        })?;
        (mesh, moved_mm) = (repaired.mesh, repaired.report.distance.max_mm);
    }
    let problems = mesh.check();
    if !problems.is_clean() {
        return Err(not_closed(input, &problems));
    }
    let name = output.file_stem().and_then(|stem| stem.to_str()).unwrap_or("mesh");
    mesh::write_mesh(&mesh, output, name, &[])?;
    let m = measure(&mesh);
    Ok(MeshFileReport {
        file: output.to_path_buf(),
        vertices: m.vertices,
        triangles: m.triangles,
        area_mm2: m.area_mm2,
        volume_mm3: m.volume_mm3,
        closed: m.closed,
        parts: m.parts,
        bbox_lps_mm: m.bbox_lps_mm,
        repair_mm: mend.then_some(moved_mm),
    })
}

/// A mesh that a printer could fill wrongly.
fn not_closed(path: &Path, problems: &MeshProblems) -> Fault {
    let (name, p) = (path.display(), problems);
    let faces = p.invalid_triangles + p.degenerate_triangles + p.duplicate_triangles;
    let edges = p.non_manifold_edges + p.inconsistent_edges;
    let points = p.non_manifold_vertices + p.coincident_vertices;
    let open = p.open_edges;
    Fault::new(
        FaultKind::Refused,
        (
            format!(
                "{name} is not a closed surface: {open} open edges, {edges} edges that are not manifold or run against each other, {points} vertices where sheets meet or that lie on others, {faces} useless triangles."
            ),
            format!(
                "{name} 不是封闭曲面：{open} 条开放边，{edges} 条非流形或方向不一致的边，{points} 个相接或重合的顶点，{faces} 个无用三角形。"
            ),
        ),
        ("A printer could fill it wrongly, so it is not written.", "打印机可能填充错误，因此没有写出。"),
        ("Add --repair, and look at the result.", "请加上 --repair，并检查结果。"),
    )
}

#[cfg(test)]
mod tests {
    use meshing_volume::Silent;

    use super::*;

    /// A box of these edges, mm.
    fn cuboid(edges: [f64; 3]) -> Mesh {
        let corner =
            |n: usize| Point::from_array([0, 1, 2].map(|a| if n >> a & 1 == 1 { edges[a] } else { 0.0 }));
        let faces = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
        let triangles = faces.iter().flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]]).collect();
        Mesh { positions: (0..8).map(corner).collect(), triangles }
    }

    #[test]
    fn every_form_turns_into_every_other_and_keeps_its_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let mesh = cuboid([20.0, 30.0, 40.5]);
        for from in ENDINGS {
            let first = folder.path().join("a").with_extension(from);
            mesh::write_mesh(&mesh, &first, "box", &[]).expect("written");
            for to in ENDINGS {
                let second = folder.path().join("b").with_extension(to);
                let unit = (!matches!(from, "3mf" | "glb")).then_some("mm");
                let report = convert(&first, &second, unit, false, &Silent).expect("converted");
                assert!((report.volume_mm3 - 24300.0).abs() < 0.01, "{from} {to} {report:?}");
                assert!(report.closed && report.parts == 1);
                let unit = (!matches!(to, "3mf" | "glb")).then_some("mm");
                let back = read(&second, unit).expect("read");
                assert!((measure(&back).volume_mm3 - 24300.0).abs() < 0.01, "{from} {to}");
            }
        }
    }

    #[test]
    fn an_open_mesh_is_refused_and_written_once_repaired() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, out) = (folder.path().join("open.ply"), folder.path().join("out.3mf"));
        let mut open = cuboid([20.0, 30.0, 40.0]);
        open.triangles.pop();
        std::fs::write(&file, ply::write(&open)).expect("written");
        let told = convert(&file, &out, Some("mm"), false, &Silent).expect_err("open");
        assert!(told.kind == FaultKind::Refused && told.to_string().contains("3 open edges"), "{told}");
        assert!(told.chinese().is_some() && !out.exists());
        let report = convert(&file, &out, Some("mm"), true, &Silent).expect("repaired");
        assert!(report.closed && (report.volume_mm3 - 24000.0).abs() < 0.1, "{report:?}");
        // The middle of the triangle that was missing lies this far from the others.
        assert!(report.repair_mm.is_some_and(|mm| (1.0..15.0).contains(&mm)) && out.exists());
        // Each triangle with corners of its own, as many programs write them.
        let soup = Mesh {
            positions: (0..12).flat_map(|t| cuboid([9.0; 3]).corners(t)).collect(),
            triangles: (0..12).map(|t| [3 * t, 3 * t + 1, 3 * t + 2]).collect(),
        };
        std::fs::write(&file, ply::write(&soup)).expect("written");
        assert!(convert(&file, &out, Some("mm"), false, &Silent).is_err());
        assert!(convert(&file, &out, Some("mm"), true, &Silent).is_ok_and(|r| r.closed && r.vertices == 8));
    }

    #[test]
    fn a_unit_is_asked_for_and_a_wrong_one_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("metres.stl");
        let metres = cuboid([0.02, 0.03, 0.04]);
        std::fs::write(&file, stl::write(&metres, "")).expect("written");
        assert!(read(&file, None).expect_err("no unit").to_string().contains("--unit"));
        let told = read(&file, Some("mm")).expect_err("too small");
        assert!(told.kind == FaultKind::Refused && told.to_string().contains("in m"), "{told}");
        let mesh = read(&file, Some("m")).expect("metres");
        assert!((measure(&mesh).volume_mm3 - 24000.0).abs() < 0.1);
        assert!(read(&file, Some("furlong")).is_err());
        std::fs::write(&file, stl::write(&cuboid([2e4, 3e4, 4e4]), "")).expect("written");
        assert!(read(&file, Some("mm")).is_err());
        let file = folder.path().join("own.3mf");
        mesh::write_mesh(&cuboid([9.0; 3]), &file, "", &[]).expect("written");
        assert!(read(&file, Some("mm")).is_err());
        assert!(read(&folder.path().join("none.stl"), Some("mm")).is_err());
    }
}
