//! Tiles of a picture with their hashes: how a viewer proves that what it shows is what was drawn.

use image::RgbaImage;
use meshing_volume::Told;
use rayon::prelude::*;

/// A rectangle of a picture and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// From the left edge in pixels.
    pub x: u32,
    /// From the top edge.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// BLAKE3 over x, y, width and height as 32-bit little-endian numbers and the pixels' bytes, red, green, blue,
    /// alpha, row by row.
    pub hash: [u8; 32],
}

/// Why a picture is not the one that its tiles were made from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TilesError {
    /// A tile reaches out of the picture.
    #[error("tile {0} reaches out of the picture: tiles and picture are not of one size; ask for both again")]
    Outside(usize),
    /// Some pixels are in no tile.
    #[error("{0} pixels are in no tile, so the picture cannot be called exact; ask for the missing tiles")]
    Uncovered(usize),
    /// Some tiles hold other pixels.
    #[error("{} tiles do not hold the pixels that were drawn; ask for these again", .0.len())]
    Differ(
        /// Their places in the list.
        Vec<usize>,
    ),
}

impl Told for TilesError {
    fn chinese(&self) -> String {
        match self {
            Self::Outside(n) => format!("第 {n} 块超出画面：分块与画面大小不一致；请重新获取两者"),
            Self::Uncovered(n) => format!("{n} 个像素不在任何分块内，不能称为精确画面；请获取缺少的分块"),
            Self::Differ(tiles) => format!("{} 个分块与绘制的像素不一致；请重新获取这些分块", tiles.len()),
        }
    }
}

/// The tiles of a picture, row by row, of `edge` pixels (64 is usual; at least 1) but for the last ones.
pub fn tiles(picture: &RgbaImage, edge: u32) -> Vec<Tile> {
    let edge = edge.max(1);
    let (width, height) = picture.dimensions();
    let corners: Vec<[u32; 2]> = (0..height.div_ceil(edge))
        .flat_map(|j| (0..width.div_ceil(edge)).map(move |i| [i * edge, j * edge]))
        .collect();
    let tile = |[x, y]: [u32; 2]| {
        let tile = Tile { x, y, width: edge.min(width - x), height: edge.min(height - y), hash: [0; 32] };
        Tile { hash: hash(picture, &tile), ..tile }
    };
    corners.into_par_iter().map(tile).collect()
}

/// Whether a picture is, byte for byte, the one that tiles were made from. Tiles may come in any order and size, but
/// every pixel must be in one.
pub fn verify(picture: &RgbaImage, tiles: &[Tile]) -> Result<(), TilesError> {
    let (width, height) = picture.dimensions();
    let inside = |t: &Tile| {
        let within = |from: u32, size: u32, most: u32| from.checked_add(size).is_some_and(|end| end <= most);
        within(t.x, t.width, width) && within(t.y, t.height, height)
    };
    if let Some(n) = tiles.iter().position(|t| !inside(t)) {
        return Err(TilesError::Outside(n));
    }
    let mut covered = vec![false; width as usize * height as usize];
    for t in tiles {
        for y in t.y..t.y + t.height {
            let start = y as usize * width as usize + t.x as usize;
            covered[start..start + t.width as usize].fill(true);
        }
    }
    let uncovered = covered.iter().filter(|c| !**c).count();
    if uncovered > 0 {
        return Err(TilesError::Uncovered(uncovered));
    }
    let differ = (0..tiles.len()).into_par_iter().filter(|&n| hash(picture, &tiles[n]) != tiles[n].hash);
    let differ: Vec<usize> = differ.collect();
    if differ.is_empty() { Ok(()) } else { Err(TilesError::Differ(differ)) }
}

/// The hash of what a picture holds in a tile that lies inside it.
fn hash(picture: &RgbaImage, tile: &Tile) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for number in [tile.x, tile.y, tile.width, tile.height] {
        hasher.update(&number.to_le_bytes());
    }
    let (row, bytes) = (picture.width() as usize * 4, picture.as_raw());
    for y in tile.y..tile.y + tile.height {
        let start = y as usize * row + tile.x as usize * 4;
        hasher.update(&bytes[start..start + tile.width as usize * 4]);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> RgbaImage {
        RgbaImage::from_fn(150, 70, |x, y| image::Rgba([x as u8, y as u8, (x * y) as u8, 255]))
    }

    #[test]
    fn a_changed_byte_is_found_in_its_tile_and_nowhere_else() {
        let whole = picture();
        let made = tiles(&whole, 64);
        assert_eq!(made.len(), 6);
        assert_eq!((made[5].x, made[5].y, made[5].width, made[5].height), (128, 64, 22, 6));
        assert_eq!(verify(&whole, &made), Ok(()));
        for (x, y, tile) in [(0, 0, 0), (63, 63, 0), (64, 63, 1), (149, 0, 2), (149, 69, 5)] {
            for channel in 0..4 {
                let mut changed = whole.clone();
                changed.get_pixel_mut(x, y)[channel] ^= 1;
                assert_eq!(verify(&changed, &made), Err(TilesError::Differ(vec![tile])));
            }
        }
    }

    #[test]
    fn missing_and_moved_tiles_are_not_exact() {
        let plain = RgbaImage::from_pixel(128, 64, image::Rgba([9; 4]));
        let mut made = tiles(&plain, 64);
        assert_eq!(verify(&plain, &made[..1]), Err(TilesError::Uncovered(64 * 64)));
        // the same pixels elsewhere have another hash
        made.swap(0, 1);
        assert_eq!(verify(&plain, &made), Ok(()), "their order is free");
        (made[0].x, made[1].x) = (made[1].x, made[0].x);
        assert_eq!(verify(&plain, &made), Err(TilesError::Differ(vec![0, 1])));
        made[0].x = u32::MAX;
        let error = verify(&plain, &made).unwrap_err();
        assert_eq!(error, TilesError::Outside(0));
        assert!(error.chinese().contains("超出"));
        assert!(tiles(&RgbaImage::new(0, 0), 0).is_empty());
    }
}
