//! The identity that is engraved on a guide.

use glam::DVec3;
use meshing_space::Vector;
use meshing_surface::Mesh;

use crate::text::{half_extent, text_in};
use crate::{Field, Label, Lettering, Pose, SolidError, difference};

/// Smallest capitals that still print, mm.
const SMALLEST_MM: f64 = 2.0;

/// For each column of the grid, the highest place at `over` mm from the bone where `wanted` holds.
pub(super) fn tops(field: &Field, over: f64, wanted: impl Fn(DVec3) -> bool) -> Vec<DVec3> {
    let grid = field.grid();
    let [si, sj, sk] = grid.size();
    let (values, plane) = (field.values(), si * sj);
    let mut found = Vec::new();
    for column in 0..plane {
        let above = |k: usize| f64::from(values[k * plane + column]) - over;
        let Some(k) = (0..sk - 1).rev().find(|&k| above(k) < 0.0 && above(k + 1) >= 0.0) else { continue };
        let part = above(k) / (above(k) - above(k + 1));
        let ijk = [(column % si) as f64, (column / si) as f64, k as f64 + part];
        let at = (grid.lps_from_ijk() * meshing_space::Point::from_array(ijk)).as_dvec3();
        if wanted(at) {
            found.push(at);
        }
    }
    found
}

/// What is engraved.
#[derive(Clone, Copy)]
pub(super) struct Inscription<'a> {
    pub(super) words: &'a str,
    pub(super) lettering: Lettering<'a>,
    /// Height of capitals; smaller where they do not fit.
    pub(super) height_mm: f64,
    pub(super) depth_mm: f64,
}

/// What is cut out for an inscription, as deep as it says below the surface at `outer_mm` from the bone, and where it stands; `None` for an
/// empty label. `taken` is a signed distance that is negative where there is room, and `within` the box to look in.
///
/// # Errors
/// A label that fits nowhere, a letter that cannot be drawn, or strokes too thin to print.
pub(super) fn cutter(
    inscription: &Inscription<'_>,
    field: &Field,
    outer_mm: f64,
    taken: impl Fn(DVec3) -> f64,
    within: [DVec3; 2],
) -> Result<Option<(Label, Mesh)>, SolidError> {
    let words = inscription.words;
    if words.trim().is_empty() {
        return Ok(None);
    }
    let extent = half_extent(words, inscription.lettering)?;
    let all = tops(field, outer_mm, |at| {
        at.cmpge(within[0]).all() && at.truncate().cmple(within[1].truncate()).all()
    });
    let room: Vec<DVec3> = all.iter().copied().filter(|at| taken(*at) < -0.5).collect();
    let middle = room.iter().sum::<DVec3>() / room.len().max(1) as f64;
    let mut height = inscription.height_mm;
    while height >= SMALLEST_MM {
        let half = half(extent, height);
        if let Some(at) = place(half, &room, middle, field.grid().spacing_mm()[0]) {
            let sized = Inscription { height_mm: height, ..*inscription };
            return engraved(&sized, half, field, outer_mm, at, &room).map(Some);
        }
        height *= 0.85;
    }
    Err(SolidError::refused(
        format!("the label {words:?} fits nowhere on the guide, even {SMALLEST_MM} mm high; shorten it"),
        format!("标识 {words:?} 即使高 {SMALLEST_MM} mm 也放不下；请缩短"),
    ))
}

/// Half the width and half the height of a text of a height, with a margin.
fn half(extent: [f64; 2], height: f64) -> [f64; 2] {
    extent.map(|half| half * height + 0.8)
}

/// The place nearest to the middle where a text is all on free surface that is not too steep, and its direction.
fn place([wide, high]: [f64; 2], room: &[DVec3], middle: DVec3, spacing: f64) -> Option<(DVec3, DVec3)> {
    // No finer than the columns, or cells without one would look taken.
    let cell = (1.01 * spacing).max(1.0);
    let key = |x: f64, y: f64| ((x / cell).floor() as i64, (y / cell).floor() as i64);
    let mut free: std::collections::HashMap<(i64, i64), f64> = std::collections::HashMap::new();
    for at in room {
        free.insert(key(at.x, at.y), at.z);
    }
    let fits = |at: DVec3, side: DVec3| {
        let up = DVec3::new(-side.y, side.x, 0.0);
        let (mut low, mut top) = (f64::INFINITY, f64::NEG_INFINITY);
        let (nx, ny) = ((wide / cell).ceil() as i64, (high / cell).ceil() as i64);
        for i in -nx..=nx {
            for j in -ny..=ny {
                let p = at + side * (wide * i as f64 / nx as f64) + up * (high * j as f64 / ny as f64);
                let Some(z) = free.get(&key(p.x, p.y)) else { return false };
                (low, top) = (low.min(*z), top.max(*z));
            }
        }
        top - low < wide.max(high) * 1.5
    };
    let mut order: Vec<&DVec3> = room.iter().step_by((room.len() / 4000).max(1)).collect();
    order.sort_by(|a, b| {
        let far = |p: &DVec3| p.truncate().distance_squared(middle.truncate());
        far(a).total_cmp(&far(b))
    });
    let sides =
        (0..6).map(|n| core::f64::consts::PI * f64::from(n) / 6.0).map(|a| DVec3::new(a.cos(), a.sin(), 0.0));
    let sides: Vec<DVec3> = sides.collect();
    order.into_iter().find_map(|at| sides.iter().find(|side| fits(*at, **side)).map(|side| (*at, *side)))
}

/// The letters above their floor, below the surface at `outer_mm` from the bone.
fn engraved(
    inscription: &Inscription<'_>,
    half_mm: [f64; 2],
    field: &Field,
    outer_mm: f64,
    (at, side): (DVec3, DVec3),
    room: &[DVec3],
) -> Result<(Label, Mesh), SolidError> {
    let Inscription { words, lettering, height_mm, depth_mm } = *inscription;
    let reach = half_mm[0].hypot(half_mm[1]);
    let near = room.iter().filter(|p| p.truncate().distance(at.truncate()) < reach).map(|p| p.z);
    let (low, top) = near.fold((at.z, at.z), |(low, top): (f64, f64), z| (low.min(z), top.max(z)));
    let pose = Pose::with_side(
        meshing_space::Point::from_dvec3(at),
        Vector::new(0.0, 0.0, 1.0),
        Vector::from_dvec3(side),
    )?;
    let (stroke, between) = ((height_mm / 7.0).max(0.5), [low - at.z - 1.5, top - at.z + 1.0]);
    let letters = text_in(words, lettering, &pose, height_mm, stroke, between)?;
    // A copy, because the level is taken from the whole field.
    let floor = field.clone().surface(outer_mm - depth_mm)?;
    let made = difference(&letters, &floor)?;
    Ok((Label { pose, half_mm }, made))
}
