//! Regions of the brain that are darker than their mirror image.

use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, Part, Phrase, Progress, Volume, Voxels};
use rayon::prelude::*;

use super::haemorrhage::{brain, smoothed_within};
use super::is_ct;
use crate::{
    Components, Connectivity, Inputs, Method, Needs, Outcome, Param, Runs, SegmentError, margin, opened,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "ischaemia",
    version: 1,
    title: Phrase::new("Asymmetry map (head CT)", "不对称图（头部 CT）"),
    doc: Phrase::new(
        "Regions of the brain in a CT without contrast medium that are a little darker than the same place on the other \
          side, after smoothing, without what is as dark as water. A map of asymmetry and no diagnosis: early strokes look so, \
          and so do old ones, tumours, a head that is not symmetric and unevenness of the scanner.",
        "头部平扫 CT 中平滑后比对侧相同位置稍暗的脑区，不含与水同样暗者。仅为不对称图，\
         不是诊断：早期脑梗死如此，陈旧梗死、肿瘤、头部不对称和设备不均匀也如此。",
    ),
    params: PARAMS,
    needs: Needs::NOTHING,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    super::smoothing(
        3.0,
        Phrase::new("Smoothing within the brain before both sides are compared.", "比较两侧前在脑内的平滑。"),
    ),
    Param {
        id: "least",
        unit: Phrase::symbol("HU"),
        default: Some(3.0),
        min: 0.5,
        max: 20.0,
        doc: Phrase::new("Smallest difference between the sides.", "两侧的最小差值。"),
    },
    Param {
        id: "most",
        unit: Phrase::symbol("HU"),
        default: Some(12.0),
        min: 1.0,
        max: 100.0,
        doc: Phrase::new(
            "Largest difference between the sides; beyond it is water, or blood on the other side.",
            "两侧的最大差值；超过者为水，或对侧出血。",
        ),
    },
    Param {
        id: "min_ml",
        unit: Phrase::symbol("mL"),
        default: Some(5.0),
        min: 0.0,
        max: 500.0,
        doc: Phrase::new("Smallest region that is kept.", "保留的最小区域。"),
    },
];

/// Brain that is neither water nor blood nor chalk, HU.
const TISSUE_HU: [f64; 2] = [18.0, 50.0];
/// What lies less deep in the brain is not compared, mm: furrows and bone are never quite the same on both sides.
const RIM_MM: f64 = 5.0;
/// A region is thicker than twice this, mm.
const THICK_MM: f64 = 3.0;

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let (least, most) = (value("least"), value("most"));
    if least > most {
        return Err(SegmentError::contradiction(
            "the smallest difference is above the largest",
            "最小差值大于最大差值",
        ));
    }
    let map = asymmetry_map(volume, value("sigma_mm"), &Part::new(progress, 0.0, 0.9))?;
    let grid = volume.grid();
    let darker = Runs::select(&map, -most, -least);
    let thick = opened(&darker, grid.spacing_mm(), THICK_MM, &Part::new(progress, 0.9, 0.95))?;
    let parts = Components::of(thick, Connectivity::Faces);
    let voxels = value("min_ml") * 1000.0 / grid.voxel_mm3();
    let kept = parts.keep(|part| parts.voxels()[part] as f64 >= voxels);
    if kept.is_empty() {
        return Err(SegmentError::nothing(
            METHOD.id,
            "both sides of the brain are alike",
            "脑的两侧没有明显差异",
        ));
    }
    Ok(Outcome::new(kept.to_mask(grid), None, inputs.params.clone()))
}

/// How much denser the brain is at each voxel than at the same place on the other side, HU, smoothed by `sigma_mm` over
/// brain alone; NaN where there is no brain on one of the sides. On the volume's grid.
///
/// # Errors
/// [`SegmentError::Modality`] for what is no CT, [`SegmentError::Nothing`] without a brain, [`SegmentError::Cancelled`].
pub fn asymmetry_map(
    volume: &Volume,
    sigma_mm: f64,
    progress: &dyn Progress,
) -> Result<Volume, SegmentError> {
    if !is_ct(volume) {
        return Err(SegmentError::not_ct(METHOD.id));
    }
    let brain = brain(METHOD.id, volume, &Part::new(progress, 0.0, 0.6))?;
    let grid = volume.grid();
    let mirror = Mirror::find(volume, &brain, &Part::new(progress, 0.6, 0.8))?;
    let deep = margin(&brain, grid.spacing_mm(), -RIM_MM, &Part::new(progress, 0.8, 0.85))?;
    let tissue = Runs::select(volume, TISSUE_HU[0], TISSUE_HU[1]).and(&deep);
    let smooth = smoothed_within(volume, &tissue, sigma_mm);
    progress.step(95, 100)?;
    let smooth = Volume::new(*grid, Voxels::F32(smooth), volume.meta().clone());
    let smooth = smooth.expect("as many values as the volume has");
    let [si, sj, _] = grid.size();
    let sides = (0..grid.len()).into_par_iter().map(|n| {
        let mine = smooth.value_at(n);
        if mine.is_nan() {
            return f32::NAN;
        }
        let at = Point::from_array([n % si, n / si % sj, n / (si * sj)].map(|x| x as f64));
        let other = nearest(grid, mirror.of(grid.lps_from_ijk() * at));
        other.map_or(f32::NAN, |n| mine - smooth.value_at(n))
    });
    let made = Volume::new(*grid, Voxels::F32(sides.collect()), volume.meta().clone());
    Ok(made.expect("as many values as the volume has"))
}

/// The voxel nearest to a point.
fn nearest(grid: &Grid, point: Point<Lps>) -> Option<usize> {
    let (at, size) = ((grid.ijk_from_lps() * point).to_array(), grid.size());
    let at = at.map(|x| (x + 0.5).floor());
    let inside = (0..3).all(|axis| at[axis] >= 0.0 && at[axis] < size[axis] as f64);
    inside.then(|| grid.index(at[0] as usize, at[1] as usize, at[2] as usize))
}

/// The plane between the two sides: a point and a normal.
struct Mirror {
    at: Point<Lps>,
    normal: Vector<Lps>,
}

impl Mirror {
    /// The plane about the middle of the brain in which the brain is most like its mirror image: it starts upright and
    /// straight, then turns and moves by smaller and smaller steps while that gets better.
    fn find(volume: &Volume, brain: &Runs, progress: &dyn Progress) -> Result<Self, SegmentError> {
        /// Distance between places looked at, mm.
        const STEP_MM: f64 = 4.0;
        /// What lies outside the brain is taken as bone.
        const OUTSIDE_HU: f32 = 100.0;
        let grid = volume.grid();
        let [si, sj, sk] = grid.size();
        let mut inside = vec![0_u8; grid.len()];
        brain.paint(&mut inside, 1);
        let every = grid.spacing_mm().map(|mm| (STEP_MM / mm).round().max(1.0) as usize);
        let mut points = Vec::new();
        let mut sum = [0.0; 3];
        for k in (0..sk).step_by(every[2]) {
            for j in (0..sj).step_by(every[1]) {
                for i in (0..si).step_by(every[0]) {
                    let n = grid.index(i, j, k);
                    if inside[n] == 1 {
                        let point = grid.lps_from_ijk() * Point::from_array([i, j, k].map(|x| x as f64));
                        for (sum, x) in sum.iter_mut().zip(point.to_array()) {
                            *sum += x;
                        }
                        points.push((point, volume.value_at(n)));
                    }
                }
            }
        }
        let centre = Point::from_array(sum.map(|x| x / points.len().max(1) as f64));
        let plane = |[yaw, roll, offset]: [f64; 3]| {
            let normal = [yaw.cos() * roll.cos(), yaw.sin() * roll.cos(), roll.sin()];
            let normal = Vector::new(normal[0], normal[1], normal[2]);
            Self { at: centre + normal * offset, normal }
        };
        let unlike = |place: [f64; 3]| {
            let mirror = plane(place);
            let differences = points.iter().map(|&(point, value)| {
                let other = nearest(grid, mirror.of(point)).filter(|&n| inside[n] == 1);
                let other = other.map_or(OUTSIDE_HU, |n| volume.value_at(n));
                f64::from((value.clamp(0.0, OUTSIDE_HU) - other.clamp(0.0, OUTSIDE_HU)).abs())
            });
            differences.sum::<f64>()
        };
        let mut best = ([0.0; 3], unlike([0.0; 3]));
        for round in 0..5 {
            progress.step(round, 5)?;
            let halved = 0.5_f64.powi(round as i32);
            let steps = [8.0_f64.to_radians() * halved, 8.0_f64.to_radians() * halved, 6.0 * halved];
            // Each step is taken a few times at most, so there is an end whatever the noise.
            for _ in 0..8 {
                let before = best.1;
                for (axis, step) in steps.into_iter().enumerate() {
                    for way in [-step, step] {
                        let mut place = best.0;
                        place[axis] += way;
                        let found = unlike(place);
                        if found < best.1 {
                            best = (place, found);
                        }
                    }
                }
                if best.1 >= before {
                    break;
                }
            }
        }
        Ok(plane(best.0))
    }

    fn of(&self, point: Point<Lps>) -> Point<Lps> {
        point - self.normal * (2.0 * (point - self.at).dot(self.normal))
    }
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::Transform;
    use meshing_volume::Silent;

    use super::*;
    use crate::Params;

    #[test]
    fn twenty_millilitres_four_units_darker_are_seen_in_noise_and_nothing_else() {
        // The head lies askew in the scanner, and not in the middle of it.
        let turn = Transform::rotation(Vector::new(0.1, 0.3, 0.9), 0.12).expect("an axis");
        let sampling = Sampling { noise_hu: 5.0, per_axis: 2, seed: 4 };
        let run = |sick: bool| {
            let phantom = Phantom::stroke(sick);
            let grid = phantom.grid([1.5, 1.5, 2.5], turn);
            let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
            (crate::run(&METHOD, &volume, &Params::new(), &Silent), phantom.labels(&grid), phantom)
        };
        let (found, truth, phantom) = run(true);
        let found = found.expect("a dark region");
        let infarct = phantom.truth().label("infarct").expect("there is one");
        let within = (0..truth.labels().len())
            .filter(|&n| found.mask.labels()[n] == 1 && truth.labels()[n] == infarct)
            .count();
        assert!(found.volume_mm3 > 8_000.0 && found.volume_mm3 < 24_000.0, "{}", found.volume_mm3);
        assert!(within * 20 >= found.voxels * 19, "{within} of {}", found.voxels);
        assert!(matches!(run(false).0, Err(SegmentError::Nothing { .. })), "a healthy brain");
    }
}
