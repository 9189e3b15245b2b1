//! What part of a target is drawn.

use meshing_space::{Lps, Vector};

use super::{Target, Viewport};

/// A unit vector and a cosine.
pub(super) type Hole = (Vector<Lps>, f64);

/// The rectangle that a view fills, and what of it is drawn.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Of the target, inside the view's rectangle.
    pub(super) kept: Viewport,
    /// Volumes leave out rays whose cosine to a unit vector is larger.
    pub(super) hole: Option<Hole>,
    /// Holds nothing that somebody else drew.
    pub(super) fresh: bool,
}

impl Part {
    pub(super) fn of(target: &Target<'_>, within: Option<Viewport>) -> Option<Self> {
        let [width, height] = target.size;
        let Viewport { x, y, width, height } =
            target.viewport.unwrap_or(Viewport { x: 0, y: 0, width, height });
        let mut kept = Viewport { x, y, width, height };
        if let Some(w) = within {
            let [right, low] = [(w.x + w.width).min(x + width), (w.y + w.height).min(y + height)];
            kept = Viewport { x: w.x.max(x), y: w.y.max(y), width: 0, height: 0 };
            kept.width = right.saturating_sub(kept.x);
            kept.height = low.saturating_sub(kept.y);
        }
        (kept.width > 0 && kept.height > 0).then_some(Self {
            x,
            y,
            width,
            height,
            kept,
            hole: None,
            fresh: target.clear.is_some(),
        })
    }

    /// The same at the corner of a target of its own.
    pub(super) const fn at_corner(self) -> Self {
        let kept = Viewport { x: self.kept.x - self.x, y: self.kept.y - self.y, ..self.kept };
        Self { x: 0, y: 0, kept, ..self }
    }
}

impl From<Viewport> for Part {
    /// All of a rectangle.
    fn from(kept: Viewport) -> Self {
        let Viewport { x, y, width, height } = kept;
        Self { x, y, width, height, kept, hole: None, fresh: false }
    }
}
