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

/// Nobody listens and nobody cancels.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _fraction: f32) {}
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
