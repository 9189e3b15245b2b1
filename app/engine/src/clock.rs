//! The wall clock, for journals, and stopwatches, for reports. Everything below the programs gets time as an argument.

use std::time::Instant;

use time::OffsetDateTime;

/// The time now, UTC, to the second: what a journal entry carries.
pub fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now)
}

/// Measures how long a job took.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    #[expect(clippy::new_without_default, reason = "starting a watch is an act, not a default")]
    pub fn new() -> Self {
        Self(Instant::now())
    }

    /// Seconds since the start, to the millisecond.
    pub fn seconds(&self) -> f64 {
        (self.0.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
    }

    /// Milliseconds since the start.
    pub fn millis(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1000.0
    }
}
