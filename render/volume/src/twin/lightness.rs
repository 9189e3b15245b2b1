//! Twin of `light_grid.rs` and shared/light_grid.wgsl: how much light reaches the places of a volume.

use meshing_space::{Ijk, Lps, Point, Vector};
use meshing_volume::{LabelMap, Volume};

use crate::light_grid::{Blocks, REGAIN_MM};
use crate::{Look, SegmentLook, Shading};

/// By block of a volume, how open it lies and how much of the lamp it sees, 0 to 1.
#[derive(Clone, Debug)]
pub struct Lightness {
    blocks: Blocks,
    shares: Vec<[f64; 2]>,
}

/// The light in a volume with a lamp in a direction; `None` where the look asks for neither occlusion nor shadow.
pub fn lightness(
    volume: &Volume,
    look: &Look,
    segments: Option<(&LabelMap, &[SegmentLook])>,
    towards_light: Vector<Lps>,
) -> Option<Lightness> {
    if look.shading.occlusion <= 0.0 && look.shading.shadow <= 0.0 {
        return None;
    }
    let blocks = Blocks::of(volume.grid());
    let [bi, bj, bk] = blocks.size;
    let places: Vec<[usize; 3]> =
        (0..bk).flat_map(|k| (0..bj).flat_map(move |j| (0..bi).map(move |i| [i, j, k]))).collect();
    let extinction: Vec<f64> =
        places.iter().map(|&block| extinction(volume, look, segments, &blocks, block)).collect();
    let index = |[i, j, k]: [i64; 3]| {
        let inside = i >= 0 && j >= 0 && k >= 0 && i < bi as i64 && j < bj as i64 && k < bk as i64;
        inside.then(|| ((k * bj as i64 + j) * bi as i64 + i) as usize)
    };
    // what leaves a block of what came to it; all the light there is outside the volume
    let leaving = |came: &[f64], at: [i64; 3], mm: f64| {
        index(at).map_or(1.0, |n| came[n] * (-extinction[n] * mm).exp())
    };
    // blocks in the order in which light from a side of an axis comes to them
    let ordered = |axis: usize, rising: bool| {
        let mut order: Vec<_> = places.clone();
        order.sort_by_key(|p| if rising { p[axis] } else { blocks.size[axis] - p[axis] });
        order.into_iter().map(|p| p.map(|n| n as i64))
    };
    let mut open = vec![0.0; places.len()];
    for axis in 0..3 {
        for (rising, back) in [(true, -1), (false, 1)] {
            let (mm, mut came) = (blocks.mm[axis], vec![0.0; places.len()]);
            for block in ordered(axis, rising) {
                let mut sum = 0.0;
                for n in 0..9_i64 {
                    let mut from = block;
                    from[axis] += back;
                    from[(axis + 1) % 3] += n % 3 - 1;
                    from[(axis + 2) % 3] += n / 3 - 1;
                    sum += leaving(&came, from, mm);
                }
                let n = index(block).expect("a block of the volume");
                came[n] = 1.0 - (1.0 - sum / 9.0) * (-mm / REGAIN_MM).exp();
                open[n] += came[n] / 6.0;
            }
        }
    }
    let to_lamp = (volume.grid().ijk_from_lps() * towards_light).to_array();
    let to_lamp: [f64; 3] = std::array::from_fn(|a| to_lamp[a] / blocks.factor[a] as f64);
    let axis = (0..3).fold(0, |best, a| if to_lamp[a].abs() >= to_lamp[best].abs() { a } else { best });
    let mm = 1.0 / to_lamp[axis].abs();
    let mut lit = vec![0.0; places.len()];
    for block in ordered(axis, to_lamp[axis] < 0.0) {
        // the place one slice nearer to the lamp, mixed of the blocks around it
        let place: [f64; 3] = std::array::from_fn(|a| block[a] as f64 + to_lamp[a] * mm);
        let mut sum = 0.0;
        for corner in 0..4 {
            let (mut weight, mut from) = (1.0, place.map(|c| c.round() as i64));
            for (side, a) in [(axis + 1) % 3, (axis + 2) % 3].into_iter().enumerate() {
                let upper = corner >> side & 1 == 1;
                let part = place[a] - place[a].floor();
                weight *= if upper { part } else { 1.0 - part };
                from[a] = place[a].floor() as i64 + i64::from(upper);
            }
            sum += weight * leaving(&lit, from, mm);
        }
        lit[index(block).expect("a block of the volume")] = sum;
    }
    let shares = open.into_iter().zip(lit).map(|(open, lit)| [(2.0 * open).min(1.0), lit]).collect();
    Some(Lightness { blocks, shares })
}

/// Mean extinction per mm of the eight voxels that stand for a block.
fn extinction(
    volume: &Volume,
    look: &Look,
    segments: Option<(&LabelMap, &[SegmentLook])>,
    blocks: &Blocks,
    block: [usize; 3],
) -> f64 {
    let size = volume.grid().size();
    let voxels: [[usize; 2]; 3] = std::array::from_fn(|a| blocks.voxels(a, block[a], size[a]));
    let mut sum = 0.0;
    for corner in 0..8 {
        let [i, j, k]: [usize; 3] = std::array::from_fn(|a| voxels[a][corner >> a & 1]);
        let value = volume.value_at((k * size[1] + j) * size[0] + i);
        let plain = SegmentLook::PLAIN;
        let segment = segments
            .map_or(&plain, |(labels, looks)| looks.get(usize::from(labels.get(i, j, k))).unwrap_or(&plain));
        let [.., extinction] = segment.transfer.as_ref().unwrap_or(&look.transfer).at(value).map(f64::from);
        let [_, [.., solid], [opacity, ..]] = segment.terms();
        sum += extinction * f64::from(opacity) + f64::from(solid);
    }
    sum / 8.0
}

impl Lightness {
    /// The light terms at a place that is so much of a surface (0 to 1) with a normal towards the eye: what the look has
    /// in the open, dimmed.
    pub(super) fn dimmed(
        &self,
        volume: &Volume,
        shading: &Shading,
        at: Point<Lps>,
        normal: Vector<Lps>,
        surface: f64,
    ) -> Shading {
        // a block before the surface, lest that shade itself
        let at = at + normal * (surface * self.blocks.edge_mm());
        let [open, lit] = self.at(volume.grid().ijk_from_lps() * at);
        let open = 1.0 - f64::from(shading.occlusion) * (1.0 - open);
        let lit = 1.0 - f64::from(shading.shadow) * (1.0 - lit);
        let times = |term: f32, by: f64| (f64::from(term) * by) as f32;
        Shading {
            ambient: times(shading.ambient, open),
            diffuse: times(shading.diffuse, open * lit),
            specular: times(shading.specular, open * lit),
            ..*shading
        }
    }

    /// Both shares at a place, mixed of the eight blocks around it.
    fn at(&self, at: Point<Ijk>) -> [f64; 2] {
        let Blocks { factor, size, .. } = self.blocks;
        let at: [f64; 3] = std::array::from_fn(|a| {
            let place = (at.to_array()[a] + 0.5) / factor[a] as f64 - 0.5;
            place.clamp(0.0, size[a] as f64 - 1.0)
        });
        let mut sum = [0.0; 2];
        for corner in 0..8 {
            let mut weight = 1.0;
            let [i, j, k]: [usize; 3] = std::array::from_fn(|a| {
                let (base, upper) = (at[a].floor(), corner >> a & 1 == 1);
                weight *= if upper { at[a] - base } else { 1.0 - (at[a] - base) };
                (base as usize + usize::from(upper)).min(size[a] - 1)
            });
            let share = self.shares[(k * size[1] + j) * size[0] + i];
            sum = [sum[0] + weight * share[0], sum[1] + weight * share[1]];
        }
        sum
    }
}
