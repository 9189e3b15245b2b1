//! The judged lines about links, in simulated time: no figure depends on the machine.
//!
//! `cargo run -p net_link --example link_lab -- --seconds 60 --seeds 5 --json frames loss` runs some
//! scenarios (all without a name); `--control bbr` picks a congestion controller.

use std::error::Error;
use std::io::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use net_link::congestion::PathSignals;
use net_link::pki::{self, Device, EDGE_NAME};
use net_link::{CongestionControl, Identity, LinkConfig, Role, client_config, server_config};
use net_sim::lab::{Carrier, FrameSize, Load, Shared, programs};
use net_sim::world::{Flow, World};
use net_sim::{Aqm, Direction, Gap, GapKind, Profile};

/// Who takes part in all flows: the certificates are made once.
struct Site {
    edge: Identity,
    client: Identity,
}

impl Site {
    fn new() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let place = |name: &str| folder.path().join(name);
        pki::create_site_ca(&place("ca"), "lab")?;
        let identity = |name: &str, role| -> Result<Identity, Box<dyn Error>> {
            pki::issue(&place("ca"), &place(name), &Device::new(name, role))?;
            Ok(Identity::load(&place(name))?)
        };
        Ok(Self { edge: identity("edge", Role::Edge)?, client: identity("client", Role::Client)? })
    }

    fn flow(
        &self,
        control: CongestionControl,
        starts: Duration,
        load: &Load,
    ) -> Result<(Flow, Shared, Arc<PathSignals>), Box<dyn Error>> {
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
            server: Arc::new(server_config(&self.edge, config, &signals)?),
            config: client_config(&self.client, config, &Arc::default())?,
            name: EDGE_NAME.to_owned(),
            starts,
        };
        Ok((flow, seen, signals))
    }
}

fn load(size: FrameSize, carrier: Carrier, bulk: bool) -> Load {
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

fn bulk_only() -> Load {
    Load { frames_per_s: 0.0, ..load(FrameSize::Fixed(0), Carrier::Fec, true) }
}

fn at(sorted: &[f64], share: f64) -> f64 {
    let place = ((sorted.len() as f64 * share).ceil() as usize).max(1) - 1;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

type Row = Vec<(&'static str, f64)>;

struct Lab {
    site: Site,
    seconds: u64,
    control: CongestionControl,
    trace: bool,
}

fn s(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn way(rate_mbit: f64, delay_ms: f64, queue_kb: f64) -> Direction {
    Direction {
        rate_mbit,
        delay_ms,
        jitter_sigma_ms: 1.0,
        loss: 0.0,
        queue_kb,
        step: None,
        bursts: None,
        aqm: None,
    }
}

fn plain(rate_mbit: f64, delay_ms: f64, queue_kb: f64) -> Profile {
    Profile {
        title: "plain".into(),
        down: way(rate_mbit, delay_ms, queue_kb),
        up: way(rate_mbit / 3.0, delay_ms, 1000.0),
        gap: None,
    }
}

impl Lab {
    /// One flow with frames over a profile; the first second is left out.
    fn frames(&self, profile: &Profile, seed: u64, load: &Load) -> Result<Row, Box<dyn Error>> {
        let end = s(self.seconds as f64);
        let (flow, seen, signals) = self.site.flow(self.control, Duration::ZERO, load)?;
        let mut world = World::new(profile, vec![flow], seed);
        let mut queue = Vec::new();
        let mut now = s(1.0);
        while now < end {
            world.run_until(now);
            queue.push(world.queue().as_secs_f64() * 1e3);
            if self.trace {
                let cwnd = world.connection(0, net_sim::world::Side::Edge).map(|c| c.stats().path.cwnd);
                writeln!(
                    std::io::stdout(),
                    "{now:?} queue {:?} base {:?} sees {:?} rate {:.1} window {cwnd:?}",
                    world.queue(),
                    signals.base_rtt(),
                    signals.queue(),
                    signals.rate() as f64 * 8e-6
                )?;
            }
            now += Duration::from_millis(5);
        }
        world.run_until(end);
        queue.sort_by(f64::total_cmp);
        let seen = seen.borrow();
        let (latencies, lost) = seen.latencies_ms(s(1.0), end.saturating_sub(s(0.2)));
        let in_time = latencies.iter().filter(|ms| **ms <= 33.0).count();
        let frames = latencies.len() + lost;
        let sent = seen.frames.iter().map(|frame| frame.bytes).sum::<usize>() as f64;
        Ok(vec![
            ("in_33_ms_percent", in_time as f64 * 100.0 / frames as f64),
            ("p50_ms", at(&latencies, 0.5)),
            ("p99_ms", at(&latencies, 0.99)),
            ("lost_frames", lost as f64),
            ("bulk_mbit", seen.bulk_rate(s(1.0), end) / 1e6),
            ("video_mbit", sent * 8e-6 / end.as_secs_f64()),
            ("queue_p50_ms", at(&queue, 0.5)),
            ("queue_p99_ms", at(&queue, 0.99)),
            ("parity_percent", seen.parity.0 as f64 * 100.0 / seen.parity.1.max(1) as f64),
            (
                "down_lost_percent",
                world.counts().0.dropped() as f64 * 100.0 / world.counts().0.packets as f64,
            ),
            ("freeze_ms", seen.longest_freeze(s(1.0), end.saturating_sub(s(0.2))).as_secs_f64() * 1e3),
            ("moves", f64::from(seen.moves)),
            ("connections_lost", f64::from(u8::from(seen.lost.is_some()))),
        ])
    }

    fn rate_step(&self, seed: u64) -> Result<Row, Box<dyn Error>> {
        let profile = Profile::named("embb-busy")?;
        let size = FrameSize::OfRate { share: 0.8, most: 200_000 };
        let (flow, seen, signals) =
            self.site.flow(self.control, Duration::ZERO, &load(size, Carrier::Fec, false))?;
        let mut world = World::new(&profile, vec![flow], seed);
        let mut row = Row::new();
        let (mut worst_queue, mut worst_follow, mut most) = (0.0_f64, 0.0_f64, 0.0_f64);
        let mut before = Vec::new();
        let (mut above_rate, mut after_mbit) = (0.0, 0.0);
        for step in 0..((self.seconds as f64 / 10.0).ceil() as u32) {
            let down = s(5.0 + 10.0 * f64::from(step));
            world.run_until(down);
            let mut above = 0.0;
            for ms in 0..3000 {
                world.run_until(down + Duration::from_millis(ms));
                let queue = world.queue().as_secs_f64() * 1e3;
                most = most.max(queue);
                if self.trace && ms % 20 == 0 {
                    let window = world.connection(0, net_sim::world::Side::Edge).map(|c| c.stats().path.cwnd);
                    writeln!(
                        std::io::stdout(),
                        "{ms} queue {queue:.1} base {:?} sees {:?} rate {:.1} window {window:?}",
                        signals.base_rtt(),
                        signals.queue(),
                        signals.rate() as f64 * 8e-6
                    )?;
                }
                above += f64::from(u8::from(queue > 40.0));
            }
            worst_queue = worst_queue.max(above);
            let seen = seen.borrow();
            let bit_rate = |frame: &net_sim::lab::FrameSeen| frame.bytes as f64 * 8.0 * 90.0;
            // mean bit rate of 100 ms: when it is first within the new rate, and how often above it afterwards
            let mean = |to: Duration| {
                let last: Vec<f64> = seen
                    .frames
                    .iter()
                    .filter(|frame| frame.ready > to.saturating_sub(s(0.1)) && frame.ready <= to)
                    .map(bit_rate)
                    .collect();
                last.iter().sum::<f64>() / last.len() as f64
            };
            let means: Vec<f64> = (1..300).map(|slot| mean(down + s(0.01 * f64::from(slot)))).collect();
            let follows =
                means.iter().position(|rate| *rate <= 15e6).map_or(3000.0, |slot| 10.0 * (slot + 1) as f64);
            worst_follow = worst_follow.max(follows);
            let after: Vec<&f64> = means.iter().skip(40).collect();
            above_rate +=
                after.iter().filter(|rate| ***rate > 15e6).count() as f64 * 100.0 / after.len() as f64;
            after_mbit += after.iter().copied().sum::<f64>() / after.len() as f64 / 1e6;
            let frames: Vec<f64> = seen
                .frames
                .iter()
                .filter(|frame| frame.ready > down.saturating_sub(s(1.0)) && frame.ready <= down)
                .map(bit_rate)
                .collect();
            before.push(frames.iter().sum::<f64>() / frames.len() as f64 / 1e6);
        }
        row.push(("queue_above_40_ms", worst_queue));
        row.push(("follows_after_ms", worst_follow));
        row.push(("most_queue_ms", most));
        row.push(("then_above_percent", above_rate / before.len() as f64));
        row.push(("mbit_after", after_mbit / before.len() as f64));
        row.push(("mbit_before", before.iter().sum::<f64>() / before.len() as f64));
        let seen = seen.borrow();
        let (latencies, lost) = seen.latencies_ms(s(1.0), s(self.seconds as f64));
        row.push(("p50_ms", at(&latencies, 0.5)));
        row.push(("p99_ms", at(&latencies, 0.99)));
        row.push(("lost_frames", lost as f64));
        Ok(row)
    }

    /// Several flows with bricks only; shares after the first quarter.
    fn shares(
        &self,
        profile: &Profile,
        seed: u64,
        controls: &[CongestionControl],
    ) -> Result<Row, Box<dyn Error>> {
        let end = s(self.seconds as f64);
        let mut flows = Vec::new();
        let (mut seen, mut signals) = (Vec::new(), Vec::new());
        for (number, control) in controls.iter().enumerate() {
            let (flow, saw, signal) = self.site.flow(*control, s(number as f64 * 2.0), &bulk_only())?;
            signals.push(signal);
            flows.push(flow);
            seen.push(saw);
        }
        let mut world = World::new(profile, flows, seed);
        let mut queue = Vec::new();
        let mut now = end / 4;
        if self.trace {
            let mut last = 0;
            for tick in 1..(self.seconds * 4) {
                let to = Duration::from_millis(250 * tick);
                world.run_until(to);
                let rates: Vec<String> = seen
                    .iter()
                    .map(|seen| {
                        format!("{:.1}", seen.borrow().bulk_rate(to.saturating_sub(s(0.25)), to) / 1e6)
                    })
                    .collect();
                let says: Vec<String> = signals
                    .iter()
                    .map(|signals| format!("{:?} {:?}", signals.base_rtt(), signals.queue()))
                    .collect();
                let dropped = world.counts().0.queue_dropped;
                writeln!(
                    std::io::stdout(),
                    "{to:?} {rates:?} {:?} dropped {} {says:?}",
                    world.queue(),
                    dropped - last
                )?;
                last = dropped;
            }
            return Ok(Row::new());
        }
        while now < end {
            world.run_until(now);
            queue.push(world.queue().as_secs_f64() * 1e3);
            now += Duration::from_millis(5);
        }
        queue.sort_by(f64::total_cmp);
        let rates: Vec<f64> = seen.iter().map(|seen| seen.borrow().bulk_rate(end / 4, end) / 1e6).collect();
        let sum: f64 = rates.iter().sum();
        let squares: f64 = rates.iter().map(|rate| rate * rate).sum();
        Ok(vec![
            ("jain", sum * sum / (rates.len() as f64 * squares)),
            ("sum_mbit", sum),
            ("last_share_percent", rates.last().copied().unwrap_or(0.0) * 100.0 / sum),
            ("first_mbit", rates[0]),
            ("queue_p50_ms", at(&queue, 0.5)),
            ("queue_p99_ms", at(&queue, 0.99)),
            (
                "down_lost_percent",
                world.counts().0.dropped() as f64 * 100.0 / world.counts().0.packets as f64,
            ),
        ])
    }

    fn run(&self, name: &str, seed: u64) -> Result<Row, Box<dyn Error>> {
        let good = Profile::named("embb-good")?;
        let fixed = FrameSize::Fixed(70_000);
        let lossy = Profile { down: Direction { loss: 0.01, ..good.down.clone() }, ..good.clone() };
        let delay = self.control;
        match name {
            "frames" => self.frames(&good, seed, &load(fixed, Carrier::Fec, true)),
            "frames-alone" => self.frames(&good, seed, &load(fixed, Carrier::Fec, false)),
            "frames-streams" => self.frames(&good, seed, &load(fixed, Carrier::Streams, true)),
            "frames-plain" => self.frames(&good, seed, &load(fixed, Carrier::Datagrams, true)),
            "loss" => self.frames(&lossy, seed, &load(fixed, Carrier::Fec, false)),
            "loss-bulk" => self.frames(&lossy, seed, &load(fixed, Carrier::Fec, true)),
            "wifi" => self.frames(
                &Profile::named("wifi")?,
                seed,
                &load(FrameSize::OfRate { share: 0.5, most: 70_000 }, Carrier::Fec, true),
            ),
            "edge-of-cell" => self.frames(
                &Profile::named("embb-edge")?,
                seed,
                &load(FrameSize::OfRate { share: 0.6, most: 70_000 }, Carrier::Fec, true),
            ),
            "handover-stall" => {
                let gap =
                    Gap { every_ms: 10_000.0, length_ms: 60.0, kind: GapKind::Stall, new_address: true };
                self.frames(&Profile { gap: Some(gap), ..good }, seed, &load(fixed, Carrier::Fec, true))
            }
            "handover-drop" => {
                self.frames(&Profile::named("handover-drop")?, seed, &load(fixed, Carrier::Fec, true))
            }
            "blackout" => {
                let gap =
                    Gap { every_ms: 10_000.0, length_ms: 60.0, kind: GapKind::Drop, new_address: false };
                self.frames(&Profile { gap: Some(gap), ..good }, seed, &load(fixed, Carrier::Fec, true))
            }
            "rate-step" => self.rate_step(seed),
            "two" => self.shares(&plain(100.0, 10.0, 1000.0), seed, &[delay, delay]),
            "four" => self.shares(&plain(100.0, 10.0, 1000.0), seed, &[delay; 4]),
            "against-cubic" => {
                self.shares(&plain(100.0, 10.0, 300.0), seed, &[delay, CongestionControl::Cubic])
            }
            "against-cubic-deep" => {
                self.shares(&plain(100.0, 10.0, 2000.0), seed, &[delay, CongestionControl::Cubic])
            }
            "after-cubic" => {
                self.shares(&plain(100.0, 10.0, 300.0), seed, &[CongestionControl::Cubic, delay])
            }
            "deep-queue" => self.shares(&plain(100.0, 10.0, 5000.0), seed, &[delay]),
            "shallow-queue" => self.shares(&plain(100.0, 10.0, 40.0), seed, &[delay]),
            "codel" | "codel-ecn" => {
                let mut managed = plain(100.0, 10.0, 5000.0);
                managed.down.aqm =
                    Some(Aqm { target_ms: 5.0, interval_ms: 100.0, mark: name == "codel-ecn" });
                self.frames(&managed, seed, &load(fixed, Carrier::Fec, true))
            }
            other => Err(format!("there is no scenario `{other}`").into()),
        }
    }
}

const ALL: [&str; 21] = [
    "frames",
    "frames-alone",
    "frames-streams",
    "frames-plain",
    "loss",
    "loss-bulk",
    "wifi",
    "edge-of-cell",
    "handover-stall",
    "handover-drop",
    "blackout",
    "rate-step",
    "two",
    "four",
    "against-cubic",
    "against-cubic-deep",
    "after-cubic",
    "deep-queue",
    "shallow-queue",
    "codel",
    "codel-ecn",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut seconds, mut seeds, mut json, mut trace, mut names) = (20, 1, false, false, Vec::new());
    let mut controls = Vec::new();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--seconds" => seconds = value()?.parse()?,
            "--seeds" => seeds = value()?.parse()?,
            "--control" => controls.push(value()?.parse()?),
            "--json" => json = true,
            "--trace" => trace = true,
            _ => names.push(argument),
        }
    }
    if names.is_empty() {
        names = ALL.map(str::to_owned).into();
    }
    if controls.is_empty() {
        controls = vec![CongestionControl::Delay];
    }
    let mut out = std::io::stdout();
    for name in &names {
        for control in &controls {
            let lab = Lab { site: Site::new()?, seconds, control: *control, trace };
            for seed in 1..=seeds {
                let row = lab.run(name, seed)?;
                if json {
                    let values: serde_json::Map<String, serde_json::Value> = row
                        .iter()
                        .map(|(key, value)| ((*key).to_owned(), serde_json::json!(value)))
                        .collect();
                    let line = serde_json::json!({
                        "scenario": name, "control": control.name(), "seed": seed, "seconds": seconds, "values": values,
                    });
                    writeln!(out, "{line}")?;
                } else {
                    let text: Vec<String> =
                        row.iter().map(|(key, value)| format!("{key} {value:.1}")).collect();
                    writeln!(out, "{name:18} {control:6} {seed}  {}", text.join("  "))?;
                }
            }
        }
    }
    Ok(())
}
