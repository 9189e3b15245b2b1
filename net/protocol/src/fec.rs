//! Frames over datagrams: cutting into shards, parity, putting together. No I/O, no clock.
//!
//! ```
//! use net_protocol::fec::{Packetiser, Reassembler, SliceInfo};
//!
//! let frame = vec![7; 70_000];
//! let mut shards = Vec::new();
//! let info = SliceInfo { frame: 1, ..SliceInfo::default() };
//! Packetiser::new(1200).cut(&info, &frame, 6, &mut |shard| shards.push(shard))?;
//!
//! shards.drain(10..16); // six of them are lost
//! let mut reassembler = Reassembler::new();
//! let whole = shards.iter().find_map(|shard| reassembler.push(shard).unwrap()).unwrap();
//! assert!(whole.frame_complete && whole.bytes == frame);
//! # Ok::<_, net_protocol::fec::FecError>(())
//! ```

use std::collections::VecDeque;

use bytes::{BufMut as _, Bytes, BytesMut};
use reed_solomon_simd::{ReedSolomonDecoder, ReedSolomonEncoder};

use crate::messages::{MAX_SHARDS, MAX_SLICE_LEN, ShardHeader, WireError};

/// Frames that may be incomplete at once; an older one is given up for a newer one.
pub const MAX_OPEN_FRAMES: usize = 4;

/// Share of a slice that parity may add.
const MOST_PARITY: f64 = 0.5;

/// Why a slice cannot be cut into shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FecError {
    /// Nothing, or more than a slice may hold.
    #[error("a slice of {len} bytes cannot be sent: 1 to {MAX_SLICE_LEN} are allowed")]
    Length {
        /// Its bytes.
        len: usize,
    },
    /// It would need more shards than a slice may have.
    #[error("a slice of {len} bytes does not fit {MAX_SHARDS} datagrams of {datagram} bytes")]
    Shards {
        /// Its bytes.
        len: usize,
        /// Bytes of a datagram.
        datagram: usize,
    },
}

/// Which slice of which frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliceInfo {
    /// As in [`ShardHeader`].
    pub epoch: u32,
    /// As in [`ShardHeader`].
    pub frame: u32,
    /// As in [`ShardHeader`].
    pub pose_id: u32,
    /// As in [`ShardHeader`].
    pub time_us: u32,
    /// As in [`ShardHeader`].
    pub key_frame: bool,
    /// As in [`ShardHeader`].
    pub eye: u8,
    /// As in [`ShardHeader`].
    pub eyes: u8,
    /// As in [`ShardHeader`].
    pub slice: u8,
    /// As in [`ShardHeader`].
    pub slices: u8,
}

impl Default for SliceInfo {
    /// The only slice of the only eye.
    fn default() -> Self {
        Self {
            epoch: 0,
            frame: 0,
            pose_id: 0,
            time_us: 0,
            key_frame: false,
            eye: 0,
            eyes: 1,
            slice: 0,
            slices: 1,
        }
    }
}

/// Cuts slices into datagrams.
pub struct Packetiser {
    datagram: usize,
    encoder: Option<ReedSolomonEncoder>,
}

impl std::fmt::Debug for Packetiser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packetiser").field("datagram", &self.datagram).finish_non_exhaustive()
    }
}

impl Packetiser {
    /// Datagrams of at most this many bytes, header included (at least 64).
    pub fn new(datagram: usize) -> Self {
        Self { datagram: datagram.max(64), encoder: None }
    }

    /// Changes the largest datagram, as path MTU discovery finds it.
    pub fn set_datagram(&mut self, datagram: usize) {
        self.datagram = datagram.max(64);
    }

    /// Shards that carry a slice of `len` bytes, without parity.
    pub fn shards(&self, len: usize) -> usize {
        len.div_ceil((self.datagram - ShardHeader::LEN) & !1)
    }

    /// Cuts a slice and adds `parity` shards, or as many as a slice may have. All shards are of one
    /// length.
    pub fn cut(
        &mut self,
        info: &SliceInfo,
        slice: &[u8],
        parity: usize,
        shard: &mut impl FnMut(Bytes),
    ) -> Result<(), FecError> {
        if slice.is_empty() || slice.len() > MAX_SLICE_LEN as usize {
            return Err(FecError::Length { len: slice.len() });
        }
        let k = self.shards(slice.len());
        if k > usize::from(MAX_SHARDS) {
            return Err(FecError::Shards { len: slice.len(), datagram: self.datagram });
        }
        let n = (k + parity).min(usize::from(MAX_SHARDS));
        let len = slice.len().div_ceil(k).next_multiple_of(2);
        let header = |i: usize| ShardHeader {
            eye: info.eye,
            eyes: info.eyes,
            key_frame: info.key_frame,
            slice: info.slice,
            slices: info.slices,
            epoch: info.epoch,
            frame: info.frame,
            pose_id: info.pose_id,
            time_us: info.time_us,
            len: slice.len() as u32,
            i: i as u16,
            k: k as u16,
            n: n as u16,
        };
        let datagram = |i: usize, body: &[u8]| {
            let mut bytes = BytesMut::with_capacity(ShardHeader::LEN + len);
            bytes.put_slice(&header(i).encode());
            bytes.put_slice(body);
            bytes.put_bytes(0, len - body.len());
            bytes.freeze()
        };
        let encoder = (n > k).then(|| self.encoder(k, n - k, len));
        for i in 0..k {
            // rounding up to even lengths can leave the last shards with padding alone
            let body = slice.get(i * len..).map_or(&[][..], |rest| &rest[..rest.len().min(len)]);
            shard(datagram(i, body));
        }
        let Some(encoder) = encoder else { return Ok(()) };
        let mut filled = vec![0; len];
        for i in 0..k {
            let body = slice.get(i * len..).map_or(&[][..], |rest| &rest[..rest.len().min(len)]);
            let added = if body.len() == len {
                encoder.add_original_shard(body)
            } else {
                filled.fill(0);
                filled[..body.len()].copy_from_slice(body);
                encoder.add_original_shard(&filled)
            };
            added.expect("as many shards of the length that the encoder was made for");
        }
        let encoded = encoder.encode().expect("all shards were added");
        for (i, body) in encoded.recovery_iter().enumerate() {
            shard(datagram(k + i, body));
        }
        Ok(())
    }

    fn encoder(&mut self, k: usize, parity: usize, len: usize) -> &mut ReedSolomonEncoder {
        const SUPPORTED: &str = "counts and an even length that it supports";
        if let Some(encoder) = &mut self.encoder {
            encoder.reset(k, parity, len).expect(SUPPORTED);
        }
        let made = || ReedSolomonEncoder::new(k, parity, len).expect(SUPPORTED);
        self.encoder.get_or_insert_with(made)
    }
}

/// A whole slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Of the shard that completed it.
    pub header: ShardHeader,
    /// Its bytes.
    pub bytes: Bytes,
    /// Shards that were computed from parity.
    pub repaired: u16,
    /// Whether all slices of the frame are there now.
    pub frame_complete: bool,
}

/// What arrived and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReassemblyCounts {
    /// Shards taken.
    pub shards: u64,
    /// Shards of frames that were complete or given up already.
    pub late: u64,
    /// Frames complete.
    pub complete: u64,
    /// Of these, such that needed parity.
    pub repaired: u64,
    /// Frames given up.
    pub lost: u64,
}

enum Progress {
    Nothing,
    Some { first: ShardHeader, shard: usize, shards: Vec<Option<Bytes>>, count: usize },
    Whole,
}

struct OpenFrame {
    first: ShardHeader,
    slices: Vec<Progress>,
    repaired: bool,
}

/// Puts frames together from shards in any order. Holds at most [`MAX_OPEN_FRAMES`] of them.
pub struct Reassembler {
    open: VecDeque<OpenFrame>,
    /// Frames up to here are done with.
    newest_done: Option<u32>,
    epoch: u32,
    decoder: Option<ReedSolomonDecoder>,
    counts: ReassemblyCounts,
}

impl std::fmt::Debug for Reassembler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reassembler")
            .field("open", &self.open.len())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Default for Reassembler {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether serial number `a` is after `b` (RFC 1982).
pub fn is_after(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}

impl Reassembler {
    /// Nothing has arrived.
    pub fn new() -> Self {
        Self {
            open: VecDeque::new(),
            newest_done: None,
            epoch: 0,
            decoder: None,
            counts: ReassemblyCounts::default(),
        }
    }

    /// What came of all that was pushed.
    pub fn counts(&self) -> ReassemblyCounts {
        self.counts
    }

    /// Takes a datagram; the slice that it completes. A shard that contradicts an earlier one of its
    /// frame is an error, and is not used.
    pub fn push(&mut self, datagram: &Bytes) -> Result<Option<Slice>, WireError> {
        let header = ShardHeader::decode(datagram)?;
        self.counts.shards += 1;
        if is_after(header.epoch, self.epoch) {
            // another edge has taken over: what the old one has begun is never finished
            self.counts.lost += self.open.len() as u64;
            self.open.clear();
            (self.epoch, self.newest_done) = (header.epoch, None);
        }
        let done = self.newest_done.is_some_and(|newest| !is_after(header.frame, newest));
        if header.epoch != self.epoch || done {
            self.counts.late += 1;
            return Ok(None);
        }
        let Some(at) = self.find_or_open(&header) else {
            self.counts.late += 1;
            return Ok(None);
        };
        let frame = &mut self.open[at];
        if header.eyes != frame.first.eyes
            || header.slices != frame.first.slices
            || header.key_frame != frame.first.key_frame
        {
            return Err(WireError::out_of_bounds("shard header", "frame"));
        }
        let Some((bytes, repaired)) =
            add(&mut frame.slices[header.place()], &header, datagram, &mut self.decoder)?
        else {
            return Ok(None);
        };
        frame.repaired |= repaired > 0;
        let frame_complete = frame.slices.iter().all(|slice| matches!(slice, Progress::Whole));
        if frame_complete {
            self.counts.complete += 1;
            self.counts.repaired += u64::from(frame.repaired);
            // older ones that are not complete by now would be shown too late
            self.counts.lost += at as u64;
            self.open.drain(..=at);
            self.newest_done = Some(header.frame);
        }
        Ok(Some(Slice { header, bytes, repaired, frame_complete }))
    }

    /// The place of the shard's frame, oldest first; `None` where it is older than all that may be open.
    fn find_or_open(&mut self, header: &ShardHeader) -> Option<usize> {
        let at = self.open.partition_point(|open| is_after(header.frame, open.first.frame));
        if self.open.get(at).is_some_and(|open| open.first.frame == header.frame) {
            return Some(at);
        }
        let mut at = at;
        if self.open.len() == MAX_OPEN_FRAMES {
            if at == 0 {
                return None;
            }
            let given_up = self.open.pop_front()?;
            self.newest_done = Some(given_up.first.frame);
            self.counts.lost += 1;
            at -= 1;
        }
        let slices = (0..header.places()).map(|_| Progress::Nothing).collect();
        self.open.insert(at, OpenFrame { first: *header, slices, repaired: false });
        Some(at)
    }
}

/// Adds a shard to a slice; the slice's bytes and the number of repaired shards once it is whole.
fn add(
    slice: &mut Progress,
    header: &ShardHeader,
    datagram: &Bytes,
    decoder: &mut Option<ReedSolomonDecoder>,
) -> Result<Option<(Bytes, u16)>, WireError> {
    let body = datagram.slice(ShardHeader::LEN..);
    if matches!(slice, Progress::Nothing) {
        *slice = Progress::Some {
            first: *header,
            shard: body.len(),
            shards: vec![None; usize::from(header.n)],
            count: 0,
        };
    }
    let Progress::Some { first, shard, shards, count } = slice else { return Ok(None) };
    if (header.k, header.n, header.len, body.len()) != (first.k, first.n, first.len, *shard) {
        return Err(WireError::out_of_bounds("shard header", "shards"));
    }
    let place = &mut shards[usize::from(header.i)];
    if place.is_none() {
        *place = Some(body);
        *count += 1;
    }
    if *count < usize::from(first.k) {
        return Ok(None);
    }
    let whole = join(first, *shard, shards, decoder);
    *slice = Progress::Whole;
    Ok(Some(whole))
}

/// Joins a slice of which `k` shards are there.
fn join(
    first: &ShardHeader,
    shard: usize,
    shards: &[Option<Bytes>],
    decoder: &mut Option<ReedSolomonDecoder>,
) -> (Bytes, u16) {
    let (k, n) = (usize::from(first.k), usize::from(first.n));
    let missing = shards[..k].iter().filter(|shard| shard.is_none()).count();
    let mut bytes = BytesMut::with_capacity(k * shard);
    if missing == 0 {
        shards[..k].iter().flatten().for_each(|shard| bytes.put_slice(shard));
    } else {
        const SUPPORTED: &str = "counts and an even length that it supports";
        const GOOD: &str = "shards of the length that it was made for, each once";
        if let Some(decoder) = decoder.as_mut() {
            decoder.reset(k, n - k, shard).expect(SUPPORTED);
        }
        let decoder =
            decoder.get_or_insert_with(|| ReedSolomonDecoder::new(k, n - k, shard).expect(SUPPORTED));
        for (i, shard) in shards.iter().enumerate() {
            let Some(shard) = shard else { continue };
            if i < k {
                decoder.add_original_shard(i, shard).expect(GOOD);
            } else {
                decoder.add_recovery_shard(i - k, shard).expect(GOOD);
            }
        }
        let restored = decoder.decode().expect("k shards are enough");
        for (i, shard) in shards[..k].iter().enumerate() {
            match shard {
                Some(shard) => bytes.put_slice(shard),
                None => bytes.put_slice(restored.restored_original(i).expect("it was missing")),
            }
        }
    }
    bytes.truncate(first.len as usize);
    (bytes.freeze(), missing as u16)
}

/// How much parity the loss of a link asks for.
#[derive(Debug, Clone)]
pub struct ParityControl {
    loss: f64,
    /// Raised when a frame was lost in spite of its parity, as in bursts; falls back with time.
    extra: f64,
    tolerated: f64,
}

impl ParityControl {
    /// Before anything is known: 1 % of loss, one frame in `frames` may be lost.
    pub fn new(frames: u32) -> Self {
        Self { loss: 0.01, extra: 0.0, tolerated: 1.0 / f64::from(frames.max(2)) }
    }

    /// Packets sent and lost since the last call; call it about ten times a second.
    pub fn observe(&mut self, sent: u64, lost: u64) {
        if sent > 0 {
            let weight = sent as f64 / (sent as f64 + 3000.0);
            self.loss += weight * (lost.min(sent) as f64 / sent as f64 - self.loss);
        }
        self.extra *= 0.98;
    }

    /// A frame could not be repaired.
    pub fn frame_lost(&mut self) {
        self.extra = (self.extra + 0.05).min(MOST_PARITY);
    }

    /// Share of packets that are lost, as it is believed now.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// Parity shards for `k` shards: the fewest with which the chance to lose more is below what is
    /// tolerated, were losses independent; more after losses in bursts.
    pub fn parity(&self, k: usize) -> usize {
        // a link seldom stays as it was measured
        let loss = (self.loss * 1.25).clamp(5e-4, 0.3);
        let most = (k as f64 * MOST_PARITY).ceil() as usize;
        let mut parity = 1;
        while parity < most && binomial_tail(k + parity, parity, loss) > self.tolerated {
            parity += 1;
        }
        (parity + (self.extra * k as f64).round() as usize).min(most.max(1))
    }
}

/// Chance of more than `most` events in `n` trials of probability `p`.
fn binomial_tail(n: usize, most: usize, p: f64) -> f64 {
    let mut term = (1.0 - p).powi(n as i32);
    let mut sum = term;
    for i in 0..most {
        term *= (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p);
        sum += term;
    }
    (1.0 - sum).max(0.0)
}
