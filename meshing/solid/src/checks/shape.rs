//! Whether a mesh is what a printer takes: closed, oriented, in one part, of a sensible size.

use meshing_surface::Mesh;
use meshing_volume::Words;

use super::{Check, Limits};
use crate::parts::{listed, pieces};

/// Smallest area of a triangle that is no degenerate one, mm².
const SMALLEST_MM2: f64 = 1e-6;
/// Smallest and largest box of anatomy, mm: outside of these somebody mixed up metres, centimetres or inches.
const SIZES_MM: [f64; 2] = [10.0, 600.0];

pub(super) fn checks(part: &Mesh, limits: &Limits) -> Vec<Check> {
    let problems = part.check();
    let count = |n: usize| n as f64;
    let open = count(problems.open_edges + problems.invalid_triangles);
    let turned = count(problems.inconsistent_edges);
    let volume = if open > 0.0 { f64::NAN } else { crate::volume_mm3(part) };
    let sheets =
        count(problems.non_manifold_edges + problems.non_manifold_vertices + problems.duplicate_triangles);
    let mut all = vec![
        Check::at_most(
            "watertight",
            open,
            0.0,
            "edges",
            Words::new(
                format!("{open} open edges or invalid triangles"),
                format!("{open} 条开放边或无效三角形"),
            ),
        ),
        Check {
            code: "oriented",
            pass: turned == 0.0 && (volume > 0.0 || volume.is_nan()),
            value: turned,
            limit: 0.0,
            unit: "edges",
            message: if volume < 0.0 {
                Words::new("the mesh is inside out", "网格内外颠倒")
            } else {
                Words::new(
                    format!("{turned} edges with one side inside out"),
                    format!("{turned} 条边两侧方向不一致"),
                )
            },
        },
        Check::at_most(
            "manifold",
            sheets,
            0.0,
            "places",
            Words::new(
                format!("{sheets} places where more than two triangles or sheets meet"),
                format!("{sheets} 处有多于两个三角形或多片曲面相接"),
            ),
        ),
    ];
    all.push(degenerate(part, problems.degenerate_triangles));
    let triangles = count(part.triangles.len());
    all.push(Check::at_most(
        "triangles",
        triangles,
        count(limits.triangles),
        "triangles",
        Words::new(format!("{triangles} triangles"), format!("{triangles} 个三角形")),
    ));
    all.extend(size(part, limits));
    if open == 0.0 && turned == 0.0 && volume > 0.0 {
        all.push(parts(part, limits.parts));
    }
    all
}

/// Triangles without area, as a print file holds them.
fn degenerate(part: &Mesh, vanishing: usize) -> Check {
    let vanishing = vanishing as f64;
    let small = (0..part.triangles.len())
        .filter(|&t| {
            part.triangles[t].iter().all(|&v| (v as usize) < part.positions.len()) && {
                let [a, b, c] = part.corners(t);
                (b - a).cross(c - a).length() / 2.0 < SMALLEST_MM2
            }
        })
        .count();
    Check::at_most(
        "degenerate",
        vanishing,
        0.0,
        "triangles",
        Words::new(
            format!(
                "{vanishing} triangles vanish as 32-bit floats; {small} are smaller than {SMALLEST_MM2} mm²"
            ),
            format!("{vanishing} 个三角形在 32 位浮点下消失；{small} 个小于 {SMALLEST_MM2} mm²"),
        ),
    )
}

/// The box around the part: whether its unit can be right, and whether the printer has room.
fn size(part: &Mesh, limits: &Limits) -> [Check; 2] {
    let size = part.bounds().map_or([0.0; 3], |b| b.size().to_array());
    let longest = size.into_iter().fold(0.0, f64::max);
    let box_of = |[x, y, z]: [f64; 3]| format!("{x:.1} × {y:.1} × {z:.1} mm");
    let (told, room_told) = (box_of(size), box_of(limits.printer_mm));
    let units = Check {
        code: "units",
        pass: (SIZES_MM[0]..=SIZES_MM[1]).contains(&longest),
        value: longest,
        limit: SIZES_MM[usize::from(longest >= SIZES_MM[0])],
        unit: "mm",
        message: Words::new(
            format!(
                "{told}; anatomy measures {} to {} mm: are the units millimetres?",
                SIZES_MM[0], SIZES_MM[1]
            ),
            format!("{told}；解剖结构应为 {} 至 {} mm：单位是毫米吗？", SIZES_MM[0], SIZES_MM[1]),
        ),
    };
    // Any side may stand along any side of the printer.
    let sorted = |mut sizes: [f64; 3]| {
        sizes.sort_by(f64::total_cmp);
        sizes
    };
    let (own, room) = (sorted(size), sorted(limits.printer_mm));
    let over = (0..3).map(|n| own[n] - room[n]).fold(f64::NEG_INFINITY, f64::max);
    let fits = Check {
        code: "fits_printer",
        pass: over <= 0.0,
        value: longest,
        limit: room[2],
        unit: "mm",
        message: Words::new(
            format!("{told} in a printer of {room_told}"),
            format!("{told}，打印机空间 {room_told}"),
        ),
    };
    [units, fits]
}

/// The number of pieces, and where they are if they are not as planned.
fn parts(part: &Mesh, planned: usize) -> Check {
    let found = pieces(part);
    let (count, list) = (found.len(), listed(&found));
    Check {
        code: "parts",
        pass: count == planned,
        value: count as f64,
        limit: planned as f64,
        unit: "parts",
        message: Words::new(
            format!("{count} pieces, {planned} planned: {list}"),
            format!("{count} 块，计划 {planned} 块：{list}"),
        ),
    }
}
