//! What carving changes of a volume's tables, brick by brick.

use std::sync::OnceLock;

use render_gpu::Gpu;

use crate::carve::{BRICK, full};
use crate::cells::{Cells, PART, Visible};
use crate::volume_texture::texture;
use crate::{CarveMask, Carved};

/// A snapshot of what is carved, the tables for leaping that go with it, and both on the device once shaders ask.
#[derive(Debug)]
pub(super) struct CarvedTables {
    mask: CarveMask,
    factor: [usize; 3],
    visible: Visible,
    views: OnceLock<[wgpu::TextureView; 2]>,
}

impl CarvedTables {
    /// Nothing carved yet; `visible` is what would be seen then.
    pub(super) fn new(carved: &Carved, visible: &Visible) -> Self {
        let mask = CarveMask::none(carved.mask().grid());
        Self { mask, factor: carved.factor(), visible: visible.clone(), views: OnceLock::new() }
    }

    pub(super) const fn mask(&self) -> &CarveMask {
        &self.mask
    }

    pub(super) const fn visible(&self) -> &Visible {
        &self.visible
    }

    /// Leap distances and carved voxels.
    pub(super) fn views(&self, gpu: &Gpu, cells: &Cells) -> &[wgpu::TextureView; 2] {
        self.views.get_or_init(|| {
            let format = wgpu::TextureFormat::R8Uint;
            let skip = texture(gpu, "leap distances", cells.size, format, &self.visible.distance, |d| *d);
            let carve = nothing_carved(gpu, self.mask.grid().size());
            for n in (0..self.mask.counts().iter().product()).filter(|&n| self.mask.brick(n).is_some()) {
                self.put_brick(gpu, &carve, n);
            }
            [skip, carve]
        })
    }

    /// Takes over another snapshot: only bricks that differ are looked at, here and on the device. `plain` is what
    /// would be seen without carving.
    ///
    /// A cell of which everything is taken is leapt over by itself; a leap is never longer than without carving, so
    /// that what is brought back is found again wherever it lies.
    pub(super) fn update(&mut self, gpu: &Gpu, cells: &Cells, plain: &Visible, mask: &CarveMask) {
        let changed = mask.changed(&self.mask);
        if changed.is_empty() {
            return;
        }
        self.mask = mask.clone();
        let mut touched: Vec<usize> = Vec::new();
        for &n in &changed {
            let ranges = self.cells_of(cells, n);
            let [ri, rj, rk] = &ranges;
            for (k, j) in rk.clone().flat_map(|k| rj.clone().map(move |j| (k, j))) {
                touched.extend(ri.clone().map(|i| (k * cells.size[1] + j) * cells.size[0] + i));
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for &cell in &touched {
            let [ni, nj, _] = cells.size;
            let at = [cell % ni, cell / ni % nj, cell / (ni * nj)];
            let mut bits = plain.parts[cell];
            for bit in (0..8).filter(|bit| plain.parts[cell] >> bit & 1 == 1) {
                if self.gone(std::array::from_fn(|a| at[a] * 2 + (bit >> a & 1))) {
                    bits &= !(1 << bit);
                }
            }
            self.visible.parts[cell] = bits;
            self.visible.distance[cell] = plain.distance[cell].max(u8::from(bits == 0));
        }
        if let Some([skip, carve]) = self.views.get() {
            for &n in &changed {
                self.put_brick(gpu, carve, n);
                self.put_cells(gpu, skip, cells, n);
            }
        }
    }

    /// The cells that a brick reaches.
    fn cells_of(&self, cells: &Cells, n: usize) -> [std::ops::Range<usize>; 3] {
        let place = self.mask.place(n);
        std::array::from_fn(|a| {
            let (f, first) = (self.factor[a], place[a] * BRICK);
            let part = |voxel: usize| voxel / (PART * f);
            let end = (part(first + BRICK - 1 + f) / 2 + 1).min(cells.size[a]);
            (part(first.saturating_sub(f)) / 2).min(end)..end
        })
    }

    /// Whether everything in reach of a part is taken.
    fn gone(&self, part: [usize; 3]) -> bool {
        let size = self.mask.grid().size();
        let reach: [_; 3] = std::array::from_fn(|a| {
            let f = self.factor[a];
            (part[a] * PART * f).saturating_sub(f).min(size[a])..((part[a] + 1) * PART * f + f).min(size[a])
        });
        let bricks = reach.clone().map(|r| r.start / BRICK..r.end.div_ceil(BRICK));
        bricks[2].clone().all(|bk| {
            bricks[1].clone().all(|bj| {
                bricks[0].clone().all(|bi| match self.mask.brick_of([bi, bj, bk]) {
                    None => false,
                    Some(brick) if std::sync::Arc::ptr_eq(brick, full()) => true,
                    Some(brick) => {
                        let inside = |a: usize, b: usize| {
                            let low = b * BRICK;
                            reach[a].start.max(low) - low..reach[a].end.min(low + BRICK) - low
                        };
                        inside(2, bk).all(|k| {
                            inside(1, bj).all(|j| {
                                let row = &brick[(k * BRICK + j) * BRICK..][inside(0, bi)];
                                row.iter().all(|&b| b == u8::MAX)
                            })
                        })
                    }
                })
            })
        })
    }

    fn put_brick(&self, gpu: &Gpu, to: &wgpu::TextureView, n: usize) {
        let (corner, size) = (self.mask.place(n).map(|p| p * BRICK), self.mask.grid().size());
        let part: [usize; 3] = std::array::from_fn(|a| BRICK.min(size[a] - corner[a]));
        let mut bytes = vec![0; part.iter().product()];
        if let Some(brick) = self.mask.brick(n) {
            for (row, line) in bytes.chunks_exact_mut(part[0]).enumerate() {
                let (j, k) = (row % part[1], row / part[1]);
                line.copy_from_slice(&brick[(k * BRICK + j) * BRICK..][..part[0]]);
            }
        }
        put(gpu, to, corner, part, &bytes);
    }

    fn put_cells(&self, gpu: &Gpu, to: &wgpu::TextureView, cells: &Cells, n: usize) {
        let ranges = self.cells_of(cells, n);
        let part = ranges.clone().map(|r| r.len());
        let [ri, rj, rk] = ranges.clone();
        let row = |j: usize, k: usize| (k * cells.size[1] + j) * cells.size[0];
        let bytes: Vec<u8> = rk
            .flat_map(|k| rj.clone().map(move |j| (j, k)))
            .flat_map(|(j, k)| &self.visible.distance[row(j, k)..][ri.clone()])
            .copied()
            .collect();
        put(gpu, to, ranges.map(|r| r.start), part, &bytes);
    }
}

/// A texture in which nothing is taken: the device makes it zero by itself.
pub(super) fn nothing_carved(gpu: &Gpu, [w, h, d]: [usize; 3]) -> wgpu::TextureView {
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("carved"),
        size: wgpu::Extent3d { width: w as u32, height: h as u32, depth_or_array_layers: d as u32 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D3,
        format: wgpu::TextureFormat::R8Uint,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}

/// Writes a box of bytes.
fn put(gpu: &Gpu, to: &wgpu::TextureView, [i, j, k]: [usize; 3], [w, h, d]: [usize; 3], bytes: &[u8]) {
    let mut target = to.texture().as_image_copy();
    target.origin = wgpu::Origin3d { x: i as u32, y: j as u32, z: k as u32 };
    gpu.queue.write_texture(
        target,
        bytes,
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(w as u32),
            rows_per_image: Some(h as u32),
        },
        wgpu::Extent3d { width: w as u32, height: h as u32, depth_or_array_layers: d as u32 },
    );
}
