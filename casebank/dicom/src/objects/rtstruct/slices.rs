//! One structure's contours, slice by slice.

use std::collections::BTreeMap;

use meshing_space::{Lps, Point};
use meshing_volume::Grid;

use super::fill::polygon;

/// Largest distance of a contour's points from one plane, in voxels.
const FLAT: f64 = 0.25;
/// Contours closer than this are of one plane, in voxels.
const ONE_PLANE: f64 = 0.05;
/// Contours further than this from the middle of a slice are said to lie between slices, in voxels.
const ON_SLICE: f64 = 0.1;

/// A closed polygon as it was read.
#[derive(Debug)]
pub(super) struct Contour {
    /// Its place in the Contour Sequence, from 1.
    pub(super) number: usize,
    pub(super) points: Vec<Point<Lps>>,
    /// Whether it cuts out of the others what both hold (`CLOSEDPLANAR_XOR`).
    pub(super) xor: bool,
}

/// What is odd about a structure, counted or named by contour.
#[derive(Debug, Default)]
pub(super) struct Oddities {
    pub(super) few_points: Vec<usize>,
    pub(super) off_plane: Vec<usize>,
    pub(super) outside: Vec<usize>,
    pub(super) same_slice: Vec<usize>,
    pub(super) too_complex: Vec<usize>,
    pub(super) partly_overlapping: Vec<usize>,
    pub(super) holes: usize,
    /// Largest distance of a used contour from the middle of its slice, in slices.
    pub(super) between: f64,
    /// Slices between two contours that follow each other, at least.
    pub(super) skipped_slices: usize,
    /// Breaks in an otherwise complete run of slices.
    pub(super) breaks: usize,
}

/// The pixels of one slice across `axis`.
#[derive(Debug)]
pub(super) struct SliceMask {
    first: usize,
    strides: [usize; 2],
    columns: usize,
    pixels: Vec<u8>,
}

impl SliceMask {
    /// Calls `take` with the place in memory of every voxel inside.
    pub(super) fn each(&self, take: &mut dyn FnMut(usize)) {
        for (at, _) in self.pixels.iter().enumerate().filter(|(_, pixel)| **pixel != 0) {
            let (column, row) = (at % self.columns, at / self.columns);
            take(self.first + column * self.strides[0] + row * self.strides[1]);
        }
    }
}

/// A contour in a plane of the grid.
struct Flat<'a> {
    contour: &'a Contour,
    /// Position across the plane, in voxels.
    along: f64,
    points: Vec<[f64; 2]>,
}

/// Fills a structure's contours on the slices of a grid.
pub(super) fn fill(contours: &[Contour], grid: &Grid, odd: &mut Oddities) -> Vec<SliceMask> {
    let usable: Vec<(&Contour, Vec<[f64; 3]>)> = contours
        .iter()
        .filter(|contour| {
            let few = contour.points.len() < 3;
            if few {
                odd.few_points.push(contour.number);
            }
            !few
        })
        .map(|contour| (contour, contour.points.iter().map(|&p| settled(grid, p)).collect()))
        .collect();
    let Some(axis) = common_axis(&usable) else { return Vec::new() };
    let [u, v] = [[1, 2], [0, 2], [0, 1]][axis];
    let mut slices: BTreeMap<usize, Vec<Flat<'_>>> = BTreeMap::new();
    for (contour, points) in usable {
        let (low, high) = extent(&points, axis);
        let along = f64::midpoint(low, high);
        let slice = along.round();
        if high - low > FLAT {
            odd.off_plane.push(contour.number);
        } else if !(slice >= 0.0 && slice < grid.size()[axis] as f64) {
            odd.outside.push(contour.number);
        } else {
            let points = points.iter().map(|p| [p[u], p[v]]).collect();
            #[expect(clippy::cast_possible_truncation, reason = "between 0 and the size")]
            let slice = slice as usize;
            slices.entry(slice).or_default().push(Flat { contour, along, points });
        }
    }
    gaps(&slices, odd);
    let size = grid.size();
    let strides = [1, size[0], size[0] * size[1]];
    let mut out = Vec::new();
    for (slice, mut flat) in slices {
        one_plane(slice, &mut flat, odd);
        let mut mask = SliceMask {
            first: slice * strides[axis],
            strides: [strides[u], strides[v]],
            columns: size[u],
            pixels: vec![0; size[u] * size[v]],
        };
        // The largest first, so that what lies inside another comes after it.
        flat.sort_by(|a, b| area(&b.points).total_cmp(&area(&a.points)));
        for contour in &flat {
            paint(contour, [size[u], size[v]], &mut mask.pixels, odd);
        }
        out.push(mask);
    }
    out
}

/// A point in voxels, rid of float noise.
fn settled(grid: &Grid, at: Point<Lps>) -> [f64; 3] {
    (grid.ijk_from_lps() * at).to_array().map(|v| (v * 1e6).round() / 1e6)
}

fn extent(points: &[[f64; 3]], axis: usize) -> (f64, f64) {
    let along = points.iter().map(|p| p[axis]);
    along.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

/// The axis that most contours lie across.
fn common_axis(contours: &[(&Contour, Vec<[f64; 3]>)]) -> Option<usize> {
    let mut votes = [0_usize; 3];
    for (_, points) in contours {
        let spread = |axis: usize| {
            let (low, high) = extent(points, axis);
            high - low
        };
        let flattest = (0..3).min_by(|&a, &b| spread(a).total_cmp(&spread(b)));
        votes[flattest.unwrap_or(2)] += 1;
    }
    (0..3).rev().filter(|&axis| votes[axis] > 0).max_by_key(|&axis| votes[axis])
}

/// Contours of several planes that fall on one slice: only those of the nearest plane are used.
fn one_plane(slice: usize, flat: &mut Vec<Flat<'_>>, odd: &mut Oddities) {
    let off = |f: &Flat<'_>| (f.along - slice as f64).abs();
    let nearest = flat.iter().min_by(|a, b| off(a).total_cmp(&off(b))).map(|f| f.along);
    let Some(nearest) = nearest else { return };
    flat.retain(|f| {
        let same = (f.along - nearest).abs() <= ONE_PLANE;
        if !same {
            odd.same_slice.push(f.contour.number);
        }
        same
    });
    odd.between = flat.iter().map(off).fold(odd.between, f64::max);
}

fn gaps(slices: &BTreeMap<usize, Vec<Flat<'_>>>, odd: &mut Oddities) {
    let places: Vec<usize> = slices.keys().copied().collect();
    let steps = places.windows(2).map(|w| w[1] - w[0]);
    let least = steps.clone().min().unwrap_or(1);
    odd.skipped_slices = least - 1;
    odd.breaks = steps.filter(|&step| step > least).count();
}

/// Twice the area, without sign.
fn area(points: &[[f64; 2]]) -> f64 {
    let cross = points.iter().zip(points.iter().cycle().skip(1)).map(|(a, b)| a[0] * b[1] - b[0] * a[1]);
    cross.sum::<f64>().abs()
}

fn paint(contour: &Flat<'_>, size: [usize; 2], pixels: &mut [u8], odd: &mut Oddities) {
    let (mut set, mut free) = (0_usize, 0_usize);
    let whole = polygon(&contour.points, size, |i, j| match pixels[j * size[0] + i] {
        0 => free += 1,
        _ => set += 1,
    });
    if !whole {
        odd.too_complex.push(contour.contour.number);
        return;
    }
    let value = |before: u8| match (contour.contour.xor, set > 0, free > 0) {
        (true, ..) => before ^ 1,
        // Inside another: a hole.
        (false, true, false) => 0,
        (false, ..) => 1,
    };
    polygon(&contour.points, size, |i, j| {
        let pixel = &mut pixels[j * size[0] + i];
        *pixel = value(*pixel);
    });
    if !contour.contour.xor && set > 0 {
        if free > 0 {
            odd.partly_overlapping.push(contour.contour.number);
        } else {
            odd.holes += 1;
        }
    }
}

impl Oddities {
    /// Whether contours lie between slices.
    pub(super) fn lie_between(&self) -> bool {
        self.between > ON_SLICE
    }
}
