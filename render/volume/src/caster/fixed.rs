//! Places in a volume as fixed-point numbers: the voxel is a shift away, where a float would need a conversion that
//! also looks for NaN and for numbers out of range.

/// Along i, j, k from the outer face of the first voxel, 32 bits after the point.
pub(super) type Place = [i64; 3];

/// One voxel.
pub(super) const ONE: i64 = 1 << 32;
/// Half a voxel: the centre of the first one.
pub(super) const HALF: i64 = 1 << 31;

/// A number of voxels as fixed point. Numbers beyond two thousand million voxels become that many.
pub(super) fn fixed(voxels: f64) -> i64 {
    (voxels * ONE as f64) as i64
}

/// What is after the point.
#[inline(always)]
pub(super) fn part_of(c: i64) -> f32 {
    ((c as u32) >> 8) as i32 as f32 * (1.0 / (1 << 24) as f32)
}
