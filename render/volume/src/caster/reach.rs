//! From where to where rays can meet something to see, tile by tile of the picture.
//!
//! The cells that show something are laid over the picture first; a ray then begins beside them instead of leaping
//! there from the edge of the volume, and most of the background needs no ray at all.

use glam::{DAffine3, DMat4, DVec3, DVec4};

use super::Job;
use crate::cells::EDGE;

/// Edge of a tile in pixels.
const TILE: u32 = 16;

/// Tiles of a picture.
pub(super) struct Reach {
    /// Tiles across and down.
    size: [u32; 2],
    /// First and last distance along the rays of a tile in mm, from the near plane on; none where last < first.
    tiles: Vec<[f32; 2]>,
}

impl Reach {
    pub(super) fn of(job: &Job<'_>) -> Self {
        let size = job.size.map(|n| n.div_ceil(TILE));
        let count = (size[0] * size[1]) as usize;
        if job.look.mode.projects() {
            return Self { size, tiles: vec![[0.0, f32::INFINITY]; count] };
        }
        let mut reach = Self { size, tiles: vec![[f32::INFINITY, f32::NEG_INFINITY]; count] };
        let eye = DAffine3::from_translation(job.view.eye().as_dvec3());
        let rel_from_ijk = (job.volume.grid().ijk_from_lps().affine() * eye).inverse();
        let cover = Cover::new(job, rel_from_ijk);
        let [ni, nj, _] = job.cells.size;
        for (n, _) in job.visible.distance.iter().enumerate().filter(|(_, free)| **free == 0) {
            cover.add(&mut reach, [n % ni, n / ni % nj, n / (ni * nj)]);
        }
        reach
    }

    /// Pixels (corner and size) outside which nothing is seen; `None` when nothing is.
    pub(super) fn window(&self, size: [u32; 2]) -> Option<[[u32; 2]; 2]> {
        let (mut low, mut high) = ([u32::MAX; 2], [0; 2]);
        for (n, [first, last]) in (0..).zip(&self.tiles) {
            if first <= last {
                let at = [n % self.size[0] * TILE, n / self.size[0] * TILE];
                for a in 0..2 {
                    low[a] = low[a].min(at[a]);
                    high[a] = high[a].max((at[a] + TILE).min(size[a]));
                }
            }
        }
        (low[0] < high[0]).then(|| [low, [high[0] - low[0], high[1] - low[1]]])
    }

    /// First and last distance of a pixel's ray in mm; `None` where nothing is seen.
    #[inline(always)]
    pub(super) fn at(&self, x: u32, y: u32) -> Option<[f32; 2]> {
        let tile = self.tiles[(y / TILE * self.size[0] + x / TILE) as usize];
        (tile[0] <= tile[1]).then_some(tile)
    }
}

/// How cells lie in the picture.
struct Cover {
    pixels: [f64; 2],
    /// Clip space of a cell's first corner: `clip[3] + clip[0] i + clip[1] j + clip[2] k`.
    clip: [DVec4; 4],
    rel_from_ijk: DAffine3,
    /// Half a cell's diagonal in mm.
    radius: f64,
    /// Direction of all rays, for a picture without foreshortening.
    parallel: Option<DVec3>,
    /// Least and largest distance from the eye to the near plane, or where that plane lies along the rays.
    near: [f64; 2],
}

impl Cover {
    fn new(job: &Job<'_>, rel_from_ijk: DAffine3) -> Self {
        let clip_from_rel = job.view.clip_from_rel();
        let clip_from_ijk = clip_from_rel * DMat4::from(rel_from_ijk);
        let edge = EDGE as f64;
        let first = clip_from_ijk * DVec4::new(-0.5, -0.5, -0.5, 1.0);
        let clip =
            [clip_from_ijk.x_axis * edge, clip_from_ijk.y_axis * edge, clip_from_ijk.z_axis * edge, first];
        let rel_from_clip = clip_from_rel.inverse();
        let start = |x: f64, y: f64| rel_from_clip.project_point3(DVec3::new(x, y, 1.0));
        let corners = [start(-1.0, -1.0), start(1.0, -1.0), start(-1.0, 1.0), start(1.0, 1.0)];
        let foreshortened = clip_from_rel.row(3).truncate().length() > 1e-12;
        let parallel = (!foreshortened).then(|| {
            let further = rel_from_clip.project_point3(DVec3::new(0.0, 0.0, 0.5));
            (further - start(0.0, 0.0)).normalize_or(DVec3::NEG_Z)
        });
        let near = if let Some(direction) = parallel {
            [start(0.0, 0.0).dot(direction); 2]
        } else {
            // the point of the near plane under the eye may lie beside the picture
            let normal = (corners[1] - corners[0]).cross(corners[2] - corners[0]).normalize_or(DVec3::Z);
            let far = corners.iter().map(|c| c.length()).fold(0.0, f64::max);
            [corners[0].dot(normal).abs(), far]
        };
        let m = rel_from_ijk.matrix3;
        let diagonal = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]
            .map(|[a, b]| (m.x_axis + m.y_axis * a + m.z_axis * b).length());
        Self {
            pixels: job.size.map(f64::from),
            clip,
            rel_from_ijk,
            radius: diagonal.into_iter().fold(0.0, f64::max) * edge / 2.0,
            parallel,
            near,
        }
    }

    fn add(&self, reach: &mut Reach, cell: [usize; 3]) {
        let [i, j, k] = cell.map(|c| c as f64);
        let first = self.clip[3] + self.clip[0] * i + self.clip[1] * j + self.clip[2] * k;
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        let (mut before, mut behind) = (0, 0);
        for corner in 0..8 {
            let mut clip = first;
            for a in 0..3 {
                if corner >> a & 1 == 1 {
                    clip += self.clip[a];
                }
            }
            if clip.w <= 1e-9 {
                behind += 1;
                continue;
            }
            before += 1;
            let at = [clip.x / clip.w, -clip.y / clip.w];
            for a in 0..2 {
                let at = (at[a] * 0.5 + 0.5) * self.pixels[a];
                low[a] = low[a].min(at);
                high[a] = high[a].max(at);
            }
        }
        if before == 0 {
            return;
        }
        // a corner behind the eye projects to nowhere: such a cell may be seen anywhere
        if behind > 0 {
            (low, high) = ([0.0; 2], self.pixels);
        }
        let half = (EDGE as f64 - 1.0) / 2.0;
        let middle = DVec3::new(i, j, k) * EDGE as f64 + half;
        let rel = self.rel_from_ijk.transform_point3(middle);
        let distance = self.parallel.map_or_else(|| rel.length(), |direction| rel.dot(direction));
        let from = (distance - self.radius - self.near[1]).max(0.0) as f32;
        let to = (distance + self.radius - self.near[0]) as f32;
        let tile = |v: f64, a: usize| (v.max(0.0) as u32 / TILE).min(reach.size[a].saturating_sub(1));
        if (0..2).any(|a| high[a] < 0.0 || low[a] > self.pixels[a]) || to < 0.0 {
            return;
        }
        let [x0, y0, x1, y1] = [tile(low[0], 0), tile(low[1], 1), tile(high[0], 0), tile(high[1], 1)];
        for y in y0..=y1 {
            for x in x0..=x1 {
                let tile = &mut reach.tiles[(y * reach.size[0] + x) as usize];
                *tile = [tile[0].min(from), tile[1].max(to)];
            }
        }
    }
}
