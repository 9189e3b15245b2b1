//! Segments in a volume: one byte a voxel says which, a table says how each looks.
//!
//! Colours, opacities and what is hidden change without touching a voxel; a hundred segments cost no more than one.
//! Cutting by a segment is hiding it, carving is writing the label of a hidden segment, and undoing either is the label
//! map as it was.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use meshing_volume::LabelMap;
use rayon::prelude::*;
use render_gpu::Gpu;

use crate::cells::PART;
use crate::look::{TABLE, linear_from_srgb};
use crate::volume_texture::texture;
use crate::{TransferFunction, VolumeTexture};

/// How a segment changes what is seen of its voxels. Label 0, what belongs to no segment, has a look too.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentLook {
    /// Multiplies the extinction of the transfer function: 0 hides, 1 leaves as it is.
    pub opacity: f32,
    /// Red, green, blue as an sRGB picture holds them.
    pub colour: [f32; 3],
    /// How much of the transfer function's colour gives way to the segment's own, 0 to 1.
    pub tint: f32,
    /// Extinction per mm of its own, whatever the values: an organ that the transfer function does not show.
    pub solid_per_mm: f32,
    /// Shows its values in the place of the look's own transfer function, in the shaded march. Opacity, tint and solid
    /// are as with that. A voxel at the border of two segments belongs to both in part: so does what their functions
    /// make of its value.
    pub transfer: Option<TransferFunction>,
}

impl Default for SegmentLook {
    fn default() -> Self {
        Self::PLAIN
    }
}

impl SegmentLook {
    /// As the transfer function shows it.
    pub const PLAIN: Self = Self::of(1.0, [1.0; 3], 0.0, 0.0);
    /// Not seen.
    pub const HIDDEN: Self = Self::of(0.0, [1.0; 3], 0.0, 0.0);

    const fn of(opacity: f32, colour: [f32; 3], tint: f32, solid_per_mm: f32) -> Self {
        Self { opacity, colour, tint, solid_per_mm, transfer: None }
    }

    /// Its values through a transfer function of its own.
    pub const fn with_transfer(transfer: TransferFunction) -> Self {
        Self { opacity: 1.0, colour: [1.0; 3], tint: 0.0, solid_per_mm: 0.0, transfer: Some(transfer) }
    }

    /// What the transfer function shows, in a colour.
    pub const fn coloured(colour: [f32; 3]) -> Self {
        Self::of(1.0, colour, 1.0, 0.0)
    }

    /// A body of one colour, whatever its values.
    pub const fn solid(colour: [f32; 3], per_mm: f32) -> Self {
        Self::of(0.0, colour, 1.0, per_mm)
    }

    /// The look as the march sums it: colour times tint and tint; colour times solid extinction and that; opacity.
    pub(crate) fn terms(&self) -> [[f32; 4]; 3] {
        let [r, g, b] = self.colour.map(linear_from_srgb);
        let (tint, solid) = (self.tint.clamp(0.0, 1.0), self.solid_per_mm.max(0.0));
        [
            [r * tint, g * tint, b * tint, tint],
            [r * solid, g * solid, b * solid, solid],
            [self.opacity.max(0.0), 0.0, 0.0, 0.0],
        ]
    }
}

/// Why segments cannot be shown in a volume.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentsError {
    /// The label map lies elsewhere.
    #[error(
        "the segments lie on a grid of {labels:?} voxels that is not the volume's of {volume:?}: colours would fall on \
         the wrong anatomy; resample the segments onto the volume first"
    )]
    Grid {
        /// Voxels of the label map along i, j, k.
        labels: [usize; 3],
        /// Voxels of the volume along i, j, k, at full resolution.
        volume: [usize; 3],
    },
}

/// The segments of a volume. Clones share them.
#[derive(Clone, Debug)]
pub struct Segments(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    gpu: Gpu,
    labels: Arc<LabelMap>,
    /// By part of the volume's cells: bit `label % 64` of each label in its reach.
    sets: Vec<u64>,
    /// Labels along each axis of a voxel that is drawn.
    factor: [usize; 3],
    view: OnceLock<wgpu::TextureView>,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Segments {
    /// Segments of a volume, whose grid they must share; of one that is shown coarser, its full grid.
    pub fn new(gpu: &Gpu, volume: &VolumeTexture, labels: &Arc<LabelMap>) -> Result<Self, SegmentsError> {
        let drawn = volume.grid().size();
        let full = volume.reduction().map_or(drawn, |r| r.full_size);
        let by = volume.reduction().map_or(1, |r| r.factor as usize);
        // an axis that has become one voxel is not halved further
        let factor: [usize; 3] = std::array::from_fn(|a| by.min(full[a].next_power_of_two()));
        let size = labels.grid().size();
        let corner =
            |grid: &meshing_volume::Grid| grid.lps_from_ijk() * meshing_space::Point::new(-0.5, -0.5, -0.5);
        let apart = corner(labels.grid()).distance(corner(volume.grid()));
        let least = labels.grid().spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
        let turned = (0..3).any(|a| {
            (labels.grid().direction()[a] - volume.grid().direction()[a]).length() > 1e-4
                || (labels.grid().spacing_mm()[a] * factor[a] as f64 - volume.grid().spacing_mm()[a]).abs()
                    > 1e-3 * least
        });
        if size != full || turned || apart > 0.01 * least {
            return Err(SegmentsError::Grid { labels: size, volume: full });
        }
        let sets = sets_of(labels, volume.cells().parts_size, factor);
        Ok(Self(Arc::new(Inner {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            gpu: gpu.clone(),
            labels: labels.clone(),
            sets,
            factor,
            view: OnceLock::new(),
        })))
    }

    /// The same segments on the device of a volume, which is the one they belong to, put there anew.
    pub fn on(&self, gpu: &Gpu, volume: &VolumeTexture) -> Result<Self, SegmentsError> {
        Self::new(gpu, volume, &self.0.labels)
    }

    /// The labels.
    pub fn labels(&self) -> &LabelMap {
        &self.0.labels
    }

    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    pub(crate) fn factor(&self) -> [usize; 3] {
        self.0.factor
    }

    pub(crate) fn view(&self) -> &wgpu::TextureView {
        self.0.view.get_or_init(|| {
            let labels = &self.0.labels;
            let (size, format) = (labels.grid().size(), wgpu::TextureFormat::R8Uint);
            texture(&self.0.gpu, "labels", size, format, labels.labels(), |l| *l)
        })
    }
}

/// Segments in a scene, and how each looks.
#[derive(Clone, Debug)]
pub struct SegmentItem {
    /// Which voxels are which.
    pub segments: Segments,
    /// By label; labels beyond the end are [`SegmentLook::PLAIN`].
    pub looks: Vec<SegmentLook>,
}

impl SegmentItem {
    pub(crate) fn look(&self, label: u8) -> SegmentLook {
        self.looks.get(usize::from(label)).cloned().unwrap_or_default()
    }

    /// The transfer functions in use, the look's first.
    pub(crate) fn functions<'a>(&'a self, own: &'a TransferFunction) -> Functions<'a> {
        let mut list = vec![own];
        let mut by_label = vec![0];
        for look in self.looks.iter().take(256) {
            let wanted = look.transfer.as_ref().unwrap_or(own);
            let at = list.iter().position(|known| *known == wanted).unwrap_or_else(|| {
                list.push(wanted);
                list.len() - 1
            });
            by_label.push(at);
        }
        by_label.remove(0);
        by_label.resize(256, 0);
        Functions { list, by_label }
    }

    /// Terms by label: three rows of 256.
    pub(crate) fn table(&self, own: &TransferFunction) -> Vec<[f32; 4]> {
        let functions = self.functions(own);
        let terms = (0..=u8::MAX).zip(&functions.by_label).map(|(label, &function)| {
            let [tint, solid, [opacity, ..]] = self.look(label).terms();
            let (low, high) = functions.list[function].span();
            [tint, solid, [opacity, function as f32, low, (TABLE - 1) as f32 / (high - low)]]
        });
        let terms: Vec<_> = terms.collect();
        (0..3).flat_map(|row| terms.iter().map(move |t| t[row])).collect()
    }

    /// The labels in reach of a part of the volume's cells, as bits `label % 64`.
    pub(crate) fn set(&self, part: usize) -> u64 {
        self.segments.0.sets[part]
    }

    /// The labels that something holds for, as such bits.
    pub(crate) fn labels(&self, wanted: impl Fn(u8, &SegmentLook) -> bool) -> u64 {
        (0..=u8::MAX).filter(|&l| wanted(l, &self.look(l))).fold(0, |set, l| set | 1 << (l % 64))
    }
}

/// The transfer functions that a volume and its segments are shown with.
pub(crate) struct Functions<'a> {
    /// Each once, the volume's first.
    pub(crate) list: Vec<&'a TransferFunction>,
    /// Which of them, by label.
    pub(crate) by_label: Vec<usize>,
}

/// The labels in reach of each part, as bits.
fn sets_of(labels: &LabelMap, parts: [usize; 3], factor: [usize; 3]) -> Vec<u64> {
    let [ni, nj, nk] = labels.grid().size();
    let reach = |part: usize, a: usize, n: usize| {
        let f = factor[a];
        (part * PART * f).saturating_sub(f).min(n)..((part + 1) * PART * f + f).min(n)
    };
    let [pi, pj, pk] = parts;
    let values = labels.labels();
    (0..pk * pj)
        .into_par_iter()
        .flat_map_iter(|row| {
            let (rj, rk) = (reach(row % pj, 1, nj), reach(row / pj, 2, nk));
            let mut along = vec![0_u64; ni];
            for k in rk {
                for j in rj.clone() {
                    for (set, &label) in along.iter_mut().zip(&values[(k * nj + j) * ni..][..ni]) {
                        *set |= 1 << (label % 64);
                    }
                }
            }
            (0..pi).map(move |i| along[reach(i, 0, ni)].iter().fold(0, |all, set| all | set))
        })
        .collect()
}
