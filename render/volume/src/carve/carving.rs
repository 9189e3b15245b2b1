//! Carving step by step, back and forth.

use std::collections::VecDeque;
use std::sync::Arc;

use meshing_volume::Grid;

use super::{Brick, Bytes, Carve, CarveError, CarveMask, CarveTool, full, same};

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Bricks of 16³ voxels that became others.
    pub bricks: usize,
    /// Steps that can be undone no more, since what is kept of them would take more memory than allowed: the oldest
    /// ones first. Say so where it is not 0.
    pub forgotten: usize,
}

/// Carves a volume, and undoes it. Holds the bricks as they were before each step, within a limit.
#[derive(Clone, Debug)]
pub struct Carving {
    mask: CarveMask,
    undo: VecDeque<Step>,
    redo: Vec<Step>,
    limit_bytes: usize,
}

/// Bricks as they were, and the memory they take.
#[derive(Clone, Debug)]
struct Step {
    bricks: Vec<(usize, Brick)>,
    bytes: usize,
}

impl Step {
    fn new(bricks: Vec<(usize, Brick)>) -> Self {
        let own = bricks.iter().filter(|(_, b)| b.as_ref().is_some_and(|b| !Arc::ptr_eq(b, full())));
        let bytes = own.count() * size_of::<Bytes>() + bricks.len() * size_of::<(usize, Brick)>();
        Self { bricks, bytes }
    }
}

impl Carving {
    /// What steps back and forth may take together, at first: some thousand strokes.
    pub const LIMIT_BYTES: usize = 256 << 20;

    /// Nothing carved yet of a grid: that of the labels, and of the volume at its full resolution.
    pub fn new(grid: &Grid) -> Self {
        Self::of(CarveMask::none(grid))
    }

    /// Goes on from what was carved before.
    pub const fn of(mask: CarveMask) -> Self {
        Self { mask, undo: VecDeque::new(), redo: Vec::new(), limit_bytes: Self::LIMIT_BYTES }
    }

    /// With another limit of the memory for steps back and forth.
    #[must_use]
    pub const fn with_limit(mut self, bytes: usize) -> Self {
        self.limit_bytes = bytes;
        self
    }

    /// What is carved away now, to be drawn.
    pub const fn mask(&self) -> &CarveMask {
        &self.mask
    }

    /// Steps that can be undone and redone.
    pub fn steps(&self) -> [usize; 2] {
        [self.undo.len(), self.redo.len()]
    }

    /// Bytes that those steps take.
    pub fn bytes(&self) -> usize {
        self.undo.iter().chain(&self.redo).map(|step| step.bytes).sum()
    }

    /// Takes away or brings back, as one step; what was undone before can be redone no more. Without effect it is no
    /// step.
    ///
    /// # Errors
    /// [`CarveError`] where the tool is unsound; nothing is changed then.
    pub fn apply(&mut self, how: Carve, tool: &CarveTool<'_>) -> Result<Changed, CarveError> {
        let made = tool.made(how, &self.mask)?;
        Ok(self.put(made, false))
    }

    /// The same as part of the last step: what a brush adds while it is down. Where there is none, it is one.
    ///
    /// # Errors
    /// As [`Carving::apply`].
    pub fn join(&mut self, how: Carve, tool: &CarveTool<'_>) -> Result<Changed, CarveError> {
        let made = tool.made(how, &self.mask)?;
        Ok(self.put(made, true))
    }

    /// Undoes the last step, brick by brick; `None` where there is none.
    pub fn undo(&mut self) -> Option<Changed> {
        let step = self.undo.pop_back()?;
        let (changed, back) = self.swap(step.bricks);
        self.redo.push(back);
        Some(changed)
    }

    /// Does again what was undone last; `None` where nothing was.
    pub fn redo(&mut self) -> Option<Changed> {
        let step = self.redo.pop()?;
        let (changed, back) = self.swap(step.bricks);
        self.undo.push_back(back);
        Some(changed)
    }

    fn put(&mut self, made: Vec<(usize, Brick)>, join: bool) -> Changed {
        if made.is_empty() {
            return Changed::default();
        }
        let (mut changed, before) = self.swap(made);
        self.redo.clear();
        let last = if join { self.undo.pop_back() } else { None };
        self.undo.push_back(match last {
            Some(Step { mut bricks, .. }) => {
                // what a brick was before the whole step is what counts
                let known: std::collections::HashSet<_> = bricks.iter().map(|(n, _)| *n).collect();
                bricks.extend(before.bricks.into_iter().filter(|(n, _)| !known.contains(n)));
                Step::new(bricks)
            }
            None => before,
        });
        let mut held = self.bytes();
        while held > self.limit_bytes {
            let Some(oldest) = self.undo.pop_front() else { break };
            held -= oldest.bytes;
            changed.forgotten += 1;
        }
        changed
    }

    /// Puts bricks in place, and says what was there.
    fn swap(&mut self, step: Vec<(usize, Brick)>) -> (Changed, Step) {
        let bricks = Arc::make_mut(&mut self.mask.bricks);
        let mut before = Vec::with_capacity(step.len());
        let mut changed = Changed::default();
        for (n, brick) in step {
            changed.bricks += usize::from(!same(&bricks[n], &brick));
            before.push((n, std::mem::replace(&mut bricks[n], brick)));
        }
        (changed, Step::new(before))
    }
}
