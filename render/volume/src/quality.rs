//! How finely a picture is drawn, and who decides that while it moves.

use meshing_volume::Phrase;

use crate::Scene;

/// A level of drawing, stated so that a viewer can say what it shows. Level 0 is full quality.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// 0 is full, each next one coarser.
    pub level: u8,
    /// What to say of it.
    pub name: Phrase,
    /// Pixels along each edge, as a share of the target's.
    pub scale: f64,
    /// Steps along rays, as a multiple of each look's own ([`Look::step_voxels`](crate::Look::step_voxels), which
    /// ends at 4 voxels).
    pub step: f32,
}

const fn level(level: u8, en: &'static str, zh: &'static str, scale: f64, step: f32) -> Quality {
    Quality { level, name: Phrase::new(en, zh), scale, step }
}

impl Quality {
    /// All that there is; what pictures in memory are always drawn with.
    pub const FULL: Self = Self::LEVELS[0];

    /// From full quality to the coarsest, each about half the work of the one before or less.
    pub const LEVELS: [Self; 6] = [
        level(0, "full quality", "完整质量", 1.0, 1.0),
        level(1, "moving, fine", "移动中，较细", 0.7, 1.0),
        level(2, "moving, half size", "移动中，半尺寸", 0.5, 1.0),
        level(3, "moving, coarse", "移动中，较粗", 0.42, 1.5),
        level(4, "moving, coarser", "移动中，粗", 0.34, 2.0),
        level(5, "moving, coarsest", "移动中，最粗", 0.24, 2.0),
    ];

    /// Whether it is full quality.
    pub fn is_full(&self) -> bool {
        self.level == 0
    }

    /// Pixels to draw for a target of a size; whoever shows them enlarges them to it.
    pub fn size(&self, target: [u32; 2]) -> [u32; 2] {
        target.map(|n| if n == 0 { 0 } else { ((f64::from(n) * self.scale).round() as u32).clamp(1, n) })
    }

    /// The scene to draw: the same one with longer steps and, below full quality, without shadows, which would have to be
    /// made anew for each view.
    pub fn scene(&self, scene: &Scene) -> Scene {
        let mut scene = scene.clone();
        for item in &mut scene.volumes {
            item.look.step_voxels *= self.step;
            if !self.is_full() {
                item.look.shading.shadow = 0.0;
            }
        }
        scene
    }

    /// Samples, as a share of full quality's.
    pub fn cost(&self) -> f64 {
        self.scale * self.scale / f64::from(self.step)
    }
}

/// A finer level must look this far inside the budget before it is tried.
const ROOM: f64 = 0.8;
/// So many frames in a row must call for a change: coarser soon, finer only when it lasts.
const COARSER_AFTER: u32 = 2;
const FINER_AFTER: u32 = 12;

/// Chooses the level of each frame: full quality when the view has rested, while it moves the finest level that
/// keeps to a budget. It has no clock, so that the same frames give the same levels.
#[derive(Clone, Debug)]
pub struct Adaptive {
    budget_ms: f64,
    rest_ms: f64,
    moving: usize,
    shown: usize,
    moved_at_ms: Option<f64>,
    coarser: u32,
    finer: u32,
}

impl Adaptive {
    /// With milliseconds a frame may take; at least 1. Begins at half size, and takes a view for resting 150 ms after
    /// it moved.
    pub fn new(budget_ms: f64) -> Self {
        let budget_ms = if budget_ms.is_finite() { budget_ms.max(1.0) } else { 1.0 };
        Self { budget_ms, rest_ms: 150.0, moving: 2, shown: 2, moved_at_ms: None, coarser: 0, finer: 0 }
    }

    /// The level of the next frame.
    pub const fn quality(&self) -> Quality {
        Quality::LEVELS[self.shown]
    }

    /// Takes in a frame that was drawn with [`quality`](Self::quality): how long it took, whether the view or the
    /// scene changed since the one before, and when it was shown, in milliseconds of any clock that does not run
    /// backwards. Gives the level of the next frame. Times that are no numbers count for nothing.
    pub fn frame(&mut self, took_ms: f64, moved: bool, now_ms: f64) -> Quality {
        // a frame of full quality at rest says nothing about those that move
        if took_ms.is_finite() && took_ms >= 0.0 && self.shown == self.moving {
            self.learn(took_ms);
        }
        if moved && now_ms.is_finite() {
            self.moved_at_ms = Some(now_ms);
        }
        let rests = self.moved_at_ms.is_none_or(|at| now_ms - at >= self.rest_ms);
        let shown = if rests { 0 } else { self.moving };
        self.shown = shown;
        self.quality()
    }

    /// Moves to the level that keeps to the budget, once enough frames call for it.
    fn learn(&mut self, took_ms: f64) {
        let now = Quality::LEVELS[self.moving].cost();
        let expected = |level: usize| took_ms * Quality::LEVELS[level].cost() / now;
        let last = Quality::LEVELS.len() - 1;
        let over = took_ms > self.budget_ms;
        let room = !over && self.moving > 0 && expected(self.moving - 1) < self.budget_ms * ROOM;
        self.coarser = if over { self.coarser + 1 } else { 0 };
        self.finer = if room { self.finer + 1 } else { 0 };
        if self.coarser >= COARSER_AFTER {
            let fits = |&level: &usize| expected(level) <= self.budget_ms;
            self.moving = (self.moving + 1..last).find(fits).unwrap_or(last);
        } else if self.finer >= FINER_AFTER {
            self.moving -= 1;
        } else {
            return;
        }
        (self.coarser, self.finer) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels over so many frames, 16 ms apart, of a machine that needs that long for full quality.
    fn run(adaptive: &mut Adaptive, full_ms: impl Fn(u32) -> f64, moved: bool, frames: u32) -> Vec<u8> {
        (0..frames)
            .map(|n| {
                let took = full_ms(n) * adaptive.quality().cost();
                let now = f64::from(n) * 16.0;
                adaptive.frame(took, moved, now).level
            })
            .collect()
    }

    #[test]
    fn levels_get_cheaper_and_say_what_they_are() {
        for pair in Quality::LEVELS.windows(2) {
            assert!(pair[1].cost() <= pair[0].cost() * 0.52 && pair[1].level == pair[0].level + 1);
            assert!(!pair[1].name.zh.is_empty() && pair[0].name != pair[1].name);
        }
        assert_eq!(Quality::FULL.size([641, 7]), [641, 7]);
        assert_eq!(Quality::LEVELS[5].size([641, 1]), [154, 1]);
        assert!(Quality::FULL.is_full() && !Quality::LEVELS[1].is_full());
    }

    #[test]
    fn a_moving_view_settles_on_the_finest_level_inside_the_budget() {
        for (full_ms, settled) in [(10.0, 0), (25.0, 1), (60.0, 2), (100.0, 3), (1000.0, 5)] {
            let levels = run(&mut Adaptive::new(16.0), |_| full_ms, true, 120);
            assert_eq!(levels[119], settled, "{full_ms} ms: {levels:?}");
            let changes = levels[60..].windows(2).filter(|w| w[0] != w[1]).count();
            assert_eq!(changes, 0, "{full_ms} ms: {levels:?}");
        }
    }

    #[test]
    fn times_that_swing_around_the_budget_do_not_make_levels_swing() {
        // half size takes between 11 and 17 ms
        let levels = run(&mut Adaptive::new(16.0), |n| if n % 3 == 0 { 68.0 } else { 44.0 }, true, 300);
        let changes = levels.windows(2).filter(|w| w[0] != w[1]).count();
        assert!(changes <= 2, "{changes} changes: {levels:?}");
        // without patience they would
        let greedy = (0..300).map(|n| u8::from(n % 3 == 0)).collect::<Vec<_>>();
        assert!(greedy.windows(2).filter(|w| w[0] != w[1]).count() > 100);
    }

    #[test]
    fn a_view_at_rest_is_drawn_in_full_whatever_that_takes_and_moves_again_as_before() {
        let mut adaptive = Adaptive::new(16.0);
        let moving = run(&mut adaptive, |_| 100.0, true, 60);
        let then = 60.0 * 16.0;
        assert_eq!(adaptive.frame(11.0, false, then + 50.0).level, *moving.last().unwrap());
        assert_eq!(adaptive.frame(11.0, false, then + 140.0).level, 0);
        for n in 0..50 {
            assert!(adaptive.frame(400.0, false, then + 200.0 + f64::from(n) * 400.0).is_full());
        }
        assert_eq!(adaptive.frame(400.0, true, then + 30_000.0).level, *moving.last().unwrap());
        let level = adaptive.frame(f64::NAN, true, f64::NAN).level;
        assert!(usize::from(level) < Quality::LEVELS.len());
    }
}
