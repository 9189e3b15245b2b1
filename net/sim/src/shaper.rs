//! What happens to one packet: no socket, no clock, the same for the same seed.

use std::time::Duration;

use crate::profile::{Aqm, Bursts, Direction, Gap, GapKind};

/// What happens to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It arrives at this time.
    Deliver {
        /// On the clock of the call.
        at: Duration,
        /// Whether the queue has marked it: congestion, said by ECN instead of a loss.
        marked: bool,
    },
    /// It does not arrive.
    Drop(DropReason),
}

/// Why a packet is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// At random, or in a burst.
    Loss,
    /// The queue is full.
    Queue,
    /// By active queue management.
    Managed,
    /// In a gap.
    Gap,
}

/// What passed and what did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets offered.
    pub packets: u64,
    /// Bytes offered.
    pub bytes: u64,
    /// Packets delivered (or on their way).
    pub delivered: u64,
    /// Their bytes.
    pub delivered_bytes: u64,
    /// Lost at random or in bursts.
    pub lost: u64,
    /// Dropped because the queue was full.
    pub queue_dropped: u64,
    /// Dropped by active queue management.
    pub managed_dropped: u64,
    /// Marked by it.
    pub marked: u64,
    /// Dropped in a gap.
    pub gap_dropped: u64,
}

impl Counts {
    /// Packets that did not arrive.
    pub fn dropped(&self) -> u64 {
        self.lost + self.queue_dropped + self.managed_dropped + self.gap_dropped
    }
}

/// One way of a link.
#[derive(Debug, Clone)]
pub struct Shaper {
    way: Direction,
    gap: Option<Gap>,
    random: Random,
    /// When the link has sent all that is queued, in s.
    free: f64,
    last_arrival: f64,
    bad: bool,
    state_until: f64,
    managed: Codel,
    counts: Counts,
}

impl Shaper {
    /// A link that has carried nothing yet.
    pub fn new(way: Direction, gap: Option<Gap>, seed: u64) -> Self {
        let random = Random::new(seed);
        Self {
            way,
            gap,
            random,
            free: 0.0,
            last_arrival: 0.0,
            bad: false,
            state_until: 0.0,
            managed: Codel::default(),
            counts: Counts::default(),
        }
    }

    /// What passed so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How long a packet that came at `now` would wait before it is sent.
    pub fn backlog(&self, now: Duration) -> Duration {
        Duration::from_secs_f64((self.free - now.as_secs_f64()).max(0.0))
    }

    /// A packet comes to the link at `now`; times must not run backwards.
    pub fn offer(&mut self, now: Duration, bytes: usize) -> Verdict {
        self.counts.packets += 1;
        self.counts.bytes += bytes as u64;
        let verdict = self.judge(now.as_secs_f64(), bytes as f64);
        match verdict {
            Verdict::Deliver { marked, .. } => {
                self.counts.delivered += 1;
                self.counts.delivered_bytes += bytes as u64;
                self.counts.marked += u64::from(marked);
            }
            Verdict::Drop(DropReason::Loss) => self.counts.lost += 1,
            Verdict::Drop(DropReason::Queue) => self.counts.queue_dropped += 1,
            Verdict::Drop(DropReason::Managed) => self.counts.managed_dropped += 1,
            Verdict::Drop(DropReason::Gap) => self.counts.gap_dropped += 1,
        }
        verdict
    }

    fn judge(&mut self, now: f64, bytes: f64) -> Verdict {
        if self.random.unit() < self.way.loss || self.lost_in_burst(now) {
            return Verdict::Drop(DropReason::Loss);
        }
        let mut start = self.free.max(now);
        if (start - now) * self.rate(now) / 8.0 > self.way.queue_kb * 1e3 {
            return Verdict::Drop(DropReason::Queue);
        }
        if let Some(gap) = self.gap
            && let Some(end) = gap_end(gap, start)
        {
            if gap.kind == GapKind::Drop {
                return Verdict::Drop(DropReason::Gap);
            }
            start = end;
        }
        let signalled = self.way.aqm.is_some_and(|aqm| self.managed.signals(aqm, start, start - now));
        let marked = signalled && self.way.aqm.is_some_and(|aqm| aqm.mark);
        if signalled && !marked {
            return Verdict::Drop(DropReason::Managed);
        }
        self.free = start + bytes * 8.0 / self.rate(start);
        let jitter = self.random.normal().abs() * self.way.jitter_sigma_ms * 1e-3;
        let arrival = (self.free + self.way.delay_ms * 1e-3 + jitter).max(self.last_arrival);
        self.last_arrival = arrival;
        Verdict::Deliver { at: Duration::from_secs_f64(arrival), marked }
    }

    /// Bits a second at a time.
    fn rate(&self, at: f64) -> f64 {
        let mbit = match self.way.step {
            Some(step) if (at * 1e3 / step.every_ms) as u64 % 2 == 1 => step.rate_mbit,
            Some(_) | None => self.way.rate_mbit,
        };
        mbit * 1e6
    }

    fn lost_in_burst(&mut self, now: f64) -> bool {
        let Some(Bursts { bad_share, mean_bad_ms, loss_when_bad }) = self.way.bursts else { return false };
        // a link that was idle for long need not be replayed stay by stay
        if now - self.state_until > mean_bad_ms {
            (self.bad, self.state_until) = (self.random.unit() < bad_share, now);
        }
        while self.state_until <= now {
            self.bad = !self.bad;
            let mean = if self.bad { mean_bad_ms } else { mean_bad_ms * (1.0 - bad_share) / bad_share };
            self.state_until += -(1.0 - self.random.unit()).ln() * mean * 1e-3;
        }
        self.bad && self.random.unit() < loss_when_bad
    }
}

/// Controlled delay (RFC 8289), asked for each packet as it would leave the queue.
#[derive(Debug, Clone, Default)]
struct Codel {
    /// When the wait will have been above the target for an interval.
    above_until: Option<f64>,
    signalling: bool,
    next: f64,
    count: u32,
}

impl Codel {
    fn signals(&mut self, aqm: Aqm, at: f64, waited: f64) -> bool {
        let interval = aqm.interval_ms * 1e-3;
        if waited < aqm.target_ms * 1e-3 {
            self.above_until = None;
            self.signalling = false;
            return false;
        }
        let until = *self.above_until.get_or_insert(at + interval);
        if self.signalling {
            if at < self.next {
                return false;
            }
            self.count += 1;
            self.next += interval / f64::from(self.count).sqrt();
            return true;
        }
        if at < until {
            return false;
        }
        let recently = at - self.next < 16.0 * interval;
        self.signalling = true;
        self.count = if recently && self.count > 2 { self.count - 2 } else { 1 };
        self.next = at + interval / f64::from(self.count).sqrt();
        true
    }
}

/// The end of the gap in which `at` lies. Each period ends with its gap.
fn gap_end(gap: Gap, at: f64) -> Option<f64> {
    let period = gap.every_ms * 1e-3;
    let end = (at / period).floor() * period + period;
    (at >= end - gap.length_ms * 1e-3).then_some(end)
}

/// The number of gaps that have begun by `at`.
pub(crate) fn gaps_begun(gap: Gap, at: Duration) -> u64 {
    let since_first = at.as_secs_f64() - (gap.every_ms - gap.length_ms) * 1e-3;
    if since_first < 0.0 { 0 } else { (since_first / (gap.every_ms * 1e-3)) as u64 + 1 }
}

/// xorshift64*, warmed up: small seeds give small first values otherwise.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..32 {
            random.unit();
        }
        random
    }

    /// 0 to 1, 1 excluded.
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About a standard normal variate: the sum of twelve uniform ones less six, cut at ±6.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;

    /// Offers packets of 1,400 bytes at a steady rate for some seconds of simulated time.
    fn offer(shaper: &mut Shaper, mbit: f64, seconds: f64) -> Vec<(Duration, Verdict)> {
        let step = 1400.0 * 8.0 / (mbit * 1e6);
        (0..(seconds / step) as u64)
            .map(|n| {
                let now = Duration::from_secs_f64(n as f64 * step);
                (now, shaper.offer(now, 1400))
            })
            .collect()
    }

    fn down(name: &str, seed: u64) -> Shaper {
        let profile = Profile::named(name).unwrap();
        Shaper::new(profile.down, profile.gap, seed)
    }

    #[test]
    fn twice_the_rate_passes_once() {
        let mut shaper = down("embb-good", 3);
        offer(&mut shaper, 600.0, 5.0);
        let mbit = shaper.counts().delivered_bytes as f64 * 8.0 / 5.0 / 1e6;
        // the queue of 1.5 MB adds 2.4 Mbit/s over 5 s
        assert!((299.0..305.0).contains(&mbit), "{mbit}");
        assert!(shaper.counts().queue_dropped > 0);
    }

    #[test]
    fn delay_jitter_and_order_are_kept() {
        let mut shaper = down("embb-good", 4);
        let verdicts = offer(&mut shaper, 30.0, 2.0);
        let mut last = Duration::ZERO;
        let mut delays_ms = Vec::new();
        for (now, verdict) in verdicts {
            let Verdict::Deliver { at, .. } = verdict else { continue };
            assert!(at >= last && at.saturating_sub(now) >= Duration::from_millis(5));
            last = at;
            delays_ms.push(at.saturating_sub(now).as_secs_f64() * 1e3);
        }
        let mean = delays_ms.iter().sum::<f64>() / delays_ms.len() as f64;
        // 5 ms, and half-normal jitter (mean 1.6 ms) that order pushes up
        assert!((6.5..12.0).contains(&mean), "{mean}");
    }

    #[test]
    fn loss_is_as_stated() {
        let mut shaper = down("embb-edge", 5);
        offer(&mut shaper, 50.0, 40.0);
        let counts = shaper.counts();
        let share = counts.lost as f64 / counts.packets as f64;
        assert!((0.0045..0.0055).contains(&share), "{share}");
        assert_eq!(counts.queue_dropped, 0);
    }

    #[test]
    fn bursts_lose_one_in_a_hundred_together() {
        let mut shaper = down("wifi", 6);
        let verdicts = offer(&mut shaper, 50.0, 200.0);
        let counts = shaper.counts();
        let share = counts.lost as f64 / counts.packets as f64;
        assert!((0.007..0.013).contains(&share), "{share}");
        let lost: Vec<bool> =
            verdicts.iter().map(|(_, verdict)| *verdict == Verdict::Drop(DropReason::Loss)).collect();
        let pairs = lost.windows(2).filter(|pair| pair[0] && pair[1]).count() as f64;
        // independent loss of 1 % would follow itself once in a hundred times
        assert!(pairs / counts.lost as f64 > 0.3, "{pairs}");
    }

    #[test]
    fn a_stall_delays_and_a_drop_loses() {
        let gap = Gap { every_ms: 1000.0, length_ms: 60.0, kind: GapKind::Stall, new_address: false };
        let way =
            Direction { queue_kb: 10_000.0, loss: 0.0, jitter_sigma_ms: 0.0, ..down("embb-good", 1).way };
        let mut stall = Shaper::new(way.clone(), Some(gap), 1);
        let inside = Duration::from_millis(950);
        assert_eq!(
            stall.offer(Duration::from_millis(900), 100),
            Verdict::Deliver { at: Duration::from_nanos(905_002_667), marked: false }
        );
        let Verdict::Deliver { at, .. } = stall.offer(inside, 100) else { panic!("a stall loses nothing") };
        assert!(at >= Duration::from_millis(1005), "{at:?}");

        let mut drop = Shaper::new(way, Some(Gap { kind: GapKind::Drop, ..gap }), 1);
        assert_eq!(drop.offer(inside, 100), Verdict::Drop(DropReason::Gap));
        assert!(matches!(drop.offer(Duration::from_millis(1001), 100), Verdict::Deliver { .. }));
        assert_eq!(drop.counts().gap_dropped, 1);
        let begun = [900, 945, 1500, 1941].map(|ms| gaps_begun(gap, Duration::from_millis(ms)));
        assert_eq!(begun, [0, 1, 1, 2]);
    }

    #[test]
    fn the_rate_steps_and_the_queue_bloats() {
        let mut shaper = down("embb-busy", 8);
        let verdicts = offer(&mut shaper, 48.0, 10.0);
        let passed = |from: u64, to: u64| {
            let bytes = verdicts
                .iter()
                .filter(|(_, verdict)| {
                    matches!(verdict, Verdict::Deliver { at, .. } if (from..to).contains(&(at.as_millis() as u64)))
                })
                .count() as f64
                * 1400.0;
            bytes * 8.0 / ((to - from) as f64 * 1e-3) / 1e6
        };
        assert!((46.0..50.0).contains(&passed(1000, 5000)), "{}", passed(1000, 5000));
        assert!((14.0..16.0).contains(&passed(6500, 10000)), "{}", passed(6500, 10000));
        let longest = verdicts
            .iter()
            .filter_map(|(now, verdict)| match verdict {
                Verdict::Deliver { at, .. } => Some(at.saturating_sub(*now)),
                Verdict::Drop(_) => None,
            })
            .max()
            .unwrap();
        assert!(longest > Duration::from_millis(900), "2 MB at 15 Mbit/s are a second: {longest:?}");
    }

    #[test]
    fn a_managed_queue_signals_ever_more_often_and_stops_when_the_queue_is_gone() {
        let aqm = Aqm { target_ms: 5.0, interval_ms: 100.0, mark: false };
        let quiet = Direction { loss: 0.0, jitter_sigma_ms: 0.0, ..down("embb-good", 1).way };
        let mut drops = Shaper::new(Direction { aqm: Some(aqm), ..quiet.clone() }, None, 1);
        // a tenth more than passes: RFC 8289 needs 0.1 s before the first signal, and then 1, 1/√2, 1/√3 … of it
        offer(&mut drops, 330.0, 2.0);
        let counts = drops.counts();
        assert!(counts.managed_dropped > 20 && counts.lost == 0, "{counts:?}");
        let mut marks = Shaper::new(Direction { aqm: Some(Aqm { mark: true, ..aqm }), ..quiet }, None, 1);
        offer(&mut marks, 330.0, 0.3);
        let marked = marks.counts().marked;
        assert!(marked > 0 && marks.counts().managed_dropped == 0);
        assert!(marks.backlog(Duration::from_millis(300)) > Duration::from_millis(20));
        // nothing waits any more
        for n in 0..100 {
            marks.offer(Duration::from_millis(1000 + n), 1400);
        }
        assert_eq!(marks.counts().marked, marked);
    }

    #[test]
    fn the_same_seed_gives_the_same_link() {
        assert_eq!(offer(&mut down("wifi", 9), 40.0, 3.0), offer(&mut down("wifi", 9), 40.0, 3.0));
        assert_ne!(offer(&mut down("wifi", 9), 40.0, 3.0), offer(&mut down("wifi", 10), 40.0, 3.0));
    }
}
