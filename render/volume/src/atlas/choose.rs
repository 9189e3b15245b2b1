//! Which bricks a view needs, and at which level.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use glam::{DMat4, DVec4};

use super::pyramid::halved_size;
use crate::cells::{Cells, EDGE, Visible, chamfer};
use crate::{ClipPlanes, SlicePlane, ViewMatrices};
use meshing_volume::Grid;

/// Edge of a brick in voxels of its level, without its apron. A multiple of a cell's.
pub(crate) const BRICK: usize = 32;
/// Cells along the edge of a brick of level 0.
const CELLS: usize = BRICK / EDGE;

/// A brick: its level, and how many bricks of this level lie before it along i, j, k.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Brick {
    pub(crate) level: u8,
    pub(crate) at: [u16; 3],
}

/// How many bricks each level has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tree(Vec<[usize; 3]>);

impl Tree {
    /// The levels of a volume down to the one that is a single brick.
    pub(crate) fn of(size: [usize; 3]) -> Self {
        let (mut voxels, mut levels) = (size, Vec::new());
        loop {
            levels.push(voxels.map(|n| n.div_ceil(BRICK)));
            if levels.last() == Some(&[1; 3]) {
                return Self(levels);
            }
            voxels = halved_size(voxels);
        }
    }

    pub(crate) fn root(&self) -> Brick {
        Brick { level: (self.0.len() - 1) as u8, at: [0; 3] }
    }

    pub(crate) fn size(&self, level: u8) -> [usize; 3] {
        self.0[usize::from(level)]
    }

    /// Bricks of all levels.
    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|n| n.iter().product::<usize>()).sum()
    }

    pub(crate) fn index(&self, brick: Brick) -> usize {
        let [ni, nj, _] = self.size(brick.level);
        let [i, j, k] = brick.at.map(usize::from);
        (k * nj + j) * ni + i
    }

    pub(crate) fn children(&self, brick: Brick) -> impl Iterator<Item = Brick> + use<'_> {
        let level = brick.level.checked_sub(1);
        (0..8_u16).filter_map(move |n| {
            let level = level?;
            let at: [u16; 3] = std::array::from_fn(|a| brick.at[a] * 2 + (n >> a & 1));
            let there = (0..3).all(|a| usize::from(at[a]) < self.size(level)[a]);
            there.then_some(Brick { level, at })
        })
    }

    pub(crate) fn parent(&self, brick: Brick) -> Option<Brick> {
        let up = brick.level + 1;
        (usize::from(up) < self.0.len()).then(|| Brick { level: up, at: brick.at.map(|p| p / 2) })
    }

    fn flags(&self) -> Vec<Vec<bool>> {
        self.0.iter().map(|n| vec![false; n.iter().product()]).collect()
    }
}

/// Which bricks hold something that a look shows, or touch a cell that does.
#[derive(Debug)]
pub(crate) struct Seen(Vec<Vec<bool>>);

impl Seen {
    /// What a transfer function shows.
    pub(crate) fn of(cells: &Cells, visible: &Visible) -> Self {
        Self::near(cells.size, &visible.distance)
    }

    /// What a projection through a window shows that is black up to a value.
    pub(crate) fn above(cells: &Cells, black: f32) -> Self {
        let mut distance: Vec<u8> =
            cells.maximum.iter().map(|&most| if most > black { 0 } else { u8::MAX }).collect();
        chamfer(&mut distance, cells.size);
        Self::near(cells.size, &distance)
    }

    /// Everything.
    pub(crate) fn all(cells: &Cells) -> Self {
        Self::near(cells.size, &vec![0; cells.minimum.len()])
    }

    /// What lies within a cell of one that counts 0: a sample reaches a little way out of the cell it lies in.
    fn near(cells: [usize; 3], distance: &[u8]) -> Self {
        let tree = Tree::of(cells.map(|n| n * EDGE));
        let mut flags = tree.flags();
        let [ni, nj, _] = tree.size(0);
        for (row, line) in distance.chunks_exact(cells[0]).enumerate() {
            let (j, k) = (row % cells[1] / CELLS, row / cells[1] / CELLS);
            let bricks = &mut flags[0][(k * nj + j) * ni..][..ni];
            for (brick, run) in bricks.iter_mut().zip(line.chunks(CELLS)) {
                *brick |= run.iter().any(|&d| d <= 1);
            }
        }
        for level in 1..=tree.root().level {
            for n in 0..flags[usize::from(level)].len() {
                let [ni, nj, _] = tree.size(level);
                let brick = Brick { level, at: [n % ni, n / ni % nj, n / ni / nj].map(|p| p as u16) };
                let any = tree.children(brick).any(|c| flags[usize::from(c.level)][tree.index(c)]);
                flags[usize::from(level)][n] = any;
            }
        }
        Self(flags)
    }
}

/// A function of the place that is even along every axis: factors of i, j, k, and the value at voxel 0.
type Affine = [f64; 4];

/// Its smallest value in a box from `low` to `high` (voxels), its largest with the sign turned.
fn least(f: &Affine, low: [f64; 3], high: [f64; 3]) -> f64 {
    f[3] + (0..3).map(|a| f[a] * if f[a] > 0.0 { low[a] } else { high[a] }).sum::<f64>()
}

fn most(f: &Affine, low: [f64; 3], high: [f64; 3]) -> f64 {
    -least(&f.map(|x| -x), low, high)
}

/// What a picture asks of a volume.
#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) seen: Arc<Seen>,
    /// Something is seen only where all of these are 0 or more.
    inside: Vec<Affine>,
    /// Clip-space w and distance before the eye.
    w: Affine,
    away: Affine,
    /// Pixels that the edge of a voxel takes at w = 1.
    voxel_px: f64,
    /// No finer than this is wanted: pixels to a voxel's edge.
    pub(crate) enough_px: f64,
}

impl PartialEq for Want {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.seen, &other.seen)
            && self.inside == other.inside
            && self.w == other.w
            && self.away == other.away
            && self.voxel_px == other.voxel_px
            && self.enough_px == other.enough_px
    }
}

impl Want {
    /// Everything that may be seen, from anywhere: as fine as there is room.
    pub(crate) fn everywhere(seen: Arc<Seen>) -> Self {
        let one = [0.0, 0.0, 0.0, 1.0];
        Self { seen, inside: Vec::new(), w: one, away: one, voxel_px: 1.0, enough_px: 0.0 }
    }

    /// What an eye sees in a picture `height` pixels high.
    pub(crate) fn of(
        seen: Arc<Seen>,
        grid: &Grid,
        view: &ViewMatrices,
        height: u32,
        clip: &ClipPlanes,
    ) -> Self {
        let lps_from_ijk = DMat4::from(grid.lps_from_ijk().affine());
        let clip_from_ijk = view.clip_from_view * DMat4::from(view.view_from_lps) * lps_from_ijk;
        let [x, y, z, w] = [0, 1, 2, 3].map(|n| clip_from_ijk.row(n));
        let away = -(DMat4::from(view.view_from_lps) * lps_from_ijk).row(2);
        let planes = clip.planes().iter().filter_map(|p| {
            let n = p.normal.normalized()?.as_dvec3();
            Some(lps_from_ijk.transpose() * n.extend(-n.dot(p.point.as_dvec3())))
        });
        // the sides of the view and its near plane, where the depth is 1
        let inside = [w + x, w - x, w + y, w - y, w - z].into_iter().chain(planes);
        let mm = grid.voxel_mm3().cbrt();
        Self {
            seen,
            inside: inside.map(|f| f.to_array()).collect(),
            w: w.to_array(),
            away: away.to_array(),
            voxel_px: mm * view.pixels_per_mm(f64::from(height)),
            enough_px: 0.0,
        }
    }

    /// Only what a slice cuts.
    pub(crate) fn cut_by(mut self, grid: &Grid, plane: &SlicePlane) -> Self {
        let n = plane.away().as_dvec3();
        let at = plane.origin.as_dvec3();
        let f = DMat4::from(grid.lps_from_ijk().affine()).transpose() * n.extend(-n.dot(at));
        let reach = grid.spacing_mm().iter().copied().fold(0.0, f64::max);
        self.inside.extend([f, -f].map(|f| (f + DVec4::W * reach).to_array()));
        self
    }

    fn holds(&self, tree: &Tree, brick: Brick) -> bool {
        let (low, high) = corners(brick);
        self.seen.0[usize::from(brick.level)][tree.index(brick)]
            && self.inside.iter().all(|f| most(f, low, high) >= 0.0)
    }

    /// Pixels that the edge of one of its voxels takes at most, and how near it is.
    fn size_of(&self, brick: Brick) -> (f64, f64) {
        let (low, high) = corners(brick);
        let w = least(&self.w, low, high).max(1e-3);
        (self.voxel_px * f64::from(1_u32 << brick.level) / w, least(&self.away, low, high))
    }
}

/// The outer faces of a brick, in voxels of level 0 from the centre of the first.
fn corners(brick: Brick) -> ([f64; 3], [f64; 3]) {
    let edge = (BRICK << brick.level) as f64;
    let low = brick.at.map(|p| f64::from(p) * edge - 0.5);
    (low, low.map(|p| p + edge))
}

/// What is needed for a view.
#[derive(Debug)]
pub(crate) struct Choice {
    /// Bricks that cover together what is seen, without overlap, the most urgent first.
    pub(crate) leaves: Vec<Brick>,
    /// Bricks of level 0 that are seen, by [`Tree::index`].
    pub(crate) visible: Vec<usize>,
    /// Whether there was room for all that the picture can show.
    pub(crate) complete: bool,
    shown: Vec<Vec<bool>>,
}

impl Choice {
    /// Whether something of a brick is seen.
    pub(crate) fn shows(&self, tree: &Tree, brick: Brick) -> bool {
        self.shown[usize::from(brick.level)][tree.index(brick)]
    }

    /// The best that `room` bricks besides the root can show: whatever takes most pixels to a voxel is made finer
    /// first, of two alike the nearer.
    pub(crate) fn of(tree: &Tree, want: &Want, room: usize) -> Self {
        let mut shown = tree.flags();
        let mut visible = Vec::new();
        let mut stack = vec![tree.root()];
        while let Some(brick) = stack.pop() {
            if want.holds(tree, brick) {
                shown[usize::from(brick.level)][tree.index(brick)] = true;
                if brick.level == 0 {
                    visible.push(tree.index(brick));
                }
                stack.extend(tree.children(brick));
            }
        }
        let mut out = Self { leaves: Vec::new(), visible, complete: true, shown };
        let mut heap = BinaryHeap::new();
        let add = |heap: &mut BinaryHeap<Next>, brick| {
            let (px, away) = want.size_of(brick);
            heap.push(Next { px, away, brick });
        };
        if out.shows(tree, tree.root()) {
            add(&mut heap, tree.root());
        }
        let (mut used, mut leaves) = (0, Vec::new());
        while let Some(next) = heap.pop() {
            let brick = next.brick;
            if brick.level == 0 || next.px <= want.enough_px {
                leaves.push(next);
                continue;
            }
            let children: Vec<_> = tree.children(brick).filter(|&c| out.shows(tree, c)).collect();
            let freed = usize::from(brick != tree.root());
            if used + children.len() - freed > room {
                out.complete = false;
                leaves.push(next);
                continue;
            }
            used += children.len() - freed;
            for child in children {
                add(&mut heap, child);
            }
        }
        leaves.sort_by(|a, b| b.cmp(a));
        out.leaves = leaves.into_iter().map(|next| next.brick).collect();
        out
    }
}

/// A brick that might be split; the greatest is next.
struct Next {
    px: f64,
    away: f64,
    brick: Brick,
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_size = self.px.total_cmp(&other.px);
        by_size.then(other.away.total_cmp(&self.away)).then(self.brick.cmp(&other.brick))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Next {}
