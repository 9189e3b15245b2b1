//! What a decoder must know beforehand, and the checks that make it safe to believe.

use meshing_space::{Point, Vector};
use meshing_volume::{Grid, VolumeMeta};
use serde::{Deserialize, Serialize};

use crate::layout::{brick_at, brick_counts, brick_size, chunk_values, count};
use crate::numbers::{ESCAPE, TOKENS};
use crate::rans::max_len;
use crate::{BRICK_EDGE, LEVELS, VERSION, table};

/// All that a decoder must know beforehand. [`crate::encode`] makes one; one from outside is checked by
/// [`crate::Decoder::new`] before anything is allocated for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format, [`VERSION`].
    pub version: u16,
    /// Size in voxels and place in the patient (LPS mm) of level 0.
    pub grid: Grid,
    /// Modality, unit and frame of reference.
    pub meta: VolumeMeta,
    /// Type of the voxels.
    pub kind: Kind,
    /// How values become integers.
    pub transform: Transform,
    /// Smallest and largest finite value, in the volume's unit.
    pub range: [f32; 2],
    /// Edge of a brick at level 0, in voxels: 64.
    pub brick_edge: u32,
    /// Number of levels; level n has every 2ⁿ-th voxel along each axis, starting with voxel 0.
    pub levels: u8,
    /// Number of bricks along i, j, k.
    pub bricks: [u32; 3],
    /// For each level, frequencies of tokens in each context (`docs/brick-codec.md`).
    pub tables: Vec<Vec<u16>>,
    /// BLAKE3 of [`meshing_volume::Volume::voxel_bytes`].
    #[serde(with = "hex")]
    pub voxel_hash: [u8; 32],
    /// One entry a chunk, in the order of [`crate::Encoded::chunks`].
    pub chunks: Vec<ChunkEntry>,
}

/// Type of the voxels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 16-bit signed integers.
    I16,
    /// 32-bit floats, kept bit for bit.
    F32,
}

/// How values become the integers that the wavelet splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// Values are integers; coarser levels are smoothed (5/3 wavelet).
    Integers,
    /// The bits of floats as integers of the same order; coarser levels are every second value.
    OrderedFloats,
}

impl Transform {
    pub(crate) const fn smooths(self) -> bool {
        matches!(self, Self::Integers)
    }
}

/// What a chunk must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkEntry {
    /// The level that the chunk completes.
    pub level: u8,
    /// Number of the brick.
    pub brick: u32,
    /// Length in bytes.
    pub len: u32,
    /// BLAKE3 of the bytes.
    #[serde(with = "hex")]
    pub hash: [u8; 32],
}

/// What a decoder is willing to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most voxels at level 0.
    pub max_voxels: u64,
}

impl Default for Limits {
    /// 2³³ voxels: 2048³.
    fn default() -> Self {
        Self { max_voxels: 1 << 33 }
    }
}

/// Why a header is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Written by another version of the format.
    #[error("the volume is coded in format version {found}, this program reads version {VERSION}")]
    Version {
        /// Version in the header.
        found: u16,
    },
    /// More voxels than the limit.
    #[error("the volume has {voxels} voxels, the limit is {limit}")]
    TooLarge {
        /// Voxels in the header.
        voxels: u64,
        /// [`Limits::max_voxels`].
        limit: u64,
    },
    /// Fields contradict each other or the format.
    #[error("the header is inconsistent: {0}")]
    Inconsistent(&'static str),
    /// Bytes that are no header.
    #[error("not a header of a coded volume: {0}")]
    Bytes(&'static str),
}

impl Header {
    /// Number of bricks.
    pub const fn brick_count(&self) -> usize {
        self.bricks[0] as usize * self.bricks[1] as usize * self.bricks[2] as usize
    }

    /// Number of chunk bytes of this level and all coarser ones: what must arrive before the level is complete.
    pub fn bytes_up_to(&self, level: u8) -> u64 {
        self.chunks.iter().filter(|chunk| chunk.level >= level).map(|chunk| u64::from(chunk.len)).sum()
    }

    /// Place of a chunk in the table.
    pub(crate) fn entry(&self, level: u8, brick: u32) -> Option<&ChunkEntry> {
        let known = level < self.levels && (brick as usize) < self.brick_count();
        known
            .then(|| usize::from(self.levels - 1 - level) * self.brick_count() + brick as usize)
            .and_then(|at| self.chunks.get(at))
    }

    /// Checks all fields against each other and the limits.
    ///
    /// # Errors
    /// [`HeaderError`] naming the first thing that is wrong.
    pub fn check(&self, limits: Limits) -> Result<(), HeaderError> {
        let wrong = |what| Err(HeaderError::Inconsistent(what));
        if self.version != VERSION {
            return Err(HeaderError::Version { found: self.version });
        }
        let size = self.grid.size();
        let voxels = self.grid.len() as u64;
        if voxels > limits.max_voxels {
            return Err(HeaderError::TooLarge { voxels, limit: limits.max_voxels });
        }
        if self.brick_edge as usize != BRICK_EDGE || self.levels != LEVELS {
            return wrong("brick edge or number of levels");
        }
        let counts = brick_counts(size);
        if self.bricks.map(|n| n as usize) != counts {
            return wrong("number of bricks");
        }
        if self.kind == Kind::I16 && self.transform != Transform::Integers {
            return wrong("integers coded as floats");
        }
        if self.tables.len() != usize::from(LEVELS) || !self.tables.iter().all(|one| table::valid(one)) {
            return wrong("frequency tables");
        }
        if self.chunks.len() != count(counts) * usize::from(LEVELS) {
            return wrong("number of chunks");
        }
        let order = (0..LEVELS).rev().flat_map(|level| (0..count(counts)).map(move |brick| (level, brick)));
        for (chunk, (level, brick)) in self.chunks.iter().zip(order) {
            if (chunk.level, chunk.brick as usize) != (level, brick) {
                return wrong("order of chunks");
            }
            let at_level = brick_size(size, brick_at(counts, brick), level);
            let longest = max_len(chunk_values(at_level, level));
            if chunk.len == 0 || chunk.len as usize > longest {
                return wrong("length of a chunk");
            }
        }
        Ok(())
    }

    /// The header as bytes: about 36 for each chunk and 10,000 for the tables. Exact, also for coordinates.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(20_000 + self.chunks.len() * 36);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.push(u8::from(self.kind == Kind::F32));
        out.push(u8::from(self.transform == Transform::OrderedFloats));
        self.grid.size().iter().for_each(|&n| out.extend_from_slice(&(n as u32).to_le_bytes()));
        let direction = self.grid.direction().map(Vector::to_array);
        let numbers =
            [self.grid.origin().to_array()].into_iter().chain(direction).chain([self.grid.spacing_mm()]);
        numbers.flatten().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        self.range.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
        for text in [&self.meta.modality, &self.meta.unit, &self.meta.frame_of_reference] {
            out.extend_from_slice(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        for context in self.tables.iter().flat_map(|one| one.chunks(TOKENS)) {
            let used =
                context[..ESCAPE.min(context.len())].iter().rposition(|&n| n > 0).map_or(0, |last| last + 1);
            out.push(used as u8);
            let kept = context[..used].iter().chain(context.get(ESCAPE));
            kept.for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
        }
        out.extend_from_slice(&self.voxel_hash);
        for chunk in &self.chunks {
            out.extend_from_slice(&chunk.len.to_le_bytes());
            out.extend_from_slice(&chunk.hash);
        }
        out
    }

    /// Reads what [`Header::to_bytes`] wrote; never allocates more than a few times the length of `bytes`.
    ///
    /// # Errors
    /// [`HeaderError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HeaderError> {
        let mut rest = Bytes(bytes);
        if rest.take(4)? != MAGIC {
            return Err(HeaderError::Bytes("wrong first bytes"));
        }
        let version = u16::from_le_bytes(rest.array()?);
        if version != VERSION {
            return Err(HeaderError::Version { found: version });
        }
        let kind = if rest.flag()? { Kind::F32 } else { Kind::I16 };
        let transform = if rest.flag()? { Transform::OrderedFloats } else { Transform::Integers };
        let size = [rest.u32()? as usize, rest.u32()? as usize, rest.u32()? as usize];
        let origin = Point::from_array(rest.triple()?);
        let direction = [rest.triple()?, rest.triple()?, rest.triple()?].map(Vector::from_array);
        let spacing_mm = rest.triple()?;
        let grid = Grid::new(size, origin, direction, spacing_mm)
            .ok()
            .ok_or(HeaderError::Inconsistent("the grid is not one"))?;
        let range = [f32::from_le_bytes(rest.array()?), f32::from_le_bytes(rest.array()?)];
        let meta =
            VolumeMeta { modality: rest.text()?, unit: rest.text()?, frame_of_reference: rest.text()? };
        let tables = (0..LEVELS).map(|_| rest.frequencies()).collect::<Result<_, _>>()?;
        let voxel_hash = rest.array()?;
        let counts = brick_counts(size);
        let chunks = counts.iter().try_fold(usize::from(LEVELS), |product, &n| product.checked_mul(n));
        if chunks.and_then(|chunks| chunks.checked_mul(36)) != Some(rest.0.len()) {
            return Err(HeaderError::Bytes("a table of chunks of another length"));
        }
        let order = (0..LEVELS).rev().flat_map(|level| (0..count(counts)).map(move |brick| (level, brick)));
        let chunks = order
            .map(|(level, brick)| {
                let (len, hash) = (rest.u32()?, rest.array()?);
                Ok(ChunkEntry { level, brick: brick as u32, len, hash })
            })
            .collect::<Result<_, HeaderError>>()?;
        Ok(Self {
            version,
            grid,
            meta,
            kind,
            transform,
            range,
            brick_edge: BRICK_EDGE as u32,
            levels: LEVELS,
            bricks: counts.map(|n| n as u32),
            tables,
            voxel_hash,
            chunks,
        })
    }
}

const MAGIC: &[u8; 4] = b"vbc1";

/// Bytes not read yet.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], HeaderError> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(HeaderError::Bytes("too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], HeaderError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, HeaderError> {
        self.array().map(u32::from_le_bytes)
    }

    fn flag(&mut self) -> Result<bool, HeaderError> {
        match self.take(1)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(HeaderError::Bytes("a flag that is neither 0 nor 1")),
        }
    }

    fn triple(&mut self) -> Result<[f64; 3], HeaderError> {
        Ok([
            f64::from_le_bytes(self.array()?),
            f64::from_le_bytes(self.array()?),
            f64::from_le_bytes(self.array()?),
        ])
    }

    fn text(&mut self) -> Result<String, HeaderError> {
        let len = self.u32()? as usize;
        let bytes = self.take(len)?;
        core::str::from_utf8(bytes)
            .ok()
            .map(str::to_owned)
            .ok_or(HeaderError::Bytes("a text that is not UTF-8"))
    }

    fn frequencies(&mut self) -> Result<Vec<u16>, HeaderError> {
        let mut all = vec![0; table::ENTRIES];
        for context in all.chunks_exact_mut(TOKENS) {
            let used = usize::from(self.take(1)?[0]);
            if used > ESCAPE {
                return Err(HeaderError::Bytes("more tokens than there are"));
            }
            for place in &mut context[..used] {
                *place = u16::from_le_bytes(self.array()?);
            }
            context[ESCAPE] = u16::from_le_bytes(self.array()?);
        }
        Ok(all)
    }
}

/// Hashes as hexadecimal text where people read, as bytes elsewhere.
mod hex {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            blake3::Hash::from_bytes(*hash).to_hex().serialize(serializer)
        } else {
            hash.serialize(serializer)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            blake3::Hash::from_hex(text).map(|hash| *hash.as_bytes()).map_err(D::Error::custom)
        } else {
            <[u8; 32]>::deserialize(deserializer)
        }
    }
}
