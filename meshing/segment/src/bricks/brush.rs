//! The brush: which voxels a stroke changes.

use core::ops::RangeInclusive;

use meshing_space::{Lps, Point};
use meshing_volume::{Grid, Told, Volume};

/// What a stroke may cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Background and other segments.
    Everything,
    /// Background only: other segments keep their voxels.
    Background,
    /// This label only; with the label 0 as paint it is erased and nothing else is.
    Only(u8),
}

/// A ball that paints.
#[derive(Clone, Debug)]
pub struct Brush<'a> {
    /// The label that is painted; 0 erases.
    pub label: u8,
    /// Radius in mm, whatever the spacing: voxels whose centres lie at most so far away are painted.
    pub radius_mm: f64,
    /// What may be painted over.
    pub over: Over,
    /// Labels whose voxels never change.
    pub locked: &'a [u8],
    /// Paints only where the grey value lies in a range, both ends included; what is no number lies in none.
    pub only: Option<(&'a Volume, RangeInclusive<f64>)>,
}

impl<'a> Brush<'a> {
    /// A brush that paints over everything.
    pub const fn new(label: u8, radius_mm: f64) -> Self {
        Self { label, radius_mm, over: Over::Everything, locked: &[], only: None }
    }

    /// The same, only where the grey value lies in a range.
    #[must_use]
    pub fn only_in(self, volume: &'a Volume, range: RangeInclusive<f64>) -> Self {
        Self { only: Some((volume, range)), ..self }
    }

    pub(super) fn check(&self, grid: &Grid) -> Result<(), BrushError> {
        if !(self.radius_mm >= 0.0 && self.radius_mm <= MOST_MM) {
            return Err(BrushError::Radius { mm: self.radius_mm, most: MOST_MM });
        }
        if self.locked.contains(&self.label) {
            return Err(BrushError::Locked(self.label));
        }
        if self.only.as_ref().is_some_and(|(volume, _)| volume.grid() != grid) {
            return Err(BrushError::OtherGrid);
        }
        Ok(())
    }

    /// Which labels may change.
    pub(super) fn free(&self) -> [bool; 256] {
        let mut free = match self.over {
            Over::Everything => [true; 256],
            Over::Background => [false; 256],
            Over::Only(label) => core::array::from_fn(|n| n == usize::from(label)),
        };
        if self.over == Over::Background {
            free[0] = true;
        }
        for &label in self.locked {
            free[usize::from(label)] = false;
        }
        // What has the label already does not change.
        free[usize::from(self.label)] = false;
        free
    }

    /// Whether the grey value at a place in memory allows painting.
    pub(super) fn allows(&self, place: usize) -> bool {
        self.only.as_ref().is_none_or(|(volume, range)| range.contains(&f64::from(volume.value_at(place))))
    }
}

/// The largest radius, mm.
const MOST_MM: f64 = 200.0;

/// Why a stroke was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BrushError {
    /// A radius that is no number, below 0 or too large.
    #[error("a brush of {mm} mm cannot be used: 0 to {most} mm")]
    Radius {
        /// What was asked for.
        mm: f64,
        /// The largest.
        most: f64,
    },
    /// A point that is no number.
    #[error("the stroke has no place")]
    Place,
    /// The label is locked.
    #[error("segment {0} is locked")]
    Locked(u8),
    /// The grey values are of another grid.
    #[error("the image does not lie on the grid of the segments")]
    OtherGrid,
}

impl Told for BrushError {
    fn chinese(&self) -> String {
        match self {
            Self::Radius { mm, most } => format!("无法使用 {mm} 毫米的画笔：应为 0 至 {most} 毫米"),
            Self::Place => "笔画没有位置".to_owned(),
            Self::Locked(label) => format!("分割 {label} 已锁定"),
            Self::OtherGrid => "图像不在分割的网格上".to_owned(),
        }
    }
}

/// All points within a radius of the way from one point to another, on a grid whose axes are perpendicular.
pub(super) struct Stroke {
    /// In mm along the axes of the grid.
    from: [f64; 3],
    way: [f64; 3],
    length_squared: f64,
    radius_mm: f64,
    spacing: [f64; 3],
    /// The box of voxels around it: first, and after the last.
    pub(super) low: [usize; 3],
    pub(super) high: [usize; 3],
}

impl Stroke {
    pub(super) fn new(
        grid: &Grid,
        from: Point<Lps>,
        to: Point<Lps>,
        radius_mm: f64,
    ) -> Result<Self, BrushError> {
        let (size, spacing) = (grid.size(), grid.spacing_mm());
        let [from, to] = [from, to].map(|point| {
            let at = (grid.ijk_from_lps() * point).to_array();
            core::array::from_fn::<f64, 3, _>(|axis| at[axis] * spacing[axis])
        });
        if !from.iter().chain(&to).all(|x| x.is_finite()) {
            return Err(BrushError::Place);
        }
        let way: [f64; 3] = core::array::from_fn(|axis| to[axis] - from[axis]);
        let bound = |axis: usize, more: f64, edge: f64| {
            ((edge + more * radius_mm) / spacing[axis]).clamp(-1.0, size[axis] as f64)
        };
        Ok(Self {
            from,
            way,
            length_squared: way.iter().map(|x| x * x).sum(),
            radius_mm,
            spacing,
            low: core::array::from_fn(|axis| {
                bound(axis, -1.0, from[axis].min(to[axis])).ceil().max(0.0) as usize
            }),
            high: core::array::from_fn(|axis| {
                let last = bound(axis, 1.0, from[axis].max(to[axis])).floor() + 1.0;
                (last as usize).min(size[axis])
            }),
        })
    }

    /// As [`Stroke::holds`] for the columns of a row, if the stroke is a ball.
    pub(super) fn ball_row(&self, j: usize, k: usize) -> Option<impl Fn(usize) -> bool + use<'_>> {
        let from = |n: usize, axis: usize| n as f64 * self.spacing[axis] - self.from[axis];
        let rest = self.radius_mm.powi(2) - from(j, 1).powi(2) - from(k, 2).powi(2);
        (self.length_squared == 0.0).then_some(move |i: usize| from(i, 0).powi(2) <= rest)
    }

    /// Whether the centre of a voxel is painted.
    pub(super) fn holds(&self, voxel: [usize; 3]) -> bool {
        let from: [f64; 3] =
            core::array::from_fn(|axis| voxel[axis] as f64 * self.spacing[axis] - self.from[axis]);
        let along: f64 = (0..3).map(|axis| from[axis] * self.way[axis]).sum();
        let t = if self.length_squared > 0.0 { (along / self.length_squared).clamp(0.0, 1.0) } else { 0.0 };
        let squared: f64 = (0..3).map(|axis| (from[axis] - t * self.way[axis]).powi(2)).sum();
        squared <= self.radius_mm * self.radius_mm
    }
}
