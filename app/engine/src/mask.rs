//! How a mask lies in the bank: a short header and the labels, packed.

use meshing_volume::{Grid, LabelMap, Told as _};

use crate::{Fault, FaultKind};

/// First bytes of a stored mask, version 1.
const MAGIC: &[u8; 4] = b"TLM1";
const HEADER: usize = 4 + 3 * 4;
const ZSTD_LEVEL: i32 = 3;

/// The bytes of a mask: magic, size along i, j, k as u32 LE, then the labels (i fastest) in one zstd frame.
///
/// # Errors
/// Only if packing fails, which would be our bug.
pub fn to_bytes(mask: &LabelMap) -> Result<Vec<u8>, Fault> {
    let packed = zstd::bulk::compress(mask.labels(), ZSTD_LEVEL).map_err(|error| {
        Fault::told(
            FaultKind::Internal,
            (format!("A mask could not be packed: {error}."), format!("无法压缩掩膜：{}。", error.chinese())),
        )
    })?;
    let mut bytes = Vec::with_capacity(HEADER + packed.len());
    bytes.extend_from_slice(MAGIC);
    for n in mask.grid().size() {
        bytes.extend_from_slice(&(n as u32).to_le_bytes());
    }
    bytes.extend_from_slice(&packed);
    Ok(bytes)
}

/// A mask back from its bytes, on the grid of the volume it was made from.
///
/// # Errors
/// Bytes that are not a mask of this grid. Never takes more memory than the grid has voxels.
pub fn from_bytes(bytes: &[u8], grid: &Grid) -> Result<LabelMap, Fault> {
    let damaged = || {
        Fault::new(
            FaultKind::Internal,
            (
                "The stored mask is damaged or belongs to another volume.",
                "存储的掩膜已损坏，或属于另一个体数据。",
            ),
            ("It is not used.", "没有采用。"),
            ("Segment the volume again.", "请重新分割体数据。"),
        )
    };
    let (header, packed) = bytes.split_at_checked(HEADER).ok_or_else(damaged)?;
    let size: Vec<u8> = grid.size().iter().flat_map(|n| (*n as u32).to_le_bytes()).collect();
    if !header.starts_with(MAGIC) || header[4..] != size[..] {
        return Err(damaged());
    }
    let labels = zstd::bulk::decompress(packed, grid.len()).map_err(|_error| damaged())?;
    LabelMap::new(*grid, labels).map_err(|_error| damaged())
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;

    use super::*;

    #[test]
    fn a_mask_comes_back_and_damage_is_noticed() {
        let grid = Grid::axis_aligned([5, 6, 7], Point::origin(), [1.0; 3]).expect("grid");
        let mut mask = LabelMap::empty(&grid);
        mask.set(1, 2, 3, 1);
        let bytes = to_bytes(&mask).expect("packs");
        assert_eq!(from_bytes(&bytes, &grid).expect("reads"), mask);
        let other = Grid::axis_aligned([7, 6, 5], Point::origin(), [1.0; 3]).expect("grid");
        assert!(from_bytes(&bytes, &other).is_err(), "another grid");
        for cut in 0..bytes.len() {
            assert!(from_bytes(&bytes[..cut], &grid).is_err(), "cut at {cut}");
        }
    }
}
