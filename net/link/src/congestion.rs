//! Which congestion controller a link uses, and what it says about the path.

mod delay;

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use quinn::congestion::{BbrConfig, ControllerFactory, CubicConfig};

pub use delay::{DelayBased, DelayConfig};

/// How fast a link sends. `docs/streaming.md` says which to choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum CongestionControl {
    /// RFC 9438: fills every queue and takes each loss for congestion.
    Cubic,
    /// Model of rate and round trip, as quinn has it (BBR version 1).
    #[default]
    Bbr,
    /// Holds the queue of the link at a few ms, see [`DelayBased`].
    Delay,
}

impl CongestionControl {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cubic, Self::Bbr, Self::Delay];

    /// `cubic`, `bbr` or `delay`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cubic => "cubic",
            Self::Bbr => "bbr",
            Self::Delay => "delay",
        }
    }

    /// The controller for quinn. The delay-based one reads and writes `signals`.
    pub(crate) fn factory(self, signals: &Arc<PathSignals>) -> Arc<dyn ControllerFactory + Send + Sync> {
        match self {
            Self::Cubic => Arc::new(CubicConfig::default()),
            Self::Bbr => Arc::new(BbrConfig::default()),
            Self::Delay => Arc::new(DelayConfig::new(signals.clone())),
        }
    }
}

impl std::fmt::Display for CongestionControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no congestion controller of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "There is no congestion controller `{name}`. The link was not set up. Choose one of cubic, bbr and delay."
)]
pub struct UnknownController {
    /// The name, cut to 80 characters.
    pub name: String,
}

impl FromStr for CongestionControl {
    type Err = UnknownController;

    fn from_str(name: &str) -> Result<Self, UnknownController> {
        Self::ALL
            .into_iter()
            .find(|known| known.name() == name)
            .ok_or_else(|| UnknownController { name: name.chars().take(80).collect() })
    }
}

/// What a connection tells its congestion controller, and what that tells the connection. One for
/// each connection; the parts do not belong together in time, so plain atomics do.
#[derive(Debug, Default)]
pub struct PathSignals {
    interactive: AtomicBool,
    path_changes: AtomicU64,
    rate: AtomicU64,
    queue_us: AtomicU64,
    base_rtt_us: AtomicU64,
}

impl PathSignals {
    /// Whether frames flow: the queue target is then 8 ms instead of 20.
    pub fn set_interactive(&self, interactive: bool) {
        self.interactive.store(interactive, Ordering::Relaxed);
    }

    /// The peer or this side has another address: the round trip may be another from here on.
    pub fn path_changed(&self) {
        self.path_changes.fetch_add(1, Ordering::Relaxed);
    }

    /// What the delay-based controller thinks the path carries for this connection now, in bytes a
    /// second; 0 while it does not know, and with other controllers.
    pub fn rate(&self) -> u64 {
        self.rate.load(Ordering::Relaxed)
    }

    /// Its estimate of the time that packets wait in queues.
    pub fn queue(&self) -> Duration {
        Duration::from_micros(self.queue_us.load(Ordering::Relaxed))
    }

    /// Its estimate of the round trip with empty queues.
    pub fn base_rtt(&self) -> Duration {
        Duration::from_micros(self.base_rtt_us.load(Ordering::Relaxed))
    }

    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive.load(Ordering::Relaxed)
    }

    fn changes(&self) -> u64 {
        self.path_changes.load(Ordering::Relaxed)
    }

    fn publish(&self, rate: f64, queue: Duration, base_rtt: Duration) {
        self.rate.store(rate as u64, Ordering::Relaxed);
        self.queue_us.store(queue.as_micros() as u64, Ordering::Relaxed);
        self.base_rtt_us.store(base_rtt.as_micros() as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_are_chosen_by_name() {
        for control in CongestionControl::ALL {
            assert_eq!(control.to_string().parse(), Ok(control));
        }
        let unknown = "reno".parse::<CongestionControl>().unwrap_err().to_string();
        assert!(unknown.contains("`reno`") && unknown.contains("delay"), "{unknown}");
    }
}
