//! Programs for a [`World`](crate::world::World): an edge that sends frames and bricks, a client that
//! takes them, and what they saw. They use the packetiser, the parity control and the scheduler of
//! `net_protocol` as the edge does; only quinn's async layer is absent.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use net_protocol::fec::{Packetiser, ParityControl, Reassembler, SliceInfo};
use net_protocol::schedule::{Class, Item, Scheduler};
use quinn_proto::{Connection, Dir, Event, ReadError, ReadableError, StreamEvent, StreamId, VarInt};

use crate::world::App;

/// Bytes of a pose datagram.
const POSE: usize = 76;
const BATCH: usize = 128 << 10;
/// Bulk data that may be on the way: eight batches.
const CREDIT: u64 = 8 * BATCH as u64;
const CREDIT_STEP: u64 = 64 << 10;

/// How frames are carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Datagrams without parity.
    Datagrams,
    /// Datagrams with parity by measured loss.
    Fec,
    /// One stream each.
    Streams,
}

/// How large frames are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FrameSize {
    /// Bytes of each.
    Fixed(usize),
    /// This share of the rate that the controller reports, at most so many bytes each.
    OfRate {
        /// Of the rate, parity included.
        share: f64,
        /// Most bytes.
        most: usize,
    },
}

/// What an edge sends.
#[derive(Clone)]
pub struct Load {
    /// Frames a second; 0 for none.
    pub frames_per_s: f64,
    /// Their size.
    pub size: FrameSize,
    /// How they travel.
    pub carrier: Carrier,
    /// Whether bricks fill what is left.
    pub bulk: bool,
    /// What the controller says that the path carries, in bytes a second; `None` where it says nothing,
    /// and window over round trip is taken.
    pub rate: Rc<dyn Fn() -> u64>,
    /// Told that the client has another address.
    pub moved: Rc<dyn Fn()>,
    /// When the client leaves.
    pub ends: Duration,
}

impl std::fmt::Debug for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Load")
            .field("frames_per_s", &self.frames_per_s)
            .field("size", &self.size)
            .field("carrier", &self.carrier)
            .field("bulk", &self.bulk)
            .finish_non_exhaustive()
    }
}

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameSeen {
    /// When it was ready to be sent.
    pub ready: Duration,
    /// Its bytes, without parity.
    pub bytes: usize,
    /// When the client had all of it.
    pub complete: Option<Duration>,
}

/// What was sent and what arrived.
#[derive(Debug, Default)]
pub struct Seen {
    /// Each frame, by number.
    pub frames: Vec<FrameSeen>,
    /// Bulk bytes that arrived, by 10 ms.
    pub bulk: BTreeMap<u64, u64>,
    /// Rate that the edge believed in when each frame was made, bytes a second.
    pub rates: Vec<(Duration, f64)>,
    /// Parity shards and shards of the last frame.
    pub parity: (usize, usize),
    /// Why the connection ended, if it did.
    pub lost: Option<String>,
    /// Times at which the edge was called to by another address.
    pub moves: u32,
}

impl Seen {
    /// The latencies of frames that were ready within the span, sorted, in ms, and the number of frames
    /// that never came.
    pub fn latencies_ms(&self, from: Duration, to: Duration) -> (Vec<f64>, usize) {
        let within = self.frames.iter().filter(|frame| (from..to).contains(&frame.ready));
        let (mut latencies, mut lost) = (Vec::new(), 0);
        for frame in within {
            match frame.complete {
                Some(at) => latencies.push(at.saturating_sub(frame.ready).as_secs_f64() * 1e3),
                None => lost += 1,
            }
        }
        latencies.sort_by(f64::total_cmp);
        (latencies, lost)
    }

    /// Bulk bits a second that arrived within the span.
    pub fn bulk_rate(&self, from: Duration, to: Duration) -> f64 {
        let slot = |at: Duration| at.as_millis() as u64 / 10;
        let bytes: u64 = self.bulk.range(slot(from)..slot(to)).map(|(_, bytes)| bytes).sum();
        bytes as f64 * 8.0 / to.saturating_sub(from).as_secs_f64()
    }

    /// The longest time in which no new frame was complete, within the span.
    pub fn longest_freeze(&self, from: Duration, to: Duration) -> Duration {
        let mut shown: Vec<Duration> = self.frames.iter().filter_map(|frame| frame.complete).collect();
        shown.sort();
        let mut last = from;
        let mut longest = Duration::ZERO;
        for at in shown.into_iter().filter(|at| (from..to).contains(at)).chain([to]) {
            longest = longest.max(at.saturating_sub(last));
            last = at;
        }
        longest
    }
}

/// What both programs of a flow write to.
pub type Shared = Rc<RefCell<Seen>>;

/// The two programs of a flow.
pub fn programs(load: &Load) -> (Box<dyn App>, Box<dyn App>, Shared) {
    let seen = Shared::default();
    (Box::new(Edge::new(load.clone(), seen.clone())), Box::new(Client::new(load.ends, seen.clone())), seen)
}

/// Sends frames and bricks.
struct Edge {
    load: Load,
    seen: Shared,
    connected: bool,
    next_frame: Duration,
    packetiser: Packetiser,
    parity: ParityControl,
    scheduler: Scheduler<Outgoing>,
    observed: (u64, u64),
    last_observed: Duration,
    control: Option<StreamId>,
    credit: Vec<u8>,
    outstanding: u64,
    offered: u64,
    /// Streams that the transport has not taken whole.
    writing: VecDeque<(StreamId, Bytes)>,
    frame_stream: Option<StreamId>,
    from: Option<std::net::SocketAddr>,
    pattern: Bytes,
}

enum Outgoing {
    Datagram(Bytes),
    Batch(usize),
}

impl Edge {
    fn new(load: Load, seen: Shared) -> Self {
        Self {
            load,
            seen,
            connected: false,
            next_frame: Duration::ZERO,
            packetiser: Packetiser::new(1200),
            parity: ParityControl::new(10_000),
            scheduler: Scheduler::new(1e6),
            observed: (0, 0),
            last_observed: Duration::ZERO,
            control: None,
            credit: Vec::new(),
            outstanding: 0,
            offered: 0,
            writing: VecDeque::new(),
            frame_stream: None,
            from: None,
            pattern: (0..1 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect(),
        }
    }

    fn rate(&self, connection: &Connection) -> f64 {
        match (self.load.rate)() {
            0 => {
                let stats = connection.stats();
                stats.path.cwnd as f64 / stats.path.rtt.as_secs_f64().max(1e-4)
            }
            rate => rate as f64,
        }
    }

    fn observe(&mut self, now: Duration, connection: &Connection) {
        if now < self.last_observed + Duration::from_millis(100) {
            return;
        }
        self.last_observed = now;
        let path = connection.stats().path;
        self.parity.observe(path.sent_packets - self.observed.0, path.lost_packets - self.observed.1);
        self.observed = (path.sent_packets, path.lost_packets);
    }

    fn frame(&mut self, now: Duration, connection: &mut Connection) {
        let rate = self.rate(connection);
        self.scheduler.set_rate(now, 1.25 * rate);
        let number = self.seen.borrow().frames.len() as u32;
        let parity_share = {
            let (parity, k) = self.seen.borrow().parity;
            if k == 0 { 0.1 } else { parity as f64 / k as f64 }
        };
        let bytes = match self.load.size {
            FrameSize::Fixed(bytes) => bytes,
            FrameSize::OfRate { share, most } => {
                ((share * rate / self.load.frames_per_s / (1.0 + parity_share)) as usize).clamp(2_000, most)
            }
        };
        let mut seen = self.seen.borrow_mut();
        seen.frames.push(FrameSeen { ready: now, bytes, complete: None });
        seen.rates.push((now, rate));
        let body = self.pattern.slice(..bytes);
        if self.load.carrier == Carrier::Streams {
            if let Some(old) = self.frame_stream.take() {
                connection.send_stream(old).reset(VarInt::from_u32(0)).ok();
                self.writing.retain(|(stream, _)| *stream != old);
            }
            let Some(stream) = connection.streams().open(Dir::Uni) else { return };
            connection.send_stream(stream).set_priority(50).ok();
            let head = [&[2][..], &number.to_le_bytes(), &body].concat();
            self.writing.push_front((stream, head.into()));
            self.frame_stream = Some(stream);
            return;
        }
        if let Some(most) = connection.datagrams().max_size() {
            self.packetiser.set_datagram(most);
        }
        let k = self.packetiser.shards(bytes);
        let parity = if self.load.carrier == Carrier::Fec { self.parity.parity(k) } else { 0 };
        seen.parity = (parity, k);
        let info = SliceInfo { frame: number, time_us: now.as_micros() as u32, ..SliceInfo::default() };
        let scheduler = &mut self.scheduler;
        let cut = self.packetiser.cut(&info, &body, parity, &mut |shard| {
            scheduler.push(
                Class::Video,
                Item {
                    len: shard.len(),
                    what: Outgoing::Datagram(shard),
                    deadline: Some(now + Duration::from_millis(33)),
                    group: number,
                },
            );
        });
        cut.expect("a frame of the lab fits a slice");
    }

    fn read_credit(&mut self, connection: &mut Connection) {
        if self.control.is_none() {
            self.control = connection.streams().accept(Dir::Uni);
        }
        let Some(stream) = self.control else { return };
        let mut receive = connection.recv_stream(stream);
        let Ok(mut chunks) = receive.read(true) else { return };
        while let Ok(Some(chunk)) = chunks.next(usize::MAX) {
            self.credit.extend_from_slice(&chunk.bytes);
        }
        chunks.finalize().should_transmit();
        while let Some(bytes) = self.credit.first_chunk::<4>() {
            self.outstanding -= u64::from(u32::from_le_bytes(*bytes)).min(self.outstanding);
            self.credit.drain(..4);
        }
    }

    /// Hands to the transport what the scheduler lets go.
    fn fill(&mut self, now: Duration, connection: &mut Connection) {
        while self.load.bulk && self.connected && self.outstanding + self.offered + BATCH as u64 <= CREDIT {
            self.offered += BATCH as u64;
            let item = Item { what: Outgoing::Batch(BATCH), len: BATCH, deadline: None, group: 0 };
            self.scheduler.push(Class::Brick, item);
        }
        loop {
            let mut datagrams = connection.datagrams();
            let Some((_, item)) = self.scheduler.pop(now, datagrams.send_buffer_space()) else { break };
            match item.what {
                Outgoing::Datagram(bytes) => {
                    // one that no longer fits the path is lost, as on the path
                    datagrams.send(bytes, true).ok();
                }
                Outgoing::Batch(len) => {
                    self.offered -= len as u64;
                    self.outstanding += len as u64;
                    let Some(stream) = connection.streams().open(Dir::Uni) else { break };
                    connection.send_stream(stream).set_priority(-10).ok();
                    self.writing.push_back((stream, self.pattern.slice(..len)));
                }
            }
        }
        self.writing.retain_mut(|(stream, bytes)| {
            let mut send = connection.send_stream(*stream);
            match send.write_chunks(std::slice::from_mut(bytes)) {
                Ok(_) if bytes.is_empty() => {
                    send.finish().ok();
                    false
                }
                Ok(_) | Err(quinn_proto::WriteError::Blocked) => true,
                Err(_) => false,
            }
        });
    }
}

impl App for Edge {
    fn poll(&mut self, now: Duration, connection: &mut Connection) -> Option<Duration> {
        while let Some(event) = connection.poll() {
            match event {
                Event::Connected => {
                    self.connected = true;
                    self.next_frame = now;
                }
                Event::ConnectionLost { reason } => self.seen.borrow_mut().lost = Some(reason.to_string()),
                _ => {}
            }
        }
        if !self.connected || connection.is_closed() {
            return None;
        }
        let from = connection.remote_address();
        if self.from.is_some_and(|old| old != from) {
            self.seen.borrow_mut().moves += 1;
            (self.load.moved)();
        }
        self.from = Some(from);
        while connection.datagrams().recv().is_some() {}
        self.read_credit(connection);
        self.observe(now, connection);
        if now >= self.load.ends {
            return None;
        }
        if self.load.frames_per_s > 0.0 {
            while now >= self.next_frame {
                self.frame(now, connection);
                self.next_frame += Duration::from_secs_f64(1.0 / self.load.frames_per_s);
            }
        } else {
            let rate = self.rate(connection);
            self.scheduler.set_rate(now, 1.25 * rate);
            self.next_frame = now + Duration::from_millis(10);
        }
        self.fill(now, connection);
        // the transport frees room without a word: it is asked again before each packet
        Some(self.scheduler.next_wake(now).map_or(self.next_frame, |at| at.min(self.next_frame)))
    }
}

/// Takes frames and bricks, gives credit back and sends poses.
struct Client {
    seen: Shared,
    ends: Duration,
    connected: bool,
    next_pose: Duration,
    reassembler: Reassembler,
    streams: BTreeMap<StreamId, Vec<u8>>,
    control: Option<StreamId>,
    consumed: u64,
}

impl Client {
    fn new(ends: Duration, seen: Shared) -> Self {
        Self {
            seen,
            ends,
            connected: false,
            next_pose: Duration::ZERO,
            reassembler: Reassembler::new(),
            streams: BTreeMap::new(),
            control: None,
            consumed: 0,
        }
    }

    fn complete(&self, now: Duration, frame: u32) {
        if let Some(frame) = self.seen.borrow_mut().frames.get_mut(frame as usize) {
            frame.complete.get_or_insert(now);
        }
    }

    /// Reads what a stream has; whether it has ended.
    fn read(&mut self, now: Duration, connection: &mut Connection, stream: StreamId) -> bool {
        let mut receive = connection.recv_stream(stream);
        let mut chunks = match receive.read(true) {
            Ok(chunks) => chunks,
            Err(ReadableError::ClosedStream | ReadableError::IllegalOrderedRead) => return true,
        };
        let head = self.streams.entry(stream).or_default();
        let ended = loop {
            match chunks.next(usize::MAX) {
                Ok(Some(chunk)) => {
                    // of frames the number is kept, of bricks the length counts
                    let is_frame = head.first().or(chunk.bytes.first()) == Some(&2);
                    if head.len() < 5 {
                        head.extend_from_slice(&chunk.bytes[..chunk.bytes.len().min(5 - head.len())]);
                    }
                    if !is_frame {
                        let slot = now.as_millis() as u64 / 10;
                        *self.seen.borrow_mut().bulk.entry(slot).or_default() += chunk.bytes.len() as u64;
                        self.consumed += chunk.bytes.len() as u64;
                    }
                }
                Ok(None) => break Some(true),
                Err(ReadError::Blocked) => break None,
                Err(ReadError::Reset(_)) => break Some(false),
            }
        };
        chunks.finalize().should_transmit();
        match ended {
            Some(whole) => {
                let head = self.streams.remove(&stream).unwrap_or_default();
                if whole && let [2, a, b, c, d] = head[..] {
                    self.complete(now, u32::from_le_bytes([a, b, c, d]));
                }
                true
            }
            None => false,
        }
    }
}

impl App for Client {
    fn poll(&mut self, now: Duration, connection: &mut Connection) -> Option<Duration> {
        let mut readable = Vec::new();
        while let Some(event) = connection.poll() {
            match event {
                Event::Connected => self.connected = true,
                Event::ConnectionLost { reason } => self.seen.borrow_mut().lost = Some(reason.to_string()),
                Event::Stream(StreamEvent::Readable { id }) => readable.push(id),
                _ => {}
            }
        }
        if !self.connected || connection.is_closed() {
            return None;
        }
        while let Some(stream) = connection.streams().accept(Dir::Uni) {
            readable.push(stream);
        }
        for stream in readable {
            self.read(now, connection, stream);
        }
        while let Some(datagram) = connection.datagrams().recv() {
            let slice = self.reassembler.push(&datagram).expect("the edge of the lab sends good shards");
            if let Some(slice) = slice.filter(|slice| slice.frame_complete) {
                self.complete(now, slice.header.frame);
            }
        }
        if self.consumed >= CREDIT_STEP {
            let stream = match self.control {
                Some(stream) => stream,
                None => connection.streams().open(Dir::Uni)?,
            };
            if self.control.replace(stream).is_none() {
                connection.send_stream(stream).set_priority(100).ok();
            }
            if connection.send_stream(stream).write(&(self.consumed as u32).to_le_bytes()) == Ok(4) {
                self.consumed = 0;
            }
        }
        if now >= self.ends {
            return None;
        }
        if now >= self.next_pose {
            self.next_pose = now + Duration::from_micros(11_111);
            connection.datagrams().send(Bytes::from_static(&[1; POSE]), true).ok();
        }
        Some(self.next_pose)
    }
}
