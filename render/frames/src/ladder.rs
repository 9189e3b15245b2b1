//! What the edge sends next: video while something moves, better video once it rests, then exact tiles. Times are arguments.

/// Milliseconds without change after which a view rests.
pub const REST_MS: f64 = 150.0;
/// How much finer the quantiser is for a view at rest.
pub const BETTER_BY_QP: u8 = 6;

/// What to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A picture as video.
    Video,
    /// The same picture once more, [`BETTER_BY_QP`] finer.
    Better,
    /// The list of hashes and the tiles that the viewer does not hold.
    Exact,
    /// Nothing: all is there.
    Rest,
}

/// Climbs while nothing changes. One for each view.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ladder {
    changed_at_ms: Option<f64>,
    /// What was sent since the last change.
    sent_better: bool,
    sent_exact: bool,
}

impl Ladder {
    /// At the bottom.
    pub fn new() -> Self {
        Self::default()
    }

    /// The camera, the colours or anything else changed.
    pub fn changed(&mut self, now_ms: f64) {
        *self = Self { changed_at_ms: Some(now_ms), ..Self::default() };
    }

    /// The renderer made a better picture of the same scene, as it does when it gathers frames at rest.
    pub const fn improved(&mut self) {
        self.sent_exact = false;
    }

    /// What to send now; it counts as sent.
    pub fn step(&mut self, now_ms: f64) -> Step {
        let rests = self.changed_at_ms.is_some_and(|at| now_ms - at >= REST_MS);
        match (rests, self.sent_better, self.sent_exact) {
            (false, ..) => Step::Video,
            (true, false, _) => {
                self.sent_better = true;
                Step::Better
            }
            (true, true, false) => {
                self.sent_exact = true;
                Step::Exact
            }
            (true, true, true) => Step::Rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_at_rest_climbs_and_a_change_puts_it_down() {
        let mut ladder = Ladder::new();
        assert_eq!(ladder.step(0.0), Step::Video, "before anything is known");
        ladder.changed(100.0);
        for now in [100.0, 116.0, 249.9] {
            assert_eq!(ladder.step(now), Step::Video, "{now}");
        }
        assert_eq!(
            [250.0, 251.0, 252.0].map(|now| ladder.step(now)),
            [Step::Better, Step::Exact, Step::Rest]
        );
        ladder.improved();
        assert_eq!([300.0, 301.0].map(|now| ladder.step(now)), [Step::Exact, Step::Rest]);
        ladder.changed(302.0);
        assert_eq!(ladder.step(302.0), Step::Video);
        assert_eq!(ladder.step(f64::NAN), Step::Video, "a time that is no number is no rest");
    }
}
