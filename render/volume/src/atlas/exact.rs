//! The voxels of level 0 that an exact slice reads, for as long as it is drawn.

use meshing_volume::{Voxels, Words};
use render_gpu::Gpu;

use super::source::{BrickSource, Region, Supply};
use super::{TexelKind, near_cube, texture, write};
use crate::{RasterRow, SlabSampling};

/// Edge of a block in voxels; shared/voxels.wgsl knows it too. Smaller than a brick, since a slice is thin.
const BLOCK: usize = 16;
/// Places along a row and across its thickness are looked at so many voxels apart at most.
const STRIDE: f64 = 4.0;
/// A sample lies within half a stride of such a place along each of the two, and reads one voxel further.
const REACH: f64 = STRIDE + 2.0;
/// Set in a page entry where the block is there.
const HERE: u32 = 1 << 31;

/// Why the voxels of a slice are not on the device.
#[derive(Debug)]
pub(crate) enum CutError {
    /// They take more than there is for them.
    Large { bytes: u64, budget: u64 },
    /// They are not here yet, or cannot be had.
    NotHere(Words),
}

/// Blocks of voxels.
#[derive(Debug)]
pub(crate) struct Cut {
    here: Vec<bool>,
    pub(crate) voxels: wgpu::TextureView,
    pub(crate) pages: wgpu::TextureView,
    pub(crate) bytes: u64,
}

/// Which blocks a slice reads.
pub(crate) fn blocks_of(
    grid: &meshing_volume::Grid,
    rows: &[RasterRow],
    columns: u32,
    sampling: &SlabSampling,
) -> Vec<bool> {
    let blocks = grid.size().map(|n| n.div_ceil(BLOCK));
    let mut needed = vec![false; blocks.iter().product()];
    let ijk_from_lps = grid.ijk_from_lps();
    let largest = |v: [f64; 3]| v.iter().fold(0.0_f64, |a, c| a.max(c.abs()));
    let stride = |step: f64, count: u32| (STRIDE / step.max(1e-9)).clamp(1.0, f64::from(count.max(1))) as u32;
    for row in rows {
        let first = (ijk_from_lps * row.lps(0.0, sampling.depth_mm(0))).to_array();
        let right = (ijk_from_lps * row.right).to_array();
        let away = (ijk_from_lps * (row.away * sampling.step_mm)).to_array();
        let (by, deep) = (stride(largest(right), columns), stride(largest(away), sampling.samples));
        // the last one too, so that none lies further than half a stride from one that is looked at
        let places = |count: u32, step: u32| (0..count).step_by(step as usize).chain(count.checked_sub(1));
        for c in places(columns, by) {
            for s in places(sampling.samples, deep) {
                let at: [f64; 3] =
                    std::array::from_fn(|a| first[a] + right[a] * f64::from(c) + away[a] * f64::from(s));
                mark(&mut needed, blocks, grid.size(), at);
            }
        }
    }
    needed
}

/// Marks the blocks in reach of a place.
fn mark(needed: &mut [bool], blocks: [usize; 3], size: [usize; 3], at: [f64; 3]) {
    let low = at.map(|p| p - REACH);
    let high = at.map(|p| p + REACH);
    if (0..3).any(|a| high[a] < 0.0 || low[a] > size[a] as f64) {
        return;
    }
    let block = |p: f64, a: usize| (p.max(0.0) as usize / BLOCK).min(blocks[a] - 1);
    for k in block(low[2], 2)..=block(high[2], 2) {
        for j in block(low[1], 1)..=block(high[1], 1) {
            for i in block(low[0], 0)..=block(high[0], 0) {
                needed[(k * blocks[1] + j) * blocks[0] + i] = true;
            }
        }
    }
}

impl Cut {
    /// Whether it holds all that is needed.
    pub(crate) fn holds(&self, needed: &[bool]) -> bool {
        self.here.iter().zip(needed).all(|(&here, &needed)| here || !needed)
    }

    /// Brings what is needed, within a budget.
    pub(crate) fn new(
        gpu: &Gpu,
        source: &dyn BrickSource,
        kind: TexelKind,
        needed: Vec<bool>,
        budget: u64,
    ) -> Result<Self, CutError> {
        let size = source.grid().size();
        let blocks = size.map(|n| n.div_ceil(BLOCK));
        let count = needed.iter().filter(|&&n| n).count();
        let limit = gpu.device.limits().max_texture_dimension_3d as usize;
        let longest = (limit / BLOCK).min(255);
        let room = slots(count.max(1), longest);
        let each = (BLOCK * BLOCK * BLOCK) as u64 * kind.bytes();
        let bytes = room.iter().product::<usize>() as u64 * each + needed.len() as u64 * 4;
        if bytes > budget || room.iter().product::<usize>() < count {
            return Err(CutError::Large { bytes, budget });
        }
        let voxels = texture(gpu, "voxels of a slice", room.map(|n| n * BLOCK), kind.format());
        let pages = texture(gpu, "blocks of a slice", blocks, wgpu::TextureFormat::R32Uint);
        let mut entries = vec![0_u32; needed.len()];
        let layer = room[0] * room[1];
        let mut staged = vec![0_u8; layer * each as usize];
        let mut taken = 0;
        for (n, entry) in entries.iter_mut().enumerate().filter(|(n, _)| needed[*n]) {
            let slot = [taken % room[0], taken / room[0] % room[1], taken / layer];
            let [x, y, z] = slot.map(|p| p as u32);
            *entry = HERE | z << 16 | y << 8 | x;
            let first =
                [n % blocks[0], n / blocks[0] % blocks[1], n / blocks[0] / blocks[1]].map(|p| p * BLOCK);
            let there = std::array::from_fn(|a| BLOCK.min(size[a] - first[a]));
            match source.read(Region { level: 0, first, size: there }) {
                Supply::Here(block) => stage(&mut staged, room, slot, &block, there, kind),
                Supply::Failed(why) => return Err(CutError::NotHere(why)),
                Supply::Coming => {
                    return Err(CutError::NotHere(Words::new(
                        "voxels of this slice are still on their way".to_owned(),
                        "此切片的体素仍在载入".to_owned(),
                    )));
                }
            }
            taken += 1;
            if taken % layer == 0 || taken == count {
                let at = [0, 0, (taken - 1) / layer * BLOCK];
                write(
                    gpu,
                    &voxels,
                    at,
                    [room[0] * BLOCK, room[1] * BLOCK, BLOCK],
                    &staged,
                    kind.bytes() as usize,
                );
                gpu.queue.submit([]);
            }
        }
        write(gpu, &pages, [0; 3], blocks, bytemuck::cast_slice(&entries), 4);
        let [voxels, pages] = [voxels, pages].map(|t| t.create_view(&wgpu::TextureViewDescriptor::default()));
        Ok(Self { here: needed, voxels, pages, bytes })
    }
}

/// Slots for at least `count` blocks where that many fit, in a box that wastes little.
fn slots(count: usize, longest: usize) -> [usize; 3] {
    let edge = (1..=longest).find(|e| e * e * e >= count).unwrap_or(longest);
    let deep = count.div_ceil(edge * edge).min(longest);
    let best = near_cube(count, longest);
    if best.iter().product::<usize>() >= count { best } else { [edge, edge, deep] }
}

/// Puts a block into its place of a layer of slots.
fn stage(
    staged: &mut [u8],
    room: [usize; 3],
    slot: [usize; 3],
    block: &Voxels,
    size: [usize; 3],
    kind: TexelKind,
) {
    let each = kind.bytes() as usize;
    for k in 0..size[2] {
        for j in 0..size[1] {
            let y = slot[1] * BLOCK + j;
            let place = ((k * room[1] * BLOCK + y) * room[0] + slot[0]) * BLOCK;
            let target = &mut staged[place * each..][..size[0] * each];
            let from = (k * size[1] + j) * size[0];
            match (block, kind) {
                (Voxels::I16(v), TexelKind::Unorm16) => {
                    for (texel, &x) in target.chunks_exact_mut(2).zip(&v[from..]) {
                        texel.copy_from_slice(&((x as u16) ^ 0x8000).to_ne_bytes());
                    }
                }
                (Voxels::I16(v), TexelKind::Float32) => {
                    for (texel, &x) in target.chunks_exact_mut(4).zip(&v[from..]) {
                        texel.copy_from_slice(&f32::from(x).to_ne_bytes());
                    }
                }
                (Voxels::F32(v), _) => {
                    for (texel, &x) in target.chunks_exact_mut(4).zip(&v[from..]) {
                        texel.copy_from_slice(&x.to_ne_bytes());
                    }
                }
            }
        }
    }
}
