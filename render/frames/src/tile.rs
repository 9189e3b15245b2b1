//! Tiles of a picture, their hashes, and the list of hashes that says what an exact picture is.

use image::RgbaImage;
use meshing_volume::Told;
use rayon::prelude::*;

/// Pixels along the edge of a tile, but for the last ones of rows and columns.
pub const TILE: u32 = 64;
/// Longest edge of a picture in tiles.
pub const MAX_EDGE: u32 = 8192;

/// BLAKE3 of a tile, 32 bytes.
pub type Hash = [u8; 32];

/// Everything that a picture is drawn from, as one number: whoever sees has one for each moment (camera, colours, cuts, segments,
/// size and a counter of changes), and what was drawn is shown as exact only under the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SceneHash(pub Hash);

impl SceneHash {
    /// Of the state's bytes in whatever form both sides agree on. `change` counts the changes that the viewer made, so that
    /// what was drawn for an earlier moment is not taken for this one, even where the state is the same again.
    pub fn of(change: u64, state: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"theatron scene").update(&change.to_le_bytes()).update(state);
        Self(hasher.finalize().into())
    }
}

/// Which picture of which scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Counts what the edge draws; a better picture of the same scene has a higher one.
    pub frame: u64,
    /// What it was drawn from.
    pub scene: SceneHash,
}

/// A rectangle of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileRect {
    /// From the left edge in pixels.
    pub x: u32,
    /// From the top.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// How a picture is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileGrid {
    size: [u32; 2],
}

impl TileGrid {
    /// For a picture of that many pixels, 1 to [`MAX_EDGE`] along each edge.
    pub fn new(size: [u32; 2]) -> Option<Self> {
        size.iter().all(|n| (1..=MAX_EDGE).contains(n)).then_some(Self { size })
    }

    /// Pixels across and down.
    pub const fn size(self) -> [u32; 2] {
        self.size
    }

    /// How many tiles.
    pub fn tiles(self) -> usize {
        self.size.map(|n| n.div_ceil(TILE) as usize).iter().product()
    }

    /// A tile, counted row by row; `None` beyond the last.
    pub fn rect(self, index: usize) -> Option<TileRect> {
        let across = self.size[0].div_ceil(TILE) as usize;
        if index >= self.tiles() {
            return None;
        }
        let [x, y] = [index % across, index / across].map(|n| n as u32 * TILE);
        Some(TileRect { x, y, width: TILE.min(self.size[0] - x), height: TILE.min(self.size[1] - y) })
    }

    /// All of them, the nearest to a place of the picture first: where the viewer looks.
    pub fn order_from(self, at: [u32; 2]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.tiles()).collect();
        order.sort_by_key(|&n| {
            self.rect(n).map_or(u64::MAX, |r| {
                let off = |from: u32, long: u32, at: u32| u64::from((2 * from + long).abs_diff(2 * at));
                off(r.x, r.width, at[0]).pow(2) + off(r.y, r.height, at[1]).pow(2)
            })
        });
        order
    }
}

/// Rows of a tile in a picture's bytes, from the top.
pub(crate) fn rows(rgba: &[u8], width: u32, rect: TileRect) -> impl Iterator<Item = &[u8]> {
    (rect.y..rect.y + rect.height).map(move |y| {
        let start = (y as usize * width as usize + rect.x as usize) * 4;
        &rgba[start..start + rect.width as usize * 4]
    })
}

/// BLAKE3 over x, y, width and height as 32-bit little-endian numbers and the pixels' bytes, red, green, blue, alpha, row by row:
/// the same as `render_volume::tiles` gives. In one piece, since BLAKE3's wide lanes need some kilobytes at once.
pub(crate) fn hash<'a>(rect: TileRect, rows: impl Iterator<Item = &'a [u8]>) -> Hash {
    let mut bytes = Vec::with_capacity(16 + rect.width as usize * rect.height as usize * 4);
    for number in [rect.x, rect.y, rect.width, rect.height] {
        bytes.extend(number.to_le_bytes());
    }
    rows.for_each(|row| bytes.extend_from_slice(row));
    blake3::hash(&bytes).into()
}

/// What an exact picture is: whose it is and the hash of each tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Which picture.
    pub identity: Identity,
    /// Whether it was drawn in full quality from the full volume; the lamp is lit over no other.
    pub is_full: bool,
    /// How it is cut.
    pub grid: TileGrid,
    /// One a tile, row by row.
    pub hashes: Vec<Hash>,
}

const MAGIC: [u8; 4] = *b"TFm1";
const HEADER: usize = 52;
/// Bytes of the longest list.
pub const MAX_MANIFEST_LEN: usize = HEADER + (MAX_EDGE / TILE * (MAX_EDGE / TILE)) as usize * 32 + 32;

/// Why bytes are no list of hashes, or tiles could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError {
    /// An edge of the picture is zero or too long.
    #[error("a picture of {0:?} pixels has no tiles: each edge must be 1 to 8192")]
    Size([u32; 2]),
    /// The compressor has no memory.
    #[error("zstd could not begin ({0}); no tile is exact until there is memory")]
    Zstd(String),
    /// The bytes are not what they should be.
    #[error("bytes are not tiles of this version: {0}; ask for them again")]
    Malformed(&'static str),
}

impl Told for TileError {
    fn chinese(&self) -> String {
        match self {
            Self::Size([w, h]) => format!("{w}×{h} 像素的画面无法分块：每边须为 1 至 8192"),
            Self::Zstd(cause) => format!("zstd 无法启动（{cause}）；在有内存之前，任何分块都不精确"),
            Self::Malformed(what) => format!("这些字节不是此版本的分块：{what}；请重新获取"),
        }
    }
}

impl Manifest {
    /// Hashes a picture, on all cores. `is_full` says whether it was drawn in full quality from the full volume.
    ///
    /// # Errors
    /// [`TileError::Size`].
    pub fn new(identity: Identity, is_full: bool, picture: &RgbaImage) -> Result<Self, TileError> {
        let size = [picture.width(), picture.height()];
        let grid = TileGrid::new(size).ok_or(TileError::Size(size))?;
        let hash_of = |n| grid.rect(n).map(|rect| hash(rect, rows(picture.as_raw(), size[0], rect)));
        let hashes = (0..grid.tiles()).into_par_iter().filter_map(hash_of).collect();
        Ok(Self { identity, is_full, grid, hashes })
    }

    /// Little endian: magic, width u16, height u16, frame u64, scene hash, 1 if full u8, three zero bytes, a hash a tile, and BLAKE3 of all that, so that no list is
    /// taken for another's. Who sent it, the link must prove.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.hashes.len() * 32 + 32);
        bytes.extend(MAGIC);
        for edge in self.grid.size {
            bytes.extend((edge as u16).to_le_bytes());
        }
        bytes.extend(self.identity.frame.to_le_bytes());
        bytes.extend(self.identity.scene.0);
        bytes.extend([u8::from(self.is_full), 0, 0, 0]);
        bytes.extend(self.hashes.as_flattened());
        let seal = blake3::hash(&bytes);
        bytes.extend(seal.as_bytes());
        bytes
    }

    /// Reads them; as many hashes as the size has tiles.
    ///
    /// # Errors
    /// [`TileError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TileError> {
        let short = TileError::Malformed("too short");
        if bytes.len() > MAX_MANIFEST_LEN {
            return Err(TileError::Malformed("too long"));
        }
        let (bytes, seal) = bytes.split_last_chunk::<32>().ok_or_else(|| short.clone())?;
        let (head, rest) = bytes.split_at_checked(HEADER).ok_or(short)?;
        if head[..4] != MAGIC || head[48] > 1 || head[49..] != [0; 3] {
            return Err(TileError::Malformed("no list of hashes"));
        }
        let edge = |at: usize| u32::from(u16::from_le_bytes([head[at], head[at + 1]]));
        let size = [edge(4), edge(6)];
        let grid = TileGrid::new(size).ok_or(TileError::Size(size))?;
        let (hashes, left) = rest.as_chunks::<32>();
        if hashes.len() != grid.tiles() || !left.is_empty() {
            return Err(TileError::Malformed("not a hash for each tile"));
        }
        if blake3::hash(bytes) != *seal {
            return Err(TileError::Malformed("changed on its way"));
        }
        Ok(Self { identity: identity_at(head, 8), is_full: head[48] == 1, grid, hashes: hashes.to_vec() })
    }
}

/// Reads an identity of 40 bytes that are there.
pub(crate) fn identity_at(bytes: &[u8], at: usize) -> Identity {
    let (mut frame, mut scene) = ([0; 8], [0; 32]);
    frame.copy_from_slice(&bytes[at..at + 8]);
    scene.copy_from_slice(&bytes[at + 8..at + 40]);
    Identity { frame: u64::from_le_bytes(frame), scene: SceneHash(scene) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_hashed_as_documented_and_the_last_ones_are_smaller() {
        let picture = RgbaImage::from_fn(150, 70, |x, y| image::Rgba([x as u8, y as u8, (x * y) as u8, 255]));
        let identity = Identity { frame: 3, scene: SceneHash([1; 32]) };
        let manifest = Manifest::new(identity, false, &picture).unwrap();
        let rect = manifest.grid.rect(5).unwrap();
        assert_eq!((manifest.grid.tiles(), rect), (6, TileRect { x: 128, y: 64, width: 22, height: 6 }));
        let mut hasher = blake3::Hasher::new();
        for number in [128_u32, 64, 22, 6] {
            hasher.update(&number.to_le_bytes());
        }
        for y in 64..70 {
            for x in 128..150 {
                hasher.update(&picture.get_pixel(x, y).0);
            }
        }
        assert_eq!(manifest.hashes[5], *hasher.finalize().as_bytes());
        assert_eq!(Manifest::from_bytes(&manifest.to_bytes()), Ok(manifest));
        assert_eq!(TileGrid::new([0, 5]), None);
    }
}
