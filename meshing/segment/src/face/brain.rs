//! The brain, or rather a room that holds all of it: what must not change.

use meshing_space::Point;
use meshing_volume::{LabelMap, Part, Progress, Volume};

use super::body::Body;
use super::pose::STEM_MM;
use super::work::Work;
use super::{FaceError, FaceKind};

/// From here up CT shows bone, HU; low enough for thin bone in thick slices.
const BONE_HU: f32 = 200.0;
/// Below this there is air: sinuses and the nose are enclosed by bone too.
const AIR_HU: f32 = -200.0;
/// Mean of what is within the skull, blood and contrast medium included.
const BRAIN_HU: std::ops::Range<f64> = -5.0..110.0;
/// What lets the room be cut from eye sockets and the spine: holes in the skull are narrower than twice this. mm.
const SKULL_HOLES_MM: f32 = 7.0;
/// That cut takes corners of the skull with it, which come back: what is within this of the rest and hangs together with it
/// without bone between. A little of what lies behind a hole comes with them, which does no harm. mm.
const CORNERS_MM: f32 = 12.0;
/// A brain that is looked into for its own sake has at least this volume, mL, and this share of its surface at bone, mm.
const LEAST_BRAIN_ML: f64 = 400.0;
const SKULL_SHARE: f64 = 0.7;
const SKULL_MM: f32 = 6.0;
/// Around what was found, mm: the brain never ends at a voxel's edge.
const CT_MARGIN_MM: f32 = 4.5;
const MR_MARGIN_MM: f32 = 7.0;
/// A brain's hull, furrows and fossae included, is no larger than this; where it is, neck or muscles hang on. mL.
const LARGEST_HULL_ML: f64 = 2300.0;
/// The hull of an MR brain is taken this much wider, mm: where the skull base darkens it (sinus, ear), what is found ends
/// up to 10 mm before masks of other tools do, the margin of 7 mm being the rest.
const HULL_MORE_MM: f64 = 3.0;
/// The margin in the air outside the body, where the brain is not, mm.
const AIR_MARGIN_MM: f32 = 2.0;
/// Of all directions of view, how many must end at bone.
const ENCLOSED: f64 = 0.89;

/// Voxels of the brain's room without and with the margin.
pub(super) struct Brain {
    pub(super) room: Vec<bool>,
    /// Distance from the room and its hull, mm.
    pub(super) near: Vec<f32>,
    pub(super) margin_mm: f32,
    protected: Vec<bool>,
}

impl Brain {
    /// Whether a voxel must not change.
    pub(super) fn protects(&self, n: usize) -> bool {
        self.protected[n]
    }

    /// The share of its surface at which the picture ends.
    pub(super) fn cut_share(&self, work: &Work) -> f64 {
        let at_border = |n: usize, of: &dyn Fn(usize) -> bool| work.neighbours(n).any(of);
        let (mut surface, mut cut) = (0.0_f64, 0.0);
        for n in (0..work.len()).filter(|&n| self.room[n]) {
            if at_border(n, &|m| !self.room[m]) {
                surface += 1.0;
                cut += f64::from(u8::from(at_border(n, &|m| work.values[m].is_nan())));
            }
        }
        cut / surface.max(1.0)
    }

    /// `None` where there is nothing like a brain.
    pub(super) fn find(
        work: &Work,
        body: &Body,
        kind: FaceKind,
        progress: &dyn Progress,
    ) -> Result<Option<Self>, FaceError> {
        let found = match kind {
            // The skull bounds the room itself.
            FaceKind::Ct => in_skull(work, body, progress)?.map(|room| Found { room, hull: None }),
            FaceKind::Mr => in_soft_tissue(work, body, progress)?,
        };
        let margin_mm = match kind {
            FaceKind::Ct => CT_MARGIN_MM,
            FaceKind::Mr => MR_MARGIN_MM,
        };
        let Some(Found { room, hull }) = found else { return Ok(None) };
        let near = match hull {
            // There is no brain in the air outside, however the hull spans a notch.
            Some(hull) => work.distances(|n| room[n] || (hull[n] && !body.outside[n])),
            None => work.distances(|n| room[n]),
        };
        let margin = |n: usize| if body.outside[n] { AIR_MARGIN_MM } else { margin_mm };
        let protected = work.mask(|n| near[n] <= margin(n));
        Ok(Some(Self { room, near, margin_mm, protected }))
    }
}

/// What was found, and what it spans.
struct Found {
    room: Vec<bool>,
    hull: Option<Vec<bool>>,
}

/// The inside of the skull in a CT as a mask on the volume's grid: brain, vessels, blood, furrows and ventricles; `None` where
/// there is nothing like a brain. Its rim is blurred by the steps of the search (a millimetre and more) and may hold bone.
///
/// # Errors
/// [`FaceError::Cancelled`], [`FaceError::TooLarge`].
pub(crate) fn inside_of_skull(
    volume: &Volume,
    progress: &dyn Progress,
) -> Result<Option<LabelMap>, FaceError> {
    use rayon::prelude::*;
    let work = Work::of(volume)?;
    let body = Body::find(&work, FaceKind::Ct, &Part::new(progress, 0.1, 0.5))?;
    let Some(room) = in_skull(&work, &body, &Part::new(progress, 0.5, 0.95))? else { return Ok(None) };
    if work.millilitres(&room) < LEAST_BRAIN_ML || bone_share(&work, &room) < SKULL_SHARE {
        return Ok(None);
    }
    let grid = volume.grid();
    let mut mask = LabelMap::empty(grid);
    let [si, sj, _] = grid.size();
    mask.labels_mut().par_chunks_mut(si).enumerate().for_each(|(row, labels)| {
        for (i, label) in labels.iter_mut().enumerate() {
            let at = Point::from_array([i, row % sj, row / sj].map(|x| x as f64));
            let cell = work.nearest((grid.lps_from_ijk() * at).to_array());
            *label = u8::from(cell.is_some_and(|n| room[n]));
        }
    });
    Ok(Some(mask))
}

/// The share of a room's surface that has bone within [`SKULL_MM`]; where the picture ends is no surface.
fn bone_share(work: &Work, room: &[bool]) -> f64 {
    let from_bone = work.distances(|n| work.values[n] >= BONE_HU);
    let (mut surface, mut at_bone) = (0.0_f64, 0.0);
    for n in (0..work.len()).filter(|&n| room[n]) {
        if work.neighbours(n).any(|m| !room[m] && !work.values[m].is_nan()) {
            surface += 1.0;
            at_bone += f64::from(u8::from(from_bone[n] <= SKULL_MM));
        }
    }
    at_bone / surface.max(1.0)
}

/// The 26 directions to the neighbours of a cube.
fn directions() -> impl Iterator<Item = [f64; 3]> {
    (0..27).filter(|n| *n != 13).map(|n| {
        let d = [n % 3, n / 3 % 3, n / 9].map(|x| f64::from(x) - 1.0);
        let length = d.iter().map(|x| x * x).sum::<f64>().sqrt();
        d.map(|x| x / length)
    })
}

/// The inside of the skull: places from which bone is seen nearly all around, cut from what hangs on by a hole of the
/// skull, with its corners and what it surrounds (vessels, calcified parts, metal).
fn in_skull(work: &Work, body: &Body, progress: &dyn Progress) -> Result<Option<Vec<bool>>, FaceError> {
    use rayon::prelude::*;
    let bone = |n: usize| work.values[n] >= BONE_HU;
    let soft = |n: usize| work.values[n] > AIR_HU && !bone(n);
    let stride = (4.0 / work.step).round().max(1.0) as usize;
    let coarse = work.size.map(|n| n.div_ceil(stride));
    let total = coarse.iter().product::<usize>();
    let cell = |c: usize| {
        let at = [c % coarse[0], c / coarse[0] % coarse[1], c / (coarse[0] * coarse[1])];
        let at: [usize; 3] = std::array::from_fn(|axis| (at[axis] * stride).min(work.size[axis] - 1));
        at[0] + work.size[0] * (at[1] + work.size[1] * at[2])
    };
    let enclosed: Vec<bool> = (0..total)
        .into_par_iter()
        .map(|c| {
            let n = cell(c);
            body.depth[n] > 6.0 && soft(n) && sees_bone(work, n)
        })
        .collect();
    progress.step(1, 4)?;
    let parts = crate::Components::find(coarse, crate::Connectivity::Faces, |c| enclosed[c]);
    let Some(largest) = parts.largest() else { return Ok(None) };
    let mut core = vec![false; work.len()];
    parts.mark(|c, part| {
        if part == largest {
            core[cell(c)] = true;
        }
    });
    let from_core = work.distances(|n| core[n]);
    drop(core);
    progress.step(2, 4)?;
    // A cell of the core stands for what is up to 4 mm around; bone ends it.
    let reach = 4.0_f32.mul_add(1.8, 1.0);
    let room = |n: usize| soft(n) && from_core[n] <= reach;
    let from_wall = work.distances(|n| !room(n) && !work.values[n].is_nan());
    let inner = work.large_parts(1.0, |n| room(n) && from_wall[n] >= SKULL_HOLES_MM);
    drop(from_wall);
    progress.step(3, 4)?;
    let from_inner = work.distances(|n| inner[n]);
    let grown = work.large_parts(1.0, |n| room(n) && from_inner[n] <= SKULL_HOLES_MM + CORNERS_MM);
    drop((from_inner, from_core));
    let room = closed(work, &grown);
    // Of the size of a brain or of what a small field of view shows of one, and as dense.
    let (sum, count) = (0..work.len())
        .filter(|&n| inner[n])
        .fold((0.0, 0.0), |(sum, count), n| (sum + f64::from(work.values[n]), count + 1.0));
    let likely =
        (80.0..2300.0).contains(&work.millilitres(&room)) && BRAIN_HU.contains(&(sum / f64::max(count, 1.0)));
    Ok(likely.then_some(room))
}

/// Whether bone is seen from a voxel in nearly all directions. A view that leaves the picture within the body tells nothing.
fn sees_bone(work: &Work, start: usize) -> bool {
    const FARTHEST_MM: f64 = 170.0;
    let from = work.point(start);
    let (mut hits, mut known) = (0.0, 0.0);
    for direction in directions() {
        let mut last = 0.0_f32;
        let mut mm = 2.0;
        let hit = loop {
            let at = std::array::from_fn(|axis| direction[axis].mul_add(mm, from[axis]));
            let value = work.nearest(at).map_or(f32::NAN, |n| work.values[n]);
            if value.is_nan() {
                break (last < -300.0).then_some(false);
            }
            if value >= BONE_HU {
                break Some(true);
            }
            if mm > FARTHEST_MM {
                break Some(false);
            }
            last = value;
            mm += work.step;
        };
        if let Some(hit) = hit {
            known += 1.0;
            hits += f64::from(u8::from(hit));
        }
    }
    known >= 12.0 && hits >= ENCLOSED * known
}

/// Deeper than this under the skin lies the brain, mm; less deep there is scalp and skull.
const SCALP_MM: f32 = 5.0;

/// Soft tissue about as bright as the middle of the head, cut from what hangs on by thin bridges, with the furrows and
/// ventricles closed. The cut is made wider until nothing but the brain is left.
fn in_soft_tissue(work: &Work, body: &Body, progress: &dyn Progress) -> Result<Option<Found>, FaceError> {
    let Some((centre, bright)) = middle(work, body) else { return Ok(None) };
    let high = body.level + 2.2 * (bright - body.level);
    let usual = Brightness::of(work, |n| {
        body.depth[n] > 8.0 && work.values[n] > body.level && work.values[n] <= high
    });
    let tissue = |n: usize| {
        let low = body.level + 0.4 * (usual.at(work, n) - body.level);
        work.values[n] >= low && work.values[n] <= high && body.depth[n] > SCALP_MM
    };
    let from_wall = work.distances(|n| !tissue(n) && !work.values[n].is_nan());
    progress.step(1, 4)?;
    let mut too_large = None;
    for cut in [2.0_f32, 2.8, 3.6, 4.5, 5.5] {
        let parts = work.large_parts(1.0, |n| tissue(n) && from_wall[n] >= cut);
        let from_part = work.distances(|n| parts[n]);
        let grown = work.mask(|n| from_part[n] <= cut && body.depth[n] > SCALP_MM);
        drop(from_part);
        if plausible(work, body, &grown, centre) {
            let room = closed(work, &grown);
            match hull(work, &room) {
                Ok(hull) => {
                    progress.step(3, 4)?;
                    return Ok(Some(Found { room, hull: Some(hull) }));
                }
                Err(large) => too_large = Some(large),
            }
        }
        progress.step(2, 4)?;
    }
    too_large.map_or(Ok(None), Err)
}

/// How bright tissue is around a place: a scan is brighter near the coils.
struct Brightness {
    cells: Vec<(f64, f64)>,
    size: [usize; 3],
    stride: usize,
}

impl Brightness {
    fn of(work: &Work, counts: impl Fn(usize) -> bool) -> Self {
        let stride = (12.0 / work.step).round().max(1.0) as usize;
        let size = work.size.map(|n| n.div_ceil(stride));
        let mut field = Self { cells: vec![(0.0, 0.0); size.iter().product()], size, stride };
        for n in (0..work.len()).filter(|&n| counts(n)) {
            let cell = field.cell(work, n);
            let (sum, count) = &mut field.cells[cell];
            *sum += f64::from(work.values[n]);
            *count += 1.0;
        }
        // Three rounds along each axis: over about 5 cm.
        for _ in 0..3 {
            for stride in [1, size[0], size[0] * size[1]] {
                let before = field.cells.clone();
                for (n, cell) in field.cells.iter_mut().enumerate() {
                    let beside = [n.checked_sub(stride), Some(n + stride)];
                    for &(sum, count) in beside.into_iter().flatten().filter_map(|m| before.get(m)) {
                        *cell = (sum.mul_add(0.5, cell.0), count.mul_add(0.5, cell.1));
                    }
                }
            }
        }
        field
    }

    fn cell(&self, work: &Work, n: usize) -> usize {
        let at = work.at(n).map(|x| x / self.stride);
        at[0] + self.size[0] * (at[1] + self.size[1] * at[2])
    }

    fn at(&self, work: &Work, n: usize) -> f32 {
        let (sum, count) = self.cells[self.cell(work, n)];
        (sum / f64::max(count, 1.0)) as f32
    }
}

/// Middle of the upper head and the usual value there.
fn middle(work: &Work, body: &Body) -> Option<([f64; 3], f32)> {
    let inside = |n: usize| {
        body.depth[n] > 6.0 && !work.values[n].is_nan() && (body.tissue[n] || body.depth[n] > 15.0)
    };
    let [si, sj, sk] = work.size;
    let slice = si * sj;
    let area = |k: usize| (k * slice..(k + 1) * slice).filter(|&n| inside(n)).count();
    let least = (2000.0 / work.step.powi(2)) as usize;
    let top = (0..sk).rev().find(|&k| area(k) >= least)?;
    let bottom = top.saturating_sub((110.0 / work.step) as usize);
    let (mut sum, mut count) = ([0.0; 3], 0.0);
    for n in bottom * slice..(top + 1) * slice {
        if inside(n) {
            let point = work.point(n);
            for axis in 0..3 {
                sum[axis] += point[axis];
            }
            count += 1.0;
        }
    }
    let centre = sum.map(|x| x / f64::max(count, 1.0));
    let mut values: Vec<f32> = (bottom * slice..(top + 1) * slice)
        .filter(|&n| inside(n) && distance(work.point(n), centre) < 45.0)
        .map(|n| work.values[n])
        .collect();
    values.sort_by(f32::total_cmp);
    // The upper half, so that ventricles and furrows that are dark do not count.
    let bright = *values.get(values.len() * 6 / 10)?;
    (bright > body.level).then_some((centre, bright))
}

pub(super) fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt()
}

/// Whether a part may be a brain: of its size, about the middle of the head, and nowhere at the skin.
fn plausible(work: &Work, body: &Body, part: &[bool], centre: [f64; 3]) -> bool {
    let (mut count, mut shallow, mut low) = (0.0_f64, 0.0_f64, 0.0_f64);
    let (mut sum, mut near) = ([0.0; 3], 0.0_f64);
    for n in (0..work.len()).filter(|&n| part[n]) {
        let point = work.point(n);
        count += 1.0;
        shallow += f64::from(u8::from(body.depth[n] < 7.0));
        low += f64::from(u8::from(point[2] < centre[2] - 110.0));
        near += f64::from(u8::from(distance(point, centre) < 30.0));
        for axis in 0..3 {
            sum[axis] += point[axis];
        }
    }
    let ml = count * work.step.powi(3) / 1000.0;
    let middle = sum.map(|x| x / count.max(1.0));
    let ball = 4.0 / 3.0 * std::f64::consts::PI * 27_000.0 / work.step.powi(3);
    (400.0..2200.0).contains(&ml)
        && near > 0.45 * ball
        && shallow < 0.02 * count
        && low < 0.03 * count
        && distance(middle, centre) < 40.0
}

/// With furrows, ventricles and the cleft between the halves closed; holds all of the part.
fn closed(work: &Work, part: &[bool]) -> Vec<bool> {
    const FURROWS_MM: f32 = 12.0;
    let near = work.distances(|n| part[n]);
    let far = work.distances(|n| near[n] > FURROWS_MM);
    work.mask(|n| (far[n] > FURROWS_MM || part[n]) && !work.values[n].is_nan())
}

/// The convex hull of a brain without its stem, a little wider. Where frontal and temporal lobes lie on the skull base they
/// are dark and are found too small; the hull spans from one to the other, and the face lies in front of it.
///
/// # Errors
/// [`FaceError::NoSuchBrain`] for one larger than a head holds: skin over muscles that pass for brain would stay.
fn hull(work: &Work, room: &[bool]) -> Result<Vec<bool>, FaceError> {
    use rayon::prelude::*;
    let within = work.distances(|n| !room[n]);
    // The rim of the thick of it is enough to find the farthest point in a direction.
    let rim = STEM_MM..STEM_MM + 2.0 * work.step as f32;
    let core: Vec<[f64; 3]> = (0..work.len())
        .into_par_iter()
        .filter(|&n| rim.contains(&within[n]))
        .map(|n| work.point(n))
        .collect();
    drop(within);
    let along = |d: [f64; 3], p: [f64; 3]| (0..3).map(|axis| d[axis] * p[axis]).sum::<f64>();
    let sides: Vec<([f64; 3], f64)> = lattice_directions()
        .into_par_iter()
        .map(|d| {
            (d, core.iter().map(|p| along(d, *p)).fold(f64::NEG_INFINITY, f64::max) + f64::from(STEM_MM))
        })
        .collect();
    let inside = |n: usize, more: f64| {
        let point = work.point(n);
        sides.iter().all(|(d, most)| along(*d, point) <= most + more)
    };
    let ml = work.millilitres(&work.mask(|n| inside(n, 0.0)));
    if ml > LARGEST_HULL_ML {
        return Err(FaceError::NoSuchBrain { ml });
    }
    Ok(work.mask(|n| inside(n, HULL_MORE_MM)))
}

/// Directions all around, a few degrees apart: those of a small lattice, so that no angle is rounded.
fn lattice_directions() -> Vec<[f64; 3]> {
    const REACH: i32 = 3;
    const WIDTH: i32 = 2 * REACH + 1;
    (0..WIDTH.pow(3))
        .map(|n| [n % WIDTH, n / WIDTH % WIDTH, n / WIDTH.pow(2)].map(|x| x - REACH))
        // Multiples of a shorter one are left out.
        .filter(|d| (1..=REACH).filter(|by| d.iter().all(|x| x % by == 0)).count() == 1)
        .map(|d| {
            let d = d.map(f64::from);
            let length = d.iter().map(|x| x * x).sum::<f64>().sqrt();
            d.map(|x| x / length)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ball with a wedge cut out of it, on 2 mm.
    fn notched(radius: f64) -> (Work, Vec<bool>) {
        let size = [100; 3];
        let work = Work { size, step: 2.0, low: [-100.0; 3], values: vec![0.0; size.iter().product()] };
        let room = work.mask(|n| {
            let [x, y, z] = work.point(n);
            distance([x, y, z], [0.0; 3]) < radius && !(y < 0.0 && z < 0.0 && z > y)
        });
        (work, room)
    }

    #[test]
    fn the_hull_spans_a_notch_and_no_more_and_a_neck_makes_it_too_large() {
        let (work, room) = notched(70.0);
        let spanned = hull(&work, &room).expect("of the size of a brain");
        let missed = (0..work.len()).filter(|&n| room[n] && !spanned[n]).count();
        assert!(missed * 200 < room.iter().filter(|inside| **inside).count(), "{missed}: sharp edges only");
        let at = |point| spanned[work.nearest(point).expect("in view")];
        assert!(at([0.0, -30.0, -20.0]), "in the notch");
        assert!(!at([0.0, 78.0, 0.0]) && !at([0.0, -70.0, -35.0]), "outside");
        let (work, room) = notched(86.0);
        let outcome = hull(&work, &room).map(|_spanned| ());
        assert!(matches!(outcome, Err(FaceError::NoSuchBrain { ml }) if ml > 2400.0), "{outcome:?}");
    }

    #[test]
    fn directions_are_all_around_and_none_is_there_twice() {
        let all = lattice_directions();
        assert_eq!(all.len(), 290);
        for (n, a) in all.iter().enumerate() {
            assert!(all.iter().skip(n + 1).all(|b| distance(*a, *b) > 0.05));
        }
    }
}
