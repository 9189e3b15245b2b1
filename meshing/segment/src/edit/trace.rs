//! Outlines along a level in a slice.

use meshing_space::{Ijk, Lps, Point};
use meshing_volume::Volume;

use super::EditError;

/// The closed outline on which the values of a slice are what they are at `at`, and which passes there: corners in
/// order, LPS mm, the first not repeated. The slice is the one nearest to the point across `axis` (0 = i, 1 = j, 2 = k);
/// the level lies between the values of the voxel under the point and of the neighbour that differs most, at the
/// point's share of the way, as a person points at an edge. Outside the slice everything counts as dark, so that
/// outlines close along its border; so does what is no number.
///
/// # Errors
/// [`EditError::Axis`], [`EditError::Outside`], [`EditError::Flat`] where no value around the point differs.
pub fn level_trace(volume: &Volume, axis: usize, at: Point<Lps>) -> Result<Vec<Point<Lps>>, EditError> {
    let grid = volume.grid();
    let size = grid.size();
    let (u, v) = match axis {
        0 => (1, 2),
        1 => (0, 2),
        2 => (0, 1),
        other => return Err(EditError::Axis(other)),
    };
    let place = (grid.ijk_from_lps() * at).to_array();
    if !(0..3).all(|n| place[n] >= -0.5 && place[n] <= size[n] as f64 - 0.5) {
        return Err(EditError::Outside("point"));
    }
    let slice = (place[axis].round().max(0.0) as usize).min(size[axis] - 1);
    let (width, height) = (size[u] as isize, size[v] as isize);
    let value = |x: isize, y: isize| -> f64 {
        if x < 0 || y < 0 || x >= width || y >= height {
            return f64::NEG_INFINITY;
        }
        let mut voxel = [0; 3];
        (voxel[axis], voxel[u], voxel[v]) = (slice, x as usize, y as usize);
        let value = f64::from(volume.value(voxel[0], voxel[1], voxel[2]));
        if value.is_finite() { value } else { f64::NEG_INFINITY }
    };
    let spot = [place[u], place[v]];
    let level = level_at(spot, [width, height], value).ok_or(EditError::Flat)?;
    let (start, _) = nearest_crossing(spot, level, [width, height], value).ok_or(EditError::Flat)?;
    let outline = follow(start, level, value);
    let to_lps = grid.lps_from_ijk();
    let corner = |[x, y]: [f64; 2]| {
        let mut at = [0.0; 3];
        (at[axis], at[u], at[v]) = (slice as f64, x, y);
        to_lps * Point::<Ijk>::from_array(at)
    };
    Ok(outline.into_iter().map(corner).collect())
}

/// The level that a point means: its own bilinear value, kept off the voxels' own values so that no corner is hit.
fn level_at(spot: [f64; 2], [width, height]: [isize; 2], value: impl Fn(isize, isize) -> f64) -> Option<f64> {
    let base = [0, 1].map(|n| {
        let last = [width, height][n] - 2;
        (spot[n].floor() as isize).clamp(0, last.max(0))
    });
    let share = [0, 1].map(|n| (spot[n] - base[n] as f64).clamp(0.0, 1.0));
    let far = [(base[0] + 1).min(width - 1), (base[1] + 1).min(height - 1)];
    let corners =
        [value(base[0], base[1]), value(far[0], base[1]), value(base[0], far[1]), value(far[0], far[1])];
    let (low, high) =
        corners.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &c| (l.min(c), h.max(c)));
    if !(low.is_finite() && low < high) {
        return None;
    }
    let along = |a: f64, b: f64, share: f64| a + (b - a) * share;
    let level =
        along(along(corners[0], corners[1], share[0]), along(corners[2], corners[3], share[0]), share[1]);
    // Never at a value of the block itself: an outline through a voxel's centre would be ambiguous.
    let step = (high - low) * 1e-6;
    Some(level.clamp(low + step, high - step) + step * 0.37)
}

/// An edge between a voxel that is inside (x, y) and the one outside beside it (dx, dy).
type Crossing = ((isize, isize), (isize, isize));

/// The crossing of the level nearest to a place, and where it is.
fn nearest_crossing(
    spot: [f64; 2],
    level: f64,
    [width, height]: [isize; 2],
    value: impl Fn(isize, isize) -> f64 + Copy,
) -> Option<(Crossing, [f64; 2])> {
    let mut best: Option<(f64, Crossing, [f64; 2])> = None;
    let (x, y) = (spot[0].round() as isize, spot[1].round() as isize);
    for y in (y - 2).max(0)..=(y + 2).min(height - 1) {
        for x in (x - 2).max(0)..=(x + 2).min(width - 1) {
            for step in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
                if value(x, y) >= level && value(x + step.0, y + step.1) < level {
                    let crossing = ((x, y), step);
                    let at = place(crossing, level, value);
                    let apart = (at[0] - spot[0]).powi(2) + (at[1] - spot[1]).powi(2);
                    if best.is_none_or(|best| apart < best.0) {
                        best = Some((apart, crossing, at));
                    }
                }
            }
        }
    }
    best.map(|(_, crossing, at)| (crossing, at))
}

/// Where the level is crossed.
fn place(((x, y), (dx, dy)): Crossing, level: f64, value: impl Fn(isize, isize) -> f64) -> [f64; 2] {
    let (inside, outside) = (value(x, y), value(x + dx, y + dy));
    // Half a voxel out where nothing is known beyond: the border of the picture.
    let share = if outside.is_finite() { (inside - level) / (inside - outside) } else { 0.5 };
    [x as f64 + share * dx as f64, y as f64 + share * dy as f64]
}

/// All crossings in order around the inside, from a first one and back to it.
fn follow(start: Crossing, level: f64, value: impl Fn(isize, isize) -> f64 + Copy) -> Vec<[f64; 2]> {
    let inside = |x: isize, y: isize| value(x, y) >= level;
    let mut outline = Vec::new();
    let mut now = start;
    loop {
        outline.push(place(now, level, value));
        let ((x, y), (dx, dy)) = now;
        // The block on the left of the way from inside to outside; inside voxels that meet at a corner hang together.
        let (lx, ly) = (-dy, dx);
        let (beside, across) = (inside(x + lx, y + ly), inside(x + lx + dx, y + ly + dy));
        now = if across {
            // The voxel across is inside: the edge from it back towards the outside voxel.
            ((x + lx + dx, y + ly + dy), (-lx, -ly))
        } else if beside {
            ((x + lx, y + ly), (dx, dy))
        } else {
            ((x, y), (lx, ly))
        };
        if now == start {
            return outline;
        }
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Vector;
    use meshing_volume::{Grid, VolumeMeta, Voxels};

    use super::*;

    /// A cone about (20, 15) that falls by 10 for each mm, on an oblique grid; values along the slice axis differ.
    fn cone() -> Volume {
        let (sin, cos) = 0.5_f64.sin_cos();
        let axes = [Vector::new(cos, sin, 0.0), Vector::new(-sin, cos, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let grid = Grid::new([50, 40, 3], Point::new(5.0, 6.0, 7.0), axes, [0.8, 1.0, 3.0]).expect("grid");
        let value = |n: usize| {
            let (x, y, k) = ((n % 50) as f64 * 0.8, (n / 50 % 40) as f64, n / 2000);
            (500.0 - 10.0 * (x - 20.0).hypot(y - 15.0) - 100.0 * k as f64) as f32
        };
        let voxels = Voxels::F32((0..grid.len()).map(value).collect());
        Volume::new(grid, voxels, VolumeMeta::default()).expect("volume")
    }

    #[test]
    fn the_outline_of_a_cone_is_a_circle_through_the_point() {
        let volume = cone();
        let at = |x: f64, y: f64| volume.grid().lps_from_ijk() * Point::new(x / 0.8, y, 1.2);
        let outline = level_trace(&volume, 2, at(20.0 + 9.3, 15.0)).expect("traced");
        let centre = at(20.0, 15.0) + Vector::new(0.0, 0.0, -0.6);
        for point in &outline {
            assert!((point.distance(centre) - 9.3).abs() < 0.06, "{}", point.distance(centre));
            assert!((point.z() - 10.0).abs() < 1e-9, "in the slice");
        }
        let length: f64 =
            outline.iter().zip(outline.iter().cycle().skip(1)).map(|(a, b)| a.distance(*b)).sum();
        assert!((length / (core::f64::consts::TAU * 9.3) - 1.0).abs() < 0.01, "closed and once around");
        let cut = level_trace(&volume, 2, at(20.0, 15.0 + 18.0)).expect("traced");
        let round: f64 = cut.iter().zip(cut.iter().cycle().skip(1)).map(|(a, b)| a.distance(*b)).sum();
        assert!(round < core::f64::consts::TAU * 18.0 && round > 90.0, "closed along the border: {round}");
    }

    #[test]
    fn flat_places_and_places_outside_are_refused() {
        let grid = Grid::axis_aligned([5, 5, 1], Point::origin(), [1.0; 3]).expect("grid");
        let flat = Volume::new(grid, Voxels::I16(vec![3; 25]), VolumeMeta::default()).expect("volume");
        assert_eq!(level_trace(&flat, 2, Point::new(2.0, 2.0, 0.0)), Err(EditError::Flat));
        assert_eq!(level_trace(&flat, 2, Point::new(9.0, 2.0, 0.0)), Err(EditError::Outside("point")));
        assert_eq!(level_trace(&flat, 7, Point::origin()), Err(EditError::Axis(7)));
        assert_eq!(level_trace(&cone(), 2, Point::new(f64::NAN, 0.0, 0.0)), Err(EditError::Outside("point")));
    }
}
