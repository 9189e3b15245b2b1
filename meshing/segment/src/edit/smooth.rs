//! Smoothing that keeps the volume.

use meshing_volume::LabelMap;

use super::EditError;
use crate::filters::gaussian;

/// Smooths the surface of a label by a Gaussian of `sigma_mm`: the mask is blurred and cut again at the level that
/// keeps its number of voxels best (as good as a tie of equal values allows), where a fixed level of one half would
/// shrink what is round and lose what is thin. Voxels of other labels are not entered. Gives the new number of voxels.
///
/// # Errors
/// [`EditError::Absent`], [`EditError::Number`] for a width that is not positive.
pub fn smooth_keeping_volume(map: &mut LabelMap, label: u8, sigma_mm: f64) -> Result<usize, EditError> {
    if !(sigma_mm.is_finite() && sigma_mm > 0.0) {
        return Err(EditError::Number("the width of the smoothing"));
    }
    let bounds = map.bounds(label).ok_or(EditError::Absent(label))?;
    let grid = *map.grid();
    let reach = grid.spacing_mm().map(|mm| (3.0 * sigma_mm / mm).ceil().min(1e6) as usize + 1);
    let low: [usize; 3] =
        core::array::from_fn(|axis| (bounds.min.to_array()[axis] as usize).saturating_sub(reach[axis]));
    let size: [usize; 3] = core::array::from_fn(|axis| {
        (bounds.max.to_array()[axis] as usize + reach[axis] + 1).min(grid.size()[axis]) - low[axis]
    });
    let index = |n: usize| {
        let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        grid.index(at[0] + low[0], at[1] + low[1], at[2] + low[2])
    };
    let count: usize = size.iter().product();
    let part: Vec<f32> = (0..count).map(|n| f32::from(u8::from(map.labels()[index(n)] == label))).collect();
    let blurred = gaussian(&part, size, grid.spacing_mm(), sigma_mm);
    let free = |n: usize| [0, label].contains(&map.labels()[index(n)]);
    let wanted = map.count(label);
    let mut ranked: Vec<f32> = (0..count).filter(|&n| free(n)).map(|n| blurred[n]).collect();
    let at = wanted.min(ranked.len()) - 1;
    let (_, &mut level, _) = ranked.select_nth_unstable_by(at, |a, b| b.total_cmp(a));
    // All voxels of a tie go one way, so that nothing depends on their order.
    let (above, with) = ranked
        .iter()
        .fold((0, 0), |(above, with), &v| (above + usize::from(v > level), with + usize::from(v >= level)));
    let keep_tie = above == 0 || with - wanted <= wanted - above;
    let inside: Vec<bool> =
        (0..count).map(|n| free(n) && (blurred[n] > level || (keep_tie && blurred[n] == level))).collect();
    for (n, inside) in inside.into_iter().enumerate() {
        let voxel = &mut map.labels_mut()[index(n)];
        if inside {
            *voxel = label;
        } else if *voxel == label {
            *voxel = 0;
        }
    }
    Ok(if keep_tie { with } else { above })
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::Grid;

    use super::*;

    #[test]
    fn roughness_goes_and_the_volume_stays() {
        let grid = Grid::axis_aligned([40, 40, 24], Point::origin(), [1.0, 1.0, 1.6]).expect("grid");
        let mut map = LabelMap::empty(&grid);
        let apart = |n: usize| {
            let p = [n % 40, n / 40 % 40, n / 1600];
            let d: f64 = [0, 1, 2]
                .map(|x| ((p[x] as f64 - [19.3, 20.1, 11.6][x]) * [1.0, 1.0, 1.6][x]).powi(2))
                .iter()
                .sum();
            d.sqrt()
        };
        let mut state = 1_u32;
        for n in 0..grid.len() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let rough = f64::from(state >> 16) / 65536.0 * 4.0 - 2.0;
            map.labels_mut()[n] = 6 * u8::from(apart(n) + rough < 12.0);
        }
        map.set(20, 20, 12, 3);
        let (before, original) = (map.count(6), map.clone());
        let after = smooth_keeping_volume(&mut map, 6, 2.0).expect("smoothed");
        assert_eq!(after, map.count(6));
        assert!((after as f64 / before as f64 - 1.0).abs() < 0.002, "{before} {after}");
        assert_eq!(map.get(20, 20, 12), 3, "another label");
        // A ball of the same volume is what is left.
        let r = (before as f64 * 1.6 * 0.75 / core::f64::consts::PI).cbrt();
        let wrong =
            |map: &LabelMap| (0..grid.len()).filter(|&n| (map.labels()[n] == 6) != (apart(n) < r)).count();
        assert!(wrong(&map) * 4 < wrong(&original), "{} {}", wrong(&map), wrong(&original));
        assert_eq!(smooth_keeping_volume(&mut map, 9, 2.0), Err(EditError::Absent(9)));
        assert!(smooth_keeping_volume(&mut map, 6, f64::NAN).is_err());
    }
}
