//! Exact tiles on their way: what the edge sends and the viewer reads.

use image::RgbaImage;
use rayon::prelude::*;

use crate::lossless::TileCoder;
use crate::tile::{identity_at, rows};
use crate::{Hash, Identity, Manifest, TILE, TileError};

/// Tiles that travel together, usually.
pub const BATCH_TILES: usize = 16;
/// Most tiles of a batch.
pub const MAX_BATCH_TILES: usize = 64;
/// Bytes of the longest code of a tile: its pixels and a byte that says so.
const MAX_CODE: usize = (TILE * TILE * 4) as usize + 1;
/// Bytes of the longest batch.
pub const MAX_BATCH_LEN: usize = HEADER + MAX_BATCH_TILES * (ENTRY + MAX_CODE);

const MAGIC: [u8; 4] = *b"TFt1";
const HEADER: usize = 48;
const ENTRY: usize = 8;

/// What the edge knows of a viewer's tiles, so that only those are sent that it does not hold. One for each view.
///
/// Batches go on streams that deliver or break: what was sent counts as held until [`TileSender::forget`].
#[derive(Clone, Debug, Default)]
pub struct TileSender {
    size: [u32; 2],
    held: Vec<Option<Hash>>,
}

impl TileSender {
    /// For a viewer who holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The viewer holds nothing, or may: a stream broke, or a client came anew.
    pub fn forget(&mut self) {
        self.held.clear();
    }

    /// A tile that the viewer has asked for again.
    pub fn forget_tile(&mut self, index: usize) {
        if let Some(held) = self.held.get_mut(index) {
            *held = None;
        }
    }

    /// Tiles of a picture that the viewer does not hold, the nearest to where it looks first.
    pub fn wanted(&self, manifest: &Manifest, gaze: [u32; 2]) -> Vec<usize> {
        let known = if self.size == manifest.grid.size() { &self.held[..] } else { &[] };
        let holds = |n: usize| {
            known.get(n).copied().flatten().is_some_and(|held| manifest.hashes.get(n) == Some(&held))
        };
        manifest.grid.order_from(gaze).into_iter().filter(|&n| !holds(n)).collect()
    }

    /// Packs tiles of a picture, on all cores, [`BATCH_TILES`] together, and counts them as held. The picture must be the one that
    /// the list was made from.
    ///
    /// # Errors
    /// [`TileError`] where picture and list are not of one size, or a tile is not in it.
    pub fn pack(
        &mut self,
        picture: &RgbaImage,
        manifest: &Manifest,
        tiles: &[usize],
    ) -> Result<Vec<Vec<u8>>, TileError> {
        let size = [picture.width(), picture.height()];
        if size != manifest.grid.size() || manifest.hashes.len() != manifest.grid.tiles() {
            return Err(TileError::Malformed("another size than the picture's"));
        }
        let packed: Result<Vec<Vec<u8>>, TileError> =
            tiles.par_chunks(BATCH_TILES).map(|part| batch(picture, manifest, part)).collect();
        let packed = packed?;
        if self.size != size {
            self.size = size;
            self.held.clear();
        }
        self.held.resize(manifest.hashes.len(), None);
        for &n in tiles {
            self.held[n] = Some(manifest.hashes[n]);
        }
        Ok(packed)
    }
}

/// Little endian: magic, number of tiles u16, two zero bytes, frame u64, scene hash; then for each tile its index u32, the length of
/// its code u32 and the code.
fn batch(picture: &RgbaImage, manifest: &Manifest, tiles: &[usize]) -> Result<Vec<u8>, TileError> {
    let mut coder = TileCoder::new()?;
    let mut bytes = Vec::with_capacity(HEADER + tiles.len() * 4096);
    bytes.extend(MAGIC);
    bytes.extend((tiles.len() as u16).to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend(manifest.identity.frame.to_le_bytes());
    bytes.extend(manifest.identity.scene.0);
    let (mut rgba, mut code) = (Vec::new(), Vec::new());
    for &index in tiles {
        let rect = manifest.grid.rect(index).ok_or(TileError::Malformed("a tile beyond the last"))?;
        rgba.clear();
        rows(picture.as_raw(), picture.width(), rect).for_each(|row| rgba.extend_from_slice(row));
        code.clear();
        coder.encode(&rgba, rect.width as usize, &mut code);
        bytes.extend((index as u32).to_le_bytes());
        bytes.extend((code.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&code);
    }
    Ok(bytes)
}

/// A batch, read but not yet decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch<'a> {
    pub(crate) identity: Identity,
    /// Places and codes.
    pub(crate) tiles: Vec<(usize, &'a [u8])>,
}

impl<'a> Batch<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, TileError> {
        let short = TileError::Malformed("too short");
        if bytes.len() > MAX_BATCH_LEN {
            return Err(TileError::Malformed("too long"));
        }
        let (head, mut rest) = bytes.split_at_checked(HEADER).ok_or_else(|| short.clone())?;
        if head[..4] != MAGIC || head[6..8] != [0; 2] {
            return Err(TileError::Malformed("no batch of tiles"));
        }
        let count = usize::from(u16::from_le_bytes([head[4], head[5]]));
        if count > MAX_BATCH_TILES {
            return Err(TileError::Malformed("too many tiles"));
        }
        let mut tiles = Vec::with_capacity(count);
        for _ in 0..count {
            let ([i0, i1, i2, i3, l0, l1, l2, l3], after) =
                rest.split_first_chunk().ok_or_else(|| short.clone())?;
            let len = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
            let (code, after) = after.split_at_checked(len).ok_or_else(|| short.clone())?;
            tiles.push((u32::from_le_bytes([*i0, *i1, *i2, *i3]) as usize, code));
            rest = after;
        }
        if !rest.is_empty() {
            return Err(TileError::Malformed("bytes after the last tile"));
        }
        Ok(Self { identity: identity_at(head, 8), tiles })
    }
}
