//! Where bricks come from.

use std::sync::{Arc, OnceLock};

use meshing_volume::{Grid, Volume, Voxels, Words};

use super::pyramid::halved_voxels;

/// A box of voxels of one level, all of it inside that level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// 0 is the scan itself; each level has half the voxels of the one before along every axis, rounded up.
    pub level: u8,
    /// The first voxel along i, j, k.
    pub first: [usize; 3],
    /// Voxels along i, j, k, each at least 1.
    pub size: [usize; 3],
}

/// What a source has to say to a request.
#[derive(Debug)]
pub enum Supply {
    /// The voxels, i fastest, of the kind that [`BrickSource::floats`] names, every value finite.
    Here(Voxels),
    /// They are on their way: ask again at the next picture. Until then something coarser is shown.
    Coming,
    /// They cannot be had, and why. Something coarser stays in their place, and
    /// [`Detail`](crate::Detail) says so.
    Failed(Words),
}

/// A scan in levels of detail, read box by box: in memory, in a file, or across a network.
///
/// Level n+1 holds the means of 2 × 2 × 2 voxels of level n (fewer at an odd end), rounded to whole numbers, half away
/// from zero, where the scan has such. Whoever draws asks for 34³ voxels at most at once, a limited number for each
/// picture, and from the thread that draws: a source that takes long answers [`Supply::Coming`] and goes on elsewhere.
pub trait BrickSource: std::fmt::Debug + Send + Sync {
    /// Where the voxels of level 0 lie.
    fn grid(&self) -> &Grid;

    /// Whether values are 32-bit floats; else they are 16-bit integers.
    fn floats(&self) -> bool;

    /// Voxels of one level.
    fn read(&self, region: Region) -> Supply;

    /// Smallest and largest value that the parts of level 0 hold, as [`Ranges`] lays them out. It is asked for once;
    /// by default all of level 0 is read. A source with an index of them answers from there.
    ///
    /// # Errors
    /// Why they are not to be had.
    fn ranges(&self) -> Result<Ranges, Words> {
        Ranges::by_reading(self.grid().size(), |region| self.read(region))
    }

    /// The whole of level 0, where it lies in memory anyway: the processor draws from it, and without it the shaders
    /// have to.
    fn volume(&self) -> Option<&Arc<Volume>> {
        None
    }
}

/// Smallest and largest value by part of 4³ voxels, i fastest; the last part of an axis may hold fewer. A part counts
/// the voxels around it too, one to each side, since a trilinear sample mixes its neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranges(pub Vec<[f32; 2]>);

impl Ranges {
    /// Edge of a part in voxels.
    pub const PART: usize = crate::cells::PART;

    fn by_reading(size: [usize; 3], read: impl Fn(Region) -> Supply) -> Result<Self, Words> {
        let mut out = Vec::new();
        for layer in 0..size[2].div_ceil(Self::PART) {
            let first = (layer * Self::PART).saturating_sub(1);
            let end = ((layer + 1) * Self::PART + 1).min(size[2]);
            let region = Region { level: 0, first: [0, 0, first], size: [size[0], size[1], end - first] };
            match read(region) {
                Supply::Here(voxels) => out.extend(crate::cells::layer_of(region.size, &voxels)),
                Supply::Failed(words) => return Err(words),
                Supply::Coming => {
                    return Err(Words::new(
                        "the scan is not here yet, and its source keeps no ranges of its values".to_owned(),
                        "扫描尚未到达，且其来源没有数值范围".to_owned(),
                    ));
                }
            }
        }
        Ok(Self(out))
    }
}

/// A volume in memory. Its coarser levels, a seventh of its size together, are made when one is first asked for.
#[derive(Debug)]
pub(crate) struct InMemory {
    volume: Arc<Volume>,
    coarser: OnceLock<Vec<([usize; 3], Voxels)>>,
}

impl InMemory {
    /// A volume that holds finite values only.
    pub(crate) const fn new(volume: Arc<Volume>) -> Self {
        Self { volume, coarser: OnceLock::new() }
    }

    fn level(&self, level: u8) -> Option<([usize; 3], &Voxels)> {
        let size = self.volume.grid().size();
        let Some(n) = usize::from(level).checked_sub(1) else { return Some((size, self.volume.voxels())) };
        let coarser = self.coarser.get_or_init(|| {
            let mut levels: Vec<([usize; 3], Voxels)> = Vec::new();
            loop {
                let (size, finer) = levels.last().map_or((size, self.volume.voxels()), |(s, v)| (*s, v));
                if size == [1; 3] {
                    return levels;
                }
                levels.push(halved_voxels(size, finer));
            }
        });
        coarser.get(n).map(|(size, voxels)| (*size, voxels))
    }
}

impl BrickSource for InMemory {
    fn grid(&self) -> &Grid {
        self.volume.grid()
    }

    fn floats(&self) -> bool {
        matches!(self.volume.voxels(), Voxels::F32(_))
    }

    fn read(&self, region: Region) -> Supply {
        let fits = |size: [usize; 3]| (0..3).all(|a| region.first[a] + region.size[a] <= size[a]);
        match self.level(region.level).filter(|(size, _)| fits(*size)) {
            Some((size, Voxels::I16(v))) => Supply::Here(Voxels::I16(cut_out(size, v, region))),
            Some((size, Voxels::F32(v))) => Supply::Here(Voxels::F32(cut_out(size, v, region))),
            None => Supply::Failed(Words::new(
                format!("the scan has no voxels at {:?} of level {}", region.first, region.level),
                format!("扫描的第 {} 级在 {:?} 处没有体素", region.level, region.first),
            )),
        }
    }

    fn volume(&self) -> Option<&Arc<Volume>> {
        Some(&self.volume)
    }
}

fn cut_out<T: Copy>(size: [usize; 3], voxels: &[T], region: Region) -> Vec<T> {
    let [fi, fj, fk] = region.first;
    let [ni, nj, nk] = region.size;
    let mut out = Vec::with_capacity(ni * nj * nk);
    for k in fk..fk + nk {
        for j in fj..fj + nj {
            let start = (k * size[1] + j) * size[0] + fi;
            out.extend_from_slice(&voxels[start..start + ni]);
        }
    }
    out
}
