//! Morphology in millimetres: by distances, so that a ball is a ball whatever the spacing.

use meshing_volume::{LabelMap, Part, Progress};

use crate::{Components, Connectivity, Distance, Runs, SegmentError, To};

/// How far a distance may be beyond a radius by rounding.
const SLACK: f64 = 1e-6;
/// Voxels up to which a closing's box is not asked about.
const ALWAYS: usize = 64 << 20;

/// The set with a margin of `by_mm` around it; below 0, without a margin of that width within it.
///
/// A voxel belongs to the result if its centre lies at most so far from the surface of the set (at least so deep within
/// it); see [`To::Surface`]. The border of the volume is no surface.
///
/// # Errors
/// [`SegmentError::Cancelled`]; [`SegmentError::OutOfRange`] if `by_mm` is no number.
pub fn margin(
    set: &Runs,
    spacing_mm: [f64; 3],
    by_mm: f64,
    progress: &dyn Progress,
) -> Result<Runs, SegmentError> {
    let radius = checked(by_mm.abs(), "by_mm", f64::INFINITY)?;
    progress.step(0, 1)?;
    let Some(area) = Area::around(set, spacing_mm, if by_mm > 0.0 { radius } else { 0.0 }) else {
        return Ok(set.clone());
    };
    let inner = area.of(set);
    let near = if by_mm > 0.0 {
        area.within(&inner, radius, To::Surface)
    } else if by_mm < 0.0 {
        // Exactly so deep is deep enough, so what is cut off is a little less.
        area.within(&inner.complement(), radius * (1.0 - 4.0 * SLACK), To::Surface).complement()
    } else {
        inner
    };
    progress.step(1, 1)?;
    Ok(area.back(&near))
}

/// Takes away what a ball of the radius does not fit into (spikes, thin bridges): what is left is the union of all balls
/// of whole voxels that lie in the set. The border of the volume hems no ball.
///
/// # Errors
/// As [`margin`].
pub fn opened(
    set: &Runs,
    spacing_mm: [f64; 3],
    radius_mm: f64,
    progress: &dyn Progress,
) -> Result<Runs, SegmentError> {
    let radius = checked(radius_mm, "radius_mm", f64::INFINITY)?;
    progress.step(0, 2)?;
    let Some(area) = Area::around(set, spacing_mm, 0.0) else { return Ok(set.clone()) };
    if radius == 0.0 {
        return Ok(set.clone());
    }
    let core = area.within(&area.of(set).complement(), radius, To::Centres).complement();
    progress.step(1, 2)?;
    let open = area.within(&core, radius, To::Centres);
    progress.step(2, 2)?;
    Ok(area.back(&open))
}

/// Closes gaps, notches and channels narrower than twice the radius: a dilation and an erosion by a ball, with exact
/// Euclidean distances between voxel centres. Nothing is taken away; there is nothing beyond the border of the volume.
///
/// # Errors
/// [`SegmentError::Cancelled`]; [`SegmentError::OutOfRange`] if the radius is below 0, no number, or so large beside the
/// volume that the memory for it is not taken.
pub fn closed(
    set: &Runs,
    spacing_mm: [f64; 3],
    radius_mm: f64,
    progress: &dyn Progress,
) -> Result<Runs, SegmentError> {
    let size = set.size();
    let extent = (0..3).map(|n| size[n] as f64 * spacing_mm[n]).fold(0.0, f64::max);
    let radius = checked(radius_mm, "radius_mm", f64::INFINITY)?;
    progress.step(0, 2)?;
    let Some(area) = Area::beyond(set, spacing_mm, radius) else { return Ok(set.clone()) };
    if radius == 0.0 {
        return Ok(set.clone());
    }
    let voxels = area.size.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
    if voxels.is_none_or(|n| n > ALWAYS) {
        checked(radius_mm, "radius_mm", extent)?;
    }
    let wide = area.within(&area.of(set), radius, To::Centres);
    progress.step(1, 2)?;
    let closed = area.within(&wide.complement(), radius, To::Centres).complement();
    progress.step(2, 2)?;
    Ok(area.back(&closed))
}

/// A wall along the surface of the set: from `inward_mm` within to `outward_mm` around. What lies deeper is hollow.
///
/// # Errors
/// As [`margin`]; a thickness below 0.
pub fn shell(
    set: &Runs,
    spacing_mm: [f64; 3],
    [inward_mm, outward_mm]: [f64; 2],
    progress: &dyn Progress,
) -> Result<Runs, SegmentError> {
    let inward = checked(inward_mm, "inward_mm", f64::INFINITY)?;
    let outward = checked(outward_mm, "outward_mm", f64::INFINITY)?;
    let around = margin(set, spacing_mm, outward, &Part::new(progress, 0.0, 0.5))?;
    if inward == 0.0 {
        return Ok(around.minus(set));
    }
    Ok(around.minus(&margin(set, spacing_mm, -inward, &Part::new(progress, 0.5, 1.0))?))
}

/// The islands of the set that are among the `most` largest and have at least `least_voxels`.
pub fn islands(set: Runs, connectivity: Connectivity, most: usize, least_voxels: f64) -> Runs {
    let parts = Components::of(set, connectivity);
    let mut order: Vec<usize> =
        (0..parts.count()).filter(|&part| parts.voxels()[part] as f64 >= least_voxels).collect();
    // Of equal ones the first in memory comes first: the sort keeps their order.
    order.sort_by_key(|&part| core::cmp::Reverse(parts.voxels()[part]));
    let mut wanted = vec![false; parts.count()];
    for &part in order.iter().take(most) {
        wanted[part] = true;
    }
    parts.keep(|part| wanted[part])
}

/// Closes a label; see [`closed`]. What lay in the gaps gets the label.
///
/// # Errors
/// As [`closed`]; a radius below 0 does nothing.
pub fn close(
    mask: &mut LabelMap,
    label: u8,
    radius_mm: f64,
    progress: &dyn Progress,
) -> Result<(), SegmentError> {
    if radius_mm > 0.0 {
        let set = Runs::of_label(mask, label);
        closed(&set, mask.grid().spacing_mm(), radius_mm, progress)?.paint(mask.labels_mut(), label);
    }
    Ok(())
}

fn checked(value: f64, id: &'static str, max: f64) -> Result<f64, SegmentError> {
    if (0.0..=max).contains(&value) {
        Ok(value)
    } else {
        Err(SegmentError::OutOfRange { id, value, min: 0.0, max })
    }
}

/// The box around a set in which it is worked on.
struct Area {
    low: [isize; 3],
    size: [usize; 3],
    whole: [usize; 3],
    spacing_mm: [f64; 3],
}

impl Area {
    /// The box with `reach_mm` and a voxel around it, but not over the border of the volume; `None` for an empty set.
    fn around(set: &Runs, spacing_mm: [f64; 3], reach_mm: f64) -> Option<Self> {
        let mut area = Self::beyond(set, spacing_mm, reach_mm)?;
        for axis in 0..3 {
            let high = area.low[axis].saturating_add_unsigned(area.size[axis]).min(area.whole[axis] as isize);
            area.low[axis] = area.low[axis].max(0);
            area.size[axis] = (high - area.low[axis]) as usize;
        }
        Some(area)
    }

    /// The same, over the border too.
    fn beyond(set: &Runs, spacing_mm: [f64; 3], reach_mm: f64) -> Option<Self> {
        let [low, high] = set.bounds()?;
        // A reach that no memory could hold is cut to one that the caller's check still sees as too much.
        let reach: [usize; 3] =
            core::array::from_fn(|n| (reach_mm / spacing_mm[n]).ceil().min(1e9) as usize + 1);
        Some(Self {
            low: core::array::from_fn(|n| low[n] as isize - reach[n] as isize),
            size: core::array::from_fn(|n| high[n] - low[n] + 2 * reach[n]),
            whole: set.size(),
            spacing_mm,
        })
    }

    fn of(&self, set: &Runs) -> Runs {
        set.window(self.low, self.size)
    }

    fn back(&self, inner: &Runs) -> Runs {
        inner.window(self.low.map(|x| -x), self.whole)
    }

    /// The voxels at most `radius_mm` from a set of the box.
    fn within(&self, inner: &Runs, radius_mm: f64, to: To) -> Runs {
        // Less than infinity, which is how far all voxels are from an empty set.
        let squared = ((radius_mm * radius_mm * (1.0 + 2.0 * SLACK)) as f32).min(f32::MAX);
        let distance = Distance::new(self.spacing_mm, to).within(radius_mm * 1.001 + SLACK);
        Runs::of_values(self.size, &distance.squared(inner), move |d| d <= squared)
    }
}

#[cfg(test)]
mod tests;
