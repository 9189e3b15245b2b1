//! Brick codec `vbc1`: voxels to bytes and back, lossless, coarse to fine.
//!
//! A volume is cut into bricks of 64³ voxels. Each brick goes through an integer wavelet, so that level n of a brick is
//! its every 2ⁿ-th voxel (smoothed, for integers) and costs nothing extra; what each level adds is coded by rANS with
//! contexts. [`encode`] gives a [`Header`] and chunks from coarse to fine; a [`Decoder`] takes the chunks in any order,
//! shows what it has at any level, and proves the end result with BLAKE3. The format is described in
//! `docs/brick-codec.md`.
//!
//! What this crate does not do: it opens no files and no sockets; who carries the chunks treats them as opaque bytes.
//!
//! ```
//! use meshing_codec::{Decoder, encode};
//! use meshing_space::Point;
//! use meshing_volume::{Grid, Silent, Volume, VolumeMeta, Voxels};
//!
//! let grid = Grid::axis_aligned([5, 4, 3], Point::origin(), [1.0; 3])?;
//! let volume = Volume::new(grid, Voxels::I16((0..60).collect()), VolumeMeta::default())?;
//! let encoded = encode(&volume, &Silent)?;
//! let mut decoder = Decoder::new(encoded.header)?;
//! for chunk in &encoded.chunks {
//!     decoder.add(chunk.level, chunk.brick, &chunk.bytes)?;
//! }
//! assert_eq!(decoder.finish()?.voxels(), volume.voxels());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chunk;
mod decode;
mod encode;
mod header;
mod layout;
mod numbers;
mod rans;
mod table;
mod wavelet;

pub use decode::{AddError, Decoder, FinishError};
pub use encode::{Chunk, EncodeError, Encoded, encode, voxel_hash};
pub use header::{ChunkEntry, Header, HeaderError, Kind, Limits, Transform};

/// Edge of a brick at full resolution, in voxels.
pub const BRICK_EDGE: usize = 64;
/// Number of levels of detail; level 0 is full resolution.
pub const LEVELS: u8 = 4;
/// Version of the format.
pub const VERSION: u16 = 1;
