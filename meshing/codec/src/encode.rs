//! From a volume to chunks.

use meshing_volume::{Cancelled, Progress, Volume, Voxels};
use rayon::prelude::*;

use crate::chunk::{Workspace, analyse, encode_chunk};
use crate::header::{ChunkEntry, Header, Kind, Transform};
use crate::layout::{bands, brick_at, brick_counts, brick_size, count};
use crate::numbers::ordered;
use crate::rans::survey;
use crate::table::{CONTEXTS, Counts, EncodeTable, frequencies};
use crate::{BRICK_EDGE, LEVELS, VERSION};

/// A volume as the codec gives it away.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// All that a decoder must know beforehand.
    pub header: Header,
    /// All bricks of the coarsest level, then all of the next finer one, and so on; bricks in order of number.
    pub chunks: Vec<Chunk>,
}

/// What one level adds to one brick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The level that this chunk completes; 0 is full resolution.
    pub level: u8,
    /// Number of the brick: i runs fastest, then j, then k.
    pub brick: u32,
    /// Opaque bytes, as the header's table describes them.
    pub bytes: Vec<u8>,
}

/// Why a volume could not be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The progress asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// More bricks than the format can number.
    #[error("a volume of {0:?} voxels has more bricks than the format can number")]
    TooLarge([usize; 3]),
}

/// The most bricks whose tokens are counted to make the tables.
const SURVEYED: usize = 24;

/// BLAKE3 of the volume's voxels, little-endian in memory order ([`Volume::voxel_bytes`]).
pub fn voxel_hash(volume: &Volume) -> [u8; 32] {
    let bytes = volume.voxel_bytes();
    // Hashed in pieces of a power of two by all cores: the tree of BLAKE3 makes the result the same as in one go.
    *blake3::Hasher::new().update_rayon(&bytes).finalize().as_bytes()
}

/// Encodes a volume: lossless, chunks from coarse to fine, the same bytes on any number of threads.
///
/// # Errors
/// [`EncodeError::Cancelled`] where the progress asks to stop; [`EncodeError::TooLarge`] beyond 2³² bricks.
pub fn encode(volume: &Volume, progress: &dyn Progress) -> Result<Encoded, EncodeError> {
    let size = volume.grid().size();
    let counts = brick_counts(size);
    let bricks = count(counts);
    if u32::try_from(bricks).is_err() {
        return Err(EncodeError::TooLarge(size));
    }
    let transform = choose_transform(volume.voxels());
    progress.step(0, bricks)?;

    let source = Source { volume, transform, counts };
    let tables = source.tables(bricks);
    let encoders: Vec<EncodeTable> = tables.iter().map(|one| EncodeTable::new(one)).collect();
    let mut levels: Vec<Vec<Chunk>> = (0..LEVELS).map(|_| Vec::with_capacity(bricks)).collect();
    let batch = 4 * rayon::current_num_threads();
    for first in (0..bricks).step_by(batch) {
        let done: Vec<Vec<Chunk>> = (first..bricks.min(first + batch))
            .into_par_iter()
            .map_init(Workspace::default, |work, brick| source.brick(brick, &encoders, work))
            .collect();
        for chunk in done.into_iter().flatten() {
            levels[usize::from(chunk.level)].push(chunk);
        }
        progress.step(bricks.min(first + batch), bricks)?;
    }
    let chunks: Vec<Chunk> = levels.into_iter().rev().flatten().collect();
    let entries = chunks.par_iter().map(|chunk| ChunkEntry {
        level: chunk.level,
        brick: chunk.brick,
        len: chunk.bytes.len() as u32,
        hash: *blake3::hash(&chunk.bytes).as_bytes(),
    });
    let header = Header {
        version: VERSION,
        grid: *volume.grid(),
        meta: volume.meta().clone(),
        kind: match volume.voxels() {
            Voxels::I16(_) => Kind::I16,
            Voxels::F32(_) => Kind::F32,
        },
        transform,
        range: finite_range(volume),
        brick_edge: BRICK_EDGE as u32,
        levels: LEVELS,
        bricks: counts.map(|n| n as u32),
        tables,
        voxel_hash: voxel_hash(volume),
        chunks: entries.collect(),
    };
    Ok(Encoded { header, chunks })
}

/// Integers where every value is one (and small enough for exact sums), ordered floats else.
fn choose_transform(voxels: &Voxels) -> Transform {
    match voxels {
        Voxels::I16(_) => Transform::Integers,
        Voxels::F32(values) => {
            let whole = |v: &f32| v.abs() <= 1_048_576.0 && ((*v as i32) as f32).to_bits() == v.to_bits();
            if values.par_iter().all(whole) { Transform::Integers } else { Transform::OrderedFloats }
        }
    }
}

/// Smallest and largest finite value; 0 and 0 where there is none.
fn finite_range(volume: &Volume) -> [f32; 2] {
    let (low, high) = match volume.voxels() {
        Voxels::I16(_) => volume.range(),
        Voxels::F32(values) => values
            .par_iter()
            .filter(|v| v.is_finite())
            .map(|&v| (v, v))
            .reduce(|| (f32::INFINITY, f32::NEG_INFINITY), |a, b| (a.0.min(b.0), a.1.max(b.1))),
    };
    if low <= high { [low, high] } else { [0.0, 0.0] }
}

struct Source<'a> {
    volume: &'a Volume,
    transform: Transform,
    counts: [usize; 3],
}

impl Source<'_> {
    /// The values of a brick as integers.
    fn block(&self, at: [usize; 3], size: [usize; 3]) -> Vec<i32> {
        let mut block = Vec::with_capacity(count(size));
        let grid = self.volume.grid();
        for k in 0..size[2] {
            for j in 0..size[1] {
                let [i0, j0, k0] = at.map(|n| n * BRICK_EDGE);
                let start = grid.index(i0, j0 + j, k0 + k);
                let row = start..start + size[0];
                match (self.volume.voxels(), self.transform) {
                    (Voxels::I16(values), _) => block.extend(values[row].iter().map(|&v| i32::from(v))),
                    (Voxels::F32(values), Transform::Integers) => {
                        block.extend(values[row].iter().map(|&v| v as i32));
                    }
                    (Voxels::F32(values), Transform::OrderedFloats) => {
                        block.extend(values[row].iter().map(|&v| ordered(v)));
                    }
                }
            }
        }
        block
    }

    fn levels(&self, brick: usize, work: &mut Workspace) -> (Vec<Vec<i32>>, [usize; 3]) {
        let at = brick_at(self.counts, brick);
        let size = brick_size(self.volume.grid().size(), at, 0);
        (analyse(self.block(at, size), size, self.transform.smooths(), work), at)
    }

    /// Frequencies for each level, from a few bricks spread over the volume.
    fn tables(&self, bricks: usize) -> Vec<Vec<u16>> {
        let surveyed = bricks.min(SURVEYED);
        let size = self.volume.grid().size();
        let partial: Vec<Vec<Counts>> = (0..surveyed)
            .into_par_iter()
            .map_init(Workspace::default, |work, n| {
                // The middle of the n-th of equal shares; multiplied first, so that shares differ by one at most.
                let brick = (2 * n + 1) * bricks / (2 * surveyed);
                let (levels, at) = self.levels(brick, work);
                let survey_level = |(level, values): (usize, &Vec<i32>)| {
                    let mut counts = Counts::new();
                    let bands = bands(brick_size(size, at, level as u8), level as u8);
                    survey(values, &bands, &mut work.neighbours, &mut counts);
                    counts
                };
                levels.iter().enumerate().map(survey_level).collect()
            })
            .collect();
        (0..usize::from(LEVELS))
            .map(|level| {
                let mut sum: Counts = vec![[0; crate::numbers::TOKENS]; CONTEXTS];
                for brick in &partial {
                    for (to, from) in sum.iter_mut().flatten().zip(brick[level].iter().flatten()) {
                        *to += from;
                    }
                }
                frequencies(&sum)
            })
            .collect()
    }

    fn brick(&self, brick: usize, encoders: &[EncodeTable], work: &mut Workspace) -> Vec<Chunk> {
        let (levels, at) = self.levels(brick, work);
        let chunk = |(level, values): (usize, &Vec<i32>)| {
            let size = brick_size(self.volume.grid().size(), at, level as u8);
            let bytes = encode_chunk(values, size, level as u8, &encoders[level], work);
            Chunk { level: level as u8, brick: brick as u32, bytes }
        };
        levels.iter().enumerate().map(chunk).collect()
    }
}
