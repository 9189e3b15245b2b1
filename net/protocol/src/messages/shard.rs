//! The datagrams of a frame: shards of its slices, and how long each stage of its way took.

use super::{Reader, WireError};

/// First byte of a shard of a slice of a frame.
pub const DATAGRAM_SHARD: u8 = 2;
/// First byte of the times of a frame.
pub const DATAGRAM_TIMES: u8 = 3;

/// Most slices of one eye's frame.
pub const MAX_SLICES: u8 = 16;
/// Most shards of one slice, parity included.
pub const MAX_SHARDS: u16 = 1024;
/// Largest slice.
pub const MAX_SLICE_LEN: u32 = 1 << 20;

/// Packed and frozen, 32 bytes little endian, before the bytes of a shard: kind u8 = 2, layer u8
/// (bits 0–1 eye, bits 2–3 eyes less one, bit 4 key frame, others zero), slice u8, slices u8,
/// epoch u32, frame u32, pose_id u32, time_us u32, len u32, i u16, k u16, n u16, two zero bytes.
///
/// A slice of `len` bytes is cut into `k` shards of one even length, the last filled up with zeros;
/// `n − k` parity shards follow (Reed-Solomon over GF(2¹⁶), Leopard). Any `k` of the `n` give the
/// slice. Numbers of 32 bits are the low half of a longer one and compare as serial numbers
/// (RFC 1982).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardHeader {
    /// 0 the left or only eye, 1 the right one.
    pub eye: u8,
    /// Eyes of this frame, 1 or 2.
    pub eyes: u8,
    /// Whether the frame can be decoded without any earlier one.
    pub key_frame: bool,
    /// Which slice of the eye's picture, from 0.
    pub slice: u8,
    /// Slices of each eye's picture.
    pub slices: u8,
    /// Epoch of the edge's lease; shards of an older one are dropped.
    pub epoch: u32,
    /// Counts frames of this session.
    pub frame: u32,
    /// [`super::Pose::id`] for which it was drawn.
    pub pose_id: u32,
    /// When the frame was handed to the link, on the edge's clock, in microseconds.
    pub time_us: u32,
    /// Bytes of the slice.
    pub len: u32,
    /// Which shard, from 0; from `k` on it is parity.
    pub i: u16,
    /// Shards that carry the slice.
    pub k: u16,
    /// Shards with parity.
    pub n: u16,
}

impl ShardHeader {
    /// Bytes on the wire.
    pub const LEN: usize = 32;

    /// The packed bytes.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[0] = DATAGRAM_SHARD;
        bytes[1] = self.eye | (self.eyes - 1) << 2 | u8::from(self.key_frame) << 4;
        bytes[2] = self.slice;
        bytes[3] = self.slices;
        let words = [self.epoch, self.frame, self.pose_id, self.time_us, self.len];
        for (slot, value) in bytes[4..24].chunks_exact_mut(4).zip(words) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        for (slot, value) in bytes[24..30].chunks_exact_mut(2).zip([self.i, self.k, self.n]) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// Reads and checks a whole datagram: numbers within bounds and in agreement with each other and
    /// with the length of the shard, reserved bits and bytes zero.
    pub fn decode(datagram: &[u8]) -> Result<Self, WireError> {
        const NAME: &str = "shard header";
        let wrong = |field| Err(WireError::out_of_bounds(NAME, field));
        let mut reader = Reader::new(NAME, datagram, Self::LEN)?;
        if reader.u8() != DATAGRAM_SHARD {
            return wrong("kind");
        }
        let layer = reader.u8();
        let header = Self {
            eye: layer & 3,
            eyes: (layer >> 2 & 3) + 1,
            key_frame: layer >> 4 & 1 == 1,
            slice: reader.u8(),
            slices: reader.u8(),
            epoch: reader.u32(),
            frame: reader.u32(),
            pose_id: reader.u32(),
            time_us: reader.u32(),
            len: reader.u32(),
            i: reader.u16(),
            k: reader.u16(),
            n: reader.u16(),
        };
        reader.zeros(2)?;
        if layer >> 5 != 0 || header.eyes > 2 || header.eye >= header.eyes {
            return wrong("layer");
        }
        if !(1..=MAX_SLICES).contains(&header.slices) || header.slice >= header.slices {
            return wrong("slice");
        }
        if header.k == 0 || header.k > header.n || header.n > MAX_SHARDS || header.i >= header.n {
            return wrong("shards");
        }
        let shard = (datagram.len() - Self::LEN) as u64;
        let (k, len) = (u64::from(header.k), u64::from(header.len));
        if shard == 0 || !shard.is_multiple_of(2) {
            return wrong("length of the shard");
        }
        // filled up to whole shards of even length, with less than a shard to spare
        if len == 0 || len > u64::from(MAX_SLICE_LEN) || len > k * shard || len + 2 * k <= (k - 1) * shard {
            return wrong("len");
        }
        Ok(header)
    }

    /// The place of this slice among all of the frame.
    pub fn place(&self) -> usize {
        usize::from(self.eye) * usize::from(self.slices) + usize::from(self.slice)
    }

    /// Slices of the whole frame.
    pub fn places(&self) -> usize {
        usize::from(self.eyes) * usize::from(self.slices)
    }
}

/// How long a frame took at the edge, sent after its last shard.
///
/// Packed and frozen, 40 bytes little endian: kind u8 = 3, three zero bytes, frame u32, pose_id u64,
/// received_us u64, wait_us u32, draw_us u32, encode_us u32, send_us u32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameTimes {
    /// Which frame.
    pub frame: u32,
    /// [`super::Pose::id`] for which it was drawn.
    pub pose_id: u64,
    /// When that pose arrived, on the edge's clock, in microseconds.
    pub received_us: u64,
    /// From there to the begin of drawing.
    pub wait_us: u32,
    /// Drawing.
    pub draw_us: u32,
    /// Encoding, cutting into shards and parity.
    pub encode_us: u32,
    /// From there until the transport had the last shard.
    pub send_us: u32,
}

impl FrameTimes {
    /// Bytes on the wire.
    pub const LEN: usize = 40;

    /// The packed bytes.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[0] = DATAGRAM_TIMES;
        bytes[4..8].copy_from_slice(&self.frame.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.pose_id.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.received_us.to_le_bytes());
        let stages = [self.wait_us, self.draw_us, self.encode_us, self.send_us];
        for (slot, value) in bytes[24..40].chunks_exact_mut(4).zip(stages) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// Reads and checks: the kind, reserved bytes zero.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        const NAME: &str = "frame times";
        let mut reader = Reader::new(NAME, bytes, Self::LEN)?;
        if reader.u8() != DATAGRAM_TIMES {
            return Err(WireError::out_of_bounds(NAME, "kind"));
        }
        reader.zeros(3)?;
        Ok(Self {
            frame: reader.u32(),
            pose_id: reader.u64(),
            received_us: reader.u64(),
            wait_us: reader.u32(),
            draw_us: reader.u32(),
            encode_us: reader.u32(),
            send_us: reader.u32(),
        })
    }

    /// When the transport had the last shard, on the edge's clock.
    pub fn sent_us(&self) -> u64 {
        [self.wait_us, self.draw_us, self.encode_us, self.send_us]
            .into_iter()
            .fold(self.received_us, |at, stage| at.saturating_add(u64::from(stage)))
    }
}
