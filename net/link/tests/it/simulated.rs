//! Congestion control, parity and scheduling over whole connections, in simulated time: the figures do
//! not depend on the machine.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use net_link::congestion::PathSignals;
use net_link::pki::EDGE_NAME;
use net_link::{CongestionControl, Identity, LinkConfig, Role, client_config, server_config};
use net_sim::lab::{Carrier, FrameSize, Load, Seen, Shared, programs};
use net_sim::world::{Flow, Side, World};
use net_sim::{Aqm, Direction, Gap, GapKind, Profile};

use crate::support::Site;

fn s(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

struct Lab {
    edge: Identity,
    client: Identity,
}

impl Lab {
    fn new() -> Self {
        let site = Site::new();
        Self { edge: site.identity("edge", Role::Edge), client: site.identity("client", Role::Client) }
    }

    fn flow(
        &self,
        control: CongestionControl,
        starts: Duration,
        load: &Load,
    ) -> (Flow, Shared, Arc<PathSignals>) {
        let signals = Arc::<PathSignals>::default();
        signals.set_interactive(load.frames_per_s > 0.0);
        let config = LinkConfig::with_congestion(control);
        let (rate, moved) = (signals.clone(), signals.clone());
        let load = Load {
            rate: Rc::new(move || rate.rate()),
            moved: Rc::new(move || moved.path_changed()),
            ..load.clone()
        };
        let (edge, client, seen) = programs(&load);
        let flow = Flow {
            edge,
            client,
            server: Arc::new(server_config(&self.edge, config, &signals).unwrap()),
            config: client_config(&self.client, config, &Arc::default()).unwrap(),
            name: EDGE_NAME.to_owned(),
            starts,
        };
        (flow, seen, signals)
    }

    /// One flow under delay-based control, until `seconds`.
    fn one(&self, profile: &Profile, seconds: f64, load: &Load) -> Outcome {
        let (flow, seen, signals) = self.flow(CongestionControl::Delay, Duration::ZERO, load);
        let mut world = World::new(profile, vec![flow], 1);
        world.run_until(s(seconds));
        Outcome { world, seen, signals, end: s(seconds) }
    }

    /// Rates of several flows with bricks only that start one second after the other, in Mbit/s over the
    /// second half.
    fn shares(&self, profile: &Profile, seconds: f64, controls: &[CongestionControl]) -> Vec<f64> {
        let (mut flows, mut seen) = (Vec::new(), Vec::new());
        for (number, control) in controls.iter().enumerate() {
            let (flow, saw, _) = self.flow(*control, s(number as f64), &bricks());
            flows.push(flow);
            seen.push(saw);
        }
        let mut world = World::new(profile, flows, 1);
        world.run_until(s(seconds));
        seen.iter().map(|seen| seen.borrow().bulk_rate(s(seconds / 2.0), s(seconds)) / 1e6).collect()
    }
}

struct Outcome {
    world: World,
    seen: Shared,
    signals: Arc<PathSignals>,
    end: Duration,
}

impl Outcome {
    /// Share of frames within 33 ms and the 99th percentile in ms, without the first second.
    fn frames(&self) -> (f64, f64) {
        let (latencies, lost) = self.seen.borrow().latencies_ms(s(1.0), self.end.saturating_sub(s(0.1)));
        let in_time = latencies.iter().filter(|ms| **ms <= 33.0).count() as f64;
        let p99 = latencies[(latencies.len() as f64 * 0.99) as usize - 1];
        (in_time / (latencies.len() + lost) as f64, p99)
    }

    fn bulk_mbit(&self) -> f64 {
        self.seen.borrow().bulk_rate(s(1.0), self.end) / 1e6
    }
}

/// 90 frames a second.
fn frames(size: FrameSize, carrier: Carrier, bulk: bool) -> Load {
    Load {
        frames_per_s: 90.0,
        size,
        carrier,
        bulk,
        rate: Rc::new(|| 0),
        moved: Rc::new(|| ()),
        ends: Duration::MAX,
    }
}

fn bricks() -> Load {
    Load { frames_per_s: 0.0, ..frames(FrameSize::Fixed(1), Carrier::Fec, true) }
}

const FIXED: FrameSize = FrameSize::Fixed(70_000);

fn good() -> Profile {
    Profile::named("embb-good").unwrap()
}

/// 100 Mbit/s, 20 ms, no random loss.
fn plain(queue_kb: f64) -> Profile {
    let way = |rate_mbit| Direction {
        rate_mbit,
        delay_ms: 10.0,
        jitter_sigma_ms: 1.0,
        loss: 0.0,
        queue_kb,
        step: None,
        bursts: None,
        aqm: None,
    };
    Profile { title: "plain".into(), down: way(100.0), up: way(50.0), gap: None }
}

#[test]
fn frames_are_in_time_beside_bricks() {
    let outcome = Lab::new().one(&good(), 6.0, &frames(FIXED, Carrier::Fec, true));
    let (in_time, p99) = outcome.frames();
    assert!(in_time >= 0.99 && p99 <= 25.0, "{in_time} {p99}");
    assert!(outcome.bulk_mbit() >= 200.0, "{}", outcome.bulk_mbit());
}

#[test]
fn parity_carries_frames_over_loss_where_plain_datagrams_fail() {
    let lab = Lab::new();
    let lossy = Profile { down: Direction { loss: 0.01, ..good().down }, ..good() };
    let (with, p99) = lab.one(&lossy, 6.0, &frames(FIXED, Carrier::Fec, false)).frames();
    assert!(with >= 0.995 && p99 <= 25.0, "{with} {p99}");
    let (without, _) = lab.one(&lossy, 3.0, &frames(FIXED, Carrier::Datagrams, false)).frames();
    // of 62 packets all must arrive: 0.99⁶² = 54 %
    assert!((0.4..0.7).contains(&without), "{without}");
}

#[test]
fn a_hand_over_with_a_new_address_freezes_for_little_more_than_its_gap() {
    let lab = Lab::new();
    for kind in [GapKind::Stall, GapKind::Drop] {
        let gap = Gap { every_ms: 3000.0, length_ms: 60.0, kind, new_address: true };
        let profile = Profile { gap: Some(gap), ..good() };
        let outcome = lab.one(&profile, 6.5, &frames(FIXED, Carrier::Fec, true));
        let seen = outcome.seen.borrow();
        assert_eq!((seen.moves, &seen.lost), (2, &None), "it moved twice without a reconnect");
        let rtt = outcome.signals.base_rtt() + outcome.signals.queue();
        let frozen = seen.longest_freeze(s(1.0), s(6.4));
        // the new address is validated before anything larger is sent there: two or three round trips more
        assert!(
            frozen <= Duration::from_millis(60 + 11) + 5 * rtt,
            "{kind:?}: {frozen:?}, round trip {rtt:?}"
        );
        assert!(
            seen.bulk_rate(s(6.2), s(6.5)) > 20e6,
            "{kind:?}: bricks go on: {}",
            seen.bulk_rate(s(6.2), s(6.5))
        );
    }
}

#[test]
fn the_bit_rate_follows_a_step_down() {
    let outcome = {
        let lab = Lab::new();
        let size = FrameSize::OfRate { share: 0.8, most: 200_000 };
        let (flow, seen, signals) =
            lab.flow(CongestionControl::Delay, Duration::ZERO, &frames(size, Carrier::Fec, false));
        let mut world = World::new(&Profile::named("embb-busy").unwrap(), vec![flow], 1);
        world.run_until(s(5.0));
        let mut above = 0;
        for ms in 0..2000 {
            world.run_until(s(5.0) + Duration::from_millis(ms));
            above += u32::from(world.queue() > Duration::from_millis(40));
        }
        assert!(above <= 300, "the queue was above 40 ms for {above} ms");
        Outcome { world, seen, signals, end: s(7.0) }
    };
    let seen = outcome.seen.borrow();
    let mbit = |from: f64, to: f64| {
        let within = seen.frames.iter().filter(|frame| (s(from)..s(to)).contains(&frame.ready));
        within.map(|frame| frame.bytes).sum::<usize>() as f64 * 8e-6 / (to - from)
    };
    assert!((25.0..50.0).contains(&mbit(4.0, 5.0)), "{}", mbit(4.0, 5.0));
    assert!(mbit(5.25, 5.35) <= 15.0, "{}", mbit(5.25, 5.35));
    assert!((8.0..15.0).contains(&mbit(6.0, 7.0)), "{}", mbit(6.0, 7.0));
    assert!(outcome.world.counts().0.queue_dropped == 0);
}

#[test]
fn flows_share_alike() {
    let rates = Lab::new().shares(&plain(1000.0), 16.0, &[CongestionControl::Delay; 2]);
    let jain = (rates[0] + rates[1]).powi(2) / (2.0 * (rates[0].powi(2) + rates[1].powi(2)));
    assert!(jain >= 0.9 && rates[0] + rates[1] > 85.0, "{rates:?}");
}

#[test]
fn cubic_keeps_its_part() {
    // 300 kB are 24 ms: as much as the round trip
    let rates = Lab::new().shares(&plain(300.0), 14.0, &[CongestionControl::Delay, CongestionControl::Cubic]);
    assert!(rates[1] / (rates[0] + rates[1]) >= 0.3, "{rates:?}");
}

#[test]
fn deep_queues_stay_empty_and_shallow_ones_pass() {
    let lab = Lab::new();
    let mut deep = lab.one(&plain(8000.0), 6.0, &bricks());
    assert!(deep.bulk_mbit() > 85.0, "{}", deep.bulk_mbit());
    assert!(deep.world.queue() < Duration::from_millis(40), "{:?}", deep.world.queue());
    assert_eq!(deep.world.counts().0.queue_dropped, 0);
    assert!(deep.world.connection(0, Side::Edge).is_some_and(|edge| edge.stats().path.cwnd < 1 << 20));
    // 40 kB are 3.2 ms, less than any target: what is lost says enough
    let shallow = lab.one(&plain(40.0), 8.0, &bricks());
    let counts = shallow.world.counts().0;
    assert!(shallow.bulk_mbit() > 70.0, "{}", shallow.bulk_mbit());
    assert!(counts.queue_dropped * 20 < counts.packets, "{counts:?}");
}

#[test]
fn a_managed_queue_is_respected_and_its_marks_are_heard() {
    let lab = Lab::new();
    for mark in [false, true] {
        let mut managed = plain(5000.0);
        managed.down.aqm = Some(Aqm { target_ms: 5.0, interval_ms: 100.0, mark });
        let outcome = lab.one(&managed, 8.0, &bricks());
        let counts = outcome.world.counts().0;
        assert!(outcome.bulk_mbit() > 75.0, "{mark}: {}", outcome.bulk_mbit());
        // dropped packets count from 4 % on, marks each once a round trip
        let most = if mark { 0.01 } else { 0.04 };
        let signalled = (counts.managed_dropped + counts.marked) as f64 / counts.packets as f64;
        assert!(signalled < most, "{mark}: {counts:?}");
        if mark {
            assert!(counts.marked > 0 && counts.managed_dropped == 0, "{counts:?}");
            let congestion = outcome.world_marks_heard();
            assert!(congestion > 0, "the marks reached the controller");
        }
    }
}

impl Outcome {
    fn world_marks_heard(mut self) -> u64 {
        self.world.connection(0, Side::Edge).map_or(0, |edge| edge.stats().path.congestion_events)
    }
}

#[test]
fn other_controllers_carry_frames_too() {
    let lab = Lab::new();
    let (flow, seen, _) =
        lab.flow(CongestionControl::Bbr, Duration::ZERO, &frames(FIXED, Carrier::Fec, false));
    let mut world = World::new(&good(), vec![flow], 1);
    world.run_until(s(4.0));
    let in_time = |seen: &Seen| {
        let (latencies, lost) = seen.latencies_ms(s(1.0), s(3.9));
        latencies.iter().filter(|ms| **ms <= 33.0).count() as f64 / (latencies.len() + lost) as f64
    };
    assert!(in_time(&seen.borrow()) > 0.95);
    let (flow, seen, _) =
        lab.flow(CongestionControl::Cubic, Duration::ZERO, &frames(FIXED, Carrier::Streams, false));
    let mut world = World::new(&Profile::named("lan").unwrap(), vec![flow], 1);
    world.run_until(s(4.0));
    assert!(in_time(&seen.borrow()) > 0.99, "streams do where nothing is lost");
}
