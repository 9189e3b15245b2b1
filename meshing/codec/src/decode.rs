//! From chunks to a volume, at any level and any time.

use meshing_volume::{Volume, Voxels};
use rayon::prelude::*;

use crate::chunk::{Workspace, synthesise};
use crate::header::{Header, HeaderError, Kind, Limits, Transform};
use crate::layout::{brick_at, brick_size};
use crate::numbers::float;
use crate::rans::Broken;
use crate::table::DecodeTable;
use crate::{BRICK_EDGE, LEVELS};

const COARSEST: usize = LEVELS as usize - 1;

/// Collects chunks in any order and gives the volume at any level from what is there.
///
/// Memory: at most the voxels of the volume (4 bytes each for floats) and a quarter more for coarser levels, allocated
/// as verified chunks arrive.
#[derive(Debug)]
pub struct Decoder {
    header: Header,
    counts: [usize; 3],
    tables: Vec<DecodeTable>,
    bricks: Vec<Brick>,
    /// Bricks that have each level.
    done: [usize; LEVELS as usize],
    /// Bytes received and expected, by level.
    received: [u64; LEVELS as usize],
    expected: [u64; LEVELS as usize],
}

/// Why a chunk was refused. What was there before is untouched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// No such level or brick.
    #[error("the volume has no brick {brick} of level {level}")]
    Unknown {
        /// Level given.
        level: u8,
        /// Brick given.
        brick: u32,
    },
    /// Length or BLAKE3 differ from the header's.
    #[error("brick {brick} of level {level} is not what the header says: other length or hash")]
    Mismatch {
        /// Level of the chunk.
        level: u8,
        /// Brick of the chunk.
        brick: u32,
    },
    /// The bytes are what the header says, but no chunk.
    #[error("brick {brick} of level {level} cannot be decoded: {reason}")]
    Damaged {
        /// Level of the chunk.
        level: u8,
        /// Brick of the chunk.
        brick: u32,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Why a volume is not finished.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FinishError {
    /// Chunks are missing.
    #[error("{missing} bricks are not there at full resolution")]
    Incomplete {
        /// Number of bricks.
        missing: usize,
    },
    /// All chunks are there, but the voxels are not those that were encoded.
    #[error("the decoded voxels do not have the hash that the header states")]
    Hash,
}

/// What is there of one level of one brick.
#[derive(Debug, Default)]
enum Part {
    #[default]
    Missing,
    /// Verified, waiting for the next coarser level.
    Waiting(Vec<u8>),
    Wide(Vec<i32>),
    Narrow(Vec<i16>),
}

impl Part {
    const fn is_done(&self) -> bool {
        matches!(self, Self::Wide(_) | Self::Narrow(_))
    }

    /// Fills `out` from the row that starts at `row`, each value `1 << shift` times.
    fn repeat<T>(&self, row: usize, shift: usize, out: &mut [T], convert: impl Fn(i32) -> T) {
        match self {
            Self::Wide(values) if shift == 0 => {
                out.iter_mut().zip(&values[row..]).for_each(|(out, &v)| *out = convert(v));
            }
            Self::Narrow(values) if shift == 0 => {
                out.iter_mut().zip(&values[row..]).for_each(|(out, &v)| *out = convert(i32::from(v)));
            }
            Self::Wide(values) => {
                out.iter_mut().enumerate().for_each(|(i, out)| *out = convert(values[row + (i >> shift)]));
            }
            // Only level 0 is narrow, and it is never repeated; what is not decoded is never asked for.
            Self::Narrow(_) | Self::Missing | Self::Waiting(_) => {}
        }
    }
}

#[derive(Debug, Default)]
struct Brick {
    levels: [Part; LEVELS as usize],
}

impl Decoder {
    /// A decoder without chunks, for volumes within the default [`Limits`].
    ///
    /// # Errors
    /// [`HeaderError`] where the header contradicts itself or asks for too much.
    pub fn new(header: Header) -> Result<Self, HeaderError> {
        Self::with_limits(header, Limits::default())
    }

    /// A decoder without chunks.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub fn with_limits(header: Header, limits: Limits) -> Result<Self, HeaderError> {
        header.check(limits)?;
        let counts = header.bricks.map(|n| n as usize);
        let mut expected = [0; LEVELS as usize];
        for chunk in &header.chunks {
            expected[usize::from(chunk.level)] += u64::from(chunk.len);
        }
        Ok(Self {
            counts,
            tables: header.tables.iter().map(|one| DecodeTable::new(one)).collect(),
            bricks: (0..header.brick_count()).map(|_| Brick::default()).collect(),
            done: [0; LEVELS as usize],
            received: [0; LEVELS as usize],
            expected,
            header,
        })
    }

    /// The header that this decoder was made with.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Takes one chunk: verifies its BLAKE3 and decodes it, or keeps it until the coarser chunk of its brick arrives.
    /// A chunk that is there already changes nothing.
    ///
    /// # Errors
    /// [`AddError`]; the decoder stays usable and the chunk may be given again.
    pub fn add(&mut self, level: u8, brick: u32, bytes: &[u8]) -> Result<(), AddError> {
        self.verify(level, brick, bytes)?;
        let mut taken = core::mem::take(&mut self.bricks[brick as usize]);
        let gain = self.take(&mut taken, brick, &[(level, bytes)], &mut Workspace::default());
        self.bricks[brick as usize] = taken;
        self.account(gain)
    }

    /// Takes many chunks `(level, brick, bytes)` on all cores; the same as adding them one by one.
    ///
    /// # Errors
    /// The first [`AddError`] by brick; all other chunks are taken nevertheless.
    pub fn add_many(&mut self, chunks: &[(u8, u32, &[u8])]) -> Result<(), AddError> {
        let verified: Vec<Result<(), AddError>> =
            chunks.par_iter().map(|&(level, brick, bytes)| self.verify(level, brick, bytes)).collect();
        let mut good: Vec<(u8, u32, &[u8])> = chunks
            .iter()
            .zip(&verified)
            .filter(|(_, verified)| verified.is_ok())
            .map(|(chunk, _)| *chunk)
            .collect();
        good.sort_by_key(|&(level, brick, _)| (brick, core::cmp::Reverse(level)));
        let groups: Vec<Group<'_>> = good
            .chunk_by(|a, b| a.1 == b.1)
            .map(|group| {
                let brick = group[0].1;
                let taken = core::mem::take(&mut self.bricks[brick as usize]);
                let chunks = group.iter().map(|&(level, _, bytes)| (level, bytes)).collect();
                Group { number: brick, brick: taken, chunks }
            })
            .collect();
        let done: Vec<(u32, Brick, Gain)> = groups
            .into_par_iter()
            .map_init(Workspace::default, |work, Group { number, mut brick, chunks }| {
                let gain = self.take(&mut brick, number, &chunks, work);
                (number, brick, gain)
            })
            .collect();
        let mut result = verified.into_iter().find(Result::is_err).unwrap_or(Ok(()));
        for (number, brick, gain) in done {
            self.bricks[number as usize] = brick;
            let accounted = self.account(gain);
            result = result.and(accounted);
        }
        result
    }

    fn verify(&self, level: u8, brick: u32, bytes: &[u8]) -> Result<(), AddError> {
        let entry = self.header.entry(level, brick).ok_or(AddError::Unknown { level, brick })?;
        let same = bytes.len() == entry.len as usize && *blake3::hash(bytes).as_bytes() == entry.hash;
        if same { Ok(()) } else { Err(AddError::Mismatch { level, brick }) }
    }

    /// Puts verified chunks into a brick and decodes as far as possible.
    fn take(&self, brick: &mut Brick, number: u32, chunks: &[(u8, &[u8])], work: &mut Workspace) -> Gain {
        let mut gain = Gain::default();
        for &(level, bytes) in chunks {
            let part = &mut brick.levels[usize::from(level)];
            if matches!(part, Part::Missing) {
                *part = Part::Waiting(bytes.to_vec());
                gain.received[usize::from(level)] += bytes.len() as u64;
            }
        }
        for level in (0..=COARSEST).rev() {
            let (finer, coarser) = brick.levels.split_at_mut(level + 1);
            let part = &mut finer[level];
            if part.is_done() {
                continue;
            }
            let Part::Waiting(bytes) = part else { break };
            let coarser = match coarser.first() {
                Some(Part::Wide(values)) => Some(&values[..]),
                _ => None,
            };
            match self.decoded(bytes, coarser, number, level as u8, work) {
                Ok(decoded) => {
                    *part = decoded;
                    gain.done[level] += 1;
                }
                Err(Broken(reason)) => {
                    gain.lost[level] += bytes.len() as u64;
                    *part = Part::Missing;
                    gain.error = Some(AddError::Damaged { level: level as u8, brick: number, reason });
                    break;
                }
            }
        }
        gain
    }

    fn decoded(
        &self,
        bytes: &[u8],
        coarser: Option<&[i32]>,
        brick: u32,
        level: u8,
        work: &mut Workspace,
    ) -> Result<Part, Broken> {
        let at = brick_at(self.counts, brick as usize);
        let size = brick_size(self.header.grid.size(), at, level);
        let update = self.header.transform.smooths();
        let table = &self.tables[usize::from(level)];
        let values = synthesise(bytes, coarser, size, level, update, table, work)?;
        if level == 0 && self.header.kind == Kind::I16 {
            let narrow = values.iter().map(|&v| i16::try_from(v)).collect::<Result<_, _>>();
            return narrow.map(Part::Narrow).ok().ok_or(Broken("a value beyond 16 bits"));
        }
        Ok(Part::Wide(values))
    }

    fn account(&mut self, gain: Gain) -> Result<(), AddError> {
        for level in 0..=COARSEST {
            self.done[level] += gain.done[level];
            self.received[level] += gain.received[level];
            self.received[level] -= gain.lost[level];
        }
        gain.error.map_or(Ok(()), Err)
    }

    /// Whether the chunk is there (decoded or waiting for a coarser one).
    pub fn has(&self, level: u8, brick: u32) -> bool {
        let part = self.bricks.get(brick as usize).and_then(|brick| brick.levels.get(usize::from(level)));
        part.is_some_and(|part| !matches!(part, Part::Missing))
    }

    /// Whether every brick is there at this level.
    pub fn complete(&self, level: u8) -> bool {
        self.done.get(usize::from(level)).is_some_and(|&done| done == self.bricks.len())
    }

    /// How much of the bytes needed for this level has arrived, 0 to 1.
    pub fn progress(&self, level: u8) -> f32 {
        let from = usize::from(level).min(COARSEST);
        let received: u64 = self.received[from..].iter().sum();
        let expected: u64 = self.expected[from..].iter().sum();
        (received as f64 / expected.max(1) as f64) as f32
    }

    /// The volume at a level, from what is there: same origin and directions, spacing times 2^level. Where a brick is
    /// not there at this level its voxels repeat the next coarser level; where nothing is there they have the smallest
    /// value of the volume. Levels beyond the coarsest give the coarsest.
    pub fn volume(&self, level: u8) -> Volume {
        let level = level.min(LEVELS - 1);
        let background = self.header.range[0];
        let grid = if level == 0 { self.header.grid } else { self.header.grid.coarsened(level) };
        let voxels = match (self.header.kind, self.header.transform) {
            (Kind::I16, _) => {
                let clamped = |v: i32| v.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
                Voxels::I16(self.values(level, grid.size(), background as i16, clamped))
            }
            (Kind::F32, Transform::Integers) => {
                Voxels::F32(self.values(level, grid.size(), background, |v| v as f32))
            }
            (Kind::F32, Transform::OrderedFloats) => {
                Voxels::F32(self.values(level, grid.size(), background, float))
            }
        };
        Volume::new(grid, voxels, self.header.meta.clone()).expect("one value was made for each voxel")
    }

    fn values<T: Copy + Send + Sync>(
        &self,
        level: u8,
        size: [usize; 3],
        background: T,
        convert: impl Fn(i32) -> T + Sync,
    ) -> Vec<T> {
        let edge = BRICK_EDGE >> level;
        let mut values = vec![background; crate::layout::count(size)];
        values.par_chunks_mut(size[0] * size[1]).enumerate().for_each(|(k, slice)| {
            for bj in 0..self.counts[1] {
                for bi in 0..self.counts[0] {
                    let at = [bi, bj, k / edge];
                    let brick = &self.bricks[(at[2] * self.counts[1] + bj) * self.counts[0] + bi];
                    let Some(best) = (usize::from(level)..=COARSEST).find(|&l| brick.levels[l].is_done())
                    else {
                        continue;
                    };
                    let shift = best - usize::from(level);
                    let from = brick_size(self.header.grid.size(), at, best as u8);
                    let to = brick_size(self.header.grid.size(), at, level);
                    for j in 0..to[1] {
                        let row = (((k % edge) >> shift) * from[1] + (j >> shift)) * from[0];
                        let out = (bj * edge + j) * size[0] + bi * edge;
                        let out = &mut slice[out..out + to[0]];
                        brick.levels[best].repeat(row, shift, out, &convert);
                    }
                }
            }
        });
        values
    }

    /// The whole volume, proved bit-exact: its voxels have the hash that the header states.
    ///
    /// # Errors
    /// [`FinishError`] where chunks are missing or the hash differs.
    pub fn finish(&self) -> Result<Volume, FinishError> {
        if !self.complete(0) {
            return Err(FinishError::Incomplete { missing: self.bricks.len() - self.done[0] });
        }
        let volume = self.volume(0);
        if crate::voxel_hash(&volume) == self.header.voxel_hash { Ok(volume) } else { Err(FinishError::Hash) }
    }
}

/// Verified chunks of one brick, coarse to fine, and the brick while it is away from the decoder.
struct Group<'a> {
    number: u32,
    brick: Brick,
    chunks: Vec<(u8, &'a [u8])>,
}

/// What taking chunks changed.
#[derive(Default)]
struct Gain {
    done: [usize; LEVELS as usize],
    received: [u64; LEVELS as usize],
    lost: [u64; LEVELS as usize],
    error: Option<AddError>,
}
