//! Where the time from a pose to its picture goes. No clock: all times are arguments.
//!
//! The edge says how long its stages took ([`FrameTimes`]); the client knows when it sampled the pose
//! and what happened after the frame arrived. The two clocks meet in [`ClockOffset`], so that the way up
//! and the way down can be told apart. The stages follow each other without a gap: their sum is the
//! time from sampling to showing, whatever the offset.

use crate::messages::FrameTimes;

/// How far the edge's clock is ahead of the client's, from exchanges that met little queueing
/// (RFC 5905 §8).
#[derive(Debug, Clone, Default)]
pub struct ClockOffset {
    best: Option<Exchange>,
}

#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to each name")]
struct Exchange {
    at_us: u64,
    delay_us: i64,
    offset_us: i64,
}

/// An exchange is worth less the older it is: clocks drift by some 50 µs in a second.
const DRIFT_US_PER_S: i64 = 50;

impl ClockOffset {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// A pose was sampled at `sampled_us` and the frame for it arrived at `arrived_us`, on the client's
    /// clock; `times` is what the edge says in between.
    pub fn add(&mut self, sampled_us: u64, times: &FrameTimes, arrived_us: u64) {
        let edge = |us: u64| us as i64;
        let away = arrived_us as i64 - sampled_us as i64;
        let there = edge(times.sent_us()) - edge(times.received_us);
        let delay_us = away - there;
        let up = edge(times.received_us) - sampled_us as i64;
        let down = edge(times.sent_us()) - arrived_us as i64;
        let new = Exchange { at_us: arrived_us, delay_us, offset_us: i64::midpoint(up, down) };
        let worth = |old: Exchange| {
            let age_s = arrived_us.saturating_sub(old.at_us) as i64 / 1_000_000;
            old.delay_us + age_s * DRIFT_US_PER_S
        };
        if delay_us >= 0 && self.best.is_none_or(|old| delay_us <= worth(old)) {
            self.best = Some(new);
        }
    }

    /// Edge's clock less client's, in µs, with half the round trip of the exchange as its error.
    pub fn get(&self) -> Option<(i64, i64)> {
        self.best.map(|best| (best.offset_us, best.delay_us / 2))
    }
}

/// Where the time of one frame went, in µs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to each name")]
pub struct Stages {
    /// The pose on its way to the edge.
    pub up_us: i64,
    /// Until drawing began.
    pub wait_us: i64,
    /// Drawing.
    pub draw_us: i64,
    /// Encoding and cutting.
    pub encode_us: i64,
    /// Until the transport had the last shard.
    pub send_us: i64,
    /// Until the client had all of the frame.
    pub down_us: i64,
    /// Decoding.
    pub decode_us: i64,
    /// Until it was shown.
    pub show_us: i64,
}

impl Stages {
    /// The stages of a frame. The last three times are on the client's clock: when the frame was whole,
    /// decoded and shown. `None` where the clocks have not met, or a time lies before the one that must
    /// come first.
    pub fn of(
        sampled_us: u64,
        times: &FrameTimes,
        clock: &ClockOffset,
        whole_us: u64,
        decoded_us: u64,
        shown_us: u64,
    ) -> Option<Self> {
        let (offset, _) = clock.get()?;
        let received = times.received_us as i64 - offset;
        let sent = times.sent_us() as i64 - offset;
        (sampled_us <= whole_us && whole_us <= decoded_us && decoded_us <= shown_us).then_some(Self {
            up_us: received - sampled_us as i64,
            wait_us: i64::from(times.wait_us),
            draw_us: i64::from(times.draw_us),
            encode_us: i64::from(times.encode_us),
            send_us: i64::from(times.send_us),
            down_us: whole_us as i64 - sent,
            decode_us: (decoded_us - whole_us) as i64,
            show_us: (shown_us - decoded_us) as i64,
        })
    }

    /// From sampling the pose to showing its picture.
    pub fn total_us(&self) -> i64 {
        [
            self.up_us,
            self.wait_us,
            self.draw_us,
            self.encode_us,
            self.send_us,
            self.down_us,
            self.decode_us,
            self.show_us,
        ]
        .into_iter()
        .sum()
    }
}
