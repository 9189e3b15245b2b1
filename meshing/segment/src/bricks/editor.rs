//! Changes to a label map that can be taken back.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

use meshing_space::{Lps, Point};

use super::brush::Stroke;
use super::{Brick, Brush, BrushError, EDGE, LabelBricks, VOXELS};

/// What a change touched, so that only this is drawn anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// How many voxels have another label than before; for undo and redo those of the bricks that changed.
    pub voxels: usize,
    /// Lowest i, j, k of the bricks that changed, and those after the highest.
    pub bounds: [[usize; 3]; 2],
}

/// A label map with its history.
///
/// A step of the history holds the bricks that it changed, as they were. Bricks are shared with the map and among steps, so a
/// step costs what the changed bricks cost, counted as if nothing were shared. The steps together never cost more than the
/// limit: the oldest are forgotten, and the last one alone if it is larger.
#[derive(Clone, Debug)]
pub struct Editor {
    bricks: LabelBricks,
    done: VecDeque<Step>,
    undone: Vec<Step>,
    /// The last of `done` still grows.
    open: bool,
    limit_bytes: usize,
}

/// Bricks by number, as they are on the other side of the step.
#[derive(Clone, Debug, Default)]
struct Step {
    bricks: BTreeMap<u32, Brick>,
    bytes: usize,
}

impl Step {
    /// Takes up how a brick was, unless that is known already.
    fn hold(&mut self, n: u32, brick: Brick) {
        if let Entry::Vacant(entry) = self.bricks.entry(n) {
            self.bytes += bytes(&brick);
            entry.insert(brick);
        }
    }
}

/// What a brick costs in a step, with its number and what a tree keeps for it.
fn bytes(brick: &Brick) -> usize {
    size_of::<Brick>() + 2 * size_of::<u32>() + brick.bytes()
}

impl Editor {
    /// Memory that the history may take unless told otherwise, bytes.
    pub const USUAL_LIMIT: usize = 256 << 20;

    /// Edits a map, with at most so many bytes of history.
    pub const fn new(bricks: LabelBricks, limit_bytes: usize) -> Self {
        Self { bricks, done: VecDeque::new(), undone: Vec::new(), open: false, limit_bytes }
    }

    /// The map as it is now.
    pub const fn bricks(&self) -> &LabelBricks {
        &self.bricks
    }

    /// Begins a new step: what is painted from here on is taken back together.
    pub const fn begin(&mut self) {
        self.open = false;
    }

    /// Paints along the straight way from one point to another (LPS mm, may be equal and may lie outside), all within the
    /// brush's radius of it, as a part of the open step; call [`Editor::begin()`] before each stroke. `None` where no voxel
    /// changed. What had been taken back can then not be done again.
    ///
    /// # Errors
    /// [`BrushError`]: a radius, place, label or volume that cannot be used. Nothing has changed then.
    pub fn paint(
        &mut self,
        brush: &Brush<'_>,
        from: Point<Lps>,
        to: Point<Lps>,
    ) -> Result<Option<Changed>, BrushError> {
        let grid = *self.bricks.grid();
        brush.check(&grid)?;
        let stroke = Stroke::new(&grid, from, to, brush.radius_mm)?;
        let free = brush.free();
        let mut cells = [0_u8; VOXELS];
        let mut before = Step::default();
        let mut voxels = 0;
        if (0..3).any(|axis| stroke.low[axis] >= stroke.high[axis]) {
            return Ok(None);
        }
        let span = |axis: usize| stroke.low[axis] / EDGE..stroke.high[axis].div_ceil(EDGE);
        for bk in span(2) {
            for bj in span(1) {
                for bi in span(0) {
                    let n = (bk * self.bricks.counts[1] + bj) * self.bricks.counts[0] + bi;
                    let brick = &self.bricks.bricks[n];
                    if matches!(brick, Brick::Uniform(label) if !free[usize::from(*label)]) {
                        continue;
                    }
                    brick.read(&mut cells);
                    let changed = paint_cells(&mut cells, [bi, bj, bk], &stroke, |label, voxel| {
                        let place = (voxel[2] * grid.size()[1] + voxel[1]) * grid.size()[0] + voxel[0];
                        (free[usize::from(label)] && brush.allows(place)).then_some(brush.label)
                    });
                    if changed > 0 {
                        voxels += changed;
                        let old = core::mem::replace(&mut self.bricks.bricks[n], Brick::of(&cells));
                        before.hold(n as u32, old);
                    }
                }
            }
        }
        if voxels == 0 {
            return Ok(None);
        }
        let bounds = self.bounds(&before);
        self.keep(before);
        Ok(Some(Changed { voxels, bounds }))
    }

    /// Takes the last step back; `None` where there is none.
    pub fn undo(&mut self) -> Option<Changed> {
        let step = self.done.pop_back()?;
        let (changed, other) = self.swap(step);
        self.undone.push(other);
        Some(changed)
    }

    /// Does again what was taken back last; `None` where there is nothing.
    pub fn redo(&mut self) -> Option<Changed> {
        let step = self.undone.pop()?;
        let (changed, other) = self.swap(step);
        self.done.push_back(other);
        Some(changed)
    }

    /// Steps that can be taken back, and that can be done again.
    pub fn steps(&self) -> [usize; 2] {
        [self.done.len(), self.undone.len()]
    }

    /// Memory that the history takes, bytes; after each stroke at most the limit, or one step.
    pub fn history_bytes(&self) -> usize {
        self.done.iter().chain(&self.undone).map(|step| step.bytes).sum()
    }

    /// Adds bricks as they were before a change to the open step, or opens one; forgets what is too much.
    fn keep(&mut self, before: Step) {
        self.undone.clear();
        match self.done.back_mut().filter(|_| self.open) {
            // As a brick was before the step, not before the last change of it.
            Some(step) => before.bricks.into_iter().for_each(|(n, brick)| step.hold(n, brick)),
            None => self.done.push_back(before),
        }
        self.open = true;
        let mut bytes = self.history_bytes();
        while bytes > self.limit_bytes && self.done.len() > 1 {
            bytes -= self.done.pop_front().map_or(0, |step| step.bytes);
        }
    }

    /// Exchanges a step's bricks with those of the map.
    fn swap(&mut self, mut step: Step) -> (Changed, Step) {
        self.open = false;
        let (mut now, mut then, mut voxels) = ([0_u8; VOXELS], [0_u8; VOXELS], 0);
        step.bytes = 0;
        for (&n, brick) in &mut step.bricks {
            let mine = &mut self.bricks.bricks[n as usize];
            mine.read(&mut now);
            brick.read(&mut then);
            voxels += now.iter().zip(&then).filter(|(now, then)| now != then).count();
            core::mem::swap(mine, brick);
            step.bytes += bytes(brick);
        }
        (Changed { voxels, bounds: self.bounds(&step) }, step)
    }

    fn bounds(&self, step: &Step) -> [[usize; 3]; 2] {
        let (size, [across, along, _]) = (self.bricks.grid.size(), self.bricks.counts);
        let mut bounds = [size, [0; 3]];
        for &n in step.bricks.keys() {
            let n = n as usize;
            for (axis, at) in [n % across, n / across % along, n / (across * along)].into_iter().enumerate() {
                bounds[0][axis] = bounds[0][axis].min(at * EDGE);
                bounds[1][axis] = bounds[1][axis].max(((at + 1) * EDGE).min(size[axis]));
            }
        }
        bounds
    }
}

/// Gives the voxels of a brick that the stroke holds the labels that `paint` answers; how many there were.
fn paint_cells(
    cells: &mut [u8; VOXELS],
    brick: [usize; 3],
    stroke: &Stroke,
    paint: impl Fn(u8, [usize; 3]) -> Option<u8>,
) -> usize {
    let first = brick.map(|n| n * EDGE);
    let span = |axis: usize| {
        stroke.low[axis].saturating_sub(first[axis])..(stroke.high[axis] - first[axis]).min(EDGE)
    };
    let columns = span(0);
    let mut changed = 0;
    for ck in span(2) {
        for cj in span(1) {
            let (j, k) = (first[1] + cj, first[2] + ck);
            let row = (ck * EDGE + cj) * EDGE;
            let cells = &mut cells[row + columns.start..row + columns.end];
            let from = first[0] + columns.start;
            changed += match stroke.ball_row(j, k) {
                Some(holds) => paint_row(cells, from, holds, |label, i| paint(label, [i, j, k])),
                None => {
                    paint_row(cells, from, |i| stroke.holds([i, j, k]), |label, i| paint(label, [i, j, k]))
                }
            };
        }
    }
    changed
}

/// As [`paint_cells`] for cells beside each other, the first in column `from`.
fn paint_row(
    cells: &mut [u8],
    from: usize,
    holds: impl Fn(usize) -> bool,
    paint: impl Fn(u8, usize) -> Option<u8>,
) -> usize {
    let mut changed = 0;
    for (i, cell) in (from..).zip(cells) {
        if holds(i)
            && let Some(label) = paint(*cell, i)
        {
            *cell = label;
            changed += 1;
        }
    }
    changed
}
