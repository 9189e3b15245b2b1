//! A congestion controller that holds the queue of the link at a few milliseconds.
//!
//! The window grows by a small step a round trip while packets wait less than the target, and shrinks
//! in proportion to the excess above it (Swift, Kumar et al., SIGCOMM 2020). What waits is the lowest
//! round trip of the last moments (the "standing" one of Copa, Arun & Balakrishnan, NSDI 2018: jitter,
//! delayed and aggregated acknowledgements only ever add) less the lowest of the last ten seconds.
//! That base is confirmed by draining the queue every few seconds where it does not drain by itself,
//! and forgotten when the path changes. Loss counts only where it is too much for a radio link.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::congestion::{Controller, ControllerFactory, ControllerMetrics};
use quinn_proto::RttEstimator;

use super::PathSignals;

const INITIAL_WINDOW: u64 = 128 << 10;
const LEAST_WINDOW: u64 = 16 << 10;
const MOST_WINDOW: u64 = 6 << 20;
/// Queue in s that a flow of `REFERENCE_RATE` aims at while only bulk data flow, and while frames do.
const TARGET_BULK: f64 = 0.020;
const TARGET_INTERACTIVE: f64 = 0.008;
/// Bytes a second. A flow of twice the rate aims at a queue shorter by `TARGET_SLOPE`: flows whose
/// bases differ a little then still share alike.
const REFERENCE_RATE: f64 = 50e6 / 8.0;
const TARGET_SLOPE: f64 = 0.15;
/// Most jitter that is believed, in s.
const MOST_JITTER: f64 = 0.012;
/// Share of the excess delay by which the window shrinks, and the most in one round trip.
const DECREASE: f64 = 0.8;
const MOST_DECREASE: f64 = 0.5;
/// Answer to congestion that the network itself has marked (RFC 8511).
const ECN_DECREASE: f64 = 0.85;
/// Loss within `LOSS_SPAN` counts as congestion above this share and this many bytes.
const LOSS_SHARE: f64 = 0.04;
const LOSS_BYTES: u64 = 40 << 10;
const LOSS_SPAN: Duration = Duration::from_millis(250);
const LOSS_DECREASE: f64 = 0.7;
/// A lowest round trip is believed for this long.
const BASE_SPAN: Duration = Duration::from_secs(10);
/// The queue is drained when the base was not seen for this long.
const DRAIN_AFTER: Duration = Duration::from_secs(5);
/// An old base is believed for this long after the link was silent.
const SUSPECT: Duration = Duration::from_millis(300);
/// The first drain after startup.
const SETTLE: Duration = Duration::from_secs(1);
/// Share of the bandwidth-delay product that stays in flight meanwhile.
const DRAIN_SHARE: f64 = 0.6;
/// The rate that is reported grows by this share a second while the path shows no queue.
const RATE_GROWTH: f64 = 0.2;
/// What arrived in this time is what the path carries, where a queue stands.
const RATE_SPAN: Duration = Duration::from_millis(80);
/// Fewer samples than this say nothing about a queue: each may be an acknowledgement held back.
const LEAST_SAMPLES: u32 = 4;

/// Makes [`DelayBased`] controllers for quinn.
#[derive(Debug, Clone)]
pub struct DelayConfig {
    signals: Arc<PathSignals>,
}

impl DelayConfig {
    /// Controllers that read and write these signals.
    pub fn new(signals: Arc<PathSignals>) -> Self {
        Self { signals }
    }
}

impl ControllerFactory for DelayConfig {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        Box::new(DelayBased::new(self.signals.clone(), now, current_mtu))
    }
}

/// Lowest and highest value of a moving span of time, in a few slots.
#[derive(Debug, Clone)]
struct Extremes<const SLOTS: usize> {
    slots: [Option<(Instant, Span)>; SLOTS],
    at: usize,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    least: Duration,
    most: Duration,
    count: u32,
}

impl<const SLOTS: usize> Extremes<SLOTS> {
    fn new() -> Self {
        Self { slots: [None; SLOTS], at: 0 }
    }

    /// Adds a value; `span` is that of the whole window.
    fn add(&mut self, now: Instant, span: Duration, value: Duration) {
        let one = Span { least: value, most: value, count: 1 };
        match &mut self.slots[self.at] {
            Some((began, slot)) if now.duration_since(*began) < span / SLOTS as u32 => {
                *slot = slot.with(one);
            }
            Some(_) => {
                self.at = (self.at + 1) % SLOTS;
                self.slots[self.at] = Some((now, one));
            }
            empty @ None => *empty = Some((now, one)),
        }
    }

    /// All values within `span` of `now`.
    fn get(&self, now: Instant, span: Duration) -> Option<Span> {
        let fresh = self.slots.iter().flatten().filter(|(began, _)| now.duration_since(*began) <= span);
        fresh.map(|(_, slot)| *slot).reduce(Span::with)
    }
}

impl Span {
    fn with(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
            count: self.count + other.count,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// The window grows by half in each round trip until a queue shows.
    Startup,
    /// Around the target.
    Steady,
    /// Little is sent until the queue is empty; the window afterwards.
    Drain { until: Instant, rate: f64, then: f64 },
}

/// A delay-based congestion controller; see the head of this file.
#[derive(Debug, Clone)]
pub struct DelayBased {
    signals: Arc<PathSignals>,
    path_changes: u64,
    mtu: f64,
    window: f64,
    phase: Phase,
    /// Round trips of the last moments and of the last seconds.
    standing: Extremes<4>,
    base: Extremes<10>,
    /// After a silence of the link: when the old base is no longer believed.
    suspect: Option<Instant>,
    /// When the next drain is due at the latest.
    drain_at: Instant,
    /// What jitter alone adds to the standing round trip, in s.
    jitter: f64,
    last_ack: Instant,
    /// The longest round trip of the packets acknowledged together.
    slowest: Duration,
    smoothed: Duration,
    // this round trip
    round_end: u64,
    last_sent: u64,
    reference: f64,
    marked: bool,
    peak_in_flight: f64,
    last_peak: f64,
    velocity: f64,
    grew_only: bool,
    /// Bytes a second that the path is thought to carry, and when that was looked at.
    rate: f64,
    rate_at: Instant,
    /// The window at which too much was lost: near it, growth is slow.
    ceiling: f64,
    /// After startup, while others still yield.
    settling: bool,
    acked: f64,
    /// Time, bytes acknowledged and lost, in steps of about 10 ms.
    recent: VecDeque<(Instant, u64, u64)>,
}

impl DelayBased {
    /// A controller for a path of which nothing is known.
    pub fn new(signals: Arc<PathSignals>, now: Instant, mtu: u16) -> Self {
        Self {
            path_changes: signals.changes(),
            signals,
            mtu: f64::from(mtu),
            window: INITIAL_WINDOW as f64,
            phase: Phase::Startup,
            standing: Extremes::new(),
            base: Extremes::new(),
            suspect: None,
            drain_at: now + DRAIN_AFTER,
            jitter: 0.0,
            last_ack: now,
            slowest: Duration::ZERO,
            smoothed: Duration::ZERO,
            round_end: 0,
            last_sent: 0,
            reference: INITIAL_WINDOW as f64,
            marked: false,
            peak_in_flight: 0.0,
            last_peak: 0.0,
            velocity: 1.0,
            grew_only: true,
            rate: 0.0,
            rate_at: now,
            ceiling: f64::INFINITY,
            settling: false,
            acked: 0.0,
            recent: VecDeque::new(),
        }
    }

    /// Queue that this flow aims at, in s, for a standing round trip.
    fn target(&self, standing: Duration) -> f64 {
        let full = if self.signals.is_interactive() { TARGET_INTERACTIVE } else { TARGET_BULK };
        let rate = self.window / standing.as_secs_f64().max(1e-4);
        full * (1.0 - TARGET_SLOPE * (rate / REFERENCE_RATE).log2()).clamp(0.4, 2.0)
    }

    /// The queue in s that shows in a standing round trip. On a link that keeps its packets in order,
    /// jitter alone makes a standing part, about as large as the changes within a moment are; what of
    /// it would be much of the target is taken off.
    fn queue(&self, base: Duration, standing: Duration, target: f64) -> f64 {
        let feigned = (self.jitter - 0.4 * target).max(0.0);
        (standing.saturating_sub(base).as_secs_f64() - feigned).max(0.0)
    }

    /// "The last moments": long enough to see through jitter, short enough to see a queue grow.
    fn span(&self) -> Duration {
        (self.smoothed / 2).clamp(Duration::from_millis(6), Duration::from_millis(50))
    }

    fn set_window(&mut self, window: f64) {
        self.window = window.clamp(LEAST_WINDOW as f64, MOST_WINDOW as f64);
    }

    fn forget_base(&mut self, now: Instant) {
        self.base = Extremes::new();
        self.suspect = None;
        self.drain_at = now;
    }

    /// Acknowledged and lost bytes of the last `span`.
    fn recent(&self, now: Instant, span: Duration) -> (u64, u64) {
        let fresh = self.recent.iter().rev().take_while(|(at, ..)| now.duration_since(*at) <= span);
        fresh.fold((0, 0), |(acked, lost), (_, more, gone)| (acked + more, lost + gone))
    }

    fn record(&mut self, now: Instant, acked: u64, lost: u64) {
        match self.recent.back_mut() {
            Some((at, all, gone)) if now.duration_since(*at) < Duration::from_millis(10) => {
                *all += acked;
                *gone += lost;
            }
            _ => {
                self.recent.push_back((now, acked, lost));
                while self.recent.front().is_some_and(|(at, ..)| now.duration_since(*at) > LOSS_SPAN) {
                    self.recent.pop_front();
                }
            }
        }
    }

    /// Begins to believe another base after the link was silent, as in a hand-over, for its round trip
    /// may be another. The old one is confirmed or forgotten within a moment.
    fn notice_silence(&mut self, now: Instant) {
        // an idle sender hears nothing either, but then what it sends is answered in time
        let silence = now.duration_since(self.last_ack).min(self.slowest);
        if silence > (self.smoothed * 3 / 2).max(Duration::from_millis(25)) {
            self.suspect = Some(now + SUSPECT);
        }
        self.slowest = Duration::ZERO;
    }

    fn end_round(&mut self, queue: f64, target: f64) {
        self.velocity = if self.grew_only && queue < target / 2.0 { self.velocity * 2.0 } else { 1.0 };
        self.grew_only = true;
        self.round_end = self.last_sent + 1;
        self.reference = self.window;
        self.marked = false;
        self.last_peak = self.peak_in_flight;
        self.peak_in_flight = 0.0;
    }

    /// The step of a round trip. It grows slower than the window, so that of two flows the smaller one
    /// catches up, and doubles from round to round while there is next to no queue.
    fn step(&self) -> f64 {
        let step = self.mtu * (self.window / (5.0 * self.mtu)).sqrt().max(2.0);
        (step * self.velocity).min(self.window / 4.0)
    }

    /// Whether what is in flight comes near the window, so that a queue is of our making.
    fn is_used(&self) -> bool {
        self.peak_in_flight.max(self.last_peak) > self.window / 2.0
    }

    fn adjust(&mut self, now: Instant, base: Duration, standing: Duration, queue: f64, target: f64) {
        let used = self.is_used();
        match self.phase {
            Phase::Drain { until, rate, then } => {
                // the base falls while the queue does, and what the path holds with it
                self.set_window(self.window.min(DRAIN_SHARE * rate * base.as_secs_f64()));
                if now >= until {
                    self.phase = Phase::Steady;
                    self.set_window(then);
                    self.reference = self.window;
                    // one that came late took the others' queue for the base: it looks again once they have yielded
                    let again = if self.settling { SETTLE } else { DRAIN_AFTER };
                    self.settling = false;
                    self.drain_at = now + again;
                }
            }
            Phase::Startup if used && queue > target * 0.75 => {
                // the last step was too much: back to what the path holds, once with an empty queue
                let holds = self.window * base.as_secs_f64() / standing.as_secs_f64();
                self.drain(now, standing, holds.max(self.window * MOST_DECREASE));
                self.settling = true;
            }
            Phase::Startup => {
                if used {
                    self.set_window(self.window + self.acked / 2.0);
                }
            }
            Phase::Steady if used && now >= self.drain_at => self.drain(now, standing, self.window),
            Phase::Steady if used && queue > target => {
                let excess = (queue - target) / standing.as_secs_f64();
                let shrunk = self.reference * (1.0 - DECREASE * excess).max(MOST_DECREASE);
                self.set_window(self.window.min(shrunk));
                self.grew_only = false;
                self.velocity = 1.0;
            }
            Phase::Steady => {
                if used {
                    if queue > target / 2.0 || self.window + self.step() > 0.8 * self.ceiling {
                        self.velocity = 1.0;
                    }
                    self.set_window(self.window + self.step() * self.acked / self.window);
                    self.ceiling = self.ceiling.max(self.window);
                }
            }
        }
    }

    /// Sends little for a moment, so that the base shows; then goes on with the window `then`.
    fn drain(&mut self, now: Instant, standing: Duration, then: f64) {
        let rate = self.window / standing.as_secs_f64().max(1e-4);
        self.phase = Phase::Drain { until: now + 2 * standing, rate, then };
    }

    fn shrink(&mut self, factor: f64) {
        if !self.marked {
            self.marked = true;
            self.set_window(self.window.min(self.reference * factor));
            self.grew_only = false;
            self.velocity = 1.0;
            if let Phase::Drain { then, .. } = &mut self.phase {
                *then *= factor;
            } else {
                self.phase = Phase::Steady;
            }
        }
    }

    /// Follows what the path carries for this connection. The window alone says too much where frames
    /// do not fill it: where a queue stands, what arrives is what the path carries; where none does, it
    /// may be a little more than was thought.
    fn follow_rate(&mut self, now: Instant, standing: Duration, queue: f64, target: f64) {
        let window = if let Phase::Drain { then, .. } = self.phase { then } else { self.window };
        let allowed = window / standing.as_secs_f64().max(1e-4);
        let passed = now.duration_since(self.rate_at).as_secs_f64().min(0.1);
        self.rate_at = now;
        let (acked, _) = self.recent(now, RATE_SPAN);
        let carried = acked as f64 / RATE_SPAN.as_secs_f64();
        let full = self.is_used() && queue > target / 2.0;
        self.rate = match self.phase {
            Phase::Startup => allowed,
            Phase::Steady if full => carried,
            Phase::Steady | Phase::Drain { .. } => (self.rate * (1.0 + RATE_GROWTH * passed)).max(carried),
        };
        self.rate = self.rate.min(allowed);
    }
}

impl Controller for DelayBased {
    fn on_sent(&mut self, _now: Instant, _bytes: u64, last_packet_number: u64) {
        self.last_sent = last_packet_number;
    }

    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, _app_limited: bool, rtt: &RttEstimator) {
        self.smoothed = rtt.get();
        self.acked += bytes as f64;
        self.record(now, bytes, 0);
        let span = self.span();
        let round_trip = now.duration_since(sent);
        self.slowest = self.slowest.max(round_trip);
        self.standing.add(now, span, round_trip);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        _app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        let before = in_flight as f64 + self.acked;
        self.peak_in_flight = self.peak_in_flight.max(before);
        if self.path_changes != self.signals.changes() {
            self.path_changes = self.signals.changes();
            self.forget_base(now);
        }
        self.notice_silence(now);
        self.last_ack = now;
        if self.suspect.is_some_and(|at| now >= at) {
            self.forget_base(now);
        }
        let span = self.span();
        let Some(recent) = self.standing.get(now, span) else { return };
        let (standing, known) = (recent.least, recent.count >= LEAST_SAMPLES);
        let old = self.base.get(now, BASE_SPAN).map(|all| all.least);
        if known || old.is_none() {
            self.base.add(now, BASE_SPAN, standing);
        }
        let base = old.map_or(standing, |old| old.min(standing));
        let target = self.target(standing);
        // few samples say nothing: each may be an acknowledgement held back
        let mut queue = if known { self.queue(base, standing, target) } else { 0.0 };
        // a queue that grows fast is seen in half of the moment
        if let Some(last) = self.standing.get(now, span / 2).filter(|last| last.count >= LEAST_SAMPLES) {
            let latest = self.queue(base, last.least, target);
            if latest > 2.0 * target + self.jitter {
                queue = latest;
            }
        }
        if known && queue < target / 8.0 {
            // the base was met: no need to drain for it
            self.drain_at = self.drain_at.max(now + if self.settling { SETTLE } else { DRAIN_AFTER });
            self.suspect = None;
        }
        self.adjust(now, base, standing, queue, target);
        self.acked = 0.0;
        if largest_packet_num_acked.is_some_and(|largest| largest >= self.round_end) {
            if known {
                let amplitude = recent.most.saturating_sub(recent.least).as_secs_f64().min(MOST_JITTER);
                // its lower bound: a queue that grows changes the round trip too
                let weight = if amplitude < self.jitter { 1.0 / 6.0 } else { 1.0 / 48.0 };
                self.jitter += weight * (amplitude - self.jitter);
            }
            self.end_round(queue, target);
        }
        self.follow_rate(now, standing, queue, target);
        self.signals.publish(self.rate, Duration::from_secs_f64(queue), base);
    }

    fn on_congestion_event(&mut self, now: Instant, _sent: Instant, is_persistent: bool, lost_bytes: u64) {
        if lost_bytes == 0 {
            self.shrink(ECN_DECREASE);
            return;
        }
        self.record(now, 0, lost_bytes);
        if is_persistent {
            self.phase = Phase::Startup;
            self.set_window(self.window.min(INITIAL_WINDOW as f64));
            self.forget_base(now);
            return;
        }
        let (acked, lost) = self.recent(now, LOSS_SPAN);
        if lost > LOSS_BYTES && lost as f64 > LOSS_SHARE * (acked + lost) as f64 {
            self.ceiling = self.window;
            self.recent.iter_mut().for_each(|(_, _, lost)| *lost = 0);
            self.shrink(LOSS_DECREASE);
        }
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.mtu = f64::from(new_mtu);
    }

    fn window(&self) -> u64 {
        self.window as u64
    }

    fn metrics(&self) -> ControllerMetrics {
        let mut metrics = ControllerMetrics::default();
        metrics.congestion_window = self.window();
        metrics.pacing_rate = Some(self.signals.rate() * 8);
        metrics
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn initial_window(&self) -> u64 {
        INITIAL_WINDOW
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
