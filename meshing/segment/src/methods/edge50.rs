//! A level for each part, halfway between its inside and its surroundings.

use meshing_volume::{Cancelled, Grid, LabelMap, Phrase, Progress, Volume};

use crate::flood::neighbours;
use crate::{
    Components, Connectivity, Inputs, Method, Needs, Outcome, Param, SegmentError, otsu, select,
    surface_level,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "edge50",
    version: 1,
    title: Phrase::new("Half-height edge", "半高边缘"),
    doc: Phrase::new(
        "Places each part's surface halfway between the mean value inside it and the mean around it, where a blurred \
          edge truly lies, and repeats until that level stands still. Starts from a mask, or from a level. Parts of \
          different density get different levels, so that pale parts are not too thin nor bright ones too thick.",
        "把每一部分的表面放在其内部均值与周围均值的中间（模糊边缘的真实位置），反复进行直到该阈值稳定。\
         可从分割或阈值开始。密度不同的部分各有阈值，淡者不会过薄，亮者不会过厚。",
    ),
    params: PARAMS,
    needs: Needs::masks(0, 1, Phrase::new("a mask to start from, if there is one", "作为起点的分割（可选）")),
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "level",
        unit: Phrase::new("value", "值"),
        default: None,
        min: -1e6,
        max: 1e6,
        doc: Phrase::new(
            "Level to start from where no mask is given; Otsu's level if not given either.",
            "未给出分割时的起始阈值；也未给出则取 Otsu 阈值。",
        ),
    },
    Param {
        id: "min_part_mm3",
        unit: Phrase::symbol("mm³"),
        default: Some(30.0),
        min: 0.0,
        max: 1e7,
        doc: Phrase::new("Smallest part that is kept.", "保留的最小部分。"),
    },
    Param {
        id: "rounds",
        unit: Phrase::new("times", "次"),
        default: Some(12.0),
        min: 1.0,
        max: 100.0,
        doc: Phrase::new("At most so many corrections of a level.", "阈值最多修正的次数。"),
    },
];

/// How far a part's surface may move from where it started, in voxels; also how thick the shells are whose means count.
const REACH: usize = 3;
/// A level stands still when it moves by less than this share of the step between inside and outside.
const STILL: f64 = 0.002;

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    let nothing = |en, zh| SegmentError::nothing(METHOD.id, en, zh);
    let start = if let Some(mask) = inputs.masks.first() {
        (*mask).clone()
    } else {
        let level = inputs.param("level").or_else(|| otsu(volume));
        select(
            volume,
            level.ok_or_else(|| nothing("all voxels have one value", "所有体素的值相同"))?,
            f64::INFINITY,
        )
    };
    let parts = Components::of_label(&start, 1, Connectivity::Faces);
    let least = inputs.param("min_part_mm3").unwrap_or_default() / volume.grid().voxel_mm3();
    let wanted: Vec<bool> = parts.voxels().iter().map(|&n| n as f64 >= least).collect();
    let mut voxels: Vec<Vec<usize>> = vec![Vec::new(); parts.count()];
    parts.mark(|voxel, part| {
        if wanted[part] {
            voxels[part].push(voxel);
        }
    });
    let rounds = inputs.param("rounds").unwrap_or(1.0) as usize;
    let mut mask = LabelMap::empty(volume.grid());
    let mut work = Shells::new(volume, &start);
    let (mut count, mut last) = (0, None);
    let total = wanted.iter().filter(|wanted| **wanted).count();
    for part in voxels.iter().filter(|part| !part.is_empty()) {
        progress.step(count, total)?;
        let level = work.place(part, rounds, &mut mask, progress)?;
        (count, last) = (count + 1, level);
    }
    let outcome = Outcome::new(mask, None, inputs.params.clone());
    if outcome.voxels == 0 {
        return Err(nothing(
            "no part is large enough and brighter than what is around it",
            "没有足够大且比周围亮的部分",
        ));
    }
    // Several parts have several levels, and no single one explains the surface.
    Ok(match last.filter(|_| count == 1) {
        Some(level) => Outcome {
            level: Some(surface_level(volume, level)),
            params: outcome.params.with("level", level),
            ..outcome
        },
        None => outcome,
    })
}

/// Marks of the voxels around one part, used again for the next.
struct Shells<'a> {
    volume: &'a Volume,
    grid: Grid,
    start: &'a LabelMap,
    /// 0: not met; otherwise the layer plus one.
    layer: Vec<u8>,
}

/// The layer of a part's own voxels that lie `depth` below its surface is `OWN - depth`; those around are above.
const OWN: u8 = 100;

impl<'a> Shells<'a> {
    fn new(volume: &'a Volume, start: &'a LabelMap) -> Self {
        Self { volume, grid: *volume.grid(), start, layer: vec![0; volume.voxels().len()] }
    }

    /// Writes the part into the mask with its surface at half height, and gives the level. A part without anything around
    /// it, or without values, stays as it is and has none.
    fn place(
        &mut self,
        part: &[usize],
        rounds: usize,
        mask: &mut LabelMap,
        progress: &dyn Progress,
    ) -> Result<Option<f64>, Cancelled> {
        // The part and what lies within reach of it, without other parts.
        for &voxel in part {
            self.layer[voxel] = OWN;
        }
        let mut around: Vec<usize> = Vec::new();
        let mut front: Vec<usize> = part.to_vec();
        for layer in 1..=2 * REACH as u8 {
            let mut next = Vec::new();
            for &voxel in &front {
                for other in neighbours(&self.grid, voxel) {
                    if self.layer[other] == 0 && self.start.labels()[other] != 1 {
                        self.layer[other] = OWN + layer;
                        next.push(other);
                    }
                }
            }
            around.extend_from_slice(&next);
            front = next;
        }
        let value = |n: usize| f64::from(self.volume.value_at(n));
        // May become part of it: the part itself and the first layers about it.
        let reach = OWN + REACH as u8;
        let mut near: Vec<usize> = part.to_vec();
        near.extend(around.iter().copied().filter(|&n| self.layer[n] <= reach));
        let mut inside: Vec<bool> = near.iter().map(|&n| self.layer[n] == OWN).collect();
        let outside = mean(around.iter().filter(|&&n| self.layer[n] > reach - 1).map(|&n| value(n)));
        let mut level = None;
        for _ in 0..rounds {
            if progress.cancelled() {
                return Err(Cancelled);
            }
            for (&n, &inside) in near.iter().zip(&inside) {
                self.layer[n] = if inside { OWN } else { OWN + 1 };
            }
            let deep = |n: usize| {
                self.layer[n] == OWN && neighbours(&self.grid, n).all(|other| self.layer[other] == OWN)
            };
            let held = near.iter().zip(&inside).filter(|(_, inside)| **inside).map(|(&n, _)| n);
            let held: Vec<usize> = held.collect();
            let core: Vec<usize> = held.iter().copied().filter(|&n| deep(n)).collect();
            // A thin part has no core: its brightest quarter stands for it.
            let bright = if core.len() * 10 >= held.len() && !core.is_empty() {
                mean(core.iter().map(|&n| value(n)))
            } else {
                let mut values: Vec<f64> = held.iter().map(|&n| value(n)).collect();
                values.sort_by(|a, b| b.total_cmp(a));
                mean(values[..values.len().div_ceil(4)].iter().copied())
            };
            let (Some(bright), Some(outside)) = (bright, outside) else { break };
            let half = f64::midpoint(bright, outside);
            let still =
                level.is_some_and(|level: f64| (half - level).abs() < STILL * (bright - outside).abs());
            level = Some(half);
            for (inside, &n) in inside.iter_mut().zip(&near) {
                *inside = value(n) >= half;
            }
            if still {
                break;
            }
        }
        for (&n, &inside) in near.iter().zip(&inside) {
            if inside {
                mask.labels_mut()[n] = 1;
            }
            self.layer[n] = 0;
        }
        for n in around {
            self.layer[n] = 0;
        }
        Ok(level)
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) =
        values.filter(|value| value.is_finite()).fold((0_usize, 0.0), |(n, sum), v| (n + 1, sum + v));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Silent, VolumeMeta, Voxels};

    use super::*;
    use crate::Params;

    /// Two balls of different density, with partly filled voxels at the rim.
    fn scene() -> (Volume, [f64; 2]) {
        let grid = Grid::axis_aligned([60, 30, 30], Point::origin(), [1.0; 3]).expect("grid");
        let balls = [([15.2, 15.1, 14.8], 9.0, 900.0), ([44.7, 14.6, 15.3], 9.0, 300.0)];
        let value = |n: usize| {
            let p = [n % 60, n / 60 % 30, n / 1800].map(|x| x as f64);
            let part = |(at, r, hu): ([f64; 3], f64, f64)| {
                let apart = (0..3).map(|x| (p[x] - at[x]).powi(2)).sum::<f64>().sqrt();
                hu * (0.5 - (apart - r) / 2.4).clamp(0.0, 1.0)
            };
            balls.iter().map(|&ball| part(ball)).sum::<f64>() as f32
        };
        let voxels = Voxels::F32((0..grid.len()).map(value).collect());
        let truth =
            balls.map(|(_, r, _): ([f64; 3], f64, f64)| 4.0 / 3.0 * core::f64::consts::PI * r.powi(3));
        (Volume::new(grid, voxels, VolumeMeta::default()).expect("volume"), truth)
    }

    #[test]
    fn each_part_gets_its_own_half_height() {
        let (volume, truth) = scene();
        let found =
            crate::run(&METHOD, &volume, &Params::new().with("level", 100.0), &Silent).expect("found");
        assert_eq!(found.level, None, "two parts, two levels");
        let half = |left: bool| {
            let labels = found.mask.labels().iter().enumerate();
            labels.filter(|(n, l)| **l == 1 && (n % 60 < 30) == left).count() as f64
        };
        for (found, truth) in [half(true), half(false)].into_iter().zip(truth) {
            assert!((found / truth - 1.0).abs() < 0.02, "{found} of {truth}");
        }
        let plain = select(&volume, 100.0, f64::INFINITY).count(1) as f64;
        assert!((plain / (truth[0] + truth[1]) - 1.0).abs() > 0.05, "one level fits neither");
    }

    #[test]
    fn a_given_mask_is_where_it_starts() {
        let (volume, truth) = scene();
        let mut mask = select(&volume, 100.0, f64::INFINITY);
        for (n, label) in mask.labels_mut().iter_mut().enumerate() {
            *label *= u8::from(n % 60 > 30);
        }
        let params = Params::new();
        let inputs = Inputs { masks: &[&mask], ..Inputs::new(&volume, &params) };
        let found = crate::run_with(&METHOD, &inputs, &Silent).expect("found");
        assert!((found.volume_mm3 / truth[1] - 1.0).abs() < 0.02);
        assert!((found.level.expect("one part") - 150.0).abs() < 3.0, "{:?}", found.level);
    }
}
