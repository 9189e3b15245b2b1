//! Voronoi openings: cells of a surface, parted by struts of one width.

use glam::DVec3;
use meshing_space::{Lps, Point};
use meshing_surface::Mesh;
use meshing_volume::Progress;
use rayon::prelude::*;

use crate::SolidError;
use crate::checks::samples;
use crate::seeds::Seeds;

/// What openings are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pattern {
    /// Share of the area where openings may lie that is open: above 0, at most 0.6.
    pub share: f64,
    /// Least width of the struts between openings, mm.
    pub strut_mm: f64,
    /// Openings in which no ball of this radius fits are left closed, and corners are as round, mm; at most half a strut.
    pub least_mm: f64,
    /// Another seed, other cells; the same seed, the same cells.
    pub seed: u64,
}

/// Openings on a surface, as a signed distance in space.
///
/// Struts lie about the planes between neighbouring seeds and are parallel to them, so that they are as wide as stated
/// however the surface bends.
#[derive(Clone, Debug, PartialEq)]
pub struct Openings {
    seeds: Seeds,
    open: Vec<bool>,
    strut_mm: f64,
    least_mm: f64,
    share: f64,
}

/// Points on the surface per strut's width, so that shares and widths are counted well.
const PER_STRUT: f64 = 5.0;
/// How many seeds share the area: rounds of more distant ones until the share is reached.
const ROUNDS: usize = 10;
const APART: f64 = 1.15;
/// Least distance of two seeds, as a part of the mean.
const NEAREST: f64 = 0.75;
/// Rounds of moving seeds to the middle of their cells (Lloyd 1982).
const EVENING: usize = 6;
/// Most openings.
const MOST_OPENINGS: f64 = 20_000.0;
/// How far the share may lie above the one that is wanted.
const OFF: f64 = 0.02;
/// Halvings of the width of the struts.
const HALVINGS: usize = 24;

/// Openings of the Voronoi cells of seeds spread evenly over the part of `surface` (closed or open, LPS mm) where `keep` is
/// negative; `keep` is a signed distance, mm, and openings end where it is 0. Cells are as large, and struts at least as wide,
/// as the share asks for.
///
/// # Errors
/// [`SolidError`]: a pattern that makes no sense, no room for openings, a share that such struts do not leave, or cancelled.
pub fn voronoi_openings(
    surface: &Mesh,
    pattern: &Pattern,
    keep: impl Fn(Point<Lps>) -> f64 + Sync,
    progress: &dyn Progress,
) -> Result<Openings, SolidError> {
    let Pattern { share, strut_mm, least_mm, seed } = *pattern;
    let sound = share > 0.0 && share <= 0.6 && strut_mm > 0.0 && strut_mm.is_finite();
    if !(sound && least_mm > 0.0 && least_mm <= strut_mm / 2.0) {
        return Err(SolidError::refused(
            format!(
                "openings need a share above 0 and up to 0.6, and struts at least twice as wide as the corners are round, \
                 not {share}, {strut_mm} and {least_mm} mm"
            ),
            format!(
                "开孔的面积占比须大于 0 且不超过 0.6，筋宽至少为圆角半径的两倍，不能是 {share}、{strut_mm} 和 {least_mm} mm"
            ),
        ));
    }
    progress.step(0, ROUNDS)?;
    let places: Vec<Place> = samples(surface, strut_mm / PER_STRUT)
        .into_par_iter()
        .filter_map(|(at, _, area)| {
            let keep = keep(Point::from_dvec3(at));
            (keep < 0.0).then_some(Place { at, area, keep })
        })
        .collect();
    let area: f64 = places.iter().map(|place| place.area).sum();
    // Cells of regular hexagons: the share is the square of what struts leave of their height.
    let mut apart = strut_mm / (1.0 - share.sqrt());
    if area < apart * apart {
        return Err(SolidError::refused(
            format!("there is no room for openings: {area:.0} mm² are left between what is kept closed"),
            format!("没有开孔的余地：保留区之间只剩 {area:.0} mm²"),
        ));
    }
    if area > MOST_OPENINGS * apart * apart {
        return Err(SolidError::refused(
            format!("{area:.0} mm² with struts of {strut_mm} mm make more than {MOST_OPENINGS} openings"),
            format!("{area:.0} mm² 按筋宽 {strut_mm} mm 开孔会超过 {MOST_OPENINGS} 个"),
        ));
    }
    for round in 0..ROUNDS {
        progress.step(round, ROUNDS)?;
        let seeds = spread(&places, apart, seed);
        let cells: Vec<Option<(u32, [f64; 3])>> =
            places.par_iter().map(|place| seeds.cell(place.at)).collect();
        let counted = |strut: f64| counted(&places, &cells, seeds.len(), strut, least_mm);
        if counted(strut_mm).0 < share * area {
            apart *= APART;
            continue;
        }
        // Wider struts leave less.
        let (mut low, mut high) = (strut_mm, 2.0 * apart);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if counted(middle).0 >= share * area { low = middle } else { high = middle }
        }
        let (open_mm2, open) = counted(low);
        // A few large cells may leave no choice.
        if open_mm2 > (share + OFF) * area {
            break;
        }
        progress.step(1, 1)?;
        return Ok(Openings { seeds, open, strut_mm: low, least_mm, share: open_mm2 / area });
    }
    Err(SolidError::refused(
        format!(
            "no openings between struts of at least {strut_mm} mm make {:.0} % of {area:.0} mm²",
            share * 100.0
        ),
        format!("筋宽至少 {strut_mm} mm 时，{area:.0} mm² 上的开孔达不到 {:.0} %", share * 100.0),
    ))
}

impl Openings {
    /// The signed distance to the openings' walls, mm: negative in an opening, at most half a strut outside. `keep` is the
    /// value there of the function that the openings were made with.
    pub fn distance(&self, at: Point<Lps>, keep: f64) -> f64 {
        let cell = self.seeds.cell(at.as_dvec3()).filter(|(cell, _)| self.open[*cell as usize]);
        cell.map_or(self.strut_mm / 2.0, |(_, walls)| within(walls, keep, self.strut_mm, self.least_mm))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.open.iter().filter(|open| **open).count()
    }

    /// Width of the struts, mm.
    pub const fn strut_mm(&self) -> f64 {
        self.strut_mm
    }

    /// The share of the area that is open.
    pub const fn share(&self) -> f64 {
        self.share
    }
}

/// A point of the surface where openings may lie.
struct Place {
    at: DVec3,
    area: f64,
    keep: f64,
}

/// The signed distance to the walls of a cell, mm, negative inside, with round corners: exact at a wall, a little too large at
/// corners. `walls` are the distances to the nearest planes between seeds.
fn within([a, b, c]: [f64; 3], keep: f64, strut_mm: f64, round_mm: f64) -> f64 {
    let over = [strut_mm / 2.0 - a, strut_mm / 2.0 - b, strut_mm / 2.0 - c, keep].map(|x| x + round_mm);
    let most = over.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let outside = over.into_iter().map(|x| x.max(0.0).powi(2)).sum::<f64>().sqrt();
    (outside + most.min(0.0) - round_mm).min(strut_mm / 2.0)
}

/// The open area with struts of a width, mm², and which cells are open.
fn counted(
    places: &[Place],
    cells: &[Option<(u32, [f64; 3])>],
    count: usize,
    strut_mm: f64,
    least_mm: f64,
) -> (f64, Vec<bool>) {
    let mut found = vec![(0.0_f64, 0.0_f64); count];
    for (place, cell) in places.iter().zip(cells) {
        let Some((cell, walls)) = cell else { continue };
        let value = within(*walls, place.keep, strut_mm, least_mm);
        if value < 0.0 {
            let (area, depth) = &mut found[*cell as usize];
            *area += place.area;
            *depth = depth.max(-value);
        }
    }
    let open: Vec<bool> = found.iter().map(|(_, depth)| *depth >= least_mm).collect();
    (found.iter().zip(&open).filter(|(_, open)| **open).map(|((area, _), _)| area).sum(), open)
}

/// Seeds about `apart` mm from each other.
fn spread(places: &[Place], apart: f64, seed: u64) -> Seeds {
    let low = places.iter().map(|place| place.at).fold(DVec3::INFINITY, DVec3::min);
    let high = places.iter().map(|place| place.at).fold(DVec3::NEG_INFINITY, DVec3::max);
    let mut order: Vec<(u64, u32)> = (0..places.len() as u32).map(|n| (mixed(seed, n), n)).collect();
    order.sort_unstable();
    let mut seeds = Seeds::new(low, high, apart);
    for (_, n) in order {
        let at = places[n as usize].at;
        let mut free = true;
        seeds.near(at, |_, far| free &= far >= (NEAREST * apart).powi(2));
        if free {
            seeds.add(at);
        }
    }
    for _ in 0..EVENING {
        let nearest: Vec<Option<u32>> = places.par_iter().map(|place| seeds.nearest(place.at)).collect();
        let mut sums = vec![(DVec3::ZERO, 0.0); seeds.len()];
        for (place, cell) in places.iter().zip(&nearest) {
            if let Some(cell) = cell {
                let (sum, area) = &mut sums[*cell as usize];
                *sum += place.at * place.area;
                *area += place.area;
            }
        }
        // Back onto the surface: the place nearest to the middle.
        let middles: Vec<DVec3> = sums
            .iter()
            .zip(seeds.places())
            .map(|((sum, area), at)| if *area > 0.0 { *sum / *area } else { *at })
            .collect();
        let mut best = vec![(f64::INFINITY, DVec3::ZERO); middles.len()];
        for (place, cell) in places.iter().zip(&nearest) {
            if let Some(cell) = cell {
                let far = place.at.distance_squared(middles[*cell as usize]);
                if far < best[*cell as usize].0 {
                    best[*cell as usize] = (far, place.at);
                }
            }
        }
        let moved: Vec<DVec3> = best
            .iter()
            .zip(seeds.places())
            .map(|((far, to), at)| if far.is_finite() { *to } else { *at })
            .collect();
        seeds = Seeds::new(low, high, apart);
        for at in moved {
            seeds.add(at);
        }
    }
    seeds
}

/// SplitMix64 (Steele et al. 2014) of a seed and a number.
fn mixed(seed: u64, n: u32) -> u64 {
    let mut z = seed
        .wrapping_mul(0xd134_2543_de82_ef95)
        .wrapping_add((u64::from(n) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
