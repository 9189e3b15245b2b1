//! Volumes: listing, opening, credit, and the packed header of a fragment of a chunk.

use serde::{Deserialize, Serialize};

use super::{Reader, Refusal, WireError};
use crate::chunks::ChunkSet;

/// Client → edge: which volumes are there? Answered by [`Volumes`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListVolumes {
    /// Only of this case; empty for all.
    pub case: String,
}

/// Edge → client: the volumes that may be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volumes {
    /// One entry a volume.
    pub volumes: Vec<VolumeInfo>,
}

/// One line of [`Volumes`]. Titles carry no patient data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeInfo {
    /// The case it belongs to.
    pub case: String,
    /// The volume's id, as [`OpenVolume::volume`] wants it.
    pub volume: String,
    /// What to show in a list.
    pub title: String,
    /// DICOM modality (`CT`, `MR`, …).
    pub modality: String,
    /// Voxels along i, j, k.
    pub size: [u32; 3],
}

/// Client → edge: send this volume. The client picks the handle and does not use it for another
/// volume in the same session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenVolume {
    /// Stands for the volume in what follows.
    pub handle: u32,
    /// Which volume.
    pub volume: String,
    /// [`VolumeHeader::etag`] under which `have` was collected; empty on the first open.
    pub etag: String,
    /// Chunks that the client already holds. The edge sends only the others, if `etag` still stands.
    pub have: ChunkSet,
    /// The client keeps fragments that overtake the header, so the edge need not wait for
    /// [`VolumeReady`]: that saves the first picture a round trip.
    pub eager: bool,
}

/// Edge → client: what is about to be sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeHeader {
    /// From [`OpenVolume::handle`].
    pub handle: u32,
    /// The codec's own header, opaque here.
    pub header: serde_json::Value,
    /// Changes whenever a chunk of this volume would be different (the hash of its voxels).
    pub etag: String,
    /// True if the client's `have` was honoured.
    pub resumed: bool,
    /// Chunks that will be sent.
    pub chunks: u32,
    /// Their bytes.
    pub bytes: u64,
}

/// Edge → client: this volume will not be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeRefused {
    /// From [`OpenVolume::handle`].
    pub handle: u32,
    /// Why.
    pub refusal: Refusal,
}

/// Edge → client: the last byte of this volume was handed to the transport (streams may still be
/// arriving; the client's own hashes say when it is complete).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeSent {
    /// From [`OpenVolume::handle`].
    pub handle: u32,
}

/// Client → edge: the header was understood, send the chunks. Unless the volume was opened
/// [`OpenVolume::eager`], the edge waits for this: the first streams could overtake the header and
/// arrive where nobody knows them yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeReady {
    /// From [`OpenVolume::handle`].
    pub handle: u32,
}

/// Client → edge: stop sending this volume. Fragments on the way may still arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CloseVolume {
    /// From [`OpenVolume::handle`].
    pub handle: u32,
}

/// Client → edge: so many bytes of bulk payload have been taken off the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Credit {
    /// Bytes of fragment payload since the last such message.
    pub bytes: u32,
}

/// Largest chunk that may be announced. A 64³ brick of `f32` is 1 MiB before coding.
pub const MAX_CHUNK_LEN: u32 = 4 << 20;
/// Levels that a volume may have.
pub const MAX_LEVELS: u8 = 16;
/// Largest one-way stream of bulk data, kind byte and headers included.
pub const MAX_BATCH_LEN: usize = 128 << 10;
/// Bytes of bulk payload that may be on the way to one client: eight batches.
pub const BULK_WINDOW: u32 = 8 * 128 * 1024;

/// Packed and frozen, 24 bytes little endian, before the `len` bytes of a fragment:
/// handle u32, brick u32, total u32, offset u32, len u32, level u8, three zero bytes.
///
/// A chunk (all that the codec holds of one brick at one level) travels in one or more fragments,
/// so that no stream exceeds [`MAX_BATCH_LEN`] whatever the chunk's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrickRecord {
    /// From [`OpenVolume::handle`].
    pub handle: u32,
    /// Index of the brick within its level.
    pub brick: u32,
    /// Bytes of the whole chunk.
    pub total: u32,
    /// Where this fragment starts in it.
    pub offset: u32,
    /// Bytes of this fragment.
    pub len: u32,
    /// Level of detail, 0 = full resolution.
    pub level: u8,
}

impl BrickRecord {
    /// Bytes on the wire.
    pub const LEN: usize = 24;

    /// The packed bytes.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[0..4].copy_from_slice(&self.handle.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.brick.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.total.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.offset.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.len.to_le_bytes());
        bytes[20] = self.level;
        bytes
    }

    /// Reads and checks: sizes within bounds, the fragment inside its chunk, reserved bytes zero.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("brick record", bytes, Self::LEN)?;
        let record = Self {
            handle: reader.u32(),
            brick: reader.u32(),
            total: reader.u32(),
            offset: reader.u32(),
            len: reader.u32(),
            level: reader.u8(),
        };
        reader.zeros(3)?;
        if record.total == 0 || record.total > MAX_CHUNK_LEN {
            return Err(WireError::out_of_bounds("brick record", "total"));
        }
        if record.level >= MAX_LEVELS {
            return Err(WireError::out_of_bounds("brick record", "level"));
        }
        if record.len == 0 || record.len as usize > MAX_BATCH_LEN {
            return Err(WireError::out_of_bounds("brick record", "len"));
        }
        if record.offset.checked_add(record.len).is_none_or(|end| end > record.total) {
            return Err(WireError::out_of_bounds("brick record", "offset"));
        }
        Ok(record)
    }
}
