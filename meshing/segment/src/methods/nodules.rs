//! Nodules in the lungs.

use meshing_volume::{Grid, LabelMap, Part, Phrase, Progress};
use rayon::prelude::*;

use super::{is_ct, lung, percentile};
use crate::flood::fill;
use crate::vesselness::blobs;
use crate::{
    Components, Connectivity, Inputs, Method, Needs, Outcome, Param, Params, Runs, SegmentError,
    surface_level,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "nodules",
    version: 1,
    title: Phrase::new("Lung nodules (CT)", "肺结节（CT）"),
    doc: Phrase::new(
        "Solid nodules in the lungs, at their walls and on vessels in CT: places that look like a ball at one of several \
          scales, each with the dense voxels about it, if these are as compact as a ball and do not run on as a vessel does. \
          Candidates for a person to look at: it finds no ground glass, and scars or thick forks of vessels can be among \
          them.",
        "CT 中肺内、胸膜旁和血管旁的实性结节：在某一尺度上呈球形的位置及其周围致密体素，\
         要求紧凑如球且不像血管那样延续。仅为供人审阅的候选：不检出磨玻璃结节，其中可能有瘢痕或粗大的血管分叉。",
    ),
    params: PARAMS,
    needs: Needs::NOTHING,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "level",
        unit: Phrase::symbol("HU"),
        default: Some(-400.0),
        min: -700.0,
        max: 0.0,
        doc: Phrase::new(
            "Smallest value of a nodule: halfway between lung and nodule.",
            "结节的最小值：肺与结节的中间值。",
        ),
    },
    Param {
        id: "smallest_mm",
        unit: Phrase::symbol("mm"),
        default: Some(4.0),
        min: 1.0,
        max: 30.0,
        doc: Phrase::new("Smallest diameter of a ball with the nodule's volume.", "结节等体积球的最小直径。"),
    },
    Param {
        id: "largest_mm",
        unit: Phrase::symbol("mm"),
        default: Some(30.0),
        min: 2.0,
        max: 60.0,
        doc: Phrase::new("Largest diameter of a ball with the nodule's volume.", "结节等体积球的最大直径。"),
    },
    Param {
        id: "roundness",
        unit: Phrase::symbol("HU"),
        default: Some(100.0),
        min: 10.0,
        max: 500.0,
        doc: Phrase::new(
            "How much a place must look like a ball; a ball of 5 mm and 900 HU over the lung has about 250.",
            "须呈球形的程度；比肺高 900 HU 的 5 mm 球约为 250。",
        ),
    },
    Param {
        id: "close_mm",
        unit: Phrase::symbol("mm"),
        default: Some(8.0),
        min: 0.0,
        max: 20.0,
        doc: Phrase::new(
            "Notches of the lungs narrower than twice this are searched too: nodules at the wall.",
            "窄于其两倍的肺切迹也被搜索：胸膜旁结节。",
        ),
    },
];

/// Less than this is no pair of lungs, nor one. mL.
const LEAST_LUNGS_ML: f64 = 300.0;
/// The median of lungs; a hollow object or bowel full of gas is darker.
const LUNGS_HU: std::ops::Range<f64> = -965.0..-450.0;
/// Lung without vessels, what stands for everything outside the lungs. HU.
const LUNG_HU: f32 = -850.0;
/// Radii between those of the smallest and the largest nodule.
const SCALES: usize = 4;
/// The radius about a candidate's centre is where this share of the ball is dense.
const DENSE: f64 = 0.8;
/// Within twice that radius a nodule with its vessels has at most this many times the dense volume; a vessel has 2.3.
const COMPACT: f64 = 1.65;
/// What is dense within this many radii belongs to the nodule.
const OWN: f64 = 1.15;

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    if !is_ct(volume) {
        return Err(SegmentError::not_ct(METHOD.id));
    }
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let (level, smallest, largest) = (value("level"), value("smallest_mm"), value("largest_mm"));
    if smallest > largest {
        return Err(SegmentError::contradiction(
            "the smallest diameter is above the largest",
            "最小直径大于最大直径",
        ));
    }
    let grid = volume.grid();
    let closing = Params::new().with("close_mm", value("close_mm"));
    let lungs = crate::run(&lung::METHOD, volume, &closing, &Part::new(progress, 0.0, 0.3))?;
    let air = percentile(volume, &Runs::of_label(&lungs.mask, 1), 0.5);
    if lungs.volume_mm3 < LEAST_LUNGS_ML * 1000.0 || !air.is_some_and(|hu| LUNGS_HU.contains(&hu)) {
        return Err(SegmentError::nothing(METHOD.id, "there are no lungs", "图像中没有肺"));
    }
    let lungs = lungs.mask;
    let (within, wanted) = (lungs.labels(), value("roundness") as f32);
    // Everything outside is taken as lung, so that the wall is no edge.
    let values: Vec<f32> = (0..grid.len())
        .into_par_iter()
        .map(|n| if within[n] == 1 { volume.value_at(n).clamp(-1000.0, 200.0) } else { LUNG_HU })
        .collect();
    let steps = |n: usize| smallest * (largest / smallest).powf(n as f64 / (SCALES - 1) as f64);
    let sigmas: Vec<f64> = (0..SCALES).map(|n| steps(n) / 2.0 / 3.0_f64.sqrt()).collect();
    let round = blobs(&values, grid, &sigmas, &Part::new(progress, 0.3, 0.8))?;
    drop(values);
    let dense = |n: usize| within[n] == 1 && f64::from(volume.value_at(n)) >= level;
    let cores = Components::find(grid.size(), Connectivity::Corners, |n| round[n] >= wanted && dense(n));
    progress.step(85, 100)?;
    let mut mask = LabelMap::empty(grid);
    let mut work = vec![0_u8; grid.len()];
    let candidates = candidates(&cores, &round, grid);
    for (at, candidate) in candidates.iter().enumerate() {
        progress.step(850 + 140 * at / candidates.len(), 1000)?;
        let near = Near::of(grid, candidate.centre, 1.3 * largest);
        let Some(radius) = near.radius(dense) else { continue };
        let nodule = near.grown(candidate.peak, 2.0 * radius, &mut work, dense);
        let ball = DENSE * 4.0 / 3.0 * core::f64::consts::PI * radius.powi(3);
        if nodule.len() as f64 * grid.voxel_mm3() > COMPACT * ball {
            continue;
        }
        let nodule = near.grown(candidate.peak, OWN * radius, &mut work, dense);
        let mm3 = nodule.len() as f64 * grid.voxel_mm3();
        let diameter = (6.0 * mm3 / core::f64::consts::PI).cbrt();
        // A second core of one nodule finds it again.
        let taken = nodule.iter().any(|&n| mask.labels()[n] == 1);
        if !taken && (smallest..=largest).contains(&diameter) {
            for n in nodule {
                mask.labels_mut()[n] = 1;
            }
        }
    }
    let outcome = Outcome::new(mask, Some(surface_level(volume, level)), inputs.params.clone());
    if outcome.voxels == 0 {
        return Err(SegmentError::nothing(METHOD.id, "no nodule was seen", "未发现结节"));
    }
    Ok(outcome)
}

/// A place that looks like a ball.
struct Candidate {
    /// The voxel that does so most.
    peak: usize,
    /// Middle of the core, voxels.
    centre: [f64; 3],
    roundness: f32,
}

/// All places, the roundest first.
fn candidates(cores: &Components, round: &[f32], grid: &Grid) -> Vec<Candidate> {
    let [si, sj, _] = grid.size();
    let mut found: Vec<Candidate> = (0..cores.count())
        .map(|_| Candidate { peak: 0, centre: [0.0; 3], roundness: f32::NEG_INFINITY })
        .collect();
    cores.mark(|n, core| {
        let candidate = &mut found[core];
        for (sum, x) in candidate.centre.iter_mut().zip([n % si, n / si % sj, n / (si * sj)]) {
            *sum += x as f64;
        }
        if round[n] > candidate.roundness {
            (candidate.peak, candidate.roundness) = (n, round[n]);
        }
    });
    for (candidate, &voxels) in found.iter_mut().zip(cores.voxels()) {
        candidate.centre = candidate.centre.map(|sum| sum / voxels as f64);
    }
    found.sort_by(|a, b| b.roundness.total_cmp(&a.roundness).then(a.peak.cmp(&b.peak)));
    found
}

/// The surroundings of a candidate.
struct Near<'a> {
    grid: &'a Grid,
    centre: [f64; 3],
    low: [usize; 3],
    high: [usize; 3],
    reach_mm: f64,
}

impl<'a> Near<'a> {
    fn of(grid: &'a Grid, centre: [f64; 3], reach_mm: f64) -> Self {
        let (size, spacing) = (grid.size(), grid.spacing_mm());
        let reach = |axis: usize| (reach_mm / spacing[axis]).min(1e6);
        Self {
            grid,
            centre,
            low: core::array::from_fn(|axis| (centre[axis] - reach(axis)).max(0.0).ceil() as usize),
            high: core::array::from_fn(|axis| {
                ((centre[axis] + reach(axis)).floor() as usize + 1).min(size[axis])
            }),
            reach_mm,
        }
    }

    /// Distance of a voxel from the centre, mm.
    fn mm(&self, at: [usize; 3]) -> f64 {
        let spacing = self.grid.spacing_mm();
        (0..3).map(|axis| ((at[axis] as f64 - self.centre[axis]) * spacing[axis]).powi(2)).sum::<f64>().sqrt()
    }

    /// The radius up to which the ball about the centre is dense; `None` where it is not even so at the middle, or still so
    /// at the end.
    fn radius(&self, dense: impl Fn(usize) -> bool) -> Option<f64> {
        /// Per mm.
        const BINS: f64 = 8.0;
        let mut bins = vec![(0_usize, 0_usize); (self.reach_mm * BINS) as usize + 1];
        for k in self.low[2]..self.high[2] {
            for j in self.low[1]..self.high[1] {
                for i in self.low[0]..self.high[0] {
                    if let Some((all, held)) = bins.get_mut((self.mm([i, j, k]) * BINS) as usize) {
                        *all += 1;
                        *held += usize::from(dense(self.grid.index(i, j, k)));
                    }
                }
            }
        }
        // Fewer voxels than this say nothing.
        let (mut all, mut held) = (0, 0);
        for (n, (more, of_them)) in bins.into_iter().enumerate() {
            (all, held) = (all + more, held + of_them);
            if all >= 7 && (held as f64) < DENSE * all as f64 {
                return (n > 0).then(|| {
                    // The voxels so far are a ball of their own volume, whatever the bins.
                    let dense_mm3 = held as f64 * self.grid.voxel_mm3();
                    (dense_mm3 / DENSE * 3.0 / 4.0 / core::f64::consts::PI).cbrt()
                });
            }
        }
        None
    }

    /// What hangs together with a voxel through dense ones at most `mm` from the centre.
    fn grown(&self, start: usize, mm: f64, work: &mut [u8], dense: impl Fn(usize) -> bool) -> Vec<usize> {
        let [si, sj, _] = self.grid.size();
        let at = |n: usize| [n % si, n / si % sj, n / (si * sj)];
        let inside = |n: usize| dense(n) && self.mm(at(n)) <= mm;
        fill(self.grid.size(), work, [start], inside);
        let mut voxels = Vec::new();
        for k in self.low[2]..self.high[2] {
            for j in self.low[1]..self.high[1] {
                for i in self.low[0]..self.high[0] {
                    let n = self.grid.index(i, j, k);
                    if core::mem::take(&mut work[n]) == 1 {
                        voxels.push(n);
                    }
                }
            }
        }
        voxels
    }
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::Transform;
    use meshing_volume::Silent;

    use super::*;

    #[test]
    fn nodules_are_found_measured_and_told_from_vessels() {
        let phantom = Phantom::chest_with_nodules();
        let grid = phantom.grid([0.9, 0.9, 1.0], Transform::identity());
        let sampling = Sampling { noise_hu: 30.0, per_axis: 3, seed: 5 };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let found = crate::run(&METHOD, &volume, &Params::new(), &Silent).expect("nodules");
        let labels = phantom.labels(&grid);
        let parts = Components::of_label(&found.mask, 1, Connectivity::Corners);
        let mut hit = vec![false; parts.count()];
        let (mut seen, mut all) = (0, 0);
        for part in phantom.truth().parts.iter().filter(|part| part.name.starts_with("nodule")) {
            let label = phantom.truth().label(&part.name).expect("a part");
            let truth = part.volume_mm3.expect("a ball");
            let mine = (0..grid.len()).filter(|&n| labels.labels()[n] == label).find_map(|n| parts.at(n));
            all += 1;
            let Some(mine) = mine else { continue };
            (hit[mine], seen) = (true, seen + 1);
            let ratio = parts.voxels()[mine] as f64 * grid.voxel_mm3() / truth;
            // From 6 mm on.
            assert!(truth < 110.0 || (ratio - 1.0).abs() <= 0.1, "{}: {ratio}", part.name);
        }
        let wrong = hit.iter().filter(|hit| !**hit).count();
        assert!(seen as f64 >= 0.95 * f64::from(all) && wrong <= 4, "{seen} of {all}, {wrong} false");
    }

    #[test]
    fn a_head_has_no_lungs_to_search() {
        let phantom = Phantom::head();
        let volume = phantom.volume(&phantom.grid([3.0; 3], Transform::identity()));
        let refused = crate::run(&METHOD, &volume, &Params::new(), &Silent);
        assert!(matches!(refused, Err(SegmentError::Nothing { .. })), "{refused:?}");
    }
}
