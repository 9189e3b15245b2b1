//! Progress out, cancel in: the one interface of everything that takes over a second.

use std::sync::atomic::{AtomicBool, Ordering};

/// Hears how far a job has come and may ask it to stop.
pub trait Progress: Sync {
    /// How much is done, 0 to 1. May be called from any thread.
    fn report(&self, fraction: f32);

    /// Whether the person no longer wants the result.
    fn cancelled(&self) -> bool {
        false
    }

    /// Reports `done` of `total` steps and stops the job if that was asked for.
    ///
    /// # Errors
    /// [`Cancelled`] when [`Progress::cancelled`] is true.
    fn step(&self, done: usize, total: usize) -> Result<(), Cancelled> {
        self.report(if total == 0 { 1.0 } else { done as f32 / total as f32 });
        if self.cancelled() { Err(Cancelled) } else { Ok(()) }
    }
}

/// The job was stopped because somebody asked; nothing is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

impl crate::Told for Cancelled {
    fn chinese(&self) -> String {
        "已取消".to_owned()
    }
}

/// Nobody listens and nobody cancels.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _fraction: f32) {}
}

/// A stretch of a longer job: what reports 0 to 1 here moves the whole from one fraction to another.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    whole: &'a dyn Progress,
    from: f32,
    to: f32,
}

impl<'a> Part<'a> {
    /// The stretch between two fractions of `whole`.
    #[must_use]
    pub fn new(whole: &'a dyn Progress, from: f32, to: f32) -> Self {
        Self { whole, from, to }
    }
}

impl std::fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl Progress for Part<'_> {
    fn report(&self, fraction: f32) {
        self.whole.report((self.to - self.from).mul_add(fraction, self.from));
    }

    fn cancelled(&self) -> bool {
        self.whole.cancelled()
    }
}

/// Nobody listens, but a flag shared with another thread cancels.
#[derive(Debug, Default)]
pub struct CancelFlag(AtomicBool);

impl CancelFlag {
    /// Asks the job to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Progress for CancelFlag {
    fn report(&self, _fraction: f32) {}
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raised_flag_stops_the_next_step() {
        let flag = CancelFlag::default();
        assert_eq!(flag.step(0, 0), Ok(()));
        flag.cancel();
        assert_eq!(flag.step(1, 2), Err(Cancelled));
    }
}
