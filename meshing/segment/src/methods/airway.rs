//! Windpipe and bronchi in CT.

use meshing_volume::{Grid, LabelMap, Phrase, Progress, Volume};

use super::is_ct;
use crate::buckets::Buckets;
use crate::flood::neighbours;
use crate::{Components, Connectivity, Inputs, Method, Needs, Outcome, Param, SegmentError};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "airway",
    version: 2,
    title: Phrase::new("Airway (CT)", "气道（CT）"),
    doc: Phrase::new(
        "Windpipe and bronchi in CT: grows from the windpipe while the level rises and stops before the lungs are \
          flooded, which shows as a sudden growth of the volume. Without a seed the windpipe is looked for: a round \
          stretch of air that runs through many slices from the upper end.",
        "CT 中的气管和支气管：从气管开始随阈值升高而生长，在泄漏到肺内（体积突然增大）之前停止。\
         没有种子点时自动寻找气管：自上端起贯穿多层的圆形气体。",
    ),
    params: PARAMS,
    needs: Needs::seeds(
        0,
        Phrase::new(
            "a point in the windpipe; without it the windpipe is looked for",
            "气管内一点；不给出则自动寻找气管",
        ),
    ),
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "highest",
        unit: Phrase::symbol("HU"),
        default: Some(-780.0),
        min: -1000.0,
        max: -300.0,
        doc: Phrase::new("The level rises no further than this.", "阈值最高升到此值。"),
    },
    Param {
        id: "leak_factor",
        unit: Phrase::new("times", "次"),
        default: Some(1.6),
        min: 1.05,
        max: 100.0,
        doc: Phrase::new(
            "A leak is a growth by this factor within 20 HU.",
            "20 HU 之内体积增大到此倍数即为泄漏。",
        ),
    },
    Param {
        id: "leak_ml",
        unit: Phrase::symbol("mL"),
        default: Some(80.0),
        min: 1.0,
        max: 1000.0,
        doc: Phrase::new("Smaller volumes are never taken for a leak.", "小于此体积不视为泄漏。"),
    },
];

/// Levels are counted from here, HU; what is darker (padding too) counts as this.
const LOWEST_HU: f64 = -1100.0;
/// What leaks below this, 170 above [`LOWEST_HU`], is air outside the body: lungs are not as dark.
const LUNG: usize = 170;
/// Rise of the level over which growth is judged, HU.
const RISE: usize = 20;
/// Growth within a few HU that is the leak's beginning.
const BEGINNING: (usize, f64) = (4, 1.1);

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    if !is_ct(volume) {
        return Err(SegmentError::not_ct(METHOD.id));
    }
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let mut starts = super::starts(inputs)?;
    if starts.is_empty() {
        starts.push(windpipe(volume, progress)?.ok_or_else(|| {
            let zh = "未发现气管：请在其中给出种子点";
            SegmentError::nothing(METHOD.id, "no windpipe was seen: give a seed in it", zh)
        })?);
    }
    let rules = LeakTest {
        highest: value("highest"),
        factor: value("leak_factor"),
        least_mm3: value("leak_ml") * 1000.0,
    };
    let grown = airway_from(volume, &starts, &rules)?;
    let nothing = || SegmentError::nothing(METHOD.id, "the seed does not lie in air", "种子点不在空气中");
    let (mask, level) = grown.ok_or_else(nothing)?;
    // The wall lies at another level in the lungs than in soft tissue, so no single one explains the surface.
    Ok(Outcome::new(mask, None, inputs.params.clone().with("level", level)))
}

/// When growing has left the airway.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakTest {
    /// Highest level, HU.
    pub highest: f64,
    /// Growth within 20 HU that is a leak.
    pub factor: f64,
    /// Volumes below are none, mm³.
    pub least_mm3: f64,
}

/// Grows the air about `starts` (indices in memory) by rising level and gives the mask before it leaks, its wall then
/// moved to half height, with the level in HU at which growing ended. One flood in order of the lowest level that reaches
/// each voxel, instead of one for each level. Air outside the body, seen slice by slice, is not entered. `None` where no
/// start is as dark as [`LeakTest::highest`].
///
/// # Errors
/// [`SegmentError::TooLarge`] from 2³² voxels.
pub fn airway_from(
    volume: &Volume,
    starts: &[usize],
    rules: &LeakTest,
) -> Result<Option<(LabelMap, f64)>, SegmentError> {
    let grid = volume.grid();
    if u32::try_from(grid.len()).is_err() {
        return Err(SegmentError::TooLarge { voxels: grid.len() });
    }
    let starts: Vec<usize> = starts.iter().copied().filter(|&start| start < grid.len()).collect();
    let axis = upward(grid).0;
    // Most windpipes end at the volume's last slice; only one that opens into the air around needs that air closed.
    let mut seen = LabelMap::empty(grid);
    let mut grown = rising(volume, &starts, rules, &mut seen, Some(axis));
    if matches!(grown, Grown::Outside) {
        seen = air_around(volume, axis, rules.highest);
        grown = rising(volume, &starts, rules, &mut seen, None);
    }
    let Grown::Voxels(voxels, level) = grown else { return Ok(None) };
    let mut mask = seen;
    mask.labels_mut().fill(0);
    for &voxel in &voxels {
        mask.labels_mut()[voxel as usize] = 1;
    }
    to_half_height(volume, &voxels, &mut mask);
    Ok(Some((mask, level)))
}

/// Moves the wall to where the values are halfway between the air and what lies beyond: a level that does not leak
/// into the lungs leaves out most voxels that the wall of the windpipe, in soft tissue, goes through.
fn to_half_height(volume: &Volume, voxels: &[u32], mask: &mut LabelMap) {
    let grid = volume.grid();
    let value = |n: usize| f64::from(volume.value_at(n));
    let mut air: Vec<f32> = voxels.iter().map(|&n| volume.value_at(n as usize)).collect();
    let middle = air.len() / 2;
    let air = f64::from(*air.select_nth_unstable_by(middle, f32::total_cmp).1);
    let (mut add, mut clear) = (Vec::new(), Vec::new());
    for n in voxels.iter().map(|&n| n as usize) {
        for beside in neighbours(grid, n).filter(|&beside| mask.labels()[beside] == 0) {
            // As far again in the same direction, if the volume goes on there.
            let beyond = (2 * beside).checked_sub(n);
            let beyond = beyond.filter(|beyond| neighbours(grid, beside).any(|other| other == *beyond));
            let outside = beyond.map_or(value(beside), value);
            if value(beside) < f64::midpoint(air, outside) && value(beside) < outside {
                add.push(beside);
            }
            if value(n) > f64::midpoint(air, value(beside)) {
                clear.push(n);
            }
        }
    }
    for n in add {
        mask.labels_mut()[n] = 1;
    }
    for n in clear {
        mask.labels_mut()[n] = 0;
    }
}

/// How a flood ended.
enum Grown {
    /// No start is dark enough.
    Nothing,
    /// It came to the side of the picture, where no airway is.
    Outside,
    /// The voxels up to a level, HU.
    Voxels(Vec<u32>, f64),
}

/// Floods from the starts through voxels of label 0 in `seen`, and labels what it met. With an axis it watches the
/// sides of the slices across this axis.
fn rising(
    volume: &Volume,
    starts: &[usize],
    rules: &LeakTest,
    seen: &mut LabelMap,
    axis: Option<usize>,
) -> Grown {
    let grid = volume.grid();
    let [si, sj, sk] = grid.size();
    let on_side = |n: usize, axis: usize| {
        let at = [n % si, n / si % sj, n / (si * sj)];
        (0..3).any(|side| side != axis && (at[side] == 0 || at[side] + 1 == [si, sj, sk][side]))
    };
    let levels = (rules.highest - LOWEST_HU).clamp(0.0, 1e4) as usize + 1;
    // What is no number is no air.
    let level = |n: usize| match f64::from(volume.value_at(n)) {
        value if value.is_nan() => usize::MAX,
        value => (value - LOWEST_HU).max(0.0) as usize,
    };
    let mut queue = Buckets::new(levels);
    for &start in starts.iter().filter(|&&start| level(start) < levels) {
        if std::mem::replace(&mut seen.labels_mut()[start], 1) == 0 {
            queue.push(level(start), start as u32);
        }
    }
    let least = (rules.least_mm3 / grid.voxel_mm3()).max(1.0);
    // Voxels in the order of the flood, and how many there are up to each level.
    let (mut order, mut upto) = (Vec::new(), vec![0_usize; levels]);
    let mut leaked = None;
    let mut now = 0;
    let leaks = |upto: &[usize], at: usize, count: usize| {
        let before = upto[at.saturating_sub(RISE)].max(1);
        count as f64 > least && count as f64 > rules.factor * before as f64
    };
    while let Some((at, voxel)) = queue.pop() {
        while now < at {
            upto[now] = order.len();
            now += 1;
        }
        order.push(voxel);
        // Looked at now and then, for a leak must not be flooded to its end.
        if order.len() % 4096 == 0 && at >= RISE && leaks(&upto, at, order.len()) {
            if axis.is_some() && at < LUNG {
                return Grown::Outside;
            }
            leaked = Some(at);
            break;
        }
        if axis.is_some_and(|axis| on_side(voxel as usize, axis)) {
            return Grown::Outside;
        }
        for next in neighbours(grid, voxel as usize) {
            let label = &mut seen.labels_mut()[next];
            if *label == 0 {
                *label = 1;
                let level = level(next);
                if level < levels {
                    queue.push(level, next as u32);
                }
            }
        }
    }
    if order.is_empty() {
        return Grown::Nothing;
    }
    upto[now..].fill(order.len());
    let last = if let Some(at) = leaked {
        // Back to where the growth began.
        let (within, growth) = BEGINNING;
        (at.saturating_sub(RISE)..at)
            .find(|&l| upto[(l + within).min(at)] as f64 > growth * upto[l].max(1) as f64)
            .unwrap_or(at.saturating_sub(RISE))
    } else {
        levels - 1
    };
    order.truncate(upto[last]);
    Grown::Voxels(order, LOWEST_HU + last as f64)
}

/// Labels with 1 the air that hangs together, within its slice across `axis`, with the side of the slice.
fn air_around(volume: &Volume, axis: usize, highest: f64) -> LabelMap {
    let grid = volume.grid();
    let mut outside = LabelMap::empty(grid);
    for slice in 0..grid.size()[axis] {
        let (size, index) = plane(grid, axis, slice);
        let air = |n: usize| f64::from(volume.value_at(index(n))) <= highest;
        let parts = Components::find([size[0], size[1], 1], Connectivity::Faces, air);
        // A single slice counts as all border, so the sides are told by the columns and rows.
        let mut at_side = vec![false; parts.count()];
        parts.mark(|n, part| {
            let (u, v) = (n % size[0], n / size[0]);
            at_side[part] |= u == 0 || v == 0 || u + 1 == size[0] || v + 1 == size[1];
        });
        parts.mark(|n, part| {
            if at_side[part] {
                outside.labels_mut()[index(n)] = 1;
            }
        });
    }
    outside
}

/// The axis nearest to the patient's, from foot to head, and whether it runs upwards.
fn upward(grid: &Grid) -> (usize, bool) {
    let up = grid.direction().map(meshing_space::Vector::z);
    let axis = (0..3).max_by(|&a, &b| up[a].abs().total_cmp(&up[b].abs())).unwrap_or(2);
    (axis, up[axis] > 0.0)
}

/// The size of a slice across an axis, and where its pixels lie in memory.
fn plane(grid: &Grid, axis: usize, slice: usize) -> ([usize; 2], impl Fn(usize) -> usize + Sync + use<>) {
    let size = grid.size();
    let [u, v] = across(axis);
    let stride = [1, size[0], size[0] * size[1]];
    let width = size[u];
    ([size[u], size[v]], move |n| slice * stride[axis] + n % width * stride[u] + n / width * stride[v])
}

/// The other two axes.
const fn across(axis: usize) -> [usize; 2] {
    match axis {
        0 => [1, 2],
        1 => [0, 2],
        _ => [0, 1],
    }
}

/// Air in a windpipe, HU.
const AIR_HU: f64 = -850.0;
/// Areas of a windpipe's section, mm²: 5 mm (a child) to 32 mm wide.
const AREA_MM2: std::ops::RangeInclusive<f64> = 20.0..=800.0;
/// A section fills at least this share of the circle about its middle that holds it.
const ROUND: f64 = 0.45;
/// How far it must run, mm, and how far its middle may move between slices, mm.
const RUN_MM: f64 = 25.0;
const MOVE_MM: f64 = 5.0;

/// A voxel in the windpipe, looked for from the upper end of the volume; `None` where there is nothing like one.
fn windpipe(volume: &Volume, progress: &dyn Progress) -> Result<Option<usize>, SegmentError> {
    let grid = volume.grid();
    let (axis, upwards) = upward(grid);
    let count = grid.size()[axis];
    let needed = (RUN_MM / grid.spacing_mm()[axis]).ceil().min(count as f64 / 3.0).max(1.0) as usize;
    let mut chains: Vec<Chain> = Vec::new();
    for step in 0..count {
        progress.step(step, 2 * count)?;
        let slice = if upwards { count - 1 - step } else { step };
        let mut next: Vec<Chain> = Vec::new();
        for section in sections(volume, grid, axis, slice) {
            let near = |chain: &&Chain| {
                let apart = (0..2).map(|x| (chain.last.middle[x] - section.middle[x]).powi(2)).sum::<f64>();
                apart.sqrt() <= MOVE_MM && (0.5..2.0).contains(&(section.area / chain.last.area))
            };
            let before = chains.iter().filter(near).max_by_key(|chain| chain.length);
            next.push(before.map_or(Chain { length: 1, last: section }, |chain| Chain {
                length: chain.length + 1,
                last: section,
            }));
        }
        // Of several, the one nearest the middle of the picture: an arm's or a bowel's gas is not.
        let found = next.iter().filter(|chain| chain.length >= needed);
        if let Some(chain) = found.min_by(|a, b| a.last.off_centre.total_cmp(&b.last.off_centre)) {
            return Ok(Some(chain.last.voxel));
        }
        chains = next;
    }
    Ok(None)
}

/// Sections that lie one under the other.
#[derive(Clone, Copy)]
struct Chain {
    length: usize,
    last: Section,
}

/// A round hole of air in a slice.
#[derive(Clone, Copy)]
struct Section {
    middle: [f64; 2],
    area: f64,
    off_centre: f64,
    voxel: usize,
}

fn sections(volume: &Volume, grid: &Grid, axis: usize, slice: usize) -> Vec<Section> {
    let ([u, v], spacing) = (across(axis), grid.spacing_mm());
    let ([width, height], index) = plane(grid, axis, slice);
    let air = |n: usize| f64::from(volume.value_at(index(n))) <= AIR_HU;
    let parts = Components::find([width, height, 1], Connectivity::Faces, air);
    let mut sums = vec![[0.0_f64; 2]; parts.count()];
    let at = |n: usize| [(n % width) as f64 * spacing[u], (n / width) as f64 * spacing[v]];
    parts.mark(|n, part| {
        for (sum, x) in sums[part].iter_mut().zip(at(n)) {
            *sum += x;
        }
    });
    let middles: Vec<[f64; 2]> =
        sums.iter().zip(parts.voxels()).map(|(sum, &n)| sum.map(|x| x / n as f64)).collect();
    // The farthest voxel from the middle, the nearest, and whether the part meets the border of the slice.
    let mut shapes = vec![(0.0_f64, f64::INFINITY, 0_usize, false); parts.count()];
    parts.mark(|n, part| {
        let apart = (0..2).map(|x| (at(n)[x] - middles[part][x]).powi(2)).sum::<f64>().sqrt();
        let (i, j) = (n % width, n / width);
        let shape = &mut shapes[part];
        shape.0 = shape.0.max(apart);
        if apart < shape.1 {
            (shape.1, shape.2) = (apart, n);
        }
        shape.3 |= i == 0 || j == 0 || i + 1 == width || j + 1 == height;
    });
    let centre = [width as f64 * spacing[u] / 2.0, height as f64 * spacing[v] / 2.0];
    let pixel = spacing[u] * spacing[v];
    (0..parts.count())
        .filter_map(|part| {
            let (far, _, nearest, border) = shapes[part];
            let area = parts.voxels()[part] as f64 * pixel;
            let circle = core::f64::consts::PI * (far + pixel.sqrt() / 2.0).powi(2);
            let round = area >= ROUND * circle;
            let middle = middles[part];
            let off_centre = (0..2).map(|x| (middle[x] - centre[x]).powi(2)).sum::<f64>();
            (!border && round && AREA_MM2.contains(&area)).then_some(Section {
                middle,
                area,
                off_centre,
                voxel: index(nearest),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::{Point, Transform};
    use meshing_volume::Silent;

    use super::*;
    use crate::{Params, Seed, dice};

    #[test]
    fn the_tree_is_found_without_leaking_into_the_lungs() {
        let phantom = Phantom::torso();
        let grid = phantom.grid([2.0, 2.0, 2.5], Transform::identity());
        let sampling = Sampling { noise_hu: 15.0, per_axis: 3, seed: 1 };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let mut truth = phantom.labels(&grid);
        let airway = phantom.truth().label("airway").expect("named");
        truth.labels_mut().iter_mut().for_each(|label| *label = u8::from(*label == airway));
        let alone = crate::run(&METHOD, &volume, &Params::new(), &Silent).expect("found alone");
        let overlap = dice(&alone.mask, &truth);
        assert!(overlap > 0.95, "{overlap} at {:?}", alone.params.value("level"));
        let (params, seeds) = (Params::new(), [Seed { at: Point::new(0.0, 5.0, 100.0), label: 1 }]);
        let inputs = Inputs::new(&volume, &params).with_seeds(&seeds);
        let seeded = crate::run_with(&METHOD, &inputs, &Silent).expect("found from a seed");
        assert_eq!(seeded.mask, alone.mask);
        let seeds = [Seed { at: Point::new(-48.0, -8.0, -50.0), label: 1 }];
        let in_liver = crate::run_with(&METHOD, &inputs.with_seeds(&seeds), &Silent);
        assert!(matches!(in_liver, Err(SegmentError::Nothing { .. })));
    }
}
