//! Laying unevenly spaced slices onto equal steps.

use meshing_volume::Voxels;
use rayon::prelude::*;

/// Linear interpolation along k: slice k of the result is `(1 − share)` of slice `below` and `share` of the next.
pub(crate) fn mixed(voxels: &Voxels, slice_len: usize, mix: &[(usize, f64)]) -> Voxels {
    match voxels {
        Voxels::I16(values) => Voxels::I16(mixed_as(values, slice_len, mix, |a, b, t| {
            let value = f64::from(a) + (f64::from(b) - f64::from(a)) * t;
            #[expect(clippy::cast_possible_truncation, reason = "lies between two i16")]
            let rounded = value.round() as i16;
            rounded
        })),
        Voxels::F32(values) => Voxels::F32(mixed_as(values, slice_len, mix, |a, b, t| {
            #[expect(clippy::cast_possible_truncation, reason = "f32 is the precision of the volume")]
            let value = (f64::from(a) + (f64::from(b) - f64::from(a)) * t) as f32;
            value
        })),
    }
}

fn mixed_as<T: Copy + Default + Send + Sync>(
    values: &[T],
    slice_len: usize,
    mix: &[(usize, f64)],
    between: impl Fn(T, T, f64) -> T + Sync,
) -> Vec<T> {
    let mut out = vec![T::default(); slice_len * mix.len()];
    out.par_chunks_mut(slice_len).zip(mix).for_each(|(slice, &(below, share))| {
        let a = &values[below * slice_len..(below + 1) * slice_len];
        if share == 0.0 {
            slice.copy_from_slice(a);
            return;
        }
        let b = &values[(below + 1) * slice_len..(below + 2) * slice_len];
        for ((out, &a), &b) in slice.iter_mut().zip(a).zip(b) {
            *out = between(a, b, share);
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_mixed_linearly() {
        let voxels = Voxels::I16(vec![0, 10, 100, 20, -300, 21]);
        let out = mixed(&voxels, 2, &[(0, 0.0), (0, 0.25), (1, 0.5), (2, 0.0)]);
        assert_eq!(out, Voxels::I16(vec![0, 10, 25, 13, -100, 21, -300, 21]));
        let out = mixed(&Voxels::F32(vec![1.0, 2.0]), 1, &[(0, 0.5)]);
        assert_eq!(out, Voxels::F32(vec![1.5]));
    }
}
