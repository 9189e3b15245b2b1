//! What was carved away of a volume, voxel by voxel.
//!
//! One byte a voxel beside any labels, which stay as they are: 0 is kept, 255 taken away, what lies between a border
//! that runs through the voxel. Bytes lie in bricks of 16³ that snapshots share: whatever nobody carved takes no
//! memory, a step back is the bricks as they were, and what changed since a picture was drawn is found by comparing
//! pointers, so that only those bricks go to the device and only their part of the tables for leaping is made anew.

mod carving;
mod segment;
mod tool;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use meshing_space::{Ijk, Lps, Point};
use meshing_volume::{Grid, Told, VolumeError};
use rayon::prelude::*;

use crate::VolumeTexture;
use crate::segments::factor_between;
pub use carving::{Carving, Changed};
pub use tool::{Carve, CarveTool};

/// Edge of a brick in voxels.
pub(crate) const BRICK: usize = 16;
/// A brick's bytes, i fastest.
pub(crate) type Bytes = [u8; BRICK * BRICK * BRICK];
/// A brick; none where everything is kept.
pub(crate) type Brick = Option<Arc<Bytes>>;

/// Why a volume cannot be carved so.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CarveError {
    /// A number is not finite.
    #[error("the stroke holds a number that is not finite; draw it anew")]
    NotFinite,
    /// A length is not positive, or a path has no point.
    #[error("the stroke has no extent: it needs a point and a radius of more than 0 mm")]
    Flat,
    /// A margin that is negative or too wide.
    #[error(
        "a margin of {mm} mm is not taken: it is to remove the rim of mixed voxels, 0 to {} mm; carve with a shape instead",
        CarveTool::MOST_MARGIN_MM
    )]
    Margin {
        /// What was asked for.
        mm: f64,
    },
    /// What was carved, or the labels to carve by, lie elsewhere.
    #[error(
        "what is carved lies on a grid of {there:?} voxels that is not this one of {here:?}: the wrong anatomy would \
         be taken away; carve this volume anew"
    )]
    Grid {
        /// Voxels of the one along i, j, k.
        there: [usize; 3],
        /// Voxels of the other.
        here: [usize; 3],
    },
    /// Too large for the device.
    #[error(
        "what is carved has {size:?} voxels and the device takes {limit} along an axis; carve a coarser level"
    )]
    TooLarge {
        /// Voxels along i, j, k.
        size: [usize; 3],
        /// The device's limit.
        limit: u32,
    },
}

impl Told for CarveError {
    fn chinese(&self) -> String {
        match self {
            Self::NotFinite => "笔画含有非有限数值；请重新绘制".to_owned(),
            Self::Flat => "笔画没有大小：至少需要一个点，半径须大于 0 mm".to_owned(),
            Self::Margin { mm } => {
                format!(
                    "不接受 {mm} mm 的边距：它用于去除混合体素的边缘，0 至 {} mm；请改用形状雕除",
                    CarveTool::MOST_MARGIN_MM
                )
            }
            Self::Grid { there: [a, b, c], here: [i, j, k] } => {
                format!(
                    "雕除所在的 {a}×{b}×{c} 体素网格与此处的 {i}×{j}×{k} 不同，会去掉错误的解剖结构；请对此体数据重新雕除"
                )
            }
            Self::TooLarge { size: [i, j, k], limit } => {
                format!("雕除掩模为 {i}×{j}×{k} 体素，设备每轴最多 {limit} 个体素；请在较粗的级别上雕除")
            }
        }
    }
}

/// What was carved away: a snapshot, cheap to clone. [`Carving`] makes them.
#[derive(Clone, Debug)]
pub struct CarveMask {
    id: u64,
    grid: Grid,
    counts: [usize; 3],
    bricks: Arc<Vec<Brick>>,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl CarveMask {
    /// Nothing carved away of a grid.
    pub(crate) fn none(grid: &Grid) -> Self {
        let counts = grid.size().map(|n| n.div_ceil(BRICK));
        let bricks = Arc::new(vec![None; counts.iter().product()]);
        Self { id: NEXT_ID.fetch_add(1, Ordering::Relaxed), grid: *grid, counts, bricks }
    }

    /// From a byte a voxel, i fastest: 0 kept, 255 taken away.
    ///
    /// # Errors
    /// [`VolumeError::Length`] where their number is not that of the voxels.
    pub fn from_values(grid: &Grid, values: &[u8]) -> Result<Self, VolumeError> {
        if values.len() != grid.len() {
            return Err(VolumeError::Length { values: values.len(), voxels: grid.len() });
        }
        let mut mask = Self::none(grid);
        let made = (0..mask.bricks.len()).into_par_iter().map(|n| {
            let mut bytes = [0; BRICK * BRICK * BRICK];
            mask.each_voxel(n, |at, [i, j, k]| bytes[at] = values[grid.index(i, j, k)]);
            shared(&bytes)
        });
        let made = made.collect();
        mask.bricks = Arc::new(made);
        Ok(mask)
    }

    /// A byte a voxel, i fastest, as [`CarveMask::from_values`] takes them: to be kept with a case.
    pub fn values(&self) -> Vec<u8> {
        let mut values = vec![0; self.grid.len()];
        for n in (0..self.bricks.len()).filter(|&n| self.bricks[n].is_some()) {
            self.each_voxel(n, |at, [i, j, k]| {
                values[self.grid.index(i, j, k)] = self.bricks[n].as_ref().map_or(0, |b| b[at]);
            });
        }
        values
    }

    /// Where its voxels lie.
    pub const fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Whether nothing is carved away.
    pub fn is_empty(&self) -> bool {
        self.bricks.iter().all(Option::is_none)
    }

    /// How much is taken away, in mm³; a voxel that a border runs through counts in part.
    pub fn taken_mm3(&self) -> f64 {
        let of = |n: usize| {
            let mut sum = 0_u64;
            if let Some(bytes) = &self.bricks[n] {
                self.each_voxel(n, |at, _| sum += u64::from(bytes[at]));
            }
            sum
        };
        let sum: u64 = (0..self.bricks.len()).into_par_iter().map(of).sum();
        sum as f64 / 255.0 * self.grid.voxel_mm3()
    }

    /// How much of voxel (i, j, k) is taken, 0 to 255.
    pub fn get(&self, i: usize, j: usize, k: usize) -> u8 {
        const IN: usize = BRICK - 1;
        let brick = self.brick_of([i / BRICK, j / BRICK, k / BRICK]);
        brick.as_ref().map_or(0, |b| b[((k & IN) * BRICK + (j & IN)) * BRICK + (i & IN)])
    }

    /// The share that is taken at a place, 0 to 1, mixed between voxels; the border voxels extend outwards.
    pub fn taken_at(&self, at: Point<Lps>) -> f64 {
        let at: Point<Ijk> = self.grid.ijk_from_lps() * at;
        let size = self.grid.size();
        let at: [f64; 3] = std::array::from_fn(|a| at.to_array()[a].clamp(0.0, size[a] as f64 - 1.0));
        let mut taken = 0.0;
        for corner in 0..8 {
            let mut weight = 1.0;
            let [i, j, k]: [usize; 3] = std::array::from_fn(|a| {
                let (base, upper) = (at[a].floor(), corner >> a & 1 == 1);
                weight *= if upper { at[a] - base } else { 1.0 - (at[a] - base) };
                (base as usize + usize::from(upper)).min(size[a] - 1)
            });
            taken += weight * f64::from(self.get(i, j, k)) / 255.0;
        }
        taken
    }

    pub(crate) const fn id(&self) -> u64 {
        self.id
    }

    /// Bricks along i, j, k.
    pub(crate) const fn counts(&self) -> [usize; 3] {
        self.counts
    }

    pub(crate) fn brick(&self, n: usize) -> &Brick {
        &self.bricks[n]
    }

    pub(crate) fn brick_of(&self, [i, j, k]: [usize; 3]) -> &Brick {
        &self.bricks[(k * self.counts[1] + j) * self.counts[0] + i]
    }

    /// Where a brick lies among the others.
    pub(crate) const fn place(&self, n: usize) -> [usize; 3] {
        let [ni, nj, _] = self.counts;
        [n % ni, n / ni % nj, n / (ni * nj)]
    }

    /// The bricks that differ from an older snapshot, or may.
    pub(crate) fn changed(&self, older: &Self) -> Vec<usize> {
        if Arc::ptr_eq(&self.bricks, &older.bricks) {
            return Vec::new();
        }
        let pairs = self.bricks.iter().zip(older.bricks.iter()).enumerate();
        pairs.filter(|(_, (a, b))| !same(a, b)).map(|(n, _)| n).collect()
    }

    /// Each voxel of a brick that lies in the grid: its place in the brick, and in the grid.
    pub(crate) fn each_voxel(&self, n: usize, mut what: impl FnMut(usize, [usize; 3])) {
        let (place, size) = (self.place(n), self.grid.size());
        let range = |a: usize| place[a] * BRICK..((place[a] + 1) * BRICK).min(size[a]);
        for k in range(2) {
            for j in range(1) {
                let row = ((k % BRICK) * BRICK + j % BRICK) * BRICK;
                for i in range(0) {
                    what(row + i % BRICK, [i, j, k]);
                }
            }
        }
    }
}

fn same(a: &Brick, b: &Brick) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

/// The brick of which everything is taken: one for all.
pub(crate) fn full() -> &'static Arc<Bytes> {
    static FULL: OnceLock<Arc<Bytes>> = OnceLock::new();
    FULL.get_or_init(|| Arc::new([u8::MAX; BRICK * BRICK * BRICK]))
}

/// Bytes as a brick, without memory of its own where they are all alike.
fn shared(bytes: &Bytes) -> Brick {
    if bytes.iter().all(|&b| b == 0) {
        None
    } else if bytes.iter().all(|&b| b == u8::MAX) {
        Some(full().clone())
    } else {
        Some(Arc::new(*bytes))
    }
}

/// What was carved away of a volume in a scene.
#[derive(Clone, Debug)]
pub struct Carved {
    mask: CarveMask,
    factor: [usize; 3],
}

/// Of one [`Carving`], with the same taken away.
impl PartialEq for Carved {
    fn eq(&self, other: &Self) -> bool {
        let same = self.mask.id() == other.mask.id() && self.factor == other.factor;
        same && self.mask.changed(&other.mask).is_empty()
    }
}

impl Carved {
    /// A snapshot over its volume, whose grid it must share; over one that is shown coarser, its full grid.
    ///
    /// # Errors
    /// [`CarveError`] where it lies elsewhere or does not fit the device.
    pub fn new(volume: &VolumeTexture, mask: &CarveMask) -> Result<Self, CarveError> {
        let size = mask.grid.size();
        let limit = volume.gpu().device.limits().max_texture_dimension_3d;
        if size.iter().any(|&n| n > limit as usize) {
            return Err(CarveError::TooLarge { size, limit });
        }
        let elsewhere = |here| CarveError::Grid { there: size, here };
        let factor = factor_between(&mask.grid, volume).map_err(elsewhere)?;
        Ok(Self { mask: mask.clone(), factor })
    }

    /// The snapshot.
    pub const fn mask(&self) -> &CarveMask {
        &self.mask
    }

    /// Carved voxels along each axis of a voxel that is drawn.
    pub(crate) const fn factor(&self) -> [usize; 3] {
        self.factor
    }
}
