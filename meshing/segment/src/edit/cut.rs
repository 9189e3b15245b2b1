//! Cuts by a plane, a box or a drawn outline.

use meshing_space::{Aabb, Lps, Point, Vector};
use meshing_volume::LabelMap;
use rayon::prelude::*;

use super::EditError;

/// Which side of a cut stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What lies within: in the box or outline, or on the side the normal points to.
    Inside,
    /// What lies without.
    Outside,
}

/// Clears what lies on one side of the plane through `point` with `normal` (any length): voxels of `label` whose centre
/// is not on the kept side become 0. A centre in the plane is inside. Gives how many were cleared.
///
/// # Errors
/// [`EditError::Number`] for a normal without length or a point that is not finite.
pub fn cut_plane(
    map: &mut LabelMap,
    label: u8,
    point: Point<Lps>,
    normal: Vector<Lps>,
    keep: Keep,
) -> Result<usize, EditError> {
    let normal = normal.normalized().ok_or(EditError::Number("the normal"))?;
    if !point.is_finite() {
        return Err(EditError::Number("the point of the plane"));
    }
    Ok(cut(map, label, keep, |at| (at - point).dot(normal) >= 0.0))
}

/// Clears voxels of `label` whose centre is outside (or inside) a box along the patient's axes, LPS mm.
///
/// # Errors
/// [`EditError::Number`] for corners that are not finite.
pub fn cut_box(map: &mut LabelMap, label: u8, within: Aabb<Lps>, keep: Keep) -> Result<usize, EditError> {
    if !within.min.is_finite() || !within.max.is_finite() {
        return Err(EditError::Number("a corner of the box"));
    }
    Ok(cut(map, label, keep, |at| within.contains(at)))
}

/// Clears voxels of `label` whose centre is outside (or inside) the prism that the closed outline makes along
/// `direction` (a lasso drawn on a screen, and the line of sight). An outline that crosses itself is taken by the
/// even-odd rule.
///
/// # Errors
/// [`EditError::Outline`] for fewer than three points or no area, [`EditError::Number`] for what is not finite.
pub fn cut_prism(
    map: &mut LabelMap,
    label: u8,
    outline: &[Point<Lps>],
    direction: Vector<Lps>,
    keep: Keep,
) -> Result<usize, EditError> {
    let sight = direction.normalized().ok_or(EditError::Number("the direction"))?;
    if !outline.iter().all(|point| point.is_finite()) {
        return Err(EditError::Number("a point of the outline"));
    }
    let &first = outline.first().ok_or(EditError::Outline)?;
    // Two directions across the line of sight; the patient's axis that is most across it makes the first.
    let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
    let most = axes.into_iter().min_by(|a, b| a.dot(sight).abs().total_cmp(&b.dot(sight).abs()));
    let u = most.and_then(|axis| sight.cross(axis).normalized()).ok_or(EditError::Outline)?;
    let v = sight.cross(u);
    let flat = |point: Point<Lps>| [(point - first).dot(u), (point - first).dot(v)];
    let outline: Vec<[f64; 2]> = outline.iter().map(|&point| flat(point)).collect();
    let edges = || outline.iter().zip(outline.iter().cycle().skip(1));
    // Twice the area of all triangles to the first point, so that a figure of eight has one too.
    let area: f64 = edges().map(|(a, b)| (a[0] * b[1] - a[1] * b[0]).abs()).sum();
    let extent = outline.iter().flatten().fold(0.0, |most: f64, x| most.max(x.abs()));
    if outline.len() < 3 || area <= 1e-12 * extent * extent || extent == 0.0 {
        return Err(EditError::Outline);
    }
    Ok(cut(map, label, keep, |at| {
        let [x, y] = flat(at);
        let crossed = edges().filter(|(a, b)| {
            (a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
        });
        crossed.count() % 2 == 1
    }))
}

/// Clears voxels of a label by where their centre lies.
fn cut(map: &mut LabelMap, label: u8, keep: Keep, inside: impl Fn(Point<Lps>) -> bool + Sync) -> usize {
    let grid = *map.grid();
    let [si, sj, _] = grid.size();
    let to_lps = grid.lps_from_ijk();
    map.labels_mut()
        .par_chunks_mut(si)
        .enumerate()
        .map(|(row, labels)| {
            let mut cleared = 0;
            for (i, value) in labels.iter_mut().enumerate().filter(|(_, value)| **value == label) {
                let centre = to_lps * Point::new(i as f64, (row % sj) as f64, (row / sj) as f64);
                if inside(centre) != (keep == Keep::Inside) {
                    *value = 0;
                    cleared += 1;
                }
            }
            cleared
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use meshing_volume::Grid;

    use super::*;

    fn full() -> LabelMap {
        let (sin, cos) = 0.4_f64.sin_cos();
        let axes = [Vector::new(cos, sin, 0.0), Vector::new(-sin, cos, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let grid =
            Grid::new([40, 40, 10], Point::new(-20.0, -30.0, 5.0), axes, [1.0, 1.0, 2.0]).expect("grid");
        let mut map = LabelMap::empty(&grid);
        map.labels_mut().fill(4);
        map
    }

    #[test]
    fn a_plane_keeps_one_side_and_the_other_the_rest() {
        let (mut one, mut other) = (full(), full());
        let (point, normal) = (one.grid().center(), Vector::new(1.0, 2.0, 0.5));
        let cleared = cut_plane(&mut one, 4, point, normal, Keep::Inside).expect("cut");
        let rest = cut_plane(&mut other, 4, point, normal, Keep::Outside).expect("cut");
        assert_eq!(cleared + rest, one.labels().len());
        assert!((cleared as f64 / rest as f64 - 1.0).abs() < 0.05, "through the middle");
        assert!(one.labels().iter().zip(other.labels()).all(|(a, b)| a + b == 4));
        let flat = cut_plane(&mut one, 4, point, Vector::new(0.0, 0.0, 0.0), Keep::Inside);
        assert_eq!(flat, Err(EditError::Number("the normal")));
        assert_eq!(cut_plane(&mut one, 9, point, normal, Keep::Inside), Ok(0), "another label");
    }

    #[test]
    fn a_box_and_a_lasso_of_the_same_square_cut_alike() {
        let (mut boxed, mut drawn) = (full(), full());
        let c = boxed.grid().center();
        let corner = |x: f64, y: f64, z: f64| c + Vector::new(x, y, z);
        let within = Aabb { min: corner(-8.3, -6.2, -100.0), max: corner(7.1, 9.4, 100.0) };
        cut_box(&mut boxed, 4, within, Keep::Inside).expect("cut");
        let outline = [(-8.3, -6.2), (7.1, -6.2), (7.1, 9.4), (-8.3, 9.4)].map(|(x, y)| corner(x, y, 77.0));
        cut_prism(&mut drawn, 4, &outline, Vector::new(0.0, 0.0, -3.0), Keep::Inside).expect("cut");
        assert_eq!(boxed.labels(), drawn.labels());
        let expected = 15.4 * 15.6 * 20.0;
        assert!((boxed.volume_mm3(4) / expected - 1.0).abs() < 0.03);
        let line = [corner(0.0, 0.0, 0.0), corner(1.0, 1.0, 0.0), corner(2.0, 2.0, 9.0)];
        let sight = Vector::new(0.0, 0.0, 1.0);
        assert_eq!(cut_prism(&mut drawn, 4, &line, sight, Keep::Inside), Err(EditError::Outline));
        assert_eq!(cut_prism(&mut drawn, 4, &line[..2], sight, Keep::Inside), Err(EditError::Outline));
    }
}
