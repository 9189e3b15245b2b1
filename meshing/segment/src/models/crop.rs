//! The part of an image that a model looks at.

use std::ops::Range;

use rayon::prelude::*;

use super::ModelError;
use super::card::Crop;
use super::frame::Frame;
use crate::{Components, Connectivity};
use meshing_volume::{Volume, Voxels};

/// First and last voxel along each axis of the frame.
pub(super) type Region = [Range<usize>; 3];

/// The region of the images to look at.
///
/// # Errors
/// [`ModelError::Empty`] where nothing is left.
pub(super) fn region(crop: &Crop, volumes: &[&Volume], frame: &Frame) -> Result<Region, ModelError> {
    match *crop {
        Crop::None {} => Ok(frame.shape.map(|n| 0..n)),
        Crop::Nonzero {} => {
            let rows = volumes.iter().filter_map(|volume| match volume.voxels() {
                Voxels::I16(values) => bounds(frame, |place| values[place] != 0),
                Voxels::F32(values) => {
                    bounds(frame, |place| values[place] != 0.0 && values[place].is_finite())
                }
            });
            rows.reduce(|a, b| join(&a, &b)).ok_or(ModelError::Empty("all of it is zero"))
        }
        Crop::Body { above, margin_mm } => {
            let volume = volumes[0];
            let above = above as f32;
            let size = volume.grid().size();
            let parts = Components::find(size, Connectivity::Faces, |place| volume.value_at(place) > above);
            let largest = parts.largest().ok_or(ModelError::Empty("no value is above that of the body"))?;
            let mut body = vec![0_u8; volume.grid().len()];
            parts.paint(&mut body, 1, |part| part == largest);
            let region = bounds(frame, |place| body[place] == 1);
            let region = region.ok_or(ModelError::Empty("no value is above that of the body"))?;
            let margin: [usize; 3] = core::array::from_fn(|axis| {
                (margin_mm / frame.spacing_mm[axis]).ceil().min(frame.shape[axis] as f64) as usize
            });
            Ok(core::array::from_fn(|axis| {
                let Range { start, end } = region[axis].clone();
                start.saturating_sub(margin[axis])..(end + margin[axis]).min(frame.shape[axis])
            }))
        }
    }
}

fn bounds(frame: &Frame, inside: impl Fn(usize) -> bool + Sync) -> Option<Region> {
    let [depth, rows, columns] = frame.shape;
    (0..depth)
        .into_par_iter()
        .filter_map(|d| {
            let row = |h: usize| {
                let inside = |w: &usize| inside(frame.place([d, h, *w]));
                let first = (0..columns).find(inside)?;
                let last = (first..columns).rev().find(inside)?;
                Some([d..d + 1, h..h + 1, first..last + 1])
            };
            (0..rows).filter_map(row).reduce(|a, b| join(&a, &b))
        })
        .reduce_with(|a, b| join(&a, &b))
}

fn join(a: &Region, b: &Region) -> Region {
    core::array::from_fn(|n| a[n].start.min(b[n].start)..a[n].end.max(b[n].end))
}

/// The values of a region, last axis fastest; what is not a number becomes 0, and how many those were.
pub(super) fn cut(volume: &Volume, frame: &Frame, region: &Region) -> (Vec<f32>, usize) {
    let [depth, rows, columns] = region.clone().map(|range| range.len());
    let mut values = vec![0.0_f32; depth * rows * columns];
    let bad = values
        .par_chunks_mut(rows * columns)
        .enumerate()
        .map(|(d, plane)| {
            let mut bad = 0;
            for (h, line) in plane.chunks_exact_mut(columns).enumerate() {
                for (w, value) in line.iter_mut().enumerate() {
                    let at = [region[0].start + d, region[1].start + h, region[2].start + w];
                    let found = volume.value_at(frame.place(at));
                    let finite = found.is_finite();
                    bad += usize::from(!finite);
                    *value = if finite { found } else { 0.0 };
                }
            }
            bad
        })
        .sum();
    (values, bad)
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, VolumeMeta};

    use super::*;
    use crate::models::Card;

    #[test]
    fn the_box_holds_what_counts_in_the_order_of_the_network() {
        let card = Card::read(include_str!("../../../../assets/models/fixture.toml")).expect("card");
        let grid = Grid::axis_aligned([9, 8, 7], Point::origin(), [1.0, 2.0, 3.0]).expect("grid");
        let mut values = vec![0.0; 504];
        // A part of two voxels and one by itself; what is not a number counts for nothing.
        values[grid.index(2, 3, 4)] = 5.0;
        values[grid.index(2, 3, 5)] = 6.0;
        values[grid.index(7, 6, 1)] = 4.0;
        values[0] = f32::NAN;
        let volume = Volume::new(grid, Voxels::F32(values), VolumeMeta::default()).expect("volume");
        let frame = Frame::new(&grid, &card.input).expect("frame");
        // The card's axes run to the head, the front, the right; the grid's i to the left, j to the back.
        assert_eq!((frame.shape, frame.spacing_mm), ([7, 8, 9], [3.0, 2.0, 1.0]));
        let region = |crop| region(&crop, &[&volume], &frame).expect("region");
        assert_eq!(region(Crop::None {}), [0..7, 0..8, 0..9]);
        assert_eq!(region(Crop::Nonzero {}), [1..6, 1..5, 1..7]);
        assert_eq!(region(Crop::Body { above: 1.0, margin_mm: 0.0 }), [4..6, 4..5, 6..7]);
        let wide = Crop::Body { above: 1.0, margin_mm: 3.0 };
        assert_eq!(region(wide), [3..7, 2..7, 3..9], "cut at the edge of the volume");
        let nothing = Crop::Body { above: 9.0, margin_mm: 0.0 };
        assert!(super::region(&nothing, &[&volume], &frame).is_err());
        let (cut, bad) = cut(&volume, &frame, &[4..6, 4..5, 6..9]);
        assert_eq!((cut, bad), (vec![5.0, 0.0, 0.0, 6.0, 0.0, 0.0], 0));
        assert_eq!(super::cut(&volume, &frame, &[0..1, 7..8, 8..9]), (vec![0.0], 1));
    }
}
