//! What the isosurface is taken of: planes of signed values, zero or more inside.

use meshing_volume::{LabelMap, Volume, Voxels};

/// A scalar field on a voxel grid, given plane by plane.
pub(super) trait Field: Sync {
    /// Writes plane `k`, i fastest: values ≥ 0 are inside, and the surface is where linear interpolation gives 0.
    fn plane(&self, k: usize, out: &mut [f32]);
    /// The value around the grid; below 0.
    fn background(&self) -> f32;
}

/// The smallest distance from the level that a value outside may have.
const JUST_OUTSIDE: f32 = -f32::MIN_POSITIVE;

/// Calls `put(offset in the plane, value)` for each voxel of plane `k`; NaN becomes `lowest`.
fn for_each_value(volume: &Volume, k: usize, lowest: f32, mut put: impl FnMut(usize, f32)) {
    let [si, sj, _] = volume.grid().size();
    let range = k * si * sj..(k + 1) * si * sj;
    match volume.voxels() {
        Voxels::I16(values) => {
            for (n, &value) in values[range].iter().enumerate() {
                put(n, f32::from(value));
            }
        }
        Voxels::F32(values) => {
            for (n, &value) in values[range].iter().enumerate() {
                put(n, if value.is_nan() { lowest } else { value });
            }
        }
    }
}

/// The distance of the lowest value below the level, for the layer around the volume.
fn background(range: (f32, f32), iso: f64) -> f32 {
    let (low, high) = (f64::from(range.0), f64::from(range.1));
    let depth = if low < iso { iso - low } else { high - iso };
    if depth.is_finite() && depth > 0.0 { -(depth as f32) } else { -1.0 }
}

/// A grey volume against a level.
pub(super) struct Grey<'a> {
    volume: &'a Volume,
    iso: f64,
    range: (f32, f32),
}

impl<'a> Grey<'a> {
    pub(super) fn new(volume: &'a Volume, iso: f64) -> Self {
        Self { volume, iso, range: volume.range() }
    }
}

impl Field for Grey<'_> {
    fn plane(&self, k: usize, out: &mut [f32]) {
        for_each_value(self.volume, k, self.range.0, |n, value| {
            let above = (f64::from(value) - self.iso) as f32;
            out[n] = if f64::from(value) < self.iso { above.min(JUST_OUTSIDE) } else { above };
        });
    }

    fn background(&self) -> f32 {
        background(self.range, self.iso)
    }
}

/// A grey volume whose sign the mask gives: distances from the level, inside where the mask says so.
pub(super) struct Shell<'a> {
    volume: &'a Volume,
    mask: &'a LabelMap,
    label: u8,
    iso: f64,
    range: (f32, f32),
}

impl<'a> Shell<'a> {
    pub(super) fn new(volume: &'a Volume, mask: &'a LabelMap, label: u8, iso: f64) -> Self {
        Self { volume, mask, label, iso, range: volume.range() }
    }
}

impl Field for Shell<'_> {
    fn plane(&self, k: usize, out: &mut [f32]) {
        let [si, sj, _] = self.volume.grid().size();
        let labels = &self.mask.labels()[k * si * sj..(k + 1) * si * sj];
        for_each_value(self.volume, k, self.range.0, |n, value| {
            let distance = (f64::from(value) - self.iso).abs() as f32;
            out[n] = if labels[n] == self.label { distance } else { (-distance).min(JUST_OUTSIDE) };
        });
    }

    fn background(&self) -> f32 {
        background(self.range, self.iso)
    }
}

/// A mask smoothed by a 3×3×3 binomial kernel, level ½, with every voxel kept on its side.
pub(super) struct Smoothed<'a> {
    pub(super) mask: &'a LabelMap,
    pub(super) label: u8,
}

/// How far from the level a voxel stays that smoothing would have moved to the other side.
const KEPT: f32 = 1.0 / 16.0;

impl Field for Smoothed<'_> {
    fn plane(&self, k: usize, out: &mut [f32]) {
        let [si, sj, sk] = self.mask.grid().size();
        let plane = si * sj;
        // Along k, then j, then i, each 1-2-1 with the border voxel repeated: sums of 64.
        let labels = self.mask.labels();
        let at = |k: usize, n: usize| u8::from(labels[k * plane + n] == self.label);
        let (below, above) = (k.saturating_sub(1), (k + 1).min(sk - 1));
        let along_k: Vec<u8> = (0..plane).map(|n| at(below, n) + 2 * at(k, n) + at(above, n)).collect();
        let mut along_j = vec![0_u8; plane];
        for j in 0..sj {
            let (before, after) = (j.saturating_sub(1) * si, (j + 1).min(sj - 1) * si);
            for i in 0..si {
                along_j[j * si + i] = along_k[before + i] + 2 * along_k[j * si + i] + along_k[after + i];
            }
        }
        for j in 0..sj {
            let row = &along_j[j * si..(j + 1) * si];
            for i in 0..si {
                let sum = row[i.saturating_sub(1)] + 2 * row[i] + row[(i + 1).min(si - 1)];
                let above_half = f32::from(sum) / 64.0 - 0.5;
                let n = j * si + i;
                out[n] = if at(k, n) == 1 { above_half.max(KEPT) } else { above_half.min(-KEPT) };
            }
        }
    }

    fn background(&self) -> f32 {
        -0.5
    }
}
