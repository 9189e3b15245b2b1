//! What goes out next: strict classes, deadlines, a token rate. No I/O, no clock.
//!
//! It stands above QUIC, which sends all datagrams in the order in which they came and takes megabytes
//! of streams at once. Datagrams wait here until the transport has room for a few; batches for streams
//! wait for tokens, which come at the rate of the congestion controller.

use std::collections::VecDeque;
use std::time::Duration;

/// What is sent, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// Poses of tracked instruments.
    Tracker,
    /// Poses of heads and hands.
    HeadPose,
    /// Voice.
    Voice,
    /// Slices of frames.
    Video,
    /// Key frames, depth and alpha layers, on streams.
    KeyFrame,
    /// Tiles of a frame at rest, on streams.
    ExactTile,
    /// Bricks of volumes, on streams.
    Brick,
}

impl Class {
    /// All classes, most urgent first.
    pub const ALL: [Self; 7] = [
        Self::Tracker,
        Self::HeadPose,
        Self::Voice,
        Self::Video,
        Self::KeyFrame,
        Self::ExactTile,
        Self::Brick,
    ];

    /// Whether it goes as datagrams, of which the oldest is dropped, or on streams, which are complete.
    pub fn is_datagram(self) -> bool {
        self <= Self::Video
    }

    /// Bytes of datagrams of this class that may wait: a stale one is worth nothing.
    fn most_waiting(self) -> usize {
        match self {
            // about 1.4 frames of 50 Mbit/s, with parity
            Self::Video => 140_000,
            Self::Tracker | Self::HeadPose | Self::Voice => 8_000,
            Self::KeyFrame | Self::ExactTile | Self::Brick => usize::MAX,
        }
    }
}

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<T> {
    /// What is handed out.
    pub what: T,
    /// Its bytes.
    pub len: usize,
    /// After this it is dropped.
    pub deadline: Option<Duration>,
    /// What belongs together (a frame): without one part, the others are worth nothing.
    pub group: u32,
}

/// What became of the items of a class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassCounts {
    /// Handed out.
    pub sent: u64,
    /// Bytes of these.
    pub sent_bytes: u64,
    /// Dropped because their deadline had passed.
    pub late: u64,
    /// Dropped for newer ones.
    pub superseded: u64,
}

/// Tokens may be saved for this long.
const BURST: f64 = 4e-3;

/// Orders what is to be sent.
#[derive(Debug)]
pub struct Scheduler<T> {
    queues: [VecDeque<Item<T>>; Class::ALL.len()],
    waiting: [usize; Class::ALL.len()],
    counts: [ClassCounts; Class::ALL.len()],
    /// Bytes a second.
    rate: f64,
    tokens: f64,
    counted: Duration,
}

impl<T> Scheduler<T> {
    /// Nothing waits; streams may be filled at `rate` bytes a second.
    pub fn new(rate: f64) -> Self {
        Self {
            queues: Default::default(),
            waiting: [0; Class::ALL.len()],
            counts: [ClassCounts::default(); Class::ALL.len()],
            rate: rate.max(1.0),
            tokens: 0.0,
            counted: Duration::ZERO,
        }
    }

    /// The controller says that the path carries this many bytes a second.
    pub fn set_rate(&mut self, now: Duration, rate: f64) {
        self.count_tokens(now);
        self.rate = rate.max(1.0);
    }

    /// Adds something. Datagrams beyond what may wait push out the oldest of their class, a whole group
    /// at a time.
    pub fn push(&mut self, class: Class, item: Item<T>) {
        let at = class as usize;
        self.waiting[at] += item.len;
        self.queues[at].push_back(item);
        while self.waiting[at] > class.most_waiting() && self.queues[at].len() > 1 {
            let (Some(oldest), Some(newest)) = (self.queues[at].front(), self.queues[at].back()) else {
                break;
            };
            // a single group larger than all that may wait is let through
            if class == Class::Video && oldest.group == newest.group {
                break;
            }
            let group = oldest.group;
            let whole = class == Class::Video;
            let dropped = self.drop_front(at, |item| whole && item.group == group);
            self.counts[at].superseded += dropped;
        }
    }

    /// Removes the first item of a class and those after it for which `also` holds.
    fn drop_front(&mut self, at: usize, also: impl Fn(&Item<T>) -> bool) -> u64 {
        let mut dropped = 0;
        while let Some(item) = self.queues[at].front()
            && (dropped == 0 || also(item))
        {
            self.waiting[at] -= item.len;
            self.queues[at].pop_front();
            dropped += 1;
        }
        dropped
    }

    /// What to send now: the oldest item of the most urgent class that has one. Datagrams need `room` in
    /// the transport, batches for streams need tokens. What is past its deadline is dropped.
    pub fn pop(&mut self, now: Duration, room: usize) -> Option<(Class, Item<T>)> {
        self.count_tokens(now);
        for class in Class::ALL {
            let at = class as usize;
            while self.queues[at]
                .front()
                .is_some_and(|item| item.deadline.is_some_and(|deadline| deadline < now))
            {
                self.counts[at].late += self.drop_front(at, |_| false);
            }
            let Some(item) = self.queues[at].front() else { continue };
            let ready = if class.is_datagram() { item.len <= room } else { self.tokens > 0.0 };
            if !ready {
                // nothing less urgent overtakes
                return None;
            }
            let item = self.queues[at].pop_front()?;
            self.waiting[at] -= item.len;
            // a batch is larger than what may be saved: the debt is paid before the next
            self.tokens -= item.len as f64;
            self.counts[at].sent += 1;
            self.counts[at].sent_bytes += item.len as u64;
            return Some((class, item));
        }
        None
    }

    /// When tokens will do for the batch that waits; `None` where none waits for tokens.
    pub fn next_wake(&self, now: Duration) -> Option<Duration> {
        let first = Class::ALL.into_iter().find(|class| !self.queues[*class as usize].is_empty())?;
        let missing = -self.tokens;
        (!first.is_datagram())
            .then(|| now + Duration::from_secs_f64((missing.max(0.0) / self.rate).min(1.0) + 1e-4))
    }

    /// Bytes of a class that wait.
    pub fn waiting(&self, class: Class) -> usize {
        self.waiting[class as usize]
    }

    /// What became of a class.
    pub fn counts(&self, class: Class) -> ClassCounts {
        self.counts[class as usize]
    }

    fn count_tokens(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.counted).as_secs_f64();
        self.counted = self.counted.max(now);
        self.tokens = (self.tokens + passed * self.rate).min(self.rate * BURST);
    }
}
