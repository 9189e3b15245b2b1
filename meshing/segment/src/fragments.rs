//! The fragments of a broken bone.

use meshing_volume::{LabelMap, Progress, Volume};
use rayon::prelude::*;

use crate::filters::closing;
use crate::{Components, Connectivity, Distance, Runs, SegmentError, To, filled};

/// What counts as a fragment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FragmentRules {
    /// Smallest value of bone, in the volume's unit; 226 HU is usual.
    pub level: f64,
    /// Enclosed holes up to this are filled first (marrow), mm³: a hollow shaft is one piece only when it is filled.
    pub max_hole_mm3: f64,
    /// Widest cleft between fragments that is seen where it is as dense as bone, by partial volume or because weak bone lies in
    /// it, mm: what is darker there than the bone on both of its sides. 0 looks at the level alone.
    pub cleft_mm: f64,
    /// Smaller fragments are left out, mm³.
    pub min_fragment_mm3: f64,
    /// Two pieces that hang together are two fragments where the radius of the contact is at most this share of the
    /// radius of the thinner piece, 0 to 1; 0 parts nothing that touches.
    pub neck: f64,
    /// A piece must be thicker than its contact by this, mm: less is the unrest of the surface.
    pub least_depth_mm: f64,
}

impl FragmentRules {
    /// What suits bones of adults.
    pub const USUAL: Self = Self {
        level: 226.0,
        max_hole_mm3: 20_000.0,
        cleft_mm: 2.0,
        min_fragment_mm3: 100.0,
        neck: 0.5,
        least_depth_mm: 1.0,
    };
}

impl Default for FragmentRules {
    fn default() -> Self {
        Self::USUAL
    }
}

/// The fragments of the bone in a volume, 1 for the largest, 2 for the next and so on; equal ones in memory order. The
/// same voxels as those above the level, holes filled; each belongs to one fragment.
///
/// Pieces apart are fragments. Clefts are looked for within the bone as well, by a level of their own at each place: a share
/// of the density of their sides, which a grey-scale closing tells; those that do not open to what lies around the bone are
/// pores of spongy bone. Pieces that still touch are told apart by a watershed on the depth within the bone (distance from its
/// surface), with basins joined whose pass is hardly lower than they are (dynamics, Grimaud 1992). A person joins
/// what belongs together and cuts the rest.
///
/// # Errors
/// [`SegmentError::Cancelled`]; [`SegmentError::Nothing`] without any bone; [`SegmentError::OutOfRange`] for rules below 0;
/// [`SegmentError::TooLarge`] from 2³² voxels. With more than 254 fragments the smallest are left out.
pub fn fragments(
    volume: &Volume,
    rules: &FragmentRules,
    progress: &dyn Progress,
) -> Result<LabelMap, SegmentError> {
    let grid = volume.grid();
    if u32::try_from(grid.len()).is_err() {
        return Err(SegmentError::TooLarge { voxels: grid.len() });
    }
    for (id, value, max) in [
        ("max_hole_mm3", rules.max_hole_mm3, f64::INFINITY),
        ("cleft_mm", rules.cleft_mm, MAX_CLEFT_MM),
        ("min_fragment_mm3", rules.min_fragment_mm3, f64::INFINITY),
        ("neck", rules.neck, 1.0),
        ("least_depth_mm", rules.least_depth_mm, f64::INFINITY),
    ] {
        if !(0.0..=max).contains(&value) {
            return Err(SegmentError::OutOfRange { id, value, min: 0.0, max });
        }
    }
    let voxel_mm3 = grid.voxel_mm3();
    let bone = filled(&Runs::select(volume, rules.level, f64::INFINITY), rules.max_hole_mm3 / voxel_mm3);
    progress.step(1, 6)?;
    let solid = bone.minus(&clefts(volume, &bone, rules));
    progress.step(2, 6)?;
    let basins = basins(&bone, &solid, grid.spacing_mm(), rules, progress)?;
    progress.step(5, 6)?;
    let mut sizes = vec![0_usize; basins.count];
    for &(_, basin) in &basins.of {
        sizes[basin as usize] += 1;
    }
    let least = rules.min_fragment_mm3 / voxel_mm3;
    let mut order: Vec<usize> = (0..basins.count).filter(|&basin| sizes[basin] as f64 >= least).collect();
    order.sort_by_key(|&basin| core::cmp::Reverse(sizes[basin]));
    if order.is_empty() {
        return Err(SegmentError::nothing("fragments", "no bone is large enough", "没有足够大的骨"));
    }
    let mut label = vec![0_u8; basins.count];
    for (n, &basin) in (1..=254).zip(&order) {
        label[basin] = n;
    }
    let mut map = LabelMap::empty(grid);
    let labels = map.labels_mut();
    for &(n, basin) in &basins.of {
        labels[n as usize] = label[basin as usize];
    }
    progress.step(6, 6)?;
    Ok(map)
}

/// The widest cleft that may be asked for.
const MAX_CLEFT_MM: f64 = 10.0;
/// Muscle, blood, callus: what fills a cleft, HU.
const SOFT_HU: f32 = 40.0;
/// A cleft is darker than this share of the way from what fills it to the bone on its sides. A cleft of one voxel, wherever
/// it lies between two, leaves half of the way in one of them.
const SHARE: f32 = 0.67;

/// The voxels of the bone that are dark between brighter ones, and reach what lies around the bone.
fn clefts(volume: &Volume, bone: &Runs, rules: &FragmentRules) -> Runs {
    let grid = volume.grid();
    let none = || Runs::find(grid.size(), |_| false);
    let Some([low, high]) = bone.bounds().filter(|_| rules.cleft_mm > 0.0) else { return none() };
    // A voxel more on every side, so that the box holds some of what lies around.
    let low = low.map(|n| n.saturating_sub(1));
    let [wi, wj, wk] = core::array::from_fn(|axis| (high[axis] + 1).min(grid.size()[axis]) - low[axis]);
    let place = |n: usize| grid.index(low[0] + n % wi, low[1] + n / wi % wj, low[2] + n / (wi * wj));
    let values: Vec<f32> = (0..wi * wj * wk).into_par_iter().map(|n| volume.value_at(place(n))).collect();
    let half = grid.spacing_mm().map(|mm| ((0.5 * rules.cleft_mm / mm).round() as usize).max(1));
    let closed = closing(values, [wi, wj, wk], half);
    let inner = bone.window(low.map(|n| n as isize), [wi, wj, wk]);
    let mut dark = vec![0_u8; closed.len()];
    inner.paint(&mut dark, 1);
    dark.par_iter_mut().enumerate().for_each(|(n, dark)| {
        let beside = closed[n];
        let is_dark = f64::from(beside) >= rules.level
            && volume.value_at(place(n)) < SOFT_HU + SHARE * (beside - SOFT_HU);
        *dark = if *dark == 0 { 2 } else { u8::from(is_dark) };
    });
    // Dark ones and what lies around the bone. By faces: noise in spongy bone would make ways over edges and corners.
    let open = Components::of(Runs::of_values([wi, wj, wk], &dark, |kind| kind > 0), Connectivity::Faces);
    let mut outer = vec![false; open.count()];
    open.mark(|n, part| outer[part] |= dark[n] == 2);
    let clefts = open.keep(|part| outer[part]).and(&inner);
    clefts.window(low.map(|n| -(n as isize)), grid.size())
}

/// Each voxel of the bone with its basin, in memory order; basins are numbered in memory order of their first voxels.
struct Basins {
    of: Vec<(u32, u32)>,
    count: usize,
}

/// One flood from the deepest voxel of what is solid outwards, and on through the rest of the bone by the distance from it: a
/// voxel without a deeper neighbour opens a basin, others belong to that of their deepest neighbour; where two meet they are joined unless the rules part them.
fn basins(
    bone: &Runs,
    solid: &Runs,
    spacing_mm: [f64; 3],
    rules: &FragmentRules,
    progress: &dyn Progress,
) -> Result<Basins, SegmentError> {
    let [si, sj, sk] = bone.size();
    let mut depth = Distance::new(spacing_mm, To::Surface).signed(solid);
    depth.par_iter_mut().for_each(|depth| *depth = -*depth);
    progress.step(3, 6)?;
    let voxels: Vec<u32> = bone.indices().map(|n| n as u32).collect();
    let mut order: Vec<u32> = (0..voxels.len() as u32).collect();
    // A bone that fills the volume is infinitely deep everywhere; equal depths go by place.
    order.sort_unstable_by(|&a, &b| {
        let deep = |n: u32| depth[voxels[n as usize] as usize];
        deep(b).total_cmp(&deep(a)).then(a.cmp(&b))
    });
    const NONE: u32 = u32::MAX;
    let mut place = vec![NONE; depth.len()];
    for (n, &voxel) in (0..).zip(&voxels) {
        place[voxel as usize] = n;
    }
    // Of each voxel of the bone, its first basin; and the trees of joined basins with their greatest depths.
    let (mut own, mut root, mut peak) = (vec![NONE; voxels.len()], Vec::<u32>::new(), Vec::<f32>::new());
    for (done, &n) in order.iter().enumerate() {
        if done % (1 << 20) == 0 && progress.cancelled() {
            return Err(SegmentError::Cancelled(meshing_volume::Cancelled));
        }
        let voxel = voxels[n as usize] as usize;
        let at = [voxel % si, voxel / si % sj, voxel / (si * sj)];
        let pass = depth[voxel].max(0.0);
        // The deepest neighbour so far, and the tree of all met.
        let (mut deepest, mut met): (Option<u32>, Option<u32>) = (None, None);
        for (di, dj, dk) in OFFSETS {
            let moved = |x: usize, d: isize, size: usize| x.checked_add_signed(d).filter(|&x| x < size);
            let (Some(i), Some(j), Some(k)) =
                (moved(at[0], di, si), moved(at[1], dj, sj), moved(at[2], dk, sk))
            else {
                continue;
            };
            let other = place[(k * sj + j) * si + i];
            if other == NONE || own[other as usize] == NONE {
                continue;
            }
            let deep = |n: u32| depth[voxels[n as usize] as usize];
            if deepest.is_none_or(|best| deep(other) > deep(best)) {
                deepest = Some(other);
            }
            let theirs = find(&mut root, own[other as usize]);
            let ours = met.map_or(theirs, |met| find(&mut root, met));
            let (high, low) = if (peak[ours as usize], theirs) >= (peak[theirs as usize], ours) {
                (ours, theirs)
            } else {
                (theirs, ours)
            };
            met = Some(high);
            let lower = peak[low as usize];
            let apart = f64::from(pass) <= rules.neck * f64::from(lower)
                && f64::from(lower - pass) >= rules.least_depth_mm;
            if !apart {
                root[low as usize] = high;
            }
        }
        own[n as usize] = if let Some(deepest) = deepest {
            own[deepest as usize]
        } else {
            root.push(root.len() as u32);
            peak.push(pass);
            root.len() as u32 - 1
        };
    }
    let mut number = vec![NONE; root.len()];
    let mut count = 0;
    let of = voxels
        .iter()
        .zip(&own)
        .map(|(&voxel, &basin)| {
            let basin = find(&mut root, basin) as usize;
            if number[basin] == NONE {
                number[basin] = count;
                count += 1;
            }
            (voxel, number[basin])
        })
        .collect();
    Ok(Basins { of, count: count as usize })
}

/// The root of a tree of joined basins.
fn find(root: &mut [u32], mut n: u32) -> u32 {
    while root[n as usize] != n {
        root[n as usize] = root[root[n as usize] as usize];
        n = root[n as usize];
    }
    n
}

/// Neighbours by faces first, so that a voxel prefers them, then by edges.
const OFFSETS: [(isize, isize, isize); 18] = [
    (-1, 0, 0),
    (1, 0, 0),
    (0, -1, 0),
    (0, 1, 0),
    (0, 0, -1),
    (0, 0, 1),
    (-1, -1, 0),
    (1, -1, 0),
    (-1, 1, 0),
    (1, 1, 0),
    (-1, 0, -1),
    (1, 0, -1),
    (-1, 0, 1),
    (1, 0, 1),
    (0, -1, -1),
    (0, 1, -1),
    (0, -1, 1),
    (0, 1, 1),
];

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::Transform;
    use meshing_volume::Silent;

    use super::*;

    /// How many fragments there are, and of each true one its label and Dice.
    fn found(
        phantom: &Phantom,
        volume: &Volume,
        rules: &FragmentRules,
        count: usize,
    ) -> (u8, Vec<(usize, f64)>) {
        let map = fragments(volume, rules, &Silent).expect("bone");
        let truth = phantom.labels(volume.grid());
        let mut met = vec![vec![0_usize; 256]; 256];
        for (&t, &f) in truth.labels().iter().zip(map.labels()) {
            met[usize::from(t)][usize::from(f)] += 1;
        }
        let best = |t: usize| {
            let (label, &both) = met[t].iter().enumerate().skip(1).max_by_key(|(_, n)| **n).expect("labels");
            let sum: usize = met[t].iter().sum::<usize>() + map.count(label as u8);
            (label, 2.0 * both as f64 / sum as f64)
        };
        (map.labels().iter().max().copied().unwrap_or(0), (1..=count).map(best).collect())
    }

    /// Every true fragment has a label of its own and there is no further label.
    fn are_exact(phantom: &Phantom, volume: &Volume, rules: &FragmentRules, count: usize, dice: f64) {
        let (most, best) = found(phantom, volume, rules, count);
        let mut labels: Vec<usize> = best.iter().map(|(label, _)| *label).collect();
        labels.sort_unstable();
        assert_eq!(usize::from(most), count, "{best:?}");
        assert_eq!(labels, (1..=count).collect::<Vec<_>>(), "{best:?}");
        assert!(best.iter().all(|(_, found)| *found > dice), "{best:?}");
    }

    #[test]
    fn five_fragments_are_counted_and_each_is_one_label() {
        let phantom = Phantom::fracture();
        for spacing in [[1.0; 3], [0.7, 0.7, 1.25]] {
            let grid = phantom.grid(spacing, Transform::identity());
            let sampling = Sampling { noise_hu: 30.0, ..Sampling::default() };
            let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
            for (level, least) in [(420.0, 0.93), (226.0, 0.9)] {
                let rules = FragmentRules { level, ..FragmentRules::default() };
                are_exact(&phantom, &volume, &rules, 5, least);
            }
        }
    }

    #[test]
    fn fragments_of_any_density_a_voxel_apart_are_counted() {
        for (spacing, seed) in
            [([0.8, 0.8, 1.25], 1), ([0.7, 0.7, 1.0], 2), ([0.6, 0.9, 1.5], 3), ([1.0; 3], 4)]
        {
            for share in [1.0, 0.75] {
                let phantom = Phantom::comminuted([spacing[1] * share, spacing[2] * share]);
                let grid = phantom.grid(spacing, Transform::identity());
                let sampling = Sampling { noise_hu: 20.0, seed, ..Sampling::default() };
                let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
                are_exact(&phantom, &volume, &FragmentRules::default(), 6, 0.93);
                if share < 1.0 {
                    // By one level for all, some hang together.
                    let rules = FragmentRules { cleft_mm: 0.0, ..FragmentRules::default() };
                    assert!(found(&phantom, &volume, &rules, 6).0 < 6);
                }
            }
        }
    }

    #[test]
    fn a_whole_thigh_bone_with_spongy_ends_is_one() {
        let phantom = Phantom::femur();
        for (spacing, noise_hu, seed) in
            [([1.0, 1.0, 1.25], 20.0, 1), ([0.8, 0.8, 2.0], 30.0, 2), ([1.0, 1.0, 2.0], 40.0, 3)]
        {
            let grid = phantom.grid(spacing, Transform::identity());
            let sampling = Sampling { noise_hu, per_axis: 3, seed };
            let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
            let map = fragments(&volume, &FragmentRules::default(), &Silent).expect("bone");
            assert_eq!(map.labels().iter().max(), Some(&1), "{spacing:?}");
        }
    }

    #[test]
    fn whole_bones_stay_whole_and_none_is_refused() {
        let phantom = Phantom::sphere();
        let volume = phantom.volume(&phantom.default_grid());
        let map = fragments(&volume, &FragmentRules::default(), &Silent).expect("a ball");
        assert_eq!(map.labels().iter().max(), Some(&1));
        let none = FragmentRules { level: 2000.0, ..FragmentRules::default() };
        assert!(matches!(fragments(&volume, &none, &Silent), Err(SegmentError::Nothing { .. })));
        let wrong = FragmentRules { neck: f64::NAN, ..FragmentRules::default() };
        assert!(matches!(fragments(&volume, &wrong, &Silent), Err(SegmentError::OutOfRange { .. })));
    }
}
