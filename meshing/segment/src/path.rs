//! Minimal paths by fast marching, and the centreline of a tube along one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, Part, Progress, Volume};

use crate::{Distance, Runs, SegmentError, To, region_grow};

/// A place on a centreline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CentrePoint {
    /// The middle of the section, LPS mm.
    pub at: Point<Lps>,
    /// Radius of the circle with the section's area, mm; `None` where the section is not closed.
    pub radius_mm: Option<f64>,
    /// Shortest and longest way through the middle of the section, mm, halved.
    pub extent_mm: Option<[f64; 2]>,
}

/// The way from one point to another that takes the least time where `speed` (mm per unit of time, i fastest; nothing
/// is passed at 0) says how fast each voxel is crossed: the eikonal equation solved by fast marching (Sethian 1996),
/// then followed back. Voxel centres, LPS mm, from `from` to `to`; `None` where no way leads there. The grid's axes
/// are taken as perpendicular.
///
/// # Errors
/// [`SegmentError::SeedOutside`], [`SegmentError::Contradiction`] for a speed of another size,
/// [`SegmentError::TooLarge`] from 2³² voxels, [`SegmentError::Cancelled`].
pub fn minimal_path(
    grid: &Grid,
    speed: &[f32],
    from: Point<Lps>,
    to: Point<Lps>,
    progress: &dyn Progress,
) -> Result<Option<Vec<Point<Lps>>>, SegmentError> {
    if speed.len() != grid.len() {
        return Err(SegmentError::contradiction(
            "speed and grid are not of one size",
            "速度图与网格大小不同",
        ));
    }
    if u32::try_from(grid.len()).is_err() {
        return Err(SegmentError::TooLarge { voxels: grid.len() });
    }
    let voxel = |at: Point<Lps>| -> Result<usize, SegmentError> {
        let [i, j, k] = crate::Seed { at, label: 1 }.voxel(grid)?;
        Ok(grid.index(i, j, k))
    };
    let (start, goal) = (voxel(from)?, voxel(to)?);
    let Some(times) = arrival(grid, speed, start, Some(goal), progress)? else { return Ok(None) };
    let [si, sj, sk] = grid.size();
    let mm = grid.spacing_mm();
    let mut place = goal;
    let mut way = vec![goal];
    while place != start {
        let at = [place % si, place / si % sj, place / (si * sj)];
        // Of all 26 neighbours the one towards which the time falls most for each mm.
        let mut best = (0.0, place);
        for shift in 0..27_usize {
            let step = [shift % 3, shift / 3 % 3, shift / 9];
            let next: [usize; 3] = core::array::from_fn(|axis| (at[axis] + step[axis]).wrapping_sub(1));
            if next[0] >= si || next[1] >= sj || next[2] >= sk || shift == 13 {
                continue;
            }
            let n = (next[2] * sj + next[1]) * si + next[0];
            let apart: f64 = (0..3).map(|axis| ((step[axis] as f64 - 1.0) * mm[axis]).powi(2)).sum();
            let fall = (f64::from(times[place]) - f64::from(times[n])) / apart.sqrt();
            if fall > best.0 {
                best = (fall, n);
            }
        }
        if best.1 == place {
            return Ok(None);
        }
        place = best.1;
        way.push(place);
    }
    let to_lps = grid.lps_from_ijk();
    let centre =
        |n: usize| to_lps * Point::new((n % si) as f64, (n / si % sj) as f64, (n / (si * sj)) as f64);
    Ok(Some(way.into_iter().rev().map(centre).collect()))
}

/// When each voxel is reached from `start`, up to `goal` (of all voxels without one); `None` if that is not reached.
pub(crate) fn arrival(
    grid: &Grid,
    speed: &[f32],
    start: usize,
    goal: Option<usize>,
    progress: &dyn Progress,
) -> Result<Option<Vec<f32>>, SegmentError> {
    let [si, sj, _] = grid.size();
    let (strides, mm) = ([1, si, si * sj], grid.spacing_mm());
    let mut times = vec![f32::INFINITY; grid.len()];
    let mut done = vec![false; grid.len()];
    let mut open = BinaryHeap::new();
    times[start] = 0.0;
    // Times are not negative, so their bits are in the same order.
    open.push(Reverse((0_u32, start as u32)));
    let mut count = 0_usize;
    while let Some(Reverse((_, place))) = open.pop() {
        let place = place as usize;
        if std::mem::replace(&mut done[place], true) {
            continue;
        }
        if Some(place) == goal {
            return Ok(Some(times));
        }
        count += 1;
        if count.is_multiple_of(1 << 16) {
            progress.step(count, grid.len())?;
        }
        for next in crate::flood::neighbours(grid, place) {
            if done[next] || speed[next].is_nan() || speed[next] <= 0.0 {
                continue;
            }
            let at = [next % si, next / si % sj, next / (si * sj)];
            let earliest: [f64; 3] = core::array::from_fn(|axis| {
                let before = if at[axis] > 0 { times[next - strides[axis]] } else { f32::INFINITY };
                let after = times.get(next + strides[axis]).copied().unwrap_or(f32::INFINITY);
                let after = if at[axis] + 1 < grid.size()[axis] { after } else { f32::INFINITY };
                f64::from(before.min(after))
            });
            let time = upwind(earliest, mm, 1.0 / f64::from(speed[next])) as f32;
            if time < times[next] {
                times[next] = time;
                open.push(Reverse((time.to_bits(), next as u32)));
            }
        }
    }
    Ok(goal.is_none().then_some(times))
}

/// The time at a voxel from the earliest neighbour along each axis: the root of Σ ((t - tₐ) / hₐ)² = slowness².
fn upwind(earliest: [f64; 3], mm: [f64; 3], slowness: f64) -> f64 {
    let mut axes = [0, 1, 2];
    axes.sort_by(|&a, &b| earliest[a].total_cmp(&earliest[b]));
    let mut time = earliest[axes[0]] + mm[axes[0]] * slowness;
    let (mut a, mut b, mut c) = (0.0, 0.0, -slowness * slowness);
    for axis in axes {
        // An axis whose neighbour comes later does not take part.
        if earliest[axis] >= time {
            break;
        }
        let weight = 1.0 / (mm[axis] * mm[axis]);
        a += weight;
        b += weight * earliest[axis];
        c += weight * earliest[axis] * earliest[axis];
        let root = b * b - a * c;
        if root >= 0.0 {
            time = (b + root.sqrt()) / a;
        }
    }
    time
}

/// Rays across the tube, and how far they look, mm.
const RAYS: usize = 32;
const FARTHEST_MM: f64 = 40.0;
/// Points and samples lie no nearer than for voxels of this size, mm, so that there is an end to them.
const LEAST_STEP_MM: f64 = 0.005;
/// How often the points move to the middle of their sections.
const ROUNDS: usize = 4;
/// Voxels outside the tube are passed at this share of the greatest speed, so that a gap does not end the way.
const GAP_SPEED: f32 = 1e-3;

/// The centreline of a bright tube between two points in it, with the radius of its sections. The wall lies where the
/// values fall to `level`. A way is found that keeps to the middle (fast marching, faster far from the wall), its
/// points move to the middle of the sections across it, and the sections are measured; a point about every
/// least spacing of the grid. `None` where no way leads from one point to the other.
///
/// # Errors
/// As [`minimal_path`]; [`SegmentError::Contradiction`] where a point does not lie in the tube.
pub fn centreline(
    volume: &Volume,
    from: Point<Lps>,
    to: Point<Lps>,
    level: f64,
    progress: &dyn Progress,
) -> Result<Option<Vec<CentrePoint>>, SegmentError> {
    let grid = volume.grid();
    let mut starts = Vec::new();
    for at in [from, to] {
        let [i, j, k] = crate::Seed { at, label: 1 }.voxel(grid)?;
        let within = f64::from(volume.value(i, j, k)) >= level;
        if !within {
            return Err(SegmentError::contradiction(
                "an end of the centreline lies outside the tube",
                "中心线的一端位于管腔之外",
            ));
        }
        starts.push(grid.index(i, j, k));
    }
    let (tube, _) = region_grow(volume, &starts, level, f64::INFINITY);
    progress.step(1, 10)?;
    let depth = Distance::new(grid.spacing_mm(), To::Centres).squared(&Runs::of_label(&tube, 0));
    let deepest = depth.iter().copied().filter(|d| d.is_finite()).fold(f32::MIN_POSITIVE, f32::max);
    // By the square of the depth: the middle is much faster than the wall, and corners are not cut.
    let speed: Vec<f32> = depth.iter().map(|&d| (d.min(deepest) / deepest).max(GAP_SPEED)).collect();
    progress.step(2, 10)?;
    let Some(way) = minimal_path(grid, &speed, from, to, &Part::new(progress, 0.2, 0.6))? else {
        return Ok(None);
    };
    let step = grid.spacing_mm().into_iter().fold(f64::INFINITY, f64::min).max(LEAST_STEP_MM);
    let mut points = evened(&smoothed_way(&way), step);
    for round in 0..ROUNDS {
        progress.step(6 + round, 7 + ROUNDS)?;
        let found = sections(volume, &points, level, step / 4.0);
        let moved: Vec<Point<Lps>> =
            points.iter().zip(&found).map(|(&at, section)| section.map_or(at, |s| s.middle)).collect();
        points = evened(&moved, step);
    }
    progress.step(6 + ROUNDS, 7 + ROUNDS)?;
    let found = sections(volume, &points, level, step / 4.0);
    let line = points.into_iter().zip(found).map(|(at, section)| CentrePoint {
        at: section.map_or(at, |s| s.middle),
        radius_mm: section.map(|s| (s.area / core::f64::consts::PI).sqrt()),
        extent_mm: section.map(|s| s.extent),
    });
    Ok(Some(line.collect()))
}

/// The way without the steps of the grid: each inner point is the mean of seven.
pub(crate) fn smoothed_way(way: &[Point<Lps>]) -> Vec<Point<Lps>> {
    let mean = |at: usize| {
        let reach = 3.min(at).min(way.len() - 1 - at);
        let part = &way[at - reach..=at + reach];
        let sum = part.iter().fold(Vector::new(0.0, 0.0, 0.0), |sum, &p| sum + (p - way[at]));
        way[at] + sum * (1.0 / part.len() as f64)
    };
    (0..way.len()).map(mean).collect()
}

/// Points on the same line at equal steps; both ends stay.
pub(crate) fn evened(line: &[Point<Lps>], step: f64) -> Vec<Point<Lps>> {
    let (Some(&first), Some(&last)) = (line.first(), line.last()) else { return Vec::new() };
    let mut points = vec![first];
    let mut left = step;
    for pair in line.windows(2) {
        let length = pair[0].distance(pair[1]);
        let mut along = left;
        while along < length {
            points.push(pair[0].lerp(pair[1], along / length));
            along += step;
        }
        left = along - length;
    }
    if points.last().is_none_or(|&end| end.distance(last) > 0.5 * step) {
        points.push(last);
    } else if let Some(end) = points.last_mut() {
        *end = last;
    }
    points
}

/// A cut across the tube.
#[derive(Clone, Copy)]
pub(crate) struct Section {
    pub(crate) middle: Point<Lps>,
    pub(crate) area: f64,
    pub(crate) extent: [f64; 2],
}

pub(crate) fn sections(
    volume: &Volume,
    points: &[Point<Lps>],
    level: f64,
    step: f64,
) -> Vec<Option<Section>> {
    let of = |n: usize| {
        // Over five points, so that the unrest of single ones does not turn the section.
        let (before, after) = (n.saturating_sub(2), (n + 2).min(points.len() - 1));
        let along = (points[after] - points[before]).normalized()?;
        section(volume, points[n], along, level, step)
    };
    (0..points.len()).map(of).collect()
}

/// The section across `along` about a point in it; `None` where a ray finds no wall.
fn section(volume: &Volume, at: Point<Lps>, along: Vector<Lps>, level: f64, step: f64) -> Option<Section> {
    let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
    let most = axes.into_iter().min_by(|a, b| a.dot(along).abs().total_cmp(&b.dot(along).abs()))?;
    let u = along.cross(most).normalized()?;
    let v = along.cross(u);
    let mut before = volume.sample_lps(at)?;
    if before < level {
        return None;
    }
    let start = before;
    let mut wall = [[0.0_f64; 2]; RAYS];
    for (n, wall) in wall.iter_mut().enumerate() {
        let (sin, cos) = (core::f64::consts::TAU * n as f64 / RAYS as f64).sin_cos();
        let ray = u * cos + v * sin;
        before = start;
        let mut reach = 0.0;
        let far = loop {
            reach += step;
            if reach > FARTHEST_MM {
                return None;
            }
            let value = volume.sample_lps(at + ray * reach)?;
            if value < level {
                break reach - step * (level - value) / (before - value);
            }
            before = value;
        };
        *wall = [far * cos, far * sin];
    }
    let edges = || wall.iter().zip(wall.iter().cycle().skip(1));
    let twice: f64 = edges().map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum();
    if twice <= 0.0 {
        return None;
    }
    let moment = |axis: usize| {
        edges().map(|(a, b)| (a[axis] + b[axis]) * (a[0] * b[1] - a[1] * b[0])).sum::<f64>() / (3.0 * twice)
    };
    let middle = [moment(0), moment(1)];
    // Ways through the middle: a wall and the one across it.
    let half = |n: usize| {
        let [a, b] = [wall[n], wall[n + RAYS / 2]];
        0.5 * (a[0] - b[0]).hypot(a[1] - b[1])
    };
    let extent =
        (0..RAYS / 2).map(half).fold([f64::INFINITY, 0.0], |[l, h]: [f64; 2], x| [l.min(x), h.max(x)]);
    Some(Section { middle: at + u * middle[0] + v * middle[1], area: twice / 2.0, extent })
}

#[cfg(test)]
mod tests {
    use meshing_phantom::Phantom;
    use meshing_space::Transform;
    use meshing_volume::{Silent, VolumeMeta, Voxels};

    use super::*;

    #[test]
    fn waves_arrive_in_time() {
        let mm = [1.0, 1.5, 0.8];
        let grid = Grid::axis_aligned([30, 22, 40], Point::origin(), mm).expect("grid");
        let start = grid.index(4, 5, 6);
        let goal = grid.index(29, 21, 39);
        let speed = vec![2.0; grid.len()];
        let times = arrival(&grid, &speed, start, Some(goal), &Silent).expect("runs").expect("reached");
        for at in [[25, 5, 6], [4, 20, 6], [20, 15, 30], [10, 6, 30]] {
            let apart: f64 = (0..3).map(|x| ((at[x] as f64 - [4.0, 5.0, 6.0][x]) * mm[x]).powi(2)).sum();
            let time = f64::from(times[grid.index(at[0], at[1], at[2])]) * 2.0;
            // First order about a point: late by some percent off the axes.
            assert!((time / apart.sqrt() - 1.0).abs() < 0.08, "{time} {}", apart.sqrt());
        }
        let mut walled = speed;
        for speed in walled.iter_mut().skip(15).step_by(30) {
            *speed = 0.0;
        }
        let to = grid.lps_from_ijk() * Point::new(29.0, 21.0, 39.0);
        let none = minimal_path(&grid, &walled, grid.origin(), to, &Silent).expect("runs");
        assert_eq!(none, None, "a wall all across");
        let outside = minimal_path(&grid, &walled, Point::new(-9.0, 0.0, 0.0), to, &Silent);
        assert!(matches!(outside, Err(SegmentError::SeedOutside { .. })));
    }

    #[test]
    fn tubes_of_many_radii_are_measured_below_a_quarter_voxel() {
        let grid = Grid::axis_aligned([60, 24, 24], Point::origin(), [1.0; 3]).expect("grid");
        for r in [1.5, 2.5, 4.0, 6.0] {
            // A slanted tube through (x, 11.6 + x / 20, 12.2 - x / 30), edges one voxel wide.
            let along = Vector::<Lps>::new(1.0, 0.05, -1.0 / 30.0).normalized().expect("a direction");
            let anchor = Point::new(0.0, 11.6, 12.2);
            let off = |p: Point<Lps>| (p - anchor).cross(along).length();
            let value = |n: usize| {
                let p = Point::new((n % 60) as f64, (n / 60 % 24) as f64, (n / 1440) as f64);
                (40.0 + 200.0 * (0.5 - (off(p) - r)).clamp(0.0, 1.0)).round() as i16
            };
            let voxels = Voxels::I16((0..grid.len()).map(value).collect());
            let volume = Volume::new(grid, voxels, VolumeMeta::default()).expect("volume");
            let (from, to) = (Point::new(4.0, 12.0, 12.0), Point::new(55.0, 14.0, 10.0));
            let line = centreline(&volume, from, to, 140.0, &Silent).expect("runs").expect("a way");
            assert!(line.len() > 45);
            for point in &line[3..line.len() - 3] {
                assert!(off(point.at) < 0.25, "r {r}: {} off", off(point.at));
                let radius = point.radius_mm.expect("closed");
                assert!((radius - r).abs() < 0.25, "r {r}: {radius}");
                let [least, most] = point.extent_mm.expect("closed");
                assert!(least <= radius + 0.05 && most >= radius - 0.05);
            }
        }
    }

    #[test]
    fn a_helix_is_followed_from_end_to_end() {
        let phantom = Phantom::helix_vessel();
        let grid = phantom.grid([0.8, 0.8, 1.0], Transform::identity());
        let volume = phantom.volume(&grid);
        let truth = phantom.truth();
        let end = |name: &str| truth.landmark(name).expect("named");
        let (from, to) = (end("lower_end"), end("upper_end"));
        let line = centreline(&volume, from, to, 145.0, &Silent).expect("runs").expect("a way");
        let length: f64 = line.windows(2).map(|pair| pair[0].at.distance(pair[1].at)).sum();
        let true_length = 2.5 * (core::f64::consts::TAU * 22.0).hypot(18.0);
        assert!((length / true_length - 1.0).abs() < 0.02, "{length} of {true_length}");
        let radii: Vec<f64> = line[6..line.len() - 6].iter().filter_map(|p| p.radius_mm).collect();
        assert!(radii.len() + 12 == line.len() && radii.iter().all(|r| (r - 4.0).abs() < 0.2), "{radii:?}");
        let outside = centreline(&volume, grid.center(), to, 145.0, &Silent);
        assert!(matches!(outside, Err(SegmentError::Contradiction(_))));
    }
}
